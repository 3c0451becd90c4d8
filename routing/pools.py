"""Whose turn it is in a pool: weighted turns among those who are there and have room.

Pure and without state: how many alerts each member was given is a fact of the snapshot. The
member with the fewest for their weight is next, so that nobody falls behind who was away, and
ties go by e-mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from routing.availability import State, availability
from routing.nouns import Person
from routing.policy import Policy
from routing.policy_parts import Pool, PoolMember
from routing.snapshot import Load, Snapshot

_NOT_ASKED = (State.AWAY, State.QUIET)


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is, if anybody's, and why not each of the others."""

    person: Person | None
    passed: tuple[str, ...]


def whose_turn(name: str, pool: Pool, snapshot: Snapshot, policy: Policy, now: datetime) -> Turn:
    """The member whose turn it is."""
    given = snapshot.turns.get(name, {})
    ranked: list[tuple[float, str, Person]] = []
    passed: list[str] = []
    for member in pool.members:
        person = snapshot.by_email(member.person)
        why = _unfit(member, person, pool, snapshot, policy, now)
        if why or person is None:
            passed.append(f"{person.name if person else member.person} {why}")
        else:
            ranked.append((given.get(person.id, 0) / member.weight, member.person, person))
    first = min(ranked, key=lambda one: one[:2], default=None)
    return Turn(first[2] if first else None, tuple(passed))


def queue_pool(name: str, snapshot: Snapshot) -> Pool | None:
    """The members of a queue of the CRM as a pool; None when it has none that are known."""
    queue = snapshot.queue(name)
    if queue is None:
        return None
    ids = {row.person_id for row in snapshot.group_members if row.group_id == queue.id}
    people = (snapshot.people[one] for one in ids if one in snapshot.people)
    emails = sorted({one.email for one in people if one.email})
    return Pool(members=tuple(PoolMember(person=one) for one in emails)) if emails else None


def _unfit(
    member: PoolMember,
    person: Person | None,
    pool: Pool,
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
) -> str:
    if person is None:
        return "is no user of the CRM"
    if not person.active or person.queue:
        return "is no longer active" if not person.queue else "is a queue and not a person"
    stands = availability(person, snapshot, policy, now)
    if stands.state in _NOT_ASKED or (
        stands.state is State.UNKNOWN and policy.availability.unknown == "pass_over"
    ):
        return stands.why
    load = snapshot.loads.get(person.id, Load())
    most_open = member.most_open or pool.most_open
    if most_open is not None and load.open >= most_open:
        return f"has {load.open} open alerts, and {most_open} are the most"
    most_a_day = member.most_a_day or pool.most_a_day
    if most_a_day is not None and load.today >= most_a_day:
        return f"had {load.today} alerts in 24 hours, and {most_a_day} are the most"
    return ""
