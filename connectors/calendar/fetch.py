"""Fetches a feed: https to public addresses alone, with limits, and only when it has changed."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connectors.calendar.settings import CalendarSettings
from connectors.errors import ConfigError, ConnectorError, TemporaryError
from connectors.http import CallCounter, HttpSettings, Seam, is_loopback, session

_MOST_HOPS = 4
_CHUNK = 64_000


class ForbiddenAddressError(OSError):
    """The host has an address that is not public."""


@dataclass(frozen=True, slots=True)
class _Copy:
    body: bytes
    etag: str
    changed: str


def _must_be_public(sock: socket.socket, *, loopback: bool) -> None:
    """Looks at where the connection really went: a name may have other addresses each time."""
    address = ipaddress.ip_address(sock.getpeername()[0].partition("%")[0])
    if address.is_global and not address.is_multicast:
        return
    if loopback and address.is_loopback:
        return
    sock.close()
    raise ForbiddenAddressError("the host has an address that is not public")


def _connections(*, loopback: bool) -> dict[str, Any]:
    """The kinds of connection pools that check each connection before anything is sent."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            sock = super()._new_conn()
            _must_be_public(sock, loopback=loopback)
            return sock

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            sock = super()._new_conn()
            _must_be_public(sock, loopback=loopback)
            return sock

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}


class _Guarded(Seam):
    """The seam with such connections. A proxy of the environment decides for itself."""

    def __init__(self, settings: HttpSettings, counter: CallCounter, *, loopback: bool) -> None:
        self._loopback = loopback
        super().__init__(settings, counter)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _connections(loopback=self._loopback)


class Feeds:
    """Gets feeds by their address. Errors never tell an address, which is a secret."""

    def __init__(self, settings: CalendarSettings, counter: CallCounter) -> None:
        self._settings = settings
        http = HttpSettings(connect_timeout=5.0, read_timeout=min(10.0, settings.seconds))
        self._http = session(_Guarded(http, counter, loopback=settings.allow_loopback))
        self._copies: dict[str, _Copy] = {}
        self._lock = threading.Lock()

    def get(self, url: str) -> bytes:
        """The feed as it is now. Raises ConnectorError."""
        deadline = time.monotonic() + self._settings.seconds
        try:
            for _ in range(_MOST_HOPS):
                self._must_be_allowed(url)
                answer = self._ask(url)
                with answer:
                    if answer.is_redirect:
                        url = urljoin(url, answer.headers["location"])
                        continue
                    return self._taken(url, answer, deadline)
        except requests.RequestException as error:
            raise _broken_off(error) from error
        raise ConfigError("the feed is redirected in circles", mend="copy its address again")

    def close(self) -> None:
        """Give back connections."""
        self._http.close()

    def _must_be_allowed(self, url: str) -> None:
        parts = urlsplit(url)
        local = self._settings.allow_loopback and is_loopback(url)
        if not parts.hostname or (parts.scheme != "https" and not (local and parts.scheme)):
            raise ConfigError(
                "the feed has no https address", mend="copy the address that begins with https://"
            )

    def _ask(self, url: str) -> requests.Response:
        with self._lock:
            copy = self._copies.get(url)
        headers = {"accept": "text/calendar"}
        if copy is not None and copy.etag:
            headers["if-none-match"] = copy.etag
        if copy is not None and copy.changed:
            headers["if-modified-since"] = copy.changed
        return self._http.get(url, headers=headers, stream=True, allow_redirects=False)

    def _taken(self, url: str, answer: requests.Response, deadline: float) -> bytes:
        if answer.status_code == requests.codes.not_modified:
            with self._lock:
                copy = self._copies.get(url)
            if copy is not None:
                return copy.body
        if answer.status_code != requests.codes.ok:
            mend = "publish the calendar again and copy its address anew"
            kind = TemporaryError if answer.status_code >= 500 else ConfigError
            raise kind(f"the feed answers {answer.status_code}", mend=mend)
        body = self._body(answer, deadline)
        headers = answer.headers
        kept = _Copy(body, headers.get("etag", ""), headers.get("last-modified", ""))
        with self._lock:
            self._copies[url] = kept
        return body

    def _body(self, answer: requests.Response, deadline: float) -> bytes:
        most = int(self._settings.largest_mb * 1_000_000)
        parts: list[bytes] = []
        size = 0
        for chunk in answer.iter_content(_CHUNK):
            size += len(chunk)
            parts.append(chunk)
            if size > most:
                raise ConfigError(
                    f"the feed is larger than {self._settings.largest_mb:g} MB",
                    mend="publish fewer days of the calendar, or raise calendars.largest_mb",
                )
            if time.monotonic() > deadline:
                raise TemporaryError(f"the feed takes more than {self._settings.seconds:g} seconds")
        return b"".join(parts)


def _broken_off(error: requests.RequestException) -> ConnectorError:
    """The error without its text, which holds the address."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ForbiddenAddressError):
            return ConfigError(
                "the feed's host has an address that is not public",
                mend="name a feed that is published on the Internet",
            )
        inner = inner.__cause__ or inner.__context__
    if isinstance(error, requests.exceptions.SSLError):
        return ConfigError("the certificate of the feed's host was not accepted")
    return TemporaryError(f"the feed could not be read ({type(error).__name__})")
