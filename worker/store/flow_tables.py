"""The flow: signals, alerts and everything that hangs on them. Uniqueness lives here.

Rows that somebody must act upon are outboxes: ``state``, ``next_attempt_at`` and ``lease_until``
say what is due, and a claim is an UPDATE that checks the state it came from.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from worker.store.columns import Json, Utc


class SignalRow(SQLModel, table=True):
    """A signal as it was reported, and how it ended. ``outcome`` is '' until it is decided."""

    __tablename__ = "signal"
    __table_args__ = (
        UniqueConstraint("source", "event_id", name="one_signal_per_source_and_id"),
        Index("signal_of_prospect", "prospect_email", "occurred_at"),
        Index("signal_received", "received_at"),
        Index(
            "signal_undecided",
            "id",
            sqlite_where=text("outcome = ''"),
            postgresql_where=text("outcome = ''"),
        ),
        Index(
            "signal_for_digest",
            "digest_place",
            sqlite_where=text("outcome = 'digest' AND digest_id IS NULL"),
            postgresql_where=text("outcome = 'digest' AND digest_id IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    source: str
    event_id: str
    kind: str
    prospect_email: str
    prospect_name: str = ""
    tier: int | None = None
    confidence: float | None = None
    sentiment: str | None = None
    thread_id: str = ""
    thread_url: str = ""
    subject: str = ""
    sending_rep: str = ""
    count: int = 1
    language: str = ""
    occurred_at: datetime = Field(sa_type=Utc)
    received_at: datetime = Field(sa_type=Utc)
    outcome: str = ""
    explanation: str = ""
    alert_id: str | None = Field(default=None, index=True)
    digest_place: str | None = None
    digest_id: str | None = None
    attempts: int = 0


class AlertRow(SQLModel, table=True):
    """The work item. While ``open`` its ``dedup_key`` is unique.

    States: ``fired``, ``acknowledged``, ``snoozed`` (open), ``responded``, ``noise`` (closed).
    ``revision`` counts changes that its messages and its task must show; ``version`` guards every
    change by compare-and-set. ``handed_at`` is when it last went to another assignee. ``ladder``
    is the name of the ladder that it climbs, ``turn`` the pool or queue in which its assignee took
    a turn; '' for none. Latencies are minutes. While it is snoozed, ``due_at`` is its end and
    ``snooze_zone`` the time zone of who snoozed it. Of noise, ``holder_id`` and ``closed_at`` say
    who and when, ``noise_reason`` is a ``NoiseReason`` or '' and ``noise_words`` the rep's own.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "one_open_alert_per_key",
            "dedup_key",
            unique=True,
            sqlite_where=text("open"),
            postgresql_where=text("open"),
        ),
        Index("alert_of_key", "dedup_key", "fired_at"),
        Index("alert_due", "due_at", sqlite_where=text("open"), postgresql_where=text("open")),
        Index(
            "alert_turn",
            "turn",
            "fired_at",
            sqlite_where=text("turn != ''"),
            postgresql_where=text("turn != ''"),
        ),
        Index("alert_of_assignee", "assignee_id", "fired_at"),
    )
    id: str = Field(primary_key=True)
    dedup_key: str
    open: bool = True
    state: str = "fired"
    version: int = 1
    revision: int = 1
    signal_class: str
    stage_class: str
    stage_label: str = ""
    role: str
    route: str
    reason: str
    prospect_id: str | None = Field(default=None, index=True)
    prospect_kind: str = ""
    prospect_email: str = Field(index=True)
    prospect_name: str
    account_id: str | None = None
    account_name: str = ""
    deal_id: str | None = None
    deal_name: str = ""
    thread_id: str = ""
    thread_url: str = ""
    subject: str = ""
    sending_rep: str = ""
    assignee_id: str | None = None
    assignee_name: str = ""
    holder_id: str | None = None
    holder_name: str = ""
    ladder: str = ""
    turn: str = ""
    rung: int = 0
    rung_kind: str
    rung_name: str
    rung_place: str
    policy_hash: str
    week: dict[str, Any] = Field(sa_type=Json)
    declined: list[str] = Field(default_factory=list, sa_type=Json)
    round: int = 0
    due_at: datetime | None = Field(default=None, sa_type=Utc)
    snooze_zone: str = ""
    handed_at: datetime | None = Field(default=None, sa_type=Utc)
    fired_at: datetime = Field(sa_type=Utc, index=True)
    delivered_at: datetime | None = Field(default=None, sa_type=Utc)
    acknowledged_at: datetime | None = Field(default=None, sa_type=Utc)
    responded_at: datetime | None = Field(default=None, sa_type=Utc)
    responder_id: str | None = None
    response_kind: str = ""
    latency_minutes: float | None = None
    working_latency_minutes: float | None = None
    closed_at: datetime | None = Field(default=None, sa_type=Utc)
    noise_reason: str = ""
    noise_words: str = ""


