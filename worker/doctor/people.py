"""Looks whether everybody who may be told can be found on the surface, by e-mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from connectors.base import Check, Surface
from connectors.errors import LimitError
from routing.nouns import Person
from routing.policy import Policy
from worker.outsiders import outsiders
from worker.proof.team import team_of
from worker.reach import reach
from worker.store.engine import Store
from worker.store.mirror import count


@dataclass(slots=True)
class Told:
    """Who may be told: active people by e-mail, and the names of those without one."""

    emails: set[str] = field(default_factory=set)
    nameless: list[str] = field(default_factory=list)


def people_checks(store: Store, surface: Surface, policy: Policy, now: datetime) -> Iterator[Check]:
    """The checks. Raises ConnectorError when the surface cannot be asked (any more)."""
    name = f"{surface.name} people"
    with store.read() as conn:
        told = who_may_be_told(conn, policy, now)
        if not count(conn, Person):
            text = "nobody is mirrored yet; only those whom the policy names are looked up"
            yield Check(name=name, state="warn", text=text, mend="hotlead sync --once")
    emails = sorted(told.emails)
    try:
        known = surface.known_people(emails)
    except LimitError as error:
        text = f"{len(emails)} people could not be looked up: {error}"
        yield Check(name=name, state="warn", text=text, mend="run this again in a minute")
        return
    strangers = [one for one in emails if one not in known]
    yield from _judged(surface, policy, told, strangers)


def outsider_check(store: Store, surface: str) -> Check:
    """Whether everybody who pressed a button on the surface is known to the mirror."""
    name = f"{surface} outsiders"
    with store.read() as conn:
        unknown = [one for one in outsiders(conn) if one.surface == surface]
    if not unknown:
        text = "everybody who pressed a button is known to the CRM"
        return Check(name=name, state="ok", text=text)
    said = ", ".join(f"{one.shown} ({one.presses})" for one in unknown)
    text = (
        f"{len(unknown)} who pressed a button were refused, as the CRM does not know them: {said}"
    )
    mend = f"give their CRM users the e-mails that they use in {surface.capitalize()}"
    return Check(name=name, state="warn", text=text, mend=mend)


def _judged(
    surface: Surface, policy: Policy, told: Told, strangers: Sequence[str]
) -> Iterator[Check]:
    name, shown = f"{surface.name} people", surface.abilities.called
    mend = surface.abilities.invite
    admins = [one for one in strangers if one in policy.places.admins]
    reps = [one for one in strangers if one not in admins]
    if admins:
        text = f"admins who are not on {shown}, so that the last rung is empty: "
        yield Check(
            name=f"{surface.name} admins", state="fail", text=text + ", ".join(admins), mend=mend
        )
    if told.nameless:
        text = f"people without an e-mail in the CRM: {', '.join(sorted(told.nameless))}"
        yield Check(name=name, state="warn", text=text, mend="enter it in the CRM")
    if reps:
        text = f"{len(reps)} of {len(told.emails)} people who may be told are not on "
        text += f"{shown}; the next rung is told in their place: {', '.join(reps)}"
        yield Check(name=name, state="warn", text=text, mend=mend)
    elif not admins:
        text = f"everybody who may be told is on {shown} ({len(told.emails)})"
        yield Check(name=name, state="ok", text=text)


def who_may_be_told(conn: Connection, policy: Policy, now: datetime) -> Told:
    """Everybody whom the policy can reach, and those whom it names and the CRM lacks."""
    team = team_of(conn, policy, now)
    found = reach(conn, policy, team)
    people = [one.person for one in found.people.values()]
    return Told(
        emails={one.email for one in people if one.email}
        | {email for email in found.unknown if team.by_email(email) is None},
        nameless=[one.name for one in people if not one.email],
    )
