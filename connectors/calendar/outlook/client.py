"""Logs in as the app, and reads calendar and automatic replies of a mailbox from Graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from connectors.calendar.outlook.errors import api_refused, token_refused
from connectors.calendar.settings import OutlookSettings
from connectors.calendar.vendor import Answer, Tokens, Web, grant
from connectors.errors import TemporaryError
from connectors.http import CallCounter, HttpSettings

_PAGE = 500
_MOST_PAGES = 40
_SELECT = "id,subject,start,end,showAs,isAllDay,isCancelled,sensitivity,responseStatus,isOrganizer"
_CALENDARS, _SETTINGS = "Calendars.Read", "MailboxSettings.Read"


class OutlookClient:
    """One app of a tenant."""

    def __init__(
        self,
        settings: OutlookSettings,
        secret: SecretStr,
        http: HttpSettings,
        counter: CallCounter,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._web = Web("Microsoft", http, counter)
        self._tokens = Tokens(self._ask)

    def events(self, email: str, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
        """The events of this mailbox that touch the time, series expanded, times in UTC.

        Raises ConnectorError.
        """
        url = f"{self._mailbox(email)}/calendarView"
        query = [
            ("startDateTime", _stamp(start)),
            ("endDateTime", _stamp(end)),
            ("$select", _SELECT),
            ("$top", str(_PAGE)),
        ]
        for number in range(_MOST_PAGES):
            answer = self._get(url, query)
            if answer.status != 200:
                raise api_refused(answer, email, _CALENDARS, paging=number > 0)
            if not isinstance(answer.body.get("value"), list):
                raise TemporaryError("Microsoft's answer is no page of events")
            yield from answer.body["value"]
            following = str(answer.body.get("@odata.nextLink") or "")
            if not following:
                return
            url, query = self._ours(following), []
        raise TemporaryError(f"the pages of {email}'s calendar do not end")

    def automatic_replies(self, email: str) -> Mapping[str, Any]:
        """Whether the mailbox answers by itself, and from when until when."""
        url = f"{self._mailbox(email)}/mailboxSettings/automaticRepliesSetting"
        answer = self._get(url, [])
        if answer.status != 200:
            raise api_refused(answer, email, _SETTINGS)
        return answer.body

    def close(self) -> None:
        """Give back connections."""
        self._web.close()

    def _mailbox(self, email: str) -> str:
        return f"{self._settings.api_url}/users/{quote(email, safe='@')}"

    def _ours(self, url: str) -> str:
        """The address of the next page; the token goes to no other host."""
        mine, theirs = urlsplit(self._settings.api_url), urlsplit(url)
        if (mine.scheme, mine.netloc) != (theirs.scheme, theirs.netloc):
            raise TemporaryError("Microsoft names a next page at another host")
        return url

    def _get(self, url: str, query: list[tuple[str, str]]) -> Answer:
        """A token may have been withdrawn before its end: then another one is tried, once."""
        token = self._tokens.get("")
        answer = self._web.get(url, query, _headers(token))
        if answer.status == 401:
            self._tokens.drop("", token)
            answer = self._web.get(url, query, _headers(self._tokens.get("")))
        return answer

    def _ask(self, _: str) -> tuple[str, float]:
        url = f"{self._settings.login_url}/{self._settings.tenant}/oauth2/v2.0/token"
        resource = urlsplit(self._settings.api_url)
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": self._secret.get_secret_value(),
            "scope": f"{resource.scheme}://{resource.netloc}/.default",
        }
        return grant(self._web.post(url, form), token_refused)


def _headers(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "prefer": 'outlook.timezone="UTC"'}


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
