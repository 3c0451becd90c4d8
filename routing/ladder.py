"""The ladder: which rungs can be used now, and why each of the others cannot.

An empty rung is skipped at once. The last resort never fails: when every rung is empty the first
admin is told, away or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from routing.availability import Availability, State, availability
from routing.nouns import Person
from routing.policy import Policy, Rung, RungKind
from routing.receipt import Candidate, Place, Step
from routing.roles import named_account
from routing.snapshot import Snapshot

_CHANNELS = (RungKind.COVERAGE_CHANNEL, RungKind.CLAIM_CHANNEL)


@dataclass(slots=True)
class _Build:
    snapshot: Snapshot
    policy: Policy
    now: datetime
    assignee: Person | None
    declined: frozenset[str]
    rungs: Sequence[Rung]
    steps: list[Step] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)


def build_ladder(
    assignee: Person | None,
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
    declined: frozenset[str] = frozenset(),
    ladder: str = "",
) -> tuple[tuple[Step, ...], tuple[Candidate, ...]]:
    """The usable rungs in order, never none, and everybody who was considered.

    ``declined`` holds ids of people who are not to be asked again; ``ladder`` is the name of the
    ladder, '' for the usual one.
    """
    rungs = policy.ladder_named(ladder)
    build = _Build(snapshot, policy, now, assignee, declined, rungs)
    for number, rung in enumerate(rungs):
        _add_rung(build, number, rung)
    if not build.steps:
        _add_last_resort(build, len(rungs))
    return tuple(build.steps), tuple(build.candidates)


def _add_rung(build: _Build, number: int, rung: Rung) -> None:
    if rung.to is RungKind.REMIND:
        _add_reminder(build, number, rung)
    elif rung.to in _CHANNELS:
        _add_channel(build, number, rung)
    elif rung.to is RungKind.ADMIN:
        _add_admin(build, number, rung)
    elif build.assignee is None:
        _refuse(build, rung, "nobody", "no rep is assigned")
        if build.policy.places.claim_channel and not _has_channel(build.rungs):
            # A ladder for owned accounts alone: what nobody owns is claimed before it climbs.
            _add_channel(build, number, rung)
    elif rung.to is RungKind.BACKUP:
        _add_backup(build, number, rung)
    elif rung.to is RungKind.MANAGER:
        manager = build.assignee.manager_id
        why = f"they manage {build.assignee.name}"
        _add_person(build, number, rung, manager, why, f"{build.assignee.name} has no manager")
    else:
        _add_person(build, number, rung, build.assignee.id, "they are assigned", "")


def _has_channel(rungs: Sequence[Rung]) -> bool:
    return any(rung.to in _CHANNELS for rung in rungs)


def _add_reminder(build: _Build, number: int, rung: Rung) -> None:
    """Say it again where it was said last; not where that rung was skipped."""
    last = build.steps[-1] if build.steps else None
    if last is None or last.number != number - 1:
        _refuse(build, rung, "nobody", "the rung before reached nobody")
        return
    why = "they were told and have not acted"
    build.candidates.append(
        Candidate(rung=rung.to, name=last.name, taken=True, why=why, person_id=last.person_id)
    )
    build.steps.append(replace(last, number=number, kind=RungKind.REMIND, wait=rung.wait))


def _add_channel(build: _Build, number: int, rung: Rung) -> None:
    places = build.policy.places
    channel = places.coverage_channel or places.claim_channel
    if rung.to is RungKind.CLAIM_CHANNEL or build.assignee is None:
        channel = places.claim_channel or places.coverage_channel
    if channel is None:
        _refuse(build, rung, "nobody", "no channel is set")
        return
    if any(step.place.address == channel for step in build.steps):
        _refuse(build, rung, channel, "this channel is already on an earlier rung")
        return
    unowned = build.assignee is None
    kind = RungKind.CLAIM_CHANNEL if unowned else rung.to
    why = "nobody is assigned, so the team may claim" if unowned else "the team covers"
    build.candidates.append(Candidate(rung=kind, name=channel, taken=True, why=why))
    place = Place(surface=build.policy.surface, kind="channel", address=channel)
    build.steps.append(Step(number=number, kind=kind, place=place, wait=rung.wait, name=channel))


def _add_backup(build: _Build, number: int, rung: Rung) -> None:
    """The backup, or the backup's backup while each is away; never round in a circle."""
    assert build.assignee is not None  # noqa: S101 - checked by the caller, tells the type checker
    before = len(build.steps)
    seen = {build.assignee.id}
    current, why = build.assignee, f"they are the backup of {build.assignee.name}"
    while len(build.steps) == before:
        following = _backup_of(build, current)
        if following in seen or following is None:
            if current is build.assignee or following is not None:
                circle = "has backups that go round in a circle"
                why = f"{current.name} {circle if following else 'has no backup'}"
                _refuse(build, rung, "nobody", why)
            return
        seen.add(following)
        if not _add_person(build, number, rung, following, why, ""):
            person = build.snapshot.people.get(following)
            if person is None:
                return
            current, why = person, f"they are the backup of {person.name}"


