"""Cuts a query that takes the org too long into stretches of time, one after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.errors import TemporaryError
from connectors.salesforce.queries import Place
from connectors.salesforce.values import soql_time

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""No org has records from before."""
_MOST_HALVINGS = 24
_SHORTEST = timedelta(seconds=2)


class Stretch:
    """The time that a query covers: all of it until one times out, then half, and half again."""

    def __init__(self, low: datetime | None, high: datetime) -> None:
        self._start = low or _BEGINNING
        self._floor: datetime | None = None
        self._roof: datetime | None = None
        self._high = high
        self._halvings = 0

    def tests(self, place: Place | None) -> list[str]:
        """What a query must ask besides to stay in the stretch."""
        made = []
        if self._floor is not None and place is None:
            made.append(f"SystemModstamp >= {soql_time(self._floor)}")
        if self._roof is not None:
            made.append(f"SystemModstamp < {soql_time(self._roof)}")
        return made

    def halve(self, place: Place | None) -> None:
        """The query timed out: take half of what is before it. Raises TemporaryError."""
        start = place[0] if place else self._start
        half = ((self._roof or self._high) - start) / 2
        self._halvings += 1
        if half < _SHORTEST or self._halvings > _MOST_HALVINGS:
            raise TemporaryError("Salesforce takes too long even over the shortest stretch of time")
        self._start = start
        self._roof = (start + half).replace(microsecond=0)

    def go_on(self) -> bool:
        """The stretch was read to its end: go to the next, twice as long. False at the end."""
        if self._roof is None:
            return False
        span = self._roof - self._start
        self._start = self._floor = self._roof
        after = self._floor + 2 * span
        self._roof = after if after < self._high else None
        return True
