"""What a decision is, and the proof that is stored with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from routing.terms import RungKind, SignalClass, StageClass


class Outcome(StrEnum):
    """How an accepted signal ends."""

    ALERT = "alert"
    JOIN = "join"
    DIGEST = "digest"
    EXPLAIN = "explain"
    HAND_OVER = "hand_over"
    """No end of a signal: its open alert was decided again, as the facts had changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message goes. ``kind`` is ``person`` (address: e-mail) or ``channel``."""

    surface: str
    kind: str
    address: str

    def __str__(self) -> str:
        return f"{self.surface}:{self.kind}:{self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value that the decision stood on: record, field, value, the CRM's stamp, our sight."""

    record: str
    record_id: str
    field: str
    value: str
    modified_at: datetime | None = None
    seen_at: datetime | None = None

    def age_seconds(self, now: datetime) -> float | None:
        """Seconds since the mirror last knew this to be so; None when it was never stamped."""
        return None if self.seen_at is None else max(0.0, (now - self.seen_at).total_seconds())


class Stamped(Protocol):
    """A record of the mirror, as far as a fact needs it."""

    @property
    def id(self) -> str:
        """The record's id in the CRM."""

    @property
    def modified_at(self) -> datetime | None:
        """The CRM's own stamp."""

    @property
    def seen_at(self) -> datetime | None:
        """When the mirror last knew the record to be current."""


def fact_of(record: str, row: Stamped, field: str, value: str) -> Fact:
    """The fact that ``field`` of a mirrored record (of kind ``record``) has this value."""
    return Fact(
        record=record,
        record_id=row.id,
        field=field,
        value=value,
        modified_at=row.modified_at,
        seen_at=row.seen_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody or some place that was considered, and why it was or was not taken."""

    rung: RungKind
    name: str
    taken: bool
    why: str
    person_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A usable rung: ``number`` is its place in the policy's ladder; ``wait`` working minutes."""

    number: int
    kind: RungKind
    place: Place
    wait: int
    name: str
    person_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """A person or channel that gets a copy and is not asked to act, and why."""

    place: Place
    name: str
    why: str
    person_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who, on which surface, why. ``steps`` are the usable rungs; the first is told now.

    ``watchers`` see a copy; ``digest_place`` is set for digests alone. ``role`` is the role that
    was assigned, ``unowned`` when nobody holds one. ``ladder`` is the name of the ladder that is
    climbed, '' for the usual one; ``passed`` the rules before the route, each with why it does
    not hold. ``turn`` is the pool or queue in which the assignee took a turn.
    """

    outcome: Outcome
    signal_class: SignalClass
    stage_class: StageClass | None
    role: str
    route: str
    reason: str
    steps: tuple[Step, ...] = ()
    assignee_id: str | None = None
    assignee_name: str = ""
    sending_rep_id: str | None = None
    deal_id: str | None = None
    deal_name: str = ""
    stage_label: str = ""
    ladder: str = ""
    turn: str = ""
    watchers: tuple[Watcher, ...] = ()
    digest_place: Place | None = None
    alert_id: str | None = None
    candidates: tuple[Candidate, ...] = ()
    passed: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    policy_hash: str = ""
