"""Who gets a test message and who does not: worked out and shown before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.availability import availability
from routing.ladder import build_ladder, passed_over
from routing.nouns import Person
from routing.policy import Policy, RungKind
from routing.receipt import Place
from routing.snapshot import Snapshot
from worker.reach import Reach, Reached

_NO_USER = "the CRM has no active user with this e-mail"
_NO_EMAIL = "has no e-mail address in the CRM"


class NobodyError(Exception):
    """The filters choose nobody; the text says what there is to choose from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Whom to tell. Empty filters choose everybody and every channel; several are alternatives."""

    people: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    everyone: bool = False
    """Also who is away or has quiet hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One who is to be told; fields as in the table ``drill_target``."""

    kind: str
    name: str
    place: str | None
    why: str
    email: str = ""
    person_id: str | None = None
    rungs: tuple[dict[str, Any], ...] = ()
    skipped: str = ""
    problem: str = ""
    mend: str = ""

    @property
    def gets_message(self) -> bool:
        """Whether a message is sent."""
        return self.place is not None and not (self.skipped or self.problem)


def plan(
    found: Reach, team: Snapshot, policy: Policy, now: datetime, wish: Wish
) -> tuple[Target, ...]:
    """The targets in the order of their names, people before channels. Raises NobodyError."""
    _check(found, wish)
    people = sorted(found.people.values(), key=lambda one: (one.person.name, one.person.id))
    targets = [
        _person(one, team, policy, now, everyone=wish.everyone)
        for one in people
        if _wanted(one, wish)
    ]
    targets += _unknown(found, policy, wish)
    if wish.channels or not (wish.people or wish.teams):
        targets += [
            _channel(name, why, policy)
            for name, why in sorted(found.channels.items())
            if not wish.channels or name in _channels(wish)
        ]
    if not targets:
        raise NobodyError(
            "the policy reaches nobody and no channel; run hotlead sync --once, and see with "
            "hotlead coverage what is missing"
        )
    return tuple(targets)


def _wanted(one: Reached, wish: Wish) -> bool:
    if not (wish.people or wish.teams):
        return not wish.channels
    names = {group.casefold() for group in one.groups}
    by_team = any(team.casefold() in names for team in wish.teams)
    return by_team or one.person.email in {email.lower() for email in wish.people}


def _channels(wish: Wish) -> set[str]:
    """As the policy has them: a name with #, or the address of a list."""
    return {name.lower() if "@" in name else f"#{name.lstrip('#')}" for name in wish.channels}


def _check(found: Reach, wish: Wish) -> None:
    """Each filter must choose somebody, or a typing error would pass for a good drill."""
    emails = {one.person.email for one in found.people.values()} | found.unknown.keys()
    for email in wish.people:
        if email.lower() not in emails:
            raise NobodyError(
                f"{email} is nobody whom the policy can reach; hotlead drill --dry-run lists them"
            )
    groups = {group for one in found.people.values() for group in one.groups}
    for team in wish.teams:
        if team.casefold() not in {one.casefold() for one in groups}:
            known = ", ".join(sorted(groups)) or "none, as nobody is reached"
            raise NobodyError(f"no team is called {team}; there are: {known}")
    for channel in _channels(wish) - found.channels.keys():
        known = ", ".join(sorted(found.channels)) or "none"
        raise NobodyError(f"the policy names no channel {channel}; it names: {known}")


def _person(
    one: Reached, team: Snapshot, policy: Policy, now: datetime, *, everyone: bool
) -> Target:
    person, why = one.person, "; ".join(one.why)
    rungs = tuple(_rungs(person, team, policy, now)) if one.asked else ()
    if not person.email:
        return Target(
            kind="person",
            name=person.name,
            place=None,
            person_id=person.id,
            why=why,
            rungs=rungs,
            problem=_NO_EMAIL,
            mend="enter the e-mail that they use in chat with their CRM user",
        )
    stands = availability(person, team, policy, now)
    away = stands.why if passed_over(stands, policy) else ""
    if everyone:
        away = ""
    own = team.preferences.get(person.id)
    chosen = own.surface if own is not None else ""
    surface = chosen if chosen in policy.rep_choice.surfaces else policy.surface
    return Target(
        kind="person",
        name=person.name,
        place=str(Place(surface=surface, kind="person", address=person.email)),
        email=person.email,
        person_id=person.id,
        why=why,
        rungs=rungs,
        skipped=away,
    )


def _rungs(
    person: Person, team: Snapshot, policy: Policy, now: datetime
) -> Iterator[dict[str, Any]]:
    """Who would be told after this person: the rungs of the usual ladder as they are now."""
    steps, _ = build_ladder(person, team, policy, now)
    for step in steps:
        if step.kind not in (RungKind.ASSIGNEE, RungKind.REMIND):
            yield {"kind": step.kind.value, "name": step.name, "place": str(step.place)}


def _unknown(found: Reach, policy: Policy, wish: Wish) -> Iterator[Target]:
    """Whom the policy names and the CRM does not know. An admin is told all the same."""
    wanted: Sequence[str] = [email.lower() for email in wish.people]
    for email, why in found.unknown.items():
        admin = email in policy.places.admins
        if wish.teams or wish.channels or wish.people:
            chosen = email in wanted or (admin and "admins" in wish.teams)
            if not chosen:
                continue
        place = str(Place(surface=policy.surface, kind="person", address=email))
        yield Target(
            kind="person",
            name=email,
            place=place,
            email=email,
            why="; ".join(why),
            problem="" if admin else _NO_USER,
            mend="" if admin else f"correct {email} in the policy, or give it to the CRM user",
        )


def _channel(name: str, why: Sequence[str], policy: Policy) -> Target:
    place = str(Place(surface=policy.surface, kind="channel", address=name))
    return Target(kind="channel", name=name, place=place, why="; ".join(why))
