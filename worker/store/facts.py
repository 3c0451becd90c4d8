"""Reads the facts of one decision out of the mirror: indexed look-ups only, flat at any size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, func, select

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
from worker.store import fact_queries as query
from worker.store.mirror import columns_of
from worker.store.tables import SIGNAL

_GENERATIONS = 3
_SIGNAL_FIELDS = tuple(Signal.__dataclass_fields__)
Noun = TypeVar("Noun", bound=MirrorRecord)
Seen = Mapping[str, datetime]
"""When each CRM object was last read to its end."""
Given = Mapping[str, Any]


def snapshot_for(conn: Connection, signal: Signal, policy: Policy, now: datetime) -> Snapshot:
    """The facts for deciding on ``signal``, without the open alert (see ``open_alert``)."""
    seen = _last_reads(conn)
    prospect = _first(conn, Prospect, query.PROSPECT, {"email": signal.prospect_email}, seen)
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
    return _first(conn, Prospect, query.PROSPECT, {"email": email}, _last_reads(conn))


def open_alert(conn: Connection, dedup_key: str) -> OpenAlert | None:
    """The open alert of this key."""
    row = conn.execute(query.OPEN_ALERT, {"key": dedup_key}).first()
    if row is None:
        return None
    return OpenAlert(id=row[0], signal_class=SignalClass(row[1]), thread_id=row[2])


def person(conn: Connection, person_id: str | None) -> Person | None:
    """A person of the mirror by id, tombstones left out."""
    return _one(conn, Person, person_id, {})


def person_by_email(conn: Connection, email: str) -> Person | None:
    """The active person with this e-mail."""
    return _first(conn, Person, query.PERSON_OF_EMAIL, {"email": email.lower()}, {})


def recent_signals(conn: Connection, signal: Signal, policy: Policy) -> tuple[Signal, ...]:
    """The prospect's other signals within a multi-open's reach on either side."""
    reach = timedelta(minutes=policy.priority.multi_open.within_minutes)
    around = {
        "email": signal.prospect_email,
        "after": signal.occurred_at - reach,
        "before": signal.occurred_at + reach,
    }
    rows = conn.execute(query.RECENT, around).mappings()
    mine = (signal.source, signal.event_id)
    return tuple(signal_from(row) for row in rows if (row["source"], row["event_id"]) != mine)


def signal_from(row: Any) -> Signal:
    """The noun of a signal row."""
    values = {name: row[name] for name in _SIGNAL_FIELDS}
    values["kind"] = SignalKind(row["kind"])
    values["sentiment"] = Sentiment(row["sentiment"]) if row["sentiment"] else None
    return Signal(**values)


def _noun(noun: type[Noun], row: Any, seen: Seen) -> Noun:
    values = {name: row[name] for name in columns_of(noun)}
    last = seen.get(row["object"])
    values["seen_at"] = max(last, row["seen_at"]) if last else row["seen_at"]
    return noun(**values)


def _last_reads(conn: Connection) -> Seen:
    """When each object was last read to its end: unchanged records were current at that time."""
    return {row[0]: row[1] for row in conn.execute(query.LAST_READS)}


def _nouns(
    conn: Connection, noun: type[Noun], statement: query.Query, given: Given, seen: Seen
) -> list[Noun]:
    return [_noun(noun, row, seen) for row in conn.execute(statement, given).mappings()]


def _first(
    conn: Connection, noun: type[Noun], statement: query.Query, given: Given, seen: Seen
) -> Noun | None:
    row = conn.execute(statement, given).mappings().first()
    return _noun(noun, row, seen) if row else None


def _one(conn: Connection, noun: type[Noun], record_id: str | None, seen: Seen) -> Noun | None:
    found = _by_ids(conn, noun, [record_id] if record_id else [], seen)
    return found[0] if found else None


def _by_ids(conn: Connection, noun: type[Noun], ids: Iterable[str], seen: Seen) -> list[Noun]:
    wanted = sorted(set(ids))
    return _nouns(conn, noun, query.BY_IDS[noun], {"ids": wanted}, seen) if wanted else []


def _linked_deals(conn: Connection, prospect: Prospect | None) -> list[str]:
    if prospect is None:
        return []
    return [row[0] for row in conn.execute(query.LINKED_DEALS, {"prospect_id": prospect.id})]


def _deals(
    conn: Connection, account: Account | None, linked: Sequence[str], seen: Seen
) -> tuple[Deal, ...]:
    """Open deals, then the latest won: of the account, and those the prospect takes part in."""
    if account is None and not linked:
        return ()
    given = {"ids": list(linked), "account_id": account.id if account else None}
    return tuple(_nouns(conn, Deal, query.DEALS, given, seen))


def _holdings(
    conn: Connection, account: Account | None, deals: Sequence[Deal], seen: Seen
) -> tuple[RoleHolding, ...]:
    open_ids = [deal.id for deal in deals if not deal.is_closed]
    if account is None and not open_ids:
        return ()
    given = {"deal_ids": open_ids, "account_id": account.id if account else None}
    return tuple(_nouns(conn, RoleHolding, query.HOLDINGS, given, seen))


def _stages(conn: Connection, deals: Sequence[Deal], seen: Seen) -> list[Stage]:
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
    conn: Connection, first: set[str], signal: Signal, policy: Policy, seen: Seen
) -> dict[str, Person]:
    """Those named by the records and the policy, their managers and backups, generation by
    generation."""
    emails = policy_emails(policy)
    if signal.sending_rep:
        emails.add(signal.sending_rep)
    given = {"ids": sorted(first), "emails": sorted(emails)}
    people = {one.id: one for one in _nouns(conn, Person, query.PEOPLE, given, seen)}
    asked = first | people.keys()
    for _ in range(_GENERATIONS):
        related = {one.manager_id for one in people.values()}
        related |= {one.backup_id for one in people.values()}
        following = {one for one in related if one} - asked
        if not following:
            break
        people |= {one.id: one for one in _by_ids(conn, Person, following, seen)}
        asked |= following
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
    conn: Connection, people: dict[str, Person], now: datetime, seen: Seen
) -> tuple[OutOfOffice, ...]:
    given = {"people": sorted(people), "now": now}
    return tuple(_nouns(conn, OutOfOffice, query.ABSENCES, given, seen)) if people else ()


def _preferences(conn: Connection, people: dict[str, Person]) -> dict[str, Preference]:
    rows = conn.execute(query.PREFERENCES, {"people": sorted(people)})
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
    statement = select(SIGNAL.c.outcome, func.count()).group_by(SIGNAL.c.outcome)
    return {row[0]: int(row[1]) for row in conn.execute(statement)}