ALERT_OPEN = text("alert.open")
"""That an alert is open, as its partial indexes have it. For SQLite the column itself would become
“open = 1”, of which they know nothing: every alert that ever was would be looked at."""


class AlertEventRow(SQLModel, table=True):
    """One thing that happened to an alert, for its timeline."""

    __tablename__ = "alert_event"
    id: int | None = Field(default=None, primary_key=True)
    alert_id: str = Field(index=True)
    at: datetime = Field(sa_type=Utc)
    kind: str
    person_id: str | None = None
    text: str = ""


class AlertHolderRow(SQLModel, table=True):
    """One stretch of an alert's clock, and whose it was.

    The assignee's from the firing on, until the alert is claimed by another or handed over.
    ``person_id`` is None while nobody has it. Minutes are set once ``until`` is.
    """

    __tablename__ = "alert_holder"
    id: int | None = Field(default=None, primary_key=True)
    alert_id: str = Field(index=True)
    person_id: str | None = Field(default=None, index=True)
    name: str = ""
    how: str
    """'fired', 'handed_over', 'claimed' or 'reopened'."""
    week: dict[str, Any] = Field(sa_type=Json)
    since: datetime = Field(sa_type=Utc)
    until: datetime | None = Field(default=None, sa_type=Utc)
    minutes: float | None = None
    working_minutes: float | None = None


class ReviewRow(SQLModel, table=True):
    """An open alert whose facts have changed in the mirror: it is decided again when due."""

    __tablename__ = "review"
    alert_id: str = Field(primary_key=True)
    due_at: datetime = Field(sa_type=Utc, index=True)


