"""The statements that read facts, each made once: making them anew costs more than running them.

Parameters are named in each statement's docstring; lists go to ``IN``, and may be empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    union_all,
)

from routing.nouns import (
    Account,
    Deal,
    DealContact,
    GroupMember,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    TerritoryAccount,
)
from worker.store.columns import Utc
from worker.store.history_tables import FACT_HISTORY, PERSON_SETTING_HISTORY
from worker.store.mirror import TABLES, history_of, table_of
from worker.store.tables import (
    ALERT,
    PERSON_READ,
    PERSON_SETTING,
    READ_SPAN,
    RECEIPT,
    SIGNAL,
    WATERMARK,
)

_MOST_DEALS = 200
_MOST_RECENT = 200
_MOST_ACCOUNTS = 50
Query = Select[Any]
Columns = Any
"""The columns of a table or of a subquery that has the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactQueries:
    """The facts of the mirror as it is, or as it was at the parameter ``moment``."""

    by_ids: dict[type[Any], Query]
    """``ids``: records of a noun, in the order of their ids."""
    prospect: Query
    """``email``: the contact, else the unconverted lead; the oldest id of several."""
    people: Query
    """``ids``, ``emails``: people who are named either way."""
    linked_deals: Query
    """``prospect_id``: in which deals the prospect takes part, and as what."""
    deals: Query
    """``ids``, ``account_id``: open deals, then the latest won."""
    holdings: Query
    """``deal_ids``, ``account_id``: who is on the teams."""
    likely_accounts: Query
    """``domains``, ``name``: accounts of one of these domains, or of this name as compared."""
    territories: Query
    """``account_id``: the account's places in territories."""
    group_members: Query
    """``ids``: who is in these queues and territories."""
    queues: Query
    """``names``: the queues of these names, in lower case."""
    absences: Query
    """``people``, ``now``: absences that are not over."""
    preferences: Query
    """``people``: what interrupts each."""
    recent: Query
    """``email``, ``after``, ``before``: the prospect's latest signals in between."""


Choose = Callable[[Columns], ColumnElement[bool]]
Order = Callable[[Columns], Sequence[Any]]
Ask = Callable[[type[Any], Choose, Order], Query]
_MOMENT = bindparam("moment", type_=Utc())


def _living(noun: type[Any], choose: Choose, order: Order) -> Query:
    table = table_of(noun)
    return (
        select(table).where(choose(table.c), table.c.deleted_at.is_(None)).order_by(*order(table.c))
    )


def _as_of(noun: type[Any], choose: Choose, order: Order) -> Query:
    """The versions that held at ``moment``: of those still living, and of those that ended."""
    table, history = table_of(noun), FACT_HISTORY[TABLES[noun]]
    names = [one.name for one in history.columns if one.name != "held_until"]
    living = select(*(table.c[name] for name in names)).where(
        choose(table.c), table.c.deleted_at.is_(None), table.c.held_from <= _MOMENT
    )
    ended = select(*(history.c[name] for name in names)).where(
        choose(history.c), history.c.held_from <= _MOMENT, history.c.held_until > _MOMENT
    )
    both = union_all(living, ended).subquery()
    return select(both).order_by(*order(both.c))


def _list(name: str) -> Any:
    return bindparam(name, expanding=True)


def _by_id(c: Columns) -> Sequence[Any]:
    return (c.id,)


def _of_email(c: Columns) -> ColumnElement[bool]:
    return and_(c.email == bindparam("email"), c.converted_to.is_(None))


def _contact_first(c: Columns) -> Sequence[Any]:
    return (c.kind, c.account_id.is_(None), c.id)


def _active(c: Columns) -> ColumnElement[bool]:
    mine = or_(c.id.in_(_list("ids")), c.account_id == bindparam("account_id"))
    return and_(mine, or_(c.is_closed.is_(False), c.is_won))


def _open_first(c: Columns) -> Sequence[Any]:
    return (c.is_closed, c.closed_at.desc(), c.id)


def _fact_queries(ask: Ask, preferences: Query, recent: Query) -> FactQueries:
    return FactQueries(
        by_ids={
            noun: ask(noun, lambda c: c.id.in_(_list("ids")), _by_id)
            for noun in TABLES
            if history_of(noun) is not None
        },
        prospect=ask(Prospect, _of_email, _contact_first).limit(1),
        people=ask(
            Person, lambda c: or_(c.id.in_(_list("ids")), c.email.in_(_list("emails"))), _by_id
        ),
        linked_deals=ask(
            DealContact,
            lambda c: c.prospect_id == bindparam("prospect_id"),
            lambda c: (c.deal_id,),
        ).limit(_MOST_DEALS),
        deals=ask(Deal, _active, _open_first).limit(_MOST_DEALS),
        holdings=ask(
            RoleHolding,
            lambda c: or_(
                c.deal_id.in_(_list("deal_ids")), c.account_id == bindparam("account_id")
            ),
            _by_id,
        ),
        likely_accounts=ask(
            Account,
            lambda c: or_(c.domain.in_(_list("domains")), c.name_key == bindparam("name")),
            _by_id,
        ).limit(_MOST_ACCOUNTS),
        territories=ask(
            TerritoryAccount, lambda c: c.account_id == bindparam("account_id"), _by_id
        ),
        group_members=ask(GroupMember, lambda c: c.group_id.in_(_list("ids")), _by_id),
        queues=ask(Person, lambda c: and_(c.queue, func.lower(c.name).in_(_list("names"))), _by_id),
        absences=ask(
            OutOfOffice,
            lambda c: and_(c.person_id.in_(_list("people")), c.ends_at > bindparam("now")),
            _by_id,
        ),
        preferences=preferences,
        recent=recent,
    )


