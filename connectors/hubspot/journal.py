"""HubSpot's webhooks journal: the same changes as webhooks tell, fetched by us, so no open door.

It speaks for an app, not for an account: a token of its own, by the app's id and secret.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from pydantic import SecretStr
from urllib3.exceptions import HTTPError

from connectors.base import Check, Hint, Positions
from connectors.errors import (
    AuthError,
    ConfigError,
    PermanentError,
    TemporaryError,
)
from connectors.http import CallCounter, HttpSettings, Seam, is_loopback, session
from connectors.hubspot import changes, records
from connectors.hubspot.errors import ScopeError, refusal
from connectors.hubspot.settings import HubspotSettings

NAME = "hubspot journal"
SCOPES = (
    "developer.webhooks_journal.read",
    "developer.webhooks_journal.subscriptions.read",
    "developer.webhooks_journal.subscriptions.write",
)
_TOPIC = "journal"
_LARGEST = 32_000_000
"""Bytes of one entry; HubSpot promises at most 5 MB or 10,000 events."""
_ALL = ("CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE")
_LINKS = ("ASSOCIATION_ADDED", "ASSOCIATION_REMOVED")
_EARLY = 60.0
"""Seconds before its end at which a token is replaced."""
_NO_CONTENT, _UNAUTHORIZED, _BAD_REQUEST = 204, 401, 400
_MEND = (
    "give the app the scopes developer.webhooks_journal.read, .subscriptions.read and "
    ".subscriptions.write, or set hubspot.journal: false"
)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One subscription that the journal must hold for us to hear of a kind of change."""

    type_id: str
    properties: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """For associations: the types at the other end."""

    @property
    def kind(self) -> str:
        """The type of the subscription."""
        return "ASSOCIATION" if self.others else "OBJECT"

    def body(self, portal: int) -> dict[str, Any]:
        """As it is asked for."""
        made: dict[str, Any] = {
            "subscriptionType": self.kind,
            "objectTypeId": self.type_id,
            "portalId": portal,
            "actions": list(_LINKS if self.others else _ALL),
            "objectIds": [],
        }
        if self.others:
            return made | {"associatedObjectTypeIds": list(self.others)}
        return made | {"properties": list(self.properties)}

    def met_by(self, one: Mapping[str, Any], portal: int) -> bool:
        """Whether a subscription that exists tells all of this."""
        same = (one.get("subscriptionType"), one.get("objectTypeId")) == (self.kind, self.type_id)
        actions = {*(_LINKS if self.others else _ALL)} <= {*(one.get("actions") or ())}
        fields = {*self.properties} <= {*(one.get("properties") or ())}
        others = {*self.others} <= {*(one.get("associatedObjectTypeIds") or ())}
        return same and one.get("portalId") == portal and actions and fields and others


def wanted(settings: HubspotSettings) -> tuple[Wanted, ...]:
    """The subscriptions by which owners, stages and absences are heard of."""
    users = ("hs_out_of_office_hours", "hs_availability_status", "hs_working_hours")
    own = (settings.manager_property, settings.backup_property)
    return (
        Wanted("0-1", ("email", "associatedcompanyid", records.OWNER)),
        Wanted("0-2", ("domain", "lifecyclestage", records.OWNER, *settings.account_fields)),
        Wanted("0-3", ("dealstage", "pipeline", "hs_is_closed", records.OWNER)),
        Wanted("0-115", (*users, *own)),
        Wanted("0-3", others=("0-1", "0-2")),
    )


