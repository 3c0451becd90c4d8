"""Gathers what did not interrupt into one message a place and a local day."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, select, update

from routing.calendar import is_working, week_of
from routing.nouns import Person
from worker.context import Context
from worker.store.alerts import add_message, place_from
from worker.store.engine import Tx
from worker.store.facts import person_by_email
from worker.store.tables import DIGEST, SIGNAL


def make_digests(ctx: Context) -> None:
    """Clock job: one digest for each place whose hour has come. Running it twice does nothing."""
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        waiting = _waiting_places(conn)
        due = [place for place in waiting if _is_due(ctx, conn, place, now)]
    for place in due:
        with ctx.store.write() as tx:
            _make(ctx, tx, place, now)


def _waiting_places(conn: Connection) -> list[str]:
    query = (
        select(SIGNAL.c.digest_place)
        .where(SIGNAL.c.outcome == "digest", SIGNAL.c.digest_id.is_(None))
        .where(SIGNAL.c.digest_place.is_not(None))
        .distinct()
    )
    return [row[0] for row in conn.execute(query)]


def _reader(conn: Connection, place: str) -> Person | None:
    where = place_from(place)
    return person_by_email(conn, where.address) if where.kind == "person" else None


def _is_due(ctx: Context, conn: Connection, place: str, now: datetime) -> bool:
    """Past the hour on the reader's own clock, on a day on which they work."""
    week = week_of(_reader(conn, place), ctx.policy.working_hours)
    local = now.astimezone(week.zone)
    if local.time().replace(tzinfo=None) < ctx.policy.digest_at:
        return False
    works_today = any(True for _ in week.on(local.date()))
    return works_today or is_working(now, week)


def _make(ctx: Context, tx: Tx, place: str, now: datetime) -> None:
    reader = _reader(tx.conn, place)
    zone = week_of(reader, ctx.policy.working_hours).zone
    digest_id = uuid4().hex
    values: dict[str, Any] = {
        "id": digest_id,
        "place": place,
        "day": f"{now.astimezone(zone):%Y-%m-%d}",
        "person_id": reader.id if reader else None,
        "created_at": now,
    }
    statement = tx.insert(DIGEST).values(**values)
    made = tx.conn.execute(statement.on_conflict_do_nothing(index_elements=["place", "day"]))
    if made.rowcount != 1:
        return  # today's is out; what came later waits for tomorrow's
    tx.conn.execute(
        update(SIGNAL)
        .where(SIGNAL.c.outcome == "digest", SIGNAL.c.digest_id.is_(None))
        .where(SIGNAL.c.digest_place == place)
        .values(digest_id=digest_id)
    )
    delivery_id = add_message(
        tx,
        kind="digest",
        place=place_from(place),
        person_id=values["person_id"],
        now=now,
        digest_id=digest_id,
    )
    ctx.dispatch.hand_over(tx, "deliver", delivery_id, lock=place)
