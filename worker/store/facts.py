"""Reads the facts of one decision out of the mirror: indexed look-ups only, flat at any size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select

from routing.nouns import (
    Account,
    Deal,
    MirrorRecord,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Sentiment,
    Signal,
    SignalKind,
    Stage,
)
from routing.policy import Policy, SignalClass
from routing.snapshot import OpenAlert, Preference, Snapshot
from worker.store.mirror import columns_of, table_of
from worker.store.tables import ALERT, DEAL_CONTACT, PERSON_SETTING, SIGNAL, WATERMARK

_MOST_DEALS = 200
_MOST_RECENT = 200
_GENERATIONS = 4
_SIGNAL_FIELDS = tuple(Signal.__dataclass_fields__)
Noun = TypeVar("Noun", bound=MirrorRecord)


def snapshot_for(conn: Connection, signal: Signal, policy: Policy, now: datetime) -> Snapshot:
    """The facts for deciding on ``signal``, without the open alert (see ``with_open_alert``)."""
    prospect = find_prospect(conn, signal.prospect_email)
    return snapshot_of(conn, prospect, signal, policy, now)


def snapshot_of(
    conn: Connection, prospect: Prospect | None, signal: Signal, policy: Policy, now: datetime
) -> Snapshot:
    """The facts around a prospect (None: unknown to the CRM)."""
    seen = _last_reads(conn)
    account = _one(conn, Account, prospect.account_id if prospect else None, seen)
    linked = _linked_deals(conn, prospect)
    deals = _deals(conn, account, linked, seen)
    holdings = _holdings(conn, account, deals, seen)
    people = _people(conn, _first_ids(prospect, account, deals, holdings), signal, policy, seen)
    return Snapshot(
        prospect=prospect,
        account=account,
        deals=deals,
        prospect_deals=frozenset(linked),
        stages={stage.id: stage for stage in _stages(conn, deals, seen)},
        holdings=holdings,
        people=people,
        out_of_office=_absences(conn, people, now, seen),
        recent=recent_signals(conn, signal, policy),
        preferences=_preferences(conn, people),
    )


def find_prospect(conn: Connection, email: str) -> Prospect | None:
    """The living contact with this e-mail, else the unconverted lead; the oldest id of several."""
    table = table_of(Prospect)
    query = (
        select(table)
        .where(table.c.email == email, table.c.deleted_at.is_(None))
        .where(table.c.converted_to.is_(None))
        .order_by(table.c.kind, table.c.account_id.is_(None), table.c.id)
        .limit(1)
    )
    row = conn.execute(query).mappings().first()
    return _noun(Prospect, row, _last_reads(conn)) if row else None


def open_alert(conn: Connection, dedup_key: str) -> OpenAlert | None:
    """The open alert of this key."""
    query = select(ALERT.c.id, ALERT.c.signal_class, ALERT.c.thread_id).where(
        ALERT.c.dedup_key == dedup_key, ALERT.c.open
    )
    row = conn.execute(query).first()
    if row is None:
        return None
    return OpenAlert(id=row[0], signal_class=SignalClass(row[1]), thread_id=row[2])


def person(conn: Connection, person_id: str | None) -> Person | None:
    """A person of the mirror by id, tombstones left out."""
    return _one(conn, Person, person_id, {})


def person_by_email(conn: Connection, email: str) -> Person | None:
    """The active person with this e-mail."""
    table = table_of(Person)
    query = (
        select(table)
        .where(table.c.email == email.lower(), table.c.deleted_at.is_(None))
        .order_by(table.c.active.desc(), table.c.id)
        .limit(1)
    )
    row = conn.execute(query).mappings().first()
    return _noun(Person, row, {}) if row else None


def recent_signals(conn: Connection, signal: Signal, policy: Policy) -> tuple[Signal, ...]:
    """The prospect's other signals within a multi-open's reach on either side."""
    reach = timedelta(minutes=policy.priority.multi_open.within_minutes)
    query = (
        select(SIGNAL)
        .where(SIGNAL.c.prospect_email == signal.prospect_email)
        .where(SIGNAL.c.occurred_at.between(signal.occurred_at - reach, signal.occurred_at + reach))
        .order_by(SIGNAL.c.occurred_at.desc(), SIGNAL.c.id)
        .limit(_MOST_RECENT)
    )
    rows = conn.execute(query).mappings()
    mine = (signal.source, signal.event_id)
    return tuple(signal_from(row) for row in rows if (row["source"], row["event_id"]) != mine)


def signal_from(row: Any) -> Signal:
    """The noun of a signal row."""
    values = {name: row[name] for name in _SIGNAL_FIELDS}
    values["kind"] = SignalKind(row["kind"])
    values["sentiment"] = Sentiment(row["sentiment"]) if row["sentiment"] else None
    return Signal(**values)


def _noun(noun: type[Noun], row: Any, seen: dict[str, datetime]) -> Noun:
    values = {name: row[name] for name in columns_of(noun)}
    last = seen.get(row["object"])
    values["seen_at"] = max(last, row["seen_at"]) if last else row["seen_at"]
    return noun(**values)


def _last_reads(conn: Connection) -> dict[str, datetime]:
    """When each object was last read to its end: unchanged records were current at that time."""
    rows = conn.execute(
        select(WATERMARK.c.object, WATERMARK.c.finished_at).where(
            WATERMARK.c.finished_at.is_not(None)
        )
    )
    return {row[0]: row[1] for row in rows}


def _one(
    conn: Connection, noun: type[Noun], record_id: str | None, seen: dict[str, datetime]
) -> Noun | None:
    found = _by_ids(conn, noun, [record_id] if record_id else [], seen)
    return found[0] if found else None


def _by_ids(
    conn: Connection, noun: type[Noun], ids: Iterable[str], seen: dict[str, datetime]
) -> list[Noun]:
    wanted = sorted(set(ids))
    if not wanted:
        return []
    table = table_of(noun)
    return _living(conn, noun, table, table.c.id.in_(wanted), seen)


def _living(
    conn: Connection, noun: type[Noun], table: Table, condition: Any, seen: dict[str, datetime]
) -> list[Noun]:
    query = select(table).where(condition, table.c.deleted_at.is_(None)).order_by(table.c.id)
    return [_noun(noun, row, seen) for row in conn.execute(query).mappings()]


def _linked_deals(conn: Connection, prospect: Prospect | None) -> list[str]:
    if prospect is None:
        return []
    query = (
        select(DEAL_CONTACT.c.deal_id)
        .where(DEAL_CONTACT.c.prospect_id == prospect.id, DEAL_CONTACT.c.deleted_at.is_(None))
        .order_by(DEAL_CONTACT.c.deal_id)
        .limit(_MOST_DEALS)
    )
    return [row[0] for row in conn.execute(query)]


def _deals(
    conn: Connection,
    account: Account | None,
    linked: Sequence[str],
    seen: dict[str, datetime],
) -> tuple[Deal, ...]:
    """Open deals, then the latest won: of the account, and those the prospect takes part in."""
    if account is None and not linked:
        return ()
    table = table_of(Deal)
    whose: list[ColumnElement[bool]] = [table.c.id.in_(linked)] if linked else []
    if account is not None:
        whose.append(table.c.account_id == account.id)
    query = (
        select(table)
        .where(or_(*whose), table.c.deleted_at.is_(None))
        .where(or_(table.c.is_closed.is_(False), table.c.is_won))
        .order_by(table.c.is_closed, table.c.closed_at.desc(), table.c.id)
        .limit(_MOST_DEALS)
    )
    return tuple(_noun(Deal, row, seen) for row in conn.execute(query).mappings())


def _holdings(
    conn: Connection,
    account: Account | None,
    deals: Sequence[Deal],
    seen: dict[str, datetime],
) -> tuple[RoleHolding, ...]:
    table = table_of(RoleHolding)
    open_ids = [deal.id for deal in deals if not deal.is_closed]
    whose: list[ColumnElement[bool]] = [table.c.deal_id.in_(open_ids)] if open_ids else []
    if account is not None:
        whose.append(table.c.account_id == account.id)
    if not whose:
        return ()
    return tuple(_living(conn, RoleHolding, table, or_(*whose), seen))


def _stages(conn: Connection, deals: Sequence[Deal], seen: dict[str, datetime]) -> list[Stage]:
    return _by_ids(conn, Stage, (deal.stage_id for deal in deals), seen)


def _first_ids(
    prospect: Prospect | None,
    account: Account | None,
    deals: Sequence[Deal],
    holdings: Sequence[RoleHolding],
) -> set[str]:
    ids = {deal.owner_id for deal in deals} | {row.person_id for row in holdings}
    if prospect is not None:
        ids.add(prospect.owner_id)
    if account is not None:
        ids.add(account.owner_id)
        ids.update(account.fields.values())
    return {one for one in ids if one}


def _people(
    conn: Connection,
    first: set[str],
    signal: Signal,
    policy: Policy,
    seen: dict[str, datetime],
) -> dict[str, Person]:
    """Those named by the records and the policy, their managers and backups, generation by
    generation."""
    table = table_of(Person)
    emails = policy_emails(policy)
    if signal.sending_rep:
        emails.add(signal.sending_rep)
    named = _living(conn, Person, table, table.c.email.in_(sorted(emails)), seen)
    people = {one.id: one for one in named}
    wanted = first - people.keys()
    for _ in range(_GENERATIONS):
        people |= {one.id: one for one in _by_ids(conn, Person, wanted, seen)}
        related = {one.manager_id for one in people.values()}
        related |= {one.backup_id for one in people.values()}
        following = {one for one in related if one} - people.keys() - wanted
        if not following:
            break
        wanted = following
    return people


def policy_emails(policy: Policy) -> set[str]:
    """Every e-mail that the policy names."""
    emails = {*policy.places.admins, *policy.backups, *policy.backups.values()}
    for row in policy.named_accounts:
        emails.update(one for one in (row.rep, row.backup) if one)
    targets = [target for route in policy.routes for target in route.to]
    sources = [source for row in policy.roles.values() for source in row]
    for text in (*targets, *sources):
        if text.startswith("person:"):
            emails.add(text.removeprefix("person:").lower())
    return emails


def _absences(
    conn: Connection, people: dict[str, Person], now: datetime, seen: dict[str, datetime]
) -> tuple[OutOfOffice, ...]:
    if not people:
        return ()
    table = table_of(OutOfOffice)
    condition = table.c.person_id.in_(sorted(people)) & (table.c.ends_at > now)
    return tuple(_living(conn, OutOfOffice, table, condition, seen))


def _preferences(conn: Connection, people: dict[str, Person]) -> dict[str, Preference]:
    rows = conn.execute(
        select(PERSON_SETTING.c.person_id, PERSON_SETTING.c.real_time).where(
            PERSON_SETTING.c.person_id.in_(sorted(people))
        )
    )
    known = set(SignalClass)
    return {
        row[0]: Preference(
            real_time=None
            if row[1] is None
            else tuple(SignalClass(one) for one in row[1] if one in known)
        )
        for row in rows
    }


def count_signals(conn: Connection) -> dict[str, int]:
    """Signals by outcome; '' counts those not yet decided."""
    query = select(SIGNAL.c.outcome, func.count()).group_by(SIGNAL.c.outcome)
    return {row[0]: int(row[1]) for row in conn.execute(query)}
