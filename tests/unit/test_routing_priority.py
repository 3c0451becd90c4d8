from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from routing.nouns import Sentiment, Signal
from routing.policy import MultiOpen, SignalClass
from routing.priority import classify, more_urgent, tier_of
from tests.unit.routing_kit import signal

RULE = MultiOpen(opens=2, tiers=(1, 2), within_minutes=60)


def judged(now: Signal, *recent: Signal, rule: MultiOpen = RULE) -> SignalClass:
    return classify(now, recent, rule)[0]


def opened(minutes: float = 0, **more: Any) -> Signal:
    return signal("open", minutes, **{"tier": 1, **more})


def test_two_sure_opens_on_one_thread_within_the_window_are_a_multi_open() -> None:
    assert classify(opened(), [opened(35)], RULE) == (
        SignalClass.MULTI_OPEN,
        "2 opens of tier 1 or 2 on one thread within 60 minutes",
    )


def test_one_open_is_one_open() -> None:
    assert classify(opened(), [], RULE) == (
        SignalClass.OPEN,
        "1 counted open so far; 2 make a multi-open",
    )


def test_two_opens_are_too_few_where_three_are_asked_for() -> None:
    rule = MultiOpen(opens=3)
    assert classify(opened(), [opened(5)], rule) == (
        SignalClass.OPEN,
        "2 counted opens so far; 3 make a multi-open",
    )


@pytest.mark.parametrize(
    ("apart", "found"),
    [
        (timedelta(minutes=60), SignalClass.MULTI_OPEN),
        (timedelta(minutes=60, microseconds=1), SignalClass.OPEN),
        (timedelta(0), SignalClass.MULTI_OPEN),
    ],
)
def test_the_window_holds_its_edge(apart: timedelta, found: SignalClass) -> None:
    later = opened()
    earlier = opened(1, occurred_at=later.occurred_at - apart)
    assert judged(later, earlier) is found
    assert judged(earlier, later) is found


def test_opens_that_arrive_out_of_order_count_the_same() -> None:
    moments = [opened(0), opened(50), opened(100)]
    rule = MultiOpen(opens=3, within_minutes=60)
    assert judged(moments[1], moments[0], moments[2], rule=rule) is SignalClass.OPEN
    close = [opened(0), opened(20), opened(60)]
    for one in close:
        others = [other for other in close if other is not one]
        assert judged(one, *others, rule=rule) is SignalClass.MULTI_OPEN
        assert judged(one, *reversed(others), rule=rule) is SignalClass.MULTI_OPEN


def test_opens_of_another_thread_do_not_count() -> None:
    assert judged(opened(), opened(5, thread_id="t2")) is SignalClass.OPEN


@pytest.mark.parametrize("tier", [3, 4, 5, None])
def test_unsure_opens_do_not_count(tier: int | None) -> None:
    assert judged(opened(), opened(5, tier=tier)) is SignalClass.OPEN
    assert judged(opened(tier=tier), opened(5), opened(6)) is SignalClass.OPEN


def test_the_tiers_that_count_are_the_policys() -> None:
    rule = MultiOpen(tiers=(1, 2, 3))
    assert judged(opened(tier=3), opened(5, tier=3), rule=rule) is SignalClass.MULTI_OPEN


@pytest.mark.parametrize(
    ("confidence", "tier"),
    [(1.0, 1), (0.8, 1), (0.79, 2), (0.6, 2), (0.59, 3), (0.4, 3), (0.39, 4), (0.2, 4), (0.0, 5)],
)
def test_a_confidence_stands_for_a_tier(confidence: float, tier: int) -> None:
    assert tier_of(signal("open", confidence=confidence)) == tier


def test_a_tier_goes_before_a_confidence() -> None:
    assert tier_of(signal("open", tier=4, confidence=0.99)) == 4


def test_opens_known_by_confidence_alone_count() -> None:
    sure = [opened(minutes, tier=None, confidence=0.7) for minutes in (0, 5)]
    assert judged(*sure) is SignalClass.MULTI_OPEN


def test_a_tracker_that_counts_itself_is_believed() -> None:
    assert judged(opened(count=2)) is SignalClass.MULTI_OPEN
    assert judged(signal("multi_open", count=3)) is SignalClass.MULTI_OPEN


def test_a_multi_open_without_a_count_is_at_least_two_opens() -> None:
    assert judged(signal("multi_open", count=1)) is SignalClass.MULTI_OPEN
    rule = MultiOpen(opens=3)
    assert judged(signal("multi_open", count=1), rule=rule) is SignalClass.OPEN


def test_a_multi_open_is_not_added_to_the_opens_that_it_sums_up() -> None:
    rule = MultiOpen(opens=4)
    sums = signal("multi_open", count=3)
    assert judged(sums, opened(1), opened(2), opened(3), rule=rule) is SignalClass.OPEN
    assert judged(sums, *(opened(one) for one in range(1, 5)), rule=rule) is SignalClass.MULTI_OPEN


@pytest.mark.parametrize(
    ("sentiment", "found"),
    [
        (Sentiment.POSITIVE, SignalClass.POSITIVE_REPLY),
        (Sentiment.NEUTRAL, SignalClass.REPLY),
        (Sentiment.NEGATIVE, SignalClass.REPLY),
        (None, SignalClass.REPLY),
    ],
)
def test_a_reply_is_judged_by_its_sentiment(
    sentiment: Sentiment | None, found: SignalClass
) -> None:
    assert judged(signal("reply", sentiment=sentiment)) is found


@pytest.mark.parametrize("kind", ["click", "visit", "form"])
def test_other_kinds_are_what_they_are(kind: str) -> None:
    assert judged(signal(kind)).value == kind


def test_the_more_urgent_of_two_classes_wins_either_way_round() -> None:
    hot, cold = SignalClass.MULTI_OPEN, SignalClass.CLICK
    assert more_urgent(hot, cold) is more_urgent(cold, hot) is hot
    assert more_urgent(SignalClass.POSITIVE_REPLY, hot) is SignalClass.POSITIVE_REPLY
