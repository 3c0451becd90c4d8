"""Proves that nothing was dropped: accepted = alerted + joined + digested + explained.

What the proof cannot account for is logged as an error and shown in ``/healthz``.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import exists, func, select

from worker.context import Context
from worker.outbox import due
from worker.store.facts import count_signals
from worker.store.tables import ACTIVITY, ALERT, DELIVERY, SIGNAL

GRACE = timedelta(minutes=2)
_MOST_LATE = 1000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Counts. ``undelivered`` are alerts that no message has reached; ``unexplained`` signals
    that ended nowhere; ``unwritten`` tasks that the CRM refused."""

    received: int
    alerts: int
    joined: int
    digest: int
    explained: int
    undecided: int
    undelivered: int
    unexplained: int
    unwritten: int

    @property
    def ok(self) -> bool:
        """Whether everything that was accepted is accounted for."""
        return not (self.undelivered or self.unexplained)


def audit(ctx: Context, grace: timedelta = timedelta(0)) -> Audit:
    """Count what became of every signal; ``grace`` spares what is younger."""
    before = ctx.clock.now() - grace
    with ctx.store.read() as conn:
        outcomes = count_signals(conn)
        delivered = exists().where(
            DELIVERY.c.alert_id == ALERT.c.id,
            DELIVERY.c.kind == "alert",
            DELIVERY.c.sent_at.is_not(None),
        )
        undelivered = conn.execute(
            select(func.count())
            .select_from(ALERT)
            .where(ALERT.c.fired_at <= before, ~delivered, ALERT.c.responded_at.is_(None))
        ).scalar_one()
        undecided = conn.execute(
            select(func.count())
            .select_from(SIGNAL)
            .where(SIGNAL.c.outcome == "", SIGNAL.c.received_at <= before)
        ).scalar_one()
        orphans = conn.execute(
            select(func.count())
            .select_from(SIGNAL)
            .where(SIGNAL.c.outcome.in_(("alert", "join")), SIGNAL.c.alert_id.is_(None))
        ).scalar_one()
        unwritten = conn.execute(
            select(func.count()).select_from(ACTIVITY).where(ACTIVITY.c.state == "failed")
        ).scalar_one()
    return Audit(
        received=sum(outcomes.values()),
        alerts=outcomes.get("alert", 0),
        joined=outcomes.get("join", 0),
        digest=outcomes.get("digest", 0),
        explained=outcomes.get("explain", 0),
        undecided=outcomes.get("", 0),
        undelivered=int(undelivered),
        unexplained=int(undecided) + int(orphans),
        unwritten=int(unwritten),
    )


def in_words(found: Audit) -> str:
    """What the audit found missing, for an admin."""
    parts = []
    if found.unexplained:
        parts.append(f"{found.unexplained} accepted signals ended nowhere")
    if found.undelivered:
        parts.append(f"{found.undelivered} alerts have reached nobody")
    return "; ".join(parts)


def silent_surfaces(ctx: Context) -> dict[str, int]:
    """The surfaces by which messages are long due while none got through, and how many wait."""
    since = ctx.clock.now() - ctx.silent_after
    waiting: dict[str, int] = {}
    with ctx.store.read() as conn:
        late = (DELIVERY.c.sent_at.is_(None), DELIVERY.c.created_at <= since)
        # Of a drill's messages its own report tells.
        unsent = select(DELIVERY.c.place).where(due(DELIVERY), *late, DELIVERY.c.kind != "drill")
        for place in conn.execute(unsent.limit(_MOST_LATE)).scalars():
            name = place.partition(":")[0]
            waiting[name] = waiting.get(name, 0) + 1
        for name in list(waiting):
            theirs = DELIVERY.c.place.startswith(f"{name}:", autoescape=True)
            lately = select(DELIVERY.c.id).where(DELIVERY.c.sent_at > since, theirs)
            if conn.execute(lately.limit(1)).first() is not None:
                del waiting[name]
    return waiting


def audit_job(ctx: Context) -> None:
    """Clock job: count, and say loudly what is missing."""
    found = audit(ctx, GRACE)
    if not found.ok:
        log.error("the audit found something missing", extra={"audit": asdict(found)})
