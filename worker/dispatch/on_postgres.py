"""Jobs in Procrastinate: deferred inside the caller's transaction, run by any worker."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import make_url, text

from worker.dispatch.base import Job
from worker.store.engine import StoreError, Tx

if TYPE_CHECKING:
    import procrastinate

    from worker.dispatch.procrastinate_runner import Runner

FAST_QUEUE = "hotlead"
SLOW_QUEUE = "hotlead_slow"

# The lock keeps workers off the queued job until this transaction commits, for a job that starts
# earlier would not see it; skipping what is locked, nobody ever waits for anybody. The workers are
# woken again because they may have passed over the locked job meanwhile.
_ALREADY_QUEUED = text(
    """
    WITH queued AS (
        SELECT id FROM procrastinate_jobs
        WHERE status = 'todo' AND task_name = :job AND args ->> 'row_id' = :row_id
        LIMIT 1 FOR KEY SHARE SKIP LOCKED
    )
    SELECT pg_notify(
        :channel, json_build_object('type', 'job_inserted', 'job_id', id)::text
    ) FROM queued
    """
)


class OnPostgres:
    """A dispatch that any number of processes on one database share.

    A process that dies without a word is noticed after ``dead_after`` seconds without one of the
    heartbeats that it owes every ``heartbeat`` seconds; the others then run its jobs again.
    """

    def __init__(
        self,
        url: str,
        threads: int = 8,
        slow: frozenset[str] = frozenset(),
        *,
        heartbeat: float = 1.0,
        dead_after: float = 5.0,
    ) -> None:
        self._conninfo = _conninfo(url)
        self._slow = slow
        self._threads = threads
        self._heartbeat = heartbeat
        self._dead_after = dead_after
        self._deferring = _deferring_app()
        self._channels = {queue: _channel(queue) for queue in (FAST_QUEUE, SLOW_QUEUE)}
        self._runner: Runner | None = None
        self._prepared = False
        self._preparing = threading.Lock()

    def hand_over(self, tx: Tx, job: str, row_id: str, lock: str = "") -> None:
        """See ``Dispatch.hand_over``."""
        self._prepare()
        queue = SLOW_QUEUE if job in self._slow else FAST_QUEUE
        asked = {"job": job, "row_id": row_id, "channel": self._channels[queue]}
        if tx.conn.execute(_ALREADY_QUEUED, asked).first() is not None:
            return
        self._deferring.configure_task(
            job, lock=lock or None, queue=queue, connection=tx.conn.connection.driver_connection
        ).defer(row_id=row_id)

    def start(self, jobs: Mapping[str, Job]) -> None:
        """See ``Dispatch.start``. Raises StoreError when the database does not answer."""
        from worker.dispatch.procrastinate_runner import Runner

        self._prepare()
        self._runner = Runner(
            self._conninfo,
            jobs,
            {FAST_QUEUE: self._threads, SLOW_QUEUE: 2 if self._slow else 0},
            heartbeat=self._heartbeat,
            dead_after=self._dead_after,
        )
        self._runner.start()

    def spare(self) -> int:
        """See ``Dispatch.spare``."""
        return 0

    def idle(self) -> bool:
        """See ``Dispatch.idle``."""
        counts = self._counts()
        return not counts["queued"] and not counts["running"]

    def health(self) -> dict[str, object]:
        """See ``Dispatch.health``."""
        import psycopg

        runner = self._runner
        figures: dict[str, object] = {
            "engine": "procrastinate",
            "alive": runner is not None and runner.alive,
            "failed": runner.failed if runner else 0,
        }
        try:
            return {**figures, **self._counts()}
        except psycopg.Error as error:
            return {**figures, "alive": False, "error": type(error).__name__}

    def stop(self, timeout: float = 10.0) -> None:
        """See ``Dispatch.stop``."""
        if self._runner is not None:
            self._runner.stop(timeout)

    def _prepare(self) -> None:
        import psycopg

        from worker.dispatch.procrastinate_schema import apply_schema

        with self._preparing:
            if self._prepared:
                return
            try:
                apply_schema(self._conninfo)
            except psycopg.Error as error:
                reason = next(iter(str(error).splitlines()), type(error).__name__)
                raise StoreError(
                    f"store.url: Procrastinate's tables cannot be made ({reason}); the database "
                    "must answer and let its user create tables"
                ) from error
            self._prepared = True

    def _counts(self) -> dict[str, int]:
        import psycopg

        with psycopg.connect(self._conninfo, connect_timeout=5) as conn:
            counts: dict[str, int] = dict(
                conn.execute(
                    "SELECT status::text, count(*) FROM procrastinate_jobs"
                    " WHERE args ? 'row_id' AND status IN ('todo', 'doing') GROUP BY status"
                ).fetchall()
            )
        return {"queued": counts.get("todo", 0), "running": counts.get("doing", 0)}


def _conninfo(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _channel(queue: str) -> str:
    from procrastinate.manager import get_channel_for_queues

    (channel,) = get_channel_for_queues([queue])
    return channel


def _deferring_app() -> procrastinate.App:
    """An app that is never opened: it defers over the connections that callers bring."""
    try:
        import procrastinate
    except ImportError as error:
        raise StoreError(
            "a store on PostgreSQL needs more packages: pip install 'hotlead[postgres]'"
        ) from error
    return procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
