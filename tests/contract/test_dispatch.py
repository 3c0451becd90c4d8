"""What every dispatch promises, in this process and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.dispatch_kit import Blocker, Diary, MakeDispatch, hand_over
from tests.waiting import PATIENCE, until
from worker.dispatch import dispatch_for
from worker.dispatch.base import Dispatch
from worker.store.engine import Store
from worker.store.tables import META


@pytest.fixture
def make_dispatch(store: Store) -> Iterator[MakeDispatch]:
    """Makes dispatches for the store and stops them afterwards."""
    made: list[Dispatch] = []

    def make(threads: int = 4, slow: frozenset[str] = frozenset()) -> Dispatch:
        made.append(dispatch_for(store, threads=threads, slow=slow))
        return made[-1]

    yield make
    for dispatch in made:
        dispatch.stop()


def test_a_job_runs_only_after_its_transaction_has_committed(
    store: Store, make_dispatch: MakeDispatch
) -> None:
    diary = Diary()
    unseen: list[str] = []

    def look(row_id: str) -> None:
        with store.read() as conn:
            if conn.execute(META.select().where(META.c.key == row_id)).first() is None:
                unseen.append(row_id)
        diary(row_id)

    dispatch = make_dispatch()
    dispatch.start({"look": look})
    for number in range(30):
        with store.write() as tx:
            dispatch.hand_over(tx, "look", str(number))
            tx.conn.execute(META.insert().values(key=str(number), value=""))
    diary.wait_for(*map(str, range(30)))
    assert not unseen


def test_nothing_runs_after_a_rollback(store: Store, make_dispatch: MakeDispatch) -> None:
    diary = Diary()
    dispatch = make_dispatch()
    dispatch.start({"look": diary})
    with suppress(ZeroDivisionError), store.write() as tx:
        dispatch.hand_over(tx, "look", "rolled back", lock="line")
        raise ZeroDivisionError
    hand_over(store, dispatch, "look", "committed", lock="line")
    diary.wait_for("committed")
    until(dispatch.idle, "the dispatch is idle")
    assert diary.rows == ["committed"]


def test_what_was_handed_over_before_the_start_runs_after_it(
    store: Store, make_dispatch: MakeDispatch
) -> None:
    diary = Diary()
    dispatch = make_dispatch()
    hand_over(store, dispatch, "look", "early")
    assert not dispatch.idle()
    dispatch.start({"look": diary})
    diary.wait_for("early")


def test_jobs_with_one_lock_run_one_at_a_time_and_in_order(
    store: Store, make_dispatch: MakeDispatch
) -> None:
    diary = Diary()
    dispatch = make_dispatch()
    dispatch.start({"look": diary})
    rows = [str(number) for number in range(20)]
    hand_over(store, dispatch, "look", *rows, lock="channel")
    diary.wait_for(*rows)
    assert diary.rows == rows
    assert diary.most_at_once == 1


def test_a_busy_lock_holds_up_nobody_else(store: Store, make_dispatch: MakeDispatch) -> None:
    diary, blocker = Diary(), Blocker()
    dispatch = make_dispatch(threads=2)
    dispatch.start({"look": diary, "block": blocker})
    hand_over(store, dispatch, "block", "1", lock="busy")
    hand_over(store, dispatch, "look", "behind", "further behind", lock="busy")
    hand_over(store, dispatch, "look", "free", "other", lock="free")
    diary.wait_for("free", "other")
    assert diary.rows == ["free", "other"]
    blocker.release.set()
    diary.wait_for("behind", "further behind")


def test_jobs_with_different_locks_run_at_the_same_time(
    store: Store, make_dispatch: MakeDispatch
) -> None:
    met = threading.Barrier(3)

    def meet(row_id: str) -> None:
        met.wait(PATIENCE)

    dispatch = make_dispatch()
    dispatch.start({"meet": meet})
    hand_over(store, dispatch, "meet", "1", lock="one")
    hand_over(store, dispatch, "meet", "2", lock="two")
    met.wait(PATIENCE)


def test_a_job_that_raises_is_logged_and_counted_and_stops_nobody(
    store: Store, make_dispatch: MakeDispatch, caplog: pytest.LogCaptureFixture
) -> None:
    diary = Diary()

    def fail(row_id: str) -> None:
        raise LookupError(f"no row {row_id}")

    dispatch = make_dispatch(threads=1)
    dispatch.start({"fail": fail, "look": diary})
    hand_over(store, dispatch, "fail", "41", "42", lock="line")
    hand_over(store, dispatch, "look", "43", lock="line")
    diary.wait_for("43")
    until(dispatch.idle, "the dispatch is idle")
    assert dispatch.health()["failed"] == 2
    assert "job fail on row '42' failed" in caplog.text
    assert "LookupError: no row 42" in caplog.text


def test_a_row_that_already_waits_is_not_asked_for_twice(
    store: Store, make_dispatch: MakeDispatch
) -> None:
    diary, blocker = Diary(), Blocker()
    dispatch = make_dispatch(threads=1)
    dispatch.start({"look": diary, "block": blocker})
    hand_over(store, dispatch, "block", "1")
    blocker.wait_entered()
    for _ in range(3):
        hand_over(store, dispatch, "look", "same")
    with store.write() as tx:
        dispatch.hand_over(tx, "look", "same")
        dispatch.hand_over(tx, "look", "other")
        dispatch.hand_over(tx, "look", "other")
    assert dispatch.health()["queued"] == 2
    blocker.release.set()
    until(dispatch.idle, "the dispatch is idle")
    assert diary.rows == ["same", "other"]


def test_a_change_while_its_job_runs_gets_another_look(
    store: Store, make_dispatch: MakeDispatch
) -> None:
    blocker = Blocker()
    dispatch = make_dispatch()
    dispatch.start({"block": blocker})
    hand_over(store, dispatch, "block", "1", lock="line")
    blocker.wait_entered()
    hand_over(store, dispatch, "block", "1", lock="line")
    blocker.release.set()
    until(lambda: blocker.finished == ["1", "1"], "the second look")


def test_a_job_may_hand_over_the_next(store: Store, make_dispatch: MakeDispatch) -> None:
    diary = Diary()
    dispatch = make_dispatch(threads=1)
    dispatch.start({"first": lambda row: hand_over(store, dispatch, "then", row), "then": diary})
    hand_over(store, dispatch, "first", "7")
    diary.wait_for("7")


@pytest.mark.pitfall("R16", "a long sync keeps deliveries waiting")
def test_slow_jobs_leave_the_threads_to_the_fast_ones(
    store: Store, make_dispatch: MakeDispatch
) -> None:
    diary, blocker = Diary(), Blocker()
    dispatch = make_dispatch(threads=1, slow=frozenset({"sync"}))
    dispatch.start({"sync": blocker, "look": diary})
    hand_over(store, dispatch, "sync", "1", "2", "3", "4")
    blocker.wait_entered()
    blocker.wait_entered()
    hand_over(store, dispatch, "look", "fast")
    diary.wait_for("fast")
    assert not blocker.finished
    blocker.release.set()
    until(lambda: len(blocker.finished) == 4, "the slow jobs")


def test_a_stop_finishes_what_runs_and_begins_nothing_new(
    store: Store, make_dispatch: MakeDispatch
) -> None:
    diary, blocker = Diary(), Blocker()
    dispatch = make_dispatch(threads=1)
    dispatch.start({"block": blocker, "look": diary})
    assert dispatch.health()["alive"]
    hand_over(store, dispatch, "block", "1")
    hand_over(store, dispatch, "look", "later")
    blocker.wait_entered()
    stopping = threading.Thread(target=dispatch.stop, args=(PATIENCE,))
    stopping.start()
    until(lambda: not dispatch.health()["alive"], "the stop has begun")
    assert stopping.is_alive()
    blocker.release.set()
    stopping.join(PATIENCE)
    assert blocker.finished == ["1"]
    assert not diary.rows


def test_a_stop_does_not_wait_for_ever(store: Store, make_dispatch: MakeDispatch) -> None:
    blocker = Blocker()
    dispatch = make_dispatch(threads=1)
    dispatch.start({"block": blocker})
    hand_over(store, dispatch, "block", "1")
    blocker.wait_entered()
    dispatch.stop(timeout=0.1)
    assert not blocker.finished
    blocker.release.set()
    until(lambda: blocker.finished, "the job ends by itself")


def test_the_health_tells_what_waits_and_runs(store: Store, make_dispatch: MakeDispatch) -> None:
    blocker = Blocker()
    dispatch = make_dispatch(threads=1)
    hand_over(store, dispatch, "block", "1", "2", lock="line")
    before = dispatch.health()
    assert (before["alive"], before["queued"], before["running"]) == (False, 2, 0)
    dispatch.start({"block": blocker})
    blocker.wait_entered()
    during = dispatch.health()
    assert (during["alive"], during["queued"], during["running"]) == (True, 1, 1)
    blocker.release.set()
    until(dispatch.idle, "the dispatch is idle")
    after = dispatch.health()
    assert (after["queued"], after["running"], after["failed"]) == (0, 0, 0)
