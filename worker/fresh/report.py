"""What the guard against stale facts has done, for people and programs."""

from __future__ import annotations

from typing import Any

from worker.context import Context
from worker.store import circuit
from worker.store.tallies import tallies


def freshness_report(ctx: Context) -> dict[str, Any]:
    """The budgets by object, counts since the store was made, the circuit, and who waits."""
    with ctx.store.read() as conn:
        counts = tallies(conn)
        standing = circuit.state_of(conn, circuit.LIVE, ctx.clock.now())
    guard = ctx.guard
    return {
        "budget_seconds": guard.budgets.of_objects if guard is not None else {},
        "waiting": guard.waiting() if guard is not None else 0,
        "circuit": standing,
        **counts,
    }
