"""Receipts: the snapshot and the decision of every signal, as JSON that can be read back."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from routing.nouns import Signal
from routing.policy import Policy
from routing.receipt import Decision
from routing.snapshot import Snapshot
from worker.store.engine import Tx
from worker.store.statements import add
from worker.store.tables import POLICY, RECEIPT


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_json(value: Snapshot | Decision | Signal) -> dict[str, Any]:
    """A noun as plain JSON values."""
    kind: Any = type(value)
    dumped: dict[str, Any] = _adapter(kind).dump_python(value, mode="json", exclude_defaults=True)
    return dumped


def snapshot_from(data: dict[str, Any]) -> Snapshot:
    """The snapshot of a stored receipt."""
    snapshot: Snapshot = _adapter(Snapshot).validate_python(data)
    return snapshot


def decision_from(data: dict[str, Any]) -> Decision:
    """The decision of a stored receipt."""
    decision: Decision = _adapter(Decision).validate_python(data)
    return decision


def add_receipt(
    tx: Tx,
    signal_id: int,
    snapshot: Snapshot,
    decision: Decision,
    alert_id: str | None,
    now: datetime,
) -> None:
    """Store the proof of one decision."""
    values = {
        "signal_id": signal_id,
        "alert_id": alert_id,
        "decided_at": now,
        "policy_hash": decision.policy_hash,
        "outcome": decision.outcome.value,
        "snapshot": to_json(snapshot),
        "decision": to_json(decision),
    }
    add(tx, RECEIPT, values)


def keep_policy(tx: Tx, policy: Policy, now: datetime) -> None:
    """Remember this version of the policy."""
    statement = tx.insert(POLICY).values(
        hash=policy.hash, body=policy.model_dump(mode="json"), loaded_at=now
    )
    tx.conn.execute(statement.on_conflict_do_nothing(index_elements=["hash"]))


def policy_by_hash(conn: Connection, policy_hash: str) -> Policy | None:
    """The version of the policy with this fingerprint."""
    row = conn.execute(select(POLICY.c.body).where(POLICY.c.hash == policy_hash)).first()
    return Policy.model_validate(row[0]) if row else None


def policy_of(conn: Connection, policy_hash: str, present: Policy) -> Policy:
    """The policy that an alert lives by; the present one if that version was never kept."""
    if policy_hash == present.hash:
        return present
    return policy_by_hash(conn, policy_hash) or present
