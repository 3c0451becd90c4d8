"""Looks at the budget of calls and at the freshness budgets: will the day last, and is it fresh."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Check, Crm
from connectors.errors import ConnectorError
from connectors.live import LiveQuestion
from worker.budget.governor import Governor
from worker.budget.pace import State
from worker.clock import Clock
from worker.fresh.budgets import Budgets
from worker.settings import Settings
from worker.store import circuit
from worker.store.engine import Store
from worker.store.tallies import tallies

_NOBODY = "nobody@hotlead.invalid"


def guard_checks(store: Store, crm: Crm, settings: Settings, clock: Clock) -> Iterator[Check]:
    """The checks. The store's own figures are left as they are."""
    if crm.api_calls:  # files have no limits
        yield _forecast(store, crm, settings, clock)
    yield _intervals(crm, settings)
    yield _live_reads(store, crm, clock)


def _forecast(store: Store, crm: Crm, settings: Settings, clock: Clock) -> Check:
    """What polling will take of the day, and whether that is ours to take."""
    name = f"{crm.name} API forecast"
    governor = Governor(store, clock, crm, settings.budget)
    usage = crm.day_usage()
    with store.read() as conn:
        costs = governor.costs(conn)
        standing = governor.read(conn)
    forecast = sum(costs.values())
    dearest = sorted(costs.items(), key=lambda one: -one[1])[:3]
    named = ", ".join(f"{what} {calls:,.0f}" for what, calls in dearest)
    most = usage.most if usage is not None else settings.budget.daily_calls
    if not most:
        text = f"polling takes about {forecast:,.0f} calls a day ({named}); {crm.name} does not "
        text += "say how many there are"
        mend = "set budget.daily_calls to what your subscription allows"
        return Check(name=name, state="warn", text=text, mend=mend)
    share = settings.budget.share or (usage.fair_share if usage is not None else 0.25)
    text = f"polling takes about {forecast:,.0f} calls a day at full pace ({named}), of a share of "
    text += f"{most * share:,.0f}"
    if standing.plan.state in (State.RESERVE, State.USED_UP):
        return Check(name=name, state="fail", text=f"{text}; now {standing.why}")
    if forecast > most * share:
        text += f": it will be slowed to a pace of {forecast / (most * share):.1f}"
        mend = "raise budget.share, or have the CRM's limit raised"
        return Check(name=name, state="warn", text=text, mend=mend)
    return Check(name=name, state="ok", text=text)


def _intervals(crm: Crm, settings: Settings) -> Check:
    """Objects that are read more seldom than their freshness budget allows cost live reads."""
    name = "freshness budgets"
    budgets = Budgets(settings.freshness, crm.objects).of_objects
    late = [
        f"{one.name} (read each {one.every} s, budget {budgets[one.name]:.0f} s)"
        for one in crm.objects
        if one.name in budgets and budgets[one.name] < one.every
    ]
    if not late:
        text = "every object is read within its freshness budget"
        return Check(name=name, state="ok", text=text)
    text = f"alerts wait for a live read now and then, for {', '.join(late)}"
    return Check(name=name, state="ok", text=text)


def _live_reads(store: Store, crm: Crm, clock: Clock) -> Check:
    """A live read works, and what those of the worker have brought so far."""
    name = "live reads"
    try:
        crm.read_live(LiveQuestion(emails=frozenset({_NOBODY})))
    except ConnectorError as error:
        text = f"a record cannot be read live, so stale facts stay stale: {error}"
        return Check(name=name, state="warn", text=text, mend=error.mend)
    with store.read() as conn:
        counts = tallies(conn)
        standing = circuit.state_of(conn, circuit.LIVE, clock.now())
    text = f"work; {counts['live_reads']:,} so far, {counts['changed_recipients']:,} of them gave "
    text += f"an alert another recipient, {counts['not_refreshed']:,} alerts could not wait"
    if standing["state"] == "open":
        text += f"; the worker lets the CRM rest after: {standing['error']}"
        return Check(name=name, state="warn", text=text, mend="see the log of hotlead run")
    return Check(name=name, state="ok", text=text)
