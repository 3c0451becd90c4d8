"""Regions of public holidays, such as US, US-CA or DE-BY."""

from __future__ import annotations

from datetime import date
from functools import lru_cache


class UnknownRegionError(ValueError):
    """No region of public holidays; the text says how to write one."""


def is_region(region: str) -> bool:
    """Whether public holidays of this region are known."""
    try:
        check_region(region)
    except UnknownRegionError:
        return False
    return True


def check_region(region: str) -> None:
    """Raises UnknownRegionError for a region that the holidays package does not know."""
    holidays_in(region, 2026)


@lru_cache(maxsize=512)
def holidays_in(region: str, year: int) -> dict[date, str]:
    """The public holidays of a region in a year. Raises UnknownRegionError."""
    import holidays

    country, _, part = region.strip().upper().partition("-")
    try:
        found = holidays.country_holidays(country, subdiv=part or None, years=year)
    except NotImplementedError as error:
        raise UnknownRegionError(
            f"{region!r} is no region with known holidays; write one like US, US-CA or DE-BY"
        ) from error
    return {day: str(name) for day, name in found.items()}
