"""Working hours and absences as people write them."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(
    r"(?P<first>[a-z]{3})[a-z]*(\s*-\s*(?P<last>[a-z]{3})[a-z]*)?\s+"
    r"(?P<h1>\d{1,2}):(?P<m1>\d\d)\s*-\s*(?P<h2>\d{1,2}):(?P<m2>\d\d)"
)


def working_hours(text: str) -> str:
    """``Mon-Fri 9:00-17:30; Sat 10:00-12:00`` as the noun's JSON; '' stays ''.

    Raises ValueError.
    """
    spans: list[list[int]] = []
    for part in filter(None, (one.strip().lower() for one in text.split(";"))):
        found = _PART.fullmatch(part)
        if found is None or found["first"] not in _DAYS or (found["last"] or "mon") not in _DAYS:
            raise ValueError("is not written like 'Mon-Fri 9:00-17:30; Sat 10:00-12:00'")
        start = _minute(found["h1"], found["m1"])
        end = _minute(found["h2"], found["m2"])
        if end <= start:
            raise ValueError("has hours that end before they start")
        first = _DAYS.index(found["first"])
        last = _DAYS.index(found["last"] or found["first"])
        spans += [[(first + step) % 7, start, end] for step in range((last - first) % 7 + 1)]
    return json.dumps(sorted(spans)) if spans else ""


def _minute(hours: str, minutes: str) -> int:
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > 24 * 60:
        raise ValueError(f"has the time {hours}:{minutes}, which no day has")
    return minute


def moment(text: str, zone: tzinfo, *, end: bool) -> datetime:
    """A date or a date with a time, in UTC. Raises ValueError.

    Without an offset it is in ``zone``. A date alone means the whole day, so that an absence
    whose ``end`` is a date lasts until that day is over.
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return datetime.combine(day, time(), zone).astimezone(UTC)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("is not written like 2026-12-24 or 2026-12-24 13:00") from error
