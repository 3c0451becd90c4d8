"""What the button of a test message does: proves the way back, once."""

from __future__ import annotations

import logging

from sqlalchemy import update

from connectors.base import ButtonPress, Surface
from connectors.errors import ConnectorError
from routing.nouns import Person
from worker.context import Context
from worker.drill.rows import about_target, show_again
from worker.identity import who_is_at
from worker.store.alerts import Row
from worker.store.tables import DRILL_TARGET

log = logging.getLogger(__name__)
NO_USER = "no CRM user has the e-mail of who pressed, so their buttons on real alerts do nothing"


def press_of_drill(ctx: Context, press: ButtonPress) -> str:
    """Note the press; the answer for the presser alone, or ''. ``alert_id`` is the target's."""
    surface = ctx.surfaces[press.surface]
    with ctx.store.read() as conn:
        target = about_target(conn, press.alert_id)
    if target is None:
        return "This drill is no longer kept."
    who, problem = _who(ctx, surface, press, target)
    now = ctx.clock.now()
    mine = update(DRILL_TARGET).where(
        DRILL_TARGET.c.id == target["id"], DRILL_TARGET.c.pressed_at.is_(None)
    )
    with ctx.store.write() as tx:
        values = {"pressed_at": now, "pressed_by": who, "press_problem": problem, "due_at": None}
        if tx.conn.execute(mine.values(**values)).rowcount == 1:
            show_again(tx, target["id"])
            ctx.dispatch.hand_over(tx, "drill", str(target["drill_id"]), lock="drill")
            return problem and f"Thank you, your press came through. But {problem}."
    said = "You have pressed already" if target["kind"] == "person" else "Somebody was faster"
    return f"{said}. Thank you."


def _who(ctx: Context, surface: Surface, press: ButtonPress, target: Row) -> tuple[str, str]:
    """The presser's name, and what is wrong with who they are."""
    try:
        presser = who_is_at(ctx, surface, press.address)
    except ConnectorError as error:
        log.warning("cannot tell who pressed: %s", error, extra={"press": press.press_id})
        return press.details.get("name") or press.address, f"who pressed is not known: {error}"
    if presser.person is None:
        return presser.email or press.address, NO_USER
    return presser.person.name, _another(presser.person, target)


def _another(person: Person, target: Row) -> str:
    if not target["email"] or person.email == target["email"]:
        return ""
    return f"it was {person.name} who pressed ({person.email})"
