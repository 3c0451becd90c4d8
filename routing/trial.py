"""Tries a policy on recorded signals: each is decided anew, one after the other.

What a policy does has consequences for its next decisions: which alerts are open, whose turn it
is, who has enough to do. These are followed here as the policy on trial makes them; what people
did, such as answering, is taken from the record. With the policy that made the record, every
decision is the recorded one.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from routing.decide import decide, dedup_key
from routing.nouns import Signal
from routing.policy import Policy
from routing.priority import more_urgent
from routing.receipt import Decision, Outcome
from routing.snapshot import Load, OpenAlert, Snapshot

TURNS_COUNT = timedelta(days=14)
"""How far back turns count."""
LOADS_COUNT = timedelta(days=60)
"""An alert that is open for longer is no work in hand."""
_DAY = timedelta(days=1)
Answered = Callable[[Signal, Snapshot, datetime], datetime | None]
"""When a prospect was first contacted after a moment; None when that never happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A signal as it was decided. ``alert_id`` is the alert that it opened or joined.

    ``open_before`` is the alert that was open for it; ``closed_at`` is when ``alert_id`` was
    closed, None while it is not. ``became`` is the state of that alert as it is known now, such
    as ``noise`` or ``responded``.
    """

    signal_id: int
    signal: Signal
    decision: Decision
    decided_at: datetime
    alert_id: str | None = None
    open_before: str | None = None
    closed_at: datetime | None = None
    became: str = ""


@dataclass(slots=True, kw_only=True)
class TrialAlert:
    """An alert that is open under the policy on trial; ``recorded`` its like in the record."""

    alert: OpenAlert
    recorded: str | None
    closes_at: datetime | None


@dataclass(slots=True)
class _Ledger:
    """By how much turns and loads differ from the record, as of the latest moment."""

    amounts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    ends: list[tuple[datetime, tuple[str, str, str], int]] = field(default_factory=list)

    def add(self, until: datetime, key: tuple[str, str, str], amount: int) -> None:
        self.amounts[key] += amount
        heapq.heappush(self.ends, (until, key, amount))

    def advance(self, now: datetime) -> None:
        while self.ends and self.ends[0][0] < now:
            _, key, amount = heapq.heappop(self.ends)
            self.amounts[key] -= amount
            if not self.amounts[key]:
                del self.amounts[key]


class Trial:
    """One policy on trial. Give it the record in its order."""

    def __init__(self, policy: Policy, answered: Answered) -> None:
        self.policy = policy
        self._answered = answered
        self._open: dict[str, TrialAlert] = {}
        self._ledger = _Ledger()

    def begin_with(self, key: str, alert: TrialAlert) -> None:
        """An alert that was open before the record begins."""
        self._open[key] = alert

    def decide(self, recorded: Recorded, snapshot: Snapshot) -> Decision:
        """The decision of the policy on trial, with its consequences for the next."""
        signal, now = recorded.signal, recorded.decided_at
        self._ledger.advance(now)
        key = dedup_key(signal, snapshot, self.policy)
        mine = self._open.get(key)
        if mine is not None and not _is_open(mine, recorded):
            del self._open[key]
            mine = None
        seen = replace(
            snapshot,
            open_alert=mine.alert if mine else None,
            turns=self._turns(snapshot),
            loads=self._loads(snapshot),
        )
        decision = decide(signal, seen, self.policy, now)
        if decision.outcome is Outcome.JOIN and mine is not None:
            mine.alert = _joined(mine.alert, signal, decision)
        elif decision.outcome is Outcome.ALERT:
            self._open[key] = self._opened(recorded, snapshot, decision)
        self._note(recorded, decision, self._open.get(key))
        return decision

    def _opened(self, recorded: Recorded, snapshot: Snapshot, decision: Decision) -> TrialAlert:
        closes = recorded.closed_at
        if recorded.alert_id is None:
            closes = self._answered(recorded.signal, snapshot, recorded.decided_at)
        return TrialAlert(
            alert=OpenAlert(
                id=recorded.alert_id or f"trial-{recorded.signal_id}",
                signal_class=decision.signal_class,
                thread_id=recorded.signal.thread_id,
            ),
            recorded=recorded.alert_id,
            closes_at=closes,
        )

    def _note(self, recorded: Recorded, made: Decision, mine: TrialAlert | None) -> None:
        """Keep what the decision changes about turns and loads, where it differs."""
        was = recorded.decision
        same = (was.outcome, was.assignee_id, was.turn) == (
            made.outcome,
            made.assignee_id,
            made.turn,
        )
        if same:
            return
        if was.outcome is Outcome.ALERT:
            self._count(was, recorded.decided_at, recorded.closed_at, -1)
        if made.outcome is Outcome.ALERT:
            self._count(made, recorded.decided_at, mine.closes_at if mine else None, 1)

    def _count(self, of: Decision, at: datetime, closes: datetime | None, amount: int) -> None:
        if of.assignee_id is None:
            return
        last = at + LOADS_COUNT
        self._ledger.add(min(closes or last, last), ("open", "", of.assignee_id), amount)
        self._ledger.add(at + _DAY, ("today", "", of.assignee_id), amount)
        if of.turn:
            self._ledger.add(at + TURNS_COUNT, ("turn", of.turn, of.assignee_id), amount)

    def _turns(self, snapshot: Snapshot) -> Mapping[str, Mapping[str, int]]:
        changed = {key: one for key, one in self._ledger.amounts.items() if key[0] == "turn"}
        turns = {name: dict(taken) for name, taken in snapshot.turns.items()}
        for (_, turn, person), amount in changed.items():
            if turn in turns:
                turns[turn][person] = max(0, turns[turn].get(person, 0) + amount)
        return turns

    def _loads(self, snapshot: Snapshot) -> Mapping[str, Load]:
        loads = dict(snapshot.loads)
        for (kind, _, person), amount in self._ledger.amounts.items():
            if kind != "turn" and _has_limits(self.policy):
                load = loads.get(person, Load())
                number = max(0, getattr(load, kind) + amount)
                loads[person] = replace(load, **{kind: number})
        return loads


def _is_open(mine: TrialAlert, recorded: Recorded) -> bool:
    """Whether it is still open; the record knows better than the times, which may be equal."""
    if mine.recorded is not None and mine.recorded == recorded.open_before:
        return True
    return mine.closes_at is None or mine.closes_at > recorded.decided_at


def _joined(alert: OpenAlert, signal: Signal, decision: Decision) -> OpenAlert:
    return replace(
        alert,
        signal_class=more_urgent(alert.signal_class, decision.signal_class),
        thread_id=signal.thread_id if signal.thread_url else alert.thread_id,
    )


def _has_limits(policy: Policy) -> bool:
    """Whether any pool says how much its members take."""
    limits = [one for pool in policy.pools.values() for one in (pool.most_open, pool.most_a_day)]
    members = [one for pool in policy.pools.values() for one in pool.members]
    limits += [limit for one in members for limit in (one.most_open, one.most_a_day)]
    return any(one is not None for one in limits)
