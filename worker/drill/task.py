"""Proves the write-back: one marked task is opened, completed, read back and removed.

It goes the way of every task, by a key of its own and without a latency, and it is gone when the
drill is over, so that no report of the CRM ever shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from connectors.base import ActivityDraft
from connectors.errors import ConnectorError, PermanentError, TemporaryError, UnclearError
from worker.context import Context, retry_delay
from worker.store.alerts import Row
from worker.store.tables import DRILL, DRILL_TASK

UNDONE = ("open", "complete", "read", "remove")
SUBJECT = "🧪 Hotlead drill: a test, no lead (it is removed by itself)"
_DUE_AFTER = timedelta(hours=4)
_BY_HAND = "remove it by hand: its subject begins with “🧪 Hotlead drill”"
_TASK = (
    select(DRILL_TASK, DRILL.c.asked_at, DRILL.c.by, DRILL.c.open.label("drill_open"))
    .join(DRILL, DRILL.c.id == DRILL_TASK.c.drill_id)
    .where(DRILL.c.state.in_(("running", "ended")), DRILL_TASK.c.step.in_(UNDONE))
)


def work_on_task(ctx: Context, drill_id: int) -> None:
    """Do every step that is due; one that failed for a while is tried again at a stored time."""
    while (task := _claim(ctx, drill_id)) is not None:
        now = ctx.clock.now()
        try:
            if not task["drill_open"] and task["step"] != "remove":
                values = _too_late(task)
            else:
                values = _STEPS[task["step"]](ctx, task, now)
        except ConnectorError as error:
            values = _failed(ctx, task, error, now)
        else:
            values |= {"attempts": 0, "waits": "", "lease_until": None}
        ours = (DRILL_TASK.c.drill_id == drill_id) & (DRILL_TASK.c.attempts == task["attempts"] + 1)
        with ctx.store.write() as tx:
            tx.conn.execute(update(DRILL_TASK).where(ours).values(**values))


def _claim(ctx: Context, drill_id: int) -> Row | None:
    now = ctx.clock.now()
    free = or_(DRILL_TASK.c.lease_until.is_(None), DRILL_TASK.c.lease_until <= now)
    due = _TASK.where(DRILL_TASK.c.drill_id == drill_id, DRILL_TASK.c.next_attempt_at <= now, free)
    with ctx.store.write() as tx:
        task = tx.conn.execute(due).mappings().first()
        if task is None:
            return None
        mine = (DRILL_TASK.c.drill_id == drill_id) & (DRILL_TASK.c.attempts == task["attempts"])
        lease = {"attempts": task["attempts"] + 1, "lease_until": now + 3 * ctx.patience.lease}
        # Whoever dies in the act leaves it unclear what became of a new task.
        unclear = {"unclear": task["step"] == "open" or task["unclear"]}
        taken = tx.conn.execute(update(DRILL_TASK).where(mine).values(**lease, **unclear))
        return task if taken.rowcount == 1 else None


def _draft(task: Row, completed_at: datetime | None = None) -> ActivityDraft:
    about = task["about"]
    return ActivityDraft(
        key=task["key"],
        subject=SUBJECT,
        body=f"Drill {task['drill_id']} of Hotlead, begun by {task['by']}: proves that tasks can "
        "be opened, completed and read here. Nobody has to do anything.",
        owner_id=None,
        prospect_id=about.get("prospect_id"),
        prospect_kind=about.get("prospect_kind", ""),
        account_id=about.get("account_id"),
        deal_id=None,
        due_at=task["asked_at"] + _DUE_AFTER,
        fired_at=task["asked_at"],
        role="",
        reason="drill",
        completed_at=completed_at,
        remote_id=task["remote_id"],
        maybe_written=bool(task["unclear"]),
    )


def _write(ctx: Context, draft: ActivityDraft) -> str:
    """The task's id. Raises ConnectorError."""
    (result,) = ctx.crm.write_activities([draft])
    if result.error is not None:
        raise result.error
    if result.remote_id is None:
        raise UnclearError(f"{ctx.crm.name} said nothing about the task")
    return result.remote_id


def _open(ctx: Context, task: Row, now: datetime) -> dict[str, Any]:
    remote_id = _write(ctx, _draft(task))
    url = ctx.crm.record_url("task", remote_id)
    done = {"remote_id": remote_id, "url": url, "opened_at": now, "unclear": False}
    return done | {"step": "complete"}


def _complete(ctx: Context, task: Row, now: datetime) -> dict[str, Any]:
    _write(ctx, _draft(task, completed_at=now))
    return {"completed_at": now, "step": "read"}


def _read(ctx: Context, task: Row, now: datetime) -> dict[str, Any]:
    draft = _draft(task)
    found = ctx.crm.find_activity(draft)
    if found is None:
        raise PermanentError(
            f"{ctx.crm.name} took the task and does not show it to us",
            mend="see that the integration user may read tasks",
        )
    if not found.done:
        raise PermanentError(
            f"{ctx.crm.name} shows the task as open although it was completed",
            mend="look for an automation of the CRM that opens tasks again",
        )
    if draft.prospect_kind == "lead":
        wanted = {draft.prospect_id}
    else:
        wanted = {draft.prospect_id, draft.account_id} - {None}
    if not wanted <= found.about:
        raise PermanentError(
            f"the task does not hang on {task['about_name']}",
            mend="see that the integration user may read the record and link tasks with it",
        )
    return {"read_at": now, "step": "remove"}


def _remove(ctx: Context, task: Row, now: datetime) -> dict[str, Any]:
    remote_id = task["remote_id"]
    if remote_id is None:  # it is not known whether it was ever written
        found = ctx.crm.find_activity(_draft(task))
        remote_id = found.remote_id if found else None
    if remote_id is not None:
        ctx.crm.remove_activity(remote_id)
    return {"removed_at": now, "step": "failed" if task["error"] else "done"}


def _too_late(task: Row) -> dict[str, Any]:
    """The drill is over: what there may be is taken away, and nothing else is written."""
    said = task["waits"] or "the drill ended before the CRM had done it all"
    there = task["unclear"] or task["remote_id"] is not None
    return {"error": said, "step": "remove" if there else "failed"}


def _failed(ctx: Context, task: Row, error: ConnectorError, now: datetime) -> dict[str, Any]:
    step, said = task["step"], str(error)[:500]
    if isinstance(error, TemporaryError):
        delay = retry_delay(ctx.patience, task["attempts"] + 1)
        if error.retry_after is not None:
            delay = max(delay, timedelta(seconds=error.retry_after))
        unclear = step == "open" and (task["unclear"] or isinstance(error, UnclearError))
        again = {"waits": said, "next_attempt_at": now + delay, "lease_until": None}
        return again | {"unclear": unclear}
    if step == "remove":
        kept = f"{task['error']}; " if task["error"] else ""
        where = f" ({task['url']})" if task["url"] else ""
        mend = "; ".join(one for one in (task["mend"], error.mend, f"{_BY_HAND}{where}") if one)
        said = f"{kept}the task could not be removed: {said}"
        return {"step": "failed", "error": said, "mend": mend, "lease_until": None}
    there = task["remote_id"] is not None or task["unclear"]
    given_up = {"error": said, "mend": error.mend, "attempts": 0, "lease_until": None}
    return given_up | {"step": "remove" if there else "failed"}


_STEPS: dict[str, Callable[[Context, Row, datetime], dict[str, Any]]] = {
    "open": _open,
    "complete": _complete,
    "read": _read,
    "remove": _remove,
}
