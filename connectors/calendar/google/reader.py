"""Which events of a Google calendar say that its owner is away, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from connectors.calendar.google.client import GoogleClient
from connectors.calendar.reader import Team
from connectors.calendar.settings import CalendarSettings, GoogleSettings
from connectors.calendar.spans import absence_of, moment
from connectors.calendar.vendor import VendorCalendars
from connectors.errors import TemporaryError
from connectors.http import HttpSettings
from routing.nouns import OutOfOffice, Person

OBJECT = "google_calendar"
SOURCE = "calendar:google"
_BEFORE = timedelta(days=1)


class GoogleCalendars(VendorCalendars):
    """The reader of Google calendars."""

    def __init__(
        self,
        settings: CalendarSettings,
        google: GoogleSettings,
        key: SecretStr,
        http: HttpSettings,
        team: Team,
    ) -> None:
        super().__init__(OBJECT, google, team, "calendars.google")
        self._google = google
        self._days = timedelta(settings.days)
        self._pattern = re.compile(settings.away_pattern, re.IGNORECASE)
        self._client = GoogleClient(google, key, http, self.counter)

    def absences(self, person: Person, now: datetime) -> list[OutOfOffice]:
        """As the base says."""
        zone = self._team.zone_of(person)
        events = self._client.events(person.email, now - _BEFORE, now + self._days)
        try:
            found = [self._absence(one, person, zone) for one in events if self._is_away(one)]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            kind = type(error).__name__
            raise TemporaryError(f"Google's answer is none that we understand ({kind})") from error
        return [one for one in found if one is not None]

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def _is_away(self, event: Mapping[str, Any]) -> bool:
        if event.get("status") == "cancelled" or event.get("transparency") == "transparent":
            return False
        if not _is_theirs(event):
            return False
        if event.get("eventType") == "outOfOffice":
            return True
        whole_day = "date" in event["start"]
        if whole_day and self._google.all_day_busy:
            return True
        return self._pattern.search(str(event.get("summary", ""))) is not None

    def _absence(
        self, event: Mapping[str, Any], person: Person, zone: ZoneInfo
    ) -> OutOfOffice | None:
        private = event.get("visibility") in ("private", "confidential")
        return absence_of(
            OBJECT,
            SOURCE,
            person.id,
            str(event["id"]),
            _moment(event["start"], zone),
            _moment(event["end"], zone),
            "" if private else str(event.get("summary", "")),
        )


def _is_theirs(event: Mapping[str, Any]) -> bool:
    """Whether they made the event or accepted it: what colleagues send around is no absence."""
    answers = [one.get("responseStatus") for one in event.get("attendees") or () if one.get("self")]
    return all(one == "accepted" for one in answers)


def _moment(told: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    if "date" in told:
        return moment(date.fromisoformat(str(told["date"])), zone)
    return moment(datetime.fromisoformat(str(told["dateTime"])), zone)
