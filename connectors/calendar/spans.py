"""Makes the absence of one event of a calendar, whichever calendar it stands in."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from routing.nouns import OutOfOffice

_NOTE = 120


def absence_of(
    name: str,
    source: str,
    person_id: str,
    event_id: str,
    starts_at: datetime,
    ends_at: datetime,
    note: str,
) -> OutOfOffice | None:
    """The absence; None for an event of no length. ``name`` is the mirrored object."""
    if ends_at <= starts_at:
        return None
    key = f"{event_id}|{starts_at.isoformat()}|{ends_at.isoformat()}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:20]
    return OutOfOffice(
        id=f"{name}:{person_id}:{digest}",
        person_id=person_id,
        starts_at=starts_at,
        ends_at=ends_at,
        source=source,
        note=note[:_NOTE],
    )


def moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC; days, and times without a zone, are on the owner's clock."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
