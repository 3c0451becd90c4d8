"""Decides stored signals: facts in, decision out, and everything that follows in the same
transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, select, update

from routing.calendar import Week, after_minutes, off_days, week_of
from routing.decide import decide, dedup_key
from routing.nouns import RESPONSE_KINDS, Signal
from routing.policy import SignalClass
from routing.priority import more_urgent
from routing.receipt import Decision, Outcome, Place, Step
from routing.snapshot import Snapshot
from worker.brief import note_past
from worker.claim import hand_over_new
from worker.context import Context
from worker.fresh.deciding import Tried, must_wait
from worker.holders import begin_holder
from worker.outbox import wake_alert
from worker.respond import respond_to_signal
from worker.store.alerts import (
    add_delivery,
    add_event,
    change_alert,
    get_alert,
    insert_alert,
    take_turns,
)
from worker.store.engine import Tx
from worker.store.facts import open_alert, signal_from, snapshot_for
from worker.store.people_facts import last_reads
from worker.store.receipts import add_receipt
from worker.store.statements import add, change
from worker.store.tables import ACTIVITY, SIGNAL
from worker.weeks import week_to_store

_RACES = 5
_IN_DIGEST = (
    update(SIGNAL)
    .where(SIGNAL.c.prospect_email == bindparam("whose"))
    .where(SIGNAL.c.occurred_at.between(bindparam("after"), bindparam("before")))
    .where(SIGNAL.c.outcome == "digest", SIGNAL.c.digest_id.is_(None))
)


def decide_signal(ctx: Context, signal_id: str, tried: Tried | None = None) -> None:
    """Job: decide a stored signal that has not been decided yet. Idempotent.

    ``tried``: what came of the live read that it waited for.
    """
    its_id = SIGNAL.c.id == int(signal_id)
    with ctx.store.write() as tx:
        email = tx.conn.execute(select(SIGNAL.c.prospect_email).where(its_id)).scalar_one_or_none()
        if email is None:
            return
        take_turns(tx, [email])
        found = tx.conn.execute(select(SIGNAL).where(its_id)).mappings().one()
        if found["outcome"] == "":
            decide_in(ctx, tx, int(signal_id), signal_from(found), tried)


def decide_in(
    ctx: Context, tx: Tx, signal_id: int, signal: Signal, tried: Tried | None = None
) -> Outcome | None:
    """Decide within a transaction; None for a rep's own action, which is a response.

    None, too, where the facts are stale: then the signal stays undecided until they were read
    live. The caller has taken the turn of the prospect.
    """
    if signal.kind in RESPONSE_KINDS:
        _decide_response(ctx, tx, signal_id, signal)
        return None
    now = ctx.clock.now()
    reads = last_reads(tx.conn)
    snapshot = snapshot_for(tx.conn, signal, ctx.policy, now, reads)
    key = dedup_key(signal, snapshot, ctx.policy)
    for _ in range(_RACES):
        seen = replace(snapshot, open_alert=open_alert(tx.conn, key))
        decision = decide(signal, seen, ctx.policy, now)
        waits, decision = must_wait(
            ctx,
            tx,
            signal_id,
            signal,
            seen,
            decision,
            reads,
            tried,
            lambda what: decide_signal(ctx, str(signal_id), what),
        )
        if waits:
            return None
        done, alert_id = _store(ctx, tx, signal_id, signal, seen, decision, key, now)
        if done:
            add_receipt(tx, signal_id, seen, decision, alert_id, now)
            return decision.outcome
    raise RuntimeError(f"signal {signal_id}: the open alert of {key} changed {_RACES} times")


def _decide_response(ctx: Context, tx: Tx, signal_id: int, signal: Signal) -> None:
    answered = respond_to_signal(ctx, tx, signal_id, signal)
    said = f"the rep's own {signal.kind.value.removeprefix('rep_')}, " + (
        "the response to an alert" if answered else "with no alert waiting for it"
    )
    _settle(tx, signal_id, "explain", explanation=said, alert_id=answered)


def _store(
    ctx: Context,
    tx: Tx,
    signal_id: int,
    signal: Signal,
    snapshot: Snapshot,
    decision: Decision,
    key: str,
    now: datetime,
) -> tuple[bool, str | None]:
    """Carry the decision out in the store; False when somebody else was faster."""
    if decision.outcome is Outcome.JOIN:
        joined = _join(ctx, tx, signal_id, signal, decision, now)
        return joined, decision.alert_id
    if decision.outcome is Outcome.ALERT:
        alert_id = _fire(ctx, tx, signal_id, signal, snapshot, decision, key, now)
        return alert_id is not None, alert_id
    place = str(decision.digest_place) if decision.digest_place else None
    _settle(tx, signal_id, decision.outcome.value, explanation=decision.reason, digest_place=place)
    return True, None


def _settle(tx: Tx, signal_id: int, outcome: str, **values: Any) -> None:
    change(tx, SIGNAL, signal_id, {"outcome": outcome, **values})


def _join(
    ctx: Context, tx: Tx, signal_id: int, signal: Signal, decision: Decision, now: datetime
) -> bool:
    alert = get_alert(tx.conn, decision.alert_id or "")
    if alert is None or not alert["open"]:
        return False
    was = SignalClass(alert["signal_class"])
    now_of = more_urgent(was, decision.signal_class)
    wakes = alert["state"] == "snoozed" and now_of is not was
    values: dict[str, Any] = {"signal_class": now_of.value}
    if wakes:  # it was put off for less than this
        values["due_at"] = now
    if signal.thread_url:
        values |= {"thread_url": signal.thread_url, "thread_id": signal.thread_id}
    if signal.subject:
        values["subject"] = signal.subject
    if not change_alert(tx, alert, **values):
        return False
    _settle(tx, signal_id, "join", alert_id=alert["id"], explanation=decision.reason)
    text = f"{signal.kind.value} joined: {decision.notes[0]}"
    text += "; being more urgent, it ends the snooze" if wakes else ""
    add_event(tx, alert["id"], now, "joined", text)
    if wakes:
        ctx.dispatch.hand_over(tx, "escalate", alert["id"], lock=f"alert:{alert['id']}")
    wake_alert(ctx, tx, alert["id"])
    return True


def _fire(
    ctx: Context,
    tx: Tx,
    signal_id: int,
    signal: Signal,
    snapshot: Snapshot,
    decision: Decision,
    key: str,
    now: datetime,
) -> str | None:
    """Open an alert with its first message, its copy for the watchers and its task."""
    alert_id = uuid4().hex
    step = decision.steps[0]
    reader = snapshot.people.get(step.person_id or "")
    week = week_of(reader, ctx.policy.working_hours, off_days(reader, snapshot.holidays))
    values = _alert_values(signal, snapshot, decision, step, week)
    values |= {"id": alert_id, "dedup_key": key, "fired_at": now}
    values["due_at"] = after_minutes(now, step.wait, week)
    if not insert_alert(tx, values):
        return None
    _settle(tx, signal_id, "alert", alert_id=alert_id, explanation=decision.reason)
    _adopt(ctx, tx, alert_id, signal)
    add_event(tx, alert_id, now, "fired", decision.reason, step.person_id)
    owner = snapshot.people.get(decision.assignee_id or "")
    own = week_of(owner, ctx.policy.working_hours, off_days(owner, snapshot.holidays))
    begin_holder(tx, alert_id, decision.assignee_id, decision.assignee_name, "fired", own, now)
    note_past(
        tx, alert_id, decision.assignee_id, step, snapshot, ctx.policy, now, ladder=decision.ladder
    )
    add(tx, ACTIVITY, _activity_values(alert_id, now))
    _tell(ctx, tx, alert_id, "alert", step.place, now, step)
    for watcher in decision.watchers:
        _tell(ctx, tx, alert_id, "watch", watcher.place, now)
    return alert_id


def _tell(
    ctx: Context,
    tx: Tx,
    alert_id: str,
    kind: str,
    place: Place,
    now: datetime,
    step: Step | None = None,
) -> None:
    made = add_delivery(tx, alert_id=alert_id, kind=kind, place=place, now=now, wanted=1, step=step)
    if made is not None:
        hand_over_new(ctx, tx, made, place)


def _activity_values(alert_id: str, now: datetime) -> dict[str, Any]:
    return {
        "key": f"task:{alert_id}",
        "alert_id": alert_id,
        "state": "pending",
        "revision": 0,
        "wanted": 1,
        "attempts": 0,
        "next_attempt_at": now,
        "error": "",
    }


def _alert_values(
    signal: Signal, snapshot: Snapshot, decision: Decision, step: Step, week: Week
) -> dict[str, Any]:
    prospect, account = snapshot.prospect, snapshot.account
    name = (prospect.name if prospect else "") or signal.prospect_name or signal.prospect_email
    company = prospect.company if prospect else ""
    sender = snapshot.people.get(decision.sending_rep_id or "")
    return {
        "open": True,
        "state": "fired",
        "version": 1,
        "revision": 1,
        "signal_class": decision.signal_class.value,
        "stage_class": decision.stage_class.value if decision.stage_class else "",
        "stage_label": decision.stage_label,
        "role": decision.role,
        "route": decision.route,
        "reason": decision.reason,
        "prospect_id": prospect.id if prospect else None,
        "prospect_kind": prospect.kind if prospect else "",
        "prospect_email": signal.prospect_email,
        "prospect_name": name,
        "account_id": account.id if account else None,
        "account_name": account.name if account else company,
        "deal_id": decision.deal_id,
        "deal_name": decision.deal_name,
        "thread_id": signal.thread_id,
        "thread_url": signal.thread_url,
        "subject": signal.subject,
        "sending_rep": sender.name if sender else signal.sending_rep,
        "assignee_id": decision.assignee_id,
        "assignee_name": decision.assignee_name,
        "holder_name": "",
        "rung": step.number,
        "rung_kind": step.kind.value,
        "rung_name": step.name,
        "rung_place": str(step.place),
        "policy_hash": decision.policy_hash,
        "ladder": decision.ladder,
        "turn": decision.turn,
        "week": week_to_store(week),
        "declined": [],
        "round": 0,
        "response_kind": "",
    }


def _adopt(ctx: Context, tx: Tx, alert_id: str, signal: Signal) -> None:
    """Take the signals that led up to this alert out of the digest and into it."""
    reach = timedelta(minutes=ctx.policy.priority.multi_open.within_minutes)
    around = {
        "whose": signal.prospect_email,
        "after": signal.occurred_at - reach,
        "before": signal.occurred_at + reach,
    }
    adopted = {"outcome": "join", "alert_id": alert_id, "explanation": "led up to this alert"}
    tx.conn.execute(_IN_DIGEST, around | adopted)
