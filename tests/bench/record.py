"""Replay and shadow: how long a recorded signal takes to be decided again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, cast

from connectors.slack.surface import Slack
from routing.nouns import Signal
from routing.policy import Policy
from tests.bench.company import rep_email
from tests.bench.mirrored import bar, policy
from tests.bench.outcome import Measure, Tell
from worker.clock import SystemClock
from worker.context import Context
from worker.decide import decide_signal
from worker.dispatch import dispatch_for
from worker.proof.record import FROM_HISTORY, FROM_RECEIPT, count_receipts, receipts
from worker.proof.replaying import replay
from worker.proof.shadowing import Shadowing, running, start
from worker.store.engine import Store
from worker.store.history import begin_history
from worker.store.receipts import keep_policy
from worker.store.tables import SIGNAL

_THOUSAND = 1_000


def measure_record(store: Store, signals: Sequence[Signal], tell: Tell) -> list[Measure]:
    """CPU seconds for 1,000 recorded signals, each beside reading the record alone."""
    clock = SystemClock()
    candidate, now = _rules(snooze_minutes=7), clock.now()
    with store.write() as tx:
        begin_history(tx, now - timedelta(days=1))
        start(tx, candidate, file="new.yaml", text="", by="bench", now=now)
    tell(f"deciding {len(signals):,} signals, for a record")
    ctx = _context(store, clock)
    _record(ctx, signals)
    since = now - timedelta(minutes=10)
    clock.forward(timedelta(minutes=1))  # what is looked at by a shadow has settled
    _read(store, since)  # the statements and what checks receipts are made by then
    reading = _seconds(len(signals), lambda: _read(store, since))
    return [
        Measure(f"{what} of 1,000 recorded signals, beside reading them", ours, reading, "s")
        for what, ours in (
            ("replay", _replay(store, candidate, since, FROM_RECEIPT, tell)),
            ("replay by the history", _replay(store, _by_history(), since, FROM_HISTORY, tell)),
            ("shadow", _shadow(ctx, len(signals), tell)),
        )
    ]


def _context(store: Store, clock: SystemClock) -> Context:
    return Context(
        store=store,
        clock=clock,
        policy=policy(),
        dispatch=dispatch_for(store, slow=frozenset()),  # not started: nothing goes out
        crm=cast(Any, None),  # nothing here asks the CRM
        surfaces={"slack": cast(Any, Slack)},  # of which the abilities alone are looked at
    )


def _rules(**changes: Any) -> Policy:
    return Policy.model_validate(policy().model_dump(mode="json", by_alias=True) | changes)


def _by_history() -> Policy:
    """It names somebody of whom the receipts say nothing."""
    places = policy().places.model_dump(mode="json")
    return _rules(places=places | {"admins": [rep_email(499)]})


def _record(ctx: Context, signals: Sequence[Signal]) -> None:
    """Each is stored and decided as the worker does it, with alert, message, task and receipt."""
    with ctx.store.write() as tx:
        keep_policy(tx, ctx.policy, ctx.clock.now())
    own = {column.name for column in SIGNAL.c}
    with bar("signals", len(signals)) as advance:
        for signal in signals:
            values = {name: value for name, value in asdict(signal).items() if name in own}
            values |= {"outcome": "", "explanation": "", "attempts": 0}
            with ctx.store.write() as tx:
                added = tx.conn.execute(SIGNAL.insert().values(**values).returning(SIGNAL.c.id))
                signal_id = int(added.scalar_one())
            decide_signal(ctx, str(signal_id))
            advance(1)


def _seconds(signals: int, act: Callable[[], object]) -> float:
    """CPU seconds for a thousand."""
    began = time.process_time()
    act()
    return (time.process_time() - began) * _THOUSAND / signals


def _read(store: Store, since: datetime) -> int:
    with store.read() as conn:
        _, last = count_receipts(conn, since)
    return sum(1 for _ in receipts(store, since, last))


def _replay(store: Store, rules: Policy, since: datetime, source: str, tell: Tell) -> float:
    with store.read() as conn:
        total, _ = count_receipts(conn, since)
    tell(f"replay of {total:,} signals, with the facts of the {source}")
    with bar("signals", total) as advance:
        began = time.process_time()
        made = replay(store, rules, since, lambda _: advance(1))
        seconds = time.process_time() - began
    if made.facts != {source: total}:
        raise RuntimeError(f"the facts were not those of the {source}: {dict(made.facts)}")
    return seconds * _THOUSAND / total


def _shadow(ctx: Context, total: int, tell: Tell) -> float:
    tell(f"shadow of {total:,} signals")
    shadowing = Shadowing()
    seen = -1

    def catch_up() -> None:
        nonlocal seen
        while (now := _seen(ctx.store)) != seen:
            seen = now
            shadowing.tick(ctx)

    with bar("signals", total) as advance:
        seconds = _seconds(total, catch_up)
        advance(seen)
    if seen != total:
        raise RuntimeError(f"the shadow looked at {seen:,} of {total:,} signals")
    return seconds


def _seen(store: Store) -> int:
    with store.read() as conn:
        row = running(conn)
    return int(row["signals"]) if row is not None else 0
