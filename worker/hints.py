"""Turns hints into reads that come sooner. A hint writes no fact and stops no poll.

Hints are gathered in memory and stored by the clock job, so that a storm of them costs one small
transaction a second, and at most one read an object in ``gap``. A hint that comes while its object
is read is answered by the next read: the row keeps when it came, the watermark when a read began.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from connectors.base import Hint
from connectors.errors import ConnectorError
from worker.context import Context
from worker.leases import is_free
from worker.store.engine import Store
from worker.store.tables import HINT, HINT_POSITION, HINT_SOURCE, WATERMARK

EASY, TIGHT = 0.5, 0.8
"""Shares of the day's calls: from the first on hinted reads come more rarely, from the second on
none comes out of turn and what is left is for polling, writing back and other apps."""


@dataclass(slots=True)
class Batch:
    """What was told since the last look. Times are ours."""

    hinted: dict[str, datetime] = field(default_factory=dict)
    settle: dict[str, float] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    last: dict[str, datetime] = field(default_factory=dict)
    positions: dict[tuple[str, str], str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.told or self.refused or self.positions)

    def merge(self, later: Batch) -> Batch:
        """Both as one; the later counts where they differ."""
        return Batch(
            self.hinted | later.hinted,
            self.settle | later.settle,
            self.told + later.told,
            self.refused + later.refused,
            self.last | later.last,
            self.positions | later.positions,
        )


class Hints:
    """The hints of one worker. ``tell`` and ``keep`` may be called from any thread."""

    def __init__(self, ctx: Context, gap: timedelta) -> None:
        self._ctx = ctx
        self._gap = gap
        self._known = {one.name for one in ctx.crm.objects}
        self.held_back = False
        """Whether what was last hinted at waits for its turn, as the day's calls run out."""
        self._batch = Batch()
        self._lock = threading.Lock()

    def tell(self, source: str, settle: float, hint: Hint) -> None:
        """Take in a hint; objects that are not mirrored are no business of ours."""
        now = self._ctx.clock.now()
        with self._lock:
            self._batch.told[source] += 1
            self._batch.last[source] = now
            for name in self._known.intersection(hint.objects):
                self._batch.hinted[name] = now
                self._batch.settle[name] = settle

    def refuse(self, source: str) -> None:
        """Count a call that was not taken."""
        with self._lock:
            self._batch.refused[source] += 1

    def keep(self, source: str, topic: str, position: str) -> None:
        """Keep a position, with the hints told before it."""
        with self._lock:
            self._batch.positions[source, topic] = position

    def position(self, source: str, topic: str) -> str | None:
        """The position last kept."""
        with self._lock:
            fresh = self._batch.positions.get((source, topic))
        if fresh is not None:
            return fresh
        with self._ctx.store.read() as conn:
            mine = (HINT_POSITION.c.source == source, HINT_POSITION.c.topic == topic)
            found: str | None = conn.execute(
                select(HINT_POSITION.c.position).where(*mine)
            ).scalar_one_or_none()
            return found

    def look(self) -> None:
        """Clock job: store what was told, and let what was hinted at be read."""
        self.store_told()
        if not _hinted(self._ctx, self._gap):
            return
        gap = self._gap_now()
        self.held_back = gap is None
        if gap is not None:
            _bring_forward(self._ctx, _hinted(self._ctx, gap))

    def store_told(self) -> None:
        """Store what was told since the last time; nothing is lost when the store fails."""
        with self._lock:
            batch, self._batch = self._batch, Batch()
        if not batch:
            return
        try:
            _store(self._ctx.store, batch, self._ctx.clock.now())
        except BaseException:
            with self._lock:
                self._batch = batch.merge(self._batch)
            raise

    def _gap_now(self) -> timedelta | None:
        """The least time between two reads of an object; None while none may come out of turn."""
        try:
            usage = self._ctx.crm.day_usage()
        except ConnectorError:
            return None  # a CRM that does not even tell this is left to the polls
        share = usage.used / usage.most if usage and usage.most else 0.0
        if share >= TIGHT:
            return None
        if share <= EASY:
            return self._gap
        return self._gap * ((TIGHT - EASY) / (TIGHT - share))


def _store(store: Store, batch: Batch, now: datetime) -> None:
    with store.write() as tx:
        for name, at in batch.hinted.items():
            settle = batch.settle[name]
            again = at + timedelta(seconds=settle) if settle else None
            row = tx.insert(HINT).values(object=name, hinted_at=at, again_at=again)
            changed = {"hinted_at": row.excluded.hinted_at, "again_at": row.excluded.again_at}
            tx.conn.execute(row.on_conflict_do_update(index_elements=["object"], set_=changed))
        for name in {*batch.told, *batch.refused}:
            values: dict[str, Any] = {
                "hints": HINT_SOURCE.c.hints + batch.told[name],
                "refused": HINT_SOURCE.c.refused + batch.refused[name],
            }
            if name in batch.last:
                values["hinted_at"] = batch.last[name]
            tx.conn.execute(update(HINT_SOURCE).where(HINT_SOURCE.c.name == name).values(values))
        for (source, topic), position in batch.positions.items():
            row = tx.insert(HINT_POSITION).values(
                source=source, topic=topic, position=position, moved_at=now
            )
            changed = {"position": row.excluded.position, "moved_at": row.excluded.moved_at}
            tx.conn.execute(
                row.on_conflict_do_update(index_elements=["source", "topic"], set_=changed)
            )


def _hinted(ctx: Context, gap: timedelta) -> list[str]:
    """What was hinted at since its last read began, and has rested for ``gap``.

    An object whose last read failed waits for its retry: hints must not beat on a CRM that is ill.
    """
    now = ctx.clock.now()
    begun = WATERMARK.c.started_at
    asked = or_(HINT.c.hinted_at >= begun, and_(HINT.c.again_at <= now, HINT.c.again_at >= begun))
    with ctx.store.read() as conn:
        query = select(HINT.c.object).join(WATERMARK, WATERMARK.c.object == HINT.c.object)
        query = query.where(asked, HINT.c.hinted_at <= now, begun <= now - gap, *_waits(now))
        return [row[0] for row in conn.execute(query)]


def _waits(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """An object that nobody reads, that is well, and whose turn has not come."""
    row = WATERMARK.c
    return row.next_at > now, is_free(WATERMARK, now), row.error == ""


def _bring_forward(ctx: Context, names: Sequence[str]) -> None:
    """Make these due, and hand them over."""
    if not names:
        return
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        for name in names:
            mine = update(WATERMARK).where(WATERMARK.c.object == name, *_waits(now))
            if tx.conn.execute(mine.values(next_at=now)).rowcount == 1:
                ctx.dispatch.hand_over(tx, "sync", name, lock=f"sync:{name}")


def told_report(ctx: Context) -> Mapping[str, dict[str, Any]]:
    """What is stored of each source, for ``/healthz``: ages in seconds, positions by topic."""
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        rows = conn.execute(select(HINT_SOURCE)).mappings().all()
        places = conn.execute(select(HINT_POSITION)).mappings().all()
    report: dict[str, dict[str, Any]] = {}
    for row in rows:
        waits = (row["next_at"] - now).total_seconds()
        last = row["hinted_at"]
        report[row["name"]] = {
            "holder": row["holder"],
            "hints": row["hints"],
            "refused": row["refused"],
            "last_hint_seconds_ago": None if last is None else round((now - last).total_seconds()),
            "error": row["error"],
            "next_try_in_seconds": round(waits) if row["error"] and waits > 0 else None,
            "positions": {
                one["topic"]: one["position"] for one in places if one["source"] == row["name"]
            },
        }
    return report
