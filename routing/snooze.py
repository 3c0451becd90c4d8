"""Until when an alert is put off: a while, or the start of the person's next working day."""

from __future__ import annotations

from datetime import datetime, timedelta

from routing.availability import State, availability
from routing.calendar import off_days, week_of
from routing.nouns import Person
from routing.policy import Policy
from routing.snapshot import Snapshot
from routing.terms import TOMORROW, span_in_words, span_minutes

_LONGEST_SEARCH = 31
"""Days; nobody may put an alert off for longer."""


def in_words(choice: str) -> str:
    """What a rep chooses: “30 minutes”, “Tomorrow morning”."""
    return "Tomorrow morning" if choice == TOMORROW else span_in_words(choice)


def wakes_at(
    choice: str, person: Person, snapshot: Snapshot, policy: Policy, now: datetime
) -> datetime | None:
    """When an alert that ``person`` puts off at ``now`` is told again (UTC).

    Minutes, hours and days are wall time. None when no working day of theirs is near.
    """
    if choice != TOMORROW:
        return now + timedelta(minutes=span_minutes(choice))
    return next_morning(person, snapshot, policy, now)


def next_morning(
    person: Person, snapshot: Snapshot, policy: Policy, now: datetime
) -> datetime | None:
    """When the person's next working day after the local day of ``now`` begins (UTC).

    By their own hours and time zone; a holiday is none, nor is a day on which they are away to
    its end. Where they are away or want quiet for its first hours, it begins after these.
    """
    week = week_of(person, policy.working_hours, off_days(person, snapshot.holidays))
    today = now.astimezone(week.zone).date()
    for ahead in range(1, _LONGEST_SEARCH + 1):
        for opens, closes in week.on(today + timedelta(days=ahead)):
            begins = _first_free(opens, closes, person, snapshot, policy)
            if begins is not None:
                return begins
    return None


def _first_free(
    opens: datetime, closes: datetime, person: Person, snapshot: Snapshot, policy: Policy
) -> datetime | None:
    moment = opens
    while moment < closes:
        stands = availability(person, snapshot, policy, moment)
        if stands.state not in (State.AWAY, State.QUIET) or stands.until is None:
            return moment
        moment = stands.until
    return None


def zone_of(person: Person, policy: Policy) -> str:
    """The name of the person's time zone."""
    return week_of(person, policy.working_hours).zone.key
