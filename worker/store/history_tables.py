"""The history of the facts: beside each table of the mirror one with the values of before.

A row is one version: the mirror held these values from ``held_from`` until ``held_until``, end
exclusive. Versions of one record do not overlap. The tables are made from the mirror's, so that a
new column of a fact has its history, too.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Table
from sqlmodel import SQLModel

from worker.store import flow_tables, mirror_tables
from worker.store.columns import Utc

_KEPT_OUT = frozenset({"seen_in", "deleted_at"})
"""Columns of the mirror that say nothing about a version that has ended."""


def _history_of(model: type[SQLModel], key: str, since: str) -> Table:
    table: Table = SQLModel.metadata.tables[str(model.__tablename__)]
    name = f"{table.name}_history"
    columns = [
        Column(one.name, one.type, primary_key=one.name in (key, since), nullable=one.nullable)
        for one in table.columns
        if one.name not in _KEPT_OUT
    ]
    indexed = [one.name for index in table.indexes for one in index.columns]
    made = Table(name, SQLModel.metadata, *columns, Column("held_until", Utc, nullable=False))
    for one in indexed:
        Index(f"ix_{name}_{one}", made.c[one], made.c.held_until)
    Index(f"ix_{name}_held_until", made.c.held_until)
    return made


_FACTS: tuple[type[SQLModel], ...] = (
    mirror_tables.PersonRow,
    mirror_tables.AccountRow,
    mirror_tables.ProspectRow,
    mirror_tables.StageRow,
    mirror_tables.DealRow,
    mirror_tables.DealContactRow,
    mirror_tables.RoleHoldingRow,
    mirror_tables.TerritoryRow,
    mirror_tables.TerritoryAccountRow,
    mirror_tables.GroupMemberRow,
    mirror_tables.OutOfOfficeRow,
)

FACT_HISTORY: dict[type[SQLModel], Table] = {
    model: _history_of(model, "id", "held_from") for model in _FACTS
}
"""The history table of each table of facts."""

PERSON_SETTING_HISTORY = _history_of(flow_tables.PersonSettingRow, "person_id", "changed_at")
"""What people had chosen before; a version begins at its ``changed_at``."""
