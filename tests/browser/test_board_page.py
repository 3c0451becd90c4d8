"""The board in a browser: it keeps itself up to date, and notifies once, when asked to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser.kit import HEARD, assert_accessible
from tests.contract.flow_kit import Office, shared_office
from worker.run import Worker

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
HOSTILE = {"id": "t1", "url": "https://mail.example/t1", "subject": f"<script>{'x' * 200}"}
LOOKS_AGAIN = 15_000


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


def test_it_keeps_itself_up_to_date_notifies_once_and_is_accessible(
    browser: Any, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    wrong: list[str] = []
    with shared_office(tmp_path_factory) as office:
        worker = office.worker()
        send(office, worker, thread=HOSTILE)
        send(office, worker, "p0@acme.example", type="click", thread=HOSTILE)
        office.clock.forward(timedelta(hours=3))
        url = f"{worker.url}/board"

        size = {"width": 1280, "height": 900}
        context = browser.new_context(bypass_csp=True, viewport=size, color_scheme="light")
        page = opened(context, url, wrong)
        page.get_by_role("button", name="Notify me").click()
        playwright.expect(page.get_by_role("status")).to_contain_text("refuses notifications")
        assert_accessible(page, 1280)
        page.screenshot(path=str(tmp_path / "board-1280.png"), full_page=True)
        context.close()

        size = {"width": 390, "height": 844}
        context = browser.new_context(
            bypass_csp=True, viewport=size, color_scheme="dark", permissions=["notifications"]
        )
        context.add_init_script(HEARD)
        page = opened(context, f"{url}?rep=cid@team.example", wrong)
        playwright.expect(page.get_by_text("Nothing is open.")).to_be_visible()
        page.get_by_label("Whose").select_option("The team of Mia")
        page.get_by_role("button", name="Show").click()
        page.get_by_role("button", name="Notify me").click()
        playwright.expect(page.get_by_role("button", name="Notifying")).to_be_visible()
        page.get_by_role("link", name="Why").focus()
        send(office, worker, "cora@contoso.example")
        send(office, worker, "p2@acme.example", type="click")  # can wait
        for _ in range(2):
            with page.expect_response(lambda one: "/board/parts" in one.url):
                page.clock.run_for(LOOKS_AGAIN)
            playwright.expect(page.get_by_role("heading", name="Cora Blue")).to_be_visible()
        playwright.expect(page.get_by_role("status")).to_have_text(
            "New: 🔥 Hot lead: Cora Blue · Contoso"
        )
        assert page.evaluate("heard") == ["🔥 Hot lead: Cora Blue · Contoso"]
        assert page.evaluate("document.activeElement.textContent").startswith("Why")
        assert page.title() == "(2) Board · Hotlead"
        assert_accessible(page, 390)
        page.screenshot(path=str(tmp_path / "board-390.png"), full_page=True)
        context.close()
    assert wrong == []
