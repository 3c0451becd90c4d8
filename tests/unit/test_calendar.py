from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.calendar import Week, after_minutes, is_working, minutes_between, week_of
from routing.nouns import Person
from routing.policy import WorkingHours

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NINE_TO_FIVE = tuple((day, 9 * 60, 17 * 60) for day in range(5))
ROUND_THE_CLOCK = tuple((day, 0, 24 * 60) for day in range(7))
NIGHTS = tuple(row for day in range(7) for row in ((day, 0, 6 * 60), (day, 22 * 60, 24 * 60)))
# 2026: Europe changes on March 29 and October 25, the United States on March 8 and November 1.


def at(zone: ZoneInfo, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=zone, fold=fold).astimezone(UTC)  # type: ignore[misc,arg-type]


def person(**more: Any) -> Person:
    return Person(id="u-1", email="ann@team.example", name="Ann", **more)


def test_from_friday_half_past_four_to_monday_half_past_nine_is_one_hour() -> None:
    week = Week(BERLIN, NINE_TO_FIVE)
    friday, monday = at(BERLIN, 2026, 5, 22, 16, 30), at(BERLIN, 2026, 5, 25, 9, 30)
    assert minutes_between(friday, monday, week) == 60
    assert after_minutes(friday, 60, week) == monday


def test_time_outside_the_hours_counts_nothing() -> None:
    week = Week(BERLIN, NINE_TO_FIVE)
    evening, dawn = at(BERLIN, 2026, 5, 25, 17, 0), at(BERLIN, 2026, 5, 26, 9, 0)
    assert minutes_between(evening, dawn, week) == 0
    assert after_minutes(evening, 1, week) == dawn + timedelta(minutes=1)


def test_an_end_before_the_start_counts_nothing() -> None:
    week = Week(BERLIN, ROUND_THE_CLOCK)
    moment = at(BERLIN, 2026, 5, 25, 12)
    assert minutes_between(moment, moment - timedelta(hours=1), week) == 0
    assert minutes_between(moment, moment, week) == 0


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, (2026, 3, 28), 24),
        (BERLIN, (2026, 3, 29), 23),
        (BERLIN, (2026, 10, 25), 25),
        (NEW_YORK, (2026, 3, 8), 23),
        (NEW_YORK, (2026, 11, 1), 25),
    ],
)
def test_a_day_has_the_hours_that_a_person_on_the_spot_would_count(
    zone: ZoneInfo, day: tuple[int, int, int], hours: int
) -> None:
    begin = at(zone, *day)
    end = at(zone, day[0], day[1], day[2] + 1) if day[2] < 31 else begin
    assert minutes_between(begin, end, Week(zone, ROUND_THE_CLOCK)) == hours * 60


@pytest.mark.parametrize(
    ("zone", "friday", "monday"),
    [
        (BERLIN, (2026, 3, 27, 16, 0), (2026, 3, 30, 10, 0)),
        (BERLIN, (2026, 10, 23, 16, 0), (2026, 10, 26, 10, 0)),
        (NEW_YORK, (2026, 3, 6, 16, 0), (2026, 3, 9, 10, 0)),
        (NEW_YORK, (2026, 10, 30, 16, 0), (2026, 11, 2, 10, 0)),
    ],
)
def test_a_weekend_in_which_the_clocks_change_leaves_office_hours_alone(
    zone: ZoneInfo, friday: tuple[int, ...], monday: tuple[int, ...]
) -> None:
    week = Week(zone, NINE_TO_FIVE)
    assert minutes_between(at(zone, *friday), at(zone, *monday), week) == 120
    assert after_minutes(at(zone, *friday), 120, week) == at(zone, *monday)


@pytest.mark.parametrize(("day", "minutes"), [((3, 28), 480), ((3, 29), 420), ((10, 25), 540)])
def test_a_night_shift_is_as_long_as_it_was(day: tuple[int, int], minutes: int) -> None:
    morning = at(BERLIN, 2026, *day, 12)
    evening = at(BERLIN, 2026, day[0], day[1] - 1, 12)
    assert minutes_between(evening, morning, Week(BERLIN, NIGHTS)) == minutes


def test_a_window_that_begins_in_the_hour_that_is_left_out_is_counted_once() -> None:
    week = Week(BERLIN, ((6, 60, 150), (6, 180, 300)))
    begin, end = at(BERLIN, 2026, 3, 29), at(BERLIN, 2026, 3, 30)
    assert minutes_between(begin, end, week) == 180
    assert after_minutes(begin, 180, week) == at(BERLIN, 2026, 3, 29, 5)


def test_a_shift_past_midnight_is_two_windows_that_meet() -> None:
    week = Week(BERLIN, NIGHTS)
    midnight = at(BERLIN, 2026, 5, 26)
    assert is_working(midnight - timedelta(minutes=1), week)
    assert is_working(midnight, week)
    assert not is_working(midnight + timedelta(hours=6), week)


