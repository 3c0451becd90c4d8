"""Keeps the mirror fresh: reads each object from its watermark, a page at a time.

A read that breaks off keeps the pages that came before and moves no watermark.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, select

from connectors.base import Crm, MirrorObject, Page, Reader
from connectors.errors import ConnectorError, LimitError
from routing.nouns import Evidence, MirrorRecord
from worker.budget.governor import Governor, note_cost
from worker.context import Context
from worker.leases import (
    LostLeaseError,
    hold,
    is_due,
    is_free,
    is_held,
    release,
    release_in,
    take,
)
from worker.respond import respond_to_evidence
from worker.store.engine import Store, StoreError, Tx
from worker.store.history import begin_history, note_read
from worker.store.mirror import (
    TABLES,
    Read,
    chunks,
    others,
    refresh,
    table_of,
    tombstone,
    touch,
    unseen,
    upsert,
)
from worker.store.person_reads import end_people, note_people, note_unread
from worker.store.tables import DRIFT, META, WATERMARK

_RETRY = timedelta(seconds=30)
_TELL_SECONDS = 10.0
"""Between two lines of the log about one long read."""
log = logging.getLogger(__name__)
Progress = Callable[[str, int, int | None], None]
"""Called with the object's name, records read so far, and the expected total if known."""


def prepare_mirror(store: Store, crm: Crm, now: datetime, others: Sequence[Reader] = ()) -> None:
    """Make the watermarks' rows. Raises StoreError when the store mirrors another CRM."""
    with store.write() as tx:
        first = tx.insert(META).values(key="crm", value=crm.name)
        tx.conn.execute(first.on_conflict_do_nothing(index_elements=["key"]))
        mirrored = tx.conn.execute(select(META.c.value).where(META.c.key == "crm")).scalar_one()
        if mirrored != crm.name:
            raise StoreError(
                f"this store mirrors {mirrored}, but the configuration says {crm.name}; "
                "name another store.url, or set crm back"
            )
        begin_history(tx, now)
        names = [(reader, one.name) for reader in (crm, *others) for one in reader.objects]
        for reader, name in names:
            row = tx.insert(WATERMARK).values(
                object=name, crm=reader.name, since=now, next_at=now, records=0, error=""
            )
            tx.conn.execute(row.on_conflict_do_nothing(index_elements=["object"]))
        _retire(tx, {name for _, name in names}, now)


def _retire(tx: Tx, names: set[str], now: datetime) -> None:
    """What is mirrored no longer, as the mapping changed, routes nobody; with its watermark."""
    rows = tx.conn.execute(select(WATERMARK.c.object, WATERMARK.c.reads)).all()
    for name, reads in rows:
        if name in names:
            continue
        for noun in TABLES:
            table = table_of(noun)
            theirs = (table.c.object == name) & table.c.deleted_at.is_(None)
            ids = tx.conn.execute(select(table.c.id).where(theirs)).scalars().all()
            tombstone(tx, noun, name, ids, Read(reads + 1, now), now)
        end_people(tx, name, now)
        for lease in (WATERMARK, DRIFT):
            tx.conn.execute(lease.delete().where(lease.c.object == name))


def sync_due(ctx: Context) -> None:
    """Clock job: hand over every object whose time has come."""
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        query = select(WATERMARK.c.object).where(is_due(WATERMARK, now), is_free(WATERMARK, now))
        names = {row[0] for row in conn.execute(query)}
        if names and ctx.governor is not None:
            ctx.governor.read(conn)
    wanted = [
        one.name
        for reader, one in ctx.mirrored
        if one.name in names and ((paced := _governor(ctx, reader)) is None or paced.may_poll(one))
    ]
    if wanted:
        with ctx.store.write() as tx:
            for name in wanted:
                ctx.dispatch.hand_over(tx, "sync", name, lock=f"sync:{name}")


def sync(ctx: Context, name: str, *, force: bool = False, progress: Progress | None = None) -> bool:
    """Job: read one object. False when it was not due, is being read elsewhere, or failed."""
    found = next(((reader, one) for reader, one in ctx.mirrored if one.name == name), None)
    if found is None:
        return False
    reader, thing = found
    governor = _governor(ctx, reader)
    taken = take(ctx, WATERMARK, name, force=force)
    if taken is None:
        return False
    read, row = taken

    def end(**values: Any) -> None:
        release(ctx, WATERMARK, name, read, **values)

    before = reader.calls_here
    people: dict[str, bool] = {}
    try:
        mark, records = _read(ctx, reader, thing, row["mark"], read, progress, people)
    except LostLeaseError as lost:
        log.warning("a read was given up: %s", lost, extra={"object": name})
        return False
    except ConnectorError as error:
        log.warning("%s was not read to its end: %s", name, error, extra={"object": name})
        _note_unread(ctx, name, read, people)
        end(error=str(error)[:500], next_at=ctx.clock.now() + _wait(governor, error))
        return False
    except BaseException:
        end(error="the read broke off", next_at=ctx.clock.now() + _RETRY)
        raise
    every = governor.every(thing) if governor is not None else float(thing.every)
    with ctx.store.write() as tx:
        following = read.at + timedelta(seconds=every)
        values = {"mark": mark, "finished_at": read.at, "next_at": following, "records": records}
        done = release_in(tx, WATERMARK, name, read, error="", **values)
        if done:
            note_read(tx, name, read.at, every)
            if thing.by_person:
                note_people(tx, name, people, read.at, every)
            if (
                governor is not None and row["mark"] is not None
            ):  # the first read of all says nothing of the others
                note_cost(tx, name, reader.calls_here - before)
    return done


