"""Decides each new signal by a candidate, too, beside the live policy: after it, and for nobody.

Nothing goes out, nothing that the live policy does waits, and what goes wrong here is noted with
the candidate and stays here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, func, select, update

from routing.differences import Comparison, Difference
from routing.policy import Policy
from routing.trial import Trial
from worker.context import Context
from worker.proof.explaining import policy_then
from worker.proof.record import Facts, receipts
from worker.proof.replaying import difference_json, trial_from
from worker.store.alerts import Row
from worker.store.engine import Store, Tx
from worker.store.receipts import keep_policy
from worker.store.tables import DISAGREEMENT, RECEIPT, SHADOW

SECONDS = 5.0
_SETTLED = timedelta(seconds=3)
"""So old are receipts that are looked at: of two workers one may commit a lower number later."""
_AT_ONCE = 200
_EVER = datetime.min.replace(tzinfo=UTC)
"""Where a candidate began is told by the number of a receipt; clocks of two machines may differ."""
log = logging.getLogger(__name__)


class Shadowing:
    """The candidate that runs in this worker; ``tick`` is a clock job."""

    def __init__(self) -> None:
        self._shadow_id: int | None = None
        self._trial: Trial | None = None
        self._facts: Facts | None = None
        self._at = 0

    def tick(self, ctx: Context) -> None:
        """Look at the signals that were decided since the last time. Never raises."""
        try:
            with ctx.store.read() as conn:
                row = running(conn)
            if row is not None:
                self._look(ctx, row)
        except Exception as error:  # of the candidate, which must not make the worker ill
            log.exception("the policy on trial could not be decided")
            self._shadow_id = None
            self._note(ctx, f"{type(error).__name__}: {error}"[:300])

    def _look(self, ctx: Context, row: Row) -> None:
        policy = self._begin(ctx.store, row)
        with ctx.store.read() as conn:
            settled = ctx.clock.now() - _SETTLED
            query = select(func.max(RECEIPT.c.id)).where(RECEIPT.c.decided_at <= settled)
            last = int(conn.execute(query).scalar() or 0)
        if self._at < row["cursor"]:  # another worker went on, or this one began anew
            self._decide(ctx.store, row["cursor"])
        found, seen = Comparison(), self._at
        differences = self._decide(ctx.store, last, found, most=_AT_ONCE)
        if self._at == seen:
            return
        with ctx.store.write() as tx:
            if not _advance(tx, row, self._at, found):
                self._shadow_id = None  # somebody was faster, and noted the same
                return
            keep_policy(tx, policy, ctx.clock.now())
            for one in differences:
                values = {"shadow_id": row["id"], "signal_id": one.signal_id, "at": one.at}
                added = tx.insert(DISAGREEMENT).values(**values, found=difference_json(one))
                index = ["shadow_id", "signal_id"]
                tx.conn.execute(added.on_conflict_do_nothing(index_elements=index))

    def _begin(self, store: Store, row: Row) -> Policy:
        if self._shadow_id != row["id"] or self._trial is None:
            with store.read() as conn:
                policy = policy_then(conn, row["hash"])
            if policy is None:
                raise LookupError(f"the policy {row['hash']} can be read no more")
            self._trial = trial_from(store, policy, row["started_at"])
            self._facts = Facts(store, policy)
            self._shadow_id, self._at = row["id"], row["first"]
        return self._trial.policy

    def _decide(
        self,
        store: Store,
        last: int,
        found: Comparison | None = None,
        most: int | None = None,
    ) -> list[Difference]:
        """Go on to receipt ``last``, by no more than ``most``."""
        made = []
        trial, facts = self._trial, self._facts
        if trial is None or facts is None:
            return []
        kept = receipts(store, _EVER, last, after=self._at)
        for one in islice(kept, most):
            snapshot, _ = facts.of(one)
            decision = trial.decide(one.recorded, snapshot)
            difference = found.look_at(one.recorded, decision) if found is not None else None
            made += [difference] if difference is not None else []
            self._at = one.receipt_id
        return made

    def _note(self, ctx: Context, error: str) -> None:
        with ctx.store.write() as tx:
            tx.conn.execute(update(SHADOW).where(SHADOW.c.running).values(error=error))


def _advance(tx: Tx, row: Row, cursor: int, found: Comparison) -> bool:
    its = (SHADOW.c.id == row["id"]) & SHADOW.c.running & (SHADOW.c.cursor == row["cursor"])
    changed = tx.conn.execute(
        update(SHADOW)
        .where(its)
        .values(
            cursor=cursor,
            signals=SHADOW.c.signals + found.signals,
            disagreements=SHADOW.c.disagreements + found.changed,
            error="",
        )
    )
    return int(changed.rowcount) == 1


def running(conn: Connection) -> Row | None:
    """The candidate that is not stopped."""
    return conn.execute(select(SHADOW).where(SHADOW.c.running)).mappings().first()


def start(tx: Tx, policy: Policy, *, file: str, text: str, by: str, now: datetime) -> None:
    """Put a candidate beside the live policy, in place of one that is there."""
    stop(tx, now)
    keep_policy(tx, policy, now)
    first = int(tx.conn.execute(select(func.max(RECEIPT.c.id))).scalar() or 0)
    values = {"hash": policy.hash, "file": file, "text": text, "by": by, "started_at": now}
    counts = {"first": first, "cursor": first, "signals": 0, "disagreements": 0}
    tx.conn.execute(tx.insert(SHADOW).values(**values, **counts, running=True, error=""))


def stop(tx: Tx, now: datetime) -> bool:
    """Take the candidate away; says whether there was one. What it found stays."""
    ended = update(SHADOW).where(SHADOW.c.running).values(running=False, stopped_at=now)
    return int(tx.conn.execute(ended).rowcount) > 0


def shadows(conn: Connection) -> Sequence[Row]:
    """Every candidate, the latest first."""
    return conn.execute(select(SHADOW).order_by(SHADOW.c.id.desc())).mappings().all()


def disagreements(conn: Connection, shadow_id: int, limit: int) -> list[dict[str, Any]]:
    """The latest differences of a candidate."""
    mine = select(DISAGREEMENT.c.found).where(DISAGREEMENT.c.shadow_id == shadow_id)
    rows = conn.execute(mine.order_by(DISAGREEMENT.c.id.desc()).limit(limit))
    return [dict(row[0]) for row in rows]
