"""What the outbox tells of a drill's messages: they arrived, or they cannot."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from connectors.errors import ConnectorError
from worker.store.alerts import Row
from worker.store.engine import Tx
from worker.store.statements import change
from worker.store.tables import DELIVERY, DRILL, DRILL_TARGET

NO_BUTTON = "nothing can be pressed there: it was sent, and who read it is not known"
_OVER = "the drill ended before the message could be sent"


def is_over(tx: Tx, delivery: Row) -> bool:
    """Whether the drill has ended; then the message, which is not sent yet, never will be."""
    query = select(DRILL.c.id).join(DRILL_TARGET, DRILL_TARGET.c.drill_id == DRILL.c.id)
    running = query.where(DRILL_TARGET.c.id == delivery["drill_target_id"], DRILL.c.open)
    if tx.conn.execute(running).first() is not None:
        return False
    given_up = {"state": "failed", "error": _OVER, "lease_until": None}
    change(tx, DELIVERY, delivery["id"], given_up)
    return True


def arrived(tx: Tx, delivery: Row, now: datetime, *, has_buttons: bool) -> None:
    """The time to press begins with the first delivery; without buttons it ends there too."""
    target = DRILL_TARGET.c.id == delivery["drill_target_id"]
    query = select(DRILL.c.press_seconds).join(DRILL_TARGET, DRILL_TARGET.c.drill_id == DRILL.c.id)
    seconds = tx.conn.execute(query.where(target, DRILL.c.open)).scalar()
    if seconds is None:
        return
    if not has_buttons:
        nobody = {"pressed_at": now, "pressed_by": "", "press_problem": NO_BUTTON, "mend": ""}
        unpressed = update(DRILL_TARGET).where(target, DRILL_TARGET.c.pressed_at.is_(None))
        tx.conn.execute(unpressed.values(**nobody, due_at=None))
        return
    waits = update(DRILL_TARGET).where(target, DRILL_TARGET.c.pressed_at.is_(None))
    tx.conn.execute(waits.values(due_at=now + timedelta(seconds=seconds), mend=""))


def refused(tx: Tx, delivery: Row, error: ConnectorError, now: datetime, *, final: bool) -> None:
    """Keep how to mend it; a place that cannot be reached is an empty rung: the next, at once."""
    values: dict[str, object] = {"mend": error.mend[:500]}
    if final:
        values |= {"problem": str(error)[:500], "due_at": now}
    target = DRILL_TARGET.c.id == delivery["drill_target_id"]
    tx.conn.execute(update(DRILL_TARGET).where(target).values(**values))
