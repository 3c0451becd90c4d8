"""“Not mine”: the decliner is not asked again; an alert that waits for them goes on at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.base import ButtonPress
from routing.calendar import after_minutes
from routing.nouns import Person
from worker.context import Context
from worker.holders import begin_holder
from worker.store.alerts import Row, add_event, change_alert, place_from
from worker.store.engine import Tx
from worker.store.facts import person_by_email
from worker.store.receipts import policy_of
from worker.weeks import week_for


def decline(ctx: Context, tx: Tx, alert: Row, person: Person, _press: ButtonPress) -> str | None:
    """Note it, and have the next asked when it was the decliner's turn.

    That goes the way of a timer that has run out, so that the people on the next rung are looked
    at live before they are told, as ever. None when somebody else changed the alert meanwhile.
    """
    now = ctx.clock.now()
    changes: dict[str, Any] = {"declined": sorted({*alert["declined"], person.id})}
    asked = place_from(alert["rung_place"])
    had_it = alert["state"] in ("acknowledged", "snoozed") and alert["holder_id"] == person.id
    in_hand = alert["state"] == "acknowledged" and not had_it
    their_turn = asked.kind == "person" and asked.address == person.email
    goes_on = not in_hand and (had_it or (their_turn and alert["state"] == "fired"))
    if goes_on:
        changes |= {"state": "fired", "holder_id": None, "holder_name": "", "due_at": now}
    if goes_on and not their_turn:
        changes["due_at"] = _turn_begins_anew(ctx, tx, alert, now)
    if not change_alert(tx, alert, shows=goes_on, **changes):
        return None
    add_event(tx, alert["id"], now, "declined", f"{person.name} says it is not theirs", person.id)
    if had_it:
        _give_back(ctx, tx, alert, now)
    if not goes_on:
        with_whom = alert["holder_name"] if in_hand else alert["rung_name"]
        return f"Thank you. It is with {with_whom}, and you will not be asked again."
    if not their_turn:
        name = alert["rung_name"]
        return f"Thank you. It is open again for {name}, and you will not be asked again."
    ctx.dispatch.hand_over(tx, "escalate", alert["id"], lock=f"alert:{alert['id']}")
    return "Thank you. It goes on to the next, and you will not be asked again."


def _turn_begins_anew(ctx: Context, tx: Tx, alert: Row, now: datetime) -> datetime:
    """When the turn is over of those whom the decliner had taken it from."""
    policy = policy_of(tx.conn, alert["policy_hash"], ctx.policy)
    asked = place_from(alert["rung_place"])
    who = person_by_email(tx.conn, asked.address) if asked.kind == "person" else None
    week = week_for(tx.conn, who.id if who else None, policy, now)
    return after_minutes(now, policy.wait_of(alert["ladder"], alert["rung"]), week)


def _give_back(ctx: Context, tx: Tx, alert: Row, now: datetime) -> None:
    """The clock is the assignee's again; nothing changes where it was all along."""
    policy = policy_of(tx.conn, alert["policy_hash"], ctx.policy)
    week = week_for(tx.conn, alert["assignee_id"], policy, now)
    whose = (alert["assignee_id"], alert["assignee_name"])
    begin_holder(tx, alert["id"], *whose, "reopened", week, now)
