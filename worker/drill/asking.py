"""Asks for a drill and ends one: rows alone, the worker does the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from routing.nouns import Account, Prospect
from routing.policy import Policy
from worker.drill.plan import Target
from worker.drill.rows import open_drill
from worker.proof.subjects import NoSubjectError, find_subject
from worker.store.alerts import Row
from worker.store.engine import Store, Tx
from worker.store.facts import find_prospect
from worker.store.mirror import table_of
from worker.store.tables import DRILL, DRILL_TARGET, DRILL_TASK


class RefusedError(Exception):
    """The drill is not begun; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the marked task is about. ``name`` is for people; no ids: about nothing."""

    name: str
    account_id: str | None = None
    prospect_id: str | None = None
    prospect_kind: str = ""

    @property
    def ids(self) -> dict[str, str]:
        """As the table ``drill_task`` keeps them."""
        found = {
            "account_id": self.account_id,
            "prospect_id": self.prospect_id,
            "prospect_kind": self.prospect_kind,
        }
        return {name: value for name, value in found.items() if value}


def ask(
    store: Store,
    policy: Policy,
    targets: Iterable[Target],
    record: Record | None,
    *,
    by: str,
    wait: int,
    press: int,
    now: datetime,
) -> int:
    """Store a drill for the worker to take up; its number. ``wait`` and ``press`` are seconds.

    ``record`` is what the task is about; None: no task. Raises RefusedError while another drill
    is open.
    """
    row = {"by": by, "policy_hash": policy.hash, "worker_hash": "", "asked_at": now}
    times = {"wait_seconds": wait, "press_seconds": press, "open": True, "state": "asked"}
    try:
        with store.write() as tx:
            made = tx.conn.execute(tx.insert(DRILL).values(**row, **times).returning(DRILL.c.id))
            drill_id = int(made.scalar_one())
            for one in targets:
                tx.conn.execute(tx.insert(DRILL_TARGET).values(**_row(one, drill_id)))
            if record is not None:
                _add_task(tx, drill_id, record, now)
    except IntegrityError as error:
        with store.read() as conn:
            other = open_drill(conn)
        if other is None:
            raise
        raise RefusedError(under_way(other)) from error
    return drill_id


def under_way(drill: Row) -> str:
    """Why a second drill is refused."""
    return (
        f"drill {drill['id']} is under way, begun by {drill['by']} at "
        f"{drill['asked_at']:%H:%M} UTC; hotlead drill report --follow goes on with it, "
        "hotlead drill stop ends it"
    )


def _row(one: Target, drill_id: int) -> dict[str, Any]:
    return {
        "id": uuid4().hex,
        "drill_id": drill_id,
        "kind": one.kind,
        "place": one.place,
        "name": one.name,
        "email": one.email,
        "person_id": one.person_id,
        "why": one.why,
        "rungs": list(one.rungs),
        "covers": [],
        "skipped": one.skipped,
        "problem": one.problem,
        "mend": one.mend,
        "pressed_by": "",
        "press_problem": "",
    }


def _add_task(tx: Tx, drill_id: int, record: Record, now: datetime) -> None:
    values = {
        "drill_id": drill_id,
        "key": f"drill:{uuid4().hex}",
        "step": "open",
        "about": record.ids,
        "about_name": record.name,
        "next_attempt_at": now,
        "unclear": False,
        "attempts": 0,
        **dict.fromkeys(("url", "waits", "error", "mend"), ""),
    }
    tx.conn.execute(tx.insert(DRILL_TASK).values(**values))


def record_named(conn: Connection, text: str) -> Record:
    """The account or prospect that an admin names for the task, by id, name, domain or e-mail.

    Raises RefusedError.
    """
    prospects = table_of(Prospect).c
    columns = (prospects.id, prospects.kind, prospects.name, prospects.account_id)
    query = select(*columns).where(prospects.id == text, prospects.deleted_at.is_(None))
    row = conn.execute(query).first()
    if row is not None:
        return Record(name=row[2], prospect_id=row[0], prospect_kind=row[1], account_id=row[3])
    if "@" in text:
        one = find_prospect(conn, text.lower())
        if one is None:
            raise RefusedError(f"the mirror knows no contact or lead with the e-mail {text}")
        return Record(
            name=one.name,
            prospect_id=one.id,
            prospect_kind=one.kind,
            account_id=one.account_id,
        )
    try:
        found = find_subject(conn, text).account
    except NoSubjectError as error:
        if str(error).startswith("several accounts"):
            raise RefusedError(f"--record: {error}") from error
        found = None
    if found is None:
        raise RefusedError(
            f"--record: the mirror has no account, contact or lead {text}; write an id, an "
            "e-mail, or the name or domain of an account"
        )
    return Record(name=found.name, account_id=found.id)


def own_record(conn: Connection, admins: Sequence[str]) -> Record:
    """The company's own account, by the domain of its admins; else nothing.

    A task there, or about no record at all, can be mistaken for work on a customer by nobody.
    """
    domains = {email.partition("@")[2].lower() for email in admins}
    accounts = table_of(Account).c
    query = select(accounts.id, accounts.name).where(
        func.lower(accounts.domain).in_(domains), accounts.deleted_at.is_(None)
    )
    row = conn.execute(query.order_by(accounts.id).limit(1)).first()
    return Record(name=row[1], account_id=row[0]) if row else Record(name="no record")
