"""Which events of an iCalendar feed say that its owner is away, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connectors.calendar.spans import absence_of, moment
from routing.nouns import OutOfOffice, Person

if TYPE_CHECKING:
    from icalendar import Calendar

_BEFORE = timedelta(days=1)
_TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
"""No absence repeats so; such a rule would be millions of events."""


class NoCalendarError(ValueError):
    """The text is no calendar; the error says what it stumbled over."""


def absences(
    text: bytes, person: Person, zone: ZoneInfo, pattern: str, now: datetime, days: int
) -> list[OutOfOffice]:
    """The absences of the feed's owner from a day ago to ``days`` ahead.

    Days and times without a zone are of ``zone``, the owner's; ends are exclusive. Raises
    NoCalendarError.
    """
    import recurring_ical_events
    from icalendar import Calendar

    try:
        whole = Calendar.from_ical(text)
        calendar = _relevant(whole, re.compile(pattern, re.IGNORECASE))
        found = recurring_ical_events.of(calendar).between(now - _BEFORE, now + timedelta(days))
        mine = (one for one in found if _is_away(one, pattern) and _is_theirs(one, person.email))
        rows = [_absence(one, person.id, zone) for one in mine]
    except Exception as error:
        # Feeds come from anywhere, and the libraries fail over them in many ways.
        raise NoCalendarError(f"the feed is no calendar ({type(error).__name__})") from error
    return [row for row in rows if row is not None]


def _relevant(whole: Calendar, pattern: re.Pattern[str]) -> Calendar:
    """The time zones, and the series of which any event means away, with all exceptions."""
    from icalendar import Calendar

    events = [one for one in whole.walk("VEVENT") if not _repeats_too_often(one)]
    away = {str(one.get("UID", "")) for one in events if _is_away(one, pattern.pattern)}
    kept = Calendar()
    for name, value in whole.items():
        kept.add(name, value)
    for zone in whole.walk("VTIMEZONE"):
        kept.add_component(zone)
    for one in events:
        if str(one.get("UID", "")) in away:
            kept.add_component(one)
    return kept


def _repeats_too_often(event: Any) -> bool:
    rules = event.get("RRULE") or []
    rules = rules if isinstance(rules, list) else [rules]
    return any(str(one) in _TOO_OFTEN for rule in rules for one in rule.get("FREQ", ()))


def _is_away(event: Any, pattern: str) -> bool:
    if _word(event, "STATUS") == "CANCELLED" or _word(event, "TRANSP") == "TRANSPARENT":
        return False
    busy = _word(event, "X-MICROSOFT-CDO-BUSYSTATUS")
    if busy:
        return busy == "OOF"
    said = " ".join([str(event.get("SUMMARY", "")), *_categories(event)])
    return re.search(pattern, said, re.IGNORECASE) is not None


def _is_theirs(event: Any, email: str) -> bool:
    """Whether they made the event or accepted it: what colleagues send around is no absence."""
    given = event.get("ATTENDEE") or []
    for one in given if isinstance(given, list) else [given]:
        if str(one).strip().lower() == f"mailto:{email.lower()}":
            answer = str(getattr(one, "params", {}).get("PARTSTAT", "NEEDS-ACTION"))
            return answer.upper() == "ACCEPTED"
    return True


def _word(event: Any, name: str) -> str:
    return str(event.get(name, "")).strip().upper()


def _categories(event: Any) -> Iterator[str]:
    given = event.get("CATEGORIES") or []
    for one in given if isinstance(given, list) else [given]:
        yield from (str(name) for name in getattr(one, "cats", [one]))


def _absence(event: Any, person_id: str, zone: ZoneInfo) -> OutOfOffice | None:
    private = _word(event, "CLASS") in ("PRIVATE", "CONFIDENTIAL")
    return absence_of(
        "calendar",
        "calendar:ics",
        person_id,
        str(event.get("UID", "")),
        moment(event["DTSTART"].dt, zone),
        moment(event["DTEND"].dt, zone),
        "" if private else str(event.get("SUMMARY", "")),
    )
