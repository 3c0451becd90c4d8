"""What date literals such as LAST_N_DAYS:30 mean: a stretch of days in the user's time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

_DAY = timedelta(days=1)
Start = Callable[[date, int], date]
"""The first day of the ``n``-th week, month, … counted from the one that a day lies in."""


def days(literal: str, today: date) -> tuple[date, date]:
    """The days that a literal means: the first, and the one after the last."""
    name, _, count = literal.upper().partition(":")
    number = int(count) if count else 1
    fixed = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}
    if name in fixed:
        first = today + timedelta(days=fixed[name])
        return first, first + _DAY
    if name.endswith("_90_DAYS"):
        name, number = name.replace("_90_", "_N_"), 90
    start = _START[_unit(name)]
    if name.endswith("_AGO"):
        return start(today, -number), start(today, 1 - number)
    if name in ("LAST_N_DAYS", "NEXT_N_DAYS"):
        span = timedelta(days=number)
        last = name.startswith("LAST")
        return (today - span, today + _DAY) if last else (today + _DAY, today + span + _DAY)
    if name.startswith("THIS"):
        return start(today, 0), start(today, 1)
    if name.startswith("LAST"):
        return start(today, -number), start(today, 0)
    return start(today, 1), start(today, number + 1)


def _unit(name: str) -> str:
    return next(unit for unit in _START if unit in name)


def _week(today: date, number: int) -> date:
    sunday = today - timedelta(days=(today.weekday() + 1) % 7)
    return sunday + timedelta(weeks=number)


def _month(today: date, number: int) -> date:
    months = today.year * 12 + today.month - 1 + number
    return date(months // 12, months % 12 + 1, 1)


def _quarter(today: date, number: int) -> date:
    return _month(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), 3 * number)


_START: dict[str, Start] = {
    "DAY": lambda today, number: today + timedelta(days=number),
    "WEEK": _week,
    "MONTH": _month,
    "QUARTER": _quarter,
    "YEAR": lambda today, number: date(today.year + number, 1, 1),
}
