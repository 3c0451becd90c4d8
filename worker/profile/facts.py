"""What the profile knows of an org, apart from its accounts: all of it counts, none of it rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.base import OwnerField
from routing.nouns import Person
from worker.profile.words import role_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StageUse:
    """The stages of one label, in whichever pipelines; ``owners`` count their open deals."""

    label: str
    closed: bool = False
    won: bool = False
    active: bool = True
    owners: Mapping[str, int] = field(default_factory=dict)

    @property
    def open_deals(self) -> int:
        """How many open deals are in it."""
        return sum(self.owners.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgFacts:
    """Counts and names. Keys of ``*_owners`` are ids of people, those of roles the CRM's words.

    ``account_roles`` counts accounts whose team has the role, ``deal_roles`` deals,
    ``territory_roles`` people.
    """

    crm: str
    people: Mapping[str, Person]
    accounts: int
    deals: int = 0
    prospects: int = 0
    stages: Sequence[StageUse] = ()
    """In the order of the pipelines."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    won_accounts: int = 0
    account_roles: Mapping[str, int] = field(default_factory=dict)
    deal_roles: Mapping[str, int] = field(default_factory=dict)
    territories: int = 0
    territory_roles: Mapping[str, int] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    """Members of each queue."""
    account_owners: Mapping[str, int] = field(default_factory=dict)
    fields: Sequence[OwnerField] = ()
    holders: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Whom each owner field names, and how often, by ``noun.name``."""

    @property
    def open_deals(self) -> int:
        """How many deals are open."""
        return sum(one.open_deals for one in self.stages)

    @property
    def backed(self) -> tuple[int, int]:
        """For how many of the active people the CRM names somebody who covers, and how many."""
        active = [one for one in self.people.values() if one.active]
        return sum(self.is_active(one.backup_id or "") for one in active), len(active)

    def is_active(self, person_id: str) -> bool:
        """Whether this is an active person."""
        person = self.people.get(person_id)
        return person is not None and person.active

    def most_are(self, counts: Mapping[str, int]) -> str:
        """The role, by title, of those who have at least 60 % of these counts; '' for none."""
        shares: dict[str, int] = {}
        for person_id, number in counts.items():
            person = self.people.get(person_id)
            role = role_of_person(person) if person is not None else ""
            shares[role] = shares.get(role, 0) + number
        total = sum(counts.values())
        best = max((one for one in shares if one), key=lambda one: shares[one], default="")
        return best if best and shares[best] >= _MOST * total else ""


_MOST = 0.6


def role_of_person(person: Person) -> str:
    """What a person is by their title, else their role, team, profile or department; '' unknown."""
    said = (person.title, person.role_name, person.profile_name, person.department)
    return next((role for role in map(role_of, said) if role), "")
