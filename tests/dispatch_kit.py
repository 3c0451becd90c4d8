"""What the dispatch suites share: a job that keeps a diary, and dispatches that are stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.waiting import PATIENCE
from worker.dispatch.base import Dispatch
from worker.store.engine import Store


class Diary:
    """A job that writes down every row it looks at; any thread may wait for what it says."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._changed = threading.Condition()

    def __call__(self, row_id: str) -> None:
        with self._changed:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        threading.Event().wait(0.001)  # leaves room for an overlap to show
        with self._changed:
            self._at_once -= 1
            self.rows.append(row_id)
            self._changed.notify_all()

    def wait_for(self, *rows: str) -> None:
        """Wait until every one of ``rows`` has been looked at."""
        with self._changed:
            met = self._changed.wait_for(lambda: set(rows) <= set(self.rows), PATIENCE)
        assert met, f"waited for {rows}, saw {self.rows}"


class Blocker:
    """A job that runs until it is released."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()
        self.finished: list[str] = []

    def __call__(self, row_id: str) -> None:
        self.entered.release()
        assert self.release.wait(PATIENCE)
        self.finished.append(row_id)

    def wait_entered(self) -> None:
        """Wait until one more job is inside."""
        assert self.entered.acquire(timeout=PATIENCE)


def hand_over(store: Store, dispatch: Dispatch, job: str, *rows: str, lock: str = "") -> None:
    """One committed transaction for each row."""
    for row in rows:
        with store.write() as tx:
            dispatch.hand_over(tx, job, row, lock)


MakeDispatch = Callable[..., Dispatch]
