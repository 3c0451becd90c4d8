"""Until when an alert is put off: the person's own morning, whatever the calendar does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from routing.nouns import OutOfOffice, Person
from routing.policy import Policy
from routing.snapshot import Holiday, Preference, Snapshot
from routing.snooze import in_words, wakes_at
from routing.terms import TOMORROW
from tests.unit.routing_kit import POLICY

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
ANN = Person(id="u-1", email="ann@team.example", name="Ann", time_zone="Europe/Berlin")
RULES = Policy.model_validate(POLICY)
# 2026: Europe changes on March 29 and October 25. May 22 is a Friday.
FRIDAY = datetime(2026, 5, 22, 16, 30, tzinfo=BERLIN).astimezone(UTC)


def at(*parts: int, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime(*parts, tzinfo=zone).astimezone(UTC)  # type: ignore[misc,arg-type]


def known(person: Person = ANN, **more: Any) -> Snapshot:
    return Snapshot(people={person.id: person}, **more)


def away(start: datetime, end: datetime) -> tuple[OutOfOffice, ...]:
    return (OutOfOffice(id="o", person_id=ANN.id, starts_at=start, ends_at=end, source="manual"),)


def morning(now: datetime, snapshot: Snapshot | None = None) -> datetime | None:
    return wakes_at(TOMORROW, ANN, snapshot or known(), RULES, now)


def test_a_while_is_wall_time_through_the_change_of_the_clocks() -> None:
    before = at(2026, 3, 29, 1, 45)
    assert wakes_at("30m", ANN, known(), RULES, before) == before + timedelta(minutes=30)
    assert wakes_at("2d", ANN, known(), RULES, before) == before + timedelta(days=2)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(2026, 5, 19, 16), at(2026, 5, 20, 9)),
        (FRIDAY, at(2026, 5, 25, 9)),  # over the weekend
        (at(2026, 5, 19, 7), at(2026, 5, 20, 9)),  # before work: the next day, not this one
        (at(2026, 3, 27, 12), at(2026, 3, 30, 9)),  # summer time begins in between
        (at(2026, 10, 23, 12), at(2026, 10, 26, 9)),  # and ends
        (at(2026, 5, 20, 0, 30), at(2026, 5, 21, 9)),
    ],
)
def test_tomorrow_is_nine_in_the_morning_of_their_next_working_day(
    now: datetime, until: datetime
) -> None:
    assert morning(now) == until


def test_tomorrow_is_by_their_own_zone_and_hours() -> None:
    ann = replace(ANN, time_zone="America/New_York", working_hours="[[1,420,900],[2,600,900]]")
    now = at(2026, 5, 18, 23, zone=NEW_YORK)  # Tuesday already in Berlin
    assert wakes_at(TOMORROW, ann, known(ann), RULES, now) == at(2026, 5, 19, 7, zone=NEW_YORK)
    later = at(2026, 5, 19, 8, zone=NEW_YORK)
    assert wakes_at(TOMORROW, ann, known(ann), RULES, later) == at(2026, 5, 20, 10, zone=NEW_YORK)


def test_a_holiday_is_no_morning() -> None:
    whit_monday = {ANN.id: (Holiday(day=date(2026, 5, 25), name="Whit Monday"),)}
    assert morning(FRIDAY, known(holidays=whit_monday)) == at(2026, 5, 26, 9)


@pytest.mark.parametrize(
    ("start", "end", "until"),
    [
        (at(2026, 5, 25), at(2026, 5, 28), at(2026, 5, 28, 9)),
        (at(2026, 5, 25, 8), at(2026, 5, 25, 11, 30), at(2026, 5, 25, 11, 30)),  # back at noon
        (at(2026, 5, 25, 12), at(2026, 5, 25, 15), at(2026, 5, 25, 9)),  # leaves later
        (at(2026, 5, 22, 17), at(2026, 5, 26, 18), at(2026, 5, 27, 9)),
    ],
)
def test_days_and_hours_out_of_office_are_no_morning(
    start: datetime, end: datetime, until: datetime
) -> None:
    assert morning(FRIDAY, known(out_of_office=away(start, end))) == until


def test_quiet_hours_are_left_in_peace() -> None:
    own = {ANN.id: Preference(quiet=(20 * 60, 10 * 60 + 15))}
    assert morning(FRIDAY, known(preferences=own)) == at(2026, 5, 25, 10, 15)


def test_who_is_away_for_long_has_no_morning_that_is_near() -> None:
    assert morning(FRIDAY, known(out_of_office=away(FRIDAY, FRIDAY + timedelta(days=90)))) is None


@pytest.mark.parametrize(
    ("choice", "words"),
    [("30m", "30 minutes"), ("1h", "1 hour"), ("2d", "2 days"), (TOMORROW, "Tomorrow morning")],
)
def test_choices_read_well(choice: str, words: str) -> None:
    assert in_words(choice) == words
