from __future__ import annotations

import logging
import threading
import time
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


@pytest.mark.pitfall("R16", "a stuck job stops its successors for ever, and nobody sees it")
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


@pytest.mark.pitfall("R16", "a run that begins more than a second late is dropped")
def test_r16_a_job_that_waited_for_a_thread_is_late_and_not_dropped(
    schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    release, busy = threading.Event(), threading.Semaphore(0)

    def stuck(_: Context) -> None:
        busy.release()
        release.wait(30)

    ran: list[Context] = []
    threads = 6
    for number in range(threads):
        schedule.add(f"stuck {number}", stuck, 0.02)
    for _ in range(threads):
        assert busy.acquire(timeout=30)
    schedule.add("late", ran.append, 0.1)
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > 1.3)
    assert ran == []
    with caplog.at_level(logging.WARNING):
        release.set()
        until(lambda: ran)
    assert [one for one in caplog.messages if "did not run as planned" in one] == []


@pytest.mark.pitfall("R16", "what a job throws reaches the scheduler's log and nobody else")
def test_r16_a_job_that_ends_its_thread_is_logged_shown_and_run_again(
    schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def job(_: Context) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise SystemExit("a library thought that it was a program")

    schedule.add("job", job, 0.3)
    until(lambda: schedule.health()["job"]["error"])
    assert "a library thought" in schedule.health()["job"]["error"]
    assert [one for one in caplog.messages if "did not run as planned" in one]
    until(lambda: len(calls) >= 2 and schedule.health()["job"]["ok"])
