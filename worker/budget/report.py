"""The budget of calls as people and programs read it."""

from __future__ import annotations

from typing import Any

from worker.context import Context


def budget_report(ctx: Context) -> dict[str, Any]:
    """State, pace, calls used and left, and the forecast of each object in calls a day."""
    governor = ctx.governor
    if governor is None:
        return {"ok": True, "state": "unknown"}
    with ctx.store.read() as conn:
        standing = governor.read(conn)
        costs = governor.costs(conn)
    resets = standing.resets_at
    return {
        "ok": standing.plan.polls,
        "state": standing.plan.state.value,
        "pace": round(standing.plan.pace, 2),
        "used": standing.used if standing.most else None,
        "most": standing.most or None,
        "remaining": standing.remaining,
        "left_for_polling": round(standing.plan.left) if standing.most else None,
        "resets_at": resets.isoformat() if resets else None,
        "forecast_a_day": round(standing.forecast),
        "forecast_of_objects": {name: round(calls) for name, calls in sorted(costs.items())},
        "why": standing.why,
    }
