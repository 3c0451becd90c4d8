"""Composes the CRM tasks of alerts as they should stand now, a batch in four queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from connectors.base import ActivityDraft
from routing.nouns import Person, Signal
from worker.card import noise_in_words, task_subject
from worker.context import Context
from worker.holders import shares_of, stretches_of
from worker.store.alerts import Row
from worker.store.facts import signal_from
from worker.store.mirror import table_of
from worker.store.tables import ALERT, DELIVERY, SIGNAL

_DUE_AFTER = timedelta(hours=4)
_MOST_SIGNALS = 100
People = Mapping[str, Mapping[str, Any]]


def drafts_of(ctx: Context, conn: Connection, tasks: Sequence[Row]) -> list[ActivityDraft]:
    """The draft of each row of the activity table, in order."""
    ids = [row["alert_id"] for row in tasks]
    found = conn.execute(select(ALERT).where(ALERT.c.id.in_(ids))).mappings()
    alerts = {row["id"]: row for row in found}
    missing = [row["key"] for row in tasks if row["alert_id"] not in alerts]
    if missing:
        raise RuntimeError(f"tasks without an alert: {', '.join(missing)}")
    signals = _signals(conn, ids)
    told = _told(conn, ids)
    people = _people(conn, alerts.values(), told)
    stretches = stretches_of(conn, ids)
    drafts = []
    for row in tasks:
        alert = alerts[row["alert_id"]]
        subject = task_subject(alert, signals[alert["id"]], ctx.policy)
        on_rung = told.get((alert["id"], alert["rung"]))
        owners, note = _owners(alert, on_rung, people)
        body = _body(alert, stretches[alert["id"]], note)
        drafts.append(_draft(row, alert, subject, owners, body))
    return drafts


def _draft(row: Row, alert: Row, subject: str, owners: Sequence[str], body: str) -> ActivityDraft:
    done = not alert["open"]
    return ActivityDraft(
        key=row["key"],
        subject=subject,
        body=body,
        owner_id=owners[0] if owners else None,
        other_owners=tuple(owners[1:]),
        prospect_id=alert["prospect_id"],
        prospect_kind=alert["prospect_kind"],
        account_id=alert["account_id"],
        deal_id=alert["deal_id"],
        due_at=alert["fired_at"] + _DUE_AFTER,
        fired_at=alert["fired_at"],
        role=alert["role"],
        reason=alert["reason"],
        completed_at=(alert["responded_at"] or alert["closed_at"]) if done else None,
        responded_at=alert["responded_at"],
        response_source=alert["response_kind"] or alert["state"] if done else "",
        latency_minutes=alert["latency_minutes"],
        working_latency_minutes=alert["working_latency_minutes"],
        remote_id=row["remote_id"],
        maybe_written=row["state"] == "sending",
    )


def _body(alert: Row, stretches: Sequence[Row], note: str) -> str:
    lines = [alert["reason"]]
    if alert["thread_url"]:
        lines.append(f"Thread: {alert['thread_url']}")
    lines.append(f"Fired {alert['fired_at']:%Y-%m-%d %H:%M} UTC by Hotlead, alert {alert['id']}")
    if alert["responded_at"]:
        lines.append(
            f"Answered by {alert['response_kind']} after {alert['latency_minutes']:.0f} min "
            f"({alert['working_latency_minutes']:.0f} working min)"
        )
    if alert["state"] == "noise":
        lines.append(_noise(alert))
    shares = shares_of(stretches)
    if not alert["open"] and len(shares) > 1:
        parts = (
            f"{one.name} {one.minutes:.0f} min ({one.working_minutes:.0f} working)"
            for one in shares
        )
        lines.append(f"Whose clock it was: {', '.join(parts)}")
    return "\n".join([*lines, note] if note else lines)


def _noise(alert: Row) -> str:
    said = noise_in_words(alert["noise_reason"], alert["noise_words"])
    at = f"{alert['closed_at']:%Y-%m-%d %H:%M} UTC"
    return f"Marked as noise by {alert['holder_name']}, {at}" + (f": {said}" if said else "")


def _owners(alert: Row, on_rung: str | None, people: People) -> tuple[list[str], str]:
    """Whom the task may go to, best first, and what to say when it is not the one it is for.

    Who acted or is about to; then whose alert it is, who is asked now, and their manager. Whoever
    the mirror knows to have left is passed over; the CRM itself has the last word.
    """
    acting = [alert["responder_id"], alert["holder_id"], alert["assignee_id"], on_rung]
    named = [one for one in dict.fromkeys(acting) if one]
    managers = [people[one]["manager_id"] for one in named if one in people]
    wanted = list(dict.fromkeys([*named, *(one for one in managers if one)]))
    there = [one for one in wanted if one not in people or _works_here(people[one])]
    if not wanted or wanted[0] in there:
        return there, ""
    gone = f"{people[wanted[0]]['name']} is no longer active in the CRM"
    if not there:
        return [], f"{gone}, and there is nobody else to give this to."
    heir = people[there[0]]["name"] if there[0] in people else "somebody else"
    return there, f"{gone}, so this is with {heir}."


def _works_here(person: Mapping[str, Any]) -> bool:
    return bool(person["active"]) and person["deleted_at"] is None


def _signals(conn: Connection, ids: Sequence[str]) -> Mapping[str, list[Signal]]:
    """The latest signals of each alert, oldest first."""
    latest = SIGNAL.c.occurred_at.desc()
    place = func.row_number().over(partition_by=SIGNAL.c.alert_id, order_by=latest)
    ranked = select(SIGNAL, place.label("place")).where(SIGNAL.c.alert_id.in_(ids)).subquery()
    query = select(ranked).where(ranked.c.place <= _MOST_SIGNALS).order_by(ranked.c.occurred_at)
    found: defaultdict[str, list[Signal]] = defaultdict(list)
    for row in conn.execute(query).mappings():
        found[row["alert_id"]].append(signal_from(row))
    return found


def _told(conn: Connection, ids: Sequence[str]) -> Mapping[tuple[str, int], str]:
    """Who was told on which rung of which alert."""
    query = select(DELIVERY.c.alert_id, DELIVERY.c.rung, DELIVERY.c.person_id).where(
        DELIVERY.c.alert_id.in_(ids), DELIVERY.c.person_id.is_not(None)
    )
    query = query.order_by(DELIVERY.c.created_at)
    return {(row[0], row[1]): row[2] for row in conn.execute(query)}


def _people(conn: Connection, alerts: Iterable[Row], told: Mapping[tuple[str, int], str]) -> People:
    """Everybody whom the tasks may go to and the mirror has ever known, by id."""
    named = {one[key] for one in alerts for key in ("responder_id", "holder_id", "assignee_id")}
    known: dict[str, Mapping[str, Any]] = {}
    wanted = sorted({one for one in (*named, *told.values()) if one})
    table = table_of(Person)
    columns = [table.c[name] for name in ("id", "name", "active", "manager_id", "deleted_at")]
    for _ in range(2):  # the people, then their managers
        query = select(*columns).where(table.c.id.in_(wanted))
        known |= {row["id"]: row for row in conn.execute(query).mappings()} if wanted else {}
        managers = {row["manager_id"] for row in known.values() if row["manager_id"]}
        wanted = sorted(managers - known.keys())
    return known
