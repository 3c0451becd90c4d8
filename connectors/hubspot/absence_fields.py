"""Absences that a team notes in user properties of its own, as the policy's mapping names them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connectors.hubspot.people import OPEN_ENDED, Absences
from connectors.hubspot.values import Row, flag, moment, text, time_zone, to_day, to_moment
from routing.mapping import AbsenceFields
from routing.nouns import OutOfOffice

_DAY = timedelta(days=1)
_MODIFIED = "hs_lastmodifieddate"


def noted_absence(person_id: str, user: Row, fields: AbsenceFields, now: datetime) -> Absences:
    """The absence that the properties of one user tell, if any; dates are days of their zone."""
    if fields.flag and not flag(user, fields.flag):
        return Absences([], 0)
    zone = ZoneInfo(time_zone(text(user, "hs_standard_time_zone")) or "UTC")
    told = {name: text(user, name).strip() for name in fields.names}
    starts_text, ends_text = told.get(fields.starts or "", ""), told.get(fields.ends or "", "")
    starts = _moment(starts_text, zone, timedelta(0))
    ends = _moment(ends_text, zone, _DAY)
    unreadable = bool(starts_text and starts is None) + bool(ends_text and ends is None)
    if unreadable or not (fields.flag or starts_text or ends_text):
        return Absences([], unreadable)
    begin = starts or min(moment(user, _MODIFIED) or now, now)
    end = ends or max(now, begin) + OPEN_ENDED
    if begin >= end:
        return Absences([], 1 if starts and ends else 0)
    found = OutOfOffice(
        id=f"{person_id}:fields",
        person_id=person_id,
        starts_at=begin,
        ends_at=end,
        source="hubspot",
        note="" if ends else "noted without an end",
        modified_at=moment(user, _MODIFIED),
    )
    return Absences([found], 0)


def _moment(value: str, zone: ZoneInfo, add: timedelta) -> datetime | None:
    """A time; of a day its first moment, or with ``add`` of a day the first after it."""
    day = to_day(value)
    if day is None:
        return to_moment(value) if value else None
    return _midnight(day + add, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
