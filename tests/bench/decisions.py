"""How long one decision takes as the mirror grows, how many the pure core makes, and coverage."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from routing.decide import decide, dedup_key
from routing.nouns import Account, Deal, OutOfOffice, Person, Prospect, Signal, SignalKind, Stage
from routing.policy import Policy
from routing.snapshot import Snapshot
from tests.bench.company import CONTACTS_OF_ACCOUNT, prospect_email, rep_email
from tests.bench.outcome import Measure, Tell, percentile
from worker.proof.coverage import prove
from worker.store.engine import Store
from worker.store.facts import open_alert, snapshot_for
from worker.store.migrate import migrate
from worker.store.mirror import Read, chunks, upsert
from worker.store.people_facts import last_reads

SMALL = 10_000
_REPS = 500
_TEAM = 10
"""Reps of one manager; the next one in the team is each one's backup."""
_BOUND = 60.0
"""Seconds that the proof of coverage may take for 100,000 accounts and 30 days. It is pure
computing, so its CPU time is what it takes on a machine that has nothing else to do."""
_DAYS = 30
_ROUNDS = 5
Advance = Callable[[int], None]


def measure_decisions(
    folder: Path, contacts: int, decisions: int, accounts: int, tell: Tell
) -> list[Measure]:
    """Decisions at ``SMALL`` and at ``contacts`` mirrored contacts; coverage of ``accounts``."""
    folder.mkdir()
    now = datetime.now(UTC)
    with ExitStack() as stack:
        few, many = (
            stack.enter_context(_company(folder / f"{size}.db", size, now, tell))
            for size in (SMALL, contacts)
        )
        tell(f"{decisions:,} decisions at {SMALL:,} contacts and at {contacts:,}, in turn")
        measures, snapshots = _flat((few, SMALL), (many, contacts), decisions, now)
    measures.append(_pure(snapshots, now, tell))
    covered = folder / "coverage.db"
    with _company(covered, accounts * CONTACTS_OF_ACCOUNT, now, tell, prospects=False) as store:
        measures.append(_coverage(store, accounts, now, tell))
    return measures


def policy() -> Policy:
    """Three stages, three roles, a whole ladder, as a middle-sized team has it."""
    return Policy.model_validate(
        {
            "roles": {
                "bdr": ["field:account.bdr", "owner:account"],
                "ae": ["owner:deal", "owner:account"],
                "csm": ["field:account.csm", "owner:account"],
            },
            "routes": [
                {"name": "To the AE", "when": {"stage": "active_deal"}, "to": ["ae"]},
                {"name": "To the CSM", "when": {"stage": "customer"}, "to": ["csm", "ae"]},
                {"name": "To the BDR", "to": ["bdr", "ae", "claim_channel"]},
            ],
            "ladder": [
                {"to": "assignee", "wait": 15},
                {"to": "backup", "wait": 30},
                {"to": "claim_channel", "wait": 60},
                {"to": "manager", "wait": 120},
                {"to": "admin"},
            ],
            "places": {"claim_channel": "#hot-leads", "admins": [rep_email(0)]},
            "working_hours": {"time_zone": "UTC", "start": "00:00", "end": "23:59"},
        }
    )


