"""Looks whether the store opens, has the present shape and takes a write to disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.engine import make_url

from connectors.base import Check
from worker.store.engine import Store
from worker.store.migrate import migrate
from worker.store.tables import META

_KEY = "doctor"
_MEGABYTE = 1_000_000
_LITTLE, _TOO_LITTLE = 1_000 * _MEGABYTE, 100 * _MEGABYTE


def opened(url: str) -> Store:
    """The store in its present shape. Raises StoreError, SQLAlchemyError or OSError."""
    store = Store(url)
    try:
        migrate(store)
    except BaseException:
        store.close()
        raise
    return store


def store_checks(store: Store) -> Iterator[Check]:
    """The checks. A row is written to disk and taken away again. Raises SQLAlchemyError."""
    with store.write() as tx:
        row = tx.insert(META).values(key=_KEY, value="")
        tx.conn.execute(row.on_conflict_do_nothing(index_elements=["key"]))
    with store.write() as tx:
        tx.conn.execute(delete(META).where(META.c.key == _KEY))
    kind = "SQLite" if store.is_sqlite else "PostgreSQL"
    text = f"{kind} opens, has the present shape and can be written to"
    yield Check(name="store", state="ok", text=text)
    if store.is_sqlite:
        yield _disk(Path(str(make_url(store.url).database)).parent)


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    text = f"{free // _MEGABYTE:,} MB are free on the disk of the store"
    if free >= _LITTLE:
        return Check(name="disk", state="ok", text=text)
    mend = "make room, or move the store"
    return Check(name="disk", state="fail" if free < _TOO_LITTLE else "warn", text=text, mend=mend)
