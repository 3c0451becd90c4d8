"""How long one decision takes as the mirror grows, how many there are a second, and coverage."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import bindparam, select

from routing.decide import decide, dedup_key
from routing.nouns import Prospect, Signal, SignalKind
from routing.policy import Policy
from routing.snapshot import Snapshot
from tests.bench.company import CONTACTS_OF_ACCOUNT, prospect_email
from tests.bench.mirrored import DAYS, bar, mirrored, policy, with_many_named
from tests.bench.outcome import Measure, Tell, percentile
from tests.bench.record import measure_record
from worker.proof.coverage import prove
from worker.proof.team import accounts_of
from worker.store.engine import Store
from worker.store.facts import open_alert, snapshot_for
from worker.store.mirror import table_of
from worker.store.people_facts import last_reads
from worker.store.receipts import to_json

SMALL = 10_000
RECORDED = 1_000
_NAMED = 2_000
_BOUND = 60.0
"""Seconds that the proof of coverage may take for 100,000 accounts and 30 days. It is pure
computing, so its CPU time is what it takes on a machine that has nothing else to do."""
_ROUNDS = 5
_WARM = 50
"""After so many decisions statements are made and pages are in memory."""
_PROSPECT = table_of(Prospect)
_ONE_ROW = select(_PROSPECT).where(_PROSPECT.c.email == bindparam("email"))
Facts = list[tuple[Signal, Snapshot]]


@dataclass(slots=True)
class _Times:
    """Of one decision each, in milliseconds: by the clock, and of the CPU."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure_decisions(
    folder: Path, contacts: int, decisions: int, accounts: int, tell: Tell
) -> list[Measure]:
    """Decisions at ``SMALL`` and at ``contacts`` mirrored contacts; coverage of ``accounts``."""
    folder.mkdir()
    now = datetime.now(UTC)
    with ExitStack() as stack:
        few, many = (
            stack.enter_context(mirrored(folder / f"{size}.db", size, now, tell))
            for size in (SMALL, contacts)
        )
        tell(f"{decisions:,} decisions at {SMALL:,} contacts and at {contacts:,}, in turn")
        measures, facts = _flat((few, SMALL), (many, contacts), decisions, now)
        measures.append(_facts_and_all((many, contacts), decisions, now, tell))
        measures.append(_many_named((few, SMALL), decisions, now, tell))
        measures.append(_pure(facts, now, tell))
        recorded = [_signal(n % SMALL, n, now) for n in range(min(RECORDED, decisions))]
        measures += measure_record(few, recorded, tell)
    covered = folder / "coverage.db"
    with mirrored(covered, accounts * CONTACTS_OF_ACCOUNT, now, tell, prospects=False) as store:
        measures += _coverage(store, accounts, now, tell)
    return measures


def _flat(
    few: tuple[Store, int], many: tuple[Store, int], decisions: int, now: datetime
) -> tuple[list[Measure], Facts]:
    chance = random.Random(1)  # the same prospects in each run
    rules = policy()
    small, large = _Times(), _Times()
    facts = []
    with bar("decisions", decisions) as advance:
        for number in range(decisions + _WARM):
            for (store, size), times in ((few, small), (many, large)):
                signal = _signal(chance.randrange(size), number, now)
                into = times if number >= _WARM else _Times()
                snapshot = _timed(into, store, signal, rules, now)
            facts.append((signal, snapshot))
            advance(1)
    what = f"one decision at {many[1]:,} contacts, beside {few[1]:,}"
    measures = [
        Measure(f"{what}, {name}", percentile(ours, at), percentile(beside, at), "ms")
        for name, at, ours, beside in (
            ("median", 50, large.wall, small.wall),
            ("P99", 99, large.wall, small.wall),
            ("P99 of CPU time", 99, large.cpu, small.cpu),
        )
    ]
    return measures, facts


def _timed(times: _Times, store: Store, signal: Signal, rules: Policy, now: datetime) -> Snapshot:
    began, cpu = time.perf_counter_ns(), time.thread_time_ns()
    snapshot = _decide(store, signal, rules, now)
    times.cpu.append((time.thread_time_ns() - cpu) / 1e6)
    times.wall.append((time.perf_counter_ns() - began) / 1e6)
    return snapshot


