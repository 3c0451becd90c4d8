"""Times as the API writes them. In this form they sort as text in the order of time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)


def stamp(moment: datetime) -> str:
    """An aware moment as ``2026-11-23T08:19:53.000+0000``; the API knows whole seconds only."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse_stamp(text: str) -> str | None:
    """Any ISO date and time in the API's own form; None when it is none."""
    match = _STAMP.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, seconds, zone = match.groups()
    zone = "+00:00" if zone in (None, "Z", "z") else zone
    try:
        return stamp(datetime.fromisoformat(f"{day}T{clock}{seconds or ':00'}{zone}"))
    except ValueError:
        return None


def parse_date(text: str) -> str | None:
    """A date ``2026-11-23``, alone or before a time; None when it is none."""
    try:
        return date.fromisoformat(text.strip()[:10]).isoformat()
    except ValueError:
        return None
