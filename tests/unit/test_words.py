from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from routing.nouns import Sentiment, Signal
from routing.policy import MultiOpen
from routing.words import ago, span, what_happened
from tests.unit.routing_kit import NOW, signal


def said(*signals: Signal) -> str:
    return what_happened(signals, MultiOpen(), NOW)


def opened(minutes: float = 0, **more: Any) -> Signal:
    return signal("open", minutes, **{"subject": "Pricing follow-up", "tier": 1, **more})


def test_two_opens_read_as_a_person_would_say_it() -> None:
    text = said(opened(35), opened(0))
    assert text == "opened “Pricing follow-up” twice in the past 35 minutes"
    assert said(opened(0), opened(35)) == text


@pytest.mark.parametrize(
    ("signals", "text"),
    [
        ([opened(0)], "opened “Pricing follow-up” a minute ago"),
        ([opened(1)], "opened “Pricing follow-up” a minute ago"),
        ([opened(2)], "opened “Pricing follow-up” 2 minutes ago"),
        ([opened(1), opened(0)], "opened “Pricing follow-up” twice in the past minute"),
        ([opened(180), opened(9), opened(0)], "opened “Pricing follow-up” 3 times in the past 3 h"),
        ([opened(9, count=4)], "opened “Pricing follow-up” 4 times in the past 9 minutes"),
        ([opened(30, subject="")], "opened your e-mail 30 minutes ago"),
        ([opened(9), opened(1, subject="")], "opened “Pricing follow-up” twice in the past 9 min"),
    ],
)
def test_numbers_and_lengths_of_time_read_right(signals: list[Signal], text: str) -> None:
    assert said(*signals).startswith(text)


def test_a_multi_open_of_the_tracker_reads_like_its_opens() -> None:
    sums = signal("multi_open", 5, subject="Pricing", count=1)
    assert said(sums) == "opened “Pricing” twice in the past 5 minutes"
    single = [opened(20, subject="Pricing"), opened(5, subject="Pricing")]
    assert said(*single, sums) == "opened “Pricing” twice in the past 20 minutes"


def test_of_several_threads_the_one_with_the_most_opens_is_named() -> None:
    hot = [opened(30, subject="Pricing"), opened(20, subject="Pricing")]
    other = opened(1, subject="Agenda", thread_id="t2")
    assert said(*hot, other) == "opened “Pricing” twice in the past 30 minutes"


def test_of_two_threads_opened_alike_the_latest_is_named() -> None:
    other = opened(1, subject="Agenda", thread_id="t2")
    assert said(opened(30), other) == "opened “Agenda” a minute ago"


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"sentiment": Sentiment.POSITIVE}, "replied positively 10 minutes ago"),
        ({"sentiment": Sentiment.NEGATIVE}, "replied 10 minutes ago"),
        ({}, "replied 10 minutes ago"),
        (
            {"sentiment": Sentiment.POSITIVE, "subject": "Pricing"},
            "replied positively to “Pricing” 10 minutes ago",
        ),
    ],
)
def test_a_reply_says_how_and_to_what(more: dict[str, Any], text: str) -> None:
    assert said(signal("reply", 10, **more)) == text


def test_the_latest_reply_is_the_one_that_counts() -> None:
    replies = [signal("reply", 90, sentiment=Sentiment.POSITIVE), signal("reply", 3)]
    assert said(*replies) == "replied 3 minutes ago"


def test_several_things_are_joined_with_the_reply_first() -> None:
    text = said(signal("click", 4), opened(9), signal("reply", 2), signal("visit", 3))
    assert text == (
        "replied 2 minutes ago and opened “Pricing follow-up” 9 minutes ago and clicked a link "
        "4 minutes ago and visited the site 3 minutes ago"
    )


def test_a_form_is_named() -> None:
    assert said(signal("form", 60)) == "filled in a form 60 minutes ago"


def test_opens_by_machines_are_not_counted() -> None:
    assert said(opened(5), opened(1, tier=5)) == "opened “Pricing follow-up” 5 minutes ago"


def test_an_open_that_may_be_a_machines_is_not_claimed_as_the_prospects() -> None:
    assert said(opened(5, tier=5)) == "may have opened “Pricing follow-up” 5 minutes ago"


def test_an_open_that_nobody_rated_is_told_as_an_open() -> None:
    assert said(opened(5, tier=None)) == "opened “Pricing follow-up” 5 minutes ago"


def test_nothing_to_tell_is_told_politely() -> None:
    assert said() == said(signal("rep_call")) == "showed interest"


def test_what_is_dated_in_the_future_happened_just_now() -> None:
    assert said(opened(-90)) == "opened “Pricing follow-up” a minute ago"
    text = said(opened(-90), opened(-30))
    assert text == "opened “Pricing follow-up” twice in the past minute"


@pytest.mark.parametrize(
    "subject", ["<!channel>", "*bold* & <b>", "“ ” \u202e", "{0} %s", "a" * 999]
)
def test_hostile_text_passes_through_for_the_surface_to_escape(subject: str) -> None:
    assert said(opened(5, subject=subject)) == f"opened “{subject}” 5 minutes ago"


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=-5), "1 minute"),
        (timedelta(seconds=89), "1 minute"),
        (timedelta(seconds=91), "2 minutes"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(minutes=120), "2 hours"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=30), "30 days"),
    ],
)
def test_a_length_is_told_in_the_largest_sensible_unit(length: timedelta, text: str) -> None:
    assert span(length) == text
    assert ago(length) == ("a minute ago" if text == "1 minute" else f"{text} ago")
