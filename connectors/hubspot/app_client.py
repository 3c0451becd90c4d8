"""Calls that HubSpot lets an app make in its own name, with a token by the app's id and secret."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr
from urllib3.exceptions import HTTPError

from connectors.errors import AuthError, ConfigError, PermanentError, TemporaryError
from connectors.http import CallCounter, HttpSettings, Seam, is_loopback, session
from connectors.hubspot.errors import ScopeError, refusal
from connectors.hubspot.settings import HubspotSettings

SCOPES = (
    "developer.webhooks_journal.read",
    "developer.webhooks_journal.subscriptions.read",
    "developer.webhooks_journal.subscriptions.write",
)
MEND = (
    "give the app the scopes developer.webhooks_journal.read, .subscriptions.read and "
    ".subscriptions.write, or set hubspot.journal: false"
)
_KEYS = (
    "check HOTLEAD_HUBSPOT_CLIENT_ID and HOTLEAD_HUBSPOT_CLIENT_SECRET, which are those of the app "
    "that is installed in this account, or set hubspot.journal: false"
)
_LARGEST = 32_000_000
"""Bytes of one entry; HubSpot promises at most 5 MB or 10,000 events."""
_EARLY = 60.0
"""Seconds before its end at which a token is replaced."""
_NO_CONTENT, _UNAUTHORIZED, _BAD_REQUEST = 204, 401, 400
log = logging.getLogger(__name__)


class AppClient:
    """One app's calls. Every method raises ConnectorError and nothing else."""

    def __init__(
        self,
        settings: HubspotSettings,
        client_id: SecretStr,
        client_secret: SecretStr,
        http: HttpSettings,
        counter: CallCounter,
    ) -> None:
        self._settings = settings
        self._keys = (client_id, client_secret)
        self._limits = http
        self._http = session(Seam(http, counter))
        self._token = ""
        self._token_ends = 0.0

    def close(self) -> None:
        """Give back connections."""
        self._http.close()

    def file(self, url: str) -> list[dict[str, Any]] | None:
        """The events of an entry; None where it is too long to read.

        Its address is signed already and must not see our token.
        """
        plain = is_loopback(url) and is_loopback(self._settings.base_url)
        if urlsplit(url).scheme != "https" and not plain:
            raise TemporaryError("an entry of the journal is not at an https address")
        what = "fetching an entry of the journal"
        with _reached(what), self._http.get(url, stream=True, allow_redirects=False) as answer:
            if answer.status_code >= _BAD_REQUEST:
                raise TemporaryError(f"{what}: refused ({answer.status_code}); asked for anew")
            raw = answer.raw.read(_LARGEST + 1, decode_content=True)
        if len(raw) > _LARGEST:
            log.warning("an entry of the journal is too long to read; all is read instead")
            return None
        try:
            told = json.loads(raw).get("journalEvents")
        except (ValueError, AttributeError) as error:
            raise TemporaryError(f"{what}: it is no JSON object") from error
        return [one for one in told or [] if isinstance(one, dict)]

    def call(self, method: str, path: str, **more: Any) -> dict[str, Any] | None:
        """One call; a token that has ended meanwhile is replaced once."""
        answer = self._send(method, path, **more)
        if answer.status_code == _UNAUTHORIZED:
            self._token = ""
            answer = self._send(method, path, **more)
        return _read("the webhooks journal", answer)

    def _send(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._fresh_token()}", "Accept": "application/json"}
        with _reached("the webhooks journal"):
            return self._http.request(
                method,
                self._settings.base_url + path,
                headers=headers,
                timeout=(self._limits.connect_timeout, self._limits.read_timeout),
                allow_redirects=False,
                **more,
            )

    def _fresh_token(self) -> str:
        if self._token and time.monotonic() < self._token_ends - _EARLY:
            return self._token
        client_id, secret = self._keys
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id.get_secret_value(),
            "client_secret": secret.get_secret_value(),
            "scope": " ".join(SCOPES),
        }
        url = f"{self._settings.base_url}/oauth/{self._settings.oauth_version}/token"
        what = "the log-in to the webhooks journal"
        with _reached(what):
            answer = self._http.post(url, data=form, allow_redirects=False)
        try:
            told = _read(what, answer) or {}
        except ScopeError:
            raise
        except PermanentError as error:
            raise AuthError(str(error), mend=_KEYS) from error
        self._token = str(told.get("access_token") or "")
        self._token_ends = time.monotonic() + float(told.get("expires_in") or 0)
        if not self._token:
            raise AuthError(f"{what} gave no token", mend=_KEYS)
        return self._token


def _read(what: str, answer: requests.Response) -> dict[str, Any] | None:
    """The JSON of an answer; None where it is empty. Raises the refusal that it is."""
    try:
        found = answer.json() if answer.content else None
    except ValueError:
        found = None
    if answer.status_code >= _BAD_REQUEST:
        error = refusal(what, answer.status_code, _object(found), answer.headers)
        if isinstance(error, ConfigError):
            error.mend = MEND
        raise error
    if answer.status_code == _NO_CONTENT or not answer.content:
        return None
    if not isinstance(found, dict):
        raise TemporaryError(f"{what}: the answer was no JSON object")
    return found


def _object(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


@contextmanager
def _reached(what: str) -> Iterator[None]:
    """Turns what requests raises into our errors."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        text = f"{what}: the certificate of the other side was not accepted"
        raise ConfigError(text, mend="check hubspot.base_url, and a proxy on the way") from error
    except (requests.exceptions.RequestException, HTTPError) as error:
        name = type(error).__name__
        raise TemporaryError(f"{what}: HubSpot could not be reached ({name})") from error