def _backup_of(build: _Build, person: Person) -> str | None:
    named = named_account(build.snapshot, build.policy)
    email = build.policy.backups.get(person.email)
    if named is not None and named.rep == person.email and named.backup:
        email = named.backup
    if email is not None:
        found = build.snapshot.by_email(email)
        if found is not None:
            return found.id
        build.candidates.append(
            Candidate(rung=RungKind.BACKUP, name=email, taken=False, why="the CRM has no such user")
        )
    return person.backup_id


def _add_person(
    build: _Build, number: int, rung: Rung, person_id: str | None, why: str, nobody: str
) -> bool:
    if person_id is None:
        return _refuse(build, rung, "nobody", nobody)
    person = build.snapshot.people.get(person_id)
    if person is None:
        return _refuse(build, rung, person_id, "the mirror does not know this person")
    stands = availability(person, build.snapshot, build.policy, build.now)
    refusal = _refusal(build, person) or _absent(build, stands)
    if refusal:
        return _refuse(build, rung, person.name, "; ".join((refusal, *stands.notes)), person.id)
    said = "; ".join((why, *(("and " + stands.why,) if stands.why else ()), *stands.notes))
    build.candidates.append(
        Candidate(rung=rung.to, name=person.name, taken=True, why=said, person_id=person.id)
    )
    surface = surface_of(person, build.snapshot, build.policy)
    place = Place(surface=surface, kind="person", address=person.email)
    build.steps.append(
        Step(
            number=number,
            kind=rung.to,
            place=place,
            wait=rung.wait,
            name=person.name,
            person_id=person.id,
        )
    )
    return True


def _refuse(build: _Build, rung: Rung, name: str, why: str, person_id: str | None = None) -> bool:
    build.candidates.append(
        Candidate(rung=rung.to, name=name, taken=False, why=why, person_id=person_id)
    )
    return False


def _refusal(build: _Build, person: Person) -> str:
    """Why the person cannot be asked; '' when they can."""
    if person.queue:
        return "is a queue and not a person"
    if not person.active:
        return "is no longer active"
    if not person.email:
        return "has no e-mail address to be found by"
    if person.id in build.declined:
        return "has declined this alert"
    if any(step.place.address == person.email for step in build.steps):
        return "is already on an earlier rung"
    return ""


def _absent(build: _Build, stands: Availability) -> str:
    """Why the person cannot be asked now, by where they are; '' when they can."""
    return stands.why if passed_over(stands, build.policy) else ""


def passed_over(stands: Availability, policy: Policy) -> bool:
    """Whether somebody who stands so is not asked now."""
    rule = policy.availability
    return (
        stands.state in (State.AWAY, State.QUIET)
        or (stands.state is State.OFF_HOURS and rule.off_hours == "pass_over")
        or (stands.state is State.UNKNOWN and rule.unknown == "pass_over")
    )


def surface_of(person: Person, snapshot: Snapshot, policy: Policy) -> str:
    """The person's own surface where the policy offers it, else the policy's."""
    own = snapshot.preferences.get(person.id)
    if own is not None and own.surface in policy.rep_choice.surfaces:
        return own.surface
    return policy.surface


def _add_admin(build: _Build, number: int, rung: Rung) -> None:
    for email in build.policy.places.admins:
        person = build.snapshot.by_email(email)
        if person is None:
            _add_address(build, number, rung.wait, email, "an admin of the policy")
            return
        if _add_person(build, number, rung, person.id, "they are an admin", ""):
            return


def _add_last_resort(build: _Build, number: int) -> None:
    email = build.policy.places.admins[0]
    _add_address(build, number, 0, email, "every rung is empty; an admin is always told")


def _add_address(build: _Build, number: int, wait: int, email: str, why: str) -> None:
    person = build.snapshot.by_email(email)
    name, person_id = (person.name, person.id) if person else (email, None)
    build.candidates.append(
        Candidate(rung=RungKind.ADMIN, name=name, taken=True, why=why, person_id=person_id)
    )
    place = Place(surface=build.policy.surface, kind="person", address=email)
    build.steps.append(
        Step(
            number=number,
            kind=RungKind.ADMIN,
            place=place,
            wait=wait,
            name=name,
            person_id=person_id,
        )
    )