class Journal:
    """The journal of one app, read for one account. ``portal`` tells the account's id."""

    def __init__(
        self,
        settings: HubspotSettings,
        client_id: SecretStr,
        client_secret: SecretStr,
        http: HttpSettings,
        counter: CallCounter,
        portal: Callable[[], int],
    ) -> None:
        self.name = NAME
        self.settle = settings.settle_seconds
        self._settings = settings
        self._keys = (client_id, client_secret)
        self._limits = http
        self._http = session(Seam(http, counter))
        self._portal = portal
        self._token = ""
        self._token_ends = 0.0
        self._heard_at: float | None = None
        self._listening = False

    def listen(
        self, tell: Callable[[Hint], None], positions: Positions, until: threading.Event
    ) -> None:
        """As the protocol says: subscribes where need be, then fetches entry after entry."""
        portal = self._portal()
        self.subscribe()
        place = positions.get(_TOPIC)
        self._listening = True
        try:
            while not until.is_set():
                try:
                    entry = self._after(place)
                except PermanentError as error:
                    if place is None or isinstance(error, ConfigError):
                        raise
                    log.warning("the place in the journal is lost, all is read now: %s", error)
                    place, entry = None, None
                    tell(changes.everything())
                self._heard_at = time.monotonic()
                if entry is None or entry["currentOffset"] == place:
                    until.wait(self._settings.journal_seconds)
                    continue
                # Where nothing was kept, only what comes from now on is of interest.
                if place is not None:
                    self._tell(tell, str(entry["url"]), portal)
                place = str(entry["currentOffset"])
                positions.put(_TOPIC, place)
        finally:
            self._listening = False

    def health(self) -> dict[str, object]:
        """As the protocol says."""
        heard = self._heard_at
        return {
            "connected": self._listening and heard is not None,
            "heard_seconds_ago": None if heard is None else round(time.monotonic() - heard, 1),
        }

    def missing(self) -> list[Wanted]:
        """The subscriptions that are not there; nothing is changed. Raises ConnectorError."""
        portal = self._portal()
        found = self._call("GET", self._path("subscriptions")) or {}
        have = [one for one in found.get("results") or [] if isinstance(one, dict)]
        return [
            one
            for one in wanted(self._settings)
            if not any(one.met_by(other, portal) for other in have)
        ]

    def subscribe(self) -> int:
        """Make the subscriptions that are not there; how many that were. Raises ConnectorError."""
        missing = self.missing()
        portal = self._portal()
        for one in missing:
            self._call("POST", self._path("subscriptions"), json=one.body(portal))
        return len(missing)

    def checks(self) -> Iterator[Check]:
        """Whether the journal may be read and tells what it should. Raises ConnectorError."""
        try:
            missing = self.missing()
            self._entry("latest")
        except (ScopeError, AuthError) as error:
            text = f"off: {error}; changes are seen by polling"
            wanted_so = self._settings.journal is True
            mend = (error.mend or _MEND) if wanted_so else ""
            yield Check(name=NAME, state="fail" if wanted_so else "ok", text=text, mend=mend)
            return
        if missing:
            text = f"{len(missing)} subscriptions are not there yet; the next start makes them"
            yield Check(name=NAME, state="warn", text=text, mend="start hotlead run")
        else:
            yield Check(name=NAME, state="ok", text="the journal can be read, and tells of changes")

    def close(self) -> None:
        """Give back connections."""
        self._http.close()

    def _after(self, place: str | None) -> dict[str, Any] | None:
        """The entry behind a place; the newest where there is none. None: nothing there yet."""
        return self._entry(f"offset/{quote(place, safe='')}/next" if place else "latest")

    def _entry(self, what: str) -> dict[str, Any] | None:
        query = {"installPortalId": str(self._portal())}
        found = self._call("GET", f"{self._path('journal')}/{what}", params=query)
        if not found or not found.get("url"):
            return None
        if not found.get("currentOffset"):
            raise TemporaryError("an entry of the journal came without its offset")
        return found

    def _path(self, part: str) -> str:
        return f"/webhooks-journal/{part}/{self._settings.journal_version}"

    def _tell(self, tell: Callable[[Hint], None], url: str, portal: int) -> None:
        for event in self._events(url):
            if event.get("portalId") in (portal, str(portal), None):
                found = changes.hint(event)
                if found is not None:
                    tell(found)

    def _events(self, url: str) -> Sequence[Mapping[str, Any]]:
        """The events of an entry. Its address is signed already and must not see our token."""
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
            return [{"objectTypeId": one.type_id} for one in wanted(self._settings)]
        try:
            told = json.loads(raw).get("journalEvents")
        except (ValueError, AttributeError) as error:
            raise TemporaryError(f"{what}: it is no JSON object") from error
        return [one for one in told or [] if isinstance(one, dict)]

    def _call(self, method: str, path: str, **more: Any) -> dict[str, Any] | None:
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
            raise AuthError(str(error), mend=_MEND) from error
        self._token = str(told.get("access_token") or "")
        self._token_ends = time.monotonic() + float(told.get("expires_in") or 0)
        if not self._token:
            raise AuthError(f"{what} gave no token", mend=_MEND)
        return self._token


def _read(what: str, answer: requests.Response) -> dict[str, Any] | None:
    """The JSON of an answer; None where it is empty. Raises the refusal that it is."""
    try:
        found = answer.json() if answer.content else None
    except ValueError:
        found = None
    if answer.status_code >= _BAD_REQUEST:
        error = refusal(what, answer.status_code, found or {}, answer.headers)
        if isinstance(error, ConfigError):
            error.mend = _MEND
        raise error
    if answer.status_code == _NO_CONTENT or not answer.content:
        return None
    if not isinstance(found, dict):
        raise TemporaryError(f"{what}: the answer was no JSON object")
    return found


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
