"""Sees to it that of several workers one reads an object at a time, and that only it writes.

Each read has a number, greater than those of all reads of its object before it. A reader that was
thought dead, and is not, finds at its next page that another number holds the lease.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select, update

from worker.context import Context
from worker.store.engine import Tx
from worker.store.mirror import Read
from worker.store.tables import WATERMARK

LEASE = timedelta(minutes=3)
"""Longer than any one page takes with its retries; each page renews it."""


class LostLeaseError(Exception):
    """Another reader took the object over; what this one still has may be old."""


def is_due(table: Table, now: datetime) -> ColumnElement[bool]:
    """Whether the time has come; also when the clock has been put back since the last read."""
    return or_(table.c.next_at <= now, table.c.started_at > now)


def is_free(table: Table, now: datetime) -> ColumnElement[bool]:
    """Whether nobody holds the lease; one from before the clock was put back does not count."""
    until = table.c.lease_until
    return or_(until.is_(None), until <= now, until > now + LEASE)


def take(ctx: Context, table: Table, name: str, *, force: bool) -> tuple[Read, Any] | None:
    """Begin a read under the lease in this table; its row, too. None when it is not to be had.

    ``force`` does not wait for the time to come.
    """
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        statement = update(table).where(table.c.object == name, is_free(table, now))
        if not force:
            statement = statement.where(is_due(table, now))
        taken = tx.conn.execute(statement.values(lease_until=now + LEASE, started_at=now))
        if taken.rowcount != 1:
            return None
        own = WATERMARK.c.object == name
        tx.conn.execute(update(WATERMARK).where(own).values(reads=WATERMARK.c.reads + 1))
        number = tx.conn.execute(select(WATERMARK.c.reads).where(own)).scalar_one()
        tx.conn.execute(update(table).where(table.c.object == name).values(lease_of=number))
        row = tx.conn.execute(select(table).where(table.c.object == name)).mappings().one()
        return Read(number, now), row


def hold(ctx: Context, tx: Tx, table: Table, name: str, read: Read) -> None:
    """Renew the lease; what this transaction writes is written under it. Raises LostLeaseError."""
    renewed = tx.conn.execute(
        update(table)
        .where(table.c.object == name, table.c.lease_of == read.number)
        .values(lease_until=ctx.clock.now() + LEASE)
    )
    if renewed.rowcount != 1:
        raise LostLeaseError(f"{name} is being read by another worker")


def is_held(tx: Tx, table: Table, name: str) -> bool:
    """Whether somebody is at work under this lease, or died at it and nobody has noticed."""
    query = select(table.c.object).where(table.c.object == name, table.c.lease_until.is_not(None))
    return tx.conn.execute(query).first() is not None


def release(ctx: Context, table: Table, name: str, read: Read, **values: Any) -> None:
    """Give the lease back and note ``values``; without effect when another has taken it."""
    with ctx.store.write() as tx:
        release_in(tx, table, name, read, **values)


def release_in(tx: Tx, table: Table, name: str, read: Read, **values: Any) -> bool:
    """The same in a transaction; says whether the lease was still ours."""
    released = tx.conn.execute(
        update(table)
        .where(table.c.object == name, table.c.lease_of == read.number)
        .values(lease_until=None, **values)
    )
    return int(released.rowcount) == 1
