"""Explains alerts out of their receipts, and what would happen now out of the mirror.

Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, select

from routing.decide import decide, dedup_key
from routing.explain import Explanation, Happening, Receipt, explain
from routing.hand_over import Standing
from routing.nouns import Account, Signal
from routing.policy import Policy, SignalClass
from routing.receipt import Decision, Fact, Outcome
from routing.snapshot import Snapshot
from routing.supposing import signal_of
from worker.proof.subjects import Subject
from worker.proof.team import account_facts, snapshot_of, team_of
from worker.store.alerts import Row
from worker.store.facts import open_alert, signal_from, snapshot_for
from worker.store.receipts import decision_from, policy_by_hash, snapshot_from, to_json
from worker.store.tables import ALERT, ALERT_EVENT, RECEIPT, SIGNAL

_LATEST = 5
_OF_WHOM = (Outcome.ALERT.value, Outcome.HAND_OVER.value)
"""The outcomes that say whose an alert is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One explanation with its receipt, and what it is about in a line."""

    title: str
    receipt: Receipt
    explanation: Explanation
    alert_id: str = ""


def explain_subject(
    conn: Connection,
    subject: Subject,
    policy: Policy,
    now: datetime,
    signals: Sequence[SignalClass] = tuple(SignalClass),
) -> list[Explained]:
    """The receipts of an alert in order; for others what each of ``signals`` would lead to now."""
    if subject.alert is not None:
        return explain_decisions(conn, subject.alert)
    if subject.account is not None:
        return list(_of_account(conn, subject.account, policy, now, signals))
    return list(_of_email(conn, subject.email, policy, now, signals))


def explain_alert(conn: Connection, alert: Row, at: datetime | None = None) -> Explained | None:
    """The decision by which the alert is where it is, or was at a moment, with its timeline.

    That which opened it or the latest that handed it over; None when it is kept no more.
    """
    made = [row for row in _decisions(conn, alert) if at is None or row["decided_at"] <= at]
    return _explained(conn, alert, made, timeline=True) if made else None


def explain_decisions(conn: Connection, alert: Row) -> list[Explained]:
    """Every decision on whose an alert is, in order; the timeline is with the last."""
    made = _decisions(conn, alert)
    return [
        _explained(conn, alert, made[:number], timeline=number == len(made))
        for number in range(1, len(made) + 1)
    ]


def _decisions(conn: Connection, alert: Row) -> list[Row]:
    query = (
        select(RECEIPT.c.snapshot, RECEIPT.c.decision, RECEIPT.c.decided_at, SIGNAL)
        .join(SIGNAL, SIGNAL.c.id == RECEIPT.c.signal_id)
        .where(RECEIPT.c.alert_id == alert["id"], RECEIPT.c.outcome.in_(_OF_WHOM))
        .order_by(RECEIPT.c.id)
    )
    return list(conn.execute(query).mappings())


def _explained(conn: Connection, alert: Row, made: Sequence[Row], *, timeline: bool) -> Explained:
    """The last of these decisions; those before it are what it was made upon."""
    row = made[-1]
    decision = decision_from(row["decision"])
    receipt = Receipt(
        signal=signal_from(row),
        snapshot=snapshot_from(row["snapshot"]),
        decision=decision,
        decided_at=row["decided_at"],
        policy=policy_then(conn, decision.policy_hash),
        happenings=tuple(_timeline(conn, alert)) if timeline else (),
        stands=_stood_on(conn, alert, made),
    )
    at = f" of {alert['account_name']}" if alert["account_name"] else ""
    title = f"The alert about {alert['prospect_name']}{at}"
    if receipt.stands is not None:
        title += f", handed over {row['decided_at']:%Y-%m-%d %H:%M} UTC"
    return Explained(
        title=title, receipt=receipt, explanation=explain(receipt), alert_id=alert["id"]
    )


def _stood_on(conn: Connection, alert: Row, made: Sequence[Row]) -> Standing | None:
    """What the alert stood on before the last of these decisions; None for the first."""
    if len(made) == 1:
        return None
    first, before = decision_from(made[0]["decision"]), decision_from(made[-2]["decision"])
    declines = select(ALERT_EVENT.c.person_id).where(
        ALERT_EVENT.c.alert_id == alert["id"],
        ALERT_EVENT.c.kind == "declined",
        ALERT_EVENT.c.at <= made[-1]["decided_at"],
    )
    return Standing(
        fired_at=alert["fired_at"],
        signal_class=first.signal_class,
        assignee_id=before.assignee_id,
        turn=before.turn,
        declined=frozenset(row[0] for row in conn.execute(declines) if row[0]),
    )


def policy_then(conn: Connection, policy_hash: str) -> Policy | None:
    """The version of the policy; None when it is not kept, or no longer understood."""
    try:
        found = policy_by_hash(conn, policy_hash)
    except ValidationError:
        return None
    return found if found is not None and found.hash == policy_hash else None


def latest_alerts(conn: Connection, subject: Subject) -> list[Row]:
    """The latest alerts about an e-mail or an account."""
    query = select(ALERT).order_by(ALERT.c.fired_at.desc()).limit(_LATEST)
    if subject.account is not None:
        query = query.where(ALERT.c.account_id == subject.account.id)
    elif subject.email:
        query = query.where(ALERT.c.prospect_email == subject.email)
    else:
        return []
    return list(conn.execute(query).mappings().all())


def _timeline(conn: Connection, alert: Row) -> Iterator[Happening]:
    query = select(ALERT_EVENT).where(ALERT_EVENT.c.alert_id == alert["id"])
    for row in conn.execute(query.order_by(ALERT_EVENT.c.at, ALERT_EVENT.c.id)).mappings():
        yield Happening(at=row["at"], kind=row["kind"], text=row["text"])
    if alert["open"]:
        text = f"it is {alert['state']}, with {alert['rung_name']}"
        place = f"on the rung {alert['rung_kind'].replace('_', ' ')}"
        yield Happening(at=None, kind="now", text=f"{text} {place}")


def _of_email(
    conn: Connection, email: str, policy: Policy, now: datetime, signals: Sequence[SignalClass]
) -> Iterator[Explained]:
    for signal_class in signals:
        signal = supposed(signal_class, policy, now, email)
        snapshot = replace(snapshot_for(conn, signal, policy, now), recent=())
        waiting = open_alert(conn, dedup_key(signal, snapshot, policy))
        note = f"; one is open now ({waiting.id}), which it would join" if waiting else ""
        yield _supposed(f"{email}, {_words(signal_class)}{note}", signal, snapshot, policy, now)


def _of_account(
    conn: Connection,
    account: Account,
    policy: Policy,
    now: datetime,
    signals: Sequence[SignalClass],
) -> Iterator[Explained]:
    snapshot = snapshot_of(account_facts(conn, account), team_of(conn, policy, now))
    for signal_class in signals:
        signal = supposed(signal_class, policy, now)
        title = f"{account.name} ({account.id}), {_words(signal_class)}"
        yield _supposed(title, signal, snapshot, policy, now)


def supposed(signal_class: SignalClass, policy: Policy, now: datetime, email: str = "") -> Signal:
    """The plainest signal that amounts to this class under this policy."""
    rule = policy.priority.multi_open
    plain = replace(signal_of(signal_class, now), prospect_email=email, source="nobody")
    if signal_class is SignalClass.MULTI_OPEN:
        return replace(plain, count=rule.opens, tier=min(rule.tiers, default=1))
    return plain


def _supposed(
    title: str, signal: Signal, snapshot: Snapshot, policy: Policy, now: datetime
) -> Explained:
    receipt = Receipt(
        signal=signal,
        snapshot=snapshot,
        decision=decide(signal, snapshot, policy, now),
        decided_at=now,
        policy=policy,
        told_yet=False,
    )
    return Explained(title=title, receipt=receipt, explanation=explain(receipt))


def _words(signal_class: SignalClass) -> str:
    return signal_class.value.replace("_", " ")


def as_json(explained: Explained) -> dict[str, Any]:
    """The explanation for programs; times are ISO 8601, ages seconds."""
    receipt, told = explained.receipt, explained.explanation
    return {
        "title": explained.title,
        "alert": explained.alert_id or None,
        "hypothetical": not receipt.told_yet,
        "headline": told.headline,
        "decided_at": receipt.decided_at.isoformat(),
        "policy": receipt.decision.policy_hash,
        "same_when_decided_again": told.same_again,
        "sections": [{"title": one.title, "sentences": one.sentences} for one in told.sections],
        "decision": to_json(receipt.decision),
        "facts": [_fact_json(one, receipt.decided_at) for one in receipt.decision.facts],
        "had_they_been_in": [
            {
                "person": one.person.email or one.person.id,
                "why_passed_over": one.why,
                "first": _first(one.decision),
                "outcome": one.decision.outcome.value,
            }
            for one in told.what_ifs
        ],
        "happened": [
            {"at": one.at.isoformat() if one.at else None, "kind": one.kind, "text": one.text}
            for one in receipt.happenings
        ],
    }


def _first(decision: Decision) -> str | None:
    return decision.steps[0].place.address if decision.steps else None


def _fact_json(fact: Fact, at: datetime) -> dict[str, Any]:
    return {
        "record": fact.record,
        "record_id": fact.record_id,
        "field": fact.field,
        "value": fact.value,
        "crm_time": fact.modified_at.isoformat() if fact.modified_at else None,
        "age_seconds": fact.age_seconds(at),
    }
