"""Opens the store and hands out transactions.

SQLite: WAL, ``synchronous=FULL`` (a 202 means on disk), one writer at a time in this process by a
lock, so that nobody waits in the database's own back-off. PostgreSQL: ordinary transactions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

_COUNTED = {"preserve_rowcount": True}
"""Else an INSERT … ON CONFLICT on PostgreSQL does not tell whether it inserted."""


class StoreError(Exception):
    """The store cannot be opened or used; the text names it and the mend."""


@dataclass(slots=True)
class Tx:
    """A write transaction: its connection, and what to do before and after it is committed.

    ``changed`` are the records of the mirror that it changed, by table, for whoever lives by them.
    """

    conn: Connection
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    before_commit: list[Callable[[Tx], None]] = field(default_factory=list)
    changed: dict[str, set[str]] = field(default_factory=dict)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """A part that, when it fails, is undone by itself with all that was to come after it."""
        planned = len(self.after_commit)
        try:
            with self.conn.begin_nested():
                yield
        except BaseException:
            del self.after_commit[planned:]
            raise

    @property
    def dialect(self) -> str:
        """'sqlite' or 'postgresql'."""
        return self.conn.dialect.name

    def insert(self, table: Table) -> Any:
        """An INSERT that knows ON CONFLICT, in the words of this database."""
        make = sqlite.insert if self.dialect == "sqlite" else postgresql.insert
        return make(table)


class Store:
    """The database of one worker. Safe for use from any thread."""

    def __init__(self, url: str) -> None:
        self.url = _normal(url)
        self.is_sqlite = self.url.startswith("sqlite")
        self._lock: Any = threading.RLock() if self.is_sqlite else _NoLock()
        self._writer = self._engine(immediate=True)
        self._reader = self._engine(immediate=False) if self.is_sqlite else self._writer

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A write transaction: committed at the end, rolled back on any error."""
        with self._lock, self._writer.connect() as conn, conn.begin():
            tx = Tx(conn)
            yield tx
            for last in tx.before_commit:
                last(tx)
        for action in tx.after_commit:
            action()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading one consistent state."""
        with self._reader.connect() as conn, conn.begin():
            yield conn

    @property
    def engine(self) -> Engine:
        """The engine that writes, for migrations."""
        return self._writer

    def close(self) -> None:
        """Give back every connection."""
        self._writer.dispose()
        self._reader.dispose()

    def _engine(self, *, immediate: bool) -> Engine:
        if not self.is_sqlite:
            return create_engine(
                self.url,
                pool_size=20,
                max_overflow=20,
                pool_pre_ping=True,
                execution_options=_COUNTED,
            )
        engine = create_engine(
            self.url,
            execution_options=_COUNTED,
            pool_size=1 if immediate else 8,
            max_overflow=0 if immediate else 24,
            connect_args={"check_same_thread": False, "timeout": 30},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        begin = "BEGIN IMMEDIATE" if immediate else "BEGIN"
        event.listen(engine, "begin", lambda conn: conn.exec_driver_sql(begin) and None)
        return engine


class _NoLock:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the begin event says BEGIN; the driver must not
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=30000",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _normal(url: str) -> str:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            "store.url is no database address; write sqlite:///hotlead.db or "
            "postgresql://user@host/name"
        ) from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(
            f"store.url names {parsed.get_backend_name()}; use sqlite:///… or postgresql://…"
        )
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise StoreError("store.url: SQLite needs a file, for example sqlite:///hotlead.db")
        folder = Path(parsed.database).parent
        if not folder.is_dir():
            raise StoreError(f"store.url: there is no folder {folder}; make it first")
    return parsed.render_as_string(hide_password=False)
