"""People who press buttons and whom the mirror does not know: refused, told why, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from connectors.base import ButtonPress
from worker.context import Context
from worker.store.engine import Tx
from worker.store.facts import person_by_email
from worker.store.tables import OUTSIDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """Somebody who pressed in vain. ``email`` is '' where the surface tells none."""

    surface: str
    address: str
    email: str
    presses: int
    last_at: datetime

    @property
    def shown(self) -> str:
        """How an admin finds them."""
        return self.email or f"the {self.surface} user {self.address}, whose e-mail is not told"


def refuse(ctx: Context, tx: Tx, press: ButtonPress, email: str) -> str:
    """Count the press; what the presser is told, with whom to ask for what."""
    row = tx.insert(OUTSIDER).values(
        surface=press.surface,
        address=press.address,
        email=email,
        presses=1,
        last_at=ctx.clock.now(),
    )
    tx.conn.execute(
        row.on_conflict_do_update(
            index_elements=["surface", "address"],
            set_={
                "email": email,
                "presses": OUTSIDER.c.presses + 1,
                "last_at": ctx.clock.now(),
            },
        )
    )
    surface, admin = press.surface.capitalize(), _admin(ctx, tx.conn)
    if not email:
        return (
            f"Nothing was changed, because {surface} tells Hotlead no e-mail of yours, so it cannot"
            f" know who you are in the CRM. Ask {admin} to see that your {surface} profile has one."
        )
    return (
        f"Nothing was changed, because Hotlead does not know you: no active user of the CRM has "
        f"the e-mail {email}, which you use in {surface}. Ask {admin} to give your CRM user this "
        f"e-mail; then press again."
    )


def welcome(tx: Tx, press: ButtonPress) -> None:
    """Whoever is known now is an outsider no more."""
    mine = (OUTSIDER.c.surface == press.surface) & (OUTSIDER.c.address == press.address)
    tx.conn.execute(delete(OUTSIDER).where(mine))


def outsiders(conn: Connection) -> Sequence[Outsider]:
    """Those whom the mirror still does not know, the latest first."""
    rows = conn.execute(select(OUTSIDER).order_by(OUTSIDER.c.last_at.desc())).mappings()
    found = [Outsider(**row) for row in rows]
    return [one for one in found if not one.email or person_by_email(conn, one.email) is None]


def _admin(ctx: Context, conn: Connection) -> str:
    email = ctx.policy.places.admins[0]
    person = person_by_email(conn, email)
    return f"{person.name} ({email})" if person is not None else email
