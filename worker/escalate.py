"""Moves due alerts along: up the ladder when nobody acted, open again when a claim led nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, select, update

from routing.calendar import after_minutes, off_days, week_of
from routing.decide import next_step
from routing.ladder import build_ladder
from routing.nouns import Signal
from routing.policy import Policy, RungKind
from routing.receipt import Step
from routing.snapshot import Snapshot
from worker.brief import note_past
from worker.context import Context
from worker.fresh.budgets import people_scopes, question_of
from worker.fresh.deciding import Rung, note_rung
from worker.hand_over import reconsider
from worker.holders import begin_holder
from worker.outbox import wake_alert
from worker.store.alerts import (
    Row,
    add_delivery,
    add_event,
    change_alert,
    deliveries_of,
    get_alert,
    place_from,
    signals_of,
)
from worker.store.engine import Tx
from worker.store.facts import snapshot_for
from worker.store.people_facts import last_reads
from worker.store.receipts import policy_of
from worker.store.tables import DELIVERY
from worker.store.view import Seen
from worker.weeks import week_for

_LOOK_AGAIN = timedelta(minutes=1)
_TRY_ALL_AGAIN = timedelta(minutes=5)


def escalate(ctx: Context, alert_id: str, tried: Rung | None = None) -> None:
    """Job: act on an alert whose time has come. A stale or doubled call does nothing.

    ``tried``: what came of the live read of the people on its next rung.
    """
    now = ctx.clock.now()
    if tried is None:
        tried = _look_first(ctx, alert_id, now)
        if tried is not None and tried.waits:
            return
    with ctx.store.write() as tx:
        alert = get_alert(tx.conn, alert_id)
        if alert is None or not alert["open"] or alert["due_at"] is None:
            return
        if alert["due_at"] > now:
            return
        if alert["state"] == "fired" and _on_rung(tx, alert, "pending", "sending"):
            # Nobody can act on what they were not told: the wait begins with the delivery.
            change_alert(tx, alert, shows=False, due_at=now + _LOOK_AGAIN)
            return
        if alert["state"] == "snoozed":
            _remind(ctx, tx, alert, now)
        elif not _is_others_now(ctx, tx, alert, now):
            gone = _on_rung(tx, alert, "failed")
            why = f"{alert['rung_name']} cannot be reached" if gone else ""
            climb(ctx, tx, alert, now, why, tried)
        wake_alert(ctx, tx, alert_id)


def _is_others_now(ctx: Context, tx: Tx, alert: Row, now: datetime) -> bool:
    """Before the next is asked: whether it went to a new assignee, to whom the ladder belongs."""
    expired = dict(alert) | {"state": "fired"}  # a claim that led nowhere keeps nothing
    return reconsider(ctx, tx, cast(Row, expired), now) is not False


def climb(
    ctx: Context, tx: Tx, alert: Row, now: datetime, why: str = "", tried: Rung | None = None
) -> None:
    """Tell the next rung that can be used, by the policy that the alert was fired under."""
    policy = policy_of(tx.conn, alert["policy_hash"], ctx.policy)
    snapshot = _facts(tx.conn, alert, policy, now)
    step = _next(tx.conn, alert, snapshot, policy, now)
    anew = step is None and alert["state"] == "acknowledged"
    if anew:
        step = _from_the_start(alert, snapshot, policy, now)
    if tried is not None:
        note_rung(tx, alert["id"], tried, step.name if step else "nobody", now)
    again: dict[str, Any] = {"state": "fired", "holder_id": None, "holder_name": ""}
    if step is None:
        text = why or f"nobody acted, and {alert['rung_name']} is the last rung"
        if change_alert(tx, alert, **again, due_at=None):
            add_event(tx, alert["id"], now, "top_of_ladder", text)
            _never_silent(tx, alert, now)
        return
    if anew:
        again["round"] = alert["round"] + 1
    _tell(tx, alert, step, snapshot, policy, now, why, again)


def _from_the_start(alert: Row, snapshot: Snapshot, policy: Policy, now: datetime) -> Step:
    """A claim on the last rung led nowhere: the first who can act and is not the claimant."""
    assignee = snapshot.people.get(alert["assignee_id"] or "")
    declined = frozenset(alert["declined"])
    steps, _ = build_ladder(assignee, snapshot, policy, now, declined, alert["ladder"])
    others = (one for one in steps if one.person_id != alert["holder_id"])
    return next(others, steps[0])


def _tell(
    tx: Tx,
    alert: Row,
    step: Step,
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
    why: str,
    again: dict[str, Any],
) -> None:
    person = snapshot.people.get(step.person_id or "")
    week = week_of(person, policy.working_hours, off_days(person, snapshot.holidays))
    changed = change_alert(
        tx,
        alert,
        **again,
        rung=step.number,
        rung_kind=step.kind.value,
        rung_name=step.name,
        rung_place=str(step.place),
        due_at=after_minutes(now, step.wait, week),
    )
    if not changed:
        return
    if alert["state"] == "acknowledged":
        why = f"{alert['holder_name']} was on it, but no response was seen"
        own = week_for(tx.conn, alert["assignee_id"], policy, now)
        whose = (alert["assignee_id"], alert["assignee_name"])
        begin_holder(tx, alert["id"], *whose, "reopened", own, now)
    note_past(
        tx,
        alert["id"],
        alert["assignee_id"],
        step,
        snapshot,
        policy,
        now,
        ladder=alert["ladder"],
        declined=frozenset(alert["declined"]),
    )
    reason = why or f"{alert['rung_name']} did not act in time"
    reminds = step.kind is RungKind.REMIND
    text = f"{reason}; " + ("reminded" if reminds else f"now {step.name} ({step.kind.value})")
    kind = "reminded" if reminds else "escalated"
    add_event(tx, alert["id"], now, kind, text, step.person_id)
    add_delivery(
        tx,
        alert_id=alert["id"],
        kind="alert",
        place=step.place,
        now=now,
        wanted=alert["revision"] + 1,
        step=step,
        round_=again.get("round", alert["round"]),
    )


def _remind(ctx: Context, tx: Tx, alert: Row, now: datetime) -> None:
    """A snooze is over: say it again at the same place, and let the wait begin anew."""
    policy = policy_of(tx.conn, alert["policy_hash"], ctx.policy)
    wait = _wait_of(policy, alert, alert["rung"])
    told = [
        row
        for row in deliveries_of(tx.conn, alert["id"])
        if row["kind"] == "alert" and row["place"] == alert["rung_place"]
    ]
    week = week_for(tx.conn, told[-1]["person_id"] if told else None, policy, now)
    changed = change_alert(
        tx,
        alert,
        state="fired",
        round=alert["round"] + 1,
        due_at=after_minutes(now, wait, week),
    )
    if not changed:
        return
    add_event(tx, alert["id"], now, "reminded", f"the snooze of {alert['holder_name']} is over")
    if told:
        add_delivery(
            tx,
            alert_id=alert["id"],
            kind="alert",
            place=place_from(told[-1]["place"]),
            now=now,
            wanted=alert["revision"] + 1,
            step=_step_of(told[-1], wait),
            round_=alert["round"] + 1,
        )


def _step_of(row: Row, wait: int) -> Step:
    place = place_from(row["place"])
    return Step(
        number=row["rung"],
        kind=RungKind(row["rung_kind"]),
        place=place,
        wait=wait,
        name=place.address,
        person_id=row["person_id"],
    )


def _on_rung(tx: Tx, alert: Row, *states: str) -> bool:
    """Whether the present rung's message was never sent and is in one of these states."""
    query = (
        select(DELIVERY.c.id)
        .where(DELIVERY.c.alert_id == alert["id"], DELIVERY.c.kind == "alert")
        .where(DELIVERY.c.rung == alert["rung"], DELIVERY.c.round == alert["round"])
        .where(DELIVERY.c.state.in_(states), DELIVERY.c.sent_at.is_(None))
    )
    return tx.conn.execute(query.limit(1)).first() is not None


