"""Everybody whom the policy can reach on any account, and why: people, and channels.

By the whole of the mirror and not by the signals of a day, so that somebody who holds a role on
one account in a hundred thousand is found, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from routing.nouns import Account, Deal, Person, Prospect, RoleHolding
from routing.policy import Policy, RungKind
from routing.snapshot import Snapshot
from worker.store.mirror import table_of
from worker.store.people_facts import policy_emails
from worker.store.tables import SIGNAL

_OWNED = {
    "account": table_of(Account).c,
    "deal": table_of(Deal).c,
    "prospect": table_of(Prospect).c,
}
_PLURAL = {"account": "accounts", "deal": "deals", "prospect": "prospects"}
_HOLDING = table_of(RoleHolding).c
_BACKUP = "backup of "


@dataclass(slots=True)
class Reached:
    """A person of the CRM and why they may be told. ``groups`` are names that choose them."""

    person: Person
    why: list[str] = field(default_factory=list)
    groups: set[str] = field(default_factory=set)
    asked: bool = False
    """Whether they are asked to act before their backup is, as holder of a role or as backup."""


@dataclass(slots=True)
class Reach:
    """``people`` are by id. ``unknown`` are e-mails of the policy that the CRM has no user for,
    each with why it is there; ``channels`` are by name, each with why.
    """

    people: dict[str, Reached] = field(default_factory=dict)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    channels: dict[str, list[str]] = field(default_factory=dict)


def reach(conn: Connection, policy: Policy, team: Snapshot) -> Reach:
    """Everybody: ``team`` holds all people, groups and territories of the mirror."""
    found = Reach()
    for target, why in _targets(policy):
        if target == "claim_channel" or target.startswith("#"):
            continue
        group = target.partition(":")[2] or target
        for source in _sources(target, policy):
            for person_id, counted in _holders(conn, source, policy, team):
                said = f"{target.replace(':', ' ')}{counted}{why}"
                _add(found, team.people.get(person_id), said, group)
    _add_named(found, policy, team)
    for one in found.people.values():
        one.asked = True
    _add_managers(found, policy, team)
    _add_backups(found, policy, team)
    _add_admins(found, policy, team)
    _add_channels(found, policy)
    return found


def _targets(policy: Policy) -> Iterator[tuple[str, str]]:
    """Each target of a route once; then those who see a copy and nothing else."""
    seen = set()
    for route in policy.routes:
        for target in route.to:
            if target not in seen and not route.goes_on:
                seen.add(target)
                yield target, ""
    for route in policy.routes:
        for target in (*route.watchers, *(route.to if route.goes_on else ())):
            if target not in seen:
                seen.add(target)
                yield target, ", who gets copies"


def _sources(target: str, policy: Policy) -> tuple[str, ...]:
    return policy.roles.get(target, (target,))


def _holders(
    conn: Connection, source: str, policy: Policy, team: Snapshot
) -> Iterator[tuple[str, str]]:
    """Ids of those whom a source gives on any account, each with “ of 12 accounts”."""
    kind, _, rest = source.partition(":")
    if kind == "field":
        noun, _, name = rest.partition(".")
        yield from _counted(conn, noun, _OWNED[noun].fields[name].as_string())
    elif kind == "owner":
        yield from _counted(conn, rest, _OWNED[rest].owner_id)
    elif kind in ("team", "deal_team"):
        place = _HOLDING.account_id if kind == "team" else _HOLDING.deal_id
        query = (
            select(_HOLDING.person_id, func.count())
            .where(_HOLDING.deleted_at.is_(None), place.is_not(None))
            .where(func.lower(_HOLDING.role) == rest.lower())
            .group_by(_HOLDING.person_id)
        )
        for person_id, number in conn.execute(query):
            yield person_id, _of(number, "account" if kind == "team" else "deal")
    elif kind == "sending_rep":
        senders = select(func.lower(SIGNAL.c.sending_rep)).where(SIGNAL.c.sending_rep != "")
        yield from _by_email(conn.execute(senders.distinct()).scalars(), team)
    else:
        yield from _of_groups(kind, rest, policy, team)


def _of_groups(kind: str, rest: str, policy: Policy, team: Snapshot) -> Iterator[tuple[str, str]]:
    if kind == "territory":
        active = {one.id: one.name for one in team.territories if one.active}
        rows = [row for row in team.group_members if row.group_id in active]
        held = Counter(row.person_id for row in rows if row.role.casefold() == rest.casefold())
        for person_id, number in held.items():
            yield person_id, _of(number, "territory")
    elif kind == "queue":
        queue = team.queue(rest)
        for row in team.group_members:
            if queue is not None and row.group_id == queue.id:
                yield row.person_id, ""
    elif kind == "pool" and rest in policy.pools:
        yield from _by_email((one.person for one in policy.pools[rest].members), team)
    elif kind == "person":
        yield from _by_email((rest,), team)


def _counted(conn: Connection, noun: str, column: object) -> Iterator[tuple[str, str]]:
    columns = _OWNED[noun]
    query = select(column, func.count()).where(columns.deleted_at.is_(None))  # type: ignore[call-overload]
    query = query.where(columns.is_closed.is_(False)) if noun == "deal" else query
    for person_id, number in conn.execute(query.group_by(column)):
        if person_id:
            yield str(person_id), _of(number, noun)


def _of(number: int, noun: str) -> str:
    many = "territories" if noun == "territory" else _PLURAL.get(noun, noun)
    return f" of {number} {many if number != 1 else noun}"


def _by_email(emails: Iterator[str] | tuple[str, ...], team: Snapshot) -> Iterator[tuple[str, str]]:
    for email in emails:
        person = team.by_email(email)
        if person is not None:
            yield person.id, ""


def _add(found: Reach, person: Person | None, why: str, group: str = "") -> bool:
    """Note a reason; says whether the person is new. Who is gone or a queue is nobody."""
    if person is None or person.queue or not person.active:
        return False
    new = person.id not in found.people
    one = found.people.setdefault(person.id, Reached(person))
    if why not in one.why:
        one.why.append(why)
    if new:
        one.groups |= {person.role_name, person.department} - {""}
    one.groups |= {group} - {""}
    return new


def _add_named(found: Reach, policy: Policy, team: Snapshot) -> None:
    """The hard assignments; and what the policy names that the CRM cannot back up."""
    for row in policy.named_accounts:
        for email, why in ((row.rep, "named rep of "), (row.backup, "named backup for ")):
            if email:
                _add(found, team.by_email(email), f"{why}{row.account}", "named_accounts")
    for email in sorted(policy_emails(policy)):
        person = team.by_email(email)
        if person is None or not person.active or person.queue:
            found.unknown[email] = [_where_named(email, policy)]


def _where_named(email: str, policy: Policy) -> str:
    if email in policy.places.admins:
        return "admin of the policy"
    covered = [one for one, backup in policy.backups.items() if backup == email]
    if covered:
        return f"{_BACKUP}{', '.join(covered)}"
    pools = [name for name, pool in policy.pools.items() for one in pool.members]
    named = [name for name in pools if any(m.person == email for m in policy.pools[name].members)]
    return f"member of the pool {named[0]}" if named else "named in the policy"


def _rungs(policy: Policy) -> set[RungKind]:
    return {rung.to for ladder in (policy.ladder, *policy.ladders.values()) for rung in ladder}


def _add_managers(found: Reach, policy: Policy, team: Snapshot) -> None:
    if RungKind.MANAGER not in _rungs(policy):
        return
    led: dict[str, list[Person]] = {}
    for one in list(found.people.values()):
        if one.person.manager_id:
            led.setdefault(one.person.manager_id, []).append(one.person)
    for manager_id, people in led.items():
        manager = team.people.get(manager_id)
        _add(found, manager, f"manager of {_named(people)}")
        for person in people:
            found.people[person.id].groups |= {manager.email, manager.name} if manager else set()


def _add_backups(found: Reach, policy: Policy, team: Snapshot) -> None:
    """The backups, theirs, and so on; never round in a circle."""
    if RungKind.BACKUP not in _rungs(policy):
        return
    covers: dict[str, list[Person]] = {}
    seen: set[str] = set()
    waiting = [one.person for one in found.people.values() if one.asked]
    while waiting:
        person = waiting.pop()
        if person.id in seen:
            continue
        seen.add(person.id)
        email = policy.backups.get(person.email)
        named = team.by_email(email) if email else None
        backup = named or team.people.get(person.backup_id or "")
        if backup is not None:
            covers.setdefault(backup.id, []).append(person)
            waiting.append(backup)
    for backup_id, people in covers.items():
        _add(found, team.people[backup_id], f"{_BACKUP}{_named(people)}")
        if backup_id in found.people:
            found.people[backup_id].asked = True


def _add_admins(found: Reach, policy: Policy, team: Snapshot) -> None:
    for email in policy.places.admins:
        _add(found, team.by_email(email), "admin of the policy", "admins")


def _add_channels(found: Reach, policy: Policy) -> None:
    places = policy.places
    named = [
        (places.claim_channel, "claim channel"),
        (places.coverage_channel, "coverage channel"),
        (places.watch_channel, "watch channel"),
    ]
    for route in policy.routes:
        watching = (one for one in route.watchers if one.startswith("#"))
        named += [(one, f"watcher of {route.name}") for one in watching]
    for channel, why in named:
        if channel and why not in found.channels.setdefault(channel, []):
            found.channels[channel].append(why)


def _named(people: list[Person]) -> str:
    names = sorted(one.name for one in people)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
