"""A circuit breaker whose state is a row, so that every worker knows and a restart forgets not.

Closed: asked as ever. After some failures in a row it opens: nobody asks until a stored time.
Then it is half open: who comes first may ask, and the next failure opens it for longer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from worker.store.engine import Tx
from worker.store.tables import CIRCUIT

LIVE = "live"
OPENS_AFTER = 2
_FIRST = timedelta(seconds=15)
_LONGEST = timedelta(minutes=5)


def open_until(conn: Connection, name: str, now: datetime) -> datetime | None:
    """Until when nobody shall ask; None when asking is worth a try."""
    query = select(CIRCUIT.c.open_until).where(CIRCUIT.c.name == name)
    until: datetime | None = conn.execute(query).scalar_one_or_none()
    # A time from before the clock was put back does not count.
    return until if until is not None and now < until <= now + _LONGEST else None


def failed(
    tx: Tx, name: str, now: datetime, error: str, wait: timedelta | None = None
) -> datetime | None:
    """Note a failure; until when the circuit is open, if it is. ``wait``: the other side's wish."""
    query = select(CIRCUIT.c.failures).where(CIRCUIT.c.name == name)
    failures = int(tx.conn.execute(query).scalar_one_or_none() or 0) + 1
    until: datetime | None = None
    if failures >= OPENS_AFTER or wait is not None:
        doubled = _FIRST * 2 ** min(max(failures - OPENS_AFTER, 0), 10)
        until = now + min(max(doubled, wait or doubled), _LONGEST)
    _put(tx, name, failures, until, error[:300])
    return until


def succeeded(tx: Tx, name: str) -> None:
    """Close the circuit."""
    _put(tx, name, 0, None, "")


def state_of(conn: Connection, name: str, now: datetime) -> dict[str, object]:
    """``closed``, ``open`` or ``half_open``, the failures in a row, and the last error."""
    row = conn.execute(select(CIRCUIT).where(CIRCUIT.c.name == name)).mappings().first()
    if row is None or row["failures"] < OPENS_AFTER:
        state = "closed"
    else:
        state = "open" if open_until(conn, name, now) else "half_open"
    return {
        "state": state,
        "failures": row["failures"] if row else 0,
        "error": row["error"] if row else "",
    }


def _put(tx: Tx, name: str, failures: int, until: datetime | None, error: str) -> None:
    values = {"failures": failures, "open_until": until, "error": error}
    statement = tx.insert(CIRCUIT).values(name=name, **values)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
