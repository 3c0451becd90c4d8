"""One Chromium for all pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.kit import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium; skips where there is none.

    Of the module and not of the session: while the driver is there, its event loop counts as
    running, and no other test of the process could start one.
    """
    with chromium() as opened:
        yield opened
