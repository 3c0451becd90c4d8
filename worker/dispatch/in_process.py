"""Jobs in this process: a small pool of threads that a commit wakes. For SQLite."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from worker.dispatch.base import Job
from worker.store.engine import Tx

_log = logging.getLogger(__name__)
_SLOW_THREADS = 2


class _Ask(NamedTuple):
    job: str
    row_id: str
    lock: str


class _Pool:
    """Threads of one kind: what is ready for them, and how to wake one."""

    def __init__(self, mutex: threading.Lock) -> None:
        self.ready: deque[_Ask] = deque()
        self.wake = threading.Condition(mutex)


class InProcess:
    """A dispatch without a server. ``slow`` jobs have threads of their own.

    What waits here is forgotten when the process ends: the rows know it.
    """

    def __init__(self, threads: int = 8, slow: frozenset[str] = frozenset()) -> None:
        self._threads = threads
        self._slow = slow
        self._jobs: Mapping[str, Job] = {}
        self._running_threads: list[threading.Thread] = []
        self._mutex = threading.Lock()
        # all below is guarded by the mutex
        self._fast_pool = _Pool(self._mutex)
        self._slow_pool = _Pool(self._mutex)
        self._waiting: set[tuple[str, str]] = set()
        self._lines: dict[str, deque[_Ask]] = {}
        """For each lock that somebody holds: who comes next."""
        self._running = 0
        self._failed = 0
        self._stopping = False

    def hand_over(self, tx: Tx, job: str, row_id: str, lock: str = "") -> None:
        """See ``Dispatch.hand_over``."""
        ask = _Ask(job, row_id, lock)
        tx.after_commit.append(lambda: self._add(ask))

    def start(self, jobs: Mapping[str, Job]) -> None:
        """See ``Dispatch.start``."""
        self._jobs = dict(jobs)
        for number in range(self._threads):
            self._spawn(f"job-{number}", self._fast_pool)
        for number in range(_SLOW_THREADS if self._slow else 0):
            self._spawn(f"slow-job-{number}", self._slow_pool)

    def spare(self) -> int:
        """See ``Dispatch.spare``."""
        with self._mutex:
            return max(0, self._threads - self._running - len(self._waiting))

    def idle(self) -> bool:
        """See ``Dispatch.idle``."""
        with self._mutex:
            return not self._waiting and not self._running

    def health(self) -> dict[str, object]:
        """See ``Dispatch.health``."""
        with self._mutex:
            alive = bool(self._running_threads) and not self._stopping
            return {
                "engine": "in-process",
                "alive": alive and all(thread.is_alive() for thread in self._running_threads),
                "queued": len(self._waiting),
                "running": self._running,
                "failed": self._failed,
            }

    def stop(self, timeout: float = 10.0) -> None:
        """See ``Dispatch.stop``."""
        deadline = time.monotonic() + timeout
        with self._mutex:
            self._stopping = True
            self._fast_pool.wake.notify_all()
            self._slow_pool.wake.notify_all()
        for thread in self._running_threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _spawn(self, name: str, pool: _Pool) -> None:
        # a daemon: a job that hangs must not keep the process from ending
        thread = threading.Thread(target=self._work, args=(pool,), name=name, daemon=True)
        self._running_threads.append(thread)
        thread.start()

    def _add(self, ask: _Ask) -> None:
        with self._mutex:
            if self._stopping or (ask.job, ask.row_id) in self._waiting:
                return
            self._waiting.add((ask.job, ask.row_id))
            if ask.lock and ask.lock in self._lines:
                self._lines[ask.lock].append(ask)
                return
            if ask.lock:
                self._lines[ask.lock] = deque()
            self._make_ready(ask)

    def _make_ready(self, ask: _Ask) -> None:
        pool = self._slow_pool if ask.job in self._slow else self._fast_pool
        pool.ready.append(ask)
        pool.wake.notify()

    def _work(self, pool: _Pool) -> None:
        while (ask := self._next(pool)) is not None:
            succeeded = self._run(ask)
            with self._mutex:
                self._running -= 1
                self._failed += not succeeded
                self._release(ask.lock)

    def _next(self, pool: _Pool) -> _Ask | None:
        with self._mutex:
            pool.wake.wait_for(lambda: pool.ready or self._stopping)
            if self._stopping:
                return None
            ask = pool.ready.popleft()
            # from here on a change of the row is news, so it may be handed over again
            self._waiting.discard((ask.job, ask.row_id))
            self._running += 1
            return ask

    def _release(self, lock: str) -> None:
        if not lock:
            return
        if self._lines[lock]:
            self._make_ready(self._lines[lock].popleft())
        else:
            del self._lines[lock]

    def _run(self, ask: _Ask) -> bool:
        try:
            self._jobs[ask.job](ask.row_id)
        except Exception:
            _log.exception("job %s on row %r failed", ask.job, ask.row_id)
            return False
        return True
