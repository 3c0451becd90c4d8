"""``events.list`` of one calendar: what it takes, refuses, and answers.

https://developers.google.com/workspace/calendar/api/v3/reference/events/list
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from connectors.sandbox.diary import Entry, occurrences
from connectors.sandbox.google.errors import GoogleError, invalid

JSON = dict[str, Any]
TYPES = frozenset(
    {"default", "outOfOffice", "focusTime", "workingLocation", "birthday", "fromGmail"}
)
TAKEN = frozenset(
    {
        *("timeMin", "timeMax", "singleEvents", "eventTypes", "maxAttendees", "maxResults"),
        *("fields", "pageToken", "showDeleted", "alt", "prettyPrint"),
    }
)
_MOST = 2500
_ANSWERS = {"none": "needsAction", "": "accepted"}


@dataclass(slots=True)
class GoogleUser:
    """A user of the domain; ``calendar`` is False for one whom an admin gave none."""

    email: str
    zone: str = "UTC"
    entries: list[Entry] = field(default_factory=list)
    calendar: bool = True
    shared: bool = False
    """Whether the calendar is shared with the service account."""


def list_events(user: GoogleUser, query: QueryParams, largest: int) -> tuple[JSON, int]:
    """One page without its token, and how many events there are. Raises GoogleError."""
    for name in query:
        if name not in TAKEN:
            raise GoogleError(400, "badRequest", f'Unknown name "{name}": Cannot bind query.')
    start, end = _time(query, "timeMin"), _time(query, "timeMax")
    if start >= end:
        told = "The specified time range is empty."
        raise GoogleError(400, "timeRangeEmpty", told, domain="calendar", parameter="timeMax")
    wanted = set(query.getlist("eventTypes")) or TYPES
    if not wanted <= TYPES:
        raise invalid("eventTypes")
    found = _items(user, start, end, single=_flag(query, "singleEvents"))
    items = [one for one in found if one["eventType"] in wanted]
    if not _flag(query, "showDeleted"):
        items = [one for one in items if one["status"] != "cancelled"]
    size = min(_number(query, "maxResults", 250), _MOST, largest)
    first = int(query.get("pageToken", "0"))
    whole: JSON = {
        "kind": "calendar#events",
        "etag": '"p33"',
        "summary": user.email,
        "timeZone": user.zone,
        "accessRole": "reader",
        "items": items[first : first + size],
    }
    return whole, len(items)


def _items(user: GoogleUser, start: datetime, end: datetime, *, single: bool) -> Sequence[JSON]:
    zone = ZoneInfo(user.zone)
    if not single:
        raise GoogleError(400, "badRequest", "the sandbox expands series; ask for singleEvents")
    return [
        _event(one, user) for entry in user.entries for one in occurrences(entry, start, end, zone)
    ]


def _event(entry: Entry, user: GoogleUser) -> JSON:
    made: JSON = {
        "kind": "calendar#event",
        "etag": '"31"',
        "id": entry.id,
        "status": "cancelled" if entry.cancelled else "confirmed",
        "summary": entry.title,
        "creator": {"email": user.email, "self": True},
        "organizer": {"email": user.email, "self": True},
        "start": _when(entry.start, entry.zone),
        "end": _when(entry.end, entry.zone),
        "iCalUID": f"{entry.series or entry.id}@google.com",
        "eventType": "outOfOffice" if entry.shown == "oof" else "default",
    }
    if entry.series:
        made["recurringEventId"] = entry.series
    if entry.shown == "free":
        made["transparency"] = "transparent"
    if entry.private:
        made["visibility"] = "private"
    if entry.answer:
        made["organizer"] = made["creator"] = {"email": "chief@team.example"}
        status = _ANSWERS.get(entry.answer, entry.answer)
        made["attendees"] = [{"email": user.email, "self": True, "responseStatus": status}]
    return made


def _when(value: date | datetime, zone: str) -> JSON:
    if isinstance(value, datetime):
        at = value.replace(tzinfo=ZoneInfo(zone))
        return {"dateTime": at.isoformat(), "timeZone": zone}
    return {"date": value.isoformat()}


def _time(query: QueryParams, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(query.get(name, ""))
    except ValueError as error:
        raise GoogleError(400, "badRequest", "Bad Request", parameter=name) from error
    if found.tzinfo is None:
        raise GoogleError(400, "badRequest", "Bad Request", parameter=name)
    return found


def _flag(query: QueryParams, name: str) -> bool:
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise invalid(name, f"Invalid boolean value: '{text}'.")
    return text == "true"


def _number(query: QueryParams, name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise invalid(name, f"Invalid value '{text}'. Values must be within the range: [1, 2500]")
    return int(text)
