"""Counts of what happened since the store was made, over all workers."""

from __future__ import annotations

from sqlalchemy import Connection, select

from worker.store.engine import Tx
from worker.store.tables import TALLY

LIVE_READS = "live_reads"
LIVE_FAILURES = "live_read_failures"
CHANGED_RECIPIENTS = "changed_recipients"
NOT_REFRESHED = "not_refreshed"


def count_up(tx: Tx, name: str, by: int = 1) -> None:
    """Add to a count."""
    statement = tx.insert(TALLY).values(name=name, count=by)
    tx.conn.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"count": TALLY.c.count + by})
    )


def tallies(conn: Connection) -> dict[str, int]:
    """Every count; 0 for what never happened."""
    names = (LIVE_READS, LIVE_FAILURES, CHANGED_RECIPIENTS, NOT_REFRESHED)
    found = {row[0]: int(row[1]) for row in conn.execute(select(TALLY.c.name, TALLY.c.count))}
    return dict.fromkeys(names, 0) | found
