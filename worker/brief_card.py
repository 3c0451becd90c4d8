"""Composes a return brief: what went past a rep who was away, and how each of it stands now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from connectors.base import Abilities, Button, Card, CardGroup, CardItem
from routing.calendar import week_of
from routing.nouns import Signal
from routing.policy import Policy, SignalClass
from routing.priority import URGENCY
from routing.words import what_happened
from worker.brief import HANDED_OVER
from worker.card import TITLES, clock_text, taken_line, waits_line
from worker.context import Context
from worker.store.alerts import Row
from worker.store.facts import person, signal_from
from worker.store.tables import ALERT, DELIVERY, ROUTED_PAST, SIGNAL

_MOST = 200
"""Alerts that are looked at; a surface shows fewer, and all are counted."""
_MOST_SIGNALS = 5_000
_NO_ACCOUNT = "Without an account"
_COVERS = {
    "assignee": "",
    "remind": "",
    "backup": "your backup",
    "manager": "your manager",
    "admin": "an admin",
    "coverage_channel": "where the team covers",
    "claim_channel": "where the team claims",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What the brief is made of, read at one moment."""

    at: datetime
    """When the brief was made: ages count up to then."""
    zone: ZoneInfo
    rows: Sequence[Row]
    states: Mapping[str, int]
    """How many alerts are in which state, of all."""
    signals: Mapping[str, Sequence[Signal]]
    links: Mapping[str, str]
    """The message of each alert that the rep can open."""


def brief_card(ctx: Context, brief: Row, delivery: Row, abilities: Abilities) -> Card:
    """The message as it should read now."""
    with ctx.store.read() as conn:
        told = _read(conn, ctx.policy, brief)
    open_ones = sum(number for state, number in told.states.items() if state in _OPEN_STATES)
    number = sum(told.states.values())
    alerts = "1 alert" if number == 1 else f"{number} alerts"
    take = "acknowledge what" if abilities.has_buttons else "answer whom"
    since = f"{brief['since'].astimezone(told.zone):%a %d %b %H:%M %Z}"
    return Card(
        key=delivery["id"],
        alert_id="",
        title=f"Welcome back: {alerts} went past you",
        summary=f"Since {since}, while you were away: {_counted(told.states)}.",
        groups=_groups(ctx, brief["person_id"], told),
        more=number - len(told.rows),
        footer=(
            f"What is open is with whoever covers; {take} you take back."
            if open_ones
            else "Nothing of it waits for you."
        ),
    )


_OPEN_STATES = ("fired", "acknowledged", "snoozed")
_STATES = {
    "fired": "waiting",
    "acknowledged": "in hand",
    "snoozed": "snoozed",
    "responded": "answered",
    "noise": "marked as noise",
}


def _counted(states: Mapping[str, int]) -> str:
    """“2 waiting, 1 answered”."""
    return ", ".join(f"{states[one]} {text}" for one, text in _STATES.items() if states.get(one))


def _read(conn: Connection, policy: Policy, brief: Row) -> _Told:
    mine = ROUTED_PAST.c.brief_id == brief["id"]
    joined = ROUTED_PAST.join(ALERT, ALERT.c.id == ROUTED_PAST.c.alert_id)
    counts = select(ALERT.c.state, func.count()).select_from(joined).where(mine)
    query = (
        select(ALERT, *(ROUTED_PAST.c[name] for name in ("at", "cover_name", "cover_kind")))
        .select_from(joined)
        .where(mine)
        .order_by(ALERT.c.open.desc(), ALERT.c.fired_at.desc(), ALERT.c.id)
        .limit(_MOST)
    )
    rows = conn.execute(query).mappings().all()
    ids = [row["id"] for row in rows]
    who = person(conn, brief["person_id"])
    return _Told(
        at=brief["made_at"],
        zone=week_of(who, policy.working_hours).zone,
        rows=rows,
        states={row[0]: int(row[1]) for row in conn.execute(counts.group_by(ALERT.c.state))},
        signals=_signals(conn, ids),
        links=_links(conn, ids, brief["person_id"]),
    )


