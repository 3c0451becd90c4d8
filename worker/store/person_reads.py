"""Remembers when each person's part of an object was read, where they are read one by one.

One person's calendar may not be readable while those of the others are: then that person alone is
not surely available. A row is a span of reads that followed one another; the one without an end
tells of now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from worker.store import fact_queries as query
from worker.store.engine import Tx
from worker.store.history import follows, sure_last_read
from worker.store.mirror import chunks
from worker.store.tables import PERSON_READ

EVERYBODY = "*"
"""Stands for all of whom nothing else is noted."""
OwnReads = dict[str, dict[str, datetime | None]]
"""By object, by person: when their part was last read; None: never."""


def note_people(tx: Tx, name: str, people: Mapping[str, bool], at: datetime, every: float) -> None:
    """After a complete read of ``name``: whose part was read, and whose could not be.

    Whoever is not named is not read any more. ``every``: seconds between two reads.
    """
    held = _held(tx, name)
    _end(tx, name, held.keys() - people.keys(), at)
    grown: dict[datetime, list[str]] = defaultdict(list)
    begun: list[str] = []
    for person_id in (one for one, was_read in people.items() if was_read):
        row = held.get(person_id)
        last = row["last_at"] if row is not None else None
        if last is None or (last < at and not follows(at, last, every)):
            begun.append(person_id)
        elif last < at:
            grown[last].append(person_id)
    for last, ids in grown.items():
        _grow(tx, name, ids, last, at)
    _end(tx, name, (one for one in begun if one in held and held[one]["first_at"] < at), at)
    _begin(tx, name, begun, at, at)
    unread = [one for one, was_read in people.items() if not was_read and one not in held]
    _begin(tx, name, unread, at, None)


def note_unread(tx: Tx, name: str, people: Iterable[str], at: datetime) -> None:
    """Of these people, whose parts could not be read, note the ones who were never tried before."""
    held = _held(tx, name)
    _begin(tx, name, [one for one in people if one not in held], at, None)


def end_people(tx: Tx, name: str, at: datetime) -> None:
    """The object is read no more, of nobody."""
    _end(tx, name, _held(tx, name), at)


def own_reads(
    conn: Connection,
    objects: Iterable[str],
    people: Collection[str] | None,
    moment: datetime | None = None,
) -> OwnReads:
    """When the parts of these people were last read, or of all; as of ``moment`` if given.

    Of ``EVERYBODY`` it tells, too. As of a moment within a span, the latest that is sure.
    """
    statement = query.PERSON_READS if moment is None else query.PERSON_READS_AS_OF
    given: dict[str, Any] = {"moment": moment} if moment is not None else {}
    if people is not None:
        statement = statement.where(query.READ_OF_THESE)
        given |= {"objects": list(objects), "people": [*people, EVERYBODY]}
    found: OwnReads = defaultdict(dict)
    for row in conn.execute(statement, given).mappings():
        last = row["last_at"] if moment is None else sure_last_read(row, moment)
        found[row["object"]][row["person_id"]] = last
    return found


def is_noted(conn: Connection, name: str, moment: datetime | None = None) -> bool:
    """Whether anything was noted of anybody by ``moment``, or ever."""
    mine = select(PERSON_READ.c.person_id).where(PERSON_READ.c.object == name)
    if moment is not None:
        mine = mine.where(PERSON_READ.c.first_at <= moment)
    return conn.execute(mine.limit(1)).first() is not None


def _held(tx: Tx, name: str) -> dict[str, Any]:
    mine = select(PERSON_READ).where(PERSON_READ.c.object == name, PERSON_READ.c.until.is_(None))
    return {row["person_id"]: row for row in tx.conn.execute(mine).mappings()}


def _living(name: str, ids: Iterable[str]) -> Any:
    mine = (PERSON_READ.c.object == name) & PERSON_READ.c.until.is_(None)
    return update(PERSON_READ).where(mine, PERSON_READ.c.person_id.in_(ids))


def _end(tx: Tx, name: str, people: Iterable[str], at: datetime) -> None:
    for ids in chunks(sorted(people)):
        tx.conn.execute(_living(name, ids).values(until=at))


def _grow(tx: Tx, name: str, people: list[str], last: datetime, at: datetime) -> None:
    """Those who were last read together."""
    gap = (at - last).total_seconds()
    for ids in chunks(sorted(people)):
        tx.conn.execute(_living(name, ids).values(last_at=at))
        shorter = PERSON_READ.c.longest < gap
        tx.conn.execute(_living(name, ids).where(shorter).values(longest=gap))


def _begin(tx: Tx, name: str, people: Iterable[str], at: datetime, last: datetime | None) -> None:
    span = {"object": name, "first_at": at, "last_at": last, "longest": 0.0, "until": None}
    rows = [span | {"person_id": one} for one in people]
    if not rows:
        return
    statement = tx.insert(PERSON_READ)
    again = {"last_at": statement.excluded.last_at, "until": None}
    key = ["object", "person_id", "first_at"]
    tx.conn.execute(statement.on_conflict_do_update(index_elements=key, set_=again), rows)
