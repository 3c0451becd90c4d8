"""What a calendar feed says of its owner's absences: the vendors' marks, zones, repetition."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connectors.calendar.events import NoCalendarError, absences
from connectors.calendar.settings import AWAY_PATTERN
from routing.nouns import Person

NEW_YORK = ZoneInfo("America/New_York")
PERSON = Person(id="p", email="ann@team.example", name="Ann")
NOW = datetime(2026, 10, 30, 12, tzinfo=UTC)
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n"
OOF = "X-MICROSOFT-CDO-BUSYSTATUS:OOF"
_DAY = ("DTSTART;VALUE=DATE:20261102", "DTEND;VALUE=DATE:20261103")


def event(*lines: str, uid: str = "1") -> str:
    """An event; lines as they stand in a feed."""
    return "\r\n".join(
        ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261001T000000Z", *lines, "END:VEVENT", "")
    )


def spans(*events: str, zone: ZoneInfo = NEW_YORK, head: str = HEAD) -> list[tuple[str, str]]:
    """The absences of a feed as (start, end) in UTC."""
    text = (head + "".join(events) + "END:VCALENDAR\r\n").encode()
    rows = absences(text, PERSON, zone, AWAY_PATTERN, NOW, 45)
    assert len({one.id for one in rows}) == len(rows)
    return sorted((f"{one.starts_at:%d %H:%M}", f"{one.ends_at:%d %H:%M}") for one in rows)


def test_a_day_is_the_owners_own_and_its_end_is_the_return() -> None:
    day = event("SUMMARY:Out of office", *_DAY)
    assert spans(day) == [("02 05:00", "03 05:00")]
    assert spans(day, zone=ZoneInfo("Asia/Tokyo")) == [("01 15:00", "02 15:00")]
    alone = event("SUMMARY:Vacation", "DTSTART;VALUE=DATE:20261102")
    assert spans(alone) == [("02 05:00", "03 05:00")]


def test_a_day_on_which_clocks_change_has_its_own_length() -> None:
    change = event(OOF, "DTSTART;VALUE=DATE:20261101", "DTEND;VALUE=DATE:20261102")
    assert spans(change) == [("01 04:00", "02 05:00")]  # 25 hours


@pytest.mark.parametrize(
    ("lines", "away"),
    [
        (("SUMMARY:Dentist", OOF), True),
        (("SUMMARY:Out of office", "X-MICROSOFT-CDO-BUSYSTATUS:BUSY"), False),
        (("SUMMARY:OOO",), True),
        (("SUMMARY:Trip", "CATEGORIES:Travel,Vacation"), True),
        (("SUMMARY:Review of the vacationer app",), False),
        (("SUMMARY:OOO", "STATUS:CANCELLED"), False),
        (("SUMMARY:OOO", "TRANSP:TRANSPARENT"), False),
        (("SUMMARY:Standup",), False),
    ],
)
def test_what_means_away(lines: tuple[str, ...], *, away: bool) -> None:
    assert bool(spans(event(*lines, *_DAY))) is away


def test_part_of_a_day_with_and_without_a_zone() -> None:
    hours = ("DTSTART{zone}:20261102T130000", "DTEND{zone}:20261102T170000")

    def one(zone: str) -> list[tuple[str, str]]:
        return spans(event(OOF, *(line.format(zone=zone) for line in hours)))

    assert one("") == [("02 18:00", "02 22:00")]  # on the owner's clock
    assert one(";TZID=Europe/Berlin") == [("02 12:00", "02 16:00")]
    assert one(";TZID=W. Europe Standard Time") == [("02 12:00", "02 16:00")]


def test_a_series_keeps_its_hour_over_the_change_of_clocks_and_its_exceptions() -> None:
    weekly = event(
        OOF,
        "DTSTART;TZID=America/New_York:20261023T130000",
        "DTEND;TZID=America/New_York:20261023T170000",
        "RRULE:FREQ=WEEKLY;COUNT=5",
        "EXDATE;TZID=America/New_York:20261113T130000",
    )
    moved = event(
        "SUMMARY:In after all",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
        "RECURRENCE-ID;TZID=America/New_York:20261120T130000",
        "DTSTART;TZID=America/New_York:20261120T130000",
        "DTEND;TZID=America/New_York:20261120T170000",
    )
    assert spans(weekly, moved) == [("06 18:00", "06 22:00"), ("30 17:00", "30 21:00")]


def test_a_rule_without_end_that_repeats_each_second_is_left_out() -> None:
    bomb = event(OOF, "DTSTART:20261030T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY")
    assert spans(bomb, event("SUMMARY:OOO", *_DAY, uid="2")) == [("02 05:00", "03 05:00")]


def test_a_private_title_is_not_kept() -> None:
    text = HEAD + event("SUMMARY:Surgery", OOF, "CLASS:PRIVATE", *_DAY) + "END:VCALENDAR\r\n"
    (one,) = absences(text.encode(), PERSON, NEW_YORK, AWAY_PATTERN, NOW, 45)
    assert (one.note, one.source) == ("", "calendar:ics")


@pytest.mark.parametrize("text", [b"", b"<html>Sign in</html>", HEAD.encode(), b"\xff\xfe\x00"])
def test_what_is_no_calendar_is_said_to_be_none(text: bytes) -> None:
    with pytest.raises(NoCalendarError):
        absences(text, PERSON, NEW_YORK, AWAY_PATTERN, NOW, 45)
