"""Which table mirrors which noun, and by which columns."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Table
from sqlmodel import SQLModel

from routing.nouns import (
    Account,
    Deal,
    DealContact,
    Evidence,
    GroupMember,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Stage,
    Territory,
    TerritoryAccount,
)
from worker.store.history_tables import FACT_HISTORY
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
    noun: tuple(one.name for one in fields(noun) if one.name != "seen_at") for noun in TABLES
}


def table_of(noun: type[Any]) -> Table:
    """The table that mirrors a noun."""
    table: Table = SQLModel.metadata.tables[str(TABLES[noun].__tablename__)]
    return table


def columns_of(noun: type[Any]) -> tuple[str, ...]:
    """The noun's own columns, in order."""
    return _COLUMNS[noun]


def history_of(noun: type[Any]) -> Table | None:
    """The table with the past values of a noun; None for evidence, by which nobody routes."""
    return FACT_HISTORY.get(TABLES[noun])
