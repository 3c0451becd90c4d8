"""Writes the medians of alert to response into the CRM, where it has a place for them.

One row for each rep, the whole team and each day: over the 30 days up to the end of that day, or
up to now. The last two days are written each hour; once a day all thirty are, since late evidence
corrects what is past. Writing twice changes nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update

from connectors.base import Metric
from connectors.errors import ConnectorError
from routing.latency import Summary, Timing, report
from routing.nouns import Person
from worker.context import Context
from worker.report import WINDOW
from worker.store.alerts import Row
from worker.store.mirror import table_of
from worker.store.tables import ALERT, META

EVERY, RETRY = timedelta(hours=1), timedelta(minutes=5)
DAYS, LATEST_DAYS = 30, 2
_TEAM = "Whole team"
_KEY = "medians"
Turn = dict[str, str]
_NEVER = {"next_at": "", "whole": ""}
log = logging.getLogger(__name__)


def publish_due(ctx: Context) -> None:
    """Clock job: hand the work over when an hour has passed."""
    with ctx.store.read() as conn:
        due = _is_due(_turn(conn), ctx.clock.now())
    if due:
        with ctx.store.write() as tx:
            ctx.dispatch.hand_over(tx, "medians", "", lock="medians")


def publish(ctx: Context, _row_id: str = "") -> None:
    """Job: write what is due, if nobody else has taken this turn. Idempotent."""
    now = ctx.clock.now()
    turn = _take(ctx, now)
    if turn is None:
        return
    zone = ZoneInfo(ctx.policy.working_hours.time_zone)
    today = now.astimezone(zone).date().isoformat()
    try:
        if not ctx.crm.takes_metrics():
            return
        with ctx.store.read() as conn:
            metrics = medians(conn, now, zone, LATEST_DAYS if turn["whole"] == today else DAYS)
        results = ctx.crm.write_metrics(metrics)
    except ConnectorError as error:
        log.warning("medians not written: %s %s", error, error.mend)
        _end(ctx, next_at=(now + RETRY).isoformat(), whole="")
        return
    refused = [one.error for one in results if one.error is not None]
    if refused:
        log.warning("%d of %d medians not written: %s", len(refused), len(results), refused[0])
    _end(ctx, next_at=(now + EVERY).isoformat(), whole="" if refused else today)


def medians(conn: Connection, now: datetime, zone: ZoneInfo, days: int) -> list[Metric]:
    """The rows of the last ``days`` days by the calendar of ``zone``, newest first."""
    begin = now - WINDOW - timedelta(days=days)
    query = select(ALERT).where(ALERT.c.fired_at >= begin, ALERT.c.state != "noise")
    alerts = conn.execute(query).mappings().all()
    ids = _ids(conn, alerts)
    return [one for back in range(days) for one in _of_day(alerts, ids, now, zone, back)]


def _of_day(
    alerts: Sequence[Row], ids: dict[str, str], now: datetime, zone: ZoneInfo, back: int
) -> Iterator[Metric]:
    day = now.astimezone(zone).date() - timedelta(days=back)
    midnight = datetime.combine(day + timedelta(days=1), time(0), zone).astimezone(UTC)
    until = min(now, midnight)
    timings = [
        Timing(
            rep=_rep(row),
            latency_minutes=row["latency_minutes"],
            working_latency_minutes=row["working_latency_minutes"],
        )
        for row in alerts
        if until - WINDOW <= row["fired_at"] <= until
    ]
    team, *reps = report(timings)
    yield _metric(team, day, None)
    for one in reps:
        yield _metric(one, day, ids.get(one.rep), rep=one.rep)


def _metric(found: Summary, day: date, rep_id: str | None, rep: str = "") -> Metric:
    who = rep_id or rep[:121] or "team"
    return Metric(
        key=f"{who}:{day.isoformat()}",
        day=day,
        rep=rep or _TEAM,
        rep_id=rep_id,
        whole_team=not rep,
        fired=found.n,
        answered=found.answered,
        median_minutes=_rounded(found.median),
        median_working_minutes=_rounded(found.working_median),
    )


def _rounded(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes, 2)


def _rep(row: Row) -> str:
    """Whom the latency counts for, as ``hotlead latency`` has it."""
    return str(row["holder_name"] or row["rung_name"])


def _ids(conn: Connection, alerts: Sequence[Row]) -> dict[str, str]:
    """The CRM's user of each name that the report has; a queue or a channel is none."""
    roles = ("assignee", "holder")
    pairs = [(row[f"{role}_name"], row[f"{role}_id"]) for row in alerts for role in roles]
    table = table_of(Person)
    users = set(conn.execute(select(table.c.id).where(~table.c.queue)).scalars())
    return {name: own for name, own in pairs if name and own in users}


def _turn(conn: Connection) -> Turn:
    """When the next turn is, and of which day all rows were written last."""
    found = conn.execute(select(META.c.value).where(META.c.key == _KEY)).scalar_one_or_none()
    return json.loads(found) if found else dict(_NEVER)


def _is_due(turn: Turn, now: datetime) -> bool:
    """Whether the time has come, or the clock has been put back."""
    next_at = turn["next_at"]
    return not next_at or not now < datetime.fromisoformat(next_at) <= now + EVERY


def _take(ctx: Context, now: datetime) -> Turn | None:
    """Take this turn, as it was before; None when it is another's."""
    with ctx.store.write() as tx:
        first = tx.insert(META).values(key=_KEY, value=json.dumps(_NEVER))
        tx.conn.execute(first.on_conflict_do_nothing(index_elements=["key"]))
        turn = _turn(tx.conn)
        if not _is_due(turn, now):
            return None
        taken = turn | {"next_at": (now + EVERY).isoformat()}
        mine = update(META).where(META.c.key == _KEY, META.c.value == json.dumps(turn))
        done = tx.conn.execute(mine.values(value=json.dumps(taken)))
        return turn if done.rowcount == 1 else None


def _end(ctx: Context, **turn: str) -> None:
    with ctx.store.write() as tx:
        tx.conn.execute(update(META).where(META.c.key == _KEY).values(value=json.dumps(turn)))