def _decide(store: Store, signal: Signal, rules: Policy, now: datetime) -> Snapshot:
    """As the worker does it: the facts out of the mirror, the open alert, the decision."""
    with store.read() as conn:
        snapshot = snapshot_for(conn, signal, rules, now, last_reads(conn))
        key = dedup_key(signal, snapshot, rules)
        snapshot = replace(snapshot, open_alert=open_alert(conn, key))
    decision = decide(signal, snapshot, rules, now)
    if not decision.assignee_id:
        raise RuntimeError(f"nobody is assigned to {signal.prospect_email}: {decision.reason}")
    return snapshot


def _signal(prospect: int, number: int, now: datetime) -> Signal:
    return Signal(
        source="bench",
        event_id=str(number),
        kind=SignalKind.MULTI_OPEN,
        prospect_email=prospect_email(prospect),
        occurred_at=now,
        received_at=now,
        tier=1,
        count=2,
    )


def _a_second(number: int, act: Callable[[int], object]) -> float:
    """How many a CPU second, the best of several rounds."""
    best = 0.0
    for _ in range(_ROUNDS):
        began = time.process_time()
        for one in range(number):
            act(one)
        best = max(best, number / (time.process_time() - began))
    return best


def _facts_and_all(where: tuple[Store, int], decisions: int, now: datetime, tell: Tell) -> Measure:
    """Whole decisions beside single indexed look-ups by the same library."""
    store, contacts = where
    tell("whole decisions, beside look-ups of one row")
    rules, chance = policy(), random.Random(2)
    signals = [_signal(chance.randrange(contacts), n, now) for n in range(decisions // _ROUNDS)]

    def look_up(number: int) -> None:
        with store.read() as conn:
            conn.execute(_ONE_ROW, {"email": signals[number].prospect_email}).one()

    ours = _a_second(len(signals), lambda number: _decide(store, signals[number], rules, now))
    beside = _a_second(len(signals), look_up)
    name = f"decisions a CPU second at {contacts:,} contacts, beside look-ups of one row"
    return Measure(name, ours, beside, "/s", more=True)


def _many_named(where: tuple[Store, int], decisions: int, now: datetime, tell: Tell) -> Measure:
    store, contacts = where
    tell(f"decisions with {_NAMED:,} named accounts and a backup each")
    chance, plain = random.Random(3), policy()
    named = with_many_named(plain, _NAMED)
    with_named, without = _Times(), _Times()
    for number in range(decisions // _ROUNDS + _WARM):
        signal = _signal(chance.randrange(contacts), number, now)
        for rules, times in ((named, with_named), (plain, without)):
            _timed(times if number >= _WARM else _Times(), store, signal, rules, now)
    name = f"one decision with {_NAMED:,} named accounts and a backup each, beside none, CPU median"
    return Measure(name, percentile(with_named.cpu, 50), percentile(without.cpu, 50), "ms")


def _pure(facts: Facts, now: datetime, tell: Tell) -> Measure:
    tell("the pure core alone, with facts at hand")
    rules = policy()
    texts = [json.dumps(to_json(snapshot)) for _, snapshot in facts]
    ours = _a_second(len(facts), lambda number: decide(*facts[number], rules, now))
    beside = _a_second(len(facts), lambda number: json.loads(texts[number]))
    name = "decisions a CPU second, facts at hand, beside json.loads of these facts"
    return Measure(name, ours, beside, "/s", more=True)


def _coverage(store: Store, accounts: int, now: datetime, tell: Tell) -> list[Measure]:
    tell(f"coverage of {accounts:,} accounts on {DAYS} days")
    with bar("accounts", accounts) as advance:
        began = time.process_time()
        proof = prove(store, policy(), now, days=DAYS, progress=lambda _: advance(1))
        seconds = time.process_time() - began
    if proof.coverage.accounts != accounts:
        raise RuntimeError(f"coverage looked at {proof.coverage.accounts:,} accounts")
    began = time.process_time()
    with store.read() as conn:
        read = sum(1 for _ in accounts_of(conn))
    reading = time.process_time() - began
    name = f"coverage of {read:,} accounts on {DAYS} days, CPU time"
    return [
        Measure(f"{name}, beside the bound", seconds, _BOUND, "s"),
        Measure(f"{name}, beside reading the accounts", seconds, reading, "s"),
    ]
