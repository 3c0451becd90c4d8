"""The outcome of a demo run: the record for ``--json`` and the words for the terminal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from worker.audit import audit
from worker.demo.cast import Cast
from worker.mirror_report import mirror_report
from worker.report import alert_records
from worker.store.tables import ACTIVITY

_ALERT_FIELDS = (
    "id", "prospect", "account", "stage", "role", "recipient", "surface", "place", "rung",
    "reason", "thread_url", "fired_at", "delivered_at", "acknowledged_at", "responded_at",
    "latency_minutes", "working_latency_minutes",
)  # fmt: skip


def outcome(cast: Cast) -> dict[str, Any]:
    """Everything that came of the run, as plain JSON values. Alerts are oldest first."""
    ctx = cast.worker.ctx
    found = audit(ctx)
    report = mirror_report(ctx)
    mirror = {
        name: report[name] for name in ("accounts", "contacts", "deals", "people", "out_of_office")
    }
    with ctx.store.read() as conn:
        records = alert_records(conn)[::-1]
        opened, completed = conn.execute(
            select(func.count(ACTIVITY.c.opened_at), func.count(ACTIVITY.c.completed_at))
        ).one()
    return {
        "crm": ctx.crm.name,
        "mirror": mirror
        | {"seconds": round(cast.sync_seconds, 3), "api_calls": report["api_calls"]},
        "signals": {
            "received": found.received,
            "joined": found.joined,
            "digest": found.digest,
            "alerts": found.alerts,
        },
        "alerts": [{name: record[name] for name in _ALERT_FIELDS} for record in records],
        "activities": {"opened": int(opened), "completed": int(completed)},
        "undelivered": found.undelivered,
        "unexplained": found.unexplained,
    }
