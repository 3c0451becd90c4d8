"""The statements that read facts, each made once: making them anew costs more than running them.

Parameters are named in each statement's docstring; lists go to ``IN``, and may be empty.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, or_, select

from routing.nouns import Deal, OutOfOffice, Person, Prospect, RoleHolding
from worker.store.mirror import TABLES, table_of
from worker.store.tables import ALERT, DEAL_CONTACT, PERSON_SETTING, SIGNAL, WATERMARK

_MOST_DEALS = 200
_MOST_RECENT = 200
Query = Select[Any]


def _list(name: str) -> Any:
    return bindparam(name, expanding=True)


def _living(noun: type[Any], condition: ColumnElement[bool]) -> Query:
    table = table_of(noun)
    return select(table).where(condition, table.c.deleted_at.is_(None)).order_by(table.c.id)


BY_IDS: dict[type[Any], Query] = {
    noun: _living(noun, table_of(noun).c.id.in_(_list("ids"))) for noun in TABLES
}
"""``ids``: living records of a noun, in the order of their ids."""


LAST_READS = select(WATERMARK.c.object, WATERMARK.c.finished_at).where(
    WATERMARK.c.finished_at.is_not(None)
)
"""When each object was last read to its end."""

_P = table_of(Prospect).c
PROSPECT = (
    select(table_of(Prospect))
    .where(_P.email == bindparam("email"), _P.deleted_at.is_(None), _P.converted_to.is_(None))
    .order_by(_P.kind, _P.account_id.is_(None), _P.id)
    .limit(1)
)
"""``email``: the living contact, else the unconverted lead; the oldest id of several."""

_PERSON = table_of(Person).c
PERSON_OF_EMAIL = (
    select(table_of(Person))
    .where(_PERSON.email == bindparam("email"), _PERSON.deleted_at.is_(None))
    .order_by(_PERSON.active.desc(), _PERSON.id)
    .limit(1)
)
"""``email``: the active person, else one who has left."""

PEOPLE = _living(Person, or_(_PERSON.id.in_(_list("ids")), _PERSON.email.in_(_list("emails"))))
"""``ids``, ``emails``: people who are named either way."""

LINKED_DEALS = (
    select(DEAL_CONTACT.c.deal_id)
    .where(DEAL_CONTACT.c.prospect_id == bindparam("prospect_id"))
    .where(DEAL_CONTACT.c.deleted_at.is_(None))
    .order_by(DEAL_CONTACT.c.deal_id)
    .limit(_MOST_DEALS)
)
"""``prospect_id``: the ids of the deals that the prospect takes part in."""

_DEAL = table_of(Deal).c
DEALS = (
    select(table_of(Deal))
    .where(or_(_DEAL.id.in_(_list("ids")), _DEAL.account_id == bindparam("account_id")))
    .where(_DEAL.deleted_at.is_(None), or_(_DEAL.is_closed.is_(False), _DEAL.is_won))
    .order_by(_DEAL.is_closed, _DEAL.closed_at.desc(), _DEAL.id)
    .limit(_MOST_DEALS)
)
"""``ids``, ``account_id``: open deals, then the latest won."""

_HOLDING = table_of(RoleHolding).c
HOLDINGS = _living(
    RoleHolding,
    or_(_HOLDING.deal_id.in_(_list("deal_ids")), _HOLDING.account_id == bindparam("account_id")),
)
"""``deal_ids``, ``account_id``: who is on the teams."""

_OUT = table_of(OutOfOffice).c
ABSENCES = _living(
    OutOfOffice, _OUT.person_id.in_(_list("people")) & (_OUT.ends_at > bindparam("now"))
)
"""``people``, ``now``: absences that are not over."""

PREFERENCES = select(PERSON_SETTING.c.person_id, PERSON_SETTING.c.real_time).where(
    PERSON_SETTING.c.person_id.in_(_list("people"))
)
"""``people``: what interrupts each."""

RECENT = (
    select(SIGNAL)
    .where(SIGNAL.c.prospect_email == bindparam("email"))
    .where(SIGNAL.c.occurred_at.between(bindparam("after"), bindparam("before")))
    .order_by(SIGNAL.c.occurred_at.desc(), SIGNAL.c.id)
    .limit(_MOST_RECENT)
)
"""``email``, ``after``, ``before``: the prospect's latest signals in between."""

OPEN_ALERT = select(ALERT.c.id, ALERT.c.signal_class, ALERT.c.thread_id).where(
    ALERT.c.dedup_key == bindparam("key"), ALERT.c.open
)
"""``key``: the alert that is open for it."""
