"""Waiting for a condition instead of sleeping for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable

PATIENCE = 30.0
"""Seconds after which a condition counts as never met."""


def until(condition: Callable[[], object], what: str = "") -> None:
    """Return as soon as ``condition`` is true; fail, naming ``what``, when it never is."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError(f"never happened: {what or condition}")