def _signals(conn: Connection, ids: Sequence[str]) -> dict[str, list[Signal]]:
    query = (
        select(SIGNAL)
        .where(SIGNAL.c.alert_id.in_(ids))
        .order_by(SIGNAL.c.occurred_at.desc())
        .limit(_MOST_SIGNALS)
    )
    found: dict[str, list[Signal]] = {}
    for row in conn.execute(query).mappings():
        found.setdefault(row["alert_id"], []).append(signal_from(row))
    return found


def _links(conn: Connection, ids: Sequence[str], person_id: str) -> dict[str, str]:
    """The latest message of each alert in the rep's own place, or else in a channel."""
    own = DELIVERY.c.person_id == person_id
    shared = DELIVERY.c.place.contains(":channel:", autoescape=True)
    query = (
        select(DELIVERY.c.alert_id, DELIVERY.c.remote_url, DELIVERY.c.person_id)
        .where(DELIVERY.c.alert_id.in_(ids), DELIVERY.c.remote_url != "", own | shared)
        .order_by(DELIVERY.c.created_at)
    )
    rows = conn.execute(query).all()
    # The last one counts: the rep's own messages come after those of channels.
    return {row[0]: row[1] for row in sorted(rows, key=lambda one: one[2] == person_id)}


def _groups(ctx: Context, person_id: str, told: _Told) -> list[CardGroup]:
    """By account: those with the most urgent open alert first, each with what is open first."""
    by_account: dict[str, list[Row]] = {}
    for row in sorted(told.rows, key=_rank):
        by_account.setdefault(row["account_name"] or _NO_ACCOUNT, []).append(row)
    return [
        CardGroup(title=name, items=[_item(ctx, person_id, told, row) for row in rows])
        for name, rows in by_account.items()
    ]


def _rank(row: Row) -> tuple[bool, int, datetime, str]:
    urgency = URGENCY.index(SignalClass(row["signal_class"]))
    return (not row["open"], urgency, row["fired_at"], row["id"])


def _item(ctx: Context, person_id: str, told: _Told, row: Row) -> CardItem:
    signals = told.signals.get(row["id"], ())
    did = what_happened(signals, ctx.policy.priority.multi_open, told.at)
    crm_url = ctx.crm.record_url("prospect", row["prospect_id"]) if row["prospect_id"] else ""
    links = (
        ("Open alert", told.links.get(row["id"], "")),
        ("Open thread", row["thread_url"]),
        ("Open in CRM", crm_url),
    )
    return CardItem(
        text=f"{TITLES[row['signal_class']]}: {row['prospect_name']} {did}",
        status=f"{_went(row, told.zone)} · {_stands(row, person_id, told.zone)}",
        links=[(label, url) for label, url in links if url],
        button=_button(row) if row["open"] else None,
        alert_id=row["id"],
    )


def _went(row: Row, zone: ZoneInfo) -> str:
    """To whom it went in the rep's stead, and when."""
    at = f"{row['at'].astimezone(zone):%a %d %b %H:%M}"
    if row["cover_kind"] == HANDED_OVER:
        return f"{at} handed over to {row['cover_name']}"
    as_what = _COVERS[row["cover_kind"]]
    return f"{at} to {row['cover_name']}" + (f" ({as_what})" if as_what else "")


def _stands(row: Row, person_id: str, zone: ZoneInfo) -> str:
    if row["state"] == "responded":
        when = clock_text(row["responded_at"], zone)
        return f"{taken_line(row, zone)}, {when}"
    line = taken_line(row, zone) or waits_line(row, zone)
    if row["assignee_id"] != person_id and row["cover_kind"] != HANDED_OVER:
        line = f"➡️ Handed on to {row['assignee_name'] or 'the team'} · {line}"
    return line


def _button(row: Row) -> Button:
    """What the rep can do at once: take it, or see the receipt of what another has in hand."""
    if row["state"] == "acknowledged":
        return Button(label="Show why", action="why")
    return Button(label="Acknowledge", action="acknowledge")
