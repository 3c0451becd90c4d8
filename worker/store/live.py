"""Keeps the answers of live reads in the mirror, and remembers when each scope was read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from connectors.base import MirrorObject
from connectors.live import LivePart
from routing.nouns import MirrorRecord
from worker.store.engine import Tx
from worker.store.mirror import Read, chunks, compare, put, table_of, tombstone
from worker.store.tables import LIVE_READ, WATERMARK

_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LiveRead:
    """A live read that began ``at``, with its number among the reads of each object."""

    at: datetime
    numbers: Mapping[str, int]


def begin_live_read(tx: Tx, now: datetime) -> LiveRead:
    """Take a number of each object, so that what a later read saw is not written over."""
    locked = select(WATERMARK.c.object).order_by(WATERMARK.c.object).with_for_update()
    names = [row[0] for row in tx.conn.execute(locked)]
    mine = WATERMARK.c.object.in_(names)
    tx.conn.execute(update(WATERMARK).where(mine).values(reads=WATERMARK.c.reads + 1))
    rows = tx.conn.execute(select(WATERMARK.c.object, WATERMARK.c.reads).where(mine))
    return LiveRead(now, {row[0]: int(row[1]) for row in rows})


def keep_answer(
    tx: Tx,
    objects: Sequence[MirrorObject],
    parts: Sequence[LivePart],
    read: LiveRead,
    now: datetime,
) -> None:
    """Bring the mirror to what a live read found. What a later read saw stays as it is."""
    things = {one.name: one for one in objects if one.name in read.numbers}
    for name in sorted({part.name for part in parts} & things.keys()):
        thing = things[name]
        mine = [part for part in parts if part.name == name]
        records = {one.id: one for part in mine for one in part.records}
        there = {
            one.id
            for part in parts
            if part.name in things and things[part.name].noun is thing.noun
            for one in part.records
        }
        gone = {one for part in mine for one in part.gone}
        for part in mine:
            gone |= _others(tx, thing, part)
        own = Read(read.numbers[name], read.at)
        _write(tx, thing, list(records.values()), sorted(gone - there), own, now)


def _write(
    tx: Tx,
    thing: MirrorObject,
    records: Sequence[MirrorRecord],
    gone: Sequence[str],
    read: Read,
    now: datetime,
) -> None:
    table = table_of(thing.noun)
    for chunk in chunks(sorted(records, key=lambda one: one.id)):
        compared = compare(tx, thing.noun, thing.name, chunk, before=read.number)
        put(tx, thing.noun, thing.name, compared, read, now)
        # Unlike a read of the whole object, this one says of single records how old they are.
        same = table.c.id.in_(compared.same) & (table.c.seen_in < read.number)
        seen = {"seen_at": read.at, "seen_in": read.number}
        tx.conn.execute(update(table).where(same).values(**seen))
    tombstone(tx, thing.noun, thing.name, gone, read, now, before=read.number)


def _others(tx: Tx, thing: MirrorObject, part: LivePart) -> set[str]:
    """The ids in the mirror that the answer would have named if they were still there."""
    if not part.column:
        return set()
    table = table_of(thing.noun)
    found: set[str] = set()
    for values in chunks(sorted(part.values)):
        query = select(table.c.id).where(
            table.c[part.column].in_(values),
            table.c.object == thing.name,
            table.c.deleted_at.is_(None),
        )
        found |= {str(row[0]) for row in tx.conn.execute(query)}
    return found


def note_scopes(tx: Tx, scopes: Iterable[str], at: datetime) -> None:
    """Remember that these scopes were read live; forget those of another day."""
    for scope in sorted(scopes):
        statement = tx.insert(LIVE_READ).values(scope=scope, at=at)
        tx.conn.execute(statement.on_conflict_do_update(index_elements=["scope"], set_={"at": at}))
    tx.conn.execute(delete(LIVE_READ).where(LIVE_READ.c.at < at - _KEPT))


def last_live_reads(conn: Connection, scopes: Collection[str]) -> dict[str, datetime]:
    """When each of these scopes was last read live, where it was."""
    query = select(LIVE_READ.c.scope, LIVE_READ.c.at).where(LIVE_READ.c.scope.in_(scopes))
    return {row[0]: row[1] for row in conn.execute(query)}
