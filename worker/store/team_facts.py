"""Facts about the team: what each has to do, whose turns were taken, and who has a holiday."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from routing.nouns import Person
from routing.policy import Policy
from routing.policy_parts import Holidays
from routing.snapshot import Holiday, Load
from worker.regions import holidays_in, is_region
from worker.store import fact_queries as query

_LATELY = timedelta(days=14)
"""How far back turns count: who was away for long is not made to catch up with everything."""
_OLDEST = timedelta(days=60)
"""An alert that is open for longer is no work in hand."""
_BEFORE, _AHEAD = timedelta(days=2), timedelta(days=40)


def turns_of(policy: Policy) -> list[str]:
    """The pools and queues that routes name, as alerts keep them."""
    targets = [target for route in policy.routes for target in route.to]
    pools = [one.removeprefix("pool:") for one in targets if one.startswith("pool:")]
    return sorted({*pools, *queues_of(policy, prefix="queue:")})


def queues_of(policy: Policy, prefix: str = "") -> list[str]:
    """The names of the queues that routes name."""
    targets = [target for route in policy.routes for target in route.to]
    found = (one.removeprefix("queue:") for one in targets if one.startswith("queue:"))
    return sorted({prefix + one for one in found})


def turns(conn: Connection, policy: Policy, now: datetime) -> dict[str, dict[str, int]]:
    """How many alerts each member of each pool was given lately."""
    names = turns_of(policy)
    if not names:
        return {}
    taken: dict[str, dict[str, int]] = {name: {} for name in names}
    given = {"turns": names, "since": now - _LATELY, "now": now}
    for turn, person_id, number in conn.execute(query.TURNS, given):
        taken[turn][person_id] = int(number)
    return taken


def loads(
    conn: Connection, policy: Policy, people: Iterable[str], now: datetime
) -> dict[str, Load]:
    """What each of these people has to do; only asked where a pool has a limit."""
    pools = policy.pools.values()
    limits = [one for pool in pools for one in (pool.most_open, pool.most_a_day)]
    own = [
        one for pool in pools for each in pool.members for one in (each.most_open, each.most_a_day)
    ]
    if not any(one is not None for one in (*limits, *own)):
        return {}
    day = now - timedelta(days=1)
    given = {"people": sorted(people), "now": now, "a_day_ago": day, "since": now - _OLDEST}
    rows = conn.execute(query.LOADS, given)
    return {row[0]: Load(open=int(row[1]), today=int(row[2])) for row in rows}


def holidays(
    people: Mapping[str, Person], policy: Policy, now: datetime
) -> dict[str, tuple[Holiday, ...]]:
    """The public holidays of each person from two days before ``now`` to forty after."""
    rule = policy.holidays
    found: dict[str, tuple[Holiday, ...]] = {}
    if not (rule.region or rule.people or rule.field):
        return found
    first, last = (now - _BEFORE).date(), (now + _AHEAD).date()
    for person in people.values():
        region = region_of(person, rule)
        if region:
            days = {**holidays_in(region, first.year), **holidays_in(region, last.year)}
            found[person.id] = tuple(
                Holiday(day=day, name=name)
                for day, name in sorted(days.items())
                if first <= day <= last and name not in rule.except_names
            )
    return {one: days for one, days in found.items() if days}


def region_of(person: Person, rule: Holidays) -> str:
    """The region whose holidays the person has; '' when nobody says."""
    own = person.fields.get(rule.field, "") if rule.field else ""
    region = rule.people.get(person.email) or own or rule.region or ""
    return region if is_region(region) else rule.region or ""
