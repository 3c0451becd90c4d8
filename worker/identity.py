"""Who is who on a surface: addresses by e-mail, remembered for a while."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from connectors.base import Surface
from connectors.errors import PermanentError
from routing.nouns import Person
from worker.context import Context
from worker.store.facts import person_by_email
from worker.store.tables import IDENTITY


def address_of(ctx: Context, surface: Surface, email: str) -> str:
    """The person's address on the surface. Raises PermanentError when it knows nobody."""
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        query = select(IDENTITY.c.address, IDENTITY.c.checked_at).where(
            IDENTITY.c.surface == surface.name, IDENTITY.c.email == email
        )
        row = conn.execute(query).first()
    if row is not None:
        age = now - row[1]
        if age < (ctx.patience.identity if row[0] else ctx.patience.unknown_identity):
            return _known(row[0], surface, email)
    address = surface.find_person(email) or ""
    _remember(ctx, surface.name, email, address)
    return _known(address, surface, email)


def _known(address: str, surface: Surface, email: str) -> str:
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
        make = sqlite.insert if tx.dialect == "sqlite" else postgresql.insert
        statement = make(IDENTITY).values(
            surface=surface, email=email, address=address, checked_at=now
        )
        tx.conn.execute(
            statement.on_conflict_do_update(
                index_elements=["surface", "email"],
                set_={"address": address, "checked_at": now},
            )
        )
