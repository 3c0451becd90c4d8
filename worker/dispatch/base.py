"""The dispatch: how a commit gets work done soon after it, on this machine or on another.

The truth is in the tables; a job says no more than "look at row N now". So a job may run twice,
late or never without harm: whatever is due is found again by the sweep over the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from worker.store.engine import Tx

Job = Callable[[str], None]
"""Looks at one row, given its id. Idempotent; raises nothing that it expects."""


class Dispatch(Protocol):
    """Runs jobs after commits. Safe for use from any thread."""

    def hand_over(self, tx: Tx, job: str, row_id: str, lock: str = "") -> None:
        """Ask for ``job(row_id)`` soon after ``tx`` commits; nothing happens if it rolls back.

        A job that already waits for the same row is not asked for twice. Jobs with the same
        ``lock`` run one at a time, over all workers, in the order of asking.
        """

    def start(self, jobs: Mapping[str, Job]) -> None:
        """Begin to run jobs, by these names. Once only."""

    def spare(self) -> int:
        """How many jobs would begin at once in this process; 0 where others may run them."""

    def idle(self) -> bool:
        """Whether no job waits or runs, here or on another worker of the same queue."""

    def health(self) -> dict[str, object]:
        """Figures for ``/healthz``: ``engine``, ``alive``, ``queued``, ``running``, ``failed``.

        ``failed`` counts the jobs of this process that raised. Never raises.
        """

    def stop(self, timeout: float = 10.0) -> None:
        """Finish what runs, for at most ``timeout`` seconds; leave the rest to the rows."""
