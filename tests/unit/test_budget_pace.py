"""The pace of polling: it lasts to the end of the day, whatever the others use."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from worker.budget.pace import DAY, Day, Rules, State, interval, plan

RULES = Rules(share=0.25, reserve=0.05, slowest=30)
_CALLS = st.floats(0, 2_000_000, allow_nan=False)
_DAYS = st.builds(
    Day,
    used=_CALLS,
    most=st.floats(0, 1_000_000, allow_nan=False),
    own=_CALLS,
    forecast=_CALLS,
    seconds_left=st.none() | st.floats(0, DAY, allow_nan=False),
)
_RULES = st.builds(
    Rules,
    share=st.floats(0.01, 1),
    reserve=st.floats(0, 0.99),
    slowest=st.floats(1, 100),
)


@given(_DAYS, _RULES)
def test_the_pace_is_always_within_its_bounds(day: Day, rules: Rules) -> None:
    made = plan(day, rules)
    assert 1 <= made.pace <= rules.slowest
    assert made.left >= 0
    assert made.polls or made.pace == rules.slowest


@given(_DAYS, _RULES)
def test_more_used_is_never_faster(day: Day, rules: Rules) -> None:
    more = replace(day, used=day.used * 1.1 + 1)
    assert plan(more, rules).pace >= plan(day, rules).pace or day.most <= 0


@given(_DAYS, _RULES)
def test_a_paced_day_spends_neither_the_reserve_nor_more_than_the_share(
    day: Day, rules: Rules
) -> None:
    made = plan(day, rules)
    if day.seconds_left is None or not made.polls or made.state is State.UNKNOWN:
        return
    if made.pace >= rules.slowest:
        return  # as slow as allowed: the reserve is held by the pause that then comes
    spent = day.forecast * day.seconds_left / DAY / made.pace
    assert spent <= day.most * rules.share - day.own + 1e-3 * day.most + 1
    assert day.used + spent <= day.most * (1 - rules.reserve) + 1e-3 * day.most + 1


@given(st.floats(1, 90_000), st.floats(1, 100), st.none() | st.floats(1, 3600))
def test_stretching_goes_never_beyond_the_bound(
    every: float, pace: float, bound: float | None
) -> None:
    found = interval(every, pace, bound)
    assert found >= every
    assert bound is None or found <= max(every, bound)


def test_a_quiet_day_is_read_at_full_pace() -> None:
    day = Day(used=9_000, most=100_000, own=8_000, forecast=8_300)
    assert plan(day, RULES).state is State.EASY


def test_a_small_org_is_read_more_seldom_from_the_start() -> None:
    made = plan(Day(used=10, most=15_000, own=10, forecast=8_300), RULES)
    assert made.state is State.SLOWED
    assert 2.2 < made.pace < 2.3


def test_a_steady_state_in_a_rolling_day_is_not_slowed_for_what_rolls_off() -> None:
    day = Day(used=20_000, most=100_000, own=20_000, forecast=20_000)
    assert plan(day, RULES).state is State.EASY


def test_other_apps_that_use_the_day_slow_us() -> None:
    alone = Day(used=8_000, most=100_000, own=8_000, forecast=20_000)
    assert plan(alone, RULES).pace == 1
    assert plan(replace(alone, used=90_000), RULES).pace > 1


def test_the_reserve_and_the_end_of_the_day_pause_polling() -> None:
    assert plan(Day(used=95_500, most=100_000, own=0, forecast=1), RULES).state is State.RESERVE
    assert plan(Day(used=100_000, most=100_000, own=0, forecast=1), RULES).state is State.USED_UP
    assert not plan(Day(used=100_000, most=100_000, own=0, forecast=1), RULES).polls


def test_a_day_that_begins_anew_soon_is_read_faster_than_one_that_has_begun() -> None:
    day = Day(used=60_000, most=250_000, own=60_000, forecast=80_000, seconds_left=DAY)
    soon = plan(replace(day, seconds_left=600.0), RULES)
    assert soon.pace == 1
    assert plan(day, RULES).pace > 10


def test_a_crm_that_tells_nothing_is_read_at_full_pace() -> None:
    made = plan(Day(used=0, most=0, own=500, forecast=9_000), RULES)
    assert (made.state, made.pace, made.polls) == (State.UNKNOWN, 1.0, True)
