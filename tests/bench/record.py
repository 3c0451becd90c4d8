"""Replay and shadow: how long a recorded signal takes to be decided again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from routing.decide import decide
from routing.nouns import Signal
from routing.policy import Policy
from routing.snapshot import Snapshot
from tests.bench.company import rep_email
from tests.bench.mirrored import bar, policy
from tests.bench.outcome import Measure, Tell
from worker.clock import SystemClock
from worker.context import Context
from worker.dispatch import dispatch_for
from worker.proof.record import FROM_HISTORY, FROM_RECEIPT, count_receipts, receipts
from worker.proof.replaying import replay
from worker.proof.shadowing import Shadowing, running, start
from worker.store.engine import Store
from worker.store.history import begin_history
from worker.store.receipts import add_receipt, keep_policy
from worker.store.tables import SIGNAL

_THOUSAND = 1_000


def measure_record(
    store: Store, facts: Sequence[tuple[Signal, Snapshot]], now: datetime, tell: Tell
) -> list[Measure]:
    """CPU seconds for 1,000 recorded signals, each beside reading the record alone."""
    candidate = _rules(snooze_minutes=7)
    with store.write() as tx:
        start(tx, candidate, file="new.yaml", text="", by="bench", now=now)
    decided = now - timedelta(minutes=10)
    tell(f"recording {len(facts):,} signals")
    _record(store, facts, decided)
    since = decided - timedelta(minutes=1)
    reading = _seconds(len(facts), lambda: _read(store, since))
    measures = [
        Measure(f"{what} of 1,000 recorded signals, beside reading them", ours, reading, "s")
        for what, ours in (
            ("replay", _replay(store, candidate, since, FROM_RECEIPT, tell)),
            ("replay by the history", _replay(store, _by_history(), since, FROM_HISTORY, tell)),
            ("shadow", _shadow(store, len(facts), tell)),
        )
    ]
    return measures


def _rules(**changes: Any) -> Policy:
    return Policy.model_validate(policy().model_dump(mode="json", by_alias=True) | changes)


def _by_history() -> Policy:
    """It names somebody of whom the receipts say nothing."""
    places = policy().places.model_dump(mode="json")
    return _rules(places=places | {"admins": [rep_email(499)]})


def _record(store: Store, facts: Sequence[tuple[Signal, Snapshot]], decided: datetime) -> None:
    rules = policy()
    with store.write() as tx:
        begin_history(tx, decided - timedelta(days=1))
        keep_policy(tx, rules, decided)
    for signal, snapshot in facts:
        decision = decide(signal, snapshot, rules, decided)
        values = {name: getattr(signal, name) for name in ("source", "event_id", "count", "tier")}
        values |= {"kind": signal.kind.value, "prospect_email": signal.prospect_email}
        values |= {"occurred_at": decided, "received_at": decided}
        blank = ("prospect_name", "thread_id", "thread_url", "subject", "sending_rep", "language")
        values |= dict.fromkeys((*blank, "explanation"), "")
        values |= {"outcome": decision.outcome.value, "attempts": 0}
        with store.write() as tx:
            added = tx.conn.execute(SIGNAL.insert().values(**values).returning(SIGNAL.c.id))
            add_receipt(tx, added.scalar_one(), snapshot, decision, None, decided)


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


def _shadow(store: Store, total: int, tell: Tell) -> float:
    tell(f"shadow of {total:,} signals")
    ctx = Context(
        store=store,
        clock=SystemClock(),
        policy=policy(),
        dispatch=dispatch_for(store, slow=frozenset()),
        crm=cast(Any, None),  # a shadow asks no CRM
        surfaces={},
    )
    shadowing = Shadowing()
    seen = -1

    def catch_up() -> None:
        nonlocal seen
        while (now := _seen(store)) != seen:
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
