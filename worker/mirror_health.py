"""How well the mirror is: the age of the last good read of each object, against its interval."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from worker.context import Context
from worker.reconcile import drift_report
from worker.store.tables import WATERMARK

_SILENT_FACTOR = 5
_LEAST_SILENT = 300


def mirror_health(ctx: Context) -> dict[str, dict[str, Any]]:
    """Each object: ``ok``, its age and interval in seconds, its last error and drift.

    An object is not ``ok`` when its last read failed, and ``silent`` when none succeeded for
    several of its intervals, as stretched by the budget of calls.
    """
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        if ctx.governor is not None:
            ctx.governor.read(conn)
        rows = {row["object"]: row for row in conn.execute(select(WATERMARK)).mappings()}
    drift = drift_report(ctx)
    report: dict[str, dict[str, Any]] = {}
    for reader, thing in ctx.mirrored:
        row = rows.get(thing.name)
        if row is None:
            continue
        paced = ctx.governor if reader is ctx.crm else None
        every = paced.every(thing) if paced is not None else float(thing.every)
        finished = row["finished_at"]
        age = None if finished is None else (now - finished).total_seconds()
        silent = age is None or age > max(_LEAST_SILENT, _SILENT_FACTOR * every)
        report[thing.name] = {
            "ok": not row["error"] and not silent,
            "silent": silent,
            "age_seconds": None if age is None else round(age, 1),
            "every_seconds": round(every, 1),
            "last_records": row["records"],
            "error": row["error"],
            "drift": drift.get(thing.name),
            "reading": _reading(ctx, thing.name),
        }
    return report


def _reading(ctx: Context, name: str) -> dict[str, int | None] | None:
    """How far this worker's present read of the object is; None when it reads none."""
    found = ctx.reading.get(name)
    return None if found is None else {"records": found[0], "total": found[1]}
