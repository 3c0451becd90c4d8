"""The board in a browser: it keeps itself up to date, and notifies once, when asked to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser.kit import assert_accessible
from tests.contract.flow_kit import Office, shared_office
from worker.run import Worker

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
HOSTILE = {"id": "t1", "url": "https://mail.example/t1", "subject": f"<script>{'x' * 200}"}
HEARD = """
window.heard = [];
window.Notification = class extends window.Notification {
  constructor(title, options) { super(title, options); heard.push([title, options.tag]); }
};
"""
"""Observes the browser's own notifications and changes nothing about them."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="module")
def busy(office: Office) -> Worker:
    """A worker with something in every part of the board."""
    worker = office.worker()
    send(office, worker, thread=HOSTILE)
    office.clock.forward(timedelta(hours=3))
    send(office, worker, "cora@contoso.example")
    send(office, worker, "p0@acme.example", type="click", thread=HOSTILE)
    return worker


def send(office: Office, worker: Worker, *about: str, **more: Any) -> None:
    assert office.post(worker, office.body(*about, **more)).status_code == 202
    assert worker.settle()


def opened(context: Any, url: str, wrong: list[str]) -> Any:
    """A page by whose clock a quarter of a minute can pass at once."""
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.clock.install()
    page.goto(url)
    return page


def test_it_is_accessible_and_fits_and_keeps_itself_up_to_date(
    browser: Any, office: Office, busy: Worker, tmp_path: Path
) -> None:
    wrong: list[str] = []
    for width, scheme in ((1280, "light"), (390, "dark")):
        size = {"width": width, "height": 900}
        context = browser.new_context(bypass_csp=True, viewport=size, color_scheme=scheme)
        page = opened(context, f"{busy.url}/board", wrong)
        playwright.expect(page.get_by_role("heading", name="Dana Reed")).to_be_visible()
        assert_accessible(page, width)
        page.screenshot(path=str(tmp_path / f"board-{width}.png"), full_page=True)
        if width == 390:
            page.get_by_role("link", name="Why").first.focus()
            send(office, busy, "nina@north.example")
            page.clock.run_for(15_000)
            playwright.expect(page.get_by_role("heading", name="Nina North")).to_be_visible()
            playwright.expect(page.get_by_role("status")).to_contain_text("Nina North")
            assert page.evaluate("document.activeElement.textContent").startswith("Why")
            assert page.title().startswith("(3)")
        context.close()
    assert wrong == []


def test_a_new_alert_of_the_rep_is_notified_once_and_only_when_that_is_allowed(
    browser: Any, office: Office, busy: Worker
) -> None:
    wrong: list[str] = []
    context = browser.new_context()
    page = opened(context, f"{busy.url}/board?rep=ann@team.example", wrong)
    page.get_by_role("button", name="Notify me").click()
    playwright.expect(page.get_by_role("status")).to_contain_text("refuses notifications")
    context.close()

    context = browser.new_context(permissions=["notifications"])
    context.add_init_script(HEARD)
    page = opened(context, f"{busy.url}/board?rep=ann@team.example", wrong)
    page.get_by_role("button", name="Notify me").click()
    playwright.expect(page.get_by_role("button", name="Notifying")).to_be_visible()
    send(office, busy, "p1@acme.example")  # Ann's
    send(office, busy, "p2@acme.example", type="click")  # can wait
    for _ in range(3):
        with page.expect_response(lambda one: "/board/parts" in one.url):
            page.clock.run_for(15_000)
    playwright.expect(page.get_by_role("heading", name="P 1")).to_be_visible()
    assert [title for title, _ in page.evaluate("heard")] == ["🔥 Hot lead: P 1 · Acme"]
    context.close()
    assert wrong == []
