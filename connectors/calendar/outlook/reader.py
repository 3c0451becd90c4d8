"""Which events and automatic replies of a mailbox say that its owner is away, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from connectors.calendar.outlook.client import OutlookClient
from connectors.calendar.reader import Team
from connectors.calendar.settings import CalendarSettings, OutlookSettings
from connectors.calendar.spans import absence_of, moment
from connectors.calendar.vendor import VendorCalendars
from connectors.errors import TemporaryError
from connectors.http import HttpSettings
from routing.nouns import OutOfOffice, Person

OBJECT = "outlook_calendar"
SOURCE = "calendar:outlook"
_BEFORE = timedelta(days=1)
_RENEWED = timedelta(hours=1)
_THEIRS = frozenset({"", "none", "organizer", "accepted"})
"""Answers to an invitation by which the event is one's own."""


class OutlookCalendars(VendorCalendars):
    """The reader of Outlook calendars."""

    def __init__(
        self,
        settings: CalendarSettings,
        outlook: OutlookSettings,
        secret: SecretStr,
        http: HttpSettings,
        team: Team,
    ) -> None:
        super().__init__(OBJECT, outlook, team, "calendars.outlook")
        self._outlook = outlook
        self._days = timedelta(settings.days)
        self._client = OutlookClient(outlook, secret, http, self.counter)

    def absences(self, person: Person, now: datetime) -> list[OutOfOffice]:
        """As the base says."""
        zone = self._team.zone_of(person)
        events = self._client.events(person.email, now - _BEFORE, now + self._days)
        try:
            found = [_absence(one, person, zone) for one in events if self._is_away(one)]
            if self._outlook.automatic_replies:
                told = self._client.automatic_replies(person.email)
                found += _replies(told, person, zone, now)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            kind = type(error).__name__
            text = f"Microsoft's answer is none that we understand ({kind})"
            raise TemporaryError(text) from error
        return [one for one in found if one is not None]

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def _is_away(self, event: Mapping[str, Any]) -> bool:
        answer = (event.get("responseStatus") or {}).get("response") or ""
        if event.get("isCancelled") or answer not in _THEIRS:
            return False
        shown = event.get("showAs")
        whole_day = bool(event.get("isAllDay")) and self._outlook.all_day_busy
        return shown == "oof" or (shown == "busy" and whole_day)


def _absence(event: Mapping[str, Any], person: Person, zone: ZoneInfo) -> OutOfOffice | None:
    whole_day = bool(event.get("isAllDay"))
    plain = event.get("sensitivity", "normal") == "normal"
    return absence_of(
        OBJECT,
        SOURCE,
        person.id,
        str(event["id"]),
        _moment(event["start"], zone, whole_day=whole_day),
        _moment(event["end"], zone, whole_day=whole_day),
        str(event.get("subject") or "") if plain else "",
    )


def _replies(
    told: Mapping[str, Any], person: Person, zone: ZoneInfo, now: datetime
) -> Iterator[OutOfOffice | None]:
    """The time in which the mailbox answers by itself.

    Without an end it counts to the end of the next hour, and is renewed as long as it is seen: by
    whole hours, so that not each read changes the mirror.
    """
    status = told["status"]
    if status == "scheduled":
        starts = _moment(told["scheduledStartDateTime"], zone)
        ends = _moment(told["scheduledEndDateTime"], zone)
    elif status == "alwaysEnabled":
        starts = now.replace(minute=0, second=0, microsecond=0)
        ends = starts + 2 * _RENEWED
    else:
        return
    if ends > now:
        yield absence_of(
            OBJECT, SOURCE, person.id, "automatic replies", starts, ends, "automatic replies"
        )


def _moment(told: Mapping[str, Any], zone: ZoneInfo, *, whole_day: bool = False) -> datetime:
    """A whole day begins and ends at midnights of its owner, whatever zone it is told in."""
    found = datetime.fromisoformat(str(told["dateTime"]))
    if whole_day and (found.hour, found.minute) == (0, 0):
        return moment(found.date(), zone)
    return moment(found.replace(tzinfo=_zone(str(told.get("timeZone") or "UTC"))), zone)


def _zone(name: str) -> ZoneInfo | Any:
    """A zone by its IANA name or by Windows'. Raises ValueError for one that nobody knows."""
    if name in ("UTC", "tzone://Microsoft/Utc"):
        return UTC
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    try:
        return ZoneInfo(WINDOWS_TO_OLSON.get(name, name))
    except (KeyError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone") from error
