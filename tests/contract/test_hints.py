"""What a hint does and what it may not: sooner reads, never more of them than allowed, no facts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors.base import Hint, Positions
from connectors.errors import ConfigError, TemporaryError
from connectors.live import Usage
from tests.contract.hint_office import GAP, Desk
from tests.waiting import until
from worker.leases import release, take
from worker.store.engine import Store
from worker.store.tables import HINT, HINT_SOURCE, WATERMARK
from worker.sync import sync

ACCOUNTS = Hint(objects=("accounts",), records=("acme.example",))


@pytest.fixture
def desk(sqlite_store: Store, tmp_path: Path) -> Desk:
    return desk_over(sqlite_store, tmp_path)


def desk_over(store: Store, folder: Path) -> Desk:
    made = Desk(store, folder / "crm")
    made.mirror()
    made.tick(10)
    return made


def test_what_is_hinted_at_is_read_at_once_and_nothing_else(desk: Desk) -> None:
    assert desk.due_in("accounts") > 15
    desk.hints.tell("here", 0, ACCOUNTS)
    desk.tick(0.5)
    assert desk.crm.reads == ["accounts"]
    desk.tick()
    assert desk.crm.reads == ["accounts"]


def test_a_hint_while_its_object_is_read_is_answered_by_the_next_read(desk: Desk) -> None:
    desk.clock.forward(seconds=6)
    reading = take(desk.ctx, WATERMARK, "accounts", force=True)
    assert reading is not None  # somebody reads
    desk.hints.tell("here", 0, ACCOUNTS)
    desk.tick(6)
    assert "accounts" not in desk.crm.reads  # no hint passes a lease
    later = desk.clock.now() + timedelta(seconds=30)
    release(desk.ctx, WATERMARK, "accounts", reading[0], next_at=later, error="")
    desk.tick()
    assert "accounts" in desk.crm.reads


def test_a_storm_costs_one_read_in_each_gap(store: Store, tmp_path: Path) -> None:
    desk = desk_over(store, tmp_path)
    for _ in range(25):
        for _ in range(400):
            desk.hints.tell("here", 0, ACCOUNTS)
        desk.tick()
    assert 4 <= desk.crm.reads.count("accounts") <= 25 / GAP.total_seconds() + 1
    with desk.store.read() as conn:
        assert len(conn.execute(select(HINT.c.object)).all()) == 1


def test_what_may_not_be_readable_yet_is_read_once_more(desk: Desk) -> None:
    desk.hints.tell("here", 10, ACCOUNTS)
    desk.tick()
    assert desk.crm.reads == ["accounts"]
    for _ in range(8):
        desk.tick()
    assert desk.crm.reads == ["accounts"]
    for _ in range(4):
        desk.tick()
    assert desk.crm.reads == ["accounts", "accounts"]


def test_an_object_whose_read_failed_waits_for_its_retry(desk: Desk) -> None:
    good = (desk.folder / "people.csv").read_text()
    (desk.folder / "people.csv").write_text("name,email\nOnly,half")
    desk.hints.tell("here", 0, Hint(objects=("people",)))
    desk.tick()
    assert desk.crm.reads == ["people"]
    for _ in range(8):
        desk.hints.tell("here", 0, Hint(objects=("people",)))
        desk.tick()
    assert desk.crm.reads == ["people"]  # and was not beaten upon
    (desk.folder / "people.csv").write_text(good)
    desk.tick(30)
    assert "people" in desk.crm.reads[1:]


def test_hints_spare_the_last_calls_of_the_day(desk: Desk) -> None:
    desk.crm.usage = Usage(used=81, most=100)
    desk.hints.tell("here", 0, ACCOUNTS)
    desk.tick(6)
    assert desk.crm.reads == []
    assert desk.hints.held_back
    desk.crm.usage = Usage(used=10, most=100)
    desk.tick()
    assert desk.crm.reads == ["accounts"]
    assert not desk.hints.held_back


def test_hints_come_more_rarely_as_the_day_is_used_up(desk: Desk) -> None:
    desk.crm.usage = Usage(used=70, most=100)  # the gap is three times as long
    for _ in range(15):
        desk.hints.tell("here", 0, ACCOUNTS)
        desk.tick()
    assert desk.crm.reads.count("accounts") <= 2


def test_an_object_that_is_not_mirrored_is_no_business_of_ours(desk: Desk) -> None:
    desk.hints.tell("here", 0, Hint(objects=("yachts", "")))
    desk.tick()
    assert desk.crm.reads == []


def test_polling_goes_on_without_any_hint(desk: Desk) -> None:
    desk.tick(30)
    assert set(desk.crm.reads) == {one.name for one in desk.crm.objects}


@pytest.mark.pitfall("R14", "where a webhook is believed to tell all, what it did not tell is lost")
def test_r14_what_was_hinted_at_is_polled_all_the_same(desk: Desk) -> None:
    desk.hints.tell("here", 0, ACCOUNTS)
    desk.tick(6)
    assert desk.crm.reads == ["accounts"]
    desk.tick(30)
    assert desk.crm.reads.count("accounts") == 2


def test_a_store_that_fails_loses_no_hint(desk: Desk) -> None:
    desk.hints.tell("here", 0, ACCOUNTS)
    desk.hints.keep("here", "topic", "7")
    with desk.store.write() as tx:
        tx.conn.exec_driver_sql("ALTER TABLE hint RENAME TO elsewhere")
    with pytest.raises(Exception, match="hint"):
        desk.hints.look()
    with desk.store.write() as tx:
        tx.conn.exec_driver_sql("ALTER TABLE elsewhere RENAME TO hint")
    desk.tick()
    assert desk.crm.reads == ["accounts"]
    assert desk.hints.position("here", "topic") == "7"


# Listening.


@dataclass
class Script:
    """A source that does as it is told: connects, tells, breaks."""

    name: str = "script"
    settle: float = 0.0
    connected: bool = False
    failure: Exception | None = None
    begun: int = 0
    told: threading.Event = field(default_factory=threading.Event)

    def listen(
        self, tell: Callable[[Hint], None], positions: Positions, until: threading.Event
    ) -> None:
        """As the protocol says."""
        self.begun += 1
        self._break()
        self.connected = True
        tell(ACCOUNTS)
        positions.put("topic", str(int(positions.get("topic") or 0) + 1))
        self.told.set()
        while not until.wait(0.01):
            self._break()

    def _break(self) -> None:
        if self.failure is not None:
            self.connected = False
            raise self.failure

    def health(self) -> dict[str, object]:
        """As the protocol says."""
        return {"connected": self.connected, "heard_seconds_ago": None}


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def listening(sqlite_store: Store, tmp_path: Path, script: Script) -> Iterator[Desk]:
    yield from listening_over(sqlite_store, tmp_path, script)


@pytest.fixture
def listening_on_both(store: Store, tmp_path: Path, script: Script) -> Iterator[Desk]:
    yield from listening_over(store, tmp_path, script)


def listening_over(store: Store, folder: Path, script: Script) -> Iterator[Desk]:
    made = Desk(store, folder / "crm", (script,))
    made.mirror()
    made.clock.forward(seconds=10)
    yield made
    made.listening.stop()


def tend(desk: Desk, **by: float) -> None:
    desk.clock.forward(**by)
    desk.listening.tend(desk.ctx)


def row(desk: Desk) -> dict[str, Any]:
    with desk.store.read() as conn:
        return dict(conn.execute(select(HINT_SOURCE)).mappings().one())


def tended(desk: Desk) -> dict[str, Any]:
    tend(desk)
    return row(desk)


def ended(desk: Desk) -> bool:
    return not tended(desk)["holder"]


def test_a_listener_begins_by_itself_and_its_hints_are_read(
    listening: Desk, script: Script
) -> None:
    tend(listening)
    assert script.told.wait(10)
    until(lambda: tended(listening)["hints"], "the hint in the store")
    assert listening.due_in("accounts") <= 0
    health = listening.listening.health()
    assert health["script"]["connected"] is True
    assert health["script"]["listening"] == "here"
    assert health["script"]["positions"] == {"topic": "1"}
    assert health["held_back"] == ""


def test_of_two_workers_one_listens_and_the_other_takes_over(
    listening_on_both: Desk, script: Script
) -> None:
    listening = listening_on_both
    other = Desk(listening.store, listening.folder, (Script(),), listening.clock)
    tend(listening)
    if listening.store.is_sqlite:  # a second process on SQLite frees the leases as it starts
        assert other.listening.needed
    tend(other)
    assert script.told.wait(10)
    assert script.begun == 1
    assert other.listening.health()["script"]["listening"] == "elsewhere"
    listening.listening.stop()
    tend(other)
    until(lambda: other.listening.health()["script"]["listening"] == "here", "the other")
    other.listening.stop()


def test_a_listener_whose_worker_died_is_replaced_when_its_lease_runs_out(
    listening: Desk, script: Script
) -> None:
    tend(listening)
    assert script.told.wait(10)
    second = Script()
    other = Desk(listening.store, listening.folder, (second,), listening.clock)
    with listening.store.write() as tx:
        tx.conn.execute(
            HINT_SOURCE.update().values(
                holder="dead", lease_until=listening.clock.now() + timedelta(seconds=50)
            )
        )
    tend(other, seconds=40)
    assert second.begun == 0
    tend(other, seconds=20)
    assert second.told.wait(10)
    until(lambda: ended_quietly(listening, script), "the first to notice that it lost the lease")
    other.listening.stop()


def ended_quietly(desk: Desk, script: Script) -> bool:
    tend(desk, seconds=21)
    return desk.listening._running == {} or not desk.listening._running["script"].thread.is_alive()  # type: ignore[union-attr]


def test_what_breaks_is_begun_again_at_a_stored_time_that_grows(
    listening: Desk, script: Script
) -> None:
    script.failure = TemporaryError("away")
    waits = []
    for _ in range(4):
        tend(listening)
        until(lambda: ended(listening), "the failure in the store")
        assert row(listening)["error"] == "away"
        waits.append((row(listening)["next_at"] - listening.clock.now()).total_seconds())
        begun = script.begun
        tend(listening, seconds=waits[-1] - 0.5)
        assert script.begun == begun  # not before its time
        listening.clock.forward(seconds=0.5)
    assert waits == [2, 4, 8, 16]
    script.failure = None
    tend(listening)
    assert script.told.wait(10)
    until(lambda: tended(listening)["error"] == "", "a source that is well")
    assert row(listening)["failures"] == 0


def test_what_an_admin_must_mend_is_tried_rarely_and_says_the_mend(
    listening: Desk, script: Script
) -> None:
    script.failure = ConfigError("no scope", mend="give it the scope")
    tend(listening)
    until(lambda: ended(listening), "the failure in the store")
    health = listening.listening.health()["script"]
    assert health["error"] == "no scope; give it the scope"
    assert health["next_try_in_seconds"] == 600
    assert health["connected"] is False


def test_a_wait_that_the_other_side_asked_for_is_kept(listening: Desk, script: Script) -> None:
    script.failure = TemporaryError("busy", retry_after=90)
    tend(listening)
    until(lambda: ended(listening), "the failure in the store")
    assert row(listening)["next_at"] - listening.clock.now() == timedelta(seconds=90)


def test_an_error_of_our_own_ends_no_worker(listening: Desk, script: Script) -> None:
    script.failure = KeyError("surprise")
    tend(listening)
    until(lambda: ended(listening), "the failure in the store")
    assert "surprise" in row(listening)["error"]
    assert sync(listening.ctx, "accounts", force=True)


def test_a_restart_goes_on_at_the_kept_position(listening_on_both: Desk, script: Script) -> None:
    listening = listening_on_both
    tend(listening)
    assert script.told.wait(10)
    listening.listening.stop()
    again = Script()
    other = Desk(listening.store, listening.folder, (again,), listening.clock)
    tend(other)
    assert again.told.wait(10)
    other.listening.stop()
    assert other.hints.position("script", "topic") == "2"
