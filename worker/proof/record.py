"""The record of what was decided, a few hundred receipts in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from routing.nouns import RESPONSE_KINDS, Evidence, Signal
from routing.policy import Policy, SignalClass
from routing.receipt import Outcome
from routing.snapshot import Load, OpenAlert, Snapshot
from routing.trial import Recorded, TrialAlert
from worker.proof.explaining import policy_then
from worker.store.account_facts import reads_territories
from worker.store.engine import Store
from worker.store.facts import signal_from, snapshot_as_of
from worker.store.history import BeyondHistoryError
from worker.store.mirror import table_of
from worker.store.people_facts import named_outright
from worker.store.receipts import decision_from, snapshot_from
from worker.store.tables import ALERT, RECEIPT, SIGNAL
from worker.store.team_facts import queues_of, turns_of

_CHUNK = 300
_OF_A_SIGNAL = RECEIPT.c.outcome != Outcome.HAND_OVER.value
"""An alert that was handed over was decided again, but no signal came in."""
FROM_RECEIPT, FROM_HISTORY, INCOMPLETE = "receipt", "history", "incomplete"
"""Where the facts were from; ``incomplete`` when neither had all that the policy asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A receipt of the store: what was decided, by which policy, on which facts."""

    receipt_id: int
    recorded: Recorded
    snapshot: Snapshot
    policy_hash: str


def count_receipts(conn: Connection, since: datetime) -> tuple[int, int]:
    """How many there are since a moment, and the id of the last."""
    query = select(func.count(), func.max(RECEIPT.c.id)).where(
        RECEIPT.c.decided_at >= since, _OF_A_SIGNAL
    )
    number, last = conn.execute(query).one()
    return int(number), int(last or 0)


def receipts(store: Store, since: datetime, last: int, after: int = 0) -> Iterator[Kept]:
    """Those since ``since`` with ids above ``after`` up to ``last``, in their order."""
    while True:
        with store.read() as conn:
            chunk = [_kept(row) for row in conn.execute(_chunk(since, after, last)).mappings()]
        if not chunk:
            return
        after = chunk[-1].receipt_id
        yield from chunk


def _chunk(since: datetime, after: int, last: int) -> Select[Any]:
    return (
        select(
            RECEIPT.c.id.label("receipt_id"),
            RECEIPT.c.decided_at,
            RECEIPT.c.policy_hash,
            RECEIPT.c.snapshot,
            RECEIPT.c.decision,
            RECEIPT.c.alert_id.label("its_alert"),
            ALERT.c.closed_at,
            ALERT.c.state.label("became"),
            SIGNAL,
        )
        .join(SIGNAL, SIGNAL.c.id == RECEIPT.c.signal_id)
        .outerjoin(ALERT, ALERT.c.id == RECEIPT.c.alert_id)
        .where(RECEIPT.c.id > after, RECEIPT.c.id <= last, RECEIPT.c.decided_at >= since)
        .where(_OF_A_SIGNAL)
        .order_by(RECEIPT.c.id)
        .limit(_CHUNK)
    )


def _kept(row: Any) -> Kept:
    snapshot = snapshot_from(row["snapshot"])
    recorded = Recorded(
        signal_id=row["id"],
        signal=signal_from(row),
        decision=decision_from(row["decision"]),
        decided_at=row["decided_at"],
        alert_id=row["its_alert"],
        open_before=snapshot.open_alert.id if snapshot.open_alert else None,
        closed_at=row["closed_at"],
        became=row["became"] or "",
    )
    return Kept(
        receipt_id=row["receipt_id"],
        recorded=recorded,
        snapshot=snapshot,
        policy_hash=row["policy_hash"],
    )


class Facts:
    """The facts for deciding by another policy: the receipt's where these suffice."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self._store = store
        self._policy = policy
        self._enough: dict[str, bool] = {}

    def of(self, kept: Kept) -> tuple[Snapshot, str]:
        """The snapshot, and where it is from."""
        if self._suffices(kept.policy_hash):
            return kept.snapshot, FROM_RECEIPT
        at = kept.recorded.decided_at
        try:
            with self._store.read() as conn:
                found = snapshot_as_of(conn, kept.recorded.signal, self._policy, at)
            return _before_its_alert(found, kept.recorded), FROM_HISTORY
        except BeyondHistoryError:
            return kept.snapshot, INCOMPLETE

    def _suffices(self, policy_hash: str) -> bool:
        if policy_hash not in self._enough:
            with self._store.read() as conn:
                then = policy_then(conn, policy_hash)
            self._enough[policy_hash] = then is not None and suffices(then, self._policy)
        return self._enough[policy_hash]


