"""Finds what in a CRM could say who holds a role: fields, teams, territories, owners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from routing.terms import SOURCE, StageClass
from worker.profile.facts import OrgFacts
from worker.profile.words import ROLES, is_anothers, role_of

STAGE_OF = {
    "bdr": StageClass.PROSPECTING,
    "ae": StageClass.ACTIVE_DEAL,
    "csm": StageClass.CUSTOMER,
    "am": StageClass.CUSTOMER,
    "se": StageClass.ACTIVE_DEAL,
}
"""The stage class in which each role is asked first."""
ROLE_ORDER = ("bdr", "ae", "se", "csm", "am")
_SEVERAL = frozenset({"collaborator"})
DEAL, ACCOUNT = "owner:deal", "owner:account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A source that may say who holds a role. Of a lower ``rank`` it is asked first."""

    role: str
    source: str
    why: str
    rank: int = 1


def candidates(facts: OrgFacts) -> tuple[Candidate, ...]:
    """All of them, owners included; whether each is any good is to be measured."""
    found = [*_fields(facts), *_teams(facts), *_owners(facts)]
    usable = [one for one in found if SOURCE.fullmatch(one.source)]
    return tuple({(one.role, one.source): one for one in usable}.values())


def meant_for(facts: OrgFacts, noun: str, name: str, label: str) -> tuple[str, str]:
    """The role of an owner field and what says so; by its name, else by whom it names."""
    role = role_of(name, api_name=True) or role_of(label)
    if role:
        return role, "by its name"
    if is_anothers(name) or is_anothers(label):
        return "", ""
    role = facts.most_are(facts.holders.get(f"{noun}.{name}", {}))
    return role, "by the titles of those it names" if role else ""


def _fields(facts: OrgFacts) -> Iterator[Candidate]:
    for one in facts.fields:
        role, why = meant_for(facts, one.noun, one.name, one.label)
        # A contact's field is of no use for an account; the report names it.
        if role and one.noun != "prospect":
            yield Candidate(role=role, source=f"field:{one.noun}.{one.name}", why=why)


def _teams(facts: OrgFacts) -> Iterator[Candidate]:
    for kind, roles in (
        ("team", facts.account_roles),
        ("deal_team", facts.deal_roles),
        ("territory", facts.territory_roles),
    ):
        seen: set[str] = set()
        for name in roles:
            role = role_of(name)
            # Roles are compared without regard to case.
            if role and name.casefold() not in seen | _SEVERAL:
                seen.add(name.casefold())
                yield Candidate(role=role, source=f"{kind}:{name}", why="by its name")


def _owners(facts: OrgFacts) -> Iterator[Candidate]:
    """Owners may hold any role; by their titles it is told which, once they are known."""
    for role in ROLES:
        first = 0 if role == "ae" else 2
        if facts.deals and role in ("ae", "bdr"):
            yield Candidate(role=role, source=DEAL, why="who owns the deal", rank=first)
        if facts.account_owners:
            yield Candidate(role=role, source=ACCOUNT, why="who owns the account", rank=2)
