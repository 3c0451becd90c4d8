"""Reads property values, which are texts and not always what their type promises.

A value that makes no sense is None; it never stops a sync.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_2286_S, _YEAR_2001_S, _YEAR_2001_MS, _YEAR_2286_MS = 10**10, 10**9, 10**12, 10**13
_DAY_END = 24 * 60
_DAY_LENGTH = len("2026-11-30")
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_SPANS = {"MONDAY_TO_FRIDAY": range(5), "SATURDAY_SUNDAY": range(5, 7), "EVERY_DAY": range(7)}


def text(row: Row, name: str) -> str:
    """The property as text; '' when it is empty or absent."""
    value = (row.get("properties") or {}).get(name)
    return "" if value is None else str(value)


def reference(row: Row, name: str) -> str | None:
    """A property that holds one id. Lists and other texts are no id."""
    value = text(row, name).strip()
    return value if value.isascii() and value.isdigit() else None


def number(row: Row, name: str) -> float | None:
    """A number; None for what is not one, lists of numbers included."""
    try:
        found = float(text(row, name))
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None


def flag(row: Row, name: str) -> bool:
    """Whether the property says true."""
    return text(row, name).strip().lower() == "true"


def moment(row: Row, name: str) -> datetime | None:
    """A time, aware, in UTC; either spelling that HubSpot uses."""
    return to_moment(text(row, name).strip())


def to_moment(value: str) -> datetime | None:
    """A time from ISO text or epoch milliseconds."""
    try:
        if value.lstrip("-").isdigit():
            return from_ms(int(value))
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_day(value: str) -> bool:
    """Whether a text is a day without a time, as properties of type date hold it."""
    return to_day(value) is not None


def to_day(value: str) -> date | None:
    """The day in a text like 2026-11-30; None for anything else."""
    try:
        return date.fromisoformat(value.strip()) if len(value.strip()) == _DAY_LENGTH else None
    except ValueError:
        return None


def from_ms(ms: int) -> datetime:
    """A time from epoch milliseconds. Raises OverflowError."""
    return _EPOCH + timedelta(milliseconds=ms)


def to_ms(when: datetime) -> int:
    """Epoch milliseconds."""
    return round(when.timestamp() * 1000)


def absence_moment(value: object) -> datetime | None:
    """A time of an absence: milliseconds, or seconds by mistake; anything between is a typo.

    HubSpot's own guide prints eleven digits, which are neither.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = int(value)
    except (ValueError, OverflowError):
        return None
    if _YEAR_2001_MS <= found < _YEAR_2286_MS:
        return from_ms(found)
    if _YEAR_2001_S <= found < _YEAR_2286_S:
        return from_ms(found * 1000)
    return None


def json_list(value: str) -> list[Any] | None:
    """The JSON list that a property holds; empty for '', None for anything else."""
    if not value.strip():
        return []
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def working_hours(value: str) -> str:
    """HubSpot's working hours as the mirror keeps them; '' when there are none or they are odd."""
    week: list[list[int]] = []
    for one in json_list(value) or []:
        if not isinstance(one, dict):
            return ""
        days, start, end = one.get("days"), one.get("startMinute"), one.get("endMinute")
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= _DAY_END):
            return ""
        if days in _DAYS:
            week.append([_DAYS.index(days), start, end])
        elif days in _SPANS:
            week += [[day, start, end] for day in _SPANS[days]]
        else:
            return ""
    return json.dumps(sorted(week)) if week else ""


def time_zone(value: str) -> str:
    """The zone's name if this machine knows it, else ''."""
    try:
        return ZoneInfo(value).key if value else ""
    except (ValueError, OSError, LookupError):
        return ""


def listed(row: Row, name: str) -> list[str]:
    """The parts of a property that holds several values."""
    return [part.strip() for part in text(row, name).split(";") if part.strip()]
