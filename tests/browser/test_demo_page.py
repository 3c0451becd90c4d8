"""The demo page in a browser, over the live cast: what a visitor sees and does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.kit import CHROMIUM, assert_accessible
from tests.demo_stage import HOSTILE, playing
from worker.demo.cast import Cast

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium"),
]
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")


@pytest.fixture
def cast() -> Iterator[Cast]:
    with playing("salesforce") as played:
        yield played


@pytest.fixture(scope="module")
def busy_cast() -> Iterator[Cast]:
    """A cast with something to show in every part of the page."""
    with playing("salesforce") as played:
        for prospect in ("omar@verity.example", "jonah@pinewood.example"):
            played.signal(prospect, "multi_open", tier=1, count=2)
        played.settle()
        yield played


class Visitor:
    """A page with everything that went wrong on it."""

    def __init__(self, browser: Any, url: str, **context: Any) -> None:
        context.setdefault("viewport", {"width": 1280, "height": 900})
        self._context = browser.new_context(bypass_csp=True, **context)
        self.page = self._context.new_page()
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: self.wrong.append(f"dialog {dialog.message}"))
        self.page.on(
            "console",
            lambda said: self.wrong.append(said.text) if said.type == "error" else None,
        )
        self.page.goto(url)
        self.page.wait_for_function("document.querySelector('[name=prospect]').options.length > 0")

    def send(self, prospect: str, kind: str = "multi_open") -> None:
        self.page.select_option("[name=prospect]", prospect)
        self.page.select_option("[name=kind]", kind)
        self.page.click("#send button")

    def expect(self, selector: str, text: str) -> None:
        found = self.page.locator(selector).filter(has_text=text).first
        playwright.expect(found).to_be_visible(timeout=20_000)

    def press(self, label: str) -> None:
        self.page.locator("#messages .b-button", has_text=re.compile(f"^{label}$")).last.click()

    def choose(self, menu: str, label: str) -> None:
        self.page.locator(f"#messages select[aria-label={menu}]").last.select_option(label=label)

    def leave(self) -> None:
        self._context.close()
        assert self.wrong == []


@pytest.fixture
def visitor(browser: Any, cast: Cast) -> Iterator[Visitor]:
    visiting = Visitor(browser, cast.worker.url)
    yield visiting
    visiting.leave()


def test_a_signal_of_the_visitor_s_own_runs_through_all_four_columns(visitor: Visitor) -> None:
    visitor.send("naomi@alder.example")
    visitor.expect("#signal-list .card.chosen", "Naomi Castellan")
    visitor.expect("#alert-list .card.chosen", "Priya Raman is the BDR")
    visitor.expect("#channel-head", "Priya Raman")
    visitor.expect("#messages .message.chosen h4", "Naomi Castellan")
    visitor.expect("#task-list .card.chosen", "Priya Raman")
    visitor.expect("#detail", "Prospecting goes to the BDR")
    visitor.expect("#detail .ladder", "Leo Marsh")


def test_acting_as_the_rep_stops_the_clock_and_completes_the_task(visitor: Visitor) -> None:
    visitor.send("naomi@alder.example")
    visitor.expect("#messages", "Naomi Castellan")
    visitor.press("Acknowledge")
    visitor.expect("#alert-list .state", "Priya Raman is on it")
    visitor.page.click("[data-minutes='15']")
    visitor.page.select_option("#as-rep", label="Priya Raman")
    visitor.page.click("text=Log a call")
    visitor.expect("#alert-list .state", "Answered by call after")
    visitor.expect("#task-list .card", "Completed")
    visitor.expect("#latency", "1 answered, 0 not yet")


def test_an_alert_is_put_off_and_then_called_noise_in_the_rep_s_own_words(
    visitor: Visitor,
) -> None:
    visitor.send("naomi@alder.example")
    visitor.expect("#messages", "Naomi Castellan")
    visitor.choose("Snooze", "Tomorrow morning")
    visitor.expect("#toast", "Snoozed until Tue 24 Nov 09:00 EST, your time")
    visitor.expect("#messages", "Snoozed by Priya Raman until Tue 24 Nov 09:00 EST")
    visitor.expect("#alert-list .state", "Snoozed by Priya Raman until Tue 09:00")
    visitor.choose("Noise", "Another reason…")
    visitor.page.fill("#ask-words", "they resell our product")
    visitor.page.click("#ask [type=submit]")
    visitor.expect(
        "#alert-list .state", "Marked as noise by Priya Raman: “they resell our product”"
    )
    visitor.expect("#detail .timeline", "Priya Raman marked it as noise: “they resell")
    visitor.expect("#task-list .card", "Completed")


def test_a_claim_by_another_shows_whose_clock_it_was(visitor: Visitor) -> None:
    visitor.send("omar@verity.example")
    visitor.page.click("[data-minutes='15']")
    visitor.expect("#alert-list .state", "Waiting for Diego Santos")
    visitor.press("Acknowledge")
    visitor.expect("#detail", "Whose clock it was: Sofia Lindqvist 15 min, Diego Santos now")


def test_an_hour_of_silence_climbs_the_ladder(visitor: Visitor) -> None:
    visitor.send("omar@verity.example")
    visitor.expect("#alert-list .state", "Waiting for Sofia Lindqvist")
    visitor.page.click("[data-minutes='15']")
    visitor.expect("#alert-list .state", "Waiting for Diego Santos")
    visitor.page.click("[data-minutes='15']")
    visitor.expect("#alert-list .state", "Waiting for #hot-leads")
    visitor.expect("#channel-head", "#hot-leads")
    visitor.expect("#detail .r-skipped", "Hannah Okafor")


def test_anybody_may_claim_in_the_channel_what_nobody_owns(visitor: Visitor) -> None:
    visitor.send("jonah@pinewood.example")
    visitor.expect("#channel-head", "#hot-leads")
    visitor.page.select_option("#channel-head select", label="Leo Marsh")
    visitor.press("Claim")
    visitor.expect("#alert-list .state", "Leo Marsh is on it")


def test_a_rep_set_out_of_office_is_passed_over(visitor: Visitor) -> None:
    visitor.page.select_option("[name=person]", "priya@kestrelworks.example")
    visitor.page.click("#away button")
    visitor.expect("#toast", "out of office")
    visitor.send("naomi@alder.example")
    visitor.expect("#alert-list .card", "Leo Marsh covers for Priya Raman")


def test_a_signal_that_disturbs_nobody_says_why(visitor: Visitor) -> None:
    visitor.send("naomi@alder.example", "open")
    visitor.expect("#signal-list .card", "For the digest of Priya Raman")
    visitor.send("naomi@alder.example", "automatic_reply")
    visitor.expect("#signal-list .card", "Explained: an automatic reply is no engagement")
    visitor.expect("#alert-counts", "An alert appears")


def test_a_hostile_name_is_shown_and_does_nothing(visitor: Visitor) -> None:
    visitor.send("hostile@solstice.example")
    visitor.expect("#alert-list b", HOSTILE)
    visitor.expect("#messages h4", "onerror=alert(1)")
    visitor.expect("#detail h2", HOSTILE)
    assert visitor.page.locator("img").count() == 0
    assert visitor.page.locator("#messages .mention").count() == 0


def test_an_alert_is_chosen_with_the_keyboard_alone(visitor: Visitor, cast: Cast) -> None:
    for prospect in ("naomi@alder.example", "omar@verity.example"):
        cast.signal(prospect, "multi_open", tier=1, count=2)
    cast.settle()
    visitor.expect("#alert-list .card", "Omar Haddad")
    visitor.expect("#alert-list .card", "Naomi Castellan")
    visitor.page.locator("#alert-list .card", has_text="Naomi Castellan").focus()
    visitor.page.keyboard.press("Enter")
    visitor.expect("#detail h2", "Naomi Castellan")
    visitor.expect("#channel-head", "Priya Raman")
    focused = visitor.page.evaluate("document.activeElement.textContent")
    assert "Naomi Castellan" in focused
    visitor.page.click("#follow")
    visitor.expect("#detail h2", "Omar Haddad")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_accessible_and_fits(browser: Any, busy_cast: Cast, scheme: str, width: int) -> None:
    visitor = Visitor(
        browser,
        busy_cast.worker.url,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    visitor.expect("#detail", "What happened")
    visitor.page.click("#detail summary")
    assert_accessible(visitor.page, width)
    visitor.leave()


def test_the_page_says_when_the_demo_has_ended(browser: Any) -> None:
    with playing("salesforce") as cast:
        visitor = Visitor(browser, cast.worker.url)
    playwright.expect(visitor.page.locator("#lost")).to_be_visible(timeout=20_000)
