"""What the log-ins of both CRMs have in common: grants, PKCE, and refresh tokens that rotate.

RFC 6749 (refresh), RFC 7636 (PKCE) and RFC 9700 (rotation). No value here is ever in a ``repr``.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

from pydantic import SecretStr

from connectors.errors import AuthError, ConfigError, ConnectorError


class RefusedGrantError(AuthError):
    """The code, assertion or refresh token itself was refused: expired, revoked, used, unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a log-in gave. ``expires_in`` is seconds, None where the CRM does not say.

    ``refresh_token`` is None where the flow has none or the old one goes on.
    """

    access_token: SecretStr
    refresh_token: SecretStr | None = None
    instance_url: str = ""
    account: str = ""
    """The org's or account's id."""
    user: str = ""
    scopes: tuple[str, ...] = ()
    expires_in: float | None = None


@dataclass(frozen=True, slots=True)
class Pkce:
    """A proof key: the challenge goes into the address, the verifier stays until the exchange."""

    verifier: SecretStr
    challenge: str


class Consent(Protocol):
    """How a person lets us in, at the vendor's own page."""

    def address(self, redirect_uri: str, state: str, challenge: str) -> str:
        """Where the person consents; their browser then comes to ``redirect_uri``."""

    def exchange(self, code: str, redirect_uri: str, verifier: SecretStr) -> Grant:
        """The grant for the code that came back. Raises ConnectorError."""


def pkce_pair() -> Pkce:
    """A fresh proof key by S256."""
    verifier = secrets.token_urlsafe(64)
    return Pkce(SecretStr(verifier), s256(verifier))


def s256(verifier: str) -> str:
    """The challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def new_state() -> str:
    """A value to send along with a person; only an answer that brings it back is ours."""
    return secrets.token_urlsafe(24)


def address(base: str, parameters: Mapping[str, str | None]) -> str:
    """An address with those parameters that have a value."""
    given = {name: value for name, value in parameters.items() if value}
    return f"{base}?{urlencode(given)}"


def plain(secret: SecretStr | None) -> str:
    """The value of a secret; '' where there is none."""
    return secret.get_secret_value() if secret is not None else ""


class RefreshToken(ABC):
    """Where a refresh token is kept. Methods raise ConfigError when the place cannot be used."""

    @abstractmethod
    def current(self) -> SecretStr | None:
        """The token as it is kept now; another process may have changed it."""

    @abstractmethod
    def keep(self, token: str) -> None:
        """Save the token that takes the place of the present one; it is safe on return."""

    @abstractmethod
    def turn(self) -> AbstractContextManager[None]:
        """Hold it while refreshing: of all processes that share the place, one at a time."""


@dataclass(slots=True)
class TokenInMemory(RefreshToken):
    """A token that nobody else uses and that is lost at the end: while connecting, in tests."""

    value: SecretStr | None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def current(self) -> SecretStr | None:
        """As the base says."""
        return self.value

    def keep(self, token: str) -> None:
        """As the base says, for the life of this object."""
        self.value = SecretStr(token)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """As the base says, for the threads of this process."""
        with self._lock:
            yield


class Refusals:
    """What was refused a moment ago, so that a dozen calls do not ask for the same in vain.

    Salesforce locks a user out who logs in wrongly too often. Only what an admin must mend counts.
    """

    def __init__(self, seconds: float = 5.0) -> None:
        self._seconds = seconds
        self._last: tuple[str, ConfigError, float] | None = None

    def repeat(self, asked: str) -> None:
        """Raise the refusal again, if the last one was of the same and is not old."""
        if self._last is None:
            return
        refused, error, at = self._last
        if refused == asked and time.monotonic() - at < self._seconds:
            raise type(error)(str(error), mend=error.mend)

    def note(self, asked: str, error: ConnectorError) -> None:
        """Remember what was refused, and how."""
        if isinstance(error, ConfigError):
            self._last = (asked, error, time.monotonic())


class Refreshing:
    """Turns a kept refresh token into access tokens.

    A rotated refresh token is saved before anybody gets the access token that came with it: a
    crash in between costs one more refresh, never the connection. ``ask`` makes the call; it
    raises RefusedGrantError for a token that is no longer good.
    """

    def __init__(self, kept: RefreshToken, ask: Callable[[str], Grant], missing: AuthError) -> None:
        self._kept = kept
        self._ask = ask
        self._missing = missing
        self._unsaved: SecretStr | None = None

    def grant(self) -> Grant:
        """A new access token. Raises ConnectorError; a token that could not be saved is kept in
        memory, and saving it is tried first at the next call."""
        with self._kept.turn():
            if self._unsaved is not None:
                self._save(self._unsaved)
            token = self._token()
            try:
                grant = self._ask(token)
            except RefusedGrantError:
                # Where the processes do not share a lock, another may have been first.
                newer = self._token()
                if newer == token:
                    raise
                token, grant = newer, self._ask(newer)
            rotated = grant.refresh_token
            if rotated is not None and rotated.get_secret_value() != token:
                self._save(rotated)
            return grant

    def _token(self) -> str:
        found = self._kept.current()
        if found is None or not found.get_secret_value():
            raise self._missing
        return found.get_secret_value()

    def _save(self, token: SecretStr) -> None:
        self._unsaved = token
        self._kept.keep(token.get_secret_value())
        self._unsaved = None