class DeliveryRow(SQLModel, table=True):
    """One message to one place. ``revision`` is what the place shows, ``wanted`` what it should.

    States: ``pending`` → ``sending`` → ``sent`` or ``failed``. A ``sending`` whose lease ran out
    may have been sent: it is looked up before it is sent again.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("alert_id", "rung", "round", "place", name="one_delivery_per_rung_place"),
        Index("one_delivery_per_brief", "brief_id", unique=True),
        Index(
            "delivery_due",
            "next_attempt_at",
            sqlite_where=text("state != 'failed' AND (state != 'sent' OR revision < wanted)"),
            postgresql_where=text("state != 'failed' AND (state != 'sent' OR revision < wanted)"),
        ),
    )
    id: str = Field(primary_key=True)
    alert_id: str | None = Field(default=None, index=True)
    digest_id: str | None = Field(default=None, unique=True)
    drill_target_id: str | None = Field(default=None, index=True, unique=True)
    brief_id: str | None = None
    kind: str
    """'alert', 'watch', 'digest', 'brief' or 'drill'."""
    rung: int = 0
    round: int = 0
    rung_kind: str = ""
    place: str
    person_id: str | None = None
    state: str = "pending"
    revision: int = 0
    wanted: int = 1
    remote_id: str = ""
    remote_url: str = ""
    attempts: int = 0
    next_attempt_at: datetime = Field(sa_type=Utc)
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    first_try_at: datetime | None = Field(default=None, sa_type=Utc)
    created_at: datetime = Field(sa_type=Utc)
    sent_at: datetime | None = Field(default=None, sa_type=Utc)
    error: str = ""


class ActivityRow(SQLModel, table=True):
    """The CRM task of one alert; the outbox of the write-back. States as for deliveries."""

    __tablename__ = "activity"
    __table_args__ = (
        Index(
            "activity_due",
            "next_attempt_at",
            sqlite_where=text("state != 'failed' AND (state != 'sent' OR revision < wanted)"),
            postgresql_where=text("state != 'failed' AND (state != 'sent' OR revision < wanted)"),
        ),
    )
    key: str = Field(primary_key=True)
    alert_id: str = Field(unique=True)
    state: str = "pending"
    revision: int = 0
    wanted: int = 1
    remote_id: str | None = None
    opened_at: datetime | None = Field(default=None, sa_type=Utc)
    completed_at: datetime | None = Field(default=None, sa_type=Utc)
    attempts: int = 0
    next_attempt_at: datetime = Field(sa_type=Utc)
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    error: str = ""


class ReceiptRow(SQLModel, table=True):
    """The proof of one decision: enough to decide again."""

    __tablename__ = "receipt"
    id: int | None = Field(default=None, primary_key=True)
    signal_id: int = Field(index=True)
    alert_id: str | None = Field(default=None, index=True)
    decided_at: datetime = Field(sa_type=Utc)
    policy_hash: str
    outcome: str
    snapshot: dict[str, Any] = Field(sa_type=Json)
    decision: dict[str, Any] = Field(sa_type=Json)


class ResponseRow(SQLModel, table=True):
    """A first or later contact with the prospect after an alert, and its evidence."""

    __tablename__ = "response"
    __table_args__ = (UniqueConstraint("alert_id", "evidence", name="one_response_per_evidence"),)
    id: int | None = Field(default=None, primary_key=True)
    alert_id: str = Field(index=True)
    kind: str
    evidence: str
    at: datetime = Field(sa_type=Utc)
    person_id: str | None = None


class PressRow(SQLModel, table=True):
    """A button press that has been acted upon; unique, so that hearing it twice is harmless."""

    __tablename__ = "press"
    press_id: str = Field(primary_key=True)
    alert_id: str
    action: str
    surface: str
    address: str
    at: datetime = Field(sa_type=Utc)


class OutsiderRow(SQLModel, table=True):
    """Somebody who pressed a button and whom the mirror does not know, for the admin to see.

    ``email`` is what the surface tells of them, '' for nothing; ``last_at`` the latest press.
    """

    __tablename__ = "outsider"
    surface: str = Field(primary_key=True)
    address: str = Field(primary_key=True)
    email: str
    presses: int
    last_at: datetime = Field(sa_type=Utc)


class DigestRow(SQLModel, table=True):
    """One digest: a place and a local day."""

    __tablename__ = "digest"
    __table_args__ = (UniqueConstraint("place", "day", name="one_digest_per_place_and_day"),)
    id: str = Field(primary_key=True)
    place: str
    day: str
    person_id: str | None = None
    created_at: datetime = Field(sa_type=Utc)


class PolicyRow(SQLModel, table=True):
    """A version of the policy, kept so that an old alert lives by the rules it was fired under."""

    __tablename__ = "policy"
    hash: str = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_type=Json)
    loaded_at: datetime = Field(sa_type=Utc)


class DestinationRow(SQLModel, table=True):
    """The pace of one place: no new message before ``next_at``."""

    __tablename__ = "destination"
    place: str = Field(primary_key=True)
    next_at: datetime = Field(sa_type=Utc)


class IdentityRow(SQLModel, table=True):
    """A person's address on a surface; '' remembers that the surface knows nobody by the e-mail."""

    __tablename__ = "identity"
    surface: str = Field(primary_key=True)
    email: str = Field(primary_key=True)
    address: str = Field(index=True)
    checked_at: datetime = Field(sa_type=Utc)


class PersonSettingRow(SQLModel, table=True):
    """A rep's own choices. ``real_time`` and ``silent`` are names of signal classes.

    Quiet hours are minutes of the rep's local day; both are set or neither.
    """

    __tablename__ = "person_setting"
    person_id: str = Field(primary_key=True)
    real_time: list[str] | None = Field(default=None, sa_type=Json)
    silent: list[str] = Field(default_factory=list, sa_type=Json)
    surface: str = ""
    quiet_from: int | None = None
    quiet_until: int | None = None
    changed_at: datetime = Field(sa_type=Utc)


class MetaRow(SQLModel, table=True):
    """Facts about the store itself, such as which CRM it mirrors."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str
