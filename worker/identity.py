"""Who is who on a surface: addresses by e-mail, remembered for a while."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from connectors.base import Surface
from connectors.errors import PermanentError
from routing.nouns import Person
from worker.context import Context
from worker.store.facts import person_by_email
from worker.store.tables import IDENTITY

_REMEMBERED = select(IDENTITY.c.address, IDENTITY.c.checked_at).where(
    IDENTITY.c.surface == bindparam("surface"), IDENTITY.c.email == bindparam("email")
)


def remembered_address(ctx: Context, conn: Connection, surface: str, email: str) -> str | None:
    """What the surface last said of this person: an address, '' for nobody, None: ask it."""
    row = conn.execute(_REMEMBERED, {"surface": surface, "email": email}).first()
    if row is None:
        return None
    budget = ctx.patience.identity if row[0] else ctx.patience.unknown_identity
    return str(row[0]) if ctx.clock.now() - row[1] < budget else None


def address_of(ctx: Context, surface: Surface, email: str, remembered: str | None) -> str:
    """The person's address on the surface. Raises PermanentError when it knows nobody."""
    address = remembered
    if address is None:
        address = surface.find_person(email) or ""
        _remember(ctx, surface.name, email, address)
    if not address:
        raise PermanentError(
            f"{surface.name} knows nobody with the e-mail {email}",
            mend=f"{email}: {surface.abilities.invite}",
        )
    return address


@dataclass(frozen=True, slots=True)
class Presser:
    """Who is at an address: the person of the mirror, or None, and the e-mail there, or ''."""

    person: Person | None
    email: str


def who_is_at(ctx: Context, surface: Surface, address: str) -> Presser:
    """Who has this address; asks the surface about an outsider. Raises ConnectorError.

    An outsider's e-mail may have been mended on either side, so it is not remembered for long.
    """
    query = select(IDENTITY.c.email, IDENTITY.c.checked_at).where(
        IDENTITY.c.surface == surface.name, IDENTITY.c.address == address
    )
    with ctx.store.read() as conn:
        rows = conn.execute(query.order_by(IDENTITY.c.checked_at.desc())).all()
        people = [person_by_email(conn, row[0]) for row in rows]
    for row, person in zip(rows, people, strict=True):
        if person is not None:
            return Presser(person, row[0])
    if rows and ctx.clock.now() - rows[0][1] < ctx.patience.unknown_identity:
        return Presser(None, rows[0][0])
    email = (surface.find_email(address) or "").lower()
    if not email:
        return Presser(None, "")
    _remember(ctx, surface.name, email, address)
    with ctx.store.read() as conn:
        return Presser(person_by_email(conn, email), email)


def _remember(ctx: Context, surface: str, email: str, address: str) -> None:
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        statement = tx.insert(IDENTITY).values(
            surface=surface, email=email, address=address, checked_at=now
        )
        tx.conn.execute(
            statement.on_conflict_do_update(
                index_elements=["surface", "email"],
                set_={"address": address, "checked_at": now},
            )
        )
