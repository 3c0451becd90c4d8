"""What a rep's button does. First come, first served; hearing a press twice is harmless."""

from __future__ import annotations

import logging
from collections.abc import Callable

from connectors.base import ButtonPress, Question, Surface
from connectors.errors import ConnectorError
from routing.calendar import after_minutes
from routing.nouns import Person
from worker.brief import show_in_briefs
from worker.card import closed_line
from worker.context import Context
from worker.decline import decline
from worker.drill.pressing import press_of_drill
from worker.holders import begin_holder
from worker.identity import Presser, who_is_at
from worker.noise import noise
from worker.outbox import wake_alert
from worker.outsiders import refuse, welcome
from worker.proof.why import why
from worker.snooze import snooze
from worker.store.alerts import Row, add_event, change_alert, get_alert
from worker.store.engine import Tx
from worker.store.receipts import policy_of
from worker.store.tables import PRESS
from worker.weeks import week_for

log = logging.getLogger(__name__)
_RACES = 5
Reply = str | Question
"""What the presser alone is told, '' for nothing; or what they are asked first."""


class _RacedError(Exception):
    """Somebody else changed the alert since it was read: roll back and read it again."""


def handle_press(ctx: Context, press: ButtonPress) -> None:
    """Act on a press and tell the presser what came of it, where the message does not."""
    if press.action not in (*_ACTIONS, "why", "drill"):
        log.warning("a button that nobody knows was pressed", extra={"action": press.action})
        return
    surface = ctx.surfaces[press.surface]
    if press.action == "drill":
        _say(surface, press, press_of_drill(ctx, press))
        return
    try:
        presser = who_is_at(ctx, surface, press.address)
    except ConnectorError as error:
        log.warning("cannot tell who pressed: %s", error, extra={"press": press.press_id})
        name = surface.name.capitalize()
        _say(surface, press, f"{name} could not say who you are, so nothing was changed. {_AGAIN}")
        return
    reply = _act(ctx, press, presser)
    if isinstance(reply, Question):
        _ask(surface, press, reply)
    else:
        _say(surface, press, reply)


def _say(surface: Surface, press: ButtonPress, text: str) -> None:
    if not text:
        return
    try:
        surface.tell(press, text)
    except ConnectorError as error:
        log.warning("could not answer a press: %s", error, extra={"press": press.press_id})


def _ask(surface: Surface, press: ButtonPress, question: Question) -> None:
    try:
        surface.ask(press, question)
    except ConnectorError as error:
        log.warning("could not ask a presser: %s", error, extra={"press": press.press_id})
        _say(surface, press, f"The form could not be opened, so nothing was changed. {_AGAIN}")


_AGAIN = "Please press again in a moment."


def _act(ctx: Context, press: ButtonPress, presser: Presser) -> Reply:
    """Change the alert; the answer for the presser alone."""
    for _ in range(_RACES):
        try:
            with ctx.store.write() as tx:
                if not _first_time(tx, press):
                    return ""
                if presser.person is None:
                    return _refuse(ctx, tx, press, presser.email)
                welcome(tx, press)
                return _act_in(ctx, tx, press, presser.person)
        except _RacedError:
            continue
    return "Somebody else changed this alert at the same moment. Please look again."


def _refuse(ctx: Context, tx: Tx, press: ButtonPress, email: str) -> str:
    if press.action == "open_thread":  # the link opens for anybody
        return ""
    log.warning(
        "a button was pressed by somebody whom the CRM does not know",
        extra={"address": press.address, "email": email, "surface": press.surface},
    )
    return refuse(ctx, tx, press, email)


def _act_in(ctx: Context, tx: Tx, press: ButtonPress, person: Person) -> Reply:
    alert = get_alert(tx.conn, press.alert_id)
    if alert is None:
        return "This alert is no longer kept."
    if press.action == "why":
        return why(tx.conn, alert, person.id, press.remote_id)
    if not alert["open"]:
        return "" if press.action == "open_thread" else closed_line(alert)
    reply = _ACTIONS[press.action](ctx, tx, alert, person, press)
    if reply is None:
        raise _RacedError
    wake_alert(ctx, tx, alert["id"])
    show_in_briefs(ctx, tx, alert["id"], person.id)
    return reply


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


def _acknowledge(
    ctx: Context, tx: Tx, alert: Row, person: Person, _press: ButtonPress
) -> Reply | None:
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


def _opened(ctx: Context, tx: Tx, alert: Row, person: Person, _press: ButtonPress) -> Reply | None:
    """A look at the thread promises nothing, so it stops no timer; the timeline shows it."""
    text = f"{person.name} opened the thread"
    add_event(tx, alert["id"], ctx.clock.now(), "thread_opened", text, person.id)
    return ""


_ACTIONS: dict[str, Callable[[Context, Tx, Row, Person, ButtonPress], Reply | None]] = {
    "open_thread": _opened,
    "acknowledge": _acknowledge,
    "claim": _acknowledge,
    "snooze": snooze,
    "not_mine": decline,
    "noise": noise,
}
