"""Counts the mirror, and asks the CRM which fields beside the owner name a person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, func, select

from connectors.base import OwnerField
from routing.nouns import (
    Account,
    Deal,
    DealContact,
    Person,
    Prospect,
    RoleHolding,
    Stage,
)
from routing.snapshot import Snapshot
from worker.profile.facts import OrgFacts, StageUse
from worker.store.mirror import count, table_of


def gather(
    conn: Connection,
    crm: str,
    team: Snapshot,
    fields: Sequence[OwnerField],
    holders: Mapping[str, Mapping[str, int]],
) -> OrgFacts:
    """The facts. ``team`` is the whole team; ``holders`` as ``OrgFacts`` has them."""
    queues = {one.id: one.name for one in team.people.values() if one.queue}
    members = Counter(row.group_id for row in team.group_members)
    active = {one.id for one in team.territories if one.active}
    territory_roles = Counter(
        row.role for row in team.group_members if row.group_id in active and row.role
    )
    account, deal, holding = (table_of(noun) for noun in (Account, Deal, RoleHolding))
    won = _living(deal, func.count(deal.c.account_id.distinct())).where(deal.c.is_won)
    return OrgFacts(
        crm=crm,
        people={one.id: one for one in team.people.values() if not one.queue},
        accounts=count(conn, Account),
        deals=count(conn, Deal),
        prospects=count(conn, Prospect),
        stages=_stages(conn, team),
        kinds=_counted(conn, account, account.c.kind),
        won_accounts=int(conn.execute(won).scalar_one()),
        account_roles=_counted(conn, holding, holding.c.role, of=holding.c.account_id),
        deal_roles=_counted(conn, holding, holding.c.role, of=holding.c.deal_id),
        territories=len(active),
        territory_roles=territory_roles,
        queues={name: members[key] for key, name in queues.items()},
        account_owners=_counted(conn, account, account.c.owner_id),
        fields=fields,
        holders=holders,
    )


def is_empty(conn: Connection) -> bool:
    """Whether nothing is mirrored from which anything could be proposed."""
    return not (count(conn, Account) and count(conn, Person))


def taking_part(conn: Connection) -> Iterator[tuple[str, list[frozenset[str]]]]:
    """The deals of each prospect who takes part in any, by account, in the order of their ids."""
    account, prospect, part = (table_of(noun) for noun in (Account, Prospect, DealContact))
    query = (
        select(account.c.id, prospect.c.id, part.c.deal_id)
        .join_from(part, prospect, prospect.c.id == part.c.prospect_id)
        .join(account, account.c.id == prospect.c.account_id)
        .where(*(one.c.deleted_at.is_(None) for one in (account, prospect, part)))
        .order_by(account.c.id, prospect.c.id)
    )
    for account_id, rows in groupby(conn.execute(query), key=itemgetter(0)):
        deals = [frozenset(row[2] for row in some) for _, some in groupby(rows, itemgetter(1))]
        yield account_id, list(dict.fromkeys(deals))


def _living(table: Any, *columns: Any) -> Select[Any]:
    return select(*columns).where(table.c.deleted_at.is_(None))


def _counted(conn: Connection, table: Any, column: Any, of: Any = None) -> dict[str, int]:
    """How often each value stands there; with ``of`` for how many different ones of that."""
    number = func.count() if of is None else func.count(of.distinct())
    query = _living(table, column, number).group_by(column).order_by(number.desc(), column)
    if of is not None:
        query = query.where(of.is_not(None))
    return {value: int(times) for value, times in conn.execute(query) if value and times}


def _stages(conn: Connection, team: Snapshot) -> tuple[StageUse, ...]:
    """The labels in order: of several pipelines that with the most open deals comes first."""
    deal = table_of(Deal)
    columns = (deal.c.stage_id, deal.c.owner_id, func.count())
    query = _living(deal, *columns).where(deal.c.is_closed.is_(False))
    owners: dict[str, Counter[str]] = defaultdict(Counter)
    for stage_id, owner, times in conn.execute(query.group_by(deal.c.stage_id, deal.c.owner_id)):
        owners[stage_id][owner or ""] += int(times)
    weight: Counter[str] = Counter()
    strange = owners.keys() - team.stages.keys()  # stages of deals that the CRM does not list
    known = {**team.stages, **{one: Stage(id=one, label=one) for one in strange}}
    for stage in known.values():
        weight[stage.pipeline_id] += owners[stage.id].total()
    order = sorted(
        known.values(),
        key=lambda one: (-weight[one.pipeline_id], one.pipeline_id, one.position, one.label),
    )
    by_label: dict[str, list[Stage]] = defaultdict(list)
    for stage in order:
        by_label[stage.label.casefold()].append(stage)
    return tuple(
        StageUse(
            label=some[0].label,
            closed=all(one.is_closed for one in some),
            won=any(one.is_won for one in some),
            active=any(one.active for one in some),
            owners=sum((owners[one.id] for one in some), Counter()),
        )
        for some in by_label.values()
    )
