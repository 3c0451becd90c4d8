"""Whether a person can be asked now: one answer from many sources.

The policy orders the sources. Whoever any source has away is away, unless a source before it says
that they are in. A source that was not read lately never makes anybody surely available.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from routing.calendar import is_working, off_days, week_of
from routing.nouns import OutOfOffice, Person
from routing.policy import Policy
from routing.snapshot import Snapshot

_NAMED = ("manual", "field", "calendar", "slack")


class State(StrEnum):
    """How a person stands. Of several that hold, the first here is told."""

    AWAY = "away"
    QUIET = "quiet"
    OFF_HOURS = "off_hours"
    UNKNOWN = "unknown"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """The answer. ``why`` follows the person's name; '' for somebody who is simply there.

    ``until`` is when an absence ends; ``source`` who says so. ``notes`` tell of sources that
    contradict each other or were not read lately.
    """

    state: State
    why: str = ""
    until: datetime | None = None
    source: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Absence:
    rank: int
    source: str
    until: datetime
    said: str


def availability(person: Person, snapshot: Snapshot, policy: Policy, now: datetime) -> Availability:
    """How ``person`` stands at ``now``."""
    absences = _absences(person, snapshot, policy, now)
    stale = _stale(person, snapshot, policy, now)
    notes = (*_conflicts(person, absences, snapshot, policy, now), *_unread(stale))
    if absences:
        last = max(absences, key=lambda one: (one.until, -one.rank, one.said))
        return Availability(
            state=State.AWAY, why=last.said, until=last.until, source=last.source, notes=notes
        )
    quiet = _quiet(person, snapshot, policy, now)
    if quiet is not None:
        said = f"has quiet hours until {quiet:%Y-%m-%d %H:%M} UTC"
        return Availability(
            state=State.QUIET, why=said, until=quiet, source="own choice", notes=notes
        )
    week = week_of(person, policy.working_hours, off_days(person, snapshot.holidays))
    if not is_working(now, week):
        said = "is outside their working hours"
        return Availability(state=State.OFF_HOURS, why=said, source="hours", notes=notes)
    if stale:
        said = f"may be away, as {_listed(list(stale))} was not read lately"
        return Availability(state=State.UNKNOWN, why=said, notes=notes)
    return Availability(state=State.AVAILABLE, notes=notes)


def source_of(row: OutOfOffice) -> str:
    """The kind of source that a row is from, as the policy's precedence names it."""
    kind = row.source.partition(":")[0]
    return kind if kind in _NAMED else "crm"


def _absences(person: Person, snapshot: Snapshot, policy: Policy, now: datetime) -> list[_Absence]:
    """Those that hold now and that no source before them denies."""
    rank: dict[str, int] = {
        source: number for number, source in enumerate(policy.availability.precedence)
    }
    rows = [
        row
        for row in snapshot.out_of_office
        if row.person_id == person.id and row.starts_at <= now < row.ends_at
        if source_of(row) in rank
    ]
    denied = min((rank[source_of(row)] for row in rows if row.available), default=len(rank))
    found = [
        _Absence(
            rank[source_of(row)],
            row.source,
            row.ends_at,
            f"is out of office until {row.ends_at:%Y-%m-%d %H:%M} UTC ({row.source})",
        )
        for row in rows
        if not row.available and rank[source_of(row)] < denied
    ]
    if rank.get("holiday", denied) < denied:
        found += _holiday(person, snapshot, policy, now, rank["holiday"])
    return found


def _holiday(
    person: Person, snapshot: Snapshot, policy: Policy, now: datetime, rank: int
) -> list[_Absence]:
    zone = week_of(person, policy.working_hours).zone
    today = now.astimezone(zone).date()
    midnight = datetime.combine(today + timedelta(days=1), time(), zone).astimezone(now.tzinfo)
    return [
        _Absence(rank, "holiday", midnight, f"has a public holiday ({one.name})")
        for one in snapshot.holidays.get(person.id, ())
        if one.day == today
    ]


def _quiet(person: Person, snapshot: Snapshot, policy: Policy, now: datetime) -> datetime | None:
    """When the person's quiet hours end, if these are such."""
    own = snapshot.preferences.get(person.id)
    if own is None or own.quiet is None or not policy.rep_choice.quiet_hours:
        return None
    start, end = own.quiet
    local = now.astimezone(week_of(person, policy.working_hours).zone)
    minute = local.hour * 60 + local.minute
    inside = start <= minute < end if start <= end else minute >= start or minute < end
    if not inside or start == end:
        return None
    left = (end - minute) % (24 * 60)
    return now + timedelta(minutes=left)


def _stale(
    person: Person, snapshot: Snapshot, policy: Policy, now: datetime
) -> dict[str, datetime | None]:
    """The sources that ought to be read for the person and were not lately, and when they were."""
    oldest = now - timedelta(minutes=policy.availability.stale_minutes)
    sources = snapshot.sources_of(person.id)
    return {
        source: sources[source]
        for source in policy.availability.precedence
        if source in sources and ((read := sources[source]) is None or read < oldest)
    }


def _unread(stale: Mapping[str, datetime | None]) -> tuple[str, ...]:
    said = []
    for source, read in stale.items():
        since = f"since {read:%Y-%m-%d %H:%M} UTC" if read else "yet"
        said.append(f"{source} was not read {since}")
    return tuple(said)


def _conflicts(
    person: Person, absences: list[_Absence], snapshot: Snapshot, policy: Policy, now: datetime
) -> tuple[str, ...]:
    """What other sources say to the contrary of those that have the person away."""
    rows = [
        row
        for row in snapshot.out_of_office
        if row.person_id == person.id and row.starts_at <= now < row.ends_at
    ]
    says_in = sorted({row.source for row in rows if row.available})
    says_away = sorted({row.source for row in rows if not row.available})
    if says_in and says_away:
        return (f"{_listed(says_away)} has {person.name} away, {_listed(says_in)} has them in",)
    if not absences:
        return ()
    told = {source_of(row) for row in rows}
    silent = [
        source
        for source in policy.availability.precedence
        if source in snapshot.sources_of(person.id) and source not in told and source != "holiday"
    ]
    if not says_away or not silent:
        return ()
    return (f"{_listed(says_away)} has {person.name} away, {_listed(silent)} says nothing of it",)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
