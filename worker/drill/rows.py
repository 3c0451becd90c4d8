"""The rows of drills, as several steps read and change them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, select, update

from worker.store.alerts import Row
from worker.store.engine import Tx
from worker.store.statements import add_unless_there
from worker.store.tables import DELIVERY, DRILL, DRILL_TARGET

_COVER = DRILL_TARGET.alias("cover")
_ABOUT = (
    select(
        DRILL_TARGET,
        DRILL.c.by,
        DRILL.c.state.label("drill_state"),
        DRILL.c.press_seconds,
        _COVER.c.name.label("told_instead"),
    )
    .join(DRILL, DRILL.c.id == DRILL_TARGET.c.drill_id)
    .outerjoin(_COVER, _COVER.c.id == DRILL_TARGET.c.escalated_to)
)


def about_target(conn: Connection, target_id: str) -> Row | None:
    """A target with what its message tells of the drill."""
    return conn.execute(_ABOUT.where(DRILL_TARGET.c.id == target_id)).mappings().first()


def get_drill(conn: Connection, drill_id: int) -> Row | None:
    """The drill of this number."""
    return conn.execute(select(DRILL).where(DRILL.c.id == drill_id)).mappings().first()


def open_drill(conn: Connection) -> Row | None:
    """The drill that is under way."""
    return conn.execute(select(DRILL).where(DRILL.c.open)).mappings().first()


def latest_drill(conn: Connection) -> Row | None:
    """The drill that was asked for last."""
    return conn.execute(select(DRILL).order_by(DRILL.c.id.desc()).limit(1)).mappings().first()


def lock_drill(tx: Tx, drill_id: int) -> Row | None:
    """The drill, for nobody else to change until the end of the transaction."""
    query = select(DRILL).where(DRILL.c.id == drill_id).with_for_update()
    return tx.conn.execute(query).mappings().first()


def add_message(tx: Tx, target_id: str, place: str, person_id: str | None, now: datetime) -> str:
    """A message of the outbox for a target, due now; one a target, whoever asks twice."""
    delivery_id = uuid4().hex
    values: dict[str, Any] = {
        "id": delivery_id,
        "drill_target_id": target_id,
        "kind": "drill",
        "rung": 0,
        "round": 0,
        "rung_kind": "",
        "place": place,
        "person_id": person_id,
        "state": "pending",
        "revision": 0,
        "wanted": 1,
        "remote_id": "",
        "remote_url": "",
        "attempts": 0,
        "next_attempt_at": now,
        "created_at": now,
        "error": "",
    }
    add_unless_there(tx, DELIVERY, values, "drill_target_id")
    return delivery_id


def show_again(tx: Tx, *target_ids: str) -> None:
    """Have the messages of targets changed in place; the sweep finds them."""
    tx.conn.execute(
        update(DELIVERY)
        .where(DELIVERY.c.drill_target_id.in_(target_ids), DELIVERY.c.state != "failed")
        .values(wanted=DELIVERY.c.wanted + 1)
    )
