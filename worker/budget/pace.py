"""How fast to poll so that the day's calls last: pure, from what is known to a pace.

Polling may use a share of the day, and never the reserve, which is for live reads and for what is
written back. Other apps of the account use up the same day.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DAY = 86_400.0
_CATCH_UP = 2.0
"""How much slower than planned, when more than our share is gone already."""


class State(StrEnum):
    """How the day stands. In ``reserve`` and ``used_up`` polling pauses."""

    UNKNOWN = "unknown"
    EASY = "easy"
    SLOWED = "slowed"
    RESERVE = "reserve"
    USED_UP = "used_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Shares are of the day's calls, from 0 to 1; ``slowest`` is the greatest pace."""

    share: float
    reserve: float
    slowest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is known. ``used`` is of all apps, ``own`` is ours; ``forecast`` is calls a day at pace
    1. ``seconds_left`` is until the count begins anew, None when it is of the past 24 hours.
    """

    used: float
    most: float
    own: float
    forecast: float
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What follows: reads come ``pace`` times as seldom. ``left`` is calls that polling may use."""

    state: State
    pace: float = 1.0
    left: float = 0.0

    @property
    def polls(self) -> bool:
        """Whether the mirror is read at all."""
        return self.state not in (State.RESERVE, State.USED_UP)


def plan(day: Day, rules: Rules) -> Plan:
    """The pace at which our share and what others leave are enough until the end of the day."""
    if day.most <= 0:
        return Plan(state=State.UNKNOWN)
    if day.used >= day.most:
        return Plan(state=State.USED_UP, pace=rules.slowest)
    before_reserve = day.most * (1 - rules.reserve) - day.used
    if before_reserve <= 0:
        return Plan(state=State.RESERVE, pace=rules.slowest)
    left, needed = _left_and_needed(day, rules, before_reserve)
    pace = needed / left if left > 0 else rules.slowest
    pace = min(max(pace, 1.0), rules.slowest)
    state = State.EASY if pace <= 1 else State.SLOWED
    return Plan(state=state, pace=pace, left=max(0.0, left))


def _left_and_needed(day: Day, rules: Rules, before_reserve: float) -> tuple[float, float]:
    """Calls that polling may make until the end, and those that it would make at pace 1."""
    if day.seconds_left is not None:
        left = min(day.most * rules.share - day.own, before_reserve)
        return left, day.forecast * min(day.seconds_left, DAY) / DAY
    # Of the past 24 hours: what we used in them is free again by this time tomorrow.
    others = max(0.0, day.used - day.own)
    room = min(day.most * rules.share, day.most * (1 - rules.reserve) - others)
    needed = day.forecast
    if day.own > room > 0:
        needed = max(needed, _CATCH_UP * day.own)
    return room, needed


def interval(every: float, pace: float, bound: float | None) -> float:
    """Seconds between two reads at this pace; ``bound`` is never gone beyond by stretching."""
    stretched = every * max(pace, 1.0)
    return stretched if bound is None else min(stretched, max(every, bound))
