"""What the guard has to say about one decision: wait for a live read, or go on and note why."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from routing.nouns import Signal
from routing.receipt import Decision, Outcome
from routing.snapshot import Snapshot
from worker.context import Context
from worker.fresh.budgets import question_of, scopes_of
from worker.fresh.guard import Stale
from worker.store.alerts import add_event
from worker.store.engine import Tx
from worker.store.tallies import CHANGED_RECIPIENTS, NOT_REFRESHED, count_up

_MOST_ROUNDS = 4
_GUARDED = (Outcome.ALERT, Outcome.DIGEST)
log = logging.getLogger(__name__)
Again = Callable[["Tried"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a decision went through before: how it would have gone, and what the live read said.

    ``why_not`` is empty as long as all that was asked for was read. ``since`` is when it began
    to wait.
    """

    before: Decision
    since: datetime
    rounds: int = 1
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """What became of the look at the people on an alert's next rung.

    ``before`` is whom the mirror alone would have told; ``waits`` says that a live read was asked
    for, ``why_not`` why it brought nothing.
    """

    before: str
    waits: bool = False
    why_not: str = ""


def note_rung(tx: Tx, alert_id: str, tried: Rung, now_told: str, at: datetime) -> None:
    """Write into the alert's timeline what a live read did to its next rung."""
    if tried.why_not:
        count_up(tx, NOT_REFRESHED)
        said = f"people could not be refreshed in time: {tried.why_not}"
        add_event(tx, alert_id, at, "not_refreshed", said)
    elif tried.before != now_told:
        said = f"by the mirror {tried.before} was next, by the CRM it is {now_told}"
        log.warning("a live read changed the next rung", extra={"alert": alert_id})
        count_up(tx, CHANGED_RECIPIENTS)
        add_event(tx, alert_id, at, "refreshed", said)


def must_wait(
    ctx: Context,
    tx: Tx,
    signal_id: int,
    signal: Signal,
    snapshot: Snapshot,
    decision: Decision,
    reads: Mapping[str, datetime | None],
    tried: Tried | None,
    again: Again,
) -> tuple[bool, Decision]:
    """Whether the decision is made again after a live read; else the decision with its notes.

    ``again`` is then called with what came of it.
    """
    guard = ctx.guard
    if guard is None or decision.outcome not in _GUARDED:
        return False, decision
    now = ctx.clock.now()
    key = f"signal:{signal_id}"
    if tried is None and guard.holds(key):
        return True, decision
    stale = guard.stale(tx.conn, lambda: scopes_of(signal, snapshot, decision), reads, now)
    if stale is None:
        return False, _changed(tx, signal_id, decision, tried)
    since = tried.since if tried else max(signal.received_at, now - guard.limit)
    over = now - since
    why_not = _why_not(stale, tried, guard.limit, over, now - signal.received_at)
    if why_not:
        count_up(tx, NOT_REFRESHED)
        return False, _noted(_changed(tx, signal_id, decision, tried), stale, why_not)
    first = tried.before if tried else decision
    rounds = tried.rounds if tried else 0

    def act(failure: str) -> None:
        again(Tried(before=first, since=since, rounds=rounds + 1, why_not=failure))

    question = question_of(stale.keys, snapshot)
    waited = max(0.0, over.total_seconds())
    tx.after_commit.append(lambda: guard.ask(key, question, stale, act, waited))
    return True, decision


def _why_not(
    stale: Stale, tried: Tried | None, limit: timedelta, over: timedelta, age: timedelta
) -> str:
    """Why the decision is made on what is known; '' when a live read is worth waiting for."""
    if tried is not None and tried.why_not:
        return tried.why_not
    if stale.refusal:
        return stale.refusal
    if over >= limit or age >= limit:
        return "the time limit was over"
    if tried is not None and tried.rounds >= _MOST_ROUNDS:
        return "each live read led to further records"
    return ""


def _noted(decision: Decision, stale: Stale, why: str) -> Decision:
    said = f"stale facts ({stale.in_words}) could not be refreshed in time: {why}"
    return replace(decision, notes=(*decision.notes, said))


def _changed(tx: Tx, signal_id: int, decision: Decision, tried: Tried | None) -> Decision:
    """Note that the mirror alone would have told somebody else."""
    if tried is None:
        return decision
    was, now = recipient(tried.before), recipient(decision)
    if was == now and tried.why_not:
        return decision
    if was == now:
        said = "stale facts were read live before this decision, and it stayed the same"
        return replace(decision, notes=(*decision.notes, said))
    log.warning(
        "a live read changed the recipient",
        extra={"signal": signal_id, "mirrored": was, "live": now},
    )
    count_up(tx, CHANGED_RECIPIENTS)
    said = f"a live read changed the recipient: by the mirror it was {was}, by the CRM it is {now}"
    return replace(decision, notes=(*decision.notes, said))


def recipient(decision: Decision) -> str:
    """Who is told first, in a line."""
    if decision.outcome is Outcome.DIGEST and decision.digest_place is not None:
        return f"{decision.digest_place.address} (digest)"
    first = decision.steps[0] if decision.steps else None
    return f"{first.name} ({first.kind.value})" if first else "nobody"
