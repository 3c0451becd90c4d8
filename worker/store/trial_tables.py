"""Policies on trial beside the live one, and the versions of the live one: who and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from worker.store.columns import Json, Utc


class PolicyVersionRow(SQLModel, table=True):
    """That a policy became the live one. ``text`` is its file as written, '' where not known."""

    __tablename__ = "policy_version"
    id: int | None = Field(default=None, primary_key=True)
    hash: str = Field(index=True)
    at: datetime = Field(sa_type=Utc)
    by: str
    how: str
    """'loaded' when a worker began with it, 'promoted' by the command."""
    text: str = ""


class ShadowRow(SQLModel, table=True):
    """A candidate that is decided beside the live policy; one at a time is not stopped.

    ``cursor`` is the last receipt that was looked at; ``error`` why it could not go on.
    """

    __tablename__ = "shadow"
    __table_args__ = (
        Index(
            "one_running_shadow",
            "running",
            unique=True,
            sqlite_where=text("running"),
            postgresql_where=text("running"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    hash: str
    file: str
    text: str
    by: str
    running: bool = True
    started_at: datetime = Field(sa_type=Utc)
    stopped_at: datetime | None = Field(default=None, sa_type=Utc)
    first: int = 0
    """The last receipt before it began."""
    cursor: int = 0
    signals: int = 0
    disagreements: int = 0
    error: str = ""


class DisagreementRow(SQLModel, table=True):
    """A signal that a candidate would have decided otherwise."""

    __tablename__ = "disagreement"
    __table_args__ = (UniqueConstraint("shadow_id", "signal_id", name="one_disagreement_each"),)
    id: int | None = Field(default=None, primary_key=True)
    shadow_id: int
    signal_id: int
    at: datetime = Field(sa_type=Utc)
    found: dict[str, Any] = Field(sa_type=Json)
