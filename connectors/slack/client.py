"""slack-sdk's client over the shared HTTP seam: pooled connections, limits, a count of calls.

The client's own transport opens a connection for each call and, by its default retry handler,
sends a post again after a reset connection; neither happens here.
"""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.request import Request

import requests
from slack_sdk.http_retry import (
    ConnectionErrorRetryHandler,
    HttpRequest,
    HttpResponse,
    RateLimitErrorRetryHandler,
    RetryHandler,
    RetryState,
)
from slack_sdk.http_retry.builtin_handlers import ServerErrorRetryHandler
from slack_sdk.web import WebClient

from connectors.http import CallCounter, Seam, session
from connectors.slack.settings import SlackSecrets, SlackSettings

READ_RETRIES = 2


class PatientUpTo(RateLimitErrorRetryHandler):
    """Waits for Retry-After in line, but only when that is short."""

    def __init__(self, longest: float) -> None:
        super().__init__(max_retry_count=READ_RETRIES)
        self._longest = longest

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        asked = super()._can_retry(state=state, request=request, response=response, error=error)
        if response is None or not asked:
            return False
        named = {name.lower(): value for name, value in response.headers.items()}
        values = named.get("retry-after", ["1"])
        first = values[0] if isinstance(values, list) else values
        return first.isdigit() and int(first) <= self._longest


class SeamClient(WebClient):
    """A WebClient whose requests go through the seam. Raises what requests raises."""

    def __init__(
        self, *, token: str, base_url: str, http: requests.Session, retries: list[RetryHandler]
    ) -> None:
        super().__init__(token=token, base_url=base_url, retry_handlers=retries)
        self._http = http

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        data = req.data if isinstance(req.data, bytes) else b""
        answer = self._http.post(
            url, data=data, headers=dict(req.header_items()), allow_redirects=False
        )
        return {
            "status": answer.status_code,
            "headers": dict(answer.headers),
            "body": answer.content.decode("utf-8", "replace"),
        }


class Clients:
    """One client that posts, without any retry, and one that reads, with a few."""

    def __init__(self, settings: SlackSettings, secrets: SlackSecrets) -> None:
        self.counter = CallCounter()
        self._http = session(Seam(settings.http(), self.counter))
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        token = secrets.bot_token.get_secret_value()
        connection = ConnectionErrorRetryHandler(
            max_retry_count=READ_RETRIES,
            error_types=[requests.ConnectionError, requests.Timeout],
        )
        reading: list[RetryHandler] = [
            connection,
            PatientUpTo(settings.longest_wait),
            ServerErrorRetryHandler(max_retry_count=READ_RETRIES),
        ]
        self.post = SeamClient(token=token, base_url=settings.base_url, http=self._http, retries=[])
        self.read = SeamClient(
            token=token, base_url=settings.base_url, http=self._http, retries=reading
        )

    def close(self) -> None:
        """Give back connections."""
        self._http.close()
