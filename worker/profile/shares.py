"""Chooses and orders the sources of each role by what was measured, and counts who is left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from routing.terms import StageClass
from worker.profile.facts import OrgFacts
from worker.profile.measure import Miss, Row, Said
from worker.profile.sources import ACCOUNT, DEAL, ROLE_ORDER, STAGE_OF, Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceShare:
    """A source of a role. ``alone`` and ``added`` count accounts, the latter those that no
    source before gave anybody."""

    source: str
    why: str
    alone: int
    added: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleShare:
    """A role with its sources in order. ``of`` accounts are in its stage class.

    Where none is, shares are of all accounts (``over_all``).
    """

    role: str
    stage: StageClass
    sources: tuple[SourceShare, ...]
    of: int
    resolved: int
    of_all: int
    resolved_all: int
    over_all: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An account whose stage class asks for a role that nobody holds; ``miss`` is the main reason.

    ``instead`` is who takes its signals: a role with a person's name, '' for the claim channel.
    """

    account_id: str
    account: str
    stage: StageClass
    role: str
    miss: Miss
    brief: str
    """The reason without names of people, so that those of alike accounts are alike."""
    reason: str
    instead: str


_MOST_SOURCES = 6
"""More of them nobody would read; a team that needs more has names for roles worth tidying."""


class Shares:
    """What was measured, by source."""

    def __init__(
        self, facts: OrgFacts, found: Sequence[Candidate], sources: Sequence[str], rows: list[Row]
    ) -> None:
        self._facts = facts
        self._found = found
        self._place = {source: place for place, source in enumerate(sources)}
        self._rows = rows
        # The first row of an account is where it stands by itself.
        self._whole = [next(some) for _, some in groupby(rows, key=attrgetter("id"))]

    @property
    def stages(self) -> Counter[StageClass]:
        """How many accounts are in each stage class, by themselves or by a prospect."""
        counted = Counter(row.stage for row in self._rows)
        return Counter({stage: counted[stage] for stage in StageClass if counted[stage]})

    def roles(self) -> tuple[RoleShare, ...]:
        """The roles that anybody holds, each with the sources that are worth asking."""
        made = (self._role(role) for role in ROLE_ORDER)
        return tuple(one for one in made if one.sources and one.resolved_all)

    def useless(self, chosen: Iterable[RoleShare]) -> list[Candidate]:
        """Fields and teams that looked like a role's and gave nobody more."""
        kept = {(one.role, each.source) for one in chosen for each in one.sources}
        owners = (DEAL, ACCOUNT)
        return [
            one
            for one in self._found
            if one.source not in owners and (one.role, one.source) not in kept
        ]

    def failures(
        self, roles: Sequence[RoleShare], asked: Mapping[StageClass, Sequence[str]]
    ) -> list[Failure]:
        """Accounts for whose stage class the first of the roles ``asked`` gives nobody."""
        by_name = {one.role: one for one in roles}
        failed = []
        for row in self._rows:
            names = [name for name in asked.get(row.stage, ()) if name in by_name]
            if not names or self._holder(row, by_name[names[0]]) is not None:
                continue
            said = [
                (each.source, self._said(row, each.source)) for each in by_name[names[0]].sources
            ]
            others = ((name, self._holder(row, by_name[name])) for name in names[1:])
            instead = next((f"{name}: {one.name}" for name, one in others if one), "")
            failed.append(
                Failure(
                    account_id=row.id,
                    account=row.name,
                    stage=row.stage,
                    role=names[0],
                    miss=_worst(one for _, one in said),
                    brief=", ".join(dict.fromkeys(brief(source, one) for source, one in said)),
                    reason="; ".join(reason(source, one) for source, one in said),
                    instead=instead,
                )
            )
        return failed

    def _role(self, role: str) -> RoleShare:
        stage = STAGE_OF[role]
        mine = [row for row in self._rows if row.stage is stage]
        over = mine or self._whole
        ranked = sorted(
            (one for one in self._found if one.role == role and self._fits(one, over)),
            key=lambda one: (one.rank, -self._count(one.source, over), one.source),
        )
        open_here, open_all = over, self._rows
        sources: list[SourceShare] = []
        for one in ranked:
            left_here, left_all = (
                self._left(one.source, open_here),
                self._left(one.source, open_all),
            )
            if len(left_all) < len(open_all) and len(sources) < _MOST_SOURCES:
                alone, added = self._count(one.source, over), len(open_here) - len(left_here)
                sources.append(
                    SourceShare(source=one.source, why=one.why, alone=alone, added=added)
                )
                open_here, open_all = left_here, left_all
        return RoleShare(
            role=role,
            stage=stage,
            sources=tuple(sources),
            of=len(over),
            resolved=len(over) - len(open_here),
            of_all=len(self._whole),
            resolved_all=sum(self._holds(row, sources) for row in self._whole),
            over_all=not mine,
        )

    def _fits(self, one: Candidate, over: Sequence[Row]) -> bool:
        """Whether owners are of this role: by their titles; without any they are AEs."""
        if one.source not in (DEAL, ACCOUNT):
            return True
        said = (self._said(row, one.source) for row in over)
        most = self._facts.most_are(Counter(each.person_id for each in said if each.person_id))
        if one.role != "ae":
            return most == one.role
        return one.source == DEAL or most in ("", "ae", "am", "se")

    def _count(self, source: str, rows: Sequence[Row]) -> int:
        return sum(self._said(row, source).miss is None for row in rows)

    def _left(self, source: str, rows: Sequence[Row]) -> list[Row]:
        return [row for row in rows if self._said(row, source).miss is not None]

    def _holds(self, row: Row, sources: Sequence[SourceShare]) -> bool:
        return any(self._said(row, one.source).miss is None for one in sources)

    def _holder(self, row: Row, role: RoleShare) -> Said | None:
        said = (self._said(row, one.source) for one in role.sources)
        return next((one for one in said if one.miss is None), None)

    def _said(self, row: Row, source: str) -> Said:
        return row.said[self._place[source]]


def _worst(said: Iterable[Said]) -> Miss:
    order = list(Miss)
    return min((one.miss for one in said if one.miss is not None), key=order.index)


def place_of(source: str) -> str:
    """A source as a person says it: 'CSM__c', 'the owner of the deal', 'CSM in the team'."""
    kind, _, rest = source.partition(":")
    if kind == "field":
        noun, _, name = rest.partition(".")
        return name if noun == "account" else f"{name} of the {noun}"
    if kind == "owner":
        return f"the owner of the {rest}"
    where = {"team": "the account team", "deal_team": "the deal team", "territory": "a territory"}
    return f"{rest} in {where[kind]}"


_BRIEF = {
    Miss.INACTIVE: "somebody who has left",
    Miss.QUEUE: "a queue",
    Miss.UNKNOWN: "nobody that the CRM knows",
    Miss.EMPTY: "empty",
    Miss.NOBODY: "nobody",
    Miss.NO_DEAL: "no deal",
}


def brief(source: str, said: Said) -> str:
    """Why a source gives nobody, in a few words."""
    return f"{place_of(source)}: {_BRIEF[said.miss or Miss.NOBODY]}"


def reason(source: str, said: Said) -> str:
    """The same with the name of whom it gives."""
    return f"{brief(source, said)} ({said.name})" if said.name else brief(source, said)
