"""What the store promises on both databases: transactions, moments, threads, addresses."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from tests.waiting import PATIENCE
from worker.store.engine import Store, StoreError, Tx
from worker.store.tables import DESTINATION, META

NOON = datetime(2026, 3, 29, 12, 0, 0, 123456, tzinfo=UTC)


class Interrupted(Exception):
    """Stands for anything that goes wrong inside a transaction."""


def _keys(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.execute(META.select().order_by(META.c.key)).scalars())


def _write(tx: Tx, key: str) -> None:
    tx.conn.execute(META.insert().values(key=key, value=""))


def _write_and_fail(store: Store, done: list[str]) -> None:
    with store.write() as tx:
        _write(tx, "lost")
        tx.after_commit.append(lambda: done.append("lost"))
        raise Interrupted


def test_a_transaction_is_kept_whole_or_not_at_all(store: Store) -> None:
    done: list[str] = []
    with pytest.raises(Interrupted):
        _write_and_fail(store, done)
    with store.write() as tx:
        _write(tx, "kept")
    assert _keys(store) == ["kept"]
    assert not done


def test_what_follows_a_commit_runs_in_order_and_sees_it(store: Store) -> None:
    seen: list[tuple[int, list[str]]] = []

    def look(number: int) -> None:
        seen.append((number, _keys(store)))

    with store.write() as tx:
        _write(tx, "kept")
        tx.after_commit.extend(partial(look, number) for number in range(3))
        assert not seen
    assert seen == [(0, ["kept"]), (1, ["kept"]), (2, ["kept"])]


def test_what_follows_a_commit_may_write_again(store: Store) -> None:
    def write_again() -> None:
        with store.write() as tx:
            _write(tx, "second")

    with store.write() as tx:
        _write(tx, "first")
        tx.after_commit.append(write_again)
    assert _keys(store) == ["first", "second"]


def test_threads_that_write_at_once_lose_nothing(store: Store) -> None:
    together = threading.Barrier(4)

    def write(name: str) -> None:
        together.wait(PATIENCE)
        for number in range(25):
            with store.write() as tx:
                _write(tx, f"{name}{number:02}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert _keys(store) == [f"{name}{number:02}" for name in "abcd" for number in range(25)]


def test_a_reader_is_not_held_up_by_a_writer_and_sees_no_half_of_it(store: Store) -> None:
    with store.write() as tx:
        _write(tx, "half")
        assert _keys(store) == []
    assert _keys(store) == ["half"]


def test_two_workers_writing_one_store_wait_for_each_other(store: Store) -> None:
    other = Store(store.url)
    started, failures = threading.Event(), []

    def write() -> None:
        started.set()
        try:
            with other.write() as tx:
                _write(tx, "other")
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=write)
    with store.write() as tx:
        _write(tx, "mine")
        thread.start()
        assert started.wait(PATIENCE)
    thread.join(PATIENCE)
    other.close()
    assert not failures
    assert _keys(store) == ["mine", "other"]


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        NOON.replace(microsecond=0),
        NOON.astimezone(timezone(timedelta(hours=5, minutes=45))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2999, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-12))),
    ],
    ids=str,
)
def test_a_moment_comes_back_as_the_same_moment_in_utc(store: Store, moment: datetime) -> None:
    with store.write() as tx:
        tx.conn.execute(DESTINATION.insert().values(place="C1", next_at=moment))
    with store.read() as conn:
        back = conn.execute(DESTINATION.select()).one().next_at
    assert back == moment
    assert back.utcoffset() == timedelta(0)


def test_moments_are_compared_by_time_and_not_by_their_text(store: Store) -> None:
    moments = [
        NOON.replace(microsecond=0),
        NOON.replace(microsecond=1),
        NOON.astimezone(timezone(timedelta(hours=9))) + timedelta(seconds=1),
        NOON + timedelta(seconds=2),
    ]
    with store.write() as tx:
        for number, moment in enumerate(moments):
            tx.conn.execute(DESTINATION.insert().values(place=str(number), next_at=moment))
    due = DESTINATION.select().where(DESTINATION.c.next_at <= NOON + timedelta(seconds=1))
    with store.read() as conn:
        assert [row.place for row in conn.execute(due.order_by(DESTINATION.c.next_at))] == [
            "0",
            "1",
            "2",
        ]


def test_a_moment_without_a_zone_is_refused(store: Store) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(StatementError, match="a time without a zone"), store.write() as tx:
        tx.conn.execute(DESTINATION.insert().values(place="C1", next_at=naive))


def test_sqlite_keeps_what_it_has_accepted(sqlite_store: Store) -> None:
    with sqlite_store.write() as tx:
        found = [
            tx.conn.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("no address", "write sqlite:///hotlead.db or postgresql://"),
        ("mysql://root@localhost/hotlead", "names mysql; use sqlite:///… or postgresql://…"),
        ("sqlite://", "SQLite needs a file"),
        ("sqlite:///:memory:", "SQLite needs a file"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_its_mend(url: str, mend: str) -> None:
    with pytest.raises(StoreError) as refused:
        Store(url)
    assert mend in str(refused.value)


def test_a_file_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no folder .*missing; make it first"):
        Store(f"sqlite:///{tmp_path / 'missing' / 'hotlead.db'}")