def _never_silent(tx: Tx, alert: Row, now: datetime) -> None:
    """An alert that reached nobody on any rung is tried again everywhere until it does."""
    mine = (DELIVERY.c.alert_id == alert["id"]) & (DELIVERY.c.kind == "alert")
    sent = select(DELIVERY.c.id).where(mine, DELIVERY.c.sent_at.is_not(None)).limit(1)
    if tx.conn.execute(sent).first() is None:
        tx.conn.execute(
            update(DELIVERY)
            .where(mine, DELIVERY.c.state == "failed")
            .values(state="pending", next_attempt_at=now + _TRY_ALL_AGAIN)
        )


def begin_wait(ctx: Context, tx: Tx, delivery: Row, now: datetime) -> None:
    """A message reached its rung late: the person's time to act begins now."""
    alert = get_alert(tx.conn, delivery["alert_id"])
    if alert is None or not alert["open"] or alert["state"] != "fired":
        return
    if (alert["rung"], alert["round"]) != (delivery["rung"], delivery["round"]):
        return
    policy = policy_of(tx.conn, alert["policy_hash"], ctx.policy)
    week = week_for(tx.conn, delivery["person_id"], policy, now)
    due_at = after_minutes(now, _wait_of(policy, alert, alert["rung"]), week)
    change_alert(tx, alert, shows=False, due_at=due_at)


