"""Which open alerts live by records of the mirror that have changed.

A change is noted in the transaction that makes it, so that no crash loses it; while no alert is
open that costs one look into an index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, Table, or_, select
from sqlmodel import SQLModel

import worker.store.mirror_tables  # noqa: F401 - registers its tables
from worker.store.engine import Tx
from worker.store.flow_tables import ALERT_OPEN

_ALL = SQLModel.metadata.tables
_ALERT, _REVIEW = _ALL["alert"], _ALL["review"]
ANY_OPEN = select(_ALERT.c.id).where(ALERT_OPEN).limit(1)
"""Whether any alert is open at all."""
_SETTLE = timedelta(seconds=5)
"""What changes together in the CRM reaches the mirror in several reads."""
Ids = list[str]


def note_changed(tx: Tx, table: Table, ids: Iterable[str], now: datetime) -> None:
    """Remember that this transaction changed these records of a mirrored table."""
    if table.name not in _WHOSE:
        return
    if not tx.changed:
        tx.before_commit.append(lambda one: _ask_for_reviews(one, now + _SETTLE))
    tx.changed.setdefault(table.name, set()).update(ids)


def _ask_for_reviews(tx: Tx, due_at: datetime) -> None:
    """One row for each open alert that is touched; the last act of a transaction, in order."""
    if tx.conn.execute(ANY_OPEN).first() is None:
        return
    touched: set[str] = set()
    for name, ids in sorted(tx.changed.items()):
        query = select(_ALERT.c.id).where(ALERT_OPEN, _WHOSE[name](sorted(ids)))
        touched.update(tx.conn.execute(query).scalars())
    statement = tx.insert(_REVIEW)
    # Writes nothing, but waits for a review that is under way and may not have seen this change.
    same = {"due_at": _REVIEW.c.due_at}
    statement = statement.on_conflict_do_update(index_elements=["alert_id"], set_=same)
    for alert_id in sorted(touched):
        tx.conn.execute(statement, {"alert_id": alert_id, "due_at": due_at})


def _column(table: str, name: str, ids: Ids, key: str = "id") -> Select[tuple[str]]:
    rows = _ALL[table]
    return select(rows.c[name]).where(rows.c[key].in_(ids), rows.c[name].is_not(None))


def _of_account(ids: Ids) -> ColumnElement[bool]:
    return _ALERT.c.account_id.in_(ids)


def _of_deal(ids: Ids) -> ColumnElement[bool]:
    return or_(
        _ALERT.c.deal_id.in_(ids), _ALERT.c.account_id.in_(_column("deal", "account_id", ids))
    )


def _of_prospect(ids: Ids) -> ColumnElement[bool]:
    emails = _column("prospect", "email", ids)
    return or_(_ALERT.c.prospect_id.in_(ids), _ALERT.c.prospect_email.in_(emails))


def _of_holding(ids: Ids) -> ColumnElement[bool]:
    return or_(
        _ALERT.c.account_id.in_(_column("role_holding", "account_id", ids)),
        _ALERT.c.deal_id.in_(_column("role_holding", "deal_id", ids)),
    )


def _of_deal_contact(ids: Ids) -> ColumnElement[bool]:
    return or_(
        _ALERT.c.prospect_id.in_(_column("deal_contact", "prospect_id", ids)),
        _ALERT.c.deal_id.in_(_column("deal_contact", "deal_id", ids)),
    )


def _of_territory(ids: Ids) -> ColumnElement[bool]:
    return _ALERT.c.account_id.in_(_column("territory_account", "account_id", ids, "territory_id"))


def _of_territory_account(ids: Ids) -> ColumnElement[bool]:
    return _ALERT.c.account_id.in_(_column("territory_account", "account_id", ids))


def _of_group_member(ids: Ids) -> ColumnElement[bool]:
    groups = _column("group_member", "group_id", ids)
    accounts = _ALL["territory_account"]
    theirs = select(accounts.c.account_id).where(accounts.c.territory_id.in_(groups))
    return _ALERT.c.account_id.in_(theirs)


def _of_stage(ids: Ids) -> ColumnElement[bool]:
    deals = _ALL["deal"]
    theirs = select(deals.c.id).where(deals.c.stage_id.in_(ids))
    return _ALERT.c.deal_id.in_(theirs)


_WHOSE: dict[str, Callable[[Ids], ColumnElement[bool]]] = {
    "account": _of_account,
    "deal": _of_deal,
    "prospect": _of_prospect,
    "role_holding": _of_holding,
    "deal_contact": _of_deal_contact,
    "person": lambda ids: or_(_ALERT.c.assignee_id.in_(ids), _ALERT.c.assignee_id.is_(None)),
    "territory": _of_territory,
    "territory_account": _of_territory_account,
    "group_member": _of_group_member,
    "stage": _of_stage,
}
