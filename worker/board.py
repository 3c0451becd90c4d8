"""The board: what is open, what can wait, and how fast the team answers. Reads, and writes nothing.

It is for what need not interrupt, and for the time in which no surface gets through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from routing.calendar import minutes_between
from routing.latency import Summary, summarise
from routing.nouns import Person
from routing.policy import Policy
from routing.receipt import Place
from worker.card import TITLES, happened, standing_line
from worker.context import Context
from worker.proof.explaining import policy_then
from worker.report import alert_record, count_signals, latency_records, signal_records, timings
from worker.store.alerts import Row, signals_of
from worker.store.flow_tables import ALERT_OPEN
from worker.store.mirror import table_of
from worker.store.tables import ALERT, SIGNAL
from worker.weeks import week_from

MOST = 100
"""Alerts, and signals, that are listed; the counts are of all."""
_LATEST = timedelta(hours=24)
_CAN_WAIT = ("digest", "join", "explain")
_WEB = ("https://", "http://")


class NoViewError(LookupError):
    """Nobody is known by the e-mail whose view was asked for; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A person whose view can be chosen."""

    id: str
    name: str
    email: str
    manager_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Whose alerts and signals are shown. ``people`` is None for everybody's."""

    title: str = "The whole team"
    rep: str = ""
    team: str = ""
    people: tuple[Who, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What the board shows at one moment; records are as ``as_json`` has them."""

    view: View
    alerts: Sequence[dict[str, Any]]
    alerts_in_all: int
    signals: Sequence[dict[str, Any]]
    signals_in_all: int
    latency: Summary
    choices: Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Whose views there are, by name: every rep's, and the team's of everybody with reports."""

    reps: tuple[Who, ...]
    teams: tuple[Who, ...]


def board(ctx: Context, rep: str = "", team: str = "") -> Board:
    """The board of everybody, of the rep or of the team of the manager with this e-mail.

    A rep is asked for before a team. Raises NoViewError.
    """
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        people = _people(conn)
        view = _view(people, rep.strip().lower(), team.strip().lower())
        theirs = _theirs(view, tuple(ctx.surfaces))
        alerts, alerts_in_all = _open(ctx, conn, theirs, now)
        waiting = _can_wait(view, theirs, tuple(ctx.surfaces), now)
        names = None if view.people is None else {one.name for one in view.people}
        counted = (one for one in timings(conn, now) if names is None or one.rep in names)
        return Board(
            view=view,
            alerts=alerts,
            alerts_in_all=alerts_in_all,
            signals=signal_records(conn, where=waiting, limit=MOST),
            signals_in_all=count_signals(conn, waiting),
            latency=summarise(counted, view.title),
            choices=_choices(people),
        )


def as_json(found: Board) -> dict[str, Any]:
    """The board for programs; times are ISO 8601 in UTC, lengths of time minutes."""
    [latency] = latency_records([found.latency])
    return {
        "view": {
            "title": found.view.title,
            "rep": found.view.rep or None,
            "team": found.view.team or None,
        },
        "open": found.alerts,
        "open_in_all": found.alerts_in_all,
        "can_wait": found.signals,
        "can_wait_in_all": found.signals_in_all,
        "latency": latency,
    }


def _people(conn: Connection) -> list[Who]:
    """Everybody active who is known by an e-mail, by name."""
    table = table_of(Person)
    query = select(table.c.id, table.c.name, table.c.email, table.c.manager_id)
    query = query.where(table.c.active, ~table.c.queue, table.c.email != "")
    rows = conn.execute(query.order_by(table.c.name, table.c.id)).mappings()
    return [Who(**row) for row in rows]


def _choices(people: Sequence[Who]) -> Choices:
    managers = {one.manager_id for one in people if one.manager_id}
    teams = tuple(one for one in people if one.id in managers)
    return Choices(reps=tuple(people), teams=teams)


def _view(people: Sequence[Who], rep: str, team: str) -> View:
    if rep:
        who = _known(people, rep)
        return View(title=who.name, rep=who.email, people=(who,))
    if team:
        who = _known(people, team)
        mine = tuple(_with_reports(people, who))
        return View(title=f"The team of {who.name}", team=who.email, people=mine)
    return View()


def _known(people: Sequence[Who], email: str) -> Who:
    found = next((one for one in people if one.email.lower() == email), None)
    if found is None:
        raise NoViewError(
            f"No active person of the CRM has the e-mail {email}. "
            "Choose somebody from the list, or the whole team."
        )
    return found


def _with_reports(people: Sequence[Who], manager: Who) -> Iterable[Who]:
    """The manager, whoever reports to them, and theirs in turn; a circle ends."""
    seen = {manager.id}
    latest = {manager.id}
    while latest:
        latest = {one.id for one in people if one.manager_id in latest} - seen
        seen |= latest
    return (one for one in people if one.id in seen)


def _theirs(view: View, surfaces: Sequence[str]) -> list[ColumnElement[bool]]:
    """That an alert is assigned to one of them, held by one, or waits for one."""
    if view.people is None:
        return []
    ids = [one.id for one in view.people]
    waits = ALERT.c.rung_place.in_(_places(view.people, surfaces))
    return [or_(ALERT.c.assignee_id.in_(ids), ALERT.c.holder_id.in_(ids), waits)]


def _places(people: Sequence[Who], surfaces: Sequence[str]) -> list[str]:
    return [
        str(Place(surface=surface, kind="person", address=one.email))
        for surface in surfaces
        for one in people
    ]


def _open(
    ctx: Context, conn: Connection, theirs: Sequence[ColumnElement[bool]], now: datetime
) -> tuple[list[dict[str, Any]], int]:
    """The newest open alerts and how many there are."""
    # As a value, so that it is sorted: by the index of this column, all that ever were are read.
    newest = func.coalesce(ALERT.c.fired_at, ALERT.c.fired_at).desc()
    query = select(ALERT).where(ALERT_OPEN, *theirs).order_by(newest, ALERT.c.id).limit(MOST)
    rows = conn.execute(query).mappings().all()
    policies = {
        one: ctx.policy if one == ctx.policy.hash else policy_then(conn, one) or ctx.policy
        for one in {row["policy_hash"] for row in rows}
    }
    alerts = [_alert(ctx, conn, row, policies[row["policy_hash"]], now) for row in rows]
    if len(rows) < MOST:
        return alerts, len(rows)
    counted = select(func.count()).select_from(ALERT).where(ALERT_OPEN, *theirs)
    return alerts, int(conn.execute(counted).scalar_one())


def _alert(
    ctx: Context, conn: Connection, row: Row, policy: Policy, now: datetime
) -> dict[str, Any]:
    week = week_from(row["week"])
    what = happened(row, signals_of(conn, row["id"]), policy)
    record = row["prospect_id"]
    return alert_record(row) | {
        "title": TITLES[row["signal_class"]],
        "happened": f"{what[:1].upper()}{what[1:]}",
        "status": standing_line(row),
        "assignee_name": row["assignee_name"] or None,
        "holder_name": row["holder_name"] or None,
        "due_at": row["due_at"].isoformat() if row["due_at"] else None,
        "open_minutes": int((now - row["fired_at"]).total_seconds() // 60),
        "open_working_minutes": int(minutes_between(row["fired_at"], now, week)),
        "time_zone": week.zone.key,
        "thread_url": _link(row["thread_url"]),
        "crm_url": _link(ctx.crm.record_url("prospect", record) if record else ""),
        "why_url": f"/alerts/{row['id']}/why",
    }


def _link(url: str) -> str | None:
    """An address that a browser may be sent to; None for any other."""
    return url if url.lower().startswith(_WEB) else None


def _can_wait(
    view: View,
    theirs: Sequence[ColumnElement[bool]],
    surfaces: Sequence[str],
    now: datetime,
) -> list[ColumnElement[bool]]:
    """Of the last 24 hours what disturbed nobody.

    A rep's are those in their digest, joined to an alert of theirs, and about e-mails of theirs.
    """
    where = [SIGNAL.c.received_at >= now - _LATEST, SIGNAL.c.outcome.in_(_CAN_WAIT)]
    if view.people is None:
        return where
    digest = SIGNAL.c.digest_place.in_(_places(view.people, surfaces))
    sent = SIGNAL.c.sending_rep.in_([one.email for one in view.people])
    return [*where, or_(digest, sent, *theirs)]
