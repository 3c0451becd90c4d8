"""What a rep's button does. First come, first served; hearing a press twice is harmless."""

from __future__ import annotations

import logging
from datetime import timedelta

from connectors.base import ButtonPress
from connectors.errors import ConnectorError
from routing.calendar import after_minutes
from routing.nouns import Person
from worker.brief import show_in_briefs
from worker.context import Context
from worker.drill.pressing import press_of_drill
from worker.escalate import climb
from worker.holders import begin_holder, settle_holders
from worker.identity import person_behind
from worker.outbox import wake_alert
from worker.proof.why import why
from worker.store.alerts import Row, add_event, change_alert, get_alert
from worker.store.engine import Tx
from worker.store.receipts import policy_of
from worker.store.tables import PRESS
from worker.weeks import week_for

log = logging.getLogger(__name__)
_RACES = 5


class _RacedError(Exception):
    """Somebody else changed the alert since it was read: roll back and read it again."""


def handle_press(ctx: Context, press: ButtonPress) -> None:
    """Act on a press and tell the presser when it could not be done."""
    if press.action not in (*_ACTIONS, "why", "drill"):
        log.warning("a button that nobody knows was pressed", extra={"action": press.action})
        return
    surface = ctx.surfaces[press.surface]
    said = press_of_drill(ctx, press) if press.action == "drill" else _act(ctx, press)
    if not said:
        return
    try:
        surface.tell(press, said)
    except ConnectorError as error:
        log.warning("could not answer a press: %s", error, extra={"press": press.press_id})


def _act(ctx: Context, press: ButtonPress) -> str:
    """Change the alert; the answer for the presser alone, or ''."""
    try:
        person = person_behind(ctx, ctx.surfaces[press.surface], press.address)
    except ConnectorError as error:
        log.warning("cannot tell who pressed: %s", error, extra={"press": press.press_id})
        person = None
    if person is None:
        return (
            "Hotlead could not match you with a CRM user, so nothing was changed. Ask your admin "
            "to give your CRM user the e-mail that you use here."
        )
    for _ in range(_RACES):
        try:
            with ctx.store.write() as tx:
                return _act_in(ctx, tx, press, person)
        except _RacedError:
            continue
    return "Somebody else changed this alert at the same moment. Please look again."


def _act_in(ctx: Context, tx: Tx, press: ButtonPress, person: Person) -> str:
    if not _first_time(tx, press):
        return ""
    alert = get_alert(tx.conn, press.alert_id)
    if alert is None:
        return "This alert is no longer kept."
    if press.action == "why":
        return why(tx.conn, alert, person.id)
    if not alert["open"]:
        return "" if press.action == "open_thread" else "This alert is already closed."
    said = _ACTIONS[press.action](ctx, tx, alert, person)
    if said is None:
        raise _RacedError
    wake_alert(ctx, tx, alert["id"])
    show_in_briefs(ctx, tx, alert["id"], person.id)
    return said


def _first_time(tx: Tx, press: ButtonPress) -> bool:
    statement = tx.insert(PRESS).values(
        press_id=press.press_id,
        alert_id=press.alert_id,
        action=press.action,
        surface=press.surface,
        address=press.address,
        at=press.at,
    )
    done = tx.conn.execute(statement.on_conflict_do_nothing(index_elements=["press_id"]))
    return done.rowcount == 1


def _acknowledge(ctx: Context, tx: Tx, alert: Row, person: Person) -> str | None:
    """First come, first served. The clock of the response runs on."""
    if alert["state"] == "acknowledged":
        if alert["holder_id"] == person.id:
            return "You already have this one."
        return f"{alert['holder_name']} was faster and is on it."
    now = ctx.clock.now()
    policy = policy_of(tx.conn, alert["policy_hash"], ctx.policy)
    week = week_for(tx.conn, person.id, policy, now)
    due = after_minutes(now, policy.acknowledged_wait, week)
    changed = change_alert(
        tx,
        alert,
        state="acknowledged",
        holder_id=person.id,
        holder_name=person.name,
        acknowledged_at=alert["acknowledged_at"] or now,
        due_at=due,
    )
    if not changed:
        return None
    begin_holder(tx, alert["id"], person.id, person.name, "claimed", week, now)
    add_event(tx, alert["id"], now, "acknowledged", f"{person.name} is on it", person.id)
    return ""


def _snooze(ctx: Context, tx: Tx, alert: Row, person: Person) -> str | None:
    now = ctx.clock.now()
    minutes = policy_of(tx.conn, alert["policy_hash"], ctx.policy).snooze_minutes
    changed = change_alert(
        tx,
        alert,
        state="snoozed",
        holder_id=person.id,
        holder_name=person.name,
        due_at=now + timedelta(minutes=minutes),
    )
    if not changed:
        return None
    add_event(tx, alert["id"], now, "snoozed", f"{person.name}: {minutes} minutes", person.id)
    return ""


def _not_mine(ctx: Context, tx: Tx, alert: Row, person: Person) -> str | None:
    """A decliner is not asked again; when the alert waits for them it climbs at once."""
    now = ctx.clock.now()
    declined = sorted({*alert["declined"], person.id})
    if not change_alert(tx, alert, shows=False, declined=declined):
        return None
    add_event(tx, alert["id"], now, "declined", f"{person.name} says it is not theirs", person.id)
    fresh = get_alert(tx.conn, alert["id"])
    in_channel = alert["rung_place"].split(":", 2)[1] == "channel"
    others_turn = alert["holder_id"] not in (None, person.id)
    if fresh is not None and not in_channel and not others_turn:
        climb(ctx, tx, fresh, now, f"{person.name} said it is not theirs")
    return "Thank you. It goes on to the next, and you will not be asked again."


def _noise(ctx: Context, tx: Tx, alert: Row, person: Person) -> str | None:
    now = ctx.clock.now()
    changed = change_alert(
        tx,
        alert,
        open=False,
        state="noise",
        holder_id=person.id,
        holder_name=person.name,
        due_at=None,
        closed_at=now,
    )
    if not changed:
        return None
    settle_holders(tx, alert["id"], now)
    add_event(tx, alert["id"], now, "noise", f"{person.name} marked it as noise", person.id)
    return ""


def _opened(ctx: Context, tx: Tx, alert: Row, person: Person) -> str | None:
    """A look at the thread promises nothing, so it stops no timer; the timeline shows it."""
    text = f"{person.name} opened the thread"
    add_event(tx, alert["id"], ctx.clock.now(), "thread_opened", text, person.id)
    return ""


_ACTIONS = {
    "open_thread": _opened,
    "acknowledge": _acknowledge,
    "claim": _acknowledge,
    "snooze": _snooze,
    "not_mine": _not_mine,
    "noise": _noise,
}
