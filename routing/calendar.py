"""Working minutes: local weeks, time zones and daylight saving, computed without a clock.

Windows are built as local wall-clock times and compared in UTC, so that a day of 23 or 25 hours
has the working minutes that a person on the spot would count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from routing.nouns import Person
from routing.policy_parts import WorkingHours
from routing.snapshot import Holiday
from routing.terms import DAYS, NO_ZONE

_LONGEST_SEARCH = 366


@dataclass(frozen=True, slots=True)
class Week:
    """Working windows by weekday (0 is Monday), in minutes of the local day, and their zone.

    ``off`` are local days without any, such as public holidays.
    """

    zone: ZoneInfo
    windows: tuple[tuple[int, int, int], ...]
    off: frozenset[date] = frozenset()

    def on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The windows of one local day as UTC intervals, in order; they never overlap."""
        done: datetime | None = None
        if day in self.off:
            return
        for weekday, start, end in sorted(self.windows):
            if weekday != day.weekday():
                continue
            opens, closes = self._at(day, start), self._at(day, end)
            if done is not None:
                opens = max(opens, done)
            if opens < closes:
                yield opens, closes
                done = closes

    def _at(self, day: date, minute: int) -> datetime:
        days, rest = divmod(minute, 24 * 60)
        wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60))
        return wall.replace(tzinfo=self.zone).astimezone(UTC)


def week_of(
    person: Person | None, default: WorkingHours, off: frozenset[date] = frozenset()
) -> Week:
    """The person's own week where the CRM has one, else the default in the person's zone."""
    zone = ZoneInfo(default.time_zone)
    if person is not None and person.time_zone:
        try:
            zone = ZoneInfo(person.time_zone)
        except NO_ZONE:
            zone = ZoneInfo(default.time_zone)
    windows = _own_windows(person) or _default_windows(default)
    return Week(zone, windows, off)


def off_days(person: Person | None, holidays: Mapping[str, tuple[Holiday, ...]]) -> frozenset[date]:
    """The public holidays of a person as local days."""
    known = holidays.get(person.id, ()) if person is not None else ()
    return frozenset(one.day for one in known)


def _default_windows(hours: WorkingHours) -> tuple[tuple[int, int, int], ...]:
    start = hours.start.hour * 60 + hours.start.minute
    end = hours.end.hour * 60 + hours.end.minute
    return tuple((DAYS.index(day), start, end) for day in hours.days)


def _own_windows(person: Person | None) -> tuple[tuple[int, int, int], ...]:
    if person is None or not person.working_hours:
        return ()
    try:
        rows = [
            (int(day), int(start), int(end)) for day, start, end in json.loads(person.working_hours)
        ]
    except (ValueError, TypeError, OverflowError, RecursionError):
        return ()
    return tuple(row for row in rows if 0 <= row[0] <= 6 and 0 <= row[1] < row[2] <= 24 * 60)


def minutes_between(start: datetime, end: datetime, week: Week) -> float:
    """Working minutes from ``start`` to ``end`` (UTC); 0 when ``end`` is not later."""
    if end <= start:
        return 0.0
    total = timedelta(0)
    day = start.astimezone(week.zone).date() - timedelta(days=1)
    last = end.astimezone(week.zone).date()
    while day <= last:
        for opens, closes in week.on(day):
            total += max(min(end, closes) - max(start, opens), timedelta(0))
        day += timedelta(days=1)
    return total.total_seconds() / 60


def after_minutes(start: datetime, minutes: float, week: Week) -> datetime:
    """When ``minutes`` working minutes after ``start`` have passed (UTC)."""
    left = timedelta(minutes=minutes)
    day = start.astimezone(week.zone).date() - timedelta(days=1)
    for _ in range(_LONGEST_SEARCH):
        for opens, closes in week.on(day):
            begin = max(start, opens)
            if closes <= begin:
                continue
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
        day += timedelta(days=1)
    return start + timedelta(minutes=minutes)


def is_working(moment: datetime, week: Week) -> bool:
    """Whether the moment lies in a working window."""
    day = moment.astimezone(week.zone).date()
    return any(
        opens <= moment < closes
        for offset in (-1, 0)
        for opens, closes in week.on(day + timedelta(days=offset))
    )
