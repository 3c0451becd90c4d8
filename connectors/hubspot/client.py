"""hubspot-api-client over one counted pool, with time limits, retries and pacing.

The client's own ways would open a pool a call, wait for ever, retry no POST, and never say how
often it called.
"""

from __future__ import annotations

import contextlib
import functools
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakValueDictionary

import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError
from urllib3.util.retry import Retry

from connectors.errors import AuthError
from connectors.http import CallCounter, HttpSettings, retry_policy
from connectors.hubspot.errors import told
from connectors.hubspot.login import REFUSED, Login
from connectors.hubspot.settings import HubspotSecrets, HubspotSettings
from connectors.hubspot.wire import PLACEHOLDER, wired

if TYPE_CHECKING:
    from hubspot import HubSpot
    from urllib3.connectionpool import ConnectionPool
    from urllib3.response import BaseHTTPResponse

_LOW = 0.2
"""Share of the ten seconds' calls below which we slow down."""
Answer = dict[str, Any]


class Patience(Retry):
    """Retries as ever, but hands an answer on when it asks for a wait longer than ours."""

    # A write that failed with 503 may have happened: a Retry-After makes it no safer to repeat.
    RETRY_AFTER_STATUS_CODES = frozenset({429})

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Count a try. Raises MaxRetryError when there shall be no other."""
        if response is not None and _pool is not None:
            wait = self.get_retry_after(response)
            if wait is not None and wait > self.backoff_max:
                raise MaxRetryError(_pool, url or "", None)
        return super().increment(method, url, response, error, _pool, _stacktrace)


def _patient(policy: Retry) -> Patience:
    return Patience(
        total=policy.total,
        connect=policy.connect,
        read=policy.read,
        other=policy.other,
        status=policy.status,
        status_forcelist=policy.status_forcelist,
        allowed_methods=policy.allowed_methods,
        backoff_factor=policy.backoff_factor,
        backoff_jitter=policy.backoff_jitter,
        backoff_max=policy.backoff_max,
        respect_retry_after_header=True,
        raise_on_status=False,
    )


class Pace:
    """Keeps searches below their rate, and slows everything when HubSpot says little is left."""

    def __init__(self, searches_per_second: float) -> None:
        most = max(1, int(searches_per_second))
        self._window = most / searches_per_second
        self._searches: deque[float] = deque(maxlen=most)
        self._hold = 0.0
        self._lock = threading.Lock()

    def wait(self, *, searching: bool) -> None:
        """Wait for the turn of the next call."""
        delay = self._hold
        if searching:
            with self._lock:
                now = time.monotonic()
                full = len(self._searches) == self._searches.maxlen
                turn = max(now, self._searches[0] + self._window) if full else now
                self._searches.append(turn)
                delay = max(delay, turn - now)
        if delay > 0:
            time.sleep(delay)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take note of what an answer says about the limits; searches say nothing."""
        most = _number(headers.get("X-HubSpot-RateLimit-Max"))
        left = _number(headers.get("X-HubSpot-RateLimit-Remaining"))
        span = _number(headers.get("X-HubSpot-RateLimit-Interval-Milliseconds"))
        if most and left is not None and span:
            # What is left is spread over the window, so that it is never quite used up.
            self._hold = span / 1000 / (left + 1) if left < most * _LOW else 0.0


_paces: WeakValueDictionary[tuple[str, float], Pace] = WeakValueDictionary()
_paces_lock = threading.Lock()


def _shared_pace(base_url: str, searches_per_second: float) -> Pace:
    """The one pace of this process: HubSpot counts the searches of an account, not of a client."""
    with _paces_lock:
        key = base_url, searches_per_second
        found = _paces.get(key)
        if found is None:
            found = _paces[key] = Pace(searches_per_second)
        return found


