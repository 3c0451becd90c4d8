"""Absences that somebody enters by hand, and the word that somebody is back.

They are facts like those of the CRM, with a history, in the object ``manual`` that nobody reads
from outside. Ends are exclusive: at that moment the person can be asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, select

from routing.nouns import OutOfOffice
from worker.store.engine import Tx
from worker.store.mirror import Read, columns_of, table_of, tombstone, upsert

OBJECT = "manual"


@dataclass(frozen=True, slots=True)
class Back:
    """What became of the word that somebody is back.

    ``ended`` are manual absences that are over by it, ``overruled`` those of other sources, and
    ``until`` is how long it overrules them; None where there are none.
    """

    ended: tuple[OutOfOffice, ...]
    overruled: tuple[OutOfOffice, ...]
    until: datetime | None


def set_away(
    tx: Tx, person_id: str, starts: datetime, ends: datetime, by: str, note: str, now: datetime
) -> OutOfOffice:
    """Enter an absence; ``by`` says who did. An earlier word that they are in yields to it."""
    for row in _rows(tx.conn, person_id):
        if row.available and row.starts_at < ends and starts < row.ends_at:
            _cut(tx, row, starts, now)
    made = OutOfOffice(
        id=f"{OBJECT}:{uuid4().hex}",
        person_id=person_id,
        starts_at=starts,
        ends_at=ends,
        source=f"{OBJECT}:{by}",
        note=note,
    )
    _put(tx, [made], now)
    return made


def set_back(tx: Tx, person_id: str, until: datetime, by: str, now: datetime) -> Back:
    """End the manual absences of now; what else has the person away is overruled.

    It is so until the last of these ends, and at least until ``until``.
    """
    rows = _rows(tx.conn, person_id, every=True)
    held = [row for row in rows if row.starts_at <= now < row.ends_at]
    ended = tuple(row for row in held if _is_manual(row) and not row.available)
    for row in ended:
        _cut(tx, row, now, now)
    others = tuple(row for row in held if not _is_manual(row) and not row.available)
    if not others:
        return Back(ended, (), None)
    latest = max(until, *(row.ends_at for row in others))
    for row in held:
        if _is_manual(row) and row.available:
            _cut(tx, row, now, now)
    word = OutOfOffice(
        id=f"{OBJECT}:{uuid4().hex}",
        person_id=person_id,
        starts_at=now,
        ends_at=latest,
        source=f"{OBJECT}:{by}",
        note="back",
        available=True,
    )
    _put(tx, [word], now)
    return Back(ended, others, latest)


def cancel(tx: Tx, person_id: str, now: datetime) -> list[OutOfOffice]:
    """Take back every manual row of the person that is not over; what was, stays in the history."""
    rows = [row for row in _rows(tx.conn, person_id) if row.ends_at > now]
    for row in rows:
        _cut(tx, row, now, now)
    return rows


def entered(conn: Connection, now: datetime) -> list[OutOfOffice]:
    """Every manual row that is not over, by when it begins."""
    rows = [row for row in _rows(conn, None) if row.ends_at > now]
    return sorted(rows, key=lambda one: (one.starts_at, one.id))


def _rows(conn: Connection, person_id: str | None, *, every: bool = False) -> list[OutOfOffice]:
    """Living rows of a person or of all; of every source or the manual ones."""
    table, names = table_of(OutOfOffice), columns_of(OutOfOffice)
    query = select(*(table.c[name] for name in names)).where(table.c.deleted_at.is_(None))
    if person_id is not None:
        query = query.where(table.c.person_id == person_id)
    if not every:
        query = query.where(table.c.object == OBJECT)
    rows = conn.execute(query.order_by(table.c.id)).mappings()
    return [OutOfOffice(**row) for row in rows]


def _is_manual(row: OutOfOffice) -> bool:
    return row.id.startswith(f"{OBJECT}:")


def _cut(tx: Tx, row: OutOfOffice, at: datetime, now: datetime) -> None:
    """Let a row end at ``at``; one that would not have begun by then is taken away."""
    if row.starts_at < at:
        _put(tx, [replace(row, ends_at=min(row.ends_at, at))], now)
    else:
        tombstone(tx, OutOfOffice, OBJECT, [row.id], Read(0, now), now)


def _put(tx: Tx, rows: Sequence[OutOfOffice], now: datetime) -> None:
    upsert(tx, OutOfOffice, OBJECT, rows, Read(0, now), now)
