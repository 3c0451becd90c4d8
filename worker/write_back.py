"""Writes the CRM task of each alert: opened with the alert, completed with the response.

Idempotent by key: the same row written twice is the same task.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from connectors.base import ActivityDraft, WriteResult
from connectors.errors import (
    ConfigError,
    ConnectorError,
    PermanentError,
    TemporaryError,
    UnclearError,
)
from worker.card import task_subject
from worker.context import Context, retry_delay
from worker.outbox import due
from worker.store.alerts import Row, add_event, get_alert, signals_of, take_turns
from worker.store.engine import Tx
from worker.store.tables import ACTIVITY, ALERT

BATCH = 200
_CONFIG_RETRY = timedelta(minutes=5)
log = logging.getLogger(__name__)


def write_back(ctx: Context, _row_id: str = "") -> None:
    """Job: write every task that is due, in batches. Idempotent."""
    while True:
        rows, drafts = _claim(ctx)
        if not rows:
            return
        try:
            results = ctx.crm.write_activities(drafts)
        except ConnectorError as error:
            log.warning("tasks not written: %s", error)
            results = [WriteResult(key=draft.key, error=error) for draft in drafts]
        _store(ctx, rows, drafts, results)


def _claim(ctx: Context) -> tuple[list[Row], list[ActivityDraft]]:
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        free = or_(ACTIVITY.c.lease_until.is_(None), ACTIVITY.c.lease_until <= now)
        query = (
            select(ACTIVITY)
            .where(due(ACTIVITY), ACTIVITY.c.next_attempt_at <= now, free)
            .order_by(ACTIVITY.c.next_attempt_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)  # whoever changes an alert makes its task due again
        )
        claimed: list[Row] = []
        drafts: list[ActivityDraft] = []
        for row in tx.conn.execute(query).mappings().all():
            taken = tx.conn.execute(
                update(ACTIVITY)
                .where(ACTIVITY.c.key == row["key"], ACTIVITY.c.attempts == row["attempts"])
                .where(ACTIVITY.c.state == row["state"])
                .values(
                    state="sending",
                    attempts=row["attempts"] + 1,
                    lease_until=now + ctx.patience.lease,
                )
            )
            if taken.rowcount == 1:
                claimed.append(row)
                drafts.append(_draft(ctx, tx, row))
        return claimed, drafts


def _draft(ctx: Context, tx: Tx, row: Row) -> ActivityDraft:
    alert = get_alert(tx.conn, row["alert_id"])
    if alert is None:
        raise RuntimeError(f"task {row['key']} belongs to no alert")
    signals = signals_of(tx.conn, alert["id"])
    done = not alert["open"]
    return ActivityDraft(
        key=row["key"],
        subject=task_subject(alert, signals, ctx.policy),
        body=_body(alert),
        owner_id=alert["responder_id"] or alert["holder_id"] or alert["assignee_id"],
        prospect_id=alert["prospect_id"],
        prospect_kind=alert["prospect_kind"],
        account_id=alert["account_id"],
        deal_id=alert["deal_id"],
        due_at=alert["fired_at"] + timedelta(hours=4),
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


def _body(alert: Row) -> str:
    lines = [alert["reason"]]
    if alert["thread_url"]:
        lines.append(f"Thread: {alert['thread_url']}")
    lines.append(f"Fired {alert['fired_at']:%Y-%m-%d %H:%M} UTC by Hotlead, alert {alert['id']}")
    if alert["responded_at"]:
        lines.append(
            f"Answered by {alert['response_kind']} after {alert['latency_minutes']:.0f} min "
            f"({alert['working_latency_minutes']:.0f} working min)"
        )
    return "\n".join(lines)


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
            tx.conn.execute(update(ACTIVITY).where(ACTIVITY.c.key == row["key"]).values(**values))


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
    values: dict[str, Any] = {"error": str(error)[:500]}
    delay = retry_delay(ctx.patience, row["attempts"] + 1)
    if isinstance(error, TemporaryError) and error.retry_after is not None:
        delay = max(delay, timedelta(seconds=error.retry_after))
    if isinstance(error, ConfigError):
        delay = max(delay, _CONFIG_RETRY)
    elif isinstance(error, PermanentError):
        add_event(tx, row["alert_id"], now, "task_failed", f"the CRM refused the task: {error}")
        return values | {"state": "failed", "lease_until": None}
    if isinstance(error, UnclearError) or row["state"] == "sending":
        return values | {
            "state": "sending",
            "lease_until": now + max(delay, ctx.patience.look_again),
        }
    state = "sent" if row["opened_at"] else "pending"
    return values | {"state": state, "lease_until": None, "next_attempt_at": now + delay}
