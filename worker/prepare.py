"""Sees at the start, and until all is well, that the CRM has what tasks are written into.

A CRM that lacks something keeps no alert from being delivered.
"""

from __future__ import annotations

import logging
import threading

from connectors.base import Crm
from connectors.errors import ConnectorError

_AGAIN = 300.0
log = logging.getLogger(__name__)


def prepare_crm(crm: Crm) -> list[str]:
    """Let the CRM create what it may; what an admin must mend, in sentences with the mend."""
    try:
        return crm.prepare()
    except ConnectorError as error:
        said = f"Whether tasks can be written could not be looked up: {error}"
        return [f"{said}. {error.mend}".rstrip()]


class Preparation:
    """The look at the CRM in a thread of its own, as a CRM that is away must not delay alerts."""

    def __init__(self, crm: Crm, *, again: float = _AGAIN) -> None:
        self._crm = crm
        self._again = again
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prepare", daemon=True)
        self.problems: list[str] = []

    def start(self) -> None:
        """Look now, and every ``again`` seconds while something is missing."""
        self._thread.start()

    def stop(self) -> None:
        """End after the look in hand."""
        self._ended.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._ended.is_set():
            found = prepare_crm(self._crm)
            for problem in found:
                if problem not in self.problems:
                    log.warning("%s", problem)
            self.problems = found
            if not found:
                return
            self._ended.wait(self._again)
