"""Where hints are kept: which object was hinted at, who listens to which source, and how far."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from worker.store.columns import Utc


class HintRow(SQLModel, table=True):
    """The last hint about one object. A read that begins later answers it.

    ``again_at``: the moment from which another read sees what this one may have been too early for.
    """

    __tablename__ = "hint"
    object: str = Field(primary_key=True)
    hinted_at: datetime = Field(sa_type=Utc)
    again_at: datetime | None = Field(default=None, sa_type=Utc)


class HintSourceRow(SQLModel, table=True):
    """One source of hints: which worker listens to it, or when it is tried again, and what came.

    ``hints`` counts what was told, ever; ``refused`` the calls of a webhook that were not taken.
    """

    __tablename__ = "hint_source"
    name: str = Field(primary_key=True)
    holder: str = ""
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    next_at: datetime = Field(sa_type=Utc)
    failures: int = 0
    error: str = ""
    hinted_at: datetime | None = Field(default=None, sa_type=Utc)
    hints: int = 0
    refused: int = 0


class HintPositionRow(SQLModel, table=True):
    """How far a source has told of one topic; opaque to all but the source."""

    __tablename__ = "hint_position"
    source: str = Field(primary_key=True)
    topic: str = Field(primary_key=True)
    position: str
    moved_at: datetime = Field(sa_type=Utc)
