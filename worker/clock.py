"""The one place that knows the time. Everything else is given it.

The offset lets the demo play a day in seconds and lets tests move the clock of the real process:
a test writes seconds into the file named by ``HOTLEAD_CLOCK_FILE``.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Tells the time, aware, in UTC."""

    def now(self) -> datetime:
        """The present moment."""


class SystemClock:
    """The machine's clock, shifted by an offset that can be moved."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.now(UTC) + self._offset

    def forward(self, by: timedelta) -> None:
        """Move the clock; the demo's way of letting an hour pass."""
        self._offset += by


class FileClock:
    """The machine's clock plus the seconds that a file holds, read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = -1
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        try:
            stamp = os.stat(self._path).st_mtime_ns
        except FileNotFoundError:
            stamp = 0
        if stamp != self._stamp:
            text = self._path.read_text() if stamp else ""
            self._offset = timedelta(seconds=float(text or 0))
            self._stamp = stamp
        return datetime.now(UTC) + self._offset


def clock_from_environment() -> Clock:
    """The file clock where tests ask for one, else the system's."""
    path = os.environ.get("HOTLEAD_CLOCK_FILE", "")
    return FileClock(Path(path)) if path else SystemClock()
