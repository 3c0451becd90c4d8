"""Medians that a manager can trust: counts first, the unanswered always beside the answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GOOD_MINUTES = 120
BAD_MINUTES = 360


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One fired alert. ``rep`` names who held it; latencies are minutes, None while unanswered."""

    rep: str
    latency_minutes: float | None
    working_latency_minutes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A line of the latency report. Medians and P90 are over the answered alerts, in minutes."""

    rep: str
    n: int
    answered: int
    unanswered: int
    median: float | None
    p90: float | None
    working_median: float | None
    working_p90: float | None
    mark: str
    """'good' (working median within 2 h), 'fair', 'bad' (over 6 h) or 'none'."""


def summarise(timings: Iterable[Timing], rep: str) -> Summary:
    """The summary of all given timings under one name."""
    rows = list(timings)
    wall = sorted(row.latency_minutes for row in rows if row.latency_minutes is not None)
    working = sorted(
        row.working_latency_minutes for row in rows if row.working_latency_minutes is not None
    )
    median = percentile(working, 0.5)
    return Summary(
        rep=rep,
        n=len(rows),
        answered=len(wall),
        unanswered=len(rows) - len(wall),
        median=percentile(wall, 0.5),
        p90=percentile(wall, 0.9),
        working_median=median,
        working_p90=percentile(working, 0.9),
        mark=_mark(median),
    )


def report(timings: Sequence[Timing]) -> list[Summary]:
    """The team's line, then one a rep by name."""
    reps = sorted({row.rep for row in timings})
    lines = [summarise((row for row in timings if row.rep == rep), rep) for rep in reps]
    return [summarise(timings, "team"), *lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one person had of one alert's clock; minutes are None while they still have it.

    ``answered`` says that the response came while it was theirs.
    """

    holder: str
    minutes: float | None
    working_minutes: float | None
    answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderSummary:
    """A line of the latency by holder: how long alerts stay with somebody, answered or not.

    Of the ``alerts`` that were theirs, ``answered`` were while they had them, ``passed_on`` went
    to somebody else before, and ``open`` are theirs still. Minutes are over those that are not.
    """

    holder: str
    alerts: int
    answered: int
    passed_on: int
    open: int
    median: float | None
    p90: float | None
    working_median: float | None
    working_p90: float | None


def by_holder(rows: Sequence[Held]) -> list[HolderSummary]:
    """A line a holder, by name; each row is one alert of theirs."""
    names = sorted({row.holder for row in rows})
    return [_of_holder(name, [row for row in rows if row.holder == name]) for name in names]


def _of_holder(name: str, rows: Sequence[Held]) -> HolderSummary:
    wall = sorted(row.minutes for row in rows if row.minutes is not None)
    working = sorted(row.working_minutes for row in rows if row.working_minutes is not None)
    answered = sum(row.answered for row in rows)
    still = sum(row.minutes is None for row in rows)
    return HolderSummary(
        holder=name,
        alerts=len(rows),
        answered=answered,
        passed_on=len(rows) - answered - still,
        open=still,
        median=percentile(wall, 0.5),
        p90=percentile(wall, 0.9),
        working_median=percentile(working, 0.5),
        working_p90=percentile(working, 0.9),
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The percentile by linear interpolation between the two nearest ranks; None for nothing."""
    if not ordered:
        return None
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _mark(median: float | None) -> str:
    if median is None:
        return "none"
    if median <= GOOD_MINUTES:
        return "good"
    return "bad" if median > BAD_MINUTES else "fair"