@contextmanager
def _company(
    path: Path, contacts: int, now: datetime, tell: Tell, *, prospects: bool = True
) -> Iterator[Store]:
    """A mirror with 500 reps, twenty contacts an account, and a deal for every fourth account."""
    tell(f"mirroring a made-up company of {contacts // CONTACTS_OF_ACCOUNT:,} accounts")
    accounts = contacts // CONTACTS_OF_ACCOUNT
    store = Store(f"sqlite:///{path}")
    migrate(store)
    parts: list[tuple[type[Any], int, Callable[[int], Any]]] = [
        (Stage, 1, lambda _: Stage(id="open", label="Proposal")),
        (Person, _REPS, _person),
        (OutOfOffice, _REPS // 20, lambda n: _away(n, now)),
        (Account, accounts, _account),
        (Deal, accounts // 4, lambda n: _deal(n * 4)),
        (Prospect, contacts if prospects else 0, lambda n: _prospect(n, accounts)),
    ]
    with _bar("records", sum(size for _, size, _ in parts)) as advance:
        for noun, size, make in parts:
            for numbers in chunks(range(size)):
                records = [make(n) for n in numbers]
                with store.write() as tx:
                    upsert(tx, noun, noun.__name__.lower(), records, Read(1, now), now)
                advance(len(records))
    yield store
    store.close()


def _person(number: int) -> Person:
    boss = number - number % _TEAM
    backup = boss + (number + 1) % _TEAM
    return Person(
        id=f"rep{number}",
        email=rep_email(number),
        name=f"Rep {number}",
        manager_id=f"rep{boss}" if boss != number else None,
        backup_id=f"rep{backup}",
        time_zone="UTC",
    )


def _away(number: int, now: datetime) -> OutOfOffice:
    """Every twentieth rep is on leave, one after the other."""
    start = now + timedelta(days=number % _DAYS)
    end = start + timedelta(days=5)
    person = f"rep{number * 20 + 1}"
    return OutOfOffice(
        id=f"away{number}", person_id=person, starts_at=start, ends_at=end, source="crm"
    )


def _account(number: int) -> Account:
    return Account(
        id=f"account{number:07}",
        name=f"Account {number}",
        domain=f"account{number}.example",
        owner_id=f"rep{number % _REPS}",
        kind="Customer" if number % 10 == 1 else "",
        fields={"bdr": f"rep{number * 7 % _REPS}", "csm": f"rep{number * 3 % _REPS}"},
    )


def _deal(number: int) -> Deal:
    return Deal(
        id=f"deal{number:07}",
        name=f"Deal {number}",
        stage_id="open",
        account_id=f"account{number:07}",
        owner_id=f"rep{number * 11 % _REPS}",
        amount=1000.0 * (number % 90),
    )


def _prospect(number: int, accounts: int) -> Prospect:
    return Prospect(
        id=f"contact{number:08}",
        kind="contact",
        email=prospect_email(number),
        name=f"Given{number} Family{number}",
        title="Head of Procurement",
        account_id=f"account{number % accounts:07}",
        owner_id=f"rep{number % _REPS}",
    )


def _flat(
    few: tuple[Store, int], many: tuple[Store, int], decisions: int, now: datetime
) -> tuple[list[Measure], list[tuple[Signal, Snapshot]]]:
    chance = random.Random(1)  # the same prospects in each run
    rules = policy()
    took: tuple[list[float], list[float]] = ([], [])
    snapshots = []
    with _bar("decisions", decisions) as advance:
        for number in range(decisions + 50):
            for (store, size), some in zip((few, many), took, strict=True):
                signal = _signal(chance.randrange(size), number, now)
                began = time.perf_counter_ns()
                snapshot = _decide(store, signal, rules, now)
                if number >= 50:  # by then statements are made and pages are in memory
                    some.append((time.perf_counter_ns() - began) / 1e6)
            snapshots.append((signal, snapshot))
            advance(1)
    small, large = took
    what = f"one decision at {many[1]:,} contacts, beside {few[1]:,}"
    measures = [
        Measure(f"{what}, {name}", percentile(large, at), percentile(small, at), "ms")
        for name, at in (("median", 50), ("P99", 99))
    ]
    return measures, snapshots


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


def _pure(snapshots: list[tuple[Signal, Snapshot]], now: datetime, tell: Tell) -> Measure:
    tell("the pure core alone, with facts at hand")
    rules = policy()
    best = 0.0
    for _ in range(_ROUNDS):
        began = time.process_time()
        for signal, snapshot in snapshots:
            decide(signal, snapshot, rules, now)
        best = max(best, len(snapshots) / (time.process_time() - began))
    return Measure("decisions a CPU second, facts at hand", best, None, "/s", more=True)


def _coverage(store: Store, accounts: int, now: datetime, tell: Tell) -> Measure:
    tell(f"coverage of {accounts:,} accounts on {_DAYS} days")
    with _bar("accounts", accounts) as advance:
        began = time.process_time()
        proof = prove(store, policy(), now, days=_DAYS, progress=lambda _: advance(1))
        seconds = time.process_time() - began
    if proof.coverage.accounts != accounts:
        raise RuntimeError(f"coverage looked at {proof.coverage.accounts:,} accounts")
    name = f"coverage of {accounts:,} accounts on {_DAYS} days, CPU time beside the bound"
    return Measure(name, seconds, _BOUND, "s")


@contextmanager
def _bar(what: str, total: int) -> Iterator[Advance]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda number: progress.advance(task, number)
