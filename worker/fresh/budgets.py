"""Freshness budgets, and which scopes of a decision are over theirs.

A scope is what one live read brings up to date together: an account with its deals and teams, a
person with their absences, the prospect behind an e-mail address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.base import MirrorObject
from connectors.live import LiveQuestion
from routing.nouns import (
    Account,
    Deal,
    DealContact,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Signal,
    Stage,
)
from routing.receipt import Decision, Outcome
from routing.snapshot import Snapshot
from worker.sections import FreshnessSettings

Noun = type[Any]
_PUT_BACK = timedelta(minutes=1)
"""A sight from further ahead than this is from before the clock was put back."""
STAGES = "stages:"
_NOUNS: Mapping[str, frozenset[Noun]] = {
    "email": frozenset({Prospect}),
    "prospect": frozenset({Deal, DealContact}),
    "account": frozenset({Account, Deal, RoleHolding, DealContact}),
    "person": frozenset({Person, OutOfOffice}),
    "stages": frozenset({Stage}),
}
_WORDS: Mapping[str, str] = {
    "email": "prospect",
    "prospect": "prospect's deals",
    "account": "account",
    "person": "people",
    "stages": "stages",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope of a decision. ``unknown``: the mirror lacks the record itself."""

    key: str
    unknown: bool = False

    @property
    def kind(self) -> str:
        """What comes before the colon."""
        return self.key.partition(":")[0]


class Budgets:
    """The freshness budget of each noun, in seconds, for the objects of one CRM."""

    def __init__(self, settings: FreshnessSettings, objects: Sequence[MirrorObject]) -> None:
        given: dict[Noun, int] = {
            Person: settings.people,
            OutOfOffice: settings.out_of_office,
            Prospect: settings.prospects,
            Account: settings.accounts,
            Deal: settings.deals,
            RoleHolding: settings.teams,
            DealContact: settings.deal_contacts,
            Stage: settings.stages,
        }
        self._unknown = timedelta(seconds=settings.unknown)
        self._objects = [
            (one.name, one.noun, timedelta(seconds=_budget(one, given[one.noun])))
            for one in objects
            if one.noun in given
        ]

    @property
    def of_objects(self) -> dict[str, float]:
        """The budget of each object that has one, in seconds."""
        return {name: budget.total_seconds() for name, _, budget in self._objects}

    def overdue(self, reads: Mapping[str, datetime | None], now: datetime) -> dict[Noun, timedelta]:
        """The nouns of which an object was last read too long ago, with the budget that is over.

        ``reads``: when each object was last read to its end.
        """
        found: dict[Noun, timedelta] = {}
        for name, noun, budget in self._objects:
            if not is_fresh(reads.get(name), now, budget):
                found[noun] = min(budget, found.get(noun, budget))
        return found

    def due(self, scopes: Iterable[Scope], late: Mapping[Noun, timedelta]) -> dict[str, timedelta]:
        """The scopes that overdue nouns make stale: how young a live read of each must be."""
        found: dict[str, timedelta] = {}
        for scope in scopes:
            over = [late[noun] for noun in _NOUNS[scope.kind] if noun in late]
            over += [self._unknown] if scope.unknown else []
            if over:
                found[scope.key] = min(over)
        return found


def is_fresh(seen: datetime | None, now: datetime, budget: timedelta) -> bool:
    """Whether something seen then is within the budget now."""
    return seen is not None and -_PUT_BACK <= now - seen <= budget


def scopes_of(signal: Signal, snapshot: Snapshot, decision: Decision) -> list[Scope]:
    """What a decision stood on."""
    prospect, account = snapshot.prospect, snapshot.account
    # Whom the CRM does not know is worth a call only where somebody is interrupted.
    stranger = prospect is None and decision.outcome is Outcome.ALERT
    found = [Scope(f"email:{signal.prospect_email}", unknown=stranger)]
    if prospect is not None:
        found.append(Scope(f"prospect:{prospect.id}"))
    if account is not None:
        found.append(Scope(f"account:{account.id}"))
    elif prospect is not None and prospect.account_id:
        found.append(Scope(f"account:{prospect.account_id}", unknown=True))
    if snapshot.deals:
        found.append(Scope(STAGES))
    asked = {one.person_id for one in decision.candidates if one.person_id}
    asked |= {fact.record_id for fact in decision.facts if fact.record == "person"}
    return found + people_scopes(asked | _named(snapshot, decision), snapshot)


def people_scopes(ids: Iterable[str], snapshot: Snapshot) -> list[Scope]:
    """The scopes of these people."""
    return [Scope(f"person:{one}", unknown=one not in snapshot.people) for one in sorted(ids)]


def _named(snapshot: Snapshot, decision: Decision) -> set[str]:
    """Whom the facts name that the mirror does not know: a rep who began this morning."""
    values = {fact.value for fact in decision.facts if fact.record in ("account", "deal")}
    values |= {fact.value for fact in decision.facts if fact.field == "owner"}
    named = values & _references(snapshot)
    named |= {row.person_id for row in snapshot.holdings}
    return named - snapshot.people.keys() - {""}


def _references(snapshot: Snapshot) -> set[str]:
    """The values of records that may be ids of people."""
    found = {deal.owner_id or "" for deal in snapshot.deals}
    if snapshot.account is not None:
        found |= {snapshot.account.owner_id or "", *snapshot.account.fields.values()}
    if snapshot.prospect is not None:
        found.add(snapshot.prospect.owner_id or "")
    return found


def question_of(keys: Iterable[str], snapshot: Snapshot) -> LiveQuestion:
    """What to ask the CRM for these scopes; deals that are known are asked for by id, too."""
    ids: dict[str, set[str]] = {kind: set() for kind in _NOUNS}
    for key in keys:
        kind, _, record_id = key.partition(":")
        ids[kind].add(record_id)
    deals: set[str] = set()
    if ids["account"] or ids["prospect"]:
        deals = {deal.id for deal in snapshot.deals} | snapshot.prospect_deals
    known = {snapshot.prospect.id} if snapshot.prospect and ids["email"] else set[str]()
    return LiveQuestion(
        emails=frozenset(ids["email"]),
        prospects=frozenset(ids["prospect"] | known),
        accounts=frozenset(ids["account"]),
        deals=frozenset(deals),
        people=frozenset(ids["person"]),
        stages=bool(ids["stages"]),
    )


def in_words(keys: Iterable[str]) -> str:
    """The scopes as a person reads them."""
    return ", ".join(dict.fromkeys(_WORDS[key.partition(":")[0]] for key in keys))


def _budget(thing: MirrorObject, given: int) -> int:
    return given if thing.budget is None else thing.budget
