"""What the calendars of Google and of Microsoft have in common: whom they are of, HTTP, tokens."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from connectors.base import Check
from connectors.calendar.reader import CalendarReader, Team
from connectors.calendar.settings import GoogleSettings, OutlookSettings
from connectors.errors import ConnectorError, TemporaryError
from connectors.http import CallCounter, HttpSettings, Seam, session
from routing.nouns import Person

_EARLY = 120.0
"""Seconds by which a token is renewed before its end."""
_MOST_BYTES = 20_000_000
_CHUNK = 64_000


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer over HTTP. ``body`` is its JSON object, {} where it is none."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait before another try, where the other side says so."""
        told = self.headers.get("retry-after", "")
        if re.fullmatch(r"\d{1,6}", told):
            return float(told)
        try:
            until, sent = (
                parsedate_to_datetime(one) for one in (told, self.headers.get("date", ""))
            )
        except ValueError:
            return None
        return max(0.0, (until - sent).total_seconds())


class Web:
    """Calls to one vendor. Raises TemporaryError for what does not get through, and no text of
    such an error holds what was sent."""

    def __init__(self, vendor: str, http: HttpSettings, counter: CallCounter) -> None:
        self._vendor = vendor
        self._session = session(Seam(http, counter))

    def get(self, url: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str]) -> Answer:
        """One GET."""
        return self._done("GET", url, params=list(query), headers=dict(headers))

    def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """One POST of a form."""
        return self._done("POST", url, data=dict(form))

    def close(self) -> None:
        """Give back connections."""
        self._session.close()

    def _done(self, method: str, url: str, **sent: Any) -> Answer:
        try:
            with self._session.request(
                method, url, allow_redirects=False, stream=True, **sent
            ) as got:
                headers = {name.lower(): value for name, value in got.headers.items()}
                return Answer(got.status_code, _json(self._body(got)), headers)
        except requests.RequestException as error:
            kind = type(error).__name__
            raise TemporaryError(f"{self._vendor} could not be asked ({kind})") from None

    def _body(self, got: requests.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        for chunk in got.iter_content(_CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > _MOST_BYTES:
                raise TemporaryError(f"an answer of {self._vendor} is larger than any page")
        return b"".join(parts)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class Tokens:
    """Access tokens by whom they are for, renewed before they end; for several threads."""

    def __init__(self, ask: Callable[[str], tuple[str, float]]) -> None:
        """``ask`` gives a new token and the seconds for which it is good."""
        self._ask = ask
        self._held: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}

    def get(self, who: str) -> str:
        """A token that is good. Raises ConnectorError."""
        with self._lock:
            mine = self._asking.setdefault(who, threading.Lock())
        with mine:
            token, until = self._held.get(who, ("", 0.0))
            if time.monotonic() >= until:
                token, seconds = self._ask(who)
                self._held[who] = (token, time.monotonic() + seconds - _EARLY)
            return token

    def drop(self, who: str, token: str) -> None:
        """This one is not good any more."""
        with self._lock:
            if self._held.get(who, ("",))[0] == token:
                del self._held[who]


def grant(answer: Answer, refused: Callable[[Answer], ConnectorError]) -> tuple[str, float]:
    """The token of a token endpoint's answer, and for how many seconds it is good."""
    token, seconds = answer.body.get("access_token"), answer.body.get("expires_in")
    if answer.status != requests.codes.ok or not isinstance(token, str) or not token:
        raise refused(answer)
    return token, float(seconds) if isinstance(seconds, int | float) else 300.0


class VendorCalendars(CalendarReader):
    """A reader of the calendars of one vendor: of everybody, or of people named by e-mail."""

    def __init__(
        self, name: str, settings: GoogleSettings | OutlookSettings, team: Team, section: str
    ) -> None:
        super().__init__(name, team)
        self._chosen = settings
        self._section = section
        self.everybody = settings.people == "everybody"

    def asked(self) -> Sequence[Person]:
        """As the base says."""
        people = [one for one in self._team.people() if one.email]
        if self._chosen.people == "everybody":
            return [one for one in people if one.email.lower() not in self._chosen.except_people]
        return [one for one in people if one.email.lower() in self._chosen.people]

    def exempt(self) -> Sequence[Person]:
        """As the base says."""
        return [
            one for one in self._team.people() if one.email.lower() in self._chosen.except_people
        ]

    def strangers(self) -> Iterator[Check]:
        """As the base says."""
        chosen = self._chosen
        named = chosen.except_people if chosen.people == "everybody" else chosen.people
        unknown = sorted(set(named) - {one.email.lower() for one in self._team.people()})
        if unknown:
            text = f"the CRM knows nobody with the e-mail {', '.join(unknown)}"
            mend = f"correct or remove them in {self._section}"
            yield Check(name=f"{self._title} people", state="warn", text=text, mend=mend)
