"""What live reads, the budget of calls and the watchdog remember, shared by all workers."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from worker.store.columns import Utc


class LiveReadRow(SQLModel, table=True):
    """When a scope (an account with all that belongs to it, a person …) was last read live."""

    __tablename__ = "live_read"
    scope: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Utc, index=True)


class CircuitRow(SQLModel, table=True):
    """Whether something outside is worth asking: not before ``open_until``, where that is set."""

    __tablename__ = "circuit"
    name: str = Field(primary_key=True)
    failures: int = 0
    open_until: datetime | None = Field(default=None, sa_type=Utc)
    error: str = ""


class TallyRow(SQLModel, table=True):
    """How often something happened, since the store was made."""

    __tablename__ = "tally"
    name: str = Field(primary_key=True)
    count: int = 0


class BudgetRow(SQLModel, table=True):
    """The day's calls to the CRM as last told, and what follows for polling.

    ``used`` and ``most`` are of all apps; 0 of 0 when the CRM tells nothing. ``resets_at`` is
    empty where the count is of the past 24 hours. ``pace`` stretches the time between reads.
    """

    __tablename__ = "budget"
    crm: str = Field(primary_key=True)
    used: int = 0
    most: int = 0
    resets_at: datetime | None = Field(default=None, sa_type=Utc)
    told_at: datetime | None = Field(default=None, sa_type=Utc)
    state: str = "unknown"
    pace: float = 1.0
    forecast: float = 0.0
    left_for_polling: float = 0.0
    why: str = ""


class ApiCallsRow(SQLModel, table=True):
    """Our own calls to the CRM, by the hour."""

    __tablename__ = "api_calls"
    hour: datetime = Field(sa_type=Utc, primary_key=True)
    calls: int = 0


class ReadCostRow(SQLModel, table=True):
    """How many calls one read of an object takes, as an average that follows the latest ones."""

    __tablename__ = "read_cost"
    object: str = Field(primary_key=True)
    calls: float = 0.0


class NoticeRow(SQLModel, table=True):
    """Something that an admin must know, told once while it lasts."""

    __tablename__ = "notice"
    key: str = Field(primary_key=True)
    text: str
    since: datetime = Field(sa_type=Utc)
    told_at: datetime | None = Field(default=None, sa_type=Utc)
    try_at: datetime = Field(sa_type=Utc)
    attempts: int = 0
    error: str = ""
