"""Reads values of the API and writes them for SOQL; nothing from outside enters a query bare."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Row = dict[str, object]


def moment(value: object) -> datetime | None:
    """A ``2026-11-23T08:19:53.000+0000`` as an aware time in UTC; None when it is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def api_time(when: datetime) -> str:
    """A time as the API takes it in a record."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def soql_time(when: datetime) -> str:
    """A time as a SOQL literal; whole seconds, as the org keeps them."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def soql_text(value: str) -> str:
    """A text as a quoted SOQL literal."""
    from simple_salesforce.format import quote_soql_value

    return str(quote_soql_value(value))


def text(value: object) -> str:
    """A text, '' for none; a number or truth value in its own writing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def reference(value: object) -> str | None:
    """An id, or None."""
    return value if isinstance(value, str) and value else None


def number(value: object) -> float | None:
    """A number, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def below(row: Row, path: str) -> object:
    """The value at the end of a path such as ``UserRole.Name``; None where the way ends."""
    value: object = row
    for part in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def domain_of(website: object) -> str:
    """The bare domain of a website as people type it; '' when there is none."""
    if not isinstance(website, str) or not website.strip():
        return ""
    address = website.strip()
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return ""
    return host.lower().removeprefix("www.") if "." in host else ""


def zone(name: object) -> ZoneInfo:
    """A time zone by its name; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name if isinstance(name, str) and name else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def start_of_day(day: object, where: ZoneInfo) -> datetime | None:
    """When a ``2026-11-23`` begins in a time zone, in UTC."""
    if not isinstance(day, str):
        return None
    try:
        return datetime.combine(date.fromisoformat(day[:10]), time(), where).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def end_of_day(day: object, where: ZoneInfo) -> datetime | None:
    """When a ``2026-11-23`` ends in a time zone, in UTC."""
    if not isinstance(day, str):
        return None
    try:
        after = date.fromisoformat(day[:10]) + timedelta(days=1)
        return datetime.combine(after, time(), where).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def further(row: Row, names: tuple[str, ...]) -> dict[str, str]:
    """The texts of those of these fields that have a value."""
    return {name: text(row[name]) for name in names if row.get(name) is not None}


def rows_of(nested: object) -> list[Row]:
    """The rows of a query in parentheses, which is null when it found none."""
    found = nested.get("records") if isinstance(nested, dict) else None
    return [one for one in found or () if isinstance(one, dict)]
