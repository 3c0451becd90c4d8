"""Everything that one decision may look at: the facts, frozen at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from routing.nouns import (
    Account,
    Deal,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Signal,
    Stage,
)
from routing.policy import SignalClass


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlert:
    """The alert that is open for the same dedup key."""

    id: str
    signal_class: SignalClass
    thread_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A person's own choice of what interrupts; None follows the policy."""

    real_time: tuple[SignalClass, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The facts of one decision. ``people`` are by id and hold everybody who may be asked.

    ``deals`` are the account's and the prospect's open and lately won ones;
    ``prospect_deals`` the ids of those that the prospect takes part in. ``recent`` are earlier
    signals of the prospect, for multi-opens.
    """

    prospect: Prospect | None = None
    account: Account | None = None
    deals: tuple[Deal, ...] = ()
    prospect_deals: frozenset[str] = frozenset()
    stages: Mapping[str, Stage] = field(default_factory=dict)
    holdings: tuple[RoleHolding, ...] = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    out_of_office: tuple[OutOfOffice, ...] = ()
    recent: tuple[Signal, ...] = ()
    open_alert: OpenAlert | None = None
    preferences: Mapping[str, Preference] = field(default_factory=dict)

    def by_email(self, email: str) -> Person | None:
        """The active person with this e-mail; a queue or an inactive one only for want of any."""
        found = [person for person in self.people.values() if person.email == email.lower()]
        return min(found, key=lambda one: (not one.active, one.queue, one.id), default=None)

    def away(self, person_id: str, now: datetime) -> OutOfOffice | None:
        """The absence that holds now and ends last, if any."""
        current = [
            row
            for row in self.out_of_office
            if row.person_id == person_id and row.starts_at <= now < row.ends_at
        ]
        return max(current, key=lambda row: (row.ends_at, row.id), default=None)
