"""Writes the CRM task of each alert: opened with the alert, completed with the response.

Idempotent by key: the same row written twice is the same task.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, text, update

from connectors.base import ActivityDraft, WriteResult
from connectors.errors import (
    ConfigError,
    ConnectorError,
    PermanentError,
    TemporaryError,
    UnclearError,
)
from worker.context import Context, retry_delay
from worker.drafts import drafts_of
from worker.outbox import due
from worker.store.alerts import Row, add_event, take_turns
from worker.store.engine import Tx
from worker.store.tables import ACTIVITY, ALERT

BATCH = 200
_CONFIG_RETRY = timedelta(minutes=5)
_LEASES = 3
"""A batch with its repeated tries takes longer than one message."""
_PARENT = func.coalesce(ALERT.c.account_id, ALERT.c.prospect_id, ALERT.c.prospect_email)
"""The record that a CRM locks while a task below it is written."""
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(7106, 0)")
log = logging.getLogger(__name__)


def write_back(ctx: Context, _row_id: str = "") -> None:
    """Job: write every task that is due, in batches. Idempotent.

    The tasks of one parent are written by one worker at a time, also when a worker that was
    thought dead still writes: a CRM refuses whoever comes second to a locked record.
    """
    while True:
        rows = _claim(ctx)
        if not rows:
            return
        with ctx.store.read() as conn:
            drafts = drafts_of(ctx, conn, rows)
        try:
            results = ctx.crm.write_activities(drafts)
        except ConnectorError as error:
            log.warning("tasks not written: %s", error)
            results = [WriteResult(key=draft.key, error=error) for draft in drafts]
        _store(ctx, rows, drafts, results)


def _claim(ctx: Context) -> list[Row]:
    """The rows that are ours to write now, those of one parent together."""
    now = ctx.clock.now()
    task, busy = ACTIVITY, ACTIVITY.alias("busy")
    other = ALERT.alias("other")
    parent_of_busy = func.coalesce(other.c.account_id, other.c.prospect_id, other.c.prospect_email)
    in_flight = (
        select(parent_of_busy)
        .join(busy, busy.c.alert_id == other.c.id)
        # One with an error is in nobody's hands: it waits to be looked up.
        .where(due(busy), busy.c.state == "sending", busy.c.error == "")
        .where(busy.c.lease_until > now)
    )
    free = or_(task.c.lease_until.is_(None), task.c.lease_until <= now)
    query = (
        select(task, _PARENT.label("parent"))
        .join(ALERT, ALERT.c.id == task.c.alert_id)
        .where(due(task), task.c.next_attempt_at <= now, free, _PARENT.not_in(in_flight))
        .order_by(task.c.next_attempt_at)
        .limit(BATCH)
        # Whoever changes an alert makes its task due again.
        .with_for_update(skip_locked=True, of=task)
    )
    with ctx.store.write() as tx:
        if tx.dialect == "postgresql":
            tx.conn.execute(_TAKE_TURN)  # or two would each see the other's parents free
        rows = tx.conn.execute(query).mappings().all()
        claimed = [row for row in rows if _take(ctx, tx, row, now)]
    return sorted(claimed, key=lambda row: (row["parent"], row["key"]))


def _take(ctx: Context, tx: Tx, row: Row, now: datetime) -> bool:
    taken = tx.conn.execute(
        update(ACTIVITY)
        .where(ACTIVITY.c.key == row["key"], ACTIVITY.c.attempts == row["attempts"])
        .where(ACTIVITY.c.state == row["state"])
        .values(
            state="sending",
            attempts=row["attempts"] + 1,
            lease_until=now + _LEASES * ctx.patience.lease,
            error="",
        )
    )
    return taken.rowcount == 1


def _store(
    ctx: Context,
    rows: Sequence[Row],
    drafts: Sequence[ActivityDraft],
    results: Sequence[WriteResult],
) -> None:
    now = ctx.clock.now()
    by_key = {result.key: result for result in results}
    whose = select(ALERT.c.prospect_email).where(ALERT.c.id.in_([row["alert_id"] for row in rows]))
    with ctx.store.write() as tx:
        take_turns(tx, tx.conn.execute(whose).scalars())
        for row, draft in zip(rows, drafts, strict=True):
            result = by_key.get(row["key"]) or WriteResult(
                key=row["key"], error=UnclearError("the CRM said nothing about this task")
            )
            if result.error is None:
                values = _written(row, draft, result, now)
                _note(tx, row, draft, now)
            else:
                values = _not_written(ctx, tx, row, result.error, now)
            # Whoever was slower than the lease may have been overtaken, and then says nothing.
            ours = ACTIVITY.c.attempts == row["attempts"] + 1
            tx.conn.execute(
                update(ACTIVITY).where(ACTIVITY.c.key == row["key"], ours).values(**values)
            )


def _written(row: Row, draft: ActivityDraft, result: WriteResult, now: datetime) -> dict[str, Any]:
    return {
        "state": "sent",
        "revision": row["wanted"],
        "remote_id": result.remote_id or row["remote_id"],
        "opened_at": row["opened_at"] or now,
        "completed_at": (row["completed_at"] or now) if draft.completed_at else None,
        "lease_until": None,
        "attempts": 0,
        "error": "",
    }


def _note(tx: Tx, row: Row, draft: ActivityDraft, now: datetime) -> None:
    if row["opened_at"] is None:
        add_event(tx, row["alert_id"], now, "task_opened", "the CRM task is open")
    if draft.completed_at and row["completed_at"] is None:
        add_event(tx, row["alert_id"], now, "task_completed", "the CRM task is completed")


def _not_written(
    ctx: Context, tx: Tx, row: Row, error: ConnectorError, now: datetime
) -> dict[str, Any]:
    tries = row["attempts"] + 1
    said = f"{error} {error.mend}".strip() or type(error).__name__
    values: dict[str, Any] = {"error": said[:500]}
    delay = retry_delay(ctx.patience, tries)
    if isinstance(error, TemporaryError) and error.retry_after is not None:
        delay = max(delay, timedelta(seconds=error.retry_after))
    if isinstance(error, ConfigError):
        delay = max(delay, _CONFIG_RETRY)
    elif isinstance(error, PermanentError) or _given_up(error, tries):
        add_event(tx, row["alert_id"], now, "task_failed", f"the CRM refused the task: {error}")
        return values | {"state": "failed", "lease_until": None}
    if isinstance(error, UnclearError) or row["state"] == "sending":
        return values | {
            "state": "sending",
            "lease_until": now + max(delay, ctx.patience.look_again),
        }
    state = "sent" if row["opened_at"] else "pending"
    return values | {"state": state, "lease_until": None, "next_attempt_at": now + delay}


def _given_up(error: ConnectorError, tries: int) -> bool:
    """Whether what might have passed has not, for as often as it is worth a try."""
    most = error.tries if isinstance(error, TemporaryError) else None
    return most is not None and tries >= most
