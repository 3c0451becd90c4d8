"""What people ask of the store: alerts and signals as plain records, latency of 30 days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from routing.latency import Held, HolderSummary, Summary, Timing, by_holder, report
from worker.holders import shares_of, stretches_of
from worker.store.alerts import Row, place_from
from worker.store.tables import ALERT, DELIVERY, SIGNAL

WINDOW = timedelta(days=30)


def alert_records(
    conn: Connection, *, since: datetime | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """Alerts, newest first, each with who was told where and why; times are ISO 8601 in UTC."""
    query = select(ALERT).order_by(ALERT.c.fired_at.desc(), ALERT.c.id)
    if since is not None:
        query = query.where(ALERT.c.fired_at >= since)
    if limit is not None:
        query = query.limit(limit)
    rows = conn.execute(query).mappings().all()
    holders = stretches_of(conn, [row["id"] for row in rows])
    return [alert_record(row) | {"holders": _holders(holders[row["id"]])} for row in rows]


def _holders(stretches: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {
            "name": row["name"] or None,
            "how": row["how"],
            "since": _iso(row["since"]),
            "until": _iso(row["until"]),
            "minutes": row["minutes"],
            "working_minutes": row["working_minutes"],
        }
        for row in stretches
    ]


def alert_record(row: Row) -> dict[str, Any]:
    """One alert as a plain record, without its holders."""
    place = place_from(row["rung_place"])
    return {
        "id": row["id"],
        "prospect": row["prospect_email"],
        "prospect_name": row["prospect_name"],
        "account": row["account_name"],
        "stage": row["stage_class"],
        "role": row["role"],
        "recipient_name": row["rung_name"],
        "recipient": place.address if place.kind == "person" else row["rung_name"],
        "surface": place.surface,
        "place": place.address,
        "rung": row["rung_kind"],
        "reason": row["reason"],
        "state": row["state"],
        "signal": row["signal_class"],
        "thread_url": row["thread_url"],
        "fired_at": _iso(row["fired_at"]),
        "delivered_at": _iso(row["delivered_at"]),
        "acknowledged_at": _iso(row["acknowledged_at"]),
        "responded_at": _iso(row["responded_at"]),
        "latency_minutes": row["latency_minutes"],
        "working_latency_minutes": row["working_latency_minutes"],
        "snoozed_until": _iso(row["due_at"]) if row["state"] == "snoozed" else None,
        "noise_by": row["holder_name"] if row["state"] == "noise" else None,
        "noise_at": _iso(row["closed_at"]) if row["state"] == "noise" else None,
        "noise_reason": row["noise_reason"] or None,
        "noise_words": row["noise_words"] or None,
    }


def signal_records(
    conn: Connection,
    *,
    prospect: str | None = None,
    outcome: str | None = None,
    limit: int = 50,
    where: Sequence[ColumnElement[bool]] = (),
) -> list[dict[str, Any]]:
    """Signals, newest first: how each ended, who has it now, and why; times as for alerts.

    ``where`` are further conditions, on the signal or on its alert.
    """
    columns = (SIGNAL, ALERT.c.rung_name, ALERT.c.holder_name, ALERT.c.reason)
    query = _signals(select(*columns), where)
    query = query.order_by(SIGNAL.c.received_at.desc(), SIGNAL.c.id.desc()).limit(limit)
    if prospect is not None:
        query = query.where(SIGNAL.c.prospect_email == prospect.strip().lower())
    if outcome is not None:
        query = query.where(SIGNAL.c.outcome == outcome)
    return [_signal_record(row) for row in conn.execute(query).mappings()]


def count_signals(conn: Connection, where: Sequence[ColumnElement[bool]]) -> int:
    """How many signals meet these conditions; they are those of ``signal_records``."""
    return int(conn.execute(_signals(select(func.count(SIGNAL.c.id)), where)).scalar_one())


def _signals(query: Select[Any], where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    joined = SIGNAL.outerjoin(ALERT, ALERT.c.id == SIGNAL.c.alert_id)
    return query.select_from(joined).where(*where)


def _signal_record(row: Row) -> dict[str, Any]:
    reader = place_from(row["digest_place"]).address if row["digest_place"] else ""
    return {
        "source": row["source"],
        "id": row["event_id"],
        "kind": row["kind"],
        "prospect": row["prospect_email"],
        "prospect_name": row["prospect_name"],
        "subject": row["subject"],
        "occurred_at": _iso(row["occurred_at"]),
        "received_at": _iso(row["received_at"]),
        "outcome": row["outcome"],
        "alert": row["alert_id"],
        "with": row["holder_name"] or row["rung_name"] or reader,
        "why": row["reason"] or row["explanation"],
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def latency_summaries(conn: Connection, now: datetime) -> list[Summary]:
    """The team's line and one a rep, over alerts fired in the last 30 days. Noise is left out."""
    return report(timings(conn, now))


def timings(conn: Connection, now: datetime) -> list[Timing]:
    """What the summaries are made of: each alert with whom its latency counts for."""
    minutes = (ALERT.c.latency_minutes, ALERT.c.working_latency_minutes)
    query = select(ALERT.c.holder_name, ALERT.c.rung_name, *minutes)
    query = query.where(ALERT.c.fired_at >= now - WINDOW, ALERT.c.state != "noise")
    return [
        Timing(
            rep=row["holder_name"] or row["rung_name"],
            latency_minutes=row["latency_minutes"],
            working_latency_minutes=row["working_latency_minutes"],
        )
        for row in conn.execute(query).mappings()
    ]


def holder_summaries(conn: Connection, now: datetime) -> list[HolderSummary]:
    """A line a person whose an alert was, over alerts fired in the last 30 days without noise."""
    columns = (ALERT.c.id, ALERT.c.responded_at)
    query = select(*columns).where(ALERT.c.fired_at >= now - WINDOW, ALERT.c.state != "noise")
    answered = {row[0]: row[1] is not None for row in conn.execute(query)}
    found = [
        Held(
            holder=one.name,
            minutes=None if one.open else round(one.minutes, 2),
            working_minutes=None if one.open else round(one.working_minutes, 2),
            answered=one.last and answered[alert_id],
        )
        for alert_id, stretches in stretches_of(conn, list(answered)).items()
        for one in shares_of(stretches)
    ]
    return by_holder(found)


def latency_records(summaries: Sequence[Summary | HolderSummary]) -> list[dict[str, Any]]:
    """The summaries as plain records; minutes rounded to two places."""
    records = []
    for summary in summaries:
        record = asdict(summary)
        for key, value in record.items():
            if isinstance(value, float):
                record[key] = round(value, 2)
        records.append(record)
    return records


def unreachable_places(conn: Connection) -> list[tuple[str, str]]:
    """Places whose messages were given up, with the latest error."""
    query = select(DELIVERY.c.place, DELIVERY.c.error).where(DELIVERY.c.state == "failed")
    query = query.where(DELIVERY.c.kind != "drill")
    return sorted({row[0]: row[1] for row in conn.execute(query)}.items())
