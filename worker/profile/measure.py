"""Asks of each account whom each source names, by the very functions that decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from routing.coverage import AccountFacts
from routing.nouns import Account, Deal, GroupMember, RoleHolding, Signal
from routing.policy import Policy
from routing.receipt import Fact
from routing.roles import find_assignee
from routing.snapshot import Snapshot
from routing.stages import Standing, standing
from routing.supposing import signal_of
from routing.terms import SignalClass, StageClass

Record = TypeVar("Record", Account, Deal)
Progress = Callable[[int], None]
Values = Mapping[str, Mapping[str, str]]
"""Further fields by record id."""


class Miss(StrEnum):
    """Why a source gives nobody, the most telling first."""

    INACTIVE = "inactive"
    QUEUE = "queue"
    UNKNOWN = "unknown"
    EMPTY = "empty"
    NOBODY = "nobody"
    NO_DEAL = "no_deal"


@dataclass(frozen=True, slots=True)
class Said:
    """What one source says of one account: the id of the person, or why there is none.

    ``name`` is who is meant where that is known.
    """

    person_id: str = ""
    name: str = ""
    miss: Miss | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One account in one stage class, and what each source says, in the order of the sources.

    An account has a row for each stage class in which it or one of its prospects stands; where
    several prospects stand in one, the row of him for whom the fewest sources have somebody.
    """

    id: str
    name: str
    stage: StageClass
    said: tuple[Said, ...]


Case = tuple[AccountFacts, Sequence[frozenset[str]]]
"""An account, and the deals of each of its prospects that takes part in any."""


def measure(
    accounts: Iterable[Case],
    team: Snapshot,
    policy: Policy,
    sources: Sequence[str],
    now: datetime,
    more: Values,
    progress: Progress = lambda _: None,
) -> list[Row]:
    """The rows of every account.

    ``policy`` gives the stage classes; ``more`` are fields that are not mirrored.
    """
    signal = signal_of(SignalClass.MULTI_OPEN, now)
    members: dict[str, list[GroupMember]] = defaultdict(list)
    for member in team.group_members:
        members[member.group_id].append(member)
    territories = {one.id: one for one in team.territories}
    same: dict[Said, Said] = {}
    rows = []
    for number, (facts, taking_part) in enumerate(accounts, start=1):
        snapshot = replace(
            team,
            account=_with(facts.account, more),
            deals=tuple(_with(deal, more) for deal in facts.deals),
            holdings=facts.holdings,
            territories=tuple(territories[one] for one in facts.territories if one in territories),
            group_members=tuple(row for one in facts.territories for row in members[one]),
        )
        found: dict[StageClass, tuple[Said, ...]] = {}
        for where, at in _standings(snapshot, policy, taking_part):
            said = tuple(_said(one, at, where, policy, signal, now) for one in sources)
            said = tuple(same.setdefault(one, one) for one in said)
            worst = found.get(where.stage_class)
            if worst is None or _held(said) < _held(worst):
                found[where.stage_class] = said
        account = facts.account
        rows += [Row(account.id, account.name, stage, said) for stage, said in found.items()]
        progress(number)
    return rows


def _standings(
    snapshot: Snapshot, policy: Policy, taking_part: Sequence[frozenset[str]]
) -> Iterator[tuple[Standing, Snapshot]]:
    """Where the account stands, and each of its prospects, every deal and stage class once."""
    seen: set[tuple[StageClass, str]] = set()
    for own in dict.fromkeys((frozenset(), *taking_part)):
        at = replace(snapshot, prospect_deals=own) if own else snapshot
        where = standing(at, policy)
        key = (where.stage_class, where.deal.id if where.deal else "")
        if key not in seen:
            seen.add(key)
            yield where, at


def _held(said: Sequence[Said]) -> int:
    return sum(one.miss is None for one in said)


def _said(
    source: str, snapshot: Snapshot, where: Standing, policy: Policy, signal: Signal, now: datetime
) -> Said:
    search = find_assignee((source,), signal, snapshot, where, policy, now)
    if search.holder is None:
        return _missed(source, search.facts, snapshot, where)
    return Said(person_id=search.holder.person.id, name=search.holder.person.name)


def _with(record: Record, more: Values) -> Record:
    found = more.get(record.id)
    return replace(record, fields={**record.fields, **found}) if found else record


def _missed(source: str, facts: Sequence[Fact], snapshot: Snapshot, where: Standing) -> Said:
    """Why the source gave nobody who can be assigned, by the fact that it came upon."""
    if not facts:
        no_deal = source.startswith(("field:deal", "owner:deal", "deal_team:"))
        return Said(miss=Miss.NO_DEAL if no_deal and where.deal is None else Miss.NOBODY)
    named = _person_id(facts[-1], snapshot)
    if not named:
        return Said(miss=Miss.EMPTY)
    person = snapshot.people.get(named)
    if person is None:
        return Said(name=named, miss=Miss.UNKNOWN)
    return Said(name=person.name, miss=Miss.QUEUE if person.queue else Miss.INACTIVE)


def _person_id(fact: Fact, snapshot: Snapshot) -> str:
    """Whom a fact names: by its value, or by the row of a team or territory that it is."""
    rows: Sequence[RoleHolding | GroupMember] = ()
    if fact.record == "role_holding":
        rows = snapshot.holdings
    elif fact.record == "group_member":
        rows = snapshot.group_members
    else:
        return fact.value
    return next((row.person_id for row in rows if row.id == fact.record_id), "")
