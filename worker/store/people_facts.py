"""Facts about people: those whom one decision can reach, their absences and their own choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from routing.nouns import Account, OutOfOffice, Person
from routing.policy import Policy, SignalClass
from routing.roles import named_account
from routing.snapshot import Preference, Snapshot
from worker.store import fact_queries as query
from worker.store.source_reads import source_reads
from worker.store.team_facts import holidays
from worker.store.view import Seen, View

_GENERATIONS = 3


def people_snapshot(
    conn: Connection, ids: Iterable[str], policy: Policy, now: datetime
) -> Snapshot:
    """What is known of these people alone: enough to say how each of them stands."""
    view = View(conn, last_reads(conn))
    people = {one.id: one for one in view.by_ids(Person, ids)}
    sources = source_reads(view, people)
    return Snapshot(
        people=people,
        out_of_office=absences(replace(view, own_seen=sources.seen), people, now),
        holidays=holidays(people, policy, now),
        sources=sources.sources,
        own_sources=sources.own_sources,
        preferences=preferences(view, people),
    )


def last_reads(conn: Connection) -> Seen:
    """When each object was last read to its end: unchanged records were current at that time.

    None for one that is to be read and never was.
    """
    return {row[0]: row[1] for row in conn.execute(query.LAST_READS)}


def people_of(
    view: View, first: set[str], sending_rep: str, account: Account | None, policy: Policy
) -> dict[str, Person]:
    """Whom a decision can reach: those whom the records (``first``, ids) and the policy name,
    with their managers and backups, generation by generation.

    Of the policy's backups and named accounts only those are read that lead on from somebody who
    is reached, so that a policy may name thousands.
    """
    emails = named_outright(policy) | ({sending_rep} if sending_rep else set())
    named = named_account(Snapshot(account=account), policy)
    if named is not None:
        emails |= {one for one in (named.rep, named.backup) if one}
    people = _read(view, first, emails)
    people |= _read_backups(view, people, emails, policy)
    asked = first | people.keys()
    for _ in range(_GENERATIONS):
        related = {one.manager_id for one in people.values()}
        related |= {one.backup_id for one in people.values()}
        following = {one for one in related if one} - asked
        if not following:
            break
        more = {one.id: one for one in view.by_ids(Person, following)}
        people |= more | _read_backups(view, more, emails, policy)
        asked |= following | people.keys()
    return people


def _read(view: View, ids: set[str], emails: set[str]) -> dict[str, Person]:
    given = {"ids": sorted(ids), "emails": sorted(emails)}
    return {one.id: one for one in view.nouns(Person, view.queries.people, given)}


def _read_backups(
    view: View, people: Mapping[str, Person], asked: set[str], policy: Policy
) -> dict[str, Person]:
    """The policy's backups of these people, of their backups, and so on; ``asked`` grows."""
    found: set[str] = set()
    for person in people.values() if policy.backups else ():
        following = policy.backups.get(person.email)
        while following is not None and following not in found:
            found.add(following)
            following = policy.backups.get(following)
    further = found - asked
    asked |= further
    return _read(view, set(), further) if further else {}


def named_outright(policy: Policy) -> set[str]:
    """Every e-mail that the policy names whatever the account is."""
    emails = set(policy.places.admins)
    targets = [one for route in policy.routes for one in (*route.to, *route.watchers)]
    emails.update(one.person for pool in policy.pools.values() for one in pool.members)
    sources = [source for row in policy.roles.values() for source in row]
    for text in (*targets, *sources):
        if text.startswith("person:"):
            emails.add(text.removeprefix("person:").lower())
    return emails


def policy_emails(policy: Policy) -> set[str]:
    """Every e-mail that the policy names."""
    emails = {*named_outright(policy), *policy.backups, *policy.backups.values()}
    for row in policy.named_accounts:
        emails.update(one for one in (row.rep, row.backup) if one)
    return emails


def absences(view: View, people: Mapping[str, Person], now: datetime) -> tuple[OutOfOffice, ...]:
    """The absences of these people that are not over."""
    given = {"people": sorted(people), "now": now}
    return tuple(view.nouns(OutOfOffice, view.queries.absences, given)) if people else ()


def preferences(view: View, people: Mapping[str, Person]) -> dict[str, Preference]:
    """What these people have chosen for themselves."""
    rows = view.rows(view.queries.preferences, {"people": sorted(people)})
    return {row["person_id"]: preference_from(row) for row in rows}


def preference_from(row: Any) -> Preference:
    """A person's choices; names of signal classes that are no more are left out."""
    known = set(SignalClass)

    def classes(names: Sequence[str]) -> tuple[SignalClass, ...]:
        return tuple(SignalClass(one) for one in names if one in known)

    quiet = (row["quiet_from"], row["quiet_until"])
    return Preference(
        real_time=None if row["real_time"] is None else classes(row["real_time"]),
        silent=classes(row["silent"]),
        surface=row["surface"],
        quiet=None if None in quiet else quiet,
    )