def _before_its_alert(snapshot: Snapshot, recorded: Recorded) -> Snapshot:
    """Without the alert that the signal itself fired at this very moment."""
    made = recorded.decision
    who = made.assignee_id
    if made.outcome is not Outcome.ALERT or who is None:
        return snapshot
    turns = {name: dict(taken) for name, taken in snapshot.turns.items()}
    if who in turns.get(made.turn, {}):
        turns[made.turn][who] -= 1
    loads = dict(snapshot.loads)
    if who in loads:
        loads[who] = Load(open=max(0, loads[who].open - 1), today=max(0, loads[who].today - 1))
    return replace(snapshot, turns=turns, loads=loads)


def suffices(then: Policy, policy: Policy) -> bool:
    """Whether a receipt of the policy ``then`` holds every fact that ``policy`` asks for."""
    window = policy.priority.multi_open.within_minutes
    return (
        named_outright(policy) <= named_outright(then)
        and policy.backups.items() <= then.backups.items()
        and policy.named_accounts in ((), then.named_accounts)
        and set(queues_of(policy)) <= set(queues_of(then))
        and set(turns_of(policy)) <= set(turns_of(then))
        and reads_territories(policy) <= reads_territories(then)
        and policy.pools == then.pools
        and policy.holidays == then.holidays
        and policy.matching == then.matching
        and window <= then.priority.multi_open.within_minutes
    )


def open_at(conn: Connection, since: datetime, policy: Policy) -> Iterator[tuple[str, TrialAlert]]:
    """The alerts that were open at a moment, by the keys that they have under ``policy``."""
    still = or_(ALERT.c.closed_at.is_(None), ALERT.c.closed_at > since)
    query = select(
        *(ALERT.c[name] for name in ("id", "dedup_key", "signal_class", "thread_id")),
        *(ALERT.c[name] for name in ("prospect_id", "prospect_email", "closed_at")),
    ).where(ALERT.c.fired_at < since, still)
    for row in conn.execute(query.order_by(ALERT.c.fired_at, ALERT.c.id)).mappings():
        alert = OpenAlert(
            id=row["id"],
            signal_class=SignalClass(row["signal_class"]),
            thread_id=row["thread_id"],
        )
        mine = TrialAlert(alert=alert, recorded=row["id"], closes_at=row["closed_at"])
        yield _key(row, policy), mine


def _key(row: Any, policy: Policy) -> str:
    """As ``dedup_key`` says it, of an alert whose signal is not at hand."""
    whose = row["prospect_id"] or row["prospect_email"]
    if policy.one_alert_per == "thread" and row["thread_id"]:
        return f"thread:{whose}:{row['thread_id']}"
    kept = str(row["dedup_key"])
    return kept if kept.startswith("prospect:") else f"prospect:{whose}"


_EVIDENCE = table_of(Evidence).c
_ANSWERED_ALERT = select(func.min(ALERT.c.closed_at)).where(
    ALERT.c.prospect_email == bindparam("email"), ALERT.c.closed_at > bindparam("after")
)
_OWN_ACTION = select(func.min(SIGNAL.c.received_at)).where(
    SIGNAL.c.prospect_email == bindparam("email"),
    SIGNAL.c.kind.in_([one.value for one in RESPONSE_KINDS]),
    SIGNAL.c.received_at > bindparam("after"),
)
_CONTACT = select(func.min(_EVIDENCE.at)).where(
    _EVIDENCE.prospect_id == bindparam("prospect_id"),
    _EVIDENCE.at > bindparam("after"),
    _EVIDENCE.outbound,
    _EVIDENCE.automated.is_(False),
)


class Answers:
    """When people contacted a prospect, for alerts that were never there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, signal: Signal, snapshot: Snapshot, after: datetime) -> datetime | None:
        """The first contact by anybody: an answer to another alert, a rep's action, evidence."""
        given = {"email": signal.prospect_email, "after": after}
        with self._store.read() as conn:
            found = [conn.execute(one, given).scalar() for one in (_ANSWERED_ALERT, _OWN_ACTION)]
            if snapshot.prospect is not None:
                of = {"prospect_id": snapshot.prospect.id, "after": after}
                found.append(conn.execute(_CONTACT, of).scalar())
        return min((one for one in found if one is not None), default=None)
