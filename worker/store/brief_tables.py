"""What went past somebody who was away, and the briefs that tell them when they are back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from worker.store.columns import Utc

_OPEN = text("brief_id IS NULL")


class RoutedPastRow(SQLModel, table=True):
    """An alert that a cover was told of first while its assignee was away.

    ``brief_id`` is None until the assignee is back and is told. Of an alert that goes past the
    same person several times before that, the first time counts.
    """

    __tablename__ = "routed_past"
    __table_args__ = (
        Index(
            "one_open_row_per_person_and_alert",
            "person_id",
            "alert_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    person_id: str
    alert_id: str = Field(index=True)
    at: datetime = Field(sa_type=Utc)
    cover_name: str
    cover_kind: str
    """The rung of the cover, or 'handed_over' where the alert got another assignee meanwhile."""
    brief_id: str | None = Field(default=None, index=True)


class ReturnBriefRow(SQLModel, table=True):
    """One brief. ``id`` follows from the first row that it tells of, so that nobody makes two."""

    __tablename__ = "return_brief"
    id: str = Field(primary_key=True)
    person_id: str = Field(index=True)
    place: str
    since: datetime = Field(sa_type=Utc)
    """When the first alert went past them."""
    made_at: datetime = Field(sa_type=Utc)
