"""Waits for live reads, so that a decision on stale facts is made on fresh ones a moment later.

Nobody waits in a thread of the flow: what is to be decided stays undecided in the store, and here
it waits for at most the time limit. Questions that come together go to the CRM together; a scope
that is being read is not asked for twice. When the CRM hangs, fails or is resting, the decision is
made on what is known, and says so.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connectors.base import Crm
from connectors.errors import ConnectorError, LimitError
from connectors.live import LiveQuestion
from worker.clock import Clock
from worker.fresh.budgets import Budgets, Scope, in_words, is_fresh
from worker.fresh.waiting import Ask, Reading, Result, State
from worker.sections import FreshnessSettings
from worker.store import circuit
from worker.store.engine import Store
from worker.store.live import begin_live_read, keep_answer, last_live_reads, note_scopes
from worker.store.tallies import LIVE_FAILURES, LIVE_READS, count_up

_READERS = 2
_GATHER = 0.005
"""Seconds in which questions that belong together are gathered."""
_MOST_SCOPES = 2000
_STUCK = 5.0
"""Seconds beyond its limit after which whoever waits here may be decided by others."""
_LONGEST_QUEUE = 5000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stale:
    """Scopes that are over their budget, and whether and why they cannot be read now."""

    keys: frozenset[str]
    refusal: str = ""

    @property
    def in_words(self) -> str:
        """What is stale, for people."""
        return in_words(sorted(self.keys))


class Guard:
    """The guard of one worker. Safe from any thread."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        crm: Crm,
        settings: FreshnessSettings,
        may_read: Callable[[Connection], str] = lambda _: "",
    ) -> None:
        self.budgets = Budgets(settings, crm.objects)
        self.limit = timedelta(seconds=settings.limit_seconds)
        self._store = store
        self._clock = clock
        self._crm = crm
        self._may_read = may_read
        self._state = State()
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="fresh", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; who still waits is found undecided in the store at the next start."""
        with self._change:
            self._state.stopping = True
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def stale(
        self,
        conn: Connection,
        scopes: Callable[[], list[Scope]],
        reads: Mapping[str, datetime | None],
        now: datetime,
    ) -> Stale | None:
        """Which of the scopes are over their budget; None when all are fresh.

        None, too, before the start and after the stop, when nobody could wait.
        """
        if not self._thread.is_alive():
            return None
        late = self.budgets.overdue(reads, now)
        due = self.budgets.due(scopes(), late)
        if not due:
            return None
        seen = last_live_reads(conn, due.keys())
        keys = frozenset(
            key for key, budget in due.items() if not is_fresh(seen.get(key), now, budget)
        )
        return Stale(keys, self._refusal(conn, now)) if keys else None

    def _refusal(self, conn: Connection, now: datetime) -> str:
        until = circuit.open_until(conn, circuit.LIVE, now)
        if until is not None:
            return f"the CRM did not answer lately and is asked again at {until:%H:%M:%S} UTC"
        with self._change:
            hung = [one for one in self._state.readings if one.overdue]
        if len(hung) >= _READERS:
            return "the CRM still owes the answers to earlier questions"
        return self._may_read(conn)

    def ask(
        self,
        key: str,
        question: LiveQuestion,
        stale: Stale,
        act: Callable[[str], None],
        waited: float = 0.0,
    ) -> None:
        """Have the scopes read, then call ``act``; at the latest when the time limit is over.

        ``key`` names what waits, which waits once. ``waited``: seconds of the limit that are over.
        """
        wait = max(0.0, self.limit.total_seconds() - waited)
        with self._change:
            if self._state.stopping or key in self._state.asks:
                return
            if len(self._state.asks) >= _LONGEST_QUEUE:
                wait = 0.0
            self._state.asks[key] = Ask(question, set(stale.keys), time.monotonic() + wait, act)
            self._change.notify_all()

    def waiting(self) -> int:
        """How many decisions wait for a live read now."""
        with self._change:
            return len(self._state.asks)

    def holds(self, key: str) -> bool:
        """Whether this one waits or is being decided here, so that nobody else need do it."""
        with self._change:
            if self._state.stopping:
                return False
            ask = self._state.asks.get(key)
            late = ask is not None and time.monotonic() > ask.deadline + _STUCK
            return (ask is not None and not late) or key in self._state.acting

    def idle(self) -> bool:
        """Whether nobody waits and no decision is being made here."""
        with self._change:
            return not self._state.asks and not self._state.acting

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait(self._until_next())
                if self._state.stopping:
                    return
                fresh = bool(self._state.asks) and not self._state.readings
            if fresh:
                time.sleep(_GATHER)
            try:
                self._step()
            except Exception:
                # The guard must go on; who waited is found undecided by the sweep.
                log.exception("the guard stumbled")

    def _until_next(self) -> float | None:
        """Seconds until somebody's limit is over; None when nobody waits."""
        state = self._state
        if state.results or self._next_keys():
            return 0.0
        moments = [one.deadline for one in state.asks.values()]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _next_keys(self) -> set[str]:
        """The scopes that a free reader could read next."""
        state = self._state
        if len(state.readings) >= _READERS:
            return set()
        wanted = {key for one in state.asks.values() for key in one.left}
        return wanted - {key for one in state.readings for key in one.keys}

    def _step(self) -> None:
        done: dict[str, tuple[Ask, str]] = {}
        hung = 0
        with self._change:
            state = self._state
            for result in state.results:
                done |= self._settled(result)
            state.results.clear()
            now = time.monotonic()
            for key in [key for key, one in state.asks.items() if one.deadline <= now]:
                ask = state.asks.pop(key)
                done[key] = ask, "the CRM did not answer in time"
                hung += self._mark_overdue(ask)
            self._begin_reading()
            state.acting = set(done)
        for _ in range(hung):
            self._note_failure("no answer within the time limit", None)
        for key, (ask, why) in done.items():
            self._act(ask, why)
            with self._change:
                state.acting.discard(key)

    def _settled(self, result: Result) -> dict[str, tuple[Ask, str]]:
        state = self._state
        state.readings.remove(result.reading)
        done: dict[str, tuple[Ask, str]] = {}
        for key, ask in list(state.asks.items()):
            touched = ask.left & result.reading.keys
            if result.error and touched:
                done[key] = state.asks.pop(key), result.error
                continue
            ask.left -= touched
            if touched and not ask.left:
                done[key] = state.asks.pop(key), ""
        return done

    def _mark_overdue(self, ask: Ask) -> int:
        """How many calls are newly known to take too long."""
        slow = [one for one in self._state.readings if one.keys & ask.left and not one.overdue]
        for one in slow:
            one.overdue = True
        return len(slow)

    def _begin_reading(self) -> None:
        keys = frozenset(sorted(self._next_keys())[:_MOST_SCOPES])
        if not keys:
            return
        question = LiveQuestion()
        for ask in self._state.asks.values():
            if ask.left & keys:
                question |= ask.question
        reading = Reading(keys, question)
        self._state.readings.append(reading)
        # A daemon: a CRM that hangs must not keep the process from ending.
        threading.Thread(target=self._read, args=(reading,), name="live-read", daemon=True).start()

    def _read(self, reading: Reading) -> None:
        error = "the live read broke off"
        try:
            error = self._read_and_keep(reading)
        except Exception:
            log.exception("a live read broke off")
        finally:
            with self._change:
                self._state.results.append(Result(reading, error))
                self._change.notify_all()

    def _read_and_keep(self, reading: Reading) -> str:
        """'' when all is in the mirror, else why not."""
        with self._store.write() as tx:
            read = begin_live_read(tx, self._clock.now())
        try:
            parts = self._crm.read_live(reading.question)
        except ConnectorError as error:
            wait = error.retry_after if isinstance(error, LimitError) else None
            self._note_failure(str(error), timedelta(seconds=wait) if wait else None)
            return str(error)
        with self._store.write() as tx:
            keep_answer(tx, self._crm.objects, parts, read, self._clock.now())
            note_scopes(tx, reading.keys, read.at)
            circuit.succeeded(tx, circuit.LIVE)
            count_up(tx, LIVE_READS)
        return ""

    def _note_failure(self, error: str, wait: timedelta | None) -> None:
        now = self._clock.now()
        with self._store.write() as tx:
            until = circuit.failed(tx, circuit.LIVE, now, error, wait)
            count_up(tx, LIVE_FAILURES)
        pause = f"; resting until {until:%H:%M:%S} UTC" if until else ""
        log.warning("facts could not be read live: %s%s", error, pause)

    def _act(self, ask: Ask, why: str) -> None:
        try:
            ask.act(why)
        except Exception:
            # The sweep finds it again.
            log.exception("a decision failed after its live read")
