"""What would have happened had somebody been in: the stored facts without that person's absences.

The same ``decide`` is asked again, so that the answer is the one that would have been given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from routing.availability import Availability, State, availability
from routing.decide import decide
from routing.hand_over import Standing
from routing.hand_over import decide_again as decide_while_open
from routing.nouns import Person, Signal
from routing.policy import Policy
from routing.pools import queue_pool
from routing.receipt import Decision
from routing.snapshot import Snapshot

_ALWAYS = json.dumps([[day, 0, 24 * 60] for day in range(7)])
"""Working hours around the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """``person`` was passed over because ``why``; ``decision`` is the one had they been in."""

    person: Person
    why: str
    decision: Decision


def decide_again(
    signal: Signal,
    snapshot: Snapshot,
    policy: Policy,
    at: datetime,
    stands: Standing | None = None,
) -> Decision:
    """The decision of a receipt, made anew out of what the receipt holds.

    ``stands`` is what the alert stood on when it was handed over by this decision.
    """
    if stands is not None:
        return decide_while_open(stands, signal, snapshot, policy, at)
    return decide(signal, snapshot, policy, at)


def is_same(stored: Decision, again: Decision) -> bool:
    """Whether a decision made again is the stored one, but for notes that were added to that.

    What a live read changed is noted after the decision, which cannot know of it.
    """
    notes = stored.notes[: len(again.notes)]
    return replace(stored, notes=notes) == again


def what_ifs(
    signal: Signal,
    snapshot: Snapshot,
    decision: Decision,
    policy: Policy,
    at: datetime,
    stands: Standing | None = None,
) -> tuple[WhatIf, ...]:
    """For each person who was passed over because they were not in: what they would have changed.

    In the order in which they were considered; nothing for a decision that considered nobody.
    """
    found = []
    for person in _considered(snapshot, decision, policy):
        present = availability(person, snapshot, policy, at)
        if _stood_aside(present, policy):
            as_if = had_been_in(person, snapshot, at)
            made = decide_again(signal, as_if, policy, at, stands)
            found.append(WhatIf(person=person, why=present.why, decision=made))
    return tuple(found)


def had_been_in(person: Person, snapshot: Snapshot, at: datetime) -> Snapshot:
    """The facts without whatever kept the person from being asked at this moment.

    Their sources count as read then; those of everybody else stay as old as they were.
    """
    rows = (row for row in snapshot.out_of_office if row.person_id != person.id or row.available)
    holidays = {one: days for one, days in snapshot.holidays.items() if one != person.id}
    own = snapshot.preferences.get(person.id)
    preferences = dict(snapshot.preferences)
    if own is not None:
        preferences[person.id] = replace(own, quiet=None)
    people = {**snapshot.people, person.id: replace(person, working_hours=_ALWAYS)}
    return replace(
        snapshot,
        out_of_office=tuple(rows),
        holidays=holidays,
        preferences=preferences,
        people=people,
        own_sources={
            **snapshot.own_sources,
            person.id: dict.fromkeys(snapshot.sources_of(person.id), at),
        },
    )


def _stood_aside(stands: Availability, policy: Policy) -> bool:
    rule = policy.availability
    return (
        stands.state in (State.AWAY, State.QUIET)
        or (stands.state is State.OFF_HOURS and rule.off_hours == "pass_over")
        or (stands.state is State.UNKNOWN and rule.unknown == "pass_over")
    )


def _considered(snapshot: Snapshot, decision: Decision, policy: Policy) -> Iterable[Person]:
    """Candidates who were not taken, then those whose turn the route might have given."""
    route = next((one for one in policy.routes if one.name == decision.route), None)
    passed = {one.person_id: None for one in decision.candidates if not one.taken and one.person_id}
    if route is not None and decision.steps:
        for target in route.to:
            passed |= dict.fromkeys(_members(target, snapshot, policy))
    return [snapshot.people[one] for one in passed if one in snapshot.people]


def _members(target: str, snapshot: Snapshot, policy: Policy) -> list[str]:
    kind, _, name = target.partition(":")
    pool = {"pool": policy.pools.get(name)}.get(kind)
    if kind == "queue":
        pool = queue_pool(name, snapshot)
    if pool is None:
        return []
    people = (snapshot.by_email(one.person) for one in pool.members)
    return [one.id for one in people if one is not None]
