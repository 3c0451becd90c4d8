"""Who is who on a surface: addresses by e-mail, remembered for a while."""

from __future__ import annotations

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
            mend=f"invite {email} to {surface.name}, or give the CRM user the e-mail used there",
        )
    return address


def person_behind(ctx: Context, surface: Surface, address: str) -> Person | None:
    """The person of the mirror who has this address; asks the surface about a stranger."""
    query = select(IDENTITY.c.email).where(
        IDENTITY.c.surface == surface.name, IDENTITY.c.address == address
    )
    with ctx.store.read() as conn:
        emails = [row[0] for row in conn.execute(query)]
    if not emails:
        email = surface.find_email(address)
        if email is None:
            return None
        _remember(ctx, surface.name, email.lower(), address)
        emails = [email.lower()]
    with ctx.store.read() as conn:
        people = [person_by_email(conn, email) for email in emails]
    return next((person for person in people if person is not None), None)


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
