"""Sees to it that of several workers one listens to each source of hints, and that it keeps on.

A listener that broke is begun again at a stored time. While nobody listens, polling goes on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import or_, select, update

from connectors.base import Hint, HintSource
from connectors.errors import ConfigError, ConnectorError, TemporaryError
from worker.context import Context, retry_delay
from worker.hints import Hints, told_report
from worker.store.tables import HINT_SOURCE

LEASE = timedelta(seconds=60)
_RENEW = LEASE / 3
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Listener:
    """One source being heard in a thread of this worker."""

    source: HintSource
    renew_at: datetime
    until: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    well: bool = False
    thread: threading.Thread | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The positions of one source."""

    hints: Hints
    source: str

    def get(self, topic: str) -> str | None:
        """As the protocol says."""
        return self.hints.position(self.source, topic) or None

    def put(self, topic: str, position: str) -> None:
        """As the protocol says; an empty one forgets."""
        self.hints.keep(self.source, topic, position)


class Listening:
    """The listeners of one worker. ``tend`` is for the clock."""

    def __init__(self, ctx: Context, hints: Hints) -> None:
        self._ctx = ctx
        self._hints = hints
        self._me = uuid4().hex
        self._sources = {one.name: one for one in ctx.crm.hint_sources}
        self._hooks = [one.name for one in ctx.crm.webhooks]
        self._running: dict[str, Listener] = {}
        self._ended = False
        self._lock = threading.Lock()

    @property
    def needed(self) -> bool:
        """Whether there is anything that can tell of changes."""
        return bool(self._sources or self._hooks)

    def prepare(self) -> None:
        """Make the sources' rows. In a store that no other worker shares, no lease is left."""
        now = self._ctx.clock.now()
        with self._ctx.store.write() as tx:
            for name in (*self._sources, *self._hooks):
                row = tx.insert(HINT_SOURCE).values(
                    name=name, holder="", next_at=now, failures=0, error="", hints=0, refused=0
                )
                tx.conn.execute(row.on_conflict_do_nothing(index_elements=["name"]))
            if self._ctx.store.is_sqlite:
                free = {"holder": "", "lease_until": None, "next_at": now}
                tx.conn.execute(update(HINT_SOURCE).values(free))

    def tend(self, _: Context) -> None:
        """Clock job: begin, renew and end what is heard; then let hints be answered."""
        with self._lock:
            if not self._ended:
                for name, source in self._sources.items():
                    self._tend(name, source)
        self._hints.look()

    def stop(self) -> None:
        """End every listener, and store what they told last."""
        with self._lock:
            self._ended = True
            running = list(self._running.values())
        for one in running:
            one.until.set()
        for one in running:
            if one.thread is not None:
                one.thread.join(timeout=10)
        for one in running:
            self._release(one, now=self._ctx.clock.now())
        self._hints.store_told()

    def health(self) -> dict[str, Any]:
        """Every source for ``/healthz``. A source that is down makes no worker ill."""
        report: dict[str, Any] = {}
        for name, told in told_report(self._ctx).items():
            holder = told.pop("holder")
            if name in self._sources:
                here = self._running.get(name)
                elsewhere = bool(holder) and holder != self._me
                told["listening"] = "here" if here else "elsewhere" if elsewhere else "no"
                told |= here.source.health() if here else {}
                told.setdefault("connected", None if elsewhere else False)
            elif name not in self._hooks:
                continue  # of a configuration that is no more
            report[name] = told
        if report:
            why = "the day's calls are nearly used up"
            report["held_back"] = why if self._hints.held_back else ""
        return report

    def _tend(self, name: str, source: HintSource) -> None:
        now = self._ctx.clock.now()
        here = self._running.get(name)
        if here is None:
            if self._update(name, now, take=True, holder=self._me, lease_until=now + LEASE):
                self._begin(source, now)
        elif here.thread is not None and not here.thread.is_alive():
            del self._running[name]
            self._release(here, now)
        elif now >= here.renew_at or (not here.well and source.health().get("connected")):
            self._renew(here, now)

    def _begin(self, source: HintSource, now: datetime) -> None:
        made = Listener(source, renew_at=now + _RENEW)
        tell = _teller(self._hints, source)

        def run() -> None:
            try:
                source.listen(tell, Kept(self._hints, source.name), made.until)
            except Exception as error:
                # Whatever it was, the clock tries again; polling does not need it.
                made.error = error

        made.thread = threading.Thread(target=run, name=f"hints-{source.name}", daemon=True)
        self._running[source.name] = made
        made.thread.start()

    def _renew(self, here: Listener, now: datetime) -> None:
        here.renew_at = now + _RENEW
        values: dict[str, Any] = {"lease_until": now + LEASE}
        if here.source.health().get("connected"):
            here.well = True
            values |= {"error": "", "failures": 0}
        if not self._update(here.source.name, now, **values):
            here.until.set()  # another worker listens by now

    def _release(self, here: Listener, now: datetime) -> None:
        name, error = here.source.name, here.error
        values: dict[str, Any] = {"holder": "", "lease_until": None}
        if error is None:
            self._update(name, now, next_at=now, **values)
            return
        if not isinstance(error, ConnectorError):
            log.error("%s: the listener failed", name, exc_info=error)
        failures = 1 if here.well else self._failures(name) + 1
        wait = self._wait(error, failures)
        mend = getattr(error, "mend", "")
        said = f"{error}; {mend}" if mend else str(error) or type(error).__name__
        log.warning("%s: not heard, tried again in %.0f s: %s", name, wait.total_seconds(), said)
        values |= {"error": said[:500], "failures": failures, "next_at": now + wait}
        self._update(name, now, **values)

    def _wait(self, error: Exception, failures: int) -> timedelta:
        patience = self._ctx.patience
        if isinstance(error, ConfigError):
            return patience.longest_retry
        wait = retry_delay(patience, failures)
        if isinstance(error, TemporaryError) and error.retry_after is not None:
            wait = max(wait, timedelta(seconds=error.retry_after))
        return wait

    def _failures(self, name: str) -> int:
        with self._ctx.store.read() as conn:
            query = select(HINT_SOURCE.c.failures).where(HINT_SOURCE.c.name == name)
            return int(conn.execute(query).scalar_one())

    def _update(self, name: str, now: datetime, *, take: bool = False, **values: Any) -> bool:
        """Change a source's row, if it is ours, or (``take``) if it is free and its time has come.

        Says whether it was.
        """
        row = HINT_SOURCE.c
        until = row.lease_until
        free = or_(row.holder == "", until.is_(None), until <= now, until > now + LEASE)
        ours = (row.next_at <= now, free) if take else (row.holder == self._me,)
        may = (row.name == name, *ours)
        with self._ctx.store.read() as conn:  # a look each second must not hold up writers
            if conn.execute(select(row.name).where(*may)).first() is None:
                return False
        with self._ctx.store.write() as tx:
            done = tx.conn.execute(update(HINT_SOURCE).where(*may).values(values))
        return int(done.rowcount) == 1


def _teller(hints: Hints, source: HintSource) -> Callable[[Hint], None]:
    return lambda hint: hints.tell(source.name, source.settle, hint)
