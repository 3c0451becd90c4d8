"""Who is out of office: by Salesforce's own object, and by the fields that a team made itself."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from connectors.salesforce.source import PROMPT, Source
from connectors.salesforce.values import (
    Row,
    below,
    end_of_day,
    moment,
    start_of_day,
    text,
    zone,
)
from routing.mapping import AbsenceFields
from routing.nouns import OutOfOffice

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_NO_END = datetime(2200, 1, 1, tzinfo=UTC)


def out_of_office(row: Row) -> OutOfOffice | None:
    """An absence, if it is switched on and its times make sense.

    The end is the last day out: midnight means through that day, in the user's own time zone.
    """
    starts, ends = moment(row.get("StartDate")), moment(row.get("EndDate"))
    if not row.get("IsEnabled") or starts is None or ends is None:
        return None
    where = zone(below(row, "User.TimeZoneSidKey"))
    local = ends.astimezone(where)
    if local.time() == time():
        ends = end_of_day(local.date().isoformat(), where) or ends
    elif ends.time() == time():
        # Midnight UTC is how a bare date arrives, and means the same day everywhere.
        ends = end_of_day(ends.date().isoformat(), where) or ends
    if ends <= starts:
        return None
    return OutOfOffice(
        id=text(row["Id"]),
        person_id=text(row.get("UserId")),
        starts_at=starts,
        ends_at=ends,
        source="salesforce",
        note=text(row.get("Message")),
    )


def source(fields: AbsenceFields) -> Source:
    """The users once more, for the fields by which a team notes who is away."""
    return Source(
        name="away_users",
        noun=OutOfOffice,
        sobject="User",
        needed=(*fields.names, "TimeZoneSidKey"),
        owned=(("person_id", "Id"),),
        every=PROMPT,
        thinned=True,
        soft=True,
        feature=f"out of office from {', '.join(fields.names)} of users",
        make=lambda row: away(row, fields),
    )


def away(row: Row, fields: AbsenceFields) -> OutOfOffice | None:
    """The absence that the fields of a user tell of; None when they tell of none.

    A flag alone means from ever to no end: when it was set nobody wrote down. Without a flag only
    an end counts, as a start that nobody took back would mean for good.
    """
    flagged = bool(row.get(fields.flag)) if fields.flag else False
    if fields.flag and not flagged:
        return None
    where = zone(row.get("TimeZoneSidKey"))
    starts = _first(row.get(fields.starts), where) if fields.starts else None
    ends = _last(row.get(fields.ends), where) if fields.ends else None
    if ends is None and not flagged:
        return None
    starts, ends = starts or _EVER, ends or _NO_END
    if ends <= starts:
        return None
    return OutOfOffice(
        id=text(row["Id"]),
        person_id=text(row["Id"]),
        starts_at=starts,
        ends_at=ends,
        source=f"salesforce: {', '.join(fields.names)}",
        modified_at=moment(row.get("SystemModstamp")),
    )


def _first(value: object, where: ZoneInfo) -> datetime | None:
    return start_of_day(value, where) if _is_day(value) else moment(value)


def _last(value: object, where: ZoneInfo) -> datetime | None:
    return end_of_day(value, where) if _is_day(value) else moment(value)


def _is_day(value: object) -> bool:
    return isinstance(value, str) and len(value) == len("2026-11-23")
