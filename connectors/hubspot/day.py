"""How many of the day's calls are used: by the answers' headers, else by asking now and then.

The headers name the day only to private apps; service keys and OAuth must ask, and not each of
them is let.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.errors import ConfigError
from connectors.hubspot.client import Client
from connectors.hubspot.values import to_moment
from connectors.live import Usage

_AGAIN = 300.0
_AFTER_REFUSAL = 3600.0
_FAIR_SHARE = 0.1
_PATH = "/account-info/v3/api-usage/daily/private-apps"


class Day:
    """The count of one account. Safe from any thread."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asked: Usage | None = None
        self._ask_at = 0.0
        self._resets_at: datetime | None = None
        self._lock = threading.Lock()

    def usage(self) -> Usage | None:
        """As ``connectors.base.Crm.day_usage``."""
        with self._lock:
            if time.monotonic() >= self._ask_at:
                self._ask_at = time.monotonic() + _AGAIN
                self._ask()
            told = self._client.usage
            found = Usage(used=told[0], most=told[1]) if told is not None else self._asked
            if found is None:
                return None
            return replace(found, seconds_left=self._left(), fair_share=_FAIR_SHARE)

    def _ask(self) -> None:
        api = self._client.reading.crm.objects.basic_api.api_client
        try:
            answer = self._client.get(
                "reading the account's calls of the day",
                api.call_api,
                _PATH,
                "GET",
                auth_settings=["oauth2"],
                header_params={"Accept": "application/json"},
            )
        except ConfigError:
            # This key may not see it; then our own count has to do.
            self._ask_at = time.monotonic() + _AFTER_REFUSAL
            return
        for one in answer.get("results") or []:
            self._take(one)

    def _take(self, told: dict[str, Any]) -> None:
        with contextlib.suppress(KeyError, TypeError, ValueError):  # an odd answer tells nothing
            self._asked = Usage(used=int(told["currentUsage"]), most=int(told["usageLimit"]))
            self._resets_at = to_moment(str(told.get("resetsAt") or ""))

    def _left(self) -> float | None:
        """Seconds until the account's midnight; a day's worth when HubSpot did not say."""
        now = self._client.now() or datetime.now(UTC)
        if self._resets_at is None or self._resets_at <= now:
            return None
        return (self._resets_at - now).total_seconds()
