"""The one HTTP seam of all connectors: timeouts, pool, retries, base URL, and a count of calls.

Retries here are for one call only and only where the other side did nothing (a refused or
throttled request). Anything longer is a stored time in the worker, never a sleeping thread.
"""

from __future__ import annotations

import itertools
import threading
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from pydantic import BaseModel, ConfigDict, Field
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class HttpSettings(BaseModel):
    """Limits of every outgoing call, in seconds and connections."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connect_timeout: float = Field(5.0, gt=0, description="Seconds to wait for a connection.")
    read_timeout: float = Field(30.0, gt=0, description="Seconds to wait for an answer.")
    tries: int = Field(3, ge=1, le=10, description="Tries of one call, the first included.")
    longest_wait: float = Field(20.0, ge=0, description="Longest Retry-After waited for in line.")
    pool: int = Field(10, ge=1, description="Connections kept open to one host.")


class CallCounter:
    """Counts the calls to one system, from any thread."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._last = 0
        self._lock = threading.Lock()
        self._own = threading.local()

    def add(self) -> None:
        """Count one call."""
        self._own.calls = self.here + 1
        with self._lock:
            self._last = next(self._numbers)

    @property
    def here(self) -> int:
        """Calls that the present thread made so far."""
        calls: int = getattr(self._own, "calls", 0)
        return calls

    @property
    def total(self) -> int:
        """Calls counted so far."""
        return self._last


def is_loopback(url: str) -> bool:
    """Whether plain http is acceptable for this address."""
    return (urlsplit(url).hostname or "") in LOOPBACK_HOSTS


def check_base_url(url: str) -> str:
    """The address without a trailing slash; ValueError when it is not https (or loopback)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is not a web address; write it like https://example.com")
    if parts.scheme == "http" and not is_loopback(url):
        raise ValueError(f"{url!r} must be https; plain http is accepted for loopback only")
    return url.rstrip("/")


def retry_policy(settings: HttpSettings, *, reading: bool) -> Retry:
    """Retries for one call. A write is repeated only when it was throttled (429)."""
    reads = (429, 500, 502, 503, 504)
    return Retry(
        total=settings.tries - 1,
        connect=settings.tries - 1,
        read=settings.tries - 1 if reading else 0,
        other=0,
        status=settings.tries - 1,
        status_forcelist=reads if reading else (429,),
        allowed_methods=None,
        backoff_factor=0.3,
        backoff_jitter=0.2,
        backoff_max=settings.longest_wait,
        respect_retry_after_header=True,
        raise_on_status=False,
    )


class Seam(HTTPAdapter):
    """A requests adapter that adds the limits, counts, and can send a host somewhere else.

    ``hosts`` maps a host (with port, as it stands in the URL) to the base URL that really serves
    it: clients that write ``https://`` by themselves reach the configured address through this.
    """

    def __init__(
        self, settings: HttpSettings, counter: CallCounter, hosts: dict[str, str] | None = None
    ) -> None:
        super().__init__(
            pool_connections=settings.pool,
            pool_maxsize=settings.pool,
            max_retries=Retry(total=0, read=False),
        )
        self._settings = settings
        self._counter = counter
        self.hosts = dict(hosts or {})

    def send(  # type: ignore[no-untyped-def]
        self, request: requests.PreparedRequest, *args, **kwargs
    ) -> requests.Response:
        """Send one request; requests' own errors pass through."""
        request.url = self._moved(request.url or "")
        limits = (self._settings.connect_timeout, self._settings.read_timeout)
        kwargs["timeout"] = kwargs.get("timeout") or limits
        self._counter.add()
        return super().send(request, *args, **kwargs)

    def _moved(self, url: str) -> str:
        parts = urlsplit(url)
        base = self.hosts.get(parts.netloc)
        if base is None:
            return url
        target = urlsplit(base)
        path = target.path.rstrip("/") + parts.path
        return urlunsplit((target.scheme, target.netloc, path, parts.query, ""))


class _Session(requests.Session):
    """Reads the environment's proxies and certificates once a host, not once a call."""

    def __init__(self) -> None:
        super().__init__()
        self._environment: dict[tuple[str, str], dict[str, Any]] = {}
        # A user's ~/.netrc must not take the place of the token that a client sends.
        self.auth = lambda request: request

    def merge_environment_settings(self, url, proxies, stream, verify, cert):  # type: ignore[no-untyped-def]
        """As requests does it, remembered where the call names no settings of its own."""
        if proxies or stream or verify is not None or cert is not None:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        if key not in self._environment:
            found = super().merge_environment_settings(url, proxies, stream, verify, cert)
            self._environment[key] = dict(found)
        return dict(self._environment[key])


def session(seam: Seam) -> requests.Session:
    """A requests session whose every call goes through the seam; environment proxies apply."""
    made = _Session()
    made.mount("https://", seam)
    made.mount("http://", seam)
    return made