def _wait_of(policy: Policy, alert: Row, rung: int) -> int:
    """The working minutes of a rung of the alert's ladder; 0 for the last resort."""
    rungs = policy.ladder_named(alert["ladder"])
    return rungs[rung].wait if rung < len(rungs) else 0


def _look_first(ctx: Context, alert_id: str, now: datetime) -> Rung | None:
    """See that the people on the next rung are known as they are now; None when they are.

    Reads alone, so that nothing is locked while the CRM is asked.
    """
    guard = ctx.guard
    if guard is None:
        return None
    with ctx.store.read() as conn:
        alert = get_alert(conn, alert_id)
        if alert is None or not alert["open"] or alert["state"] == "snoozed":
            return None
        if alert["due_at"] is None or alert["due_at"] > now:
            return None
        policy = policy_of(conn, alert["policy_hash"], ctx.policy)
        reads = last_reads(conn)
        snapshot = _facts(conn, alert, policy, now, reads)
        assignee = snapshot.people.get(alert["assignee_id"] or "")
        declined = frozenset(alert["declined"])
        made = build_ladder(assignee, snapshot, policy, now, declined, alert["ladder"])
        ids = {one.person_id for one in made[1] if one.person_id}
        stale = guard.stale(conn, lambda: people_scopes(ids, snapshot), reads, now)
        step = _next(conn, alert, snapshot, policy, now)
    key = f"alert:{alert_id}"
    if guard.holds(key):
        return Rung(before="", waits=True)
    if stale is None:
        return None
    before = step.name if step else "nobody"
    if stale.refusal:
        return Rung(before=before, why_not=stale.refusal)

    def act(failure: str) -> None:
        escalate(ctx, alert_id, Rung(before=before, why_not=failure))

    guard.ask(key, question_of(stale.keys, snapshot), stale, act)
    return Rung(before=before, waits=True)


def _next(
    conn: Connection, alert: Row, snapshot: Snapshot, policy: Policy, now: datetime
) -> Step | None:
    since = alert["handed_at"] or alert["fired_at"]
    rows = [row for row in deliveries_of(conn, alert["id"]) if row["created_at"] >= since]
    return next_step(
        alert["assignee_id"],
        alert["rung"],
        frozenset(row["place"] for row in rows),
        frozenset(alert["declined"]),
        snapshot,
        policy,
        now,
        alert["ladder"],
        past=alert["holder_id"] if alert["state"] == "acknowledged" else None,
    )


def _facts(
    conn: Connection, alert: Row, policy: Policy, now: datetime, reads: Seen | None = None
) -> Snapshot:
    signals = signals_of(conn, alert["id"])
    signal: Signal = signals[-1]
    return snapshot_for(conn, signal, policy, now, reads)