def test_the_start_of_a_window_is_working_time_and_its_end_is_not() -> None:
    week = Week(NEW_YORK, NINE_TO_FIVE)
    assert is_working(at(NEW_YORK, 2026, 5, 25, 9), week)
    assert is_working(at(NEW_YORK, 2026, 5, 25, 16, 59), week)
    assert not is_working(at(NEW_YORK, 2026, 5, 25, 17), week)
    assert not is_working(at(NEW_YORK, 2026, 5, 24, 12), week)


def test_own_hours_and_zone_go_before_the_default() -> None:
    hours = json.dumps([[0, 600, 840], [5, 0, 1440]])
    week = week_of(person(time_zone="Asia/Tokyo", working_hours=hours), WorkingHours())
    assert week == Week(ZoneInfo("Asia/Tokyo"), ((0, 600, 840), (5, 0, 1440)))


def test_the_default_hours_are_kept_in_the_zone_of_the_person() -> None:
    hours = WorkingHours.model_validate({"time_zone": "UTC", "days": ["mon"], "end": "17:30"})
    week = week_of(person(time_zone="America/New_York"), hours)
    assert week == Week(NEW_YORK, ((0, 540, 1050),))


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "\x00", "Europe"])
def test_a_person_without_a_zone_that_exists_is_in_the_default_one(zone: str) -> None:
    hours = WorkingHours(time_zone="Europe/Berlin")
    assert week_of(person(time_zone=zone), hours).zone == BERLIN
    assert week_of(None, hours) == week_of(person(), hours)


@pytest.mark.parametrize(
    "hours",
    [
        "",
        "{",
        "null",
        "7",
        "[]",
        "[[0]]",
        '[["mon", 1, 2]]',
        "[[0, Infinity, 5]]",
        "[[0, NaN, 5]]",
        "[[7, 0, 60]]",
        "[[0, 600, 540]]",
        "[[0, -60, 60]]",
        "[[0, 0, 1441]]",
        "[" * 100_000,
    ],
)
def test_hours_that_make_no_sense_give_way_to_the_default(hours: str) -> None:
    assert week_of(person(working_hours=hours), WorkingHours()) == week_of(None, WorkingHours())


def test_windows_that_overlap_are_not_counted_twice() -> None:
    week = week_of(person(working_hours="[[0, 540, 1020], [0, 600, 1080]]"), WorkingHours())
    day = datetime(2026, 5, 25, tzinfo=UTC)
    assert minutes_between(day, day + timedelta(days=1), week) == 540
    assert after_minutes(day, 540, week) == day + timedelta(hours=18)


def test_a_day_named_twice_is_one_day() -> None:
    hours = WorkingHours(days=("mon", "mon"))
    day = datetime(2026, 5, 25, tzinfo=UTC)
    assert minutes_between(day, day + timedelta(days=1), week_of(None, hours)) == 540


def test_a_week_without_any_hours_lets_time_pass_as_it_does() -> None:
    moment = at(BERLIN, 2026, 5, 25, 12)
    assert after_minutes(moment, 90, Week(BERLIN, ())) == moment + timedelta(minutes=90)
    assert minutes_between(moment, moment + timedelta(days=9), Week(BERLIN, ())) == 0


moments = st.timedeltas(timedelta(0), timedelta(days=1000)).map(
    lambda length: datetime(2025, 1, 1, tzinfo=UTC) + length
)
zones = st.sampled_from(
    [BERLIN, NEW_YORK, *map(ZoneInfo, ("UTC", "Asia/Kolkata", "Australia/Lord_Howe"))]
)
windows = st.tuples(st.integers(0, 6), st.integers(0, 1410), st.integers(30, 1440)).map(
    lambda row: (row[0], row[1], min(1440, row[1] + row[2]))
)
weeks = st.builds(Week, zones, st.lists(windows, min_size=1, max_size=8).map(tuple))
lengths = st.timedeltas(timedelta(0), timedelta(days=9))


@given(moments, lengths, lengths, weeks)
def test_working_minutes_add_up(
    start: datetime, one: timedelta, other: timedelta, week: Week
) -> None:
    middle, end = start + one, start + one + other
    parts = minutes_between(start, middle, week) + minutes_between(middle, end, week)
    assert minutes_between(start, end, week) == pytest.approx(parts, abs=1e-6)
    assert 0 <= minutes_between(start, end, week) <= (end - start).total_seconds() / 60 + 1e-6


@given(moments, st.integers(1, 1500), weeks)
def test_waiting_some_working_minutes_takes_that_many_working_minutes(
    start: datetime, minutes: int, week: Week
) -> None:
    end = after_minutes(start, minutes, week)
    assert minutes_between(start, end, week) == pytest.approx(minutes, abs=1e-6)


@given(moments, st.integers(0, 600), st.integers(0, 600), weeks)
def test_waiting_longer_never_ends_earlier(
    start: datetime, one: int, other: int, week: Week
) -> None:
    ends = [after_minutes(start, minutes, week) for minutes in sorted((one, other))]
    assert start <= ends[0] <= ends[1]


@given(moments, weeks)
def test_a_moment_is_working_time_exactly_when_the_next_instant_counts(
    moment: datetime, week: Week
) -> None:
    counted = minutes_between(moment, moment + timedelta(microseconds=1), week)
    assert is_working(moment, week) is (counted > 0)
