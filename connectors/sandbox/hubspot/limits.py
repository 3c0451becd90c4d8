"""The limiter: calls in ten seconds and a day, searches in one second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from connectors.sandbox.hubspot.errors import rate_limited

SECOND, TEN_SECONDS, DAY = 1_000, 10_000, 86_400_000
TIERS = {
    "free": (100, 250_000),
    "starter": (100, 250_000),
    "professional": (190, 625_000),
    "enterprise": (190, 1_000_000),
    "increased": (250, 2_000_000),
}
"""Calls in ten seconds of an app and in a day of an account, by what the account is."""


class Limits:
    """Counts calls by the portal's clock (ms). Refuses only when ``enforced``."""

    def __init__(self, stamp: Callable[[], int], *, enforced: bool) -> None:
        self._stamp = stamp
        self.enforced = enforced
        self.in_ten_seconds = 190
        self.ten_seconds = TEN_SECONDS
        """Milliseconds; a test that lives through them may make them fewer."""
        self.searches_a_second = 5
        self.daily = 625_000
        self.tells_day = True
        """Whether answers tell of the day, as they do to private apps alone."""
        self.used_today = 0
        self.refused = 0
        self.retry_after: float | None = None
        """What a refusal names as Retry-After; mostly nothing."""
        self._recent: deque[int] = deque()
        self._searches: deque[int] = deque()
        self._day = 0

    def tier(self, name: str) -> None:
        """Be an account of this tier."""
        self.in_ten_seconds, self.daily = TIERS[name]

    def take(self, *, searching: bool) -> None:
        """Count one call. Raises the API's refusal when it is one too many."""
        policy = self._count(searching=searching)
        if policy and self.enforced:
            self.refused += 1
            raise rate_limited(policy, self.retry_after)

    def _count(self, *, searching: bool) -> str:
        """Take note of a call; the policy that it breaks, or ''."""
        now = self._stamp()
        if now // DAY != self._day:
            self._day, self.used_today = now // DAY, 0
        self.used_today += 1
        _drop(self._recent, now - self.ten_seconds)
        self._recent.append(now)
        _drop(self._searches, now - SECOND)
        if searching and len(self._searches) >= self.searches_a_second:
            return "SECONDLY"
        if searching:
            self._searches.append(now)
        if self.used_today > self.daily:
            return "DAILY"
        return "TEN_SECONDLY_ROLLING" if len(self._recent) > self.in_ten_seconds else ""

    def headers(self) -> dict[str, str]:
        """What every answer but a search's tells about the limits."""
        left = self.in_ten_seconds - len(self._recent) if self.enforced else self.in_ten_seconds
        day = {
            "X-HubSpot-RateLimit-Daily": str(self.daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, self.daily - self.used_today)),
        }
        return (day if self.tells_day else {}) | {
            "X-HubSpot-RateLimit-Max": str(self.in_ten_seconds),
            "X-HubSpot-RateLimit-Remaining": str(max(0, left)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(self.ten_seconds),
        }


def _drop(moments: deque[int], before: int) -> None:
    while moments and moments[0] <= before:
        moments.popleft()
