"""Reads a whole CRM in a process of its own: by the worker's sync, or by a bare loop.

The bare loop takes the same client's pages and puts each object into its table by one executemany.
The sync obeys lines of JSON after its first reading: ``{"later": s}`` lets seconds pass and reads
once more. Each reading is answered with the records, seconds and calls of each object.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import select

from connectors.base import Crm, MirrorObject
from tests.bench.processes import peak_memory, say
from worker.adapters import crm_for
from worker.clock import SystemClock
from worker.run import Worker
from worker.secrets import load_secrets
from worker.settings import load_settings
from worker.store.tables import WATERMARK
from worker.sync import sync

Took = dict[str, dict[str, float]]


def by_sync(config: Path) -> None:
    """The worker's own way, as often as it is told to."""
    clock = SystemClock()
    worker = Worker(load_settings(config), load_secrets(os.environ), clock)
    say(objects=_synced(worker), peak=peak_memory())
    for line in sys.stdin:
        clock.forward(timedelta(seconds=json.loads(line)["later"]))
        say(objects=_synced(worker), peak=peak_memory())
    worker.close()


def _synced(worker: Worker) -> Took:
    took: Took = {}
    for one in worker.ctx.crm.objects:
        began, before = time.perf_counter(), worker.ctx.crm.api_calls
        if not sync(worker.ctx, one.name, force=True):
            raise RuntimeError(f"the sync of {one.name} failed")
        seconds = time.perf_counter() - began
        took[one.name] = {"seconds": seconds, "calls": worker.ctx.crm.api_calls - before}
    query = select(WATERMARK.c.object, WATERMARK.c.records).where(WATERMARK.c.object.in_(took))
    with worker.store.read() as conn:  # other sources of absences have watermarks, too
        for name, records in conn.execute(query):
            took[name]["records"] = records
    return took


def by_bare_loop(config: Path) -> None:
    """The yardstick."""
    crm = crm_for(load_settings(config), load_secrets(os.environ), SystemClock())
    store = sqlite3.connect(config.parent / "bare.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        store.execute(f"PRAGMA {pragma}")
    took: Took = {}
    for one in crm.objects:
        began, before = time.perf_counter(), crm.api_calls
        records = _keep(store, crm, one)
        seconds, calls = time.perf_counter() - began, crm.api_calls - before
        took[one.name] = {"records": records, "seconds": seconds, "calls": calls}
    crm.close()
    store.close()
    say(objects=took, peak=peak_memory())


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
    if args.way == "sync":
        by_sync(args.config)
    else:
        by_bare_loop(args.config)


if __name__ == "__main__":
    main()
