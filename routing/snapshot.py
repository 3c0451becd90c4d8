"""Everything that one decision may look at: the facts, frozen at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from routing.nouns import (
    Account,
    Deal,
    GroupMember,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Signal,
    Stage,
    Territory,
)
from routing.terms import SignalClass


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlert:
    """The alert that is open for the same dedup key."""

    id: str
    signal_class: SignalClass
    thread_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A person's own choice; None and '' follow the policy.

    Of the signal classes ``real_time`` interrupt, ``silent`` are never told, the others go into
    the digest. Quiet hours are minutes of the person's local day, and may go past midnight.
    """

    real_time: tuple[SignalClass, ...] | None = None
    silent: tuple[SignalClass, ...] = ()
    surface: str = ""
    quiet: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a person has to do: alerts that are open, and those of the last 24 hours."""

    open: int = 0
    today: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMatch:
    """That an account was found for a prospect who has none in the CRM, and how surely."""

    account_id: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """A public holiday of a person's region; a local day."""

    day: date
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The facts of one decision. ``people`` are by id and hold everybody who may be asked.

    ``deals`` are the account's and the prospect's open and lately won ones;
    ``prospect_deals`` the ids of those that the prospect takes part in, ``contact_roles`` what
    as. ``recent`` are earlier signals of the prospect, for multi-opens. ``group_members`` are of
    the account's territories and of queues. ``loads`` are by person, ``turns`` the alerts that
    each member of a pool was given lately. ``holidays`` are by person, around the moment.
    ``sources`` tells when each source of absences was last read; None: never. ``own_sources``
    tells the same of single people, by their id, where it differs: one person's calendar may not
    be readable while those of the others are.
    """

    prospect: Prospect | None = None
    account: Account | None = None
    match: AccountMatch | None = None
    deals: tuple[Deal, ...] = ()
    prospect_deals: frozenset[str] = frozenset()
    contact_roles: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[str, Stage] = field(default_factory=dict)
    holdings: tuple[RoleHolding, ...] = ()
    territories: tuple[Territory, ...] = ()
    group_members: tuple[GroupMember, ...] = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    out_of_office: tuple[OutOfOffice, ...] = ()
    holidays: Mapping[str, tuple[Holiday, ...]] = field(default_factory=dict)
    sources: Mapping[str, datetime | None] = field(default_factory=dict)
    own_sources: Mapping[str, Mapping[str, datetime | None]] = field(default_factory=dict)
    recent: tuple[Signal, ...] = ()
    open_alert: OpenAlert | None = None
    preferences: Mapping[str, Preference] = field(default_factory=dict)
    loads: Mapping[str, Load] = field(default_factory=dict)
    turns: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def sources_of(self, person_id: str) -> Mapping[str, datetime | None]:
        """When each source that tells of this person was last read for them; None: never."""
        own = self.own_sources.get(person_id)
        return self.sources if own is None else {**self.sources, **own}

    def by_email(self, email: str) -> Person | None:
        """The active person with this e-mail; a queue or an inactive one only for want of any."""
        found = [person for person in self.people.values() if person.email == email.lower()]
        return min(found, key=lambda one: (not one.active, one.queue, one.id), default=None)

    def queue(self, name: str) -> Person | None:
        """The queue of this name."""
        wanted = name.casefold()
        found = (one for one in self.people.values() if one.queue)
        named = (one for one in found if one.name.casefold() == wanted)
        return min(named, key=lambda one: one.id, default=None)
