"""The limiter: calls in ten seconds and a day, searches in one second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from connectors.sandbox.hubspot.errors import rate_limited

SECOND, TEN_SECONDS, DAY = 1_000, 10_000, 86_400_000


class Limits:
    """Counts calls by the portal's clock (ms). Refuses only when ``enforced``."""

    def __init__(self, stamp: Callable[[], int], *, enforced: bool) -> None:
        self._stamp = stamp
        self.enforced = enforced
        self.in_ten_seconds = 190
        self.searches_a_second = 5
        self.daily = 625_000
        self.used_today = 0
        self.retry_after: float | None = None
        """What a refusal names as Retry-After; mostly nothing."""
        self._recent: deque[int] = deque()
        self._searches: deque[int] = deque()
        self._day = 0

    def take(self, *, searching: bool) -> None:
        """Count one call. Raises the API's refusal when it is one too many."""
        now = self._stamp()
        if now // DAY != self._day:
            self._day, self.used_today = now // DAY, 0
        self.used_today += 1
        _drop(self._recent, now - TEN_SECONDS)
        self._recent.append(now)
        if not self.enforced:
            return
        if self.used_today > self.daily:
            raise rate_limited("DAILY", self.retry_after)
        if searching:
            _drop(self._searches, now - SECOND)
            if len(self._searches) >= self.searches_a_second:
                raise rate_limited("SECONDLY", self.retry_after)
            self._searches.append(now)
        if len(self._recent) > self.in_ten_seconds:
            raise rate_limited("TEN_SECONDLY_ROLLING", self.retry_after)

    def headers(self) -> dict[str, str]:
        """What every answer but a search's tells about the limits."""
        left = self.in_ten_seconds - len(self._recent) if self.enforced else self.in_ten_seconds
        return {
            "X-HubSpot-RateLimit-Max": str(self.in_ten_seconds),
            "X-HubSpot-RateLimit-Remaining": str(max(0, left)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(TEN_SECONDS),
            "X-HubSpot-RateLimit-Daily": str(self.daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, self.daily - self.used_today)),
        }


def _drop(moments: deque[int], before: int) -> None:
    while moments and moments[0] <= before:
        moments.popleft()
