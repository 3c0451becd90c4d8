"""Writes pages of CRM records into the mirror, in small transactions and only as they changed.

Chunks are small so that a signal that comes in meanwhile waits a few milliseconds and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from connectors.base import Page
from routing.nouns import MirrorRecord
from worker.store.engine import Tx
from worker.store.history import end_versions
from worker.store.mirror_map import TABLES as TABLES
from worker.store.mirror_map import columns_of as columns_of
from worker.store.mirror_map import history_of as history_of
from worker.store.mirror_map import table_of as table_of
from worker.store.reviews import note_changed

CHUNK = 500
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Read:
    """One read of an object: its number among those of the object, and when it began."""

    number: int
    at: datetime


@dataclass(slots=True)
class Compared:
    """A chunk of records beside the mirror; a record is in one of the three lists."""

    absent: list[Any] = field(default_factory=list)
    """Not in the mirror, or marked there as gone."""
    changed: list[Any] = field(default_factory=list)
    """Held with other values."""
    same: list[str] = field(default_factory=list)
    """Ids of those that the mirror holds as they are."""
    latest: datetime | None = None
    """The latest moment from which a row that is to be written over was held."""

    @property
    def wrong(self) -> list[Any]:
        """What the mirror must take."""
        return [*self.absent, *self.changed]


def upsert(
    tx: Tx,
    noun: type[Any],
    object_name: str,
    records: Sequence[MirrorRecord],
    read: Read,
    now: datetime,
) -> Compared:
    """Bring the mirror to one chunk of records; writes those alone whose values differ.

    ``now`` is the moment of this transaction; from it on the mirror holds the new values.
    """
    compared = compare(tx, noun, object_name, records)
    put(tx, noun, object_name, compared, read, now)
    return compared


def compare(
    tx: Tx,
    noun: type[Any],
    object_name: str,
    records: Sequence[MirrorRecord],
    *,
    before: int | None = None,
) -> Compared:
    """Hold one chunk of records against the mirror; of two with one id the last counts.

    The CRM's stamp is none of the values: processes move it that change nothing we read. With
    ``before``, what the read of this number or a later one wrote is well as it is. Locks the rows.
    """
    compared = Compared()
    latest = {record.id: record for record in records}
    if not latest:
        return compared
    values = _values_of(noun)  # type: ignore[arg-type]
    found = tx.conn.execute(_held_statement(noun), {"ids": list(latest)})  # type: ignore[arg-type]
    rows = {row[0]: row for row in found}
    for record in latest.values():
        row = rows.get(record.id)
        if row is None:
            compared.absent.append(record)
            continue
        gone, seen_in, held_from = row[2:5]
        newer = before is not None and seen_in >= before
        alike = gone is None and row[1] == object_name and values(record) == row[5:]
        if newer or alike:
            compared.same.append(record.id)
        else:
            (compared.changed if gone is None else compared.absent).append(record)
            compared.latest = max(compared.latest or held_from, held_from)
    return compared


def put(
    tx: Tx,
    noun: type[Any],
    object_name: str,
    compared: Compared,
    read: Read,
    now: datetime,
) -> None:
    """Write what the comparison found wrong; what was there before goes into the history."""
    if not compared.wrong:
        return
    # When the clock has been put back, versions of a record still follow one another.
    at = max(now, compared.latest or now)
    end_versions(tx, history_of(noun), [record.id for record in compared.changed], at)
    seen = {"object": object_name, "seen_at": read.at, "seen_in": read.number, "deleted_at": None}
    if history_of(noun) is not None:
        seen["held_from"] = at
    names = columns_of(noun)
    rows = [{name: getattr(record, name) for name in names} | seen for record in compared.wrong]
    if "fields" in names:
        for row in rows:
            row["fields"] = dict(row["fields"])
    tx.conn.execute(_upsert_statement(noun, tx.dialect), rows)  # type: ignore[arg-type]
    note_changed(tx, table_of(noun), (record.id for record in compared.wrong), now)


@cache
def _upsert_statement(noun: type[Any], dialect: str) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    table = table_of(noun)
    statement = insert(table)
    return statement.on_conflict_do_update(
        index_elements=["id"],
        set_={one.name: statement.excluded[one.name] for one in table.c if one.name != "id"},
    )


@cache
def _held_statement(noun: type[Any]) -> Any:
    """``ids``: id, object, deleted_at, seen_in, held_from and the mapped values."""
    c = table_of(noun).c
    held_from = c.held_from if history_of(noun) is not None else c.seen_at
    columns = (c.id, c.object, c.deleted_at, c.seen_in, held_from)
    mapped = (c[name] for name in _mapped(noun))
    # In the order of ids, so that two transactions do not wait for each other.
    chosen = select(*columns, *mapped).where(c.id.in_(bindparam("ids", expanding=True)))
    return chosen.order_by(c.id).with_for_update()


@cache
def _values_of(noun: type[Any]) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*_mapped(noun))


def _mapped(noun: type[Any]) -> tuple[str, ...]:
    return tuple(name for name in columns_of(noun) if name not in ("id", "modified_at"))


def touch(tx: Tx, noun: type[MirrorRecord], ids: Sequence[str], read: Read) -> None:
    """Note that this read saw these records, which are well as they are; one chunk at most."""
    if ids:
        table = table_of(noun)
        older = table.c.id.in_(ids) & (table.c.seen_in < read.number)
        tx.conn.execute(update(table).where(older).values(seen_in=read.number))


def refresh(
    tx: Tx,
    noun: type[Any],
    object_name: str,
    values: Mapping[str, Mapping[str, str]],
    names: Sequence[str],
    read: Read,
    now: datetime,
) -> Compared:
    """Bring the further fields ``names`` of these records up to date; one chunk at most.

    ``values`` are by record id. Nothing else of the records changes, and those that the mirror
    lacks stay away.
    """
    compared = Compared()
    table = table_of(noun)
    held_from = table.c.held_from if history_of(noun) is not None else table.c.seen_at
    query = (
        select(table, held_from.label("since"))
        .where(table.c.id.in_(list(values)), table.c.object == object_name)
        .where(table.c.deleted_at.is_(None))
        .order_by(table.c.id)
        .with_for_update()
    )
    for row in tx.conn.execute(query).mappings():
        others = {name: value for name, value in row["fields"].items() if name not in names}
        fresh = others | dict(values[row["id"]])
        if fresh == row["fields"]:
            compared.same.append(row["id"])
            continue
        kept = {name: row[name] for name in columns_of(noun)}
        compared.changed.append(noun(**(kept | {"fields": fresh})))
        compared.latest = max(compared.latest or row["since"], row["since"])
    put(tx, noun, object_name, compared, read, now)
    return compared


def tombstone(
    tx: Tx,
    noun: type[MirrorRecord],
    object_name: str,
    ids: Sequence[str],
    read: Read,
    now: datetime,
    *,
    before: int | None = None,
) -> int:
    """Mark records as gone from the CRM; how many were not so marked before.

    Routing never reads them again, and their last values go into the history. ``before`` spares
    those that the read of this number or a later one saw.
    """
    table = table_of(noun)
    held_from = table.c.held_from if history_of(noun) is not None else table.c.seen_at
    gone = 0
    for chunk in chunks(ids):
        query = (
            select(table.c.id, held_from)
            .where(table.c.id.in_(chunk), table.c.object == object_name)
            .where(table.c.deleted_at.is_(None))
            .order_by(table.c.id)
            .with_for_update()
        )
        if before is not None:
            query = query.where(table.c.seen_in < before)
        rows = tx.conn.execute(query).all()
        if not rows:
            continue
        found = [row[0] for row in rows]
        at = max(now, *(row[1] for row in rows))
        end_versions(tx, history_of(noun), found, at)
        values: dict[str, Any] = {"deleted_at": at, "seen_in": read.number}
        if history_of(noun) is not None:
            values["held_from"] = at
        tx.conn.execute(update(table).where(table.c.id.in_(found)).values(**values))
        note_changed(tx, table, found, now)
        gone += len(found)
    return gone


def others(tx: Tx, noun: type[MirrorRecord], object_name: str, page: Page) -> list[str]:
    """Living records of the deals that a page tells all of, and that are not on it."""
    table = table_of(noun)
    known = {record.id for record in page.records}
    found: list[str] = []
    for chunk in chunks(page.all_of_deals):
        query = select(table.c.id).where(
            table.c.deal_id.in_(chunk),
            table.c.object == object_name,
            table.c.deleted_at.is_(None),
        )
        found += [one for one in tx.conn.execute(query).scalars() if one not in known]
    return found


def unseen(
    conn: Connection,
    noun: type[MirrorRecord],
    object_name: str,
    read: Read,
    since: datetime | None = None,
    after: str = "",
) -> list[str]:
    """After a whole read: the next chunk of ids behind ``after`` that neither it nor a later saw.

    ``since``: the read was of records changed from then on and says nothing of older ones.
    """
    table = table_of(noun)
    query = (
        select(table.c.id)
        .where(table.c.object == object_name, table.c.seen_in < read.number)
        .where(table.c.deleted_at.is_(None), table.c.id > after)
        .order_by(table.c.id)
        .limit(CHUNK)
    )
    if since is not None:
        query = query.where(or_(table.c.modified_at.is_(None), table.c.modified_at >= since))
    return list(conn.execute(query).scalars())


def count(conn: Any, noun: type[MirrorRecord]) -> int:
    """Living records of a noun."""
    table = table_of(noun)
    query = select(func.count()).select_from(table).where(table.c.deleted_at.is_(None))
    return int(conn.execute(query).scalar_one())


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Slices of at most ``CHUNK`` items."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
