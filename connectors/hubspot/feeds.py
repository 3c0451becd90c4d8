"""Reads one object type: all of it at first, then what changed, and on timers what nobody tells.

What moves no stamp is looked for on timers: the recycling bin, associations (swept over the rows
that routing reads), and properties that HubSpot works out (the whole list). A timer stretches
with what its look costs, so that none takes more than ``CALLS_A_MINUTE``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.base import Page
from connectors.hubspot import records
from connectors.hubspot.client import Client
from connectors.hubspot.marks import Mark
from connectors.hubspot.reading import ASSOCIATION_INPUTS, Filter, Reader, Rows, grouped, stamp
from connectors.hubspot.settings import HubspotSettings
from connectors.hubspot.values import Row, to_ms

CALLS_A_MINUTE = 10
SETTLED = 300_000
"""Milliseconds after a change in which associations may still come; then a row is handled."""
_BIN, _SWEEP, _WHOLE = "bin", "sweep", "whole"
Convert = Callable[[Rows], Page]
Pages = Generator[Page, None, Mark]
"""Pages, and the mark after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """How one object is read. ``convert`` makes a page of rows; it may ask for associations."""

    name: str
    kind: str
    properties: Sequence[str]
    convert: Convert
    fields: tuple[str, ...] = ()
    """What the values depend on; with other ones the object is read anew."""
    asks: bool = False
    """Whether ``convert`` makes calls: then rows are left out that were handled before."""
    bin: bool = True
    sweep: Sequence[Filter] | None = None
    """Filters of the rows that are read again every ``open_deal_minutes``."""
    calculated: bool = False
    """Whether some value changes without moving the stamp."""
    key: Callable[[str], str] = str
    """The id in the mirror of a record's id."""
    since: datetime | None = None
    """Set where a first read goes back to this moment only."""


