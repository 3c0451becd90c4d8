"""A mailbox's calendar view and automatic replies, as Graph tells them.

https://learn.microsoft.com/graph/api/user-list-calendarview
https://learn.microsoft.com/graph/api/user-get-mailboxsettings
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from connectors.sandbox.diary import Entry, occurrences
from connectors.sandbox.microsoft.errors import GraphError, bad_query

JSON = dict[str, Any]
_PROPERTIES = frozenset(
    {
        *("id", "createdDateTime", "lastModifiedDateTime", "changeKey", "categories", "iCalUId"),
        *("subject", "bodyPreview", "body", "importance", "sensitivity", "isAllDay", "isCancelled"),
        *("isOrganizer", "responseRequested", "responseStatus", "seriesMasterId", "showAs", "type"),
        *("start", "end", "location", "locations", "recurrence", "attendees", "organizer"),
        *("webLink", "isOnlineMeeting", "originalStart", "hasAttachments", "isReminderOn"),
    }
)
_OPTIONS = frozenset({"startDateTime", "endDateTime", "$select", "$top", "$skip", "$orderby"})
_MOST = 1000
_ANSWERS = {
    "": "organizer",
    "accepted": "accepted",
    "declined": "declined",
    "tentative": "tentativelyAccepted",
    "none": "notResponded",
}
_ZONES = {"UTC": "UTC", "W. Europe Standard Time": "Europe/Berlin"}


@dataclass(slots=True)
class Mailbox:
    """A user of the tenant. ``enabled`` is False without a mailbox, ``hidden`` True for one that
    is outside of what the app may see. ``replies`` is as ``automaticRepliesSetting`` has it."""

    email: str
    zone: str = "UTC"
    entries: list[Entry] = field(default_factory=list)
    enabled: bool = True
    hidden: bool = False
    replies: JSON = field(default_factory=lambda: {"status": "disabled"})


def calendar_view(
    box: Mailbox, query: QueryParams, prefer: str, largest: int
) -> tuple[list[JSON], int | None]:
    """The events of one page, and where the next one begins. Raises GraphError."""
    for name in query:
        if name not in _OPTIONS:
            raise bad_query(f"The query parameter '{name}' is not supported.")
    start, end = _time(query, "startDateTime"), _time(query, "endDateTime")
    if start >= end:
        told = "The end time of the calendar view is before its start time."
        raise GraphError(400, "ErrorInvalidRequest", told)
    zone = _preferred(prefer)
    chosen = [one for one in query.get("$select", "").split(",") if one]
    for one in chosen:
        if one not in _PROPERTIES:
            told = f"Could not find a property named '{one}' on type 'Microsoft.OutlookServices"
            raise bad_query(f"{told}.Event'.")
    found = [
        _event(one, box, zone)
        for entry in box.entries
        for one in occurrences(entry, start, end, ZoneInfo(box.zone))
    ]
    first, size = _number(query, "$skip", 0), min(_number(query, "$top", 10), largest)
    page = found[first : first + size]
    following = first + size if first + size < len(found) else None
    if chosen:
        kept = {"@odata.etag", "id", *chosen}
        page = [{name: one[name] for name in one if name in kept} for one in page]
    return page, following


def replies_of(box: Mailbox) -> JSON:
    """``automaticRepliesSetting``; its times are in UTC where nobody said otherwise."""
    never = {"dateTime": "2026-01-01T00:00:00.0000000", "timeZone": "UTC"}
    return {
        "externalAudience": "all",
        "internalReplyMessage": "",
        "externalReplyMessage": "",
        "scheduledStartDateTime": never,
        "scheduledEndDateTime": never,
        **box.replies,
    }


def _event(entry: Entry, box: Mailbox, zone: str) -> JSON:
    kind = "occurrence" if entry.series else "singleInstance"
    made: JSON = {
        "@odata.etag": 'W/"1"',
        "id": f"AAMk{entry.id}",
        "subject": entry.title,
        "isAllDay": entry.whole_day,
        "isCancelled": entry.cancelled,
        "isOrganizer": not entry.answer,
        "sensitivity": "private" if entry.private else "normal",
        "showAs": entry.shown,
        "type": kind,
        "seriesMasterId": f"AAMk{entry.series}" if entry.series else None,
        "responseStatus": {"response": _ANSWERS[entry.answer], "time": "0001-01-01T00:00:00Z"},
        "start": _when(entry.start, entry.zone, zone),
        "end": _when(entry.end, entry.zone, zone),
        "organizer": {"emailAddress": {"name": box.email, "address": box.email}},
    }
    return made


def _when(value: date | datetime, own: str, told: str) -> JSON:
    """A moment in the zone that was asked for; whole days are midnights in whatever zone."""
    if not isinstance(value, datetime):
        return {"dateTime": f"{value.isoformat()}T00:00:00.0000000", "timeZone": told}
    at = value.replace(tzinfo=ZoneInfo(own)).astimezone(ZoneInfo(_ZONES[told]))
    return {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": told}


def _preferred(header: str) -> str:
    found = re.search(r'outlook\.timezone="([^"]*)"', header)
    zone = found.group(1) if found else "UTC"
    if zone not in _ZONES:
        told = f"The TimeZone value '{zone}' isn't supported."
        raise GraphError(400, "TimeZoneNotSupportedException", told)
    return zone


def _time(query: Mapping[str, str], name: str) -> datetime:
    text = query.get(name, "")
    if not text:
        told = "This request requires a time window specified by the query string parameters"
        raise GraphError(400, "ErrorInvalidParameter", f"{told} StartDateTime and EndDateTime.")
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        told = f"The value '{text}' of parameter '{name}' is invalid."
        raise GraphError(400, "ErrorInvalidParameter", told) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) > _MOST:
        raise bad_query(f"Invalid value '{text}' for {name} query option found.")
    return int(text)
