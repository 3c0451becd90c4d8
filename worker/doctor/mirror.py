"""Looks whether the mirror is whole and fresh, object by object, against the CRM's own counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from connectors.base import Check, Crm, MirrorObject
from connectors.checking import probe
from worker.store.engine import Store
from worker.store.mirror import table_of
from worker.store.tables import META, WATERMARK

_SYNC = "hotlead sync --once"
_STALE_FACTOR = 5
_LEAST_STALE = timedelta(minutes=5)
_IN_FLIGHT = 0.001
"""Share of an object that may differ, as people work in the CRM while we count."""


def mirror_checks(store: Store, crm: Crm, now: datetime, *, answers: bool) -> Iterator[Check]:
    """A check an object. ``answers``: the CRM can be asked for its counts."""
    with store.read() as conn:
        read = {row["object"]: row for row in conn.execute(select(WATERMARK)).mappings()}
        held = {one.name: _count(conn, one) for one in crm.objects}
        of = conn.execute(select(META.c.value).where(META.c.key == "crm")).scalar()
    if of not in (None, crm.name):
        text = f"this store mirrors {of}, but the configuration says {crm.name}"
        mend = "name another store.url, or set crm back"
        yield Check(name="mirror", state="fail", text=text, mend=mend)
        return
    begun = {name for name, row in read.items() if row["started_at"] is not None}
    if not begun.intersection(held):
        text = "nothing is mirrored yet, so nobody can be routed to"
        yield Check(name="mirror", state="warn", text=text, mend=_SYNC)
        return
    yield _age(crm, read, now)
    for thing in crm.objects:
        yield from _object(crm, thing, read.get(thing.name), held[thing.name], answers=answers)


def _count(conn: Connection, thing: MirrorObject) -> int:
    table = table_of(thing.noun)
    living = (table.c.object == thing.name, table.c.deleted_at.is_(None))
    return int(conn.execute(select(func.count()).select_from(table).where(*living)).scalar_one())


def _age(crm: Crm, read: Mapping[str, Any], now: datetime) -> Check:
    """Whether something keeps the mirror fresh."""
    late: list[str] = []
    for thing in crm.objects:
        finished = read[thing.name]["finished_at"] if thing.name in read else None
        budget = max(_LEAST_STALE, timedelta(seconds=_STALE_FACTOR * thing.every))
        if finished is not None and now - finished > budget:
            late.append(thing.name)
    if not late:
        return Check(name="mirror age", state="ok", text="every object was read lately")
    text = f"not read lately: {', '.join(late)}"
    return Check(name="mirror age", state="warn", text=text, mend="start hotlead run")


def _object(
    crm: Crm, thing: MirrorObject, row: Any, held: int, *, answers: bool
) -> Iterator[Check]:
    name, what = f"mirror {thing.name}", _words(thing)
    if row is None or row["finished_at"] is None:
        error = row["error"] if row is not None else ""
        text = f"{what} were never read to the end" + (f": {error}" if error else "")
        yield Check(name=name, state="fail" if error else "warn", text=text, mend=_SYNC)
    elif row["error"]:
        text = f"the last read of {what} broke off: {row['error']}"
        yield Check(name=name, state="warn", text=text, mend=_SYNC)
    elif not answers:
        text = f"{held:,} {what}, not compared as the CRM does not answer"
        yield Check(name=name, state="ok", text=text)
    else:
        yield from probe(name, lambda: _compared(crm, thing, held))


def _compared(crm: Crm, thing: MirrorObject, held: int) -> Iterator[Check]:
    name, what, there = f"mirror {thing.name}", _words(thing), crm.count(thing.name)
    if there is None:
        yield Check(name=name, state="ok", text=f"{held:,} {what}")
        return
    text = f"{held:,} {what}, {there:,} in the CRM"
    apart = abs(held - there)
    if apart <= there * _IN_FLIGHT:
        yield Check(name=name, state="ok", text=text)
        return
    text += f": {apart:,} {'missing' if held < there else 'too many'}"
    mend = f"{_SYNC}; what still differs then is mended by the next reconcile of hotlead run"
    yield Check(name=name, state="warn", text=text, mend=mend)


def _words(thing: MirrorObject) -> str:
    return thing.name.replace("_", " ")
