"""Alerts, their events and their outboxes: every change is a compare-and-set on ``version``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4
from zlib import crc32

from sqlalchemy import Connection, RowMapping, bindparam, case, select, text, update

from routing.nouns import Signal
from routing.receipt import Place, Step
from worker.store.engine import Tx
from worker.store.facts import signal_from
from worker.store.statements import add, add_unless_there
from worker.store.tables import ACTIVITY, ALERT, ALERT_EVENT, DELIVERY, SIGNAL

Row = RowMapping
_MOST_SIGNALS = 100
_OPEN = ALERT.c.open
_ALERT = select(ALERT).where(ALERT.c.id == bindparam("id"))
_SIGNALS = (
    select(SIGNAL)
    .where(SIGNAL.c.alert_id == bindparam("alert_id"))
    .order_by(SIGNAL.c.occurred_at.desc())
    .limit(_MOST_SIGNALS)
)
_TURNS = 256  # so few that a transaction over many prospects stays far from the server's limit
_TAKE_TURNS = text(
    "SELECT pg_advisory_xact_lock(7105, turn) FROM unnest(CAST(:turns AS integer[])) AS turn"
)


def take_turns(tx: Tx, emails: Iterable[str]) -> None:
    """Wait until no other transaction decides on these prospects, and keep them until the end.

    On PostgreSQL two workers would otherwise each see one of two opens, and transactions over
    several alerts would lock each other out. SQLite has one writer at a time anyway.
    """
    if tx.dialect != "postgresql":
        return
    turns = sorted({crc32(email.encode()) % _TURNS for email in emails})
    if turns:
        tx.conn.execute(_TAKE_TURNS, {"turns": turns})


def get_alert(conn: Connection, alert_id: str) -> Row | None:
    """The alert's row."""
    return conn.execute(_ALERT, {"id": alert_id}).mappings().first()


def lock_alert(tx: Tx, alert_id: str | None) -> None:
    """Keep others from changing the alert until the end; taken before its outboxes, by all."""
    if alert_id is not None and tx.dialect == "postgresql":
        tx.conn.execute(select(ALERT.c.id).where(ALERT.c.id == alert_id).with_for_update())


def insert_alert(tx: Tx, values: dict[str, Any]) -> bool:
    """Insert unless one is open for the same key; says whether it was inserted."""
    return add_unless_there(tx, ALERT, values, "dedup_key", where=_OPEN)


def change_alert(tx: Tx, alert: Row, *, shows: bool = True, **values: Any) -> bool:
    """Change the alert if nobody else has since it was read; says whether it was changed.

    ``shows``: the change is to be seen in its messages and its task, which then become due.
    """
    if shows:
        values["revision"] = alert["revision"] + 1
    changed = tx.conn.execute(
        update(ALERT)
        .where(ALERT.c.id == alert["id"], ALERT.c.version == alert["version"])
        .values(version=alert["version"] + 1, **values)
    )
    if changed.rowcount != 1:
        return False
    if shows:
        for outbox in (DELIVERY, ACTIVITY):
            tx.conn.execute(
                update(outbox)
                .where(outbox.c.alert_id == alert["id"])
                .values(wanted=alert["revision"] + 1)
            )
        _give_refused_task_a_chance(tx, alert["id"])
    return True


def _give_refused_task_a_chance(tx: Tx, alert_id: str) -> None:
    """A task that the CRM refused is tried again as it is now: a latency must not be lost.

    One that was never seen there is looked for first, as it may have been written after all.
    """
    state = case((ACTIVITY.c.opened_at.is_(None), "sending"), else_="sent")
    refused = update(ACTIVITY).where(ACTIVITY.c.alert_id == alert_id, ACTIVITY.c.state == "failed")
    tx.conn.execute(refused.values(state=state, attempts=0))


def add_event(
    tx: Tx, alert_id: str, at: datetime, kind: str, text: str, person_id: str | None = None
) -> None:
    """Write one line of the alert's timeline."""
    values = {"alert_id": alert_id, "at": at, "kind": kind, "text": text, "person_id": person_id}
    add(tx, ALERT_EVENT, values)


def add_delivery(
    tx: Tx,
    *,
    alert_id: str,
    kind: str,
    place: Place,
    now: datetime,
    wanted: int,
    step: Step | None = None,
    round_: int = 0,
) -> str | None:
    """A message to a place, due now; None when this rung already has one there."""
    delivery_id = uuid4().hex
    values = {
        "id": delivery_id,
        "alert_id": alert_id,
        "kind": kind,
        "rung": step.number if step else -1,
        "round": round_,
        "rung_kind": step.kind.value if step else kind,
        "place": str(place),
        "person_id": step.person_id if step else None,
        "state": "pending",
        "revision": 0,
        "wanted": wanted,
        "remote_id": "",
        "remote_url": "",
        "attempts": 0,
        "next_attempt_at": now,
        "created_at": now,
        "error": "",
    }
    added = add_unless_there(tx, DELIVERY, values, "alert_id", "rung", "round", "place")
    return delivery_id if added else None


def add_message(
    tx: Tx, *, kind: str, place: Place, person_id: str | None, now: datetime, **about: str
) -> str:
    """A message that belongs to no alert, due now; ``about`` is the column of what it tells."""
    delivery_id = uuid4().hex
    values = {
        "id": delivery_id,
        "kind": kind,
        "rung": -1,
        "round": 0,
        "rung_kind": kind,
        "place": str(place),
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
    add(tx, DELIVERY, values | about)
    return delivery_id


def deliveries_of(conn: Connection, alert_id: str) -> Sequence[Row]:
    """The alert's messages in the order in which they were made."""
    query = (
        select(DELIVERY)
        .where(DELIVERY.c.alert_id == alert_id)
        .order_by(DELIVERY.c.created_at, DELIVERY.c.rung)
    )
    return conn.execute(query).mappings().all()


def signals_of(conn: Connection, alert_id: str) -> list[Signal]:
    """The alert's latest signals, oldest first."""
    rows = conn.execute(_SIGNALS, {"alert_id": alert_id}).mappings()
    return [signal_from(row) for row in rows][::-1]


def place_from(text: str) -> Place:
    """The place of a stored ``surface:kind:address``."""
    surface, kind, address = text.split(":", 2)
    return Place(surface=surface, kind=kind, address=address)
