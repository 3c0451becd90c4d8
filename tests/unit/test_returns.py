"""When somebody is back, and what went past them: the hour of the return brief."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from routing.nouns import OutOfOffice
from routing.receipt import Place, Step
from routing.returns import goes_past, is_back
from routing.snapshot import Holiday, Preference
from routing.terms import RungKind
from tests.unit.routing_kit import NOW, away, facts, ladder, policy, team

HOURS = {"time_zone": "UTC", "start": "09:00", "end": "18:00"}
NEW_YORK = {"ann": {"time_zone": "America/New_York", "backup_id": "u-ben"}}


def absence(since: str, until: str, source: str = "crm") -> OutOfOffice:
    starts, ends = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (since, until))
    return OutOfOffice(
        id=f"{source}:{since}", person_id="u-ann", starts_at=starts, ends_at=ends, source=source
    )


def hour_back(after: str, *absences: OutOfOffice, rules: Any = None, **known: Any) -> str:
    """The first quarter of an hour after ``after`` in which Ann is back, in UTC."""
    snapshot = facts(**({"people": team(**NEW_YORK)} | known | {"out_of_office": absences}))
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    for _ in range(4 * 24 * 8):
        if is_back(
            snapshot.people["u-ann"], snapshot, rules or policy(working_hours=HOURS), moment
        ):
            return f"{moment:%Y-%m-%d %H:%M}"
        moment += timedelta(minutes=15)
    return "never"


@pytest.mark.parametrize(
    ("until", "back"),
    [
        ("2026-05-28T04:00", "2026-05-28 13:00"),  # Thursday's midnight → 09:00 in New York
        ("2026-05-30T04:00", "2026-06-01 13:00"),  # Saturday's midnight → Monday
        ("2026-05-28T17:30", "2026-05-28 17:30"),  # in the middle of the day: at once
        ("2026-05-28T22:00", "2026-05-29 13:00"),  # at the end of the day: the next one
    ],
    ids=["a night", "a weekend", "a part of a day", "the end of a day"],
)
def test_somebody_is_back_in_their_first_working_hour(until: str, back: str) -> None:
    assert hour_back("2026-05-26T00:00", absence("2026-05-25T04:00", until)) == back


@pytest.mark.parametrize(
    ("since", "until", "back"),
    [
        ("2026-10-30T04:00", "2026-11-01T04:00", "2026-11-02 14:00"),
        ("2027-03-12T05:00", "2027-03-14T05:00", "2027-03-15 13:00"),
    ],
    ids=["clocks are put back", "clocks are put forward"],
)
def test_it_is_nine_on_their_own_clock_also_when_clocks_have_changed(
    since: str, until: str, back: str
) -> None:
    assert hour_back(since, absence(since, until)) == back


def test_a_public_holiday_and_quiet_hours_put_it_off() -> None:
    row = absence("2026-05-20T04:00", "2026-05-25T04:00")
    off = {"u-ann": (Holiday(day=date(2026, 5, 25), name="Memorial Day"),)}
    assert hour_back("2026-05-24T00:00", row, holidays=off) == "2026-05-26 13:00"
    quiet = {"u-ann": Preference(quiet=(18 * 60, 10 * 60 + 30))}
    assert hour_back("2026-05-24T00:00", row, preferences=quiet) == "2026-05-25 14:30"


def test_absences_that_meet_or_all_but_touch_are_one() -> None:
    crm = absence("2026-05-25T04:00", "2026-05-27T16:00")
    calendar = absence("2026-05-26T04:00", "2026-05-28T04:00", "calendar")
    assert hour_back("2026-05-25T14:00", crm, calendar) == "2026-05-28 13:00"
    slack = absence("2026-05-27T16:45", "2026-05-27T20:00", "slack")
    assert hour_back("2026-05-25T14:00", crm, slack) == "2026-05-27 20:00"
    later = absence("2026-05-27T19:00", "2026-05-27T20:00", "slack")
    assert hour_back("2026-05-25T14:00", crm, later) == "2026-05-27 16:00"


def test_who_says_by_hand_that_they_are_in_is_back_whatever_the_calendar_says() -> None:
    crm = absence("2026-05-25T04:00", "2026-05-30T04:00")
    here = absence("2026-05-26T15:00", "2026-05-30T04:00", "manual")
    word = OutOfOffice(
        **{name: getattr(here, name) for name in ("id", "person_id", "starts_at", "ends_at")},
        source="manual:ann",
        available=True,
    )
    assert hour_back("2026-05-25T14:00", crm, word) == "2026-05-26 15:00"


def test_a_source_that_was_not_read_counts_as_for_alerts() -> None:
    unread = {"sources": {"slack": None}}
    assert hour_back("2026-05-25T13:00", **unread) == "2026-05-25 13:00"
    passing = policy(working_hours=HOURS, availability={"unknown": "pass_over"})
    assert hour_back("2026-05-25T13:00", rules=passing, **unread) == "never"


@pytest.mark.parametrize("left", [{"active": False}, {"email": ""}, {"queue": True}])
def test_nobody_is_told_who_has_left_or_cannot_be_reached(left: dict[str, Any]) -> None:
    assert hour_back("2026-05-25T13:00", people=team(ann=left)) == "never"


def told(key: str) -> Step:
    place = Place(surface="slack", kind="person", address=f"{key}@team.example")
    return Step(number=1, kind=RungKind.BACKUP, place=place, wait=5, name=key, person_id=f"u-{key}")


def test_an_alert_goes_past_its_assignee_only_while_they_are_away() -> None:
    gone, here = facts(out_of_office=(away("ann"),)), facts()
    assert goes_past("u-ann", told("ben"), gone, policy(), NOW)
    assert not goes_past("u-ann", told("ben"), here, policy(), NOW)
    assert not goes_past("u-ann", told("ann"), gone, policy(), NOW)
    assert not goes_past(None, told("ben"), gone, policy(), NOW)
    assert not goes_past("u-ann", told("ben"), gone, policy(), NOW, declined=frozenset({"u-ann"}))


def test_a_ladder_that_asks_no_assignee_passes_nobody_over() -> None:
    gone = facts(out_of_office=(away("ann"),))
    rules = policy(ladders={"form": ladder("claim_channel", "admin")})
    assert not goes_past("u-ann", told("ben"), gone, rules, NOW, ladder="form")