def _chosen(table: Table) -> Query:
    chosen = ("person_id", "real_time", "silent", "surface", "quiet_from", "quiet_until")
    columns = (table.c[name] for name in chosen)
    return select(*columns).where(table.c.person_id.in_(_list("people")))


_RECENT = (
    select(SIGNAL)
    .where(SIGNAL.c.prospect_email == bindparam("email"))
    .where(SIGNAL.c.occurred_at.between(bindparam("after"), bindparam("before")))
    .order_by(SIGNAL.c.occurred_at.desc(), SIGNAL.c.id)
    .limit(_MOST_RECENT)
)
_PAST = PERSON_SETTING_HISTORY
NOW = _fact_queries(_living, _chosen(PERSON_SETTING), _RECENT)
"""The mirror as it is."""
AS_OF = _fact_queries(
    _as_of,
    select(
        union_all(
            _chosen(PERSON_SETTING).where(PERSON_SETTING.c.changed_at <= _MOMENT),
            _chosen(_PAST).where(_PAST.c.changed_at <= _MOMENT, _PAST.c.held_until > _MOMENT),
        ).subquery()
    ),
    _RECENT.where(SIGNAL.c.received_at <= _MOMENT),
)
"""The mirror as it was at ``moment``."""

LAST_READS = select(WATERMARK.c.object, WATERMARK.c.finished_at)
"""When each object was last read to its end."""

TO_BE_READ = select(WATERMARK.c.object).where(WATERMARK.c.since <= _MOMENT)
"""``moment``: the objects that were to be read by then."""

_LATER = READ_SPAN.alias()
READS_AS_OF = (
    select(READ_SPAN)
    .join(WATERMARK, WATERMARK.c.object == READ_SPAN.c.object)
    .where(
        READ_SPAN.c.first_at
        == select(func.max(_LATER.c.first_at))
        .where(_LATER.c.object == WATERMARK.c.object, _LATER.c.first_at <= _MOMENT)
        .scalar_subquery()
    )
)
"""``moment``: the reads of each object that had begun by then."""

PERSON_READS = select(PERSON_READ).where(PERSON_READ.c.until.is_(None))
"""When each person's part of the objects that are read one by one was last read."""
PERSON_READS_AS_OF = select(PERSON_READ).where(
    PERSON_READ.c.first_at <= _MOMENT,
    or_(PERSON_READ.c.until.is_(None), PERSON_READ.c.until > _MOMENT),
)
"""``moment``: the same as of then."""
READ_OF_THESE = and_(
    PERSON_READ.c.object.in_(_list("objects")), PERSON_READ.c.person_id.in_(_list("people"))
)
"""``objects``, ``people``: what to add to these statements for some people alone."""

_PERSON = table_of(Person).c
PERSON_OF_EMAIL = (
    select(table_of(Person))
    .where(_PERSON.email == bindparam("email"), _PERSON.deleted_at.is_(None))
    .order_by(_PERSON.active.desc(), _PERSON.id)
    .limit(1)
)
"""``email``: the active person, else one who has left."""

OPEN_ALERT = select(ALERT.c.id, ALERT.c.signal_class, ALERT.c.thread_id).where(
    ALERT.c.dedup_key == bindparam("key"), ALERT.c.open
)
"""``key``: the alert that is open for it."""

ALERT_AS_OF = (
    select(ALERT.c.id)
    .where(ALERT.c.dedup_key == bindparam("key"), ALERT.c.fired_at <= _MOMENT)
    .where(or_(ALERT.c.closed_at.is_(None), ALERT.c.closed_at > _MOMENT))
    .order_by(ALERT.c.fired_at.desc())
    .limit(1)
)
"""``key``, ``moment``: the alert that was open for it."""

SIGNALS_AS_OF = (
    select(RECEIPT.c.decision, SIGNAL.c.thread_id, SIGNAL.c.thread_url)
    .join(SIGNAL, SIGNAL.c.id == RECEIPT.c.signal_id)
    .where(RECEIPT.c.alert_id == bindparam("alert_id"), RECEIPT.c.decided_at <= _MOMENT)
    .where(RECEIPT.c.outcome != "hand_over")
    .order_by(RECEIPT.c.id)
)
"""``alert_id``, ``moment``: the signals that had opened and joined an alert, in order."""

_SINCE = bindparam("since", type_=Utc())
_A_DAY_AGO = bindparam("a_day_ago", type_=Utc())
_NOW = bindparam("now", type_=Utc())
_OPEN_THEN = and_(
    ALERT.c.fired_at <= _NOW, or_(ALERT.c.closed_at.is_(None), ALERT.c.closed_at > _NOW)
)
LOADS = (
    select(
        ALERT.c.assignee_id,
        func.sum(case((_OPEN_THEN, 1), else_=0)).label("open"),
        func.sum(case((ALERT.c.fired_at > _A_DAY_AGO, 1), else_=0)).label("today"),
    )
    .where(ALERT.c.assignee_id.in_(_list("people")), ALERT.c.fired_at.between(_SINCE, _NOW))
    .group_by(ALERT.c.assignee_id)
)
"""``people``, ``now``, ``a_day_ago``, ``since``: alerts of each that are open, and of a day."""

TURNS = (
    select(ALERT.c.turn, ALERT.c.assignee_id, func.count().label("taken"))
    .where(ALERT.c.turn.in_(_list("turns")), ALERT.c.fired_at.between(_SINCE, _NOW))
    .where(ALERT.c.turn != "", ALERT.c.assignee_id.is_not(None))
    .group_by(ALERT.c.turn, ALERT.c.assignee_id)
)
"""``turns``, ``since``, ``now``: how many alerts each member of a pool was given lately."""
