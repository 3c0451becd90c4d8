"""The page that tells why, in a browser: accessible, at every width, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.kit import assert_accessible
from tests.contract.flow_kit import only_alert, shared_office

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
HOSTILE = {"id": "t1", "url": "https://mail.example/t1", "subject": f"<script>{'x' * 200}"}


def test_the_page_is_accessible_and_fits(
    browser: Any, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with shared_office(tmp_path_factory) as office:
        worker = office.worker()
        assert office.post(worker, office.body(thread=HOSTILE)).status_code == 202
        assert worker.settle()
        address = f"{worker.url}/alerts/{only_alert(worker)['id']}/why"
        for width, scheme in ((1280, "light"), (390, "dark")):
            context = browser.new_context(
                bypass_csp=True,
                viewport={"width": width, "height": 900},
                color_scheme=scheme,
            )
            page = context.new_page()
            wrong: list[str] = []
            page.on("pageerror", lambda error, wrong=wrong: wrong.append(str(error)))
            page.goto(address)
            playwright.expect(page.get_by_text("was told first")).to_be_visible()
            assert_accessible(page, width)
            page.screenshot(path=str(tmp_path / f"why-{width}.png"), full_page=True)
            assert wrong == []
            context.close()
