"""The records that routing reads and that every connector yields.

Each noun is one record as a CRM (or tracker) holds it, in the words of the glossary. Times are
aware and in UTC. ``modified_at`` is the CRM's own stamp; ``seen_at`` is when the mirror last knew
the record to be current, filled by the store and left empty by connectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from routing.names import name_key


class SignalKind(StrEnum):
    """What a tracker or the CRM saw. The ``rep_*`` kinds are the rep's own actions: responses."""

    OPEN = "open"
    MULTI_OPEN = "multi_open"
    CLICK = "click"
    REPLY = "reply"
    VISIT = "visit"
    FORM = "form"
    REP_EMAIL = "rep_email"
    REP_CALL = "rep_call"
    REP_MEETING = "rep_meeting"


RESPONSE_KINDS = frozenset({SignalKind.REP_EMAIL, SignalKind.REP_CALL, SignalKind.REP_MEETING})


class Sentiment(StrEnum):
    """How a reply reads, as the tracker classified it."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One engagement event about one prospect; unique by (source, event_id)."""

    source: str
    event_id: str
    kind: SignalKind
    prospect_email: str
    occurred_at: datetime
    received_at: datetime
    tier: int | None = None
    confidence: float | None = None
    sentiment: Sentiment | None = None
    prospect_name: str = ""
    thread_id: str = ""
    thread_url: str = ""
    subject: str = ""
    sending_rep: str = ""
    count: int = 1
    language: str = ""
    """Language of the thread, such as ``de``; '' when the source does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of the CRM. ``id`` is the id that record owners refer to.

    ``fields`` here and below holds the extra fields that the policy names, by their CRM name.
    """

    id: str
    email: str
    name: str
    active: bool = True
    manager_id: str | None = None
    backup_id: str | None = None
    title: str = ""
    role_name: str = ""
    time_zone: str = ""
    working_hours: str = ""
    """JSON list of ``[weekday 0-6, start minute, end minute]``; empty when the CRM holds none."""
    queue: bool = False
    profile_name: str = ""
    department: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A company. ``name_key`` is its name as names are compared; it follows from the name."""

    id: str
    name: str
    domain: str = ""
    owner_id: str | None = None
    kind: str = ""
    parent_id: str | None = None
    name_key: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None
    seen_at: datetime | None = None

    def __post_init__(self) -> None:
        """Work out the key where it was not given."""
        if not self.name_key:
            object.__setattr__(self, "name_key", name_key(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """A contact or a lead. ``converted_to`` is the contact that a converted lead became."""

    id: str
    kind: str
    email: str
    name: str
    title: str = ""
    company: str = ""
    account_id: str | None = None
    owner_id: str | None = None
    converted_to: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A deal stage of a pipeline. ``id`` is what deals refer to; ``position`` orders a pipeline."""

    id: str
    label: str
    pipeline_id: str = ""
    position: int = 0
    is_closed: bool = False
    is_won: bool = False
    active: bool = True
    modified_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """An opportunity (Salesforce) or deal (HubSpot)."""

    id: str
    name: str
    stage_id: str
    account_id: str | None = None
    pipeline_id: str = ""
    owner_id: str | None = None
    amount: float | None = None
    is_closed: bool = False
    is_won: bool = False
    closed_at: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DealContact:
    """That a prospect takes part in a deal, and as what (contact role, association label)."""

    id: str
    deal_id: str
    prospect_id: str
    role: str = ""
    modified_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleHolding:
    """A person's place in the team of an account or a deal, under the CRM's own role name."""

    id: str
    person_id: str
    role: str
    account_id: str | None = None
    deal_id: str | None = None
    modified_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """A sales territory; an inactive one, or one of an inactive model, routes nobody."""

    id: str
    name: str
    parent_id: str | None = None
    active: bool = True
    modified_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TerritoryAccount:
    """That an account belongs to a territory."""

    id: str
    territory_id: str
    account_id: str
    modified_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMember:
    """A person's place in a queue or a territory (``group_id``), with the role they have there."""

    id: str
    group_id: str
    person_id: str
    role: str = ""
    modified_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfOffice:
    """An interval, end exclusive, in which a person cannot act; ``source`` says who told us.

    With ``available`` the source says the opposite: the person can act, whatever lesser sources
    say.
    """

    id: str
    person_id: str
    starts_at: datetime
    ends_at: datetime
    source: str
    note: str = ""
    available: bool = False
    modified_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A rep's contact with a prospect as the CRM recorded it: e-mail, call, meeting and so on.

    ``kind`` is one of ``email``, ``call``, ``meeting``, ``message``, ``task``; ``at`` is when it
    happened, not when it was logged. A CRM record that names two prospects is two pieces of
    evidence.
    """

    id: str
    kind: str
    at: datetime
    person_id: str | None = None
    prospect_id: str | None = None
    account_id: str | None = None
    outbound: bool = True
    automated: bool = False
    subject: str = ""
    modified_at: datetime | None = None
    seen_at: datetime | None = None


MirrorRecord = (
    Person
    | Account
    | Prospect
    | Stage
    | Deal
    | DealContact
    | RoleHolding
    | Territory
    | TerritoryAccount
    | GroupMember
    | OutOfOffice
    | Evidence
)
