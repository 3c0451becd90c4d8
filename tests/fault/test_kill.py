"""Kill -9 at any moment of the story: nothing lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.fault.siege import Siege, crowded_world
from tests.story.stage import Stage
from worker.store.tables import SIGNAL

KILLS = 50
BUSY = {"clock": {"sweep_seconds": 0.2, "sync_seconds": 0.2}}  # lives are short


@pytest.mark.timeout(600)
def test_fifty_kills_on_sqlite_lose_and_double_nothing(tmp_path: Path, sqlite_url: str) -> None:
    stage = Stage(folder=tmp_path, store_url=sqlite_url, world=crowded_world(), extra=BUSY)
    with stage, Siege(stage, seed=50) as siege:
        siege.rage(KILLS, 0.2, 1.5)
        siege.come_to_rest()
        siege.check()


@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_fifty_kills_of_two_workers_on_postgresql_lose_and_double_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    stage = Stage(folder=tmp_path, store_url=postgres_url, world=crowded_world(), extra=BUSY)
    with stage, Siege(stage, seed=51, slots=2) as siege:
        siege.rage(KILLS, 0.2, 1.5)
        siege.come_to_rest()
        siege.check()


def test_what_was_answered_202_survives_a_kill_in_the_same_moment(
    tmp_path: Path, sqlite_url: str
) -> None:
    with Stage(folder=tmp_path, store_url=sqlite_url) as stage:
        stage.start()
        bodies = [stage.signal_body(f"x{number}@stranger.example") for number in range(20)]
        assert stage.post(bodies).status_code == 202
        stage.kill()
        with stage.store.read() as conn:
            stored = set(conn.execute(select(SIGNAL.c.event_id)).scalars())
        assert stored == {body["id"] for body in bodies}
        stage.launch()
        stage.expect_message("#hot-leads", "x", number=1)
