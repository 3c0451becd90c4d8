"""``/healthz``: 200 when all is well, 503 when a person should look, and why."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from worker.audit import audit
from worker.budget.report import budget_report
from worker.context import Context
from worker.fresh.report import freshness_report
from worker.mirror_health import mirror_health
from worker.outbox import due
from worker.schedule import Schedule
from worker.store.tables import ACTIVITY, DELIVERY, NOTICE

_GRACE = timedelta(minutes=2)
log = logging.getLogger(__name__)


def health_router(
    means: Callable[[], Context],
    schedule: Schedule,
    problems: Callable[[], list[str]],
    hints: Callable[[], dict[str, Any]],
) -> APIRouter:
    """The route.

    ``means`` gives the worker's as they are; ``problems`` tells what an admin must do for tasks
    and for a promoted policy, ``hints`` who tells us of changes. Neither of the latter makes the
    worker ill: alerts flow, and the mirror is polled.
    """
    router = APIRouter()

    @router.get(
        "/healthz",
        tags=["health"],
        summary="Is everything well?",
        responses={503: {"description": "Something is wrong; the body says what."}},
    )
    def healthz() -> JSONResponse:
        """The state of the clock, the mirror, the outboxes, the surfaces and the audit."""
        try:
            report = health(means(), schedule, problems(), hints())
        except SQLAlchemyError as error:
            log.exception("the store cannot be read")
            report = {"ok": False, "store": f"cannot be read: {type(error).__name__}"}
        return JSONResponse(report, status_code=200 if report["ok"] else 503)

    return router


def health(
    ctx: Context, schedule: Schedule, problems: list[str], hints: dict[str, Any]
) -> dict[str, Any]:
    """The whole report; ``ok`` sums it up."""
    jobs = schedule.health()
    mirror = mirror_health(ctx)
    budget = budget_report(ctx)
    surfaces = {name: surface.health() for name, surface in ctx.surfaces.items()}
    dispatch = ctx.dispatch.health()
    found = audit(ctx, _GRACE)
    ok = (
        found.ok
        and all(job["ok"] for job in jobs.values())
        and all(one["ok"] for one in mirror.values())
        and all(bool(one.get("ok")) for one in surfaces.values())
        and bool(dispatch["alive"])
        and bool(budget["ok"])
    )
    return {
        "ok": ok,
        "policy": ctx.policy.hash,
        "clock": jobs,
        "mirror": mirror,
        "hints": hints,
        "budget": budget,
        "freshness": freshness_report(ctx),
        "surfaces": surfaces,
        "outbox": outbox_report(ctx),
        "audit": asdict(found),
        "incidents": incidents(ctx),
        "alarms": alarms_report(ctx),
        "crm": {
            "name": ctx.crm.name,
            "api_calls": ctx.crm.api_calls,
            "problems": problems,
            "notes": ctx.crm.notes,
        },
        "dispatch": dispatch,
    }


def incidents(ctx: Context) -> list[dict[str, Any]]:
    """What an admin must know just now, and whether they have been told."""
    with ctx.store.read() as conn:
        rows = conn.execute(select(NOTICE).order_by(NOTICE.c.since)).mappings().all()
    return [
        {
            "key": row["key"],
            "text": row["text"],
            "since": row["since"].isoformat(),
            "told": row["told_at"].isoformat() if row["told_at"] else None,
            "error": row["error"],
        }
        for row in rows
    ]


def alarms_report(ctx: Context) -> dict[str, str]:
    """Each other way to the admins, with its last error; '' when it works or was never needed."""
    if ctx.alarms is None:
        return {}
    return {way.name: ctx.alarms.failed.get(way.name, "") for way in ctx.alarms.ways}


def outbox_report(ctx: Context) -> dict[str, Any]:
    """How many messages and tasks wait, and how late the oldest is, in seconds."""
    now = ctx.clock.now()
    report: dict[str, Any] = {}
    with ctx.store.read() as conn:
        for name, table in (("deliveries", DELIVERY), ("activities", ACTIVITY)):
            query = select(func.count(), func.min(table.c.next_attempt_at)).where(due(table))
            waiting, oldest = conn.execute(query).one()
            late = (now - oldest).total_seconds() if oldest else 0.0
            report[name] = {"waiting": int(waiting), "late_seconds": round(max(0.0, late), 1)}
    return report
