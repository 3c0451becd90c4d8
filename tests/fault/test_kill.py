"""Kill -9 at any moment of the story: nothing lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.siege import Siege, crowded_world
from tests.story.stage import Stage

KILLS = 50


@pytest.mark.timeout(600)
def test_fifty_kills_on_sqlite_lose_and_double_nothing(tmp_path: Path, sqlite_url: str) -> None:
    world = crowded_world()
    with Stage(folder=tmp_path, store_url=sqlite_url, world=world) as stage:
        with Siege(stage, seed=50) as siege:
            siege.rage(KILLS, 0.2, 1.5)
            siege.come_to_rest()
            siege.check()


@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_fifty_kills_of_two_workers_on_postgresql_lose_and_double_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    world = crowded_world()
    with Stage(folder=tmp_path, store_url=postgres_url, world=world) as stage:
        with Siege(stage, seed=51, slots=2) as siege:
            siege.rage(KILLS, 0.2, 1.5)
            siege.come_to_rest()
            siege.check()
