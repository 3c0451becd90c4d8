"""Runs Procrastinate's workers in a thread of this process, and keeps them running."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import procrastinate
from procrastinate.exceptions import ConnectorException

from worker.dispatch.base import Job
from worker.store.engine import StoreError

_log = logging.getLogger(__name__)
# bounds what a notification costs that Procrastinate misses because it is just fetching
_POLL = 0.2
_START = 30.0
_FIRST_RESTART = 0.1
_LONGEST_RESTART = 5.0
_TAKE_OVER_PRIORITY = 100


class Runner:
    """One thread with its own event loop, a Procrastinate worker for each queue in ``queues``.

    ``queues`` says how many jobs of a queue may run here at once.
    """

    def __init__(
        self,
        conninfo: str,
        jobs: Mapping[str, Job],
        queues: Mapping[str, int],
        *,
        heartbeat: float,
        dead_after: float,
    ) -> None:
        self._queues = {queue: most for queue, most in queues.items() if most}
        self._heartbeat = heartbeat
        self._dead_after = dead_after
        self._app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=conninfo, min_size=1, max_size=8, timeout=10
            )
        )
        for name, job in jobs.items():
            self._app.task(name=name)(self._in_own_thread(name, job))
        self._add_take_over()
        self._thread = threading.Thread(target=self._main, name="dispatch", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self.failed = 0
        """How many jobs raised."""

    @property
    def alive(self) -> bool:
        """Whether the workers are kept running."""
        return self._thread.is_alive() and not self._stopping.is_set()

    def start(self) -> None:
        """Start the workers. Raises StoreError when the database does not answer."""
        self._thread.start()
        if not self._ready.wait(_START):
            raise StoreError("store.url: the database does not answer; is it running?")

    def stop(self, timeout: float) -> None:
        """Take no more jobs and wait for the running ones, for at most ``timeout`` seconds."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout)
        if self._thread.is_alive():
            _log.warning("jobs still run after %s s; other workers will run them again", timeout)

    def _main(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with self._app.open_async():
            workers = [
                asyncio.create_task(self._keep_running(queue, most))
                for queue, most in self._queues.items()
            ]
            self._ready.set()
            await self._stopping.wait()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _keep_running(self, queue: str, most: int) -> None:
        """A worker ends when it loses the database, or its row there; then a new one begins."""
        pause = _FIRST_RESTART
        while not self._stopping.is_set():  # one that loses it while it ends forgets that it ends
            began = asyncio.get_running_loop().time()
            try:
                await self._app.run_worker_async(
                    queues=[queue],
                    concurrency=most,
                    fetch_job_polling_interval=_POLL,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    update_heartbeat_interval=self._heartbeat,
                    stalled_worker_timeout=self._dead_after,
                )
            except Exception as error:
                _log.warning("the worker of queue %s begins again after %r", queue, error)
            if asyncio.get_running_loop().time() - began > _LONGEST_RESTART:
                pause = _FIRST_RESTART
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_RESTART)

    def _in_own_thread(self, name: str, job: Job) -> Callable[..., Coroutine[Any, Any, None]]:
        """The job as a coroutine. Its thread is a daemon: one that hangs must not keep us alive."""

        async def run(row_id: str) -> None:
            loop = asyncio.get_running_loop()
            succeeded: asyncio.Future[bool] = loop.create_future()

            def work() -> None:
                outcome = _succeeds(name, job, row_id)
                loop.call_soon_threadsafe(succeeded.set_result, outcome)

            threading.Thread(target=work, name=f"job-{name}", daemon=True).start()
            self.failed += not await succeeded

        return run

    def _add_take_over(self) -> None:
        """The sweep over the jobs of dead workers, once a tick over all workers.

        It is a periodic task of Procrastinate because a worker watches its own heartbeat and its
        listener only while it has one.
        """
        seconds = max(1, min(30, int(self._dead_after / 2)))

        @self._app.periodic(cron=f"* * * * * */{seconds}")
        @self._app.task(
            name="hotlead_take_over",
            queue=next(iter(self._queues)),
            priority=_TAKE_OVER_PRIORITY,
            queueing_lock="hotlead_take_over",
        )
        async def take_over(timestamp: int) -> None:  # noqa: ARG001
            manager = self._app.job_manager
            for job in await manager.get_stalled_jobs(seconds_since_heartbeat=self._dead_after):
                try:
                    await manager.retry_job(job)
                except ConnectorException:
                    _log.info("job %s has been taken over or finished meanwhile", job.id)
                else:
                    _log.warning("took over job %s of a dead worker", job.call_string)


def _succeeds(name: str, job: Job, row_id: str) -> bool:
    try:
        job(row_id)
    except Exception:
        _log.exception("job %s on row %r failed", name, row_id)
        return False
    return True
