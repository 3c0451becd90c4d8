"""What a person may ask to have explained: an alert, an e-mail or an account."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from routing.names import name_key
from routing.nouns import Account
from worker.store.alerts import Row, get_alert
from worker.store.mirror import columns_of, table_of
from worker.store.tables import ALERT

_SHORTEST, _LISTED = 6, 5


class NoSubjectError(Exception):
    """Nothing, or more than one thing, is meant; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Exactly one of the three is set."""

    alert: Row | None = None
    email: str = ""
    account: Account | None = None


def find_subject(conn: Connection, text: str) -> Subject:
    """An alert by its id or the beginning of it, an e-mail, or an account by id, name or domain.

    Raises NoSubjectError.
    """
    wanted = text.strip()
    alert = get_alert(conn, wanted) or _by_beginning(conn, wanted)
    if alert is not None:
        return Subject(alert=alert)
    if "@" in wanted:
        return Subject(email=wanted.lower())
    return Subject(account=_account(conn, wanted))


def _by_beginning(conn: Connection, text: str) -> Row | None:
    if len(text) < _SHORTEST or not text.isalnum():
        return None
    query = select(ALERT).where(ALERT.c.id.startswith(text.lower(), autoescape=True)).limit(2)
    found = conn.execute(query).mappings().all()
    if len(found) > 1:
        raise NoSubjectError(f"several alerts begin with {text}; write more of the id")
    return found[0] if found else None


def _account(conn: Connection, text: str) -> Account:
    table = table_of(Account)
    columns = (*(table.c[name] for name in columns_of(Account)), table.c.seen_at)
    fits = or_(
        table.c.id == text,
        table.c.domain == text.lower(),
        table.c.name_key == (name_key(text) or None),
    )
    query = select(*columns).where(fits, table.c.deleted_at.is_(None)).order_by(table.c.id)
    found = [Account(**row) for row in conn.execute(query.limit(_LISTED)).mappings()]
    exact = [one for one in found if one.id == text]
    if exact or len(found) == 1:
        return (exact or found)[0]
    if not found:
        raise NoSubjectError(
            f"{text} is neither an alert, nor an e-mail, nor an account of the mirror; "
            "hotlead alerts --json lists the ids of alerts"
        )
    several = ", ".join(f"{one.name} ({one.id})" for one in found)
    raise NoSubjectError(f"several accounts are meant by {text}: {several}; write the id of one")
