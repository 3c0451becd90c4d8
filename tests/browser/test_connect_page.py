"""The page of the guide in a browser: by keyboard alone, in every state, at every width."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.kit import CHROMIUM, assert_accessible
from tests.contract.connect_kit import Site, page_of, site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium"),
]
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
ROOT = str(Path(__file__).resolve().parents[2])
WIDTHS = [(1280, "light"), (390, "dark")]


class Admin:
    """A page with everything that went wrong on it."""

    def __init__(self, browser: Any, address: str, **context: Any) -> None:
        self._context = browser.new_context(bypass_csp=True, reduced_motion="reduce", **context)
        self.page = self._context.new_page()
        self.page.set_default_timeout(20_000)
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on(
            "console", lambda said: self.wrong.append(said.text) if said.type == "error" else None
        )
        self.page.goto(address)
        self.page.wait_for_selector("#step-1")

    def answer(self, name: str, text: str) -> None:
        """Fill in an answer and press Enter."""
        field = self.page.locator(f"#{name.replace('.', '-')}")
        field.fill(text)
        field.press("Enter")

    def taken(self, label: str) -> None:
        """Wait until an answer was taken."""
        self.expect(".ask.good", label)

    def expect(self, selector: str, text: str) -> None:
        found = self.page.locator(selector).filter(has_text=text).first
        playwright.expect(found).to_be_visible(timeout=20_000)

    def press(self, label: str) -> None:
        self.page.get_by_role("button", name=label, exact=True).click()

    def leave(self) -> None:
        self._context.close()
        assert self.wrong == []


@contextmanager
def visiting(browser: Any, at: Site, width: int, scheme: str, **options: Any) -> Iterator[Any]:
    """An admin on the page of a playing that begins without any file."""
    with page_of(at.guided(pattern="", **options)) as (url, page, desk):
        admin = Admin(
            browser,
            f"{url}/enter?token={page.token}",
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
        )
        yield admin, desk
        admin.leave()


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_every_state_is_accessible_and_fits(
    browser: Any, tmp_path: Path, width: int, scheme: str
) -> None:
    with site("salesforce", tmp_path, bare=True) as at:
        at.sandbox.org.metadata.polls = 0
        with visiting(browser, at, width, scheme) as (admin, desk):
            admin.page.check("[value=bdr-ae]")
            admin.answer("salesforce.login_url", "https://login.salesforce.com")
            admin.expect(".wrong", "log-in page of all orgs")
            admin.answer("salesforce.login_url", at.url)
            admin.taken("My Domain address")
            assert admin.page.get_attribute("#step-3 a", "href").startswith(at.url)
            admin.answer("HOTLEAD_SALESFORCE_CLIENT_ID", at.sandbox.client_id)
            admin.taken("Consumer Key")
            admin.answer("HOTLEAD_SALESFORCE_CLIENT_SECRET", "not-the-secret")
            admin.press("Test the connection")
            admin.expect("#result", "Nothing was written")
            assert_accessible(admin.page, width)
            admin.page.get_by_role("link", name="Give the Consumer Secret again").click()
            admin.answer("HOTLEAD_SALESFORCE_CLIENT_SECRET", at.sandbox.client_secret)
            admin.taken("Consumer Secret")
            admin.press("Test the connection")
            admin.expect("#result .diff", "+  flow: client_credentials")
            assert at.written() == []
            assert_accessible(admin.page, width)
            admin.press("Write it")
            admin.expect("#result .missing", "HLR_Alert_Key__c")
            assert_accessible(admin.page, width)
            admin.press("Install in Salesforce")
            admin.expect("#result h2", "Salesforce is connected")
            admin.expect("#result .next", "hotlead connect slack")
            admin.press("Done")
            admin.expect("main", "this page may be closed")
            assert_accessible(admin.page, width)
            assert desk.ended.is_set()
        assert at.written() == ["hotlead.credentials", "hotlead.yaml"]


def test_the_browser_comes_back_from_the_log_in_of_salesforce(browser: Any, tmp_path: Path) -> None:
    with (
        site("salesforce", tmp_path) as at,
        visiting(browser, at, 1280, "light", flow="refresh_token") as (admin, _),
    ):
        app = at.sandbox.client_app
        app.callbacks = (admin.page.url.rstrip("/") + "/callback",)
        app.approved.add(at.sandbox.org.user_id)
        admin.page.check("[value=solo]")
        for name, label in (
            ("salesforce.login_url", "My Domain address"),
            ("HOTLEAD_SALESFORCE_CLIENT_ID", "Consumer Key"),
            ("HOTLEAD_SALESFORCE_CLIENT_SECRET", "Consumer Secret"),
        ):
            admin.answer(name, at.right[name])
            admin.taken(label)
        admin.expect("pre", app.callbacks[0])
        for button in ("Deny", "Allow"):
            admin.press("Log in to Salesforce")
            admin.press(button)
            if button == "Deny":
                admin.expect("main", "the log-in was not allowed there")
                admin.wrong.clear()  # Chromium notes the status of that page
                admin.page.get_by_role("link", name="Back to the guide").click()
        admin.expect("#consent", "Logged in.")
        admin.press("Test the connection")
        admin.expect("#result h2", "It works")


def test_slack_by_keyboard_alone_with_the_real_command(browser: Any, tmp_path: Path) -> None:
    with site("slack", tmp_path) as at:
        words = [f"slack.base_url={at.url}/api/", "--web", "--no-browser", "--port", "0", "--json"]
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.cli.main", "connect", "slack", "--set", *words],
            cwd=at.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": ROOT, "COLUMNS": "300"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            told = process.stderr.readline()
            address = next(word for word in told.split() if word.startswith("http://"))
            admin = Admin(browser, address, viewport={"width": 1280, "height": 900})
            keys = admin.page.keyboard
            _tab_to(admin, "[name=pattern]")
            keys.press("Space")
            _tab_to(admin, "#HOTLEAD_SLACK_BOT_TOKEN")
            keys.insert_text(at.right["HOTLEAD_SLACK_APP_TOKEN"])
            keys.press("Enter")
            admin.expect(".wrong", "this is the app-level token")
            _tab_to(admin, "#HOTLEAD_SLACK_BOT_TOKEN")
            keys.insert_text(at.right["HOTLEAD_SLACK_BOT_TOKEN"])
            keys.press("Enter")
            admin.taken("Bot User OAuth Token")
            _tab_to(admin, "#HOTLEAD_SLACK_APP_TOKEN")
            keys.insert_text(at.right["HOTLEAD_SLACK_APP_TOKEN"])
            keys.press("Enter")
            admin.taken("App-level token")
            for button in ("test", "write", "end"):
                _tab_to(admin, f"[data-focus={button}]:enabled")
                keys.press("Enter")
            admin.expect("main", "this page may be closed")
            out, errors = process.communicate(timeout=30)
        finally:
            process.kill()
        admin.leave()
        assert process.returncode == 0, errors
        assert json.loads(out)["written"] == ["hotlead.credentials", "hotlead.yaml"]
        for secret in at.right.values():
            assert secret not in told + out + errors


def _tab_to(admin: Admin, selector: str) -> None:
    """Press Tab until the focus is there."""
    admin.page.wait_for_selector(selector)
    for _ in range(80):
        if admin.page.evaluate("one => document.activeElement?.matches(one)", selector):
            return
        admin.page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard never came to {selector}")
