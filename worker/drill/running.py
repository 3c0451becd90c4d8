"""Carries a drill: hands its messages to the outbox, climbs where nobody presses, ends it.

Every step is a change of rows that checks what it came from, so that a worker that is killed goes
on where it was, and a second worker does nothing twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, or_, select, update

from worker.context import Context
from worker.drill.rows import add_message, get_drill, lock_drill, open_drill, show_again
from worker.drill.task import UNDONE, work_on_task
from worker.store.alerts import Row, place_from
from worker.store.engine import Tx
from worker.store.tables import DELIVERY, DRILL, DRILL_TARGET, DRILL_TASK

SECONDS = 1.0


def tick(ctx: Context) -> None:
    """Clock job: hand over the drill that is under way, and one whose task is still about."""
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        found = open_drill(conn)
        free = or_(DRILL_TASK.c.lease_until.is_(None), DRILL_TASK.c.lease_until <= now)
        query = select(DRILL_TASK.c.drill_id).where(DRILL_TASK.c.step.in_(UNDONE))
        due = query.where(DRILL_TASK.c.next_attempt_at <= now, free)
        ids = set(conn.execute(due).scalars()) | ({found["id"]} if found else set())
    if not ids:
        return
    with ctx.store.write() as tx:
        for drill_id in sorted(ids):
            ctx.dispatch.hand_over(tx, "drill", str(drill_id), lock="drill")


def advance(ctx: Context, row_id: str) -> None:
    """Job: bring a drill to where it should be now. Idempotent."""
    drill_id = int(row_id)
    with ctx.store.read() as conn:
        drill = get_drill(conn, drill_id)
    if drill is None or drill["state"] == "withdrawn":
        return
    if drill["state"] == "asked":
        _begin(ctx, drill_id)
    _climb_due(ctx, drill_id)
    work_on_task(ctx, drill_id)
    _end_if_over(ctx, drill_id)


def _begin(ctx: Context, drill_id: int) -> None:
    """Take the drill up: from now on the worker owes each target a message."""
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        drill = lock_drill(tx, drill_id)
        if drill is None or drill["state"] != "asked":
            return
        ends = now + timedelta(seconds=drill["wait_seconds"])
        begun = {"state": "running", "begun_at": now, "ends_at": ends}
        mine = (DRILL.c.id == drill_id) & (DRILL.c.state == "asked")
        hashed = {"worker_hash": ctx.policy.hash}
        if tx.conn.execute(update(DRILL).where(mine).values(**begun, **hashed)).rowcount != 1:
            return
        wanted = select(DRILL_TARGET).where(
            DRILL_TARGET.c.drill_id == drill_id,
            DRILL_TARGET.c.place.is_not(None),
            DRILL_TARGET.c.skipped == "",
            DRILL_TARGET.c.problem == "",
        )
        for target in tx.conn.execute(wanted).mappings().all():
            _send(ctx, tx, target["id"], target["place"], target["person_id"], now)


def _send(
    ctx: Context, tx: Tx, target_id: str, place: str, person_id: str | None, now: datetime
) -> None:
    surface = place_from(place).surface
    if surface not in ctx.surfaces:
        lost = {"problem": f"there is no surface {surface}", "mend": "see rep_choice.surfaces"}
        tx.conn.execute(
            update(DRILL_TARGET).where(DRILL_TARGET.c.id == target_id).values(**lost, due_at=now)
        )
        return
    delivery_id = add_message(tx, target_id, place, person_id, now)
    ctx.dispatch.hand_over(tx, "deliver", delivery_id, lock=place)


def _climb_due(ctx: Context, drill_id: int) -> None:
    """Whose time is up without a press: who would be next is told in their place."""
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        drill = lock_drill(tx, drill_id)
        if drill is None or drill["state"] != "running" or drill["ends_at"] <= now:
            return
        query = select(DRILL_TARGET).where(
            DRILL_TARGET.c.drill_id == drill_id,
            DRILL_TARGET.c.due_at <= now,
            DRILL_TARGET.c.pressed_at.is_(None),
        )
        for target in tx.conn.execute(query).mappings().all():
            cover_id = _cover(ctx, tx, target, now)
            change = update(DRILL_TARGET).where(DRILL_TARGET.c.id == target["id"])
            tx.conn.execute(change.values(due_at=None, escalated_to=cover_id))
            if cover_id:
                show_again(tx, target["id"])


def _cover(ctx: Context, tx: Tx, target: Row, now: datetime) -> str:
    """Tell the next rung that can be reached; the cover's id, '' where nobody is left.

    One message a place, however many it stands in for: later names are added to it.
    """
    lost = "cannot be reached" if target["problem"] else "did not press in time"
    said = f"{target['name']} {lost}"
    rungs = list(target["rungs"])
    gone = _unreachable(tx.conn, target["drill_id"])
    while rungs and rungs[0]["place"] in gone:
        rungs.pop(0)
    if not rungs:
        return ""
    rung = rungs.pop(0)
    same = (DRILL_TARGET.c.drill_id == target["drill_id"]) & (DRILL_TARGET.c.kind == "cover")
    query = select(DRILL_TARGET).where(same, DRILL_TARGET.c.place == rung["place"])
    there = tx.conn.execute(query).mappings().first()
    if there is not None:
        covers = [*there["covers"], said]
        change = update(DRILL_TARGET).where(DRILL_TARGET.c.id == there["id"])
        tx.conn.execute(change.values(covers=covers))
        show_again(tx, there["id"])
        return str(there["id"])
    return _new_cover(ctx, tx, target, rung, rungs, said, now)


def _new_cover(
    ctx: Context,
    tx: Tx,
    target: Row,
    rung: dict[str, Any],
    rungs: list[dict[str, Any]],
    said: str,
    now: datetime,
) -> str:
    cover_id, place = uuid4().hex, place_from(rung["place"])
    values = {
        "id": cover_id,
        "drill_id": target["drill_id"],
        "kind": "cover",
        "place": rung["place"],
        "name": rung["name"],
        "email": place.address if place.kind == "person" else "",
        "why": rung["kind"].replace("_", " "),
        "rungs": rungs,
        "covers": [said],
        **dict.fromkeys(("skipped", "problem", "mend", "pressed_by", "press_problem"), ""),
    }
    tx.conn.execute(tx.insert(DRILL_TARGET).values(**values))
    _send(ctx, tx, cover_id, rung["place"], None, now)
    return cover_id


def _unreachable(conn: Connection, drill_id: int) -> set[str]:
    query = select(DRILL_TARGET.c.place).where(
        DRILL_TARGET.c.drill_id == drill_id, DRILL_TARGET.c.problem != ""
    )
    return {place for place in conn.execute(query).scalars() if place}


def _end_if_over(ctx: Context, drill_id: int) -> None:
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        drill = lock_drill(tx, drill_id)
        if drill is None or drill["state"] != "running":
            return
        if drill["ends_at"] <= now or not _anything_to_come(tx.conn, drill_id):
            end(tx, drill_id, now)


def _anything_to_come(conn: Connection, drill_id: int) -> bool:
    """Whether a press, a delivery, a timer or the task is still waited for."""
    waits = (
        select(DRILL_TARGET.c.id)
        .join(DELIVERY, DELIVERY.c.drill_target_id == DRILL_TARGET.c.id)
        .where(DRILL_TARGET.c.drill_id == drill_id, DRILL_TARGET.c.pressed_at.is_(None))
        .where(or_(DELIVERY.c.state != "failed", DRILL_TARGET.c.due_at.is_not(None)))
    )
    if conn.execute(waits.limit(1)).first() is not None:
        return True
    task = select(DRILL_TASK.c.step).where(DRILL_TASK.c.drill_id == drill_id)
    return conn.execute(task).scalar() in UNDONE


def end(tx: Tx, drill_id: int, now: datetime) -> bool:
    """End a drill that runs, or withdraw one that nobody has taken up; says whether it was open.

    Messages that nobody has pressed lose their button; those that were not sent are not sent.
    """
    mine = update(DRILL).where(DRILL.c.id == drill_id, DRILL.c.open)
    withdrawn = {"open": False, "state": "withdrawn", "ended_at": now}
    if tx.conn.execute(mine.where(DRILL.c.state == "asked").values(**withdrawn)).rowcount:
        gone = update(DRILL_TASK).where(DRILL_TASK.c.drill_id == drill_id)
        tx.conn.execute(gone.values(step="failed", error="no worker took the drill up"))
        return True
    over = {"open": False, "state": "ended", "ended_at": now}
    if not tx.conn.execute(mine.values(**over)).rowcount:
        return False
    # What there is of the task is taken away now, however long it was to wait.
    task = update(DRILL_TASK).where(DRILL_TASK.c.drill_id == drill_id)
    tx.conn.execute(task.values(next_attempt_at=now))
    theirs = DRILL_TARGET.c.drill_id == drill_id
    tx.conn.execute(update(DRILL_TARGET).where(theirs).values(due_at=None))
    silent = select(DRILL_TARGET.c.id).where(theirs, DRILL_TARGET.c.pressed_at.is_(None))
    show_again(tx, *tx.conn.execute(silent).scalars())
    return True
