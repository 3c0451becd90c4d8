"""What several workers on one PostgreSQL promise each other."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.dispatch_kit import Blocker, Diary, hand_over
from tests.waiting import PATIENCE, until
from worker.dispatch.on_postgres import OnPostgres
from worker.store.engine import Store, StoreError
from worker.store.tables import META

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    """Here always on PostgreSQL."""
    opened = Store(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def two(store: Store) -> Iterator[tuple[OnPostgres, OnPostgres]]:
    """Two workers of one database, with one thread each."""
    pair = tuple(OnPostgres(store.url, 1, heartbeat=0.3, dead_after=2) for _ in range(2))
    yield (pair[0], pair[1])
    for dispatch in pair:
        dispatch.stop()


def test_two_workers_share_the_work(store: Store, two: tuple[OnPostgres, OnPostgres]) -> None:
    met = threading.Barrier(3)

    def meet(row_id: str) -> None:
        met.wait(PATIENCE)

    for dispatch in two:
        dispatch.start({"meet": meet})
    hand_over(store, two[0], "meet", "1", "2")
    met.wait(PATIENCE)


def test_a_lock_holds_over_all_workers(store: Store, two: tuple[OnPostgres, OnPostgres]) -> None:
    diary = Diary()
    rows = [str(number) for number in range(20)]
    for dispatch in two:
        dispatch.start({"look": diary})
    hand_over(store, two[0], "look", *rows, lock="channel")
    diary.wait_for(*rows)
    assert diary.rows == rows
    assert diary.most_at_once == 1


def test_a_killed_workers_job_is_taken_over(
    store: Store, two: tuple[OnPostgres, OnPostgres]
) -> None:
    diary = Diary()
    hand_over(store, two[0], "look", "1", "2", lock="channel")
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.dispatch_victim"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with victim:
        assert victim.stdin is not None
        assert victim.stdout is not None
        print(store.url, file=victim.stdin, flush=True)
        begun = victim.stdout.readline().strip()
        victim.kill()
    assert begun == "1"
    two[1].start({"look": diary})
    diary.wait_for("1", "2")
    assert diary.rows == ["1", "2"]


def test_a_job_does_not_start_before_the_change_that_joined_it_is_committed(
    store: Store, two: tuple[OnPostgres, OnPostgres]
) -> None:
    dispatch = two[0]
    passed_over = Diary()
    seen: list[bool] = []

    def look(row_id: str) -> None:
        with store.read() as conn:
            change = META.select().where(META.c.key == "change")
            seen.append(conn.execute(change).first() is not None)

    hand_over(store, dispatch, "look", "1")
    with store.write() as tx:
        dispatch.hand_over(tx, "look", "1")
        dispatch.start({"look": look, "other": passed_over})
        hand_over(store, dispatch, "other", "2")
        passed_over.wait_for("2")
        tx.conn.execute(META.insert().values(key="change", value=""))
    until(dispatch.idle, "the dispatch is idle")
    assert seen == [True]


def test_transactions_that_hand_over_the_same_rows_never_wait_for_each_other(
    store: Store, two: tuple[OnPostgres, OnPostgres]
) -> None:
    dispatch = two[0]
    hand_over(store, dispatch, "look", "a", "b")
    with store.write() as one, store.write() as other:
        for tx, rows in ((one, "ab"), (other, "ba")):
            tx.conn.execute(text("SET LOCAL lock_timeout = '1s'"))
            for row in rows:
                dispatch.hand_over(tx, "look", row)
    assert dispatch.health()["queued"] == 2


def test_finished_jobs_leave_nothing_behind(
    store: Store, two: tuple[OnPostgres, OnPostgres]
) -> None:
    def fail(row_id: str) -> None:
        raise LookupError(row_id)

    diary = Diary()
    two[0].start({"look": diary, "fail": fail})
    hand_over(store, two[0], "fail", "1", lock="line")
    hand_over(store, two[0], "look", "2", lock="line")
    diary.wait_for("2")
    until(two[0].idle, "the dispatch is idle")
    query = text("SELECT count(*) FROM procrastinate_jobs WHERE args ? 'row_id'")
    with store.read() as conn:
        assert conn.execute(query).scalar() == 0


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM procrastinate_workers",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    ],
    ids=["its row was pruned", "its connections were cut"],
)
def test_a_worker_that_lost_the_database_begins_again(
    store: Store, two: tuple[OnPostgres, OnPostgres], harm: str
) -> None:
    diary = Diary()
    two[0].start({"look": diary})
    hand_over(store, two[0], "look", "before")
    diary.wait_for("before")
    with store.write() as tx:
        tx.conn.execute(text(harm))
        harmed = tx.conn.execute(text("SELECT clock_timestamp()")).scalar()
    hand_over(store, two[0], "look", "after", "after that")
    diary.wait_for("after", "after that")
    beats = text(
        "SELECT count(*) FROM procrastinate_workers"
        " WHERE last_heartbeat > CAST(:harmed AS timestamptz) + interval '1 second'"
    )
    with store.read() as conn:
        until(lambda: conn.execute(beats, {"harmed": harmed}).scalar() == 1, "its heart beats")


def test_many_workers_may_start_at_once(store: Store) -> None:
    dispatches = [OnPostgres(store.url, 1) for _ in range(4)]
    blocker = Blocker()
    threads = [
        threading.Thread(target=dispatch.start, args=({"block": blocker},))
        for dispatch in dispatches
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    hand_over(store, dispatches[0], "block", "1", "2", "3", "4")
    for _ in dispatches:
        blocker.wait_entered()
    blocker.release.set()
    for dispatch in dispatches:
        assert dispatch.health()["alive"]
        dispatch.stop()


def test_tables_of_an_older_procrastinate_are_upgraded(
    store: Store, two: tuple[OnPostgres, OnPostgres]
) -> None:
    from procrastinate.schema import SchemaManager

    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    with store.write() as tx:
        for file in files:
            if file.name < "03.04":
                assert tx.conn.connection.driver_connection is not None
                tx.conn.connection.driver_connection.execute(file.read_bytes())
        tx.conn.execute(META.insert().values(key="procrastinate", value="3.3.0"))
    diary = Diary()
    two[0].start({"look": diary})
    hand_over(store, two[0], "look", "1")
    diary.wait_for("1")
    with store.read() as conn:
        version = conn.execute(META.select().where(META.c.key == "procrastinate")).one().value
        retry = conn.execute(text("SELECT to_regproc('procrastinate_retry_job_v2')")).scalar()
    assert version == importlib.metadata.version("procrastinate")
    assert retry == "procrastinate_retry_job_v2"


def test_a_store_without_tables_is_named_with_the_mend(empty_postgres_url: str) -> None:
    with pytest.raises(StoreError, match=r"store\.url: .* create tables"):
        OnPostgres(empty_postgres_url).start({})


def test_missing_packages_are_named_with_the_mend() -> None:
    program = (
        "import sys; sys.modules['procrastinate'] = None\n"
        "from worker.dispatch.on_postgres import OnPostgres\n"
        "OnPostgres('postgresql://nobody@localhost/none')"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pip install 'hotlead[postgres]'" in run.stderr.splitlines()[-1]
