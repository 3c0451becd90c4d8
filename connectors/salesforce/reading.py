"""Reads objects page by page: whole ones through, the others from where the last read ended.

Each page of an incremental read is a query of its own, behind the last (SystemModstamp, Id) seen.
That holds when rows change meanwhile, and when one bulk edit gave thousands the same stamp.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.base import Page
from connectors.errors import TemporaryError
from connectors.salesforce import bulk, deletions, queries, refresh
from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingObjectError, QueryTimeoutError
from connectors.salesforce.fields import Choice
from connectors.salesforce.settings import SalesforceSettings
from connectors.salesforce.source import Source
from connectors.salesforce.stretch import Stretch
from connectors.salesforce.tidy import Tidy
from connectors.salesforce.values import Row, moment
from connectors.salesforce.watermark import Watermark, fingerprint
from routing.nouns import MirrorRecord


@dataclass(frozen=True, slots=True)
class Reading:
    """One read of one object."""

    client: Client
    settings: SalesforceSettings
    source: Source
    choice: Choice
    tidy: Tidy
    notes: list[str] = field(default_factory=list)
    """What people should know of this read, filled as it goes."""

    @property
    def fingerprint(self) -> str:
        """The name of the choice of fields."""
        nested = (self.source.nested,) if self.source.nested else ()
        return fingerprint((*self.choice.fields, *nested))

    def sorted_out(
        self, rows: list[Row], now: datetime | None = None
    ) -> tuple[list[MirrorRecord], list[str]]:
        """The records in these rows, and the ids of those that are none (any more, or yet)."""
        source = self.source
        if source.enrich is not None and rows:
            source.enrich(self.client, rows)
        came: list[MirrorRecord] = []
        gone: list[str] = []
        for row in rows:
            begins = moment(row.get(source.begins)) if source.begins else None
            later = begins is not None and now is not None and begins > now
            record = None if row.get("IsDeleted") or later else source.make(self.tidy.row(row))
            if record is None:
                gone.append(f"{row['Id']}{source.suffix}")
            else:
                came.append(record)
        return came, gone


def whole(reading: Reading) -> Iterator[Page]:
    """Every record of an object. The last page carries the watermark."""
    client, source = reading.client, reading.source
    if source.walk is not None:
        records = list(source.walk(client))
        mark = Watermark(until=client.now(), fields=reading.fingerprint)
        yield Page(records=records, watermark=mark.write(), total=len(records))
        return
    chosen = queries.columns(source, reading.choice.fields)
    tests = queries.where((source.where,))
    soql = f"SELECT {chosen} FROM {source.sobject}{tests} ORDER BY {source.order}"  # noqa: S608
    found = client.query(soql)
    while True:
        last = bool(found["done"])
        mark = Watermark(until=client.now(), fields=reading.fingerprint)
        made = (source.make(row) for row in found["records"])
        yield Page(
            records=[record for record in made if record is not None],
            watermark=mark.write() if last else None,
            total=int(found.get("totalSize") or 0),
        )
        if last:
            return
        found = client.more(str(found["nextRecordsUrl"]))


def changed(reading: Reading, watermark: str | None) -> Iterator[Page]:
    """What changed, came or went since the watermark. The last page carries the next one."""
    client, settings, source = reading.client, reading.settings, reading.source
    mark = Watermark.read(watermark, reading.fingerprint)
    asked = client.now()
    if mark is not None and mark.turn:
        yield deletions.page(client, settings, source, mark, reading.notes)
        return
    low = _low(settings, source, mark, asked)
    if mark is not None:
        yield from _by_pages(reading, mark, low, asked, None)
        return
    total = _count(client, source, low, asked)
    above = total is None or total > settings.bulk_above
    if above and not source.nested and source.walk is None:
        try:
            job = bulk.start(client, settings, source, reading.choice, _tests(source, low, asked))
        except bulk.NotOfferedError as refused:
            reading.notes.append(f"{source.sobject}: {refused}; it is read by pages instead")
        else:
            yield from _by_job(reading, job, low, asked, total)
            return
    yield from _by_pages(reading, None, low, asked, total)


def count(client: Client, source: Source) -> int | None:
    """How many records the mirror of an object should hold; None when that is not all there are.

    Raises ConnectorError.
    """
    if source.recent or source.thinned:
        return None
    tests = queries.where((source.where,))
    try:
        found = client.query(f"SELECT COUNT() FROM {source.sobject}{tests}")  # noqa: S608
    except MissingObjectError:
        if source.feature:
            return None
        raise
    return int(found.get("totalSize") or 0)


def _by_pages(
    reading: Reading,
    mark: Watermark | None,
    low: datetime | None,
    asked: datetime,
    total: int | None,
) -> Iterator[Page]:
    client, settings, source = reading.client, reading.settings, reading.source
    place: queries.Place | None = None
    stretch = Stretch(low if not source.begins else None, asked)
    answered: datetime | None = None
    next_mark = Watermark(until=asked, fields=reading.fingerprint)
    # What no longer fits the filter must be seen to go, so only a first read may leave it out.
    fitting = source.where if mark is None else ""
    while True:
        floor = "" if low is None or (place and not source.begins) else "low"
        tests = (
            fitting,
            queries.since(source, low, asked) if floor and low else "",
            queries.behind(place) if place else "",
            *stretch.tests(place),
        )
        sent = time.monotonic()
        try:
            found = queries.page(client, source, reading.choice.fields, tests, settings.page_size)
        except QueryTimeoutError:
            stretch.halve(place)
            continue
        if answered is None:
            answered = client.now()
            looked = answered - timedelta(seconds=time.monotonic() - sent)
            next_mark = _next(reading, mark, looked, asked)
        if found.rows:
            place = queries.place_of(found.rows[-1], place)
        # What changed after the first answer comes with the next read; else a busy org has no end.
        more = found.full and place is not None and bool(found.rows) and place[0] <= answered
        if not more and stretch.go_on():
            place, more = None, True
        if not more:
            next_mark = yield from _refreshed(reading, mark, next_mark)
        came, gone = reading.sorted_out(found.rows, asked)
        yield Page(
            records=came,
            deleted=gone,
            watermark=None if more else next_mark.write(),
            total=total,
            since=low if mark is None else None,
        )
        if not more:
            return


def _by_job(
    reading: Reading, job: bulk.Job, low: datetime | None, asked: datetime, total: int | None
) -> Iterator[Page]:
    """The same by a bulk job. What changes while it runs comes with the next read."""
    next_mark = _next(reading, None, asked, asked)
    for rows in job.pages(reading.tidy):
        came, gone = reading.sorted_out(rows, asked)
        yield Page(records=came, deleted=gone, total=total, since=low)
    yield Page(watermark=next_mark.write(), total=total, since=low)


def _next(reading: Reading, mark: Watermark | None, looked: datetime, asked: datetime) -> Watermark:
    """The watermark after a read whose first answer shows what there was at ``looked``."""
    source = reading.source
    # What begins is looked for until the moment asked about, whatever the org's clock says.
    until = min(asked, looked) if source.begins else looked
    until -= timedelta(seconds=reading.settings.behind_seconds)
    listed = source.vanishing and reading.choice.listed
    return Watermark(
        until=until,
        fields=reading.fingerprint,
        refreshed=(mark.refreshed or mark.until) if mark else asked,
        deleted=((mark.deleted if mark else None) or asked) if listed else None,
        turn=listed and mark is not None,
    )


def _refreshed(
    reading: Reading, mark: Watermark | None, next_mark: Watermark
) -> Generator[Page, None, Watermark]:
    """What is due besides the changes; the watermark that says so."""
    now = reading.client.now()
    span = timedelta(minutes=reading.settings.formula_minutes)
    last = next_mark.refreshed
    if mark is None or last is None or now - last < span:
        return next_mark
    if refresh.due(reading.source, reading.choice):
        yield from refresh.pages(reading, last)
    return replace(next_mark, refreshed=now)


def _low(
    settings: SalesforceSettings, source: Source, mark: Watermark | None, now: datetime
) -> datetime | None:
    if mark is not None:
        return mark.until - timedelta(minutes=settings.overlap_minutes)
    return now - timedelta(days=settings.evidence_days) if source.recent else None


def _tests(source: Source, low: datetime | None, asked: datetime) -> tuple[str, ...]:
    return source.where, queries.since(source, low, asked) if low is not None else ""


def _count(client: Client, source: Source, low: datetime | None, asked: datetime) -> int | None:
    tests = queries.where(_tests(source, low, asked))
    try:
        found = client.query(f"SELECT COUNT() FROM {source.sobject}{tests}")  # noqa: S608
    except TemporaryError:
        # A count of millions may time out where pages do not, and is for the progress bar only.
        return None
    return int(found.get("totalSize") or 0)
