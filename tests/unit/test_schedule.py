from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.people_csv import connect
from connectors.people_csv.settings import CsvSettings
from routing.policy import Places, Policy, Route, Rung, RungKind
from tests.waiting import until
from worker.clock import SystemClock
from worker.context import Context
from worker.dispatch import dispatch_for
from worker.schedule import Schedule
from worker.store.engine import Store

POLICY = Policy(
    routes=(Route(name="All", to=("person:ann@team.example",)),),
    ladder=(Rung(to=RungKind.ADMIN),),
    places=Places(admins=("ada@team.example",)),
)


@pytest.fixture
def schedule(tmp_path: Path, sqlite_store: Store) -> Iterator[Schedule]:
    ctx = Context(
        store=sqlite_store,
        clock=SystemClock(),
        policy=POLICY,
        dispatch=dispatch_for(sqlite_store),
        crm=connect(CsvSettings(folder=tmp_path)),
        surfaces={},
    )
    made = Schedule(ctx, late_after=0.1)
    with ExitStack() as stack:
        stack.callback(made.stop)
        made.start()
        yield made


def test_a_job_runs_again_and_again(schedule: Schedule) -> None:
    runs: list[Context] = []
    schedule.add("job", runs.append, 0.02)
    until(lambda: len(runs) >= 3)
    assert schedule.health()["job"]["ok"]


def test_a_job_that_fails_goes_on_and_shows_its_last_error(schedule: Schedule) -> None:
    calls: list[int] = []

    def job(_: Context) -> None:
        calls.append(1)
        if len(calls) <= 2:
            raise ValueError("x" * 1000)

    schedule.add("job", job, 0.2)
    until(lambda: schedule.health()["job"]["error"])
    shown = schedule.health()["job"]
    assert shown["error"].startswith("ValueError: xxx")
    assert len(shown["error"]) <= 300
    assert not shown["ok"]
    until(lambda: schedule.health()["job"]["ok"])


def test_a_stuck_job_shows_as_late_and_keeps_no_other_waiting(schedule: Schedule) -> None:
    release, entered = threading.Event(), threading.Semaphore(0)

    def stuck(_: Context) -> None:
        entered.release()
        release.wait()

    others: list[Context] = []
    schedule.add("stuck", stuck, 0.02)
    schedule.add("other", others.append, 0.02)
    try:
        until(lambda: schedule.health()["stuck"]["late"])
        assert schedule.health()["stuck"]["running"]
        seen = len(others)
        until(lambda: len(others) > seen + 2)
        assert entered.acquire(blocking=False)
        assert not entered.acquire(blocking=False)
    finally:
        release.set()
    until(lambda: schedule.health()["stuck"]["ok"])


def test_a_job_that_never_comes_round_shows_as_late(schedule: Schedule) -> None:
    schedule.stop()
    schedule.add("job", lambda _: None, 0.02)
    until(lambda: schedule.health()["job"]["late"])
    assert not schedule.health()["job"]["ok"]


def test_stopping_waits_for_the_job_in_hand(schedule: Schedule) -> None:
    entered, release, done = threading.Event(), threading.Event(), threading.Event()

    def job(_: Context) -> None:
        entered.set()
        release.wait()
        done.set()

    schedule.add("job", job, 0.02)
    assert entered.wait(30)
    stopping = threading.Thread(target=schedule.stop)
    stopping.start()
    release.set()
    stopping.join(30)
    assert done.is_set()
