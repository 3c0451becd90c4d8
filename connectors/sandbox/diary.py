"""What stands in a person's calendar, told without the words of any one vendor.

Both calendar sandboxes keep entries like these and expand series themselves, as the vendors do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Shown = Literal["busy", "free", "oof", "tentative"]
Answer = Literal["", "accepted", "declined", "tentative", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event or series. Days are whole days; times are on the clock of ``zone``.

    A series has so many ``weekly`` occurrences; ``without`` are the starts of those that were
    deleted, ``moved`` has entries that take the place of those that began at another time.
    ``answer`` is the owner's to an invitation; '' for an event of their own.
    """

    id: str
    title: str
    start: date | datetime
    end: date | datetime
    zone: str = "UTC"
    shown: Shown = "busy"
    private: bool = False
    cancelled: bool = False
    answer: Answer = ""
    weekly: int = 0
    without: tuple[date | datetime, ...] = ()
    moved: tuple[tuple[date | datetime, Entry], ...] = ()
    series: str = ""
    """Of an occurrence: the id of its series."""

    @property
    def whole_day(self) -> bool:
        """Whether it has no times."""
        return not isinstance(self.start, datetime)

    def moments(self, floating: ZoneInfo) -> tuple[datetime, datetime]:
        """Start and end in UTC; whole days as on the clock of ``floating``."""
        zone = floating if self.whole_day else ZoneInfo(self.zone)
        return _moment(self.start, zone), _moment(self.end, zone)


def occurrences(
    entry: Entry, start: datetime, end: datetime, floating: ZoneInfo
) -> Iterator[Entry]:
    """The entry, or the occurrences of the series, that touch the time; series keep their hour."""
    for one in _all(entry):
        begins, ends = one.moments(floating)
        if begins < end and ends > start:
            yield one


def _all(entry: Entry) -> Iterator[Entry]:
    if not entry.weekly:
        yield entry
        return
    length = _naive(entry.end) - _naive(entry.start)
    moved = dict(entry.moved)
    for number in range(entry.weekly):
        begins = _naive(entry.start) + timedelta(weeks=number)
        at: date | datetime = begins.date() if entry.whole_day else begins
        if at in entry.without:
            continue
        stamp = f"{at:%Y%m%d}" if entry.whole_day else f"{_utc(begins, entry.zone):%Y%m%dT%H%M%SZ}"
        one = moved.get(at) or replace(entry, start=at, end=at + length)
        yield replace(
            one, id=f"{entry.id}_{stamp}", series=entry.id, weekly=0, without=(), moved=()
        )


def _utc(naive: datetime, zone: str) -> datetime:
    return naive.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    return _naive(value).replace(tzinfo=zone).astimezone(UTC)


def _naive(value: date | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())
