from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.latency import Timing, percentile, report, summarise


def timing(working: float | None, rep: str = "Ann", wall: float | None = None) -> Timing:
    shown = working if wall is None else wall
    return Timing(rep=rep, latency_minutes=shown, working_latency_minutes=working)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle() -> None:
    assert summarise([timing(one) for one in (10, 40, 20, 100)], "team").median == 30


def test_the_median_and_p90_are_those_of_the_answered_and_the_unanswered_are_counted() -> None:
    answered = [timing(float(one)) for one in range(0, 101, 10)]
    found = summarise([*answered, timing(None), timing(None)], "team")
    assert (found.n, found.answered, found.unanswered) == (13, 11, 2)
    assert (found.median, found.p90) == (50, 90)


def test_wall_and_working_minutes_are_kept_apart() -> None:
    found = summarise([timing(60, wall=3900)], "team")
    assert (found.median, found.p90) == (3900, 3900)
    assert (found.working_median, found.working_p90) == (60, 60)
    assert found.mark == "good"


@pytest.mark.parametrize(
    ("median", "mark"),
    [(0, "good"), (120, "good"), (120.01, "fair"), (360, "fair"), (360.01, "bad")],
)
def test_the_marks_stand_at_two_and_six_working_hours(median: float, mark: str) -> None:
    assert summarise([timing(median)], "team").mark == mark


def test_nothing_answered_has_no_median_and_no_mark() -> None:
    found = summarise([timing(None)], "team")
    assert (found.n, found.unanswered) == (1, 1)
    assert (found.median, found.p90, found.working_median, found.mark) == (None, None, None, "none")


def test_no_alerts_at_all_are_a_line_of_zeros() -> None:
    (team,) = report([])
    assert (team.rep, team.n, team.answered, team.unanswered) == ("team", 0, 0, 0)


def test_the_report_begins_with_the_team_and_goes_on_by_name() -> None:
    rows = [timing(10, "Zoe"), timing(400, "Ann"), timing(None, "Ann")]
    lines = report(rows)
    assert [(line.rep, line.n, line.mark) for line in lines] == [
        ("team", 3, "fair"),
        ("Ann", 2, "bad"),
        ("Zoe", 1, "good"),
    ]


minutes = st.lists(st.floats(0, 100_000), min_size=1, max_size=40)


@given(minutes)
def test_the_median_is_the_one_that_everybody_knows(values: list[float]) -> None:
    assert percentile(sorted(values), 0.5) == pytest.approx(statistics.median(values))


@given(minutes, st.floats(0, 1))
def test_a_percentile_lies_among_the_values(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)
    assert found is not None
    assert min(values) - 1e-6 <= found <= max(values) + 1e-6
