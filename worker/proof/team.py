"""The whole team and every account out of the mirror, for questions about all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, and_, or_, select

from routing.coverage import AccountFacts
from routing.nouns import (
    Account,
    Deal,
    GroupMember,
    MirrorRecord,
    OutOfOffice,
    Person,
    RoleHolding,
    Stage,
    Territory,
    TerritoryAccount,
)
from routing.policy import Policy
from routing.snapshot import Preference, Snapshot
from worker.store.mirror import columns_of, table_of
from worker.store.people_facts import last_reads, preference_from
from worker.store.source_reads import source_reads
from worker.store.tables import PERSON_SETTING
from worker.store.team_facts import holidays
from worker.store.view import View

_CHUNK = 5_000
Noun = TypeVar("Noun", bound=MirrorRecord)


def team_of(conn: Connection, policy: Policy, now: datetime) -> Snapshot:
    """Everybody, with the absences that are not over, the stages and the groups; no account."""
    people = {one.id: one for one in _all(conn, Person)}
    away = table_of(OutOfOffice).c.ends_at > now
    sources = source_reads(View(conn, last_reads(conn)), None)
    return Snapshot(
        people=people,
        stages={one.id: one for one in _all(conn, Stage)},
        out_of_office=tuple(_all(conn, OutOfOffice, away)),
        territories=tuple(_all(conn, Territory)),
        group_members=tuple(_all(conn, GroupMember)),
        holidays=holidays(people, policy, now),
        sources=sources.sources,
        own_sources=sources.own_sources,
        preferences=_preferences(conn),
    )


def accounts_of(conn: Connection) -> Iterator[AccountFacts]:
    """Every account with what routing reads of it, a few thousand in memory at a time."""
    table = table_of(Account)
    after = ""
    while True:
        chunk = list(_all(conn, Account, table.c.id > after, limit=_CHUNK))
        if not chunk:
            return
        after = chunk[-1].id
        yield from _with_what_hangs_on(conn, chunk)


def account_facts(conn: Connection, account: Account) -> AccountFacts:
    """One account with what routing reads of it."""
    return next(_with_what_hangs_on(conn, [account]))


def snapshot_of(facts: AccountFacts, team: Snapshot) -> Snapshot:
    """The facts of a decision about somebody of this account of whom no more is known."""
    queues = {one.id for one in team.people.values() if one.queue}
    groups = queues | set(facts.territories)
    return replace(
        team,
        account=facts.account,
        deals=facts.deals,
        holdings=facts.holdings,
        territories=tuple(one for one in team.territories if one.id in facts.territories),
        group_members=tuple(row for row in team.group_members if row.group_id in groups),
    )


def _with_what_hangs_on(conn: Connection, accounts: Sequence[Account]) -> Iterator[AccountFacts]:
    low, high = accounts[0].id, accounts[-1].id
    deals: dict[str | None, list[Deal]] = defaultdict(list)
    columns = table_of(Deal).c
    active = and_(
        columns.account_id.between(low, high), or_(columns.is_closed.is_(False), columns.is_won)
    )
    for deal in _all(conn, Deal, active):
        deals[deal.account_id].append(deal)
    holdings: dict[str | None, list[RoleHolding]] = defaultdict(list)
    for row in _all(conn, RoleHolding, table_of(RoleHolding).c.account_id.between(low, high)):
        holdings[row.account_id].append(row)
    on_deals = _on_deals(conn, low, high)
    territories: dict[str, list[str]] = defaultdict(list)
    place = table_of(TerritoryAccount).c.account_id
    for one in _all(conn, TerritoryAccount, place.between(low, high)):
        territories[one.account_id].append(one.territory_id)
    for account in accounts:
        mine = tuple(deals.get(account.id, ()))
        rows = [*holdings.get(account.id, ()), *(r for d in mine for r in on_deals.get(d.id, ()))]
        yield AccountFacts(
            account=account,
            deals=mine,
            holdings=tuple(rows),
            territories=tuple(sorted(territories.get(account.id, ()))),
        )


def _on_deals(conn: Connection, low: str, high: str) -> dict[str | None, list[RoleHolding]]:
    """The teams of the open deals of these accounts, by deal."""
    deals = table_of(Deal).c
    theirs = select(deals.id).where(
        deals.account_id.between(low, high), deals.is_closed.is_(False), deals.deleted_at.is_(None)
    )
    found: dict[str | None, list[RoleHolding]] = defaultdict(list)
    for row in _all(conn, RoleHolding, table_of(RoleHolding).c.deal_id.in_(theirs)):
        found[row.deal_id].append(row)
    return found


def _all(
    conn: Connection, noun: type[Noun], *conditions: Any, limit: int | None = None
) -> Iterator[Noun]:
    """The living records of a noun in the order of their ids."""
    table, names = table_of(noun), columns_of(noun)
    query: Select[Any] = select(*(table.c[name] for name in names), table.c.seen_at)
    query = query.where(table.c.deleted_at.is_(None), *conditions).order_by(table.c.id)
    for row in conn.execute(query.limit(limit) if limit else query).mappings():
        yield noun(**row)


def _preferences(conn: Connection) -> dict[str, Preference]:
    rows = conn.execute(select(PERSON_SETTING)).mappings()
    return {row["person_id"]: preference_from(row) for row in rows}
