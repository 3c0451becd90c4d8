"""Writes pages of CRM records into the mirror, in small transactions and only as they changed.

Chunks are small so that a signal that comes in meanwhile waits a few milliseconds and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from routing.nouns import (
    Account,
    Deal,
    DealContact,
    Evidence,
    MirrorRecord,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Stage,
)
from worker.store.engine import Store, Tx
from worker.store.mirror_tables import (
    AccountRow,
    DealContactRow,
    DealRow,
    EvidenceRow,
    OutOfOfficeRow,
    PersonRow,
    ProspectRow,
    RoleHoldingRow,
    StageRow,
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
    OutOfOffice: OutOfOfficeRow,
    Evidence: EvidenceRow,
}

_COLUMNS = {
    noun: tuple(field.name for field in fields(noun) if field.name != "seen_at") for noun in TABLES
}


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
    seen_at: datetime,
) -> None:
    """Insert or bring up to date one chunk of records; idempotent."""
    if not records:
        return
    names = columns_of(noun)
    latest = {record.id: record for record in records}
    rows = [
        {name: getattr(record, name) for name in names}
        | {"object": object_name, "seen_at": seen_at, "deleted_at": None}
        for record in latest.values()
    ]
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
    changed = (*columns_of(noun), "object", "seen_at", "deleted_at")
    return statement.on_conflict_do_update(
        index_elements=["id"],
        set_={name: statement.excluded[name] for name in changed if name != "id"},
    )


def tombstone(
    tx: Tx, noun: type[MirrorRecord], object_name: str, ids: Sequence[str], at: datetime
) -> None:
    """Mark records as gone from the CRM. Routing never reads them again."""
    table = table_of(noun)
    for chunk in chunks(ids):
        tx.conn.execute(
            update(table)
            .where(table.c.id.in_(chunk), table.c.object == object_name)
            .where(table.c.deleted_at.is_(None))
            .values(deleted_at=at)
        )


def tombstone_unseen(
    store: Store, noun: type[MirrorRecord], object_name: str, since: datetime
) -> int:
    """After a whole read: what was not seen since it began is gone. Returns how many."""
    table = table_of(noun)
    with store.write() as tx:
        result = tx.conn.execute(
            update(table)
            .where(table.c.object == object_name, table.c.seen_at < since)
            .where(table.c.deleted_at.is_(None))
            .values(deleted_at=since)
        )
        return int(result.rowcount)


def count(conn: Any, noun: type[MirrorRecord]) -> int:
    """Living records of a noun."""
    table = table_of(noun)
    query = select(func.count()).select_from(table).where(table.c.deleted_at.is_(None))
    return int(conn.execute(query).scalar_one())


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Slices of at most ``CHUNK`` items."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
