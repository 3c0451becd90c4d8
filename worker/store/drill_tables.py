"""Drills: who was to hear a marked test message, and what came of it.

The messages themselves are rows of the outbox like every other, of the kind 'drill'; nothing here
is an alert, so that no figure, ladder, turn or report can mistake one for a lead.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from worker.store.columns import Json, Utc


class DrillRow(SQLModel, table=True):
    """One drill. States: ``asked`` → ``running`` → ``ended``, or ``withdrawn`` before it began.

    ``wait_seconds`` is how long it lasts, ``press_seconds`` how long each has to press.
    ``policy_hash`` is of the policy that it was planned by, ``worker_hash`` of the worker's.
    """

    __tablename__ = "drill"
    __table_args__ = (
        Index(
            "one_open_drill",
            "open",
            unique=True,
            sqlite_where=text("open"),
            postgresql_where=text("open"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    open: bool = True
    state: str = "asked"
    by: str
    policy_hash: str
    worker_hash: str = ""
    wait_seconds: int
    press_seconds: int
    asked_at: datetime = Field(sa_type=Utc)
    begun_at: datetime | None = Field(default=None, sa_type=Utc)
    ends_at: datetime | None = Field(default=None, sa_type=Utc)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)


class DrillTargetRow(SQLModel, table=True):
    """One who was to be told: a ``person``, a ``channel``, or who stands in (``cover``).

    ``place`` is None for somebody who has no address at all. ``rungs`` are those that would be
    told after a person, in order; empty where nobody is. ``skipped`` says why no message was
    sent on purpose, ``problem`` and ``mend`` why none could be. ``due_at`` is the timer of the
    press; ``covers`` are the names of those whom a cover stands in for.
    """

    __tablename__ = "drill_target"
    __table_args__ = (
        UniqueConstraint("drill_id", "kind", "place", name="one_target_per_drill_and_place"),
        Index(
            "drill_target_due",
            "drill_id",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )
    id: str = Field(primary_key=True)
    drill_id: int = Field(index=True)
    kind: str
    place: str | None = None
    name: str
    email: str = ""
    person_id: str | None = None
    why: str = ""
    rungs: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    covers: list[str] = Field(default_factory=list, sa_type=Json)
    skipped: str = ""
    problem: str = ""
    mend: str = ""
    due_at: datetime | None = Field(default=None, sa_type=Utc)
    pressed_at: datetime | None = Field(default=None, sa_type=Utc)
    pressed_by: str = ""
    press_problem: str = ""
    escalated_to: str | None = None
    """The cover that was told, or '' where nobody is left."""


class DrillTaskRow(SQLModel, table=True):
    """The marked task of a drill; an outbox by itself.

    ``step`` is what is to be done next: ``open``, ``complete``, ``read``, ``remove``; then
    ``done`` or ``failed``. Its times say how far it came. ``about`` names the CRM records.
    ``error`` is what failed for good, ``waits`` why a step is tried again.
    """

    __tablename__ = "drill_task"
    drill_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    key: str
    step: str = Field(default="open", index=True)
    about: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    about_name: str = ""
    remote_id: str | None = None
    url: str = ""
    unclear: bool = False
    attempts: int = 0
    next_attempt_at: datetime = Field(sa_type=Utc)
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    opened_at: datetime | None = Field(default=None, sa_type=Utc)
    completed_at: datetime | None = Field(default=None, sa_type=Utc)
    read_at: datetime | None = Field(default=None, sa_type=Utc)
    removed_at: datetime | None = Field(default=None, sa_type=Utc)
    waits: str = ""
    error: str = ""
    mend: str = ""
