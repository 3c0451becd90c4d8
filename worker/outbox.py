"""What is due: hands rows of the outboxes over to the dispatch, at once and again by a sweep."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, func, or_, select, update

from worker.context import Context
from worker.store.columns import Utc
from worker.store.engine import Tx
from worker.store.flow_tables import ALERT_OPEN
from worker.store.tables import (
    ACTIVITY,
    ALERT,
    DELIVERY,
    DRIFT,
    DRILL_TASK,
    REVIEW,
    SIGNAL,
    WATERMARK,
)

_MOST = 500
_UNDECIDED_AFTER = timedelta(seconds=2)


def wake_alert(ctx: Context, tx: Tx, alert_id: str) -> None:
    """Hand over every message of the alert that is due, else its task: reps come first.

    A message that was delivered wakes the alert again; a task that waits for one that cannot be
    delivered is found by the sweep.
    """
    messages = tx.conn.execute(_DUE_OF_ALERT, {"alert": alert_id, "now": ctx.clock.now()}).all()
    for delivery_id, place in messages:
        ctx.dispatch.hand_over(tx, "deliver", delivery_id, lock=place)
    if not messages:
        ctx.dispatch.hand_over(tx, "write_back", "", lock="write_back")


def due(table: FromClause) -> ColumnElement[bool]:
    """The rows of an outbox that want work: the condition of its partial index."""
    return and_(
        table.c.state != "failed",
        or_(table.c.state != "sent", table.c.revision < table.c.wanted),
    )


_DUE_OF_ALERT = select(DELIVERY.c.id, DELIVERY.c.place).where(
    DELIVERY.c.alert_id == bindparam("alert"),
    due(DELIVERY),
    DELIVERY.c.next_attempt_at <= bindparam("now"),
    or_(DELIVERY.c.lease_until.is_(None), DELIVERY.c.lease_until <= bindparam("now")),
)


def sweep(ctx: Context) -> None:
    """Clock job: hand over everything that is due and that nobody may be working on."""
    now = ctx.clock.now()
    free = or_(DELIVERY.c.lease_until.is_(None), DELIVERY.c.lease_until <= now)
    with ctx.store.read() as conn:
        deliveries = conn.execute(
            select(DELIVERY.c.id, DELIVERY.c.place)
            .where(due(DELIVERY), DELIVERY.c.next_attempt_at <= now, free)
            .order_by(DELIVERY.c.next_attempt_at)
            .limit(_MOST)
        ).all()
        alerts = conn.execute(
            select(ALERT.c.id).where(ALERT_OPEN, ALERT.c.due_at <= now).limit(_MOST)
        ).all()
        reviews = conn.execute(
            select(REVIEW.c.alert_id).where(REVIEW.c.due_at <= now).limit(_MOST)
        ).all()
        signals = conn.execute(
            select(SIGNAL.c.id)
            .where(SIGNAL.c.outcome == "", SIGNAL.c.received_at <= now - _UNDECIDED_AFTER)
            .limit(_MOST)
        ).all()
        tasks = conn.execute(
            select(ACTIVITY.c.key)
            .where(due(ACTIVITY), ACTIVITY.c.next_attempt_at <= now)
            .where(or_(ACTIVITY.c.lease_until.is_(None), ACTIVITY.c.lease_until <= now))
            .limit(1)
        ).all()
    if not (deliveries or alerts or reviews or signals or tasks):
        return
    with ctx.store.write() as tx:
        for delivery_id, place in deliveries:
            ctx.dispatch.hand_over(tx, "deliver", delivery_id, lock=place)
        for (alert_id,) in alerts:
            ctx.dispatch.hand_over(tx, "escalate", alert_id, lock=f"alert:{alert_id}")
        for (alert_id,) in reviews:
            ctx.dispatch.hand_over(tx, "review", alert_id, lock=f"alert:{alert_id}")
        for (signal_id,) in signals:
            ctx.dispatch.hand_over(tx, "decide", str(signal_id))
        if tasks:
            ctx.dispatch.hand_over(tx, "write_back", "", lock="write_back")


def free_leases(ctx: Context) -> None:
    """At the start of the only worker of a store: whoever held a lease is dead."""
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        for table in (DELIVERY, ACTIVITY, WATERMARK, DRIFT, DRILL_TASK):
            tx.conn.execute(update(table).where(table.c.lease_until > now).values(lease_until=now))


def anything_due(ctx: Context) -> bool:
    """Whether an outbox holds work that is due now; for those who wait until all is quiet."""
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        for table in (DELIVERY, ACTIVITY):
            query = select(table.c.state).where(due(table), table.c.next_attempt_at <= now)
            if conn.execute(query.limit(1)).first() is not None:
                return True
        query = select(ALERT.c.id).where(ALERT_OPEN, ALERT.c.due_at <= now)
        if conn.execute(query.limit(1)).first() is not None:
            return True
        reviews = select(REVIEW.c.alert_id).where(REVIEW.c.due_at <= now).limit(1)
        if conn.execute(reviews).first() is not None:
            return True
        undecided = select(SIGNAL.c.id).where(SIGNAL.c.outcome == "").limit(1)
        return conn.execute(undecided).first() is not None


def next_due(ctx: Context, before: datetime) -> datetime | None:
    """When the next waiting message or task comes due, if that is before the given moment."""
    moments = []
    with ctx.store.read() as conn:
        for table in (DELIVERY, ACTIVITY):
            free_at = func.coalesce(table.c.lease_until, table.c.next_attempt_at)
            query = select(func.min(free_at, type_=Utc)).where(due(table))
            moments.append(conn.execute(query).scalar_one())
    soon = [moment for moment in moments if moment is not None and moment < before]
    return min(soon, default=None)
