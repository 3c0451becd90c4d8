"""Reads a whole CRM once, in a process of its own: by the worker's sync, or by a bare loop.

The bare loop takes the same client's pages and puts each object into its table by one executemany.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from connectors.base import Crm, MirrorObject
from tests.bench.processes import peak_memory, say
from worker.adapters import crm_for
from worker.clock import SystemClock
from worker.run import Worker
from worker.secrets import load_secrets
from worker.settings import load_settings
from worker.store.tables import WATERMARK


def by_sync(config: Path) -> dict[str, Any]:
    """The worker's own way."""
    worker = Worker(load_settings(config), load_secrets(os.environ), SystemClock())
    began = time.perf_counter()
    done = worker.sync_all()
    seconds = time.perf_counter() - began
    if not all(done.values()):
        raise RuntimeError(f"the sync failed: {done}")
    with worker.store.read() as conn:
        records = conn.execute(select(func.sum(WATERMARK.c.records))).scalar_one()
    calls = worker.ctx.crm.api_calls
    worker.close()
    return {"records": int(records), "seconds": seconds, "calls": calls}


def by_bare_loop(config: Path) -> dict[str, Any]:
    """The yardstick."""
    crm = crm_for(load_settings(config), load_secrets(os.environ), SystemClock())
    store = sqlite3.connect(config.parent / "bare.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        store.execute(f"PRAGMA {pragma}")
    began = time.perf_counter()
    records = sum(_keep(store, crm, one) for one in crm.objects)
    seconds = time.perf_counter() - began
    calls = crm.api_calls
    crm.close()
    store.close()
    return {"records": records, "seconds": seconds, "calls": calls}


def _keep(store: sqlite3.Connection, crm: Crm, one: MirrorObject) -> int:
    names = [field.name for field in fields(one.noun)]
    store.execute(f"CREATE TABLE {one.name} ({', '.join(names)}, PRIMARY KEY (id))")
    marks = ", ".join("?" * len(names))
    store.execute("BEGIN")
    done = store.executemany(
        f"INSERT OR REPLACE INTO {one.name} VALUES ({marks})", _rows(crm, one.name, names)
    )
    store.execute("COMMIT")
    return max(0, done.rowcount)


def _rows(crm: Crm, name: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    values = attrgetter(*columns)
    for page in crm.read(name, None):
        for record in page.records:
            yield tuple(map(_plain, values(record)))


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | None) else str(value)


def main() -> None:
    """Read, and say how long it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=("sync", "bare"))
    parser.add_argument("config", type=Path)
    args = parser.parse_args()
    result = by_sync(args.config) if args.way == "sync" else by_bare_loop(args.config)
    say(**result, peak=peak_memory())


if __name__ == "__main__":
    main()
