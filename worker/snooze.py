"""An alert is put off by a rep, within the policy's limits, and comes back when that is over.

The end is a stored time like every other timer. The clock of the response runs on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from connectors.base import ButtonPress
from routing.availability import availability
from routing.calendar import after_minutes
from routing.ladder import passed_over
from routing.nouns import Person
from routing.policy import Policy
from routing.receipt import Step
from routing.snooze import in_words, wakes_at, zone_of
from routing.terms import RungKind, span_in_words, span_minutes
from worker.card import clock_in
from worker.context import Context
from worker.store.alerts import (
    Row,
    add_delivery,
    add_event,
    change_alert,
    deliveries_of,
    place_from,
)
from worker.store.engine import Tx
from worker.store.facts import person as person_of
from worker.store.people_facts import people_snapshot
from worker.store.receipts import policy_of
from worker.store.tables import ALERT_EVENT
from worker.weeks import week_for


def snooze(ctx: Context, tx: Tx, alert: Row, person: Person, press: ButtonPress) -> str | None:
    """Put the alert off for the presser; None when somebody else changed it meanwhile."""
    now = ctx.clock.now()
    policy = policy_of(tx.conn, alert["policy_hash"], ctx.policy)
    refusal = _not_theirs(alert, person) or _too_often(tx, alert, person, policy)
    if refusal:
        return refusal
    choice = press.choice or policy.snooze.choices[0]
    if choice not in policy.snooze.choices:
        return "The policy no longer offers this, so nothing was changed. Please choose again."
    snapshot = people_snapshot(tx.conn, [person.id], policy, now)
    until = wakes_at(choice, person, snapshot, policy, now)
    refusal = _too_long(until, person, policy, now)
    if refusal or until is None:
        return refusal
    zone = zone_of(person, policy)
    changed = change_alert(
        tx,
        alert,
        state="snoozed",
        holder_id=person.id,
        holder_name=person.name,
        due_at=until,
        snooze_zone=zone,
    )
    if not changed:
        return None
    shown = clock_in(until, ZoneInfo(zone))
    text = f"{person.name} snoozed it until {shown} ({in_words(choice).lower()})"
    add_event(tx, alert["id"], now, "snoozed", text, person.id)
    return (
        f"Snoozed until {shown}, your time. You will be told again then; the clock of the "
        "alert runs on, and it goes on at once when it becomes somebody else's."
    )


def _not_theirs(alert: Row, person: Person) -> str:
    """Why it is not the presser's to put off; '' when it is."""
    holder = alert["holder_name"]
    mine = alert["holder_id"] == person.id
    if alert["state"] == "acknowledged" and not mine:
        return f"{holder} is on it, so there is nothing for you to snooze."
    if alert["state"] == "snoozed" and not mine:
        until = clock_in(alert["due_at"], ZoneInfo(alert["snooze_zone"]))
        return f"{holder} has snoozed it until {until} already. Acknowledge it to take it over."
    asked = place_from(alert["rung_place"])
    if alert["state"] == "fired" and asked.kind == "person" and asked.address != person.email:
        name = alert["rung_name"]
        return f"It is {name}'s turn now, so nothing was snoozed. Acknowledge it to take it over."
    return ""


def _too_often(tx: Tx, alert: Row, person: Person, policy: Policy) -> str:
    since = alert["handed_at"] or alert["fired_at"]
    mine = select(func.count()).where(
        ALERT_EVENT.c.alert_id == alert["id"],
        ALERT_EVENT.c.kind == "snoozed",
        ALERT_EVENT.c.person_id == person.id,
        ALERT_EVENT.c.at >= since,
    )
    times = int(tx.conn.execute(mine).scalar_one())
    if times < policy.snooze.times:
        return ""
    often = "once" if times == 1 else f"{times} times"
    return (
        f"You have snoozed it {often}, and the policy allows no more. Acknowledge it, or press "
        "“Not mine” and it goes on to the next."
    )


def _too_long(until: datetime | None, person: Person, policy: Policy, now: datetime) -> str:
    longest = policy.snooze.longest
    if until is not None and until <= now + timedelta(minutes=span_minutes(longest)):
        return ""
    when = "not near"
    if until is not None:
        when = clock_in(until, ZoneInfo(zone_of(person, policy)))
    return (
        f"Your next working day begins {when}, and nobody may snooze an alert for longer than "
        f"{span_in_words(longest)}; nothing was changed. Choose a shorter time, or press “Not "
        "mine” and it goes on to the next."
    )


def wake(ctx: Context, tx: Tx, alert: Row, now: datetime) -> str:
    """A snooze is over: say it again to who snoozed it, and let their time begin anew.

    Nothing is said to somebody who cannot be asked (any more): then the reason is returned, and
    the alert is to go on to the next.
    """
    policy = policy_of(tx.conn, alert["policy_hash"], ctx.policy)
    told = _told(tx, alert)
    if told is None:
        return f"the snooze of {alert['holder_name']} is over"
    gone = _cannot_be_asked(tx, alert, told, policy, now)
    if gone:
        return gone
    week = week_for(tx.conn, told["person_id"], policy, now)
    step = _step_of(told, alert, policy.wait_of(alert["ladder"], alert["rung"]))
    changed = change_alert(
        tx,
        alert,
        state="fired",
        holder_id=None,
        holder_name="",
        round=alert["round"] + 1,
        rung_name=step.name,
        rung_place=str(step.place),
        due_at=after_minutes(now, step.wait, week),
    )
    if changed:
        text = f"the snooze of {alert['holder_name']} is over; told again"
        add_event(tx, alert["id"], now, "reminded", text, told["person_id"])
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
    return ""


def _told(tx: Tx, alert: Row) -> Row | None:
    """The latest message to who snoozed it; else the one to those whose turn it is."""
    rows = [row for row in deliveries_of(tx.conn, alert["id"]) if row["kind"] == "alert"]
    own = [row for row in rows if row["person_id"] == alert["holder_id"]]
    turn = [row for row in rows if row["place"] == alert["rung_place"]]
    found = own or turn
    return found[-1] if found else None


def _cannot_be_asked(tx: Tx, alert: Row, told: Row, policy: Policy, now: datetime) -> str:
    """Why the one who is to be told again cannot be; '' for a channel and for who is there."""
    if told["person_id"] is None:
        return ""
    who = person_of(tx.conn, told["person_id"])
    if who is None or not who.active:
        return f"{alert['holder_name']}, who snoozed it, is no longer active"
    if who.id in alert["declined"]:
        return f"{who.name} said it is not theirs"
    stands = availability(who, people_snapshot(tx.conn, [who.id], policy, now), policy, now)
    return f"{who.name}, who snoozed it, {stands.why}" if passed_over(stands, policy) else ""


def _step_of(told: Row, alert: Row, wait: int) -> Step:
    place = place_from(told["place"])
    turn = told["place"] == alert["rung_place"]
    name = alert["rung_name"] if turn else alert["holder_name"]
    return Step(
        number=alert["rung"],
        kind=RungKind(told["rung_kind"]),
        place=place,
        wait=wait,
        name=name,
        person_id=told["person_id"],
    )
