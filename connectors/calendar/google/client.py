"""Logs in as the service account, and reads the events of a calendar page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from connectors.calendar.google.errors import SCOPE, api_refused, token_refused
from connectors.calendar.settings import GoogleSettings
from connectors.calendar.vendor import Answer, Tokens, Web, grant
from connectors.errors import AuthError, TemporaryError
from connectors.http import CallCounter, HttpSettings

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE = timedelta(minutes=10)
"""Google takes an assertion for at most an hour."""
_PAGE = 2500
_MOST_PAGES = 40
_FIELDS = (
    "kind,nextPageToken,items(id,status,summary,eventType,transparency,visibility,start,end,"
    "organizer/self,attendees(self,responseStatus))"
)


class GoogleClient:
    """One service account."""

    def __init__(
        self,
        settings: GoogleSettings,
        key: SecretStr,
        http: HttpSettings,
        counter: CallCounter,
    ) -> None:
        self._settings = settings
        self._key = key
        self._web = Web("Google", http, counter)
        self._tokens = Tokens(self._ask)

    def events(self, email: str, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
        """The events of this person that touch the time, series expanded. Raises ConnectorError."""
        calendar = "primary" if self._settings.delegation else email
        url = f"{self._settings.api_url}/calendars/{quote(calendar, safe='')}/events"
        query = [
            ("timeMin", start.isoformat()),
            ("timeMax", end.isoformat()),
            ("singleEvents", "true"),
            ("eventTypes", "outOfOffice"),
            ("eventTypes", "default"),
            ("maxAttendees", "1"),
            ("maxResults", str(_PAGE)),
            ("fields", _FIELDS),
        ]
        page = ""
        for _ in range(_MOST_PAGES):
            more = [("pageToken", page)] if page else []
            answer = self._get(email, url, [*query, *more])
            if answer.status != 200:
                raise api_refused(answer, email, paging=bool(page))
            if answer.body.get("kind") != "calendar#events":
                raise TemporaryError("Google's answer is no page of events")
            yield from answer.body.get("items") or ()
            page = str(answer.body.get("nextPageToken") or "")
            if not page:
                return
        raise TemporaryError(f"the pages of {email}'s calendar do not end")

    def close(self) -> None:
        """Give back connections."""
        self._web.close()

    def _get(self, email: str, url: str, query: list[tuple[str, str]]) -> Answer:
        """A token may have been withdrawn before its end: then another one is tried, once."""
        who = email if self._settings.delegation else ""
        token = self._tokens.get(who)
        answer = self._web.get(url, query, {"authorization": f"Bearer {token}"})
        if answer.status == 401:
            self._tokens.drop(who, token)
            token = self._tokens.get(who)
            answer = self._web.get(url, query, {"authorization": f"Bearer {token}"})
        return answer

    def _ask(self, who: str) -> tuple[str, float]:
        made = assertion(self._settings, self._key, who, datetime.now(UTC))
        form = {"grant_type": _JWT_BEARER, "assertion": made}
        answer = self._web.post(self._settings.token_url, form)
        return grant(answer, lambda refused: token_refused(refused, who or "the service account"))


def assertion(settings: GoogleSettings, key: SecretStr, who: str, now: datetime) -> str:
    """A JWT that says who we are, and for whom we act. Raises AuthError for a key that is none."""
    import jwt

    claims = {
        "iss": settings.client_email,
        "scope": SCOPE,
        "aud": settings.token_url,
        "iat": int(now.timestamp()),
        "exp": int((now + _LIFE).timestamp()),
    }
    if who:
        claims["sub"] = who
    try:
        return jwt.encode(claims, pem_of(key), algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        # What the library says may quote the key.
        raise AuthError(
            "HOTLEAD_GOOGLE_PRIVATE_KEY holds no private key that can be used",
            mend="set HOTLEAD_GOOGLE_PRIVATE_KEY_FILE to the JSON key file of the service account, "
            "or HOTLEAD_GOOGLE_PRIVATE_KEY to its private_key",
        ) from None


def pem_of(key: SecretStr) -> str:
    """The PEM of a secret that is one, or that is a whole key file of Google. Raises ValueError."""
    text = key.get_secret_value()
    if not text.startswith("{"):
        return text
    # Line breaks of the key may be in the text as they are.
    found = json.loads(text, strict=False)
    return str(found.get("private_key", ""))
