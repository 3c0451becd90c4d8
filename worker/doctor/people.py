"""Looks whether everybody who may be told can be found on the surface, by e-mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from connectors.base import Check, Surface
from connectors.errors import LimitError
from routing.nouns import Account, Deal, Person, Prospect, RoleHolding
from routing.policy import Policy, RungKind
from worker.outsiders import outsiders
from worker.store.engine import Store
from worker.store.mirror import chunks, count, table_of
from worker.store.people_facts import policy_emails

_PERSON = table_of(Person).c
_HOLDING = table_of(RoleHolding).c
_OWNED = {
    "account": table_of(Account).c,
    "deal": table_of(Deal).c,
    "prospect": table_of(Prospect).c,
}


@dataclass(slots=True)
class Told:
    """Who may be told: active people by e-mail, and the names of those without one."""

    emails: set[str] = field(default_factory=set)
    nameless: list[str] = field(default_factory=list)


def people_checks(store: Store, surface: Surface, policy: Policy) -> Iterator[Check]:
    """The checks. Raises ConnectorError when the surface cannot be asked (any more)."""
    name = f"{surface.name} people"
    with store.read() as conn:
        told = who_may_be_told(conn, policy)
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
    name, shown = f"{surface.name} people", surface.name.capitalize()
    mend = f"invite them to {shown}, or give the CRM user the e-mail that is used there"
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


def who_may_be_told(conn: Connection, policy: Policy) -> Told:
    """Holders of the policy's roles, those it names, and their backups and managers."""
    named = policy_emails(policy)
    people = _with(conn, _PERSON.email, named)
    inactive = {row.email for row in people.values() if not row.active}
    people |= _with(conn, _PERSON.id, _holders(conn, policy))
    kinds = {rung.to for rung in policy.ladder}
    asked = set(people)
    new = list(people.values())
    while new:
        ids = {row.backup_id for row in new} if RungKind.BACKUP in kinds else set()
        ids |= {row.manager_id for row in new} if RungKind.MANAGER in kinds else set()
        following = _with(conn, _PERSON.id, {one for one in ids if one} - asked)
        asked |= following.keys()
        people |= following
        new = list(following.values())
    told = Told()
    for row in people.values():
        if row.active and not row.queue and row.email:
            told.emails.add(row.email)
        elif row.active and not row.queue:
            told.nameless.append(row.name)
    told.emails |= named - inactive
    return told


def _with(conn: Connection, column: ColumnElement[str], values: Iterable[str]) -> dict[str, Any]:
    """The living people with one of these values, by id."""
    wanted = (
        _PERSON.id,
        _PERSON.email,
        _PERSON.name,
        _PERSON.active,
        _PERSON.queue,
        _PERSON.manager_id,
        _PERSON.backup_id,
    )
    living = select(*wanted).where(_PERSON.deleted_at.is_(None))
    found: dict[str, Any] = {}
    for chunk in chunks(sorted(values)):
        found |= {row.id: row for row in conn.execute(living.where(column.in_(chunk)))}
    return found


def _holders(conn: Connection, policy: Policy) -> set[str]:
    """The ids that the role sources give, over all accounts, deals and prospects."""
    ids: set[str] = set()
    for source in {source for sources in policy.roles.values() for source in sources}:
        kind, _, rest = source.partition(":")
        if kind == "field":
            accounts = _OWNED["account"]
            value = accounts.fields[rest.removeprefix("account.")].as_string()
            query = select(value).where(accounts.deleted_at.is_(None))
        elif kind == "owner":
            owned = _OWNED[rest]
            query = select(owned.owner_id).where(owned.deleted_at.is_(None))
            query = query.where(owned.is_closed.is_(False)) if rest == "deal" else query
        elif kind in ("team", "deal_team"):
            place = _HOLDING.account_id if kind == "team" else _HOLDING.deal_id
            query = select(_HOLDING.person_id).where(
                _HOLDING.deleted_at.is_(None),
                place.is_not(None),
                func.lower(_HOLDING.role) == rest.lower(),
            )
        else:
            continue  # people named by e-mail, and the sending rep, who may be anybody
        ids.update(row[0] for row in conn.execute(query.distinct()) if row[0])
    return ids
