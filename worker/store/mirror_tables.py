"""The mirror: one table a noun, with the same column names, so that rows and nouns convert freely.

``object`` is the CRM object that the row was read from (contacts and leads share a table);
``seen_in`` is the number of the read that saw it last: unlike times, numbers only grow.
``deleted_at`` marks a tombstone, which routing never reads.

Of every fact (all but evidence) the table ``<name>_history`` keeps the values that it had before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from worker.store.columns import Json, Utc


class MirrorRow(SQLModel):
    """Columns that every mirrored record has."""

    id: str = Field(primary_key=True)
    object: str = Field(index=False)
    modified_at: datetime | None = Field(default=None, sa_type=Utc)
    seen_at: datetime = Field(sa_type=Utc)
    seen_in: int
    deleted_at: datetime | None = Field(default=None, sa_type=Utc)


class FactRow(MirrorRow):
    """A record that routing reads. ``held_from`` is when the mirror came to hold these values.

    Of a tombstone it is when the mirror took the record away.
    """

    held_from: datetime = Field(sa_type=Utc)


class PersonRow(FactRow, table=True):
    """A user of the CRM."""

    __tablename__ = "person"
    email: str = Field(index=True)
    name: str
    active: bool = True
    manager_id: str | None = None
    backup_id: str | None = None
    title: str = ""
    role_name: str = ""
    time_zone: str = ""
    working_hours: str = ""
    queue: bool = False
    profile_name: str = ""
    department: str = ""
    fields: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class AccountRow(FactRow, table=True):
    """A company."""

    __tablename__ = "account"
    name: str
    domain: str = Field(default="", index=True)
    owner_id: str | None = None
    kind: str = ""
    parent_id: str | None = None
    name_key: str = Field(default="", index=True)
    fields: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class ProspectRow(FactRow, table=True):
    """A contact or a lead."""

    __tablename__ = "prospect"
    kind: str
    email: str = Field(index=True)
    name: str
    title: str = ""
    company: str = ""
    account_id: str | None = Field(default=None, index=True)
    owner_id: str | None = None
    converted_to: str | None = None
    fields: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class StageRow(FactRow, table=True):
    """A deal stage."""

    __tablename__ = "stage"
    label: str
    pipeline_id: str = ""
    position: int = 0
    is_closed: bool = False
    is_won: bool = False
    active: bool = True


class DealRow(FactRow, table=True):
    """An opportunity or deal."""

    __tablename__ = "deal"
    name: str
    stage_id: str
    account_id: str | None = Field(default=None, index=True)
    pipeline_id: str = ""
    owner_id: str | None = None
    amount: float | None = None
    is_closed: bool = False
    is_won: bool = False
    closed_at: datetime | None = Field(default=None, sa_type=Utc)
    fields: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class DealContactRow(FactRow, table=True):
    """That a prospect takes part in a deal."""

    __tablename__ = "deal_contact"
    deal_id: str = Field(index=True)
    prospect_id: str = Field(index=True)
    role: str = ""


class RoleHoldingRow(FactRow, table=True):
    """A person's place in the team of an account or a deal."""

    __tablename__ = "role_holding"
    person_id: str
    role: str
    account_id: str | None = Field(default=None, index=True)
    deal_id: str | None = Field(default=None, index=True)


class TerritoryRow(FactRow, table=True):
    """A sales territory."""

    __tablename__ = "territory"
    name: str
    parent_id: str | None = None
    active: bool = True


class TerritoryAccountRow(FactRow, table=True):
    """That an account belongs to a territory."""

    __tablename__ = "territory_account"
    territory_id: str = Field(index=True)
    account_id: str = Field(index=True)


class GroupMemberRow(FactRow, table=True):
    """A person's place in a queue or a territory."""

    __tablename__ = "group_member"
    group_id: str = Field(index=True)
    person_id: str
    role: str = ""


class OutOfOfficeRow(FactRow, table=True):
    """An interval in which a person cannot act."""

    __tablename__ = "out_of_office"
    person_id: str = Field(index=True)
    starts_at: datetime = Field(sa_type=Utc)
    ends_at: datetime = Field(sa_type=Utc)
    source: str
    note: str = ""
    available: bool = False


class EvidenceRow(MirrorRow, table=True):
    """A rep's contact with a prospect, as the CRM recorded it."""

    __tablename__ = "evidence"
    kind: str
    at: datetime = Field(sa_type=Utc)
    person_id: str | None = None
    prospect_id: str | None = Field(default=None, index=True)
    account_id: str | None = None
    outbound: bool = True
    automated: bool = False
    subject: str = ""


class ReadSpanRow(SQLModel, table=True):
    """Complete reads of one object that followed each other; ``longest`` seconds lay between two.

    Tells how old the facts of the object were at a moment of the past.
    """

    __tablename__ = "read_span"
    object: str = Field(primary_key=True)
    first_at: datetime = Field(sa_type=Utc, primary_key=True)
    last_at: datetime = Field(sa_type=Utc)
    longest: float = 0.0


class PersonReadRow(SQLModel, table=True):
    """Reads of one person's part of an object, such as their calendar, that followed each other.

    ``person_id`` '*' stands for everybody without a row. ``last_at`` is None as long as no read
    succeeded; ``longest`` seconds lay between two. ``until`` is when another span of the person
    began, or they were read no more; None of the present one.
    """

    __tablename__ = "person_read"
    object: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    first_at: datetime = Field(sa_type=Utc, primary_key=True)
    last_at: datetime | None = Field(default=None, sa_type=Utc)
    longest: float = 0.0
    until: datetime | None = Field(default=None, sa_type=Utc)


class WatermarkRow(SQLModel, table=True):
    """How far one object has been read. ``finished_at`` is the last complete read, ``since`` when
    the object was first to be read; None of a store that is older than this column.

    ``next_at`` and ``lease_until`` see to it that of several workers one reads at a time;
    ``lease_of`` is the number of the read that may write. ``reads`` counts the reads begun, of
    changes and of the whole.
    """

    __tablename__ = "watermark"
    object: str = Field(primary_key=True)
    crm: str
    since: datetime | None = Field(default=None, sa_type=Utc)
    mark: str | None = None
    reads: int = 0
    lease_of: int = 0
    started_at: datetime | None = Field(default=None, sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)
    next_at: datetime = Field(sa_type=Utc)
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    records: int = 0
    error: str = ""


class DriftRow(SQLModel, table=True):
    """How far the mirror of one object had drifted when it was last read anew from end to end.

    ``missing``, ``stale`` and ``extra`` are of the last complete reconcile, at ``finished_at``;
    the other columns are as those of the watermark.
    """

    __tablename__ = "drift"
    object: str = Field(primary_key=True)
    lease_of: int = 0
    started_at: datetime | None = Field(default=None, sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)
    next_at: datetime = Field(sa_type=Utc)
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    missing: int = 0
    stale: int = 0
    extra: int = 0
    error: str = ""
