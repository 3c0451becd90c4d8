"""Waiting for a condition instead of sleeping for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PATIENCE = 30.0
"""Seconds after which a condition counts as never met."""


def until(condition: Callable[[], object], what: str = "") -> None:
    """Return as soon as ``condition`` is true; fail, naming ``what``, when it never is."""
    never, pause = threading.Event(), 0.01
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return
        never.wait(pause)
        pause = min(1.3 * pause, 0.1)  # what takes long is not waited for with all the machine
    raise AssertionError(f"never happened: {what or condition}")
