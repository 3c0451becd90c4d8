"""What the tests of all pages need: Chromium, the accessibility checks, and what it notified of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).resolve().parents[1] / "node/node_modules/axe-core/axe.min.js"
HEARD = """
window.heard = [];
window.Notification = class extends window.Notification {
  constructor(title, options) { super(title, options); window.heard.push(title); }
};
"""
"""An init script that notes the titles of the browser's notifications and changes nothing else."""


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium; skips where there is none."""
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield opened
        opened.close()


def assert_accessible(page: Any, width: int) -> None:
    """No violation that axe knows, and nothing wider than the window."""
    if not AXE.exists():
        pytest.skip("needs axe-core: npm ci in tests/node")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["target"]) for one in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
