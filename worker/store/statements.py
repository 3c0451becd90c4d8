"""Writes of single rows by statements that are made once: making one anew costs more than
running it."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, Update, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from worker.store.engine import Tx


def add(tx: Tx, table: Table, values: dict[str, Any]) -> None:
    """Insert one row."""
    tx.conn.execute(_insert(table), values)


def add_unless_there(
    tx: Tx,
    table: Table,
    values: dict[str, Any],
    *unique: str,
    where: ColumnElement[bool] | None = None,
) -> bool:
    """Insert unless a row is there with the same ``unique`` columns; says whether it was.

    ``where`` is the condition of the unique index, where it has one.
    """
    statement = insert_unless_there(table, tx.dialect, *unique, where=where)
    return tx.conn.execute(statement, values).rowcount == 1


@cache
def insert_unless_there(
    table: Table, dialect: str, *unique: str, where: ColumnElement[bool] | None = None
) -> Any:
    """The statement of ``add_unless_there``, to be given ``returning`` and kept."""
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return make(table).on_conflict_do_nothing(index_elements=unique, index_where=where)


def change(tx: Tx, table: Table, row_id: Any, values: dict[str, Any]) -> None:
    """Update the row with this ``id``."""
    tx.conn.execute(_update(table), values | {"which": row_id})


@cache
def _insert(table: Table) -> Any:
    return insert(table)


@cache
def _update(table: Table) -> Update:
    return update(table).where(table.c.id == bindparam("which"))
