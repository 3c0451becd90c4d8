"""Keeps the mirror fresh: reads each CRM object from its watermark, a page at a time.

A read that breaks off keeps the pages that came before and moves no watermark. Of several workers
one reads an object at a time, by a lease on its row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from connectors.base import Crm, MirrorObject, Page
from connectors.errors import ConnectorError
from routing.nouns import Evidence
from worker.context import Context
from worker.respond import respond_to_evidence
from worker.store.engine import Store, StoreError
from worker.store.mirror import chunks, tombstone, tombstone_unseen, upsert
from worker.store.tables import META, WATERMARK

_LEASE = timedelta(minutes=3)
"""Longer than any one page takes with its retries; each page renews it."""
_RETRY = timedelta(seconds=30)
log = logging.getLogger(__name__)
Progress = Callable[[str, int, int | None], None]
"""Called with the object's name, records read so far, and the expected total if known."""


def prepare_mirror(store: Store, crm: Crm, now: datetime) -> None:
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
        for one in crm.objects:
            row = tx.insert(WATERMARK).values(
                object=one.name, crm=crm.name, next_at=now, records=0, error=""
            )
            tx.conn.execute(row.on_conflict_do_nothing(index_elements=["object"]))


def sync_due(ctx: Context) -> None:
    """Clock job: hand over every object whose time has come."""
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        query = select(WATERMARK.c.object).where(_is_due(now), _is_free(now))
        names = [row[0] for row in conn.execute(query)]
    if names:
        with ctx.store.write() as tx:
            for name in names:
                ctx.dispatch.hand_over(tx, "sync", name, lock=f"sync:{name}")


def sync(ctx: Context, name: str, *, force: bool = False, progress: Progress | None = None) -> bool:
    """Job: read one object. False when it was not due, is being read elsewhere, or failed."""
    thing = next((one for one in ctx.crm.objects if one.name == name), None)
    if thing is None:
        return False
    started = ctx.clock.now()
    row = _lease(ctx, name, started, force)
    if row is None:
        return False
    try:
        mark, records = _read(ctx, thing, row["mark"], started, progress)
    except ConnectorError as error:
        log.warning("%s was not read to its end: %s", name, error, extra={"object": name})
        _release(ctx, name, error=str(error)[:500], next_at=ctx.clock.now() + _RETRY)
        return False
    except BaseException:
        _release(ctx, name, error="the read broke off", next_at=ctx.clock.now() + _RETRY)
        raise
    _release(
        ctx,
        name,
        error="",
        next_at=started + timedelta(seconds=thing.every),
        mark=mark,
        finished_at=started,
        records=records,
    )
    return True


def sync_all(ctx: Context, progress: Progress | None = None) -> dict[str, bool]:
    """Read every object now, in the CRM's own order; says which were read to their end."""
    return {one.name: sync(ctx, one.name, force=True, progress=progress) for one in ctx.crm.objects}


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Whether the time has come; also when the clock has been put back since the last read."""
    return or_(WATERMARK.c.next_at <= now, WATERMARK.c.started_at > now)


def _is_free(now: datetime) -> ColumnElement[bool]:
    until = WATERMARK.c.lease_until
    return or_(until.is_(None), until <= now, until > now + _LEASE)


def _lease(ctx: Context, name: str, now: datetime, force: bool) -> Any:
    with ctx.store.write() as tx:
        statement = update(WATERMARK).where(WATERMARK.c.object == name, _is_free(now))
        if not force:
            statement = statement.where(_is_due(now))
        taken = tx.conn.execute(statement.values(lease_until=now + _LEASE, started_at=now))
        if taken.rowcount != 1:
            return None
        query = select(WATERMARK).where(WATERMARK.c.object == name)
        return tx.conn.execute(query).mappings().one()


def _release(ctx: Context, name: str, **values: Any) -> None:
    with ctx.store.write() as tx:
        tx.conn.execute(
            update(WATERMARK).where(WATERMARK.c.object == name).values(lease_until=None, **values)
        )


def _read(
    ctx: Context,
    thing: MirrorObject,
    mark: str | None,
    started: datetime,
    progress: Progress | None,
) -> tuple[str | None, int]:
    records = 0
    latest = mark
    complete = False
    with _closing(ctx.crm.read(thing.name, mark)) as pages:
        for page in pages:
            records += _keep(ctx, thing, page, started)
            if page.watermark is not None:
                latest, complete = page.watermark, True
            if progress is not None:
                progress(thing.name, records, page.total)
            _renew(ctx, thing.name)
    if thing.full and complete:
        tombstone_unseen(ctx.store, thing.noun, thing.name, started)
    if not complete:
        raise ConnectorError(f"{thing.name}: the CRM's answer ended without its last page")
    return latest, records


@contextmanager
def _closing(pages: Iterator[Page]) -> Iterator[Iterator[Page]]:
    try:
        yield pages
    finally:
        close = getattr(pages, "close", None)
        if close is not None:
            close()


def _renew(ctx: Context, name: str) -> None:
    with ctx.store.write() as tx:
        tx.conn.execute(
            update(WATERMARK)
            .where(WATERMARK.c.object == name)
            .values(lease_until=ctx.clock.now() + _LEASE)
        )


def _keep(ctx: Context, thing: MirrorObject, page: Page, started: datetime) -> int:
    """Store one page in small transactions; responses are seen in the same transaction."""
    for chunk in chunks(page.records):
        with ctx.store.write() as tx:
            upsert(tx, thing.noun, thing.name, chunk, started)
            if thing.noun is Evidence:
                evidence = [one for one in chunk if isinstance(one, Evidence)]
                respond_to_evidence(ctx, tx, evidence)
    if page.deleted:
        with ctx.store.write() as tx:
            tombstone(tx, thing.noun, thing.name, page.deleted, started)
    return len(page.records)
