"""Stores and decides signals in one writer thread, many requests to a commit.

A caller's future resolves after the commit: what was answered 202 is on the disk. A signal whose
decision fails is kept undecided, is tried again by the sweep, and shows in the audit.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy.exc import OperationalError

from routing.nouns import Signal
from worker.context import Context
from worker.decide import decide_in
from worker.store.alerts import take_turns
from worker.store.engine import Tx
from worker.store.statements import insert_unless_there
from worker.store.tables import SIGNAL

_MOST_REQUESTS = 64
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored signal. ``new`` is False when its (source, id) was known already."""

    source: str
    event_id: str
    new: bool


@dataclass(slots=True)
class _Request:
    signals: Sequence[Signal]
    done: Future[list[Accepted]]


class Intake:
    """The one door for signals. Safe from any thread."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def use(self, ctx: Context) -> None:
        """Decide by these means from the next batch on."""
        self._ctx = ctx

    def accept(self, signals: Sequence[Signal]) -> Future[list[Accepted]]:
        """Store the signals; the future holds what became of each, in order, once committed."""
        request = _Request(signals, Future())
        with self._door:
            if self._closed:
                request.done.set_exception(RuntimeError("the worker is stopping"))
            else:
                self._requests.put(request)
        return request.done

    def stop(self) -> None:
        """Finish what has been asked for and end."""
        with self._door:
            self._closed = True
            self._requests.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            batch = self._next()
            asked = [request for request in batch if request is not None]
            # One whose asker has given up was never answered, so it need not be stored.
            wanted = [one for one in asked if one.done.set_running_or_notify_cancel()]
            if wanted:
                self._commit(wanted)
            if len(asked) < len(batch):
                return

    def _next(self) -> list[_Request | None]:
        batch = [self._requests.get()]
        while len(batch) < _MOST_REQUESTS and batch[-1] is not None:
            try:
                batch.append(self._requests.get_nowait())
            except queue.Empty:
                break
        return batch

    def _commit(self, batch: Sequence[_Request]) -> None:
        ctx = self._ctx
        try:
            with ctx.store.write() as tx:
                take_turns(tx, (one.prospect_email for asked in batch for one in asked.signals))
                results = [
                    [accept_in(ctx, tx, signal) for signal in request.signals] for request in batch
                ]
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, OperationalError):
                # The store is there, so one of them is to blame; the others shall not pay for it.
                for request in batch:
                    self._commit([request])
                return
            # Whatever it is, nobody was answered yet: the senders are told to try again.
            log.exception("signals could not be stored")
            for request in batch:
                request.done.set_exception(error)
            return
        for request, result in zip(batch, results, strict=True):
            request.done.set_result(result)


@cache
def _insert_signal(dialect: str) -> Any:
    return insert_unless_there(SIGNAL, dialect, "source", "event_id").returning(SIGNAL.c.id)


def accept_in(ctx: Context, tx: Tx, signal: Signal) -> Accepted:
    """Store one signal and decide it; a known (source, id) changes nothing.

    The caller has taken the turn of the prospect.
    """
    values = {name: getattr(signal, name) for name in Signal.__dataclass_fields__}
    values |= {"outcome": "", "explanation": "", "attempts": 0}
    row = tx.conn.execute(_insert_signal(tx.dialect), values).first()
    if row is None:
        return Accepted(signal.source, signal.event_id, new=False)
    try:
        with tx.nested():
            decide_in(ctx, tx, row[0], signal)
    except Exception:
        # The signal itself must survive anything that its decision runs into.
        log.exception("a signal could not be decided yet", extra={"signal": row[0]})
    return Accepted(signal.source, signal.event_id, new=True)
