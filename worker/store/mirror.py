"""Writes pages of CRM records into the mirror, in small transactions and only as they changed.

Chunks are small so that a signal that comes in meanwhile waits a few milliseconds and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Table, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from routing.nouns import (
    Account,
    Deal,
    DealContact,
    Evidence,
    GroupMember,
    MirrorRecord,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Stage,
    Territory,
    TerritoryAccount,
)
from worker.store.engine import Tx
from worker.store.mirror_tables import (
    AccountRow,
    DealContactRow,
    DealRow,
    EvidenceRow,
    GroupMemberRow,
    OutOfOfficeRow,
    PersonRow,
    ProspectRow,
    RoleHoldingRow,
    StageRow,
    TerritoryAccountRow,
    TerritoryRow,
)

CHUNK = 500
Item = TypeVar("Item")

TABLES: dict[type[Any], type[SQLModel]] = {
    Person: PersonRow,
    Account: AccountRow,
    Prospect: ProspectRow,
    Stage: StageRow,
    Deal: DealRow,
    DealContact: DealContactRow,
    RoleHolding: RoleHoldingRow,
    Territory: TerritoryRow,
    TerritoryAccount: TerritoryAccountRow,
    GroupMember: GroupMemberRow,
    OutOfOffice: OutOfOfficeRow,
    Evidence: EvidenceRow,
}

_COLUMNS = {
    noun: tuple(field.name for field in fields(noun) if field.name != "seen_at") for noun in TABLES
}


@dataclass(frozen=True, slots=True)
class Read:
    """One read of an object: its number among those of the object, and when it began."""

    number: int
    at: datetime


def table_of(noun: type[Any]) -> Table:
    """The table that mirrors a noun."""
    table: Table = SQLModel.metadata.tables[str(TABLES[noun].__tablename__)]
    return table


def columns_of(noun: type[Any]) -> tuple[str, ...]:
    """The noun's own columns, in order."""
    return _COLUMNS[noun]


def upsert(
    tx: Tx,
    noun: type[MirrorRecord],
    object_name: str,
    records: Sequence[MirrorRecord],
    read: Read,
) -> None:
    """Insert or bring up to date one chunk of records; idempotent."""
    if not records:
        return
    names = columns_of(noun)
    latest = {record.id: record for record in records}
    seen = {"object": object_name, "seen_at": read.at, "seen_in": read.number, "deleted_at": None}
    rows = [{name: getattr(record, name) for name in names} | seen for record in latest.values()]
    for row in rows:
        if "fields" in row:
            row["fields"] = dict(row["fields"])
    statement = _upsert_statement(noun, tx.dialect)  # type: ignore[arg-type]
    tx.conn.execute(statement, rows)


@cache
def _upsert_statement(noun: type[Any], dialect: str) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    table = table_of(noun)
    statement = insert(table)
    changed = (*columns_of(noun), "object", "seen_at", "seen_in", "deleted_at")
    return statement.on_conflict_do_update(
        index_elements=["id"],
        set_={name: statement.excluded[name] for name in changed if name != "id"},
    )


def held(tx: Tx, noun: type[MirrorRecord], ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The rows of these records by id, tombstones too; one chunk at most."""
    table = table_of(noun)
    rows = tx.conn.execute(select(table).where(table.c.id.in_(ids))).mappings()
    return {str(row["id"]): dict(row) for row in rows}


def touch(tx: Tx, noun: type[MirrorRecord], ids: Sequence[str], read: Read) -> None:
    """Note that this read saw these records, which are well as they are; one chunk at most."""
    if ids:
        table = table_of(noun)
        tx.conn.execute(
            update(table).where(table.c.id.in_(ids)).values(seen_at=read.at, seen_in=read.number)
        )


def tombstone(
    tx: Tx, noun: type[MirrorRecord], object_name: str, ids: Sequence[str], at: datetime
) -> int:
    """Mark records as gone from the CRM; how many were not so marked before.

    Routing never reads them again.
    """
    table = table_of(noun)
    gone = 0
    for chunk in chunks(ids):
        result = tx.conn.execute(
            update(table)
            .where(table.c.id.in_(chunk), table.c.object == object_name)
            .where(table.c.deleted_at.is_(None))
            .values(deleted_at=at)
        )
        gone += int(result.rowcount)
    return gone


def tombstone_unseen(
    tx: Tx,
    noun: type[MirrorRecord],
    object_name: str,
    read: Read,
    since: datetime | None = None,
) -> int:
    """After a whole read: what neither it nor a later one saw is gone. Returns how many.

    ``since``: the read was of records changed from then on and says nothing of older ones.
    """
    table = table_of(noun)
    statement = (
        update(table)
        .where(table.c.object == object_name, table.c.seen_in < read.number)
        .where(table.c.deleted_at.is_(None))
    )
    if since is not None:
        statement = statement.where(
            or_(table.c.modified_at.is_(None), table.c.modified_at >= since)
        )
    return int(tx.conn.execute(statement.values(deleted_at=read.at)).rowcount)


def count(conn: Any, noun: type[MirrorRecord]) -> int:
    """Living records of a noun."""
    table = table_of(noun)
    query = select(func.count()).select_from(table).where(table.c.deleted_at.is_(None))
    return int(conn.execute(query).scalar_one())


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Slices of at most ``CHUNK`` items."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
