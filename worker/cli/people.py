"""People as commands are told of them: by e-mail, and moments on their own clock."""

from __future__ import annotations

import difflib
import getpass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from routing.nouns import Person
from worker.cli.common import UsageError
from worker.store.facts import person_by_email
from worker.store.mirror import table_of


def the_person(conn: Connection, email: str) -> Person:
    """The active person with this e-mail. Raises UsageError with the nearest one."""
    found = person_by_email(conn, email)
    if found is not None:
        return found
    table = table_of(Person)
    living = select(table.c.email).where(table.c.deleted_at.is_(None), table.c.active)
    known = [row[0] for row in conn.execute(living) if row[0]]
    if not known:
        raise UsageError("nobody is mirrored yet; run hotlead sync --once first")
    near = difflib.get_close_matches(email.lower(), known, 1, 0.6)
    mend = f"did you mean {near[0]}?" if near else "use the e-mail that the CRM has"
    raise UsageError(f"the CRM knows no active person with the e-mail {email}; {mend}")


def moment(text: str, zone: ZoneInfo, name: str, *, end_of_day: bool = False) -> datetime:
    """A moment in UTC. Without an offset it is on the clock of ``zone``.

    A day alone is its beginning, or with ``end_of_day`` the midnight after it. Raises UsageError.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        shape = "write it like 2026-12-24 or 2026-12-24T14:00"
        raise UsageError(f"{name} {text!r} is no day and no time; {shape}") from error
    if len(text.strip()) == len("2026-12-24") and at.time() == time():
        at = at + timedelta(days=1) if end_of_day else at
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)


def who_asks() -> str:
    """The name of whoever runs the command, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # in a container without users
        return "command line"


def on_clock(at: datetime, zone: ZoneInfo) -> str:
    """A moment on somebody's clock, with the zone."""
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
