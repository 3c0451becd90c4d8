"""Keeps what the mirror held before: a version ends in the transaction that writes its successor.

``from`` and ``until`` are moments of our own clock, at which the mirror changed; what the CRM held
earlier or later is not told. Beyond ``history_from`` nothing is known, and nobody may ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, tuple_, update
from sqlmodel import SQLModel

from routing.snapshot import Preference
from worker.store.engine import Store, StoreError, Tx
from worker.store.history_tables import FACT_HISTORY, PERSON_SETTING_HISTORY
from worker.store.tables import META, PERSON_READ, PERSON_SETTING, READ_SPAN

_CHUNK = 500
_BEGIN = "history_from"
_PATIENCE = 2
_LEEWAY = 60.0
"""Reads belong together when no more than so many intervals and seconds lie between them."""


class BeyondHistoryError(StoreError):
    """The moment lies before all that the store still remembers."""


def begin_history(tx: Tx, now: datetime) -> None:
    """Note from when on the past is kept, unless that is known."""
    row = tx.insert(META).values(key=_BEGIN, value=now.isoformat())
    tx.conn.execute(row.on_conflict_do_nothing(index_elements=["key"]))


def must_remember(conn: Connection, moment: datetime) -> None:
    """Raises BeyondHistoryError for a moment of which the store no longer knows everything."""
    text = conn.execute(select(META.c.value).where(META.c.key == _BEGIN)).scalar()
    if text is None:
        raise BeyondHistoryError("this store has no history yet; run hotlead sync --once first")
    if moment < datetime.fromisoformat(text):
        raise BeyondHistoryError(
            f"the mirror is remembered from {text} on, not as of {moment.isoformat()}; "
            "store.history_days says how long it is kept"
        )


def end_versions(tx: Tx, history: Table | None, ids: Sequence[str], at: datetime) -> None:
    """Copy the living rows of these records into the history; one chunk at most."""
    if history is not None and ids:
        tx.conn.execute(_copy(history), {"ids": list(ids), "at": at})


@cache
def _copy(history: Table) -> Any:
    table = SQLModel.metadata.tables[history.name.removesuffix("_history")]
    names = [one.name for one in history.columns if one.name != "held_until"]
    until = bindparam("at", type_=history.c.held_until.type)
    living = (
        select(*(table.c[name] for name in names), until)
        .where(table.c.id.in_(bindparam("ids", expanding=True)), table.c.deleted_at.is_(None))
        # Of what came and went at one moment nobody can have asked.
        .where(table.c.held_from < until)
    )
    return insert(history).from_select([*names, "held_until"], living)


def set_preference(tx: Tx, person_id: str, own: Preference, now: datetime) -> None:
    """Keep a person's own choices in place of those before; the history has these."""
    table, history = PERSON_SETTING, PERSON_SETTING_HISTORY
    mine = table.c.person_id == person_id
    row = tx.conn.execute(select(table).where(mine).with_for_update()).mappings().first()
    chosen: dict[str, Any] = {
        "real_time": None if own.real_time is None else [one.value for one in own.real_time],
        "silent": [one.value for one in own.silent],
        "surface": own.surface,
        "quiet_from": own.quiet[0] if own.quiet else None,
        "quiet_until": own.quiet[1] if own.quiet else None,
    }
    if row is not None and all(row[name] == value for name, value in chosen.items()):
        return
    at = max(now, row["changed_at"]) if row else now
    if row is not None and row["changed_at"] < at:
        tx.conn.execute(insert(history).values(**row, held_until=at))
    values = {"person_id": person_id, "changed_at": at} | chosen
    statement = tx.insert(table).values(**values)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))


def note_read(tx: Tx, name: str, at: datetime, every: float) -> None:
    """Remember that this object was read to its end, ``every`` seconds after the last if all
    went well."""
    table = READ_SPAN
    query = select(table).where(table.c.object == name).order_by(table.c.first_at.desc()).limit(1)
    last = tx.conn.execute(query).mappings().first()
    if last is not None and last["first_at"] <= at:
        gap = (at - last["last_at"]).total_seconds()
        if follows(at, last["last_at"], every):
            its = (table.c.object == name) & (table.c.first_at == last["first_at"])
            grown = {"last_at": max(at, last["last_at"]), "longest": max(gap, last["longest"])}
            tx.conn.execute(update(table).where(its).values(**grown))
            return
    row = tx.insert(table).values(object=name, first_at=at, last_at=at, longest=0.0)
    tx.conn.execute(row.on_conflict_do_nothing(index_elements=["object", "first_at"]))


def follows(at: datetime, last: datetime, every: float) -> bool:
    """Whether a read at this moment follows the last one; ``every`` seconds lie between two."""
    return (at - last).total_seconds() <= _PATIENCE * every + _LEEWAY


def sure_last_read(span: Any, moment: datetime) -> datetime | None:
    """When the last read by ``moment`` was, out of a span of reads that had begun by then.

    Within the span it is the latest time of which that is sure; None for a span without a read.
    """
    last: datetime | None = span["last_at"]
    if last is None or last <= moment:
        return last
    sure: datetime = max(span["first_at"], moment - timedelta(seconds=span["longest"]))
    return sure


def purge_history(store: Store, before: datetime) -> Iterator[int]:
    """Forget versions that ended before this moment; yields after each small transaction."""
    with store.write() as tx:
        text = tx.conn.execute(select(META.c.value).where(META.c.key == _BEGIN)).scalar()
        if text is not None and datetime.fromisoformat(text) < before:
            later = {"value": before.isoformat()}
            tx.conn.execute(update(META).where(META.c.key == _BEGIN).values(**later))
    for table in (*FACT_HISTORY.values(), PERSON_SETTING_HISTORY):
        yield from _purge(store, table, table.c.held_until, before)
    yield from _purge(store, READ_SPAN, READ_SPAN.c.last_at, before)
    yield from _purge(store, PERSON_READ, PERSON_READ.c.until, before)


def _purge(store: Store, table: Table, ended: Any, before: datetime) -> Iterator[int]:
    key = tuple_(*table.primary_key.columns)
    old = select(*table.primary_key.columns).where(ended <= before).limit(_CHUNK)
    gone = _CHUNK
    while gone == _CHUNK:
        with store.write() as tx:
            gone = int(tx.conn.execute(delete(table).where(key.in_(old))).rowcount)
        yield gone
