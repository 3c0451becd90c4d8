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
from worker.snooze import wake
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
from worker.store.facts import person_by_email, snapshot_for
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
        if not _is_others_now(ctx, tx, alert, now):
            why = wake(ctx, tx, alert, now) if alert["state"] == "snoozed" else _why(tx, alert)
            if why or alert["state"] != "snoozed":
                climb(ctx, tx, alert, now, why, tried)
        wake_alert(ctx, tx, alert_id)


def _why(tx: Tx, alert: Row) -> str:
    """Why it goes on, where that is not that nobody acted in time."""
    if _on_rung(tx, alert, "failed"):
        return f"{alert['rung_name']} cannot be reached"
    asked = place_from(alert["rung_place"])
    who = person_by_email(tx.conn, asked.address) if asked.kind == "person" else None
    if who is not None and who.id in alert["declined"] and alert["state"] == "fired":
        return f"{who.name} said it is not theirs"
    return ""


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
    taken = alert["state"] in ("acknowledged", "snoozed")
    anew = step is None and (taken or _declined(alert, snapshot))
    if anew:
        step = _from_the_start(alert, snapshot, policy, now)
        anew = step is not None
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


def _declined(alert: Row, snapshot: Snapshot) -> bool:
    """Whether it is on a rung of somebody who has declined it."""
    asked = place_from(alert["rung_place"])
    who = snapshot.by_email(asked.address) if asked.kind == "person" else None
    return who is not None and who.id in alert["declined"]


def _from_the_start(alert: Row, snapshot: Snapshot, policy: Policy, now: datetime) -> Step | None:
    """The last rung led nowhere: the first who can act and neither claimed nor declined it.

    Whoever claimed it last is better than nobody; whoever declined it is not asked again.
    """
    assignee = snapshot.people.get(alert["assignee_id"] or "")
    declined = frozenset(alert["declined"])
    steps, _ = build_ladder(assignee, snapshot, policy, now, declined, alert["ladder"])
    able = [one for one in steps if one.person_id is None or one.person_id not in declined]
    others = (one for one in able if one.person_id != alert["holder_id"])
    return next(others, able[0] if able else None)


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
    reason = why or f"{alert['rung_name']} did not act in time"
    reminds = step.kind is RungKind.REMIND
    if not reminds:
        # Whoever had claimed it and let it go has it no more; of the assignee's nothing changes.
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
    due_at = after_minutes(now, policy.wait_of(alert["ladder"], alert["rung"]), week)
    change_alert(tx, alert, shows=False, due_at=due_at)


def _look_first(ctx: Context, alert_id: str, now: datetime) -> Rung | None:
    """See that the people on the next rung are known as they are now; None when they are.

    Reads alone, so that nothing is locked while the CRM is asked.
    """
    guard = ctx.guard
    if guard is None:
        return None
    with ctx.store.read() as conn:
        alert = get_alert(conn, alert_id)
        if alert is None or not alert["open"]:
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
