"""One answer from many sources: who is away, by whom, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from routing.availability import State, availability
from routing.snapshot import Holiday, Preference
from tests.unit.routing_kit import NOW, away, decided, facts, first, policy, team, why_not


def stands(rules: Any = None, **known: Any) -> Any:
    snapshot = facts(**known)
    return availability(snapshot.people["u-ann"], snapshot, rules or policy(), NOW)


def test_who_is_in_no_absence_and_at_work_is_available() -> None:
    assert stands().state is State.AVAILABLE


def test_an_absence_of_any_source_counts_and_names_it() -> None:
    for source in ("salesforce", "slack", "calendar", "manual", "field:OOO__c"):
        found = stands(out_of_office=(away("ann", source=source),))
        assert (found.state, found.source) == (State.AWAY, source)
        assert found.why == f"is out of office until 2026-05-26 14:00 UTC ({source})"


def test_a_source_that_the_policy_leaves_out_is_not_heard() -> None:
    rules = policy(availability={"precedence": ["crm"]})
    assert stands(rules, out_of_office=(away("ann", source="slack"),)).state is State.AVAILABLE


def test_who_says_by_hand_that_they_are_in_is_in_whatever_the_calendar_says() -> None:
    here = replace(away("ann", source="manual"), id="m", available=True)
    found = stands(out_of_office=(away("ann", source="calendar"), here))
    assert found.state is State.AVAILABLE
    assert found.notes == ("calendar has Ann away, manual has them in",)


def test_a_lesser_source_takes_nobody_back() -> None:
    here = replace(away("ann", source="slack"), id="s", available=True)
    assert stands(out_of_office=(away("ann", source="crm"), here)).state is State.AWAY


def test_a_part_of_a_day_is_an_absence_and_ends() -> None:
    assert stands(out_of_office=(away("ann", since=-1, until=0.5),)).state is State.AWAY
    assert stands(out_of_office=(away("ann", since=-2, until=0),)).state is State.AVAILABLE
    assert stands(out_of_office=(away("ann", since=0.1, until=4),)).state is State.AVAILABLE


def test_sources_that_contradict_each_other_are_named() -> None:
    found = stands(
        out_of_office=(away("ann", source="calendar"),), sources={"crm": NOW, "calendar": NOW}
    )
    assert found.notes == ("calendar has Ann away, crm says nothing of it",)


def test_a_public_holiday_of_the_region_is_an_absence_until_local_midnight() -> None:
    off = {"u-ann": (Holiday(day=NOW.date(), name="Memorial Day"),)}
    people = team(ann={"time_zone": "America/New_York"})
    found = stands(people=people, holidays=off)
    assert (found.state, found.why) == (State.AWAY, "has a public holiday (Memorial Day)")
    assert found.until is not None
    assert f"{found.until:%Y-%m-%dT%H:%MZ}" == "2026-05-26T04:00Z"


def test_outside_their_hours_people_wait_unless_the_policy_passes_them_over() -> None:
    night = {"people": team(ann={"time_zone": "Asia/Tokyo", "backup_id": "u-ben"})}
    assert stands(**night).state is State.OFF_HOURS
    assert first(decided(facts(**night))) == "ann@team.example"
    rules = policy(availability={"off_hours": "pass_over"})
    assert first(decided(facts(**night), rules)) == "ben@team.example"


def test_a_source_that_was_not_read_lately_never_means_available() -> None:
    old = {"sources": {"slack": NOW - timedelta(hours=2), "calendar": None}}
    found = stands(**old)
    assert found.state is State.UNKNOWN
    assert found.why == "may be away, as calendar and slack was not read lately"
    decision = decided(facts(**old))
    assert first(decision) == "ann@team.example"
    told = next(one for one in decision.candidates if one.taken)
    assert "slack was not read since 2026-05-25 12:00 UTC" in told.why
    passing = policy(availability={"unknown": "pass_over"})
    refused = why_not(decided(facts(**old), passing), "Ann")
    assert any("may be away" in why for why in refused)


def test_one_persons_unread_source_leaves_the_others_as_they_are() -> None:
    snapshot = facts(
        sources={"crm": NOW, "slack": NOW - timedelta(hours=2)},
        own_sources={"u-ann": {"calendar": None, "slack": NOW}, "u-ben": {"calendar": NOW}},
    )

    def of(key: str) -> Any:
        return availability(snapshot.people[f"u-{key}"], snapshot, policy(), NOW)

    assert of("ann").why == "may be away, as calendar was not read lately"
    assert of("ann").notes == ("calendar was not read yet",)
    assert of("ben").why == of("cid").why == "may be away, as slack was not read lately"


@pytest.mark.parametrize(
    ("quiet", "until"),
    [((13 * 60, 15 * 60), "15:00"), ((22 * 60, 14 * 60 + 30), "14:30")],
)
def test_quiet_hours_pass_a_rep_over_even_past_midnight(quiet: tuple[int, int], until: str) -> None:
    found = stands(preferences={"u-ann": Preference(quiet=quiet)})
    assert found.state is State.QUIET
    assert found.why == f"has quiet hours until 2026-05-25 {until} UTC"


def test_quiet_hours_need_the_policys_leave() -> None:
    rules = policy(rep_choice={"quiet_hours": False})
    wish = {"u-ann": Preference(quiet=(0, 24 * 60))}
    assert stands(rules, preferences=wish).state is State.AVAILABLE


def test_a_rep_may_silence_only_what_the_policy_leaves_to_them() -> None:
    from routing.policy import SignalClass
    from routing.receipt import Outcome
    from tests.unit.routing_kit import signal

    wish = {"u-ann": Preference(silent=(SignalClass.CLICK, SignalClass.MULTI_OPEN))}
    assert decided(facts(preferences=wish), of=signal("click")).outcome is Outcome.EXPLAIN
    assert decided(facts(preferences=wish)).outcome is Outcome.DIGEST
    rules = policy(rep_choice={"always_real_time": ["multi_open"]})
    assert decided(facts(preferences=wish), rules).outcome is Outcome.ALERT


def test_a_rep_is_told_on_their_own_surface_where_the_policy_offers_it() -> None:
    wish = {"u-ann": Preference(surface="email")}
    assert decided(facts(preferences=wish)).steps[0].place.surface == "slack"
    rules = policy(rep_choice={"surfaces": ["email"]})
    assert decided(facts(preferences=wish), rules).steps[0].place.surface == "email"