def _governor(ctx: Context, reader: Reader) -> Governor | None:
    """Who sets the pace of a reader: the CRM alone counts the calls of a day."""
    return ctx.governor if reader is ctx.crm else None


def _wait(governor: Governor | None, error: ConnectorError) -> timedelta:
    """How long a read that failed is let be; a limit says it, and a used up day pauses them all."""
    if not isinstance(error, LimitError):
        return _RETRY
    if error.daily and governor is not None:
        governor.note_limit(error)
    return max(_RETRY, timedelta(seconds=error.retry_after or 0))


def _note_unread(ctx: Context, name: str, read: Read, people: Mapping[str, bool]) -> None:
    """Who was never read is known as such, although the read broke off."""
    unread = [one for one, was_read in people.items() if not was_read]
    if unread:
        with ctx.store.write() as tx:
            hold(ctx, tx, WATERMARK, name, read)
            note_unread(tx, name, unread, read.at)


def sync_all(ctx: Context, progress: Progress | None = None) -> dict[str, bool]:
    """Read every object now; says which were read to their end.

    The CRM's come first, in its own order: the other sources ask for the people of the mirror.
    """
    return {one.name: sync(ctx, one.name, force=True, progress=progress) for _, one in ctx.mirrored}


def _read(
    ctx: Context,
    reader: Reader,
    thing: MirrorObject,
    mark: str | None,
    read: Read,
    progress: Progress | None,
    people: dict[str, bool],
) -> tuple[str | None, int]:
    """``people`` is told whose part was read, also when the read then breaks off."""
    records = 0
    latest = mark
    complete = False
    with closing(reader.read(thing.name, mark)) as pages, _shown(ctx, thing) as show:
        for page in pages:
            people.update(page.people)
            _keep(ctx, thing, page, read)
            records += len(page.records)
            show(records, page.total)
            if page.watermark is not None:
                latest, complete = page.watermark, True
            if progress is not None:
                progress(thing.name, records, page.total)
    if not complete:
        raise broken_off(thing)
    if thing.full:
        take_away_unseen(ctx, WATERMARK, thing, read)
    return latest, records


@contextmanager
def _shown(ctx: Context, thing: MirrorObject) -> Iterator[Callable[[int, int | None], None]]:
    """Let the health page see how far a read is, and the log, too, when it takes long."""
    told = time.monotonic()

    def show(records: int, total: int | None) -> None:
        nonlocal told
        ctx.reading[thing.name] = (records, total)
        if time.monotonic() - told >= _TELL_SECONDS:
            told = time.monotonic()
            of = f" of {total:,}" if total else ""
            log.info("%s: %s%s records read so far", thing.name, f"{records:,}", of)

    show(0, None)
    try:
        yield show
    finally:
        ctx.reading.pop(thing.name, None)


def take_away_unseen(
    ctx: Context, lease: Table, thing: MirrorObject, read: Read, since: datetime | None = None
) -> int:
    """After a whole read: what it did not see is gone. Returns how many; in small transactions."""
    gone, after = 0, ""
    while True:
        with ctx.store.read() as conn:  # a long look, for which no writer has to wait
            ids = unseen(conn, thing.noun, thing.name, read, since, after)
        if not ids:
            return gone
        after = ids[-1]
        with ctx.store.write() as tx:
            hold(ctx, tx, lease, thing.name, read)
            now = ctx.clock.now()
            gone += tombstone(tx, thing.noun, thing.name, ids, read, now, before=read.number)


def broken_off(thing: MirrorObject) -> ConnectorError:
    """What a read is that ended without its last page."""
    return ConnectorError(f"{thing.name}: the answer ended without its last page")


@contextmanager
def closing(pages: Iterator[Page]) -> Iterator[Iterator[Page]]:
    """Give back what a reader holds, however its reading ends."""
    try:
        yield pages
    finally:
        close = getattr(pages, "close", None)
        if close is not None:
            close()


def _keep(ctx: Context, thing: MirrorObject, page: Page, read: Read) -> None:
    """Store one page in small transactions; responses are seen in the same transaction.

    A last page without records needs none: its watermark is stored under the lease.
    """
    for chunk in chunks(page.records):
        with ctx.store.write() as tx:
            hold(ctx, tx, WATERMARK, thing.name, read)
            found = upsert(tx, thing.noun, thing.name, chunk, read, ctx.clock.now())
            # Unchanged records are left alone, unless somebody asks who was seen.
            if thing.full or (found.same and is_held(tx, DRIFT, thing.name)):
                touch(tx, thing.noun, found.same, read)
            see_responses(ctx, tx, chunk)
    for ids in chunks(list(page.fields)):
        with ctx.store.write() as tx:
            hold(ctx, tx, WATERMARK, thing.name, read)
            values = {one: page.fields[one] for one in ids}
            now = ctx.clock.now()
            refresh(tx, thing.noun, thing.name, values, page.refreshed, read, now)
    if page.deleted or not (page.records or page.watermark):
        with ctx.store.write() as tx:
            hold(ctx, tx, WATERMARK, thing.name, read)
            tombstone(tx, thing.noun, thing.name, page.deleted, read, ctx.clock.now())
    if page.all_of_deals:
        with ctx.store.write() as tx:
            hold(ctx, tx, WATERMARK, thing.name, read)
            gone = others(tx, thing.noun, thing.name, page)
            tombstone(tx, thing.noun, thing.name, gone, read, ctx.clock.now())


def see_responses(ctx: Context, tx: Tx, records: Sequence[MirrorRecord]) -> None:
    """Let alerts have their responses. Evidence that is read again counts again: the prospect or
    the alert may have come meanwhile."""
    evidence = [one for one in records if isinstance(one, Evidence)]
    if evidence:
        respond_to_evidence(ctx, tx, evidence)