def _number(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() else None


class Client:
    """One account's API. Every method raises ConnectorError and nothing else."""

    def __init__(
        self,
        settings: HubspotSettings,
        secrets: HubspotSecrets,
        http: HttpSettings,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.counter = CallCounter()
        self._settings = settings
        self._http = http
        self._pace = _shared_pace(settings.base_url, settings.searches_per_second)
        self._pools: list[urllib3.PoolManager] = []
        self._offset: float | None = None
        # A throttled log-in is repeated, as a write is; any other may have rotated the token.
        logging_in = self._pool(_patient(retry_policy(http, reading=False)))
        self._login = Login(settings, secrets, http, logging_in, now or _machine_time)
        self.usage: tuple[int, int] | None = None
        """The account's calls of the day and how many it allows; None when never told."""
        self._limits = {
            "_request_timeout": (http.connect_timeout, http.read_timeout),
            "_preload_content": False,
        }

    @functools.cached_property
    def reading(self) -> HubSpot:
        """The client whose calls may be repeated."""
        return self._client(reading=True)

    @functools.cached_property
    def writing(self) -> HubSpot:
        """The client whose calls are repeated only when they were throttled."""
        return self._client(reading=False)

    def _client(self, *, reading: bool) -> HubSpot:
        from hubspot import HubSpot

        pool = self._pool(_patient(retry_policy(self._http, reading=reading)))
        return HubSpot(
            access_token=PLACEHOLDER,
            host=self._settings.base_url,
            api_factory=_Apis(pool),
        )

    def _pool(self, policy: Retry) -> urllib3.PoolManager:
        parts = urlsplit(self._settings.base_url)
        proxy = getproxies().get(parts.scheme)
        size: dict[str, Any] = {"num_pools": 4, "maxsize": self._http.pool, "retries": policy}
        if proxy and not proxy_bypass(parts.hostname or ""):
            pool: urllib3.PoolManager = urllib3.ProxyManager(proxy, **size)
        else:
            pool = urllib3.PoolManager(**size)
        version = self._settings.api_version
        pool.pool_classes_by_scheme = {
            "http": wired(HTTPConnectionPool, self.counter, version, self._token),
            "https": wired(HTTPSConnectionPool, self.counter, version, self._token),
        }
        self._pools.append(pool)
        return pool

    def get(
        self, what: str, method: Callable[..., Any], *args: Any, search: bool = False, **more: Any
    ) -> Answer:
        """Read by one of ``reading``'s methods; the answer's JSON."""
        return self._call(what, method, args, more, searching=search, writing=False)

    def put(self, what: str, method: Callable[..., Any], *args: Any, **more: Any) -> Answer:
        """Write by one of ``writing``'s methods. Raises UnclearError if it may have happened."""
        return self._call(what, method, args, more, searching=False, writing=True)

    def _call(
        self,
        what: str,
        method: Callable[..., Any],
        args: tuple[Any, ...],
        more: dict[str, Any],
        *,
        searching: bool,
        writing: bool,
    ) -> Answer:
        token = self._token()
        try:
            return self._once(what, method, args, more, searching=searching, writing=writing)
        except AuthError:
            if not self._login.renews:
                raise
        self._login.renew(token)
        try:
            return self._once(what, method, args, more, searching=searching, writing=writing)
        except AuthError as error:
            raise AuthError(str(error), mend=REFUSED) from error

    def _once(
        self,
        what: str,
        method: Callable[..., Any],
        args: tuple[Any, ...],
        more: dict[str, Any],
        *,
        searching: bool,
        writing: bool,
    ) -> Answer:
        self._pace.wait(searching=searching)
        with told(what, writing=writing):
            answer = method(*args, **more, **self._limits)
            raw = answer.data
            self._pace.learn(answer.headers)
            self._note(answer.headers)
            found = json.loads(raw) if raw else {}
            if not isinstance(found, dict):
                raise ValueError("not an object")
            return found

    def log_in(self) -> None:
        """See that there is a token for the next call. Raises ConnectorError."""
        self._token()

    def _token(self) -> str:
        return self._login.token()

    def now(self) -> datetime | None:
        """HubSpot's own time, as its last answer told it; None when none did."""
        if self._offset is None:
            return None
        return datetime.fromtimestamp(time.monotonic() + self._offset, UTC)

    def _note(self, headers: Mapping[str, str]) -> None:
        most = _number(headers.get("X-HubSpot-RateLimit-Daily"))
        left = _number(headers.get("X-HubSpot-RateLimit-Daily-Remaining"))
        if most and left is not None:
            self.usage = int(most - left), int(most)
        with contextlib.suppress(ValueError):  # an answer without a date tells no time
            told = parsedate_to_datetime(headers.get("Date", ""))
            self._offset = told.timestamp() - time.monotonic()

    def account(self) -> Answer:
        """The account's details; the client has no method for them."""
        api = self.reading.crm.objects.basic_api.api_client
        return self.get(
            "reading the account's details",
            api.call_api,
            "/account-info/v3/details",
            "GET",
            auth_settings=["oauth2"],
            header_params={"Accept": "application/json"},
        )

    def close(self) -> None:
        """Give back connections."""
        for pool in tuple(self._pools):
            pool.clear()


class _Apis:
    """Makes each API object once, all of them over one pool."""

    def __init__(self, pool: urllib3.PoolManager) -> None:
        self._pool = pool
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, package: ModuleType, name: str, config: dict[str, Any]) -> Any:
        with self._lock:
            key = (package.__name__, name)
            if key not in self._made:
                configuration = package.Configuration()
                configuration.host = config["host"]
                configuration.access_token = config["access_token"]
                api_client = package.ApiClient(configuration=configuration)
                api_client.rest_client.pool_manager = self._pool
                self._made[key] = getattr(package, name)(api_client=api_client)
            return self._made[key]


def _machine_time() -> datetime:
    return datetime.now(UTC)
