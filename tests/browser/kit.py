"""What the tests of all pages need: where Chromium is, and the accessibility checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).resolve().parents[1] / "node/node_modules/axe-core/axe.min.js"


def assert_accessible(page: Any, width: int) -> None:
    """No violation that axe knows, and nothing wider than the window."""
    if not AXE.exists():
        pytest.skip("needs axe-core: npm ci in tests/node")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["target"]) for one in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