class Feeds:
    """Reads feeds of one account."""

    def __init__(
        self,
        client: Client,
        reader: Reader,
        settings: HubspotSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._reader = reader
        self._settings = settings
        self._now = now
        self._binned: dict[str, set[int]] = {}
        """Ids that the last look into each recycling bin found."""

    def read(self, feed: Feed, watermark: str | None) -> Iterator[Page]:
        """The pages of a feed from its watermark on. Raises ConnectorError."""
        mark = Mark.read(watermark)
        if mark is None or mark.fields != feed.fields:
            mark = yield from self._from_the_beginning(feed)
        else:
            mark = yield from self._from_mark(feed, mark)
        since = feed.since if Mark.read(watermark) is None else None
        yield Page(watermark=mark.text(), since=since)

    def _from_the_beginning(self, feed: Feed) -> Pages:
        now = to_ms(self._now())
        begun = Mark(fields=feed.fields, timers={_SWEEP: now, _WHOLE: now})
        if feed.since is not None:
            begun = replace(begun, changed=max(0, to_ms(feed.since)))
            return (yield from self._changes(feed, begun))
        newest, total = self._reader.newest(feed.kind)
        begun = replace(begun, changed=self._held_back(newest or 0))
        # Lists and not searches: they are complete at once, and know no limit of 10,000 rows.
        for rows in self._grouped(feed, self._reader.listing(feed.kind, feed.properties)):
            yield replace(self._page(feed, rows), total=total)
        return (yield from self._look_into_the_bin(feed, begun)) if feed.bin else begun

    def _from_mark(self, feed: Feed, mark: Mark) -> Pages:
        settings = self._settings
        mark = yield from self._changes(feed, mark)
        if feed.sweep is not None and self._due(mark, _SWEEP, settings.open_deal_minutes):
            found = self._reader.found_by(feed.kind, feed.properties, feed.sweep)
            mark = yield from self._again(feed, mark, _SWEEP, found)
        if feed.calculated and self._due(mark, _WHOLE, settings.calculated_minutes):
            found = self._reader.listing(feed.kind, feed.properties)
            mark = yield from self._again(feed, mark, _WHOLE, found)
        if feed.bin and self._due(mark, _BIN, settings.archive_minutes):
            mark = yield from self._look_into_the_bin(feed, mark)
        return mark

    def _changes(self, feed: Feed, mark: Mark) -> Pages:
        """What changed since, but for the rows that were handled; the mark after it."""
        seen: dict[str, int] = {}
        changed = mark.changed
        start = self._start(mark.changed)
        for rows in self._reader.changed(feed.kind, feed.properties, start):
            stamps = {str(row["id"]): stamp(feed.kind, row) for row in rows}
            seen |= stamps
            fresh = [row for row in rows if not _is_handled(feed, mark, row, stamps)]
            changed = max(changed, self._held_back(max(stamps.values(), default=0)))
            if fresh:
                yield self._page(feed, fresh)
        return replace(mark, changed=changed, handled=self._handled(feed, changed, seen))

    def _handled(self, feed: Feed, changed: int, seen: dict[str, int]) -> dict[str, int]:
        """The rows that the next read sees again, and that are done with."""
        theirs = self._client.now()
        if not feed.asks or theirs is None:
            return {}
        first, last = self._start(changed), to_ms(theirs) - SETTLED
        return {one: at for one, at in seen.items() if first <= at <= last}

    def _again(self, feed: Feed, mark: Mark, timer: str, found: Iterator[Rows]) -> Pages:
        now, calls = to_ms(self._now()), 0
        for rows in self._grouped(feed, found):
            calls += 1 + len(rows) // 200
            yield self._page(feed, rows)
        return mark.looked(timer, now, calls)

    def _look_into_the_bin(self, feed: Feed, mark: Mark) -> Pages:
        """Archiving does not move the stamp of a record, so changes do not tell of it.

        Nor of what was merged into a record that was archived before it was read again, nor of
        what was taken out of the bin, which is told while this process remembers the last look.
        """
        now, calls = to_ms(self._now()), 0
        there: set[int] = set()
        before = self._binned.setdefault(feed.name, set())
        for rows in self._reader.listing(feed.kind, (records.MERGED,), archived=True):
            calls += 1
            gone = [str(row["id"]) for row in rows]
            if not gone:
                continue
            there.update(map(int, gone))
            before.update(there)  # also when the look breaks off: what is told here may come back
            yield Page(deleted=[feed.key(one) for one in (*gone, *records.merged_away(rows))])
        left = [str(one) for one in sorted(before - there)]
        if left:
            yield self._page(feed, self._reader.by_key(feed.kind, feed.properties, left))
        self._binned[feed.name] = there
        return mark.looked(_BIN, now, calls)

    def _page(self, feed: Feed, rows: Rows) -> Page:
        page = feed.convert(rows)
        gone = [feed.key(one) for one in records.merged_away(rows)]
        return replace(page, deleted=[*page.deleted, *gone])

    def _grouped(self, feed: Feed, pages: Iterator[Rows]) -> Iterator[Rows]:
        return grouped(pages, ASSOCIATION_INPUTS) if feed.asks else pages

    def _start(self, changed: int) -> int:
        return max(0, changed - round(self._settings.overlap_minutes * 60_000))

    def _held_back(self, newest: int) -> int:
        return max(0, newest - round(self._settings.behind_seconds * 1000))

    def _due(self, mark: Mark, timer: str, minutes: float) -> bool:
        passed = abs(to_ms(self._now()) - mark.timers.get(timer, 0))
        more = mark.costs.get(timer, 0) - 1
        return passed >= max(minutes, more / CALLS_A_MINUTE) * 60_000


def off(now: datetime, reason: str) -> Page:
    """The end of a read of what is switched off: nothing is known, and nothing taken away."""
    return Page(watermark=Mark(fields=("off", reason)).text(), since=now)


def _is_handled(feed: Feed, mark: Mark, row: Row, stamps: dict[str, int]) -> bool:
    own = str(row["id"])
    return feed.asks and mark.handled.get(own) == stamps[own]
