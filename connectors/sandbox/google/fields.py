"""Partial responses: ``fields=nextPageToken,items(id,organizer/self)``.

https://developers.google.com/workspace/calendar/api/guides/performance
"""

from __future__ import annotations

from typing import Any

from connectors.sandbox.google.errors import GoogleError

Mask = dict[str, "Mask"]
_EVENT = (
    "kind etag id status htmlLink created updated summary description location colorId creator "
    "organizer start end endTimeUnspecified recurrence recurringEventId originalStartTime "
    "transparency visibility iCalUID sequence attendees attendeesOmitted hangoutLink reminders "
    "source eventType outOfOfficeProperties focusTimeProperties workingLocationProperties"
)
_PERSON: Mask = {one: {} for one in ("id", "email", "displayName", "self")}
_WHEN: Mask = {one: {} for one in ("date", "dateTime", "timeZone")}
_ITEM: Mask = {one: {} for one in _EVENT.split()} | {
    "creator": _PERSON,
    "organizer": _PERSON,
    "attendees": _PERSON
    | {one: {} for one in ("responseStatus", "organizer", "resource", "optional", "comment")},
    "start": _WHEN,
    "end": _WHEN,
    "originalStartTime": _WHEN,
}
KNOWN: Mask = {
    one: {}
    for one in (
        *("kind", "etag", "summary", "description", "updated", "timeZone", "accessRole"),
        *("defaultReminders", "nextPageToken", "nextSyncToken"),
    )
} | {"items": _ITEM}


def parsed(text: str) -> Mask:
    """The mask that a text says. Raises GoogleError for a field that is none."""
    mask, rest = _list(text, KNOWN, text)
    if rest:
        raise _refused(text)
    return mask


def only(value: Any, mask: Mask) -> Any:
    """What of a value the mask lets through."""
    if isinstance(value, list):
        return [only(one, mask) for one in value]
    if not mask or not isinstance(value, dict):
        return value
    return {name: only(value[name], below) for name, below in mask.items() if name in value}


def _list(text: str, known: Mask, whole: str) -> tuple[Mask, str]:
    mask: Mask = {}
    while True:
        name = text[: next((n for n, one in enumerate(text) if one in ",()/"), len(text))]
        text = text[len(name) :]
        if name not in known:
            raise _refused(name or whole)
        below: Mask = {}
        if text[:1] == "(":
            below, text = _list(text[1:], known[name], whole)
            if text[:1] != ")":
                raise _refused(whole)
            text = text[1:]
        elif text[:1] == "/":
            below, text = _path(text[1:], known[name], whole)
        mask[name] = below
        if text[:1] != ",":
            return mask, text
        text = text[1:]


def _path(text: str, known: Mask, whole: str) -> tuple[Mask, str]:
    end = next((n for n, one in enumerate(text) if one in ",)"), len(text))
    mask, rest = _list(text[:end], known, whole)
    return mask, rest + text[end:]


def _refused(name: str) -> GoogleError:
    return GoogleError(
        400, "invalidParameter", f"Invalid field selection {name}", parameter="fields"
    )
