"""The clock: APScheduler runs the sweeps, and a watch over it shows a stuck or late job."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from worker.context import Context

_LATE_AFTER = 5.0
log = logging.getLogger(__name__)


@dataclass(slots=True)
class JobWatch:
    """One clock job as seen from outside it. Times are seconds of the monotonic clock."""

    name: str
    every: float
    late_after: float
    started: float
    finished: float
    running: bool = False
    error: str = ""
    runs: int = 0

    def health(self) -> dict[str, Any]:
        """``ok`` is False when the job failed, is stuck, or has not come round for too long."""
        age = time.monotonic() - self.finished
        late = age > max(3 * self.every, self.every + self.late_after)
        return {
            "ok": not late and not self.error,
            "every_seconds": self.every,
            "last_finished_seconds_ago": round(age, 1),
            "running": self.running,
            "late": late,
            "error": self.error,
        }


class Schedule:
    """Runs clock jobs at their intervals, each at most once at a time.

    A job counts as late when it has not finished for three intervals, but not before
    ``late_after`` seconds beyond its interval.
    """

    def __init__(self, ctx: Context, *, late_after: float = _LATE_AFTER) -> None:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        self._ctx = ctx
        self._late_after = late_after
        self._watches: dict[str, JobWatch] = {}
        self._lock = threading.Lock()
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(6)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def use(self, ctx: Context) -> None:
        """Give this to every run from now on."""
        self._ctx = ctx

    def add(self, name: str, job: Callable[[Context], None], every: float) -> None:
        """Run ``job`` every so many seconds, from the start on."""
        moment = time.monotonic()
        watch = JobWatch(
            name=name,
            every=every,
            late_after=self._late_after,
            started=moment,
            finished=moment,
        )
        self._watches[name] = watch

        def run() -> None:
            watch.started, watch.running = time.monotonic(), True
            try:
                job(self._ctx)
                watch.error = ""
            except Exception as error:
                # The clock must go on; the failure shows in the health page and the log.
                watch.error = f"{type(error).__name__}: {error}"[:300]
                log.exception("clock job failed", extra={"job": name})
            finally:
                watch.running = False
                watch.finished = time.monotonic()
                watch.runs += 1

        self._scheduler.add_job(run, "interval", seconds=every, id=name)

    def start(self) -> None:
        """Begin; listens for what APScheduler itself could not run."""
        from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED

        # A run skipped because the one before still runs is ordinary for a sweep; a job that
        # stays stuck shows in its watch. APScheduler would log each skip as a warning.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler.add_listener(self._report, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
        self._scheduler.start()

    def health(self) -> dict[str, dict[str, Any]]:
        """Every job's health by name."""
        return {name: watch.health() for name, watch in self._watches.items()}

    def stop(self) -> None:
        """End after the running jobs."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _report(self, event: Any) -> None:
        """A run that was dropped, or ended its thread; the next one that goes well clears it."""
        why = getattr(event, "exception", None) or "it was not started in time"
        self._watches[event.job_id].error = f"did not run as planned: {why}"[:300]
        log.warning("clock job did not run as planned: %s", why, extra={"job": event.job_id})
