"""Hands an open alert over when it has become somebody else's: the facts changed in the CRM.

The decision is made again by the policy that the alert was fired under. Who has acknowledged or
claimed it keeps it; between two hand-overs lies a while, so that a record that is changed to and
fro does not send the alert to and fro.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from routing.calendar import after_minutes, off_days, week_of
from routing.hand_over import Standing, decide_again
from routing.policy import Policy
from routing.receipt import Decision
from routing.snapshot import Snapshot
from worker.brief import note_handed_over, note_past
from worker.context import Context
from worker.holders import begin_holder
from worker.outbox import wake_alert
from worker.store.alerts import Row, add_delivery, add_event, change_alert, get_alert
from worker.store.engine import Tx
from worker.store.facts import signal_from, snapshot_for
from worker.store.receipts import add_receipt, decision_from, policy_of
from worker.store.tables import ALERT_EVENT, DELIVERY, RECEIPT, REVIEW, SIGNAL

_APART = timedelta(minutes=5)
"""Between two hand-overs of one alert."""
_SHOWN = ("stage_class", "stage_label", "deal_name")


def review(ctx: Context, alert_id: str) -> None:
    """Job: decide an open alert again whose facts have changed. A doubled call does nothing."""
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        mine = (REVIEW.c.alert_id == alert_id) & (REVIEW.c.due_at <= now)
        # First of all, so that a change that comes later asks anew.
        if tx.conn.execute(delete(REVIEW).where(mine)).rowcount != 1:
            return
        alert = get_alert(tx.conn, alert_id)
        if alert is None or not alert["open"]:
            return
        if alert["handed_at"] is not None and now < alert["handed_at"] + _APART:
            _look_later(tx, alert_id, alert["handed_at"] + _APART)
            return
        if reconsider(ctx, tx, alert, now) is None:
            _look_later(tx, alert_id, now)
            return
        wake_alert(ctx, tx, alert_id)


def reconsider(ctx: Context, tx: Tx, alert: Row, now: datetime) -> bool | None:
    """Decide anew whose an alert is; True when it was handed over, None when others changed it."""
    fired = _fired_by(tx, alert["id"])
    if fired is None:
        return False
    signal_id, row, before = fired
    policy = policy_of(tx.conn, alert["policy_hash"], ctx.policy)
    signal = signal_from(row)
    snapshot = snapshot_for(tx.conn, signal, policy, now)
    stands = Standing(
        fired_at=alert["fired_at"],
        signal_class=before.signal_class,
        assignee_id=alert["assignee_id"],
        turn=alert["turn"],
        declined=frozenset(alert["declined"]),
    )
    decision = decide_again(stands, signal, snapshot, policy, now)
    if decision.assignee_id == alert["assignee_id"]:
        return _show_facts(tx, alert, decision, now)
    if alert["state"] == "acknowledged":
        return _leave(tx, alert, decision, now)
    if not _move(tx, alert, decision, snapshot, policy, now):
        return None
    add_receipt(tx, signal_id, snapshot, decision, alert["id"], now)
    return True


def _look_later(tx: Tx, alert_id: str, due_at: datetime) -> None:
    row = tx.insert(REVIEW).values(alert_id=alert_id, due_at=due_at)
    tx.conn.execute(row.on_conflict_do_nothing(index_elements=["alert_id"]))


def _fired_by(tx: Tx, alert_id: str) -> tuple[int, Row, Decision] | None:
    """The signal that fired the alert, and how it was decided then."""
    query = (
        select(SIGNAL, RECEIPT.c.decision)
        .join(RECEIPT, RECEIPT.c.signal_id == SIGNAL.c.id)
        .where(RECEIPT.c.alert_id == alert_id, RECEIPT.c.outcome == "alert")
        .limit(1)
    )
    row = tx.conn.execute(query).mappings().first()
    return (row["id"], row, decision_from(row["decision"])) if row is not None else None


def _facts_of(decision: Decision) -> dict[str, Any]:
    return {
        "stage_class": decision.stage_class.value if decision.stage_class else "",
        "stage_label": decision.stage_label,
        "role": decision.role,
        "route": decision.route,
        "reason": decision.reason,
        "deal_id": decision.deal_id,
        "deal_name": decision.deal_name,
    }


def _show_facts(tx: Tx, alert: Row, decision: Decision, now: datetime) -> bool | None:
    """It stays whose it was; its messages show the deal and the stage as they are now."""
    facts = _facts_of(decision)
    if all(alert[name] == facts[name] for name in _SHOWN):
        return False
    # The reason names whom it was brought to first, which has not changed.
    kept = {name: value for name, value in facts.items() if name != "reason"}
    if not change_alert(tx, alert, **kept):
        return None
    now_at = facts["stage_label"] or facts["stage_class"].replace("_", " ")
    text = f"the facts changed (now {now_at}), and it stays {alert['assignee_name'] or 'unowned'}"
    add_event(tx, alert["id"], now, "facts_changed", text, alert["assignee_id"])
    return False


def _leave(tx: Tx, alert: Row, decision: Decision, now: datetime) -> bool | None:
    """Whoever is on it keeps it; said once."""
    if alert["holder_id"] == decision.assignee_id:
        mine = _facts_of(decision)
        mine |= {"assignee_id": decision.assignee_id, "assignee_name": decision.assignee_name}
        return False if change_alert(tx, alert, **mine) else None
    to = decision.assignee_name or "nobody"
    text = f"by the CRM it is {to}'s now, but {alert['holder_name']} is on it and keeps it"
    said = select(ALERT_EVENT.c.id).where(
        ALERT_EVENT.c.alert_id == alert["id"], ALERT_EVENT.c.text == text
    )
    if tx.conn.execute(said.limit(1)).first() is None:
        add_event(tx, alert["id"], now, "kept", text, alert["holder_id"])
    return False


def _move(
    tx: Tx, alert: Row, decision: Decision, snapshot: Snapshot, policy: Policy, now: datetime
) -> bool:
    """Bring the alert to its new assignee: the ladder begins anew, the clock runs on."""
    step = decision.steps[0]
    told = snapshot.people.get(step.person_id or "")
    week = week_of(told, policy.working_hours, off_days(told, snapshot.holidays))
    changed = change_alert(
        tx,
        alert,
        **_facts_of(decision),
        state="fired",
        holder_id=None,
        holder_name="",
        assignee_id=decision.assignee_id,
        assignee_name=decision.assignee_name,
        ladder=decision.ladder,
        turn=decision.turn,
        rung=step.number,
        rung_kind=step.kind.value,
        rung_name=step.name,
        rung_place=str(step.place),
        round=alert["round"] + 1,
        due_at=after_minutes(now, step.wait, week),
        handed_at=now,
    )
    if not changed:
        return False
    _withdraw(tx, alert["id"])
    new_name = decision.assignee_name or step.name
    note_handed_over(tx, alert, new_name, snapshot, policy, now)
    note_past(
        tx, alert["id"], decision.assignee_id, step, snapshot, policy, now, ladder=decision.ladder
    )
    before, after = (one or "nobody" for one in (alert["assignee_name"], decision.assignee_name))
    text = f"handed over from {before} to {after}: {decision.reason}"
    if alert["state"] == "snoozed":
        text += f"; the snooze of {alert['holder_name']} ends with it"
    add_event(tx, alert["id"], now, "handed_over", text, decision.assignee_id)
    owner = snapshot.people.get(decision.assignee_id or "")
    own = week_of(owner, policy.working_hours, off_days(owner, snapshot.holidays))
    begin_holder(
        tx, alert["id"], decision.assignee_id, decision.assignee_name, "handed_over", own, now
    )
    add_delivery(
        tx,
        alert_id=alert["id"],
        kind="alert",
        place=step.place,
        now=now,
        wanted=alert["revision"] + 1,
        step=step,
        round_=alert["round"] + 1,
    )
    return True


def _withdraw(tx: Tx, alert_id: str) -> None:
    """Messages that nobody has begun to send are not sent: they would ask the wrong person."""
    tx.conn.execute(
        delete(DELIVERY)
        .where(DELIVERY.c.alert_id == alert_id, DELIVERY.c.kind == "alert")
        .where(DELIVERY.c.state == "pending", DELIVERY.c.sent_at.is_(None))
    )
