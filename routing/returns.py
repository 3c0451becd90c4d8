"""When somebody was away and is back: what went past them, and when they are told of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from routing.availability import State, availability
from routing.nouns import Person
from routing.policy import Policy, RungKind
from routing.receipt import Step
from routing.snapshot import Snapshot

SOON = timedelta(hours=1)
"""Whoever leaves again within so long is not back: two absences that all but touch are one."""


def goes_past(
    assignee_id: str | None,
    told: Step,
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
    *,
    ladder: str = "",
    declined: frozenset[str] = frozenset(),
) -> bool:
    """Whether ``told`` has the alert in the assignee's stead, who is away.

    Never where the ladder asks no assignee, and never for one who has declined the alert.
    """
    if told.person_id == assignee_id:
        return False
    return is_passed_over(assignee_id, snapshot, policy, now, ladder=ladder, declined=declined)


def is_passed_over(
    assignee_id: str | None,
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
    *,
    ladder: str = "",
    declined: frozenset[str] = frozenset(),
) -> bool:
    """Whether an alert of theirs goes to somebody else now, because they are away."""
    person = snapshot.people.get(assignee_id or "")
    if person is None or person.id in declined:
        return False
    if all(rung.to is not RungKind.ASSIGNEE for rung in policy.ladder_named(ladder)):
        return False
    return availability(person, snapshot, policy, now).state is State.AWAY


def is_back(person: Person, snapshot: Snapshot, policy: Policy, now: datetime) -> bool:
    """Whether somebody who was away is at work again, in the eyes of every source.

    Asked again and again, it first holds in their first working hour back: on a working day in
    their own hours and zone, outside their quiet hours, and not when they are about to leave
    again. A source that was not read lately counts as the policy has it for alerts.
    """
    if person.queue or not person.active or not person.email:
        return False
    if not _is_there(person, snapshot, policy, now):
        return False
    starts = (row.starts_at for row in snapshot.out_of_office if row.person_id == person.id)
    soon = sorted(one for one in starts if now < one <= now + SOON)
    return all(availability(person, snapshot, policy, one).state is not State.AWAY for one in soon)


def _is_there(person: Person, snapshot: Snapshot, policy: Policy, now: datetime) -> bool:
    state = availability(person, snapshot, policy, now).state
    if state is State.UNKNOWN:
        return policy.availability.unknown == "ask"
    return state is State.AVAILABLE
