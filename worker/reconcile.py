"""Reads the incremental objects anew from end to end, mends the mirror, and tells its drift.

Changes that a CRM tells nobody of (a record purged or restored, a formula, a renamed role) reach
the mirror by this alone. It runs beside the sync and leaves the watermark as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from connectors.base import Crm, MirrorObject, Page
from connectors.errors import ConnectorError
from routing.nouns import MirrorRecord
from worker.context import Context
from worker.leases import LostLeaseError, hold, is_due, is_free, release, take
from worker.store.engine import Store
from worker.store.mirror import Read, chunks, compare, others, put, tombstone, touch
from worker.store.tables import DRIFT, WATERMARK
from worker.sync import broken_off, closing, see_responses, sync, take_away_unseen

_RETRY = timedelta(minutes=10)
_SETTLED = timedelta(minutes=15)
"""A change younger than this may still be on its way through the sync, and is no drift."""
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Drift:
    """What one reconcile mended, in records.

    ``missing`` were not in the mirror, ``stale`` had other values there, ``extra`` were no
    longer in the CRM.
    """

    missing: int = 0
    stale: int = 0
    extra: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.missing + self.stale + self.extra


def prepare_reconcile(store: Store, crm: Crm, first: datetime) -> None:
    """Make the rows that keep each object's drift; its reconciles begin at ``first``."""
    with store.write() as tx:
        for one in crm.objects:
            if not one.full:
                row = tx.insert(DRIFT).values(object=one.name, next_at=first)
                tx.conn.execute(row.on_conflict_do_nothing(index_elements=["object"]))


def reconcile_due(ctx: Context) -> None:
    """Clock job: hand over every object whose time has come, one at a time over all workers.

    None while the day's calls are too few for polling.
    """
    if ctx.governor is not None and not ctx.governor.standing.plan.polls:
        return
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        query = (
            select(DRIFT.c.object)
            .join(WATERMARK, WATERMARK.c.object == DRIFT.c.object)
            .where(is_due(DRIFT, now), is_free(DRIFT, now), WATERMARK.c.finished_at.is_not(None))
        )
        names = [row[0] for row in conn.execute(query)]
    if names:
        with ctx.store.write() as tx:
            for name in names:
                ctx.dispatch.hand_over(tx, "reconcile", name, lock="reconcile")


def reconcile(ctx: Context, name: str, *, force: bool = False) -> Drift | None:
    """Job: read one object anew and mend what differs.

    None when it is no incremental object, was not due, is being reconciled elsewhere, or failed.
    ``force`` does not wait for the time to come.
    """
    thing = next((one for one in ctx.crm.objects if one.name == name and not one.full), None)
    taken = take(ctx, DRIFT, name, force=force) if thing is not None else None
    if thing is None or taken is None:
        return None
    read = taken[0]
    drift = Drift()
    error = "the read broke off"
    try:
        _read_anew(ctx, thing, read, drift)
        error = ""
    except LostLeaseError as lost:
        log.warning("a reconcile was given up: %s", lost, extra={"object": name})
        return None
    except ConnectorError as failure:
        error = str(failure)[:500]
        log.warning("%s was not reconciled: %s", name, failure, extra={"object": name})
        return None
    finally:
        _end(ctx, name, read, drift, error)
    return drift


def drift_report(ctx: Context) -> dict[str, dict[str, Any]]:
    """The last drift of each incremental object; ``age_seconds`` None when never reconciled."""
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        rows = conn.execute(select(DRIFT)).mappings().all()
    report: dict[str, dict[str, Any]] = {}
    for row in rows:
        finished = row["finished_at"]
        report[row["object"]] = {
            "age_seconds": None if finished is None else round((now - finished).total_seconds(), 1),
            "missing": row["missing"],
            "stale": row["stale"],
            "extra": row["extra"],
            "error": row["error"],
        }
    return report


def _end(ctx: Context, name: str, read: Read, drift: Drift, error: str) -> None:
    if drift.total:
        log.warning(
            "the mirror of %s had drifted: %d missing, %d stale, %d extra, now mended",
            name,
            drift.missing,
            drift.stale,
            drift.extra,
            extra={"object": name},
        )
    if error:
        release(ctx, DRIFT, name, read, error=error, next_at=ctx.clock.now() + _RETRY)
        return
    release(
        ctx,
        DRIFT,
        name,
        read,
        error="",
        next_at=read.at + ctx.patience.reconcile,
        finished_at=read.at,
        missing=drift.missing,
        stale=drift.stale,
        extra=drift.extra,
    )


def _read_anew(ctx: Context, thing: MirrorObject, read: Read, drift: Drift) -> None:
    # What the sync would find in its next read is no drift.
    sync(ctx, thing.name, force=True)
    complete = False
    since: datetime | None = None
    with closing(ctx.crm.read(thing.name, None)) as pages:
        for page in pages:
            _keep(ctx, thing, page, read, drift)
            complete = complete or page.watermark is not None
            since = page.since or since
    if not complete:
        raise broken_off(thing)
    sync(ctx, thing.name, force=True)
    drift.extra += take_away_unseen(ctx, DRIFT, thing, read, since)


def _keep(ctx: Context, thing: MirrorObject, page: Page, read: Read, drift: Drift) -> None:
    later = read.number + 1  # what a sync brought since this read began is newer than the page
    for chunk in chunks(page.records):
        with ctx.store.write() as tx:
            hold(ctx, tx, DRIFT, thing.name, read)
            found = compare(tx, thing.noun, thing.name, chunk, before=later)
            put(tx, thing.noun, thing.name, found, read, ctx.clock.now())
            touch(tx, thing.noun, found.same, read)
            see_responses(ctx, tx, found.wrong)
        drift.missing += _settled(found.absent, read)
        drift.stale += _settled(found.changed, read)
    if page.deleted or not (page.records or page.watermark):
        with ctx.store.write() as tx:
            hold(ctx, tx, DRIFT, thing.name, read)
            now = ctx.clock.now()
            gone = tombstone(tx, thing.noun, thing.name, page.deleted, read, now, before=later)
        drift.extra += gone
    if page.all_of_deals:
        with ctx.store.write() as tx:
            hold(ctx, tx, DRIFT, thing.name, read)
            ids = others(tx, thing.noun, thing.name, page)
            now = ctx.clock.now()
            gone = tombstone(tx, thing.noun, thing.name, ids, read, now, before=later)
        drift.extra += gone


def _settled(records: Sequence[MirrorRecord], read: Read) -> int:
    """How many of these are no change that may still be on its way through the sync."""
    until = read.at - _SETTLED
    return sum(one.modified_at is None or one.modified_at <= until for one in records)
