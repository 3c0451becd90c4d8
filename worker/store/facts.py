"""Reads the facts of one decision out of the mirror: indexed look-ups only, flat at any size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from routing.nouns import (
    Account,
    Deal,
    Person,
    Prospect,
    RoleHolding,
    Sentiment,
    Signal,
    SignalKind,
    Stage,
)
from routing.policy import Policy, SignalClass
from routing.priority import more_urgent
from routing.snapshot import OpenAlert, Snapshot
from worker.store import account_facts
from worker.store import fact_queries as query
from worker.store.history import must_remember, sure_last_read
from worker.store.people_facts import absences, last_reads, people_of, preferences
from worker.store.source_reads import source_reads
from worker.store.tables import SIGNAL
from worker.store.team_facts import holidays, loads, turns
from worker.store.view import Seen, View

_SIGNAL_FIELDS = tuple(Signal.__dataclass_fields__)


def snapshot_for(
    conn: Connection, signal: Signal, policy: Policy, now: datetime, reads: Seen | None = None
) -> Snapshot:
    """The facts for deciding on ``signal``, without the open alert (see ``open_alert``).

    ``reads`` are the ``last_reads``, where the caller has them already.
    """
    seen = last_reads(conn) if reads is None else reads
    return _snapshot(View(conn, seen), signal, policy, now)


def snapshot_as_of(conn: Connection, signal: Signal, policy: Policy, moment: datetime) -> Snapshot:
    """What ``snapshot_for`` gave or would have given at ``moment``, by the history of the facts.

    Values are those of then to the last; facts may look older than they were then, by no more
    than the time between two reads of their object, and never younger. Without the open alert
    (see ``open_alert_as_of``). Raises BeyondHistoryError.
    """
    must_remember(conn, moment)
    return _snapshot(View(conn, _reads_as_of(conn, moment), moment), signal, policy, moment)


def _snapshot(view: View, signal: Signal, policy: Policy, now: datetime) -> Snapshot:
    prospect = _prospect(view, signal.prospect_email)
    account = view.one(Account, prospect.account_id if prospect else None)
    match = None
    if account is None:
        account, match = account_facts.matched(view, prospect, signal, policy)
    linked = _linked_deals(view, prospect)
    deals = _deals(view, account, linked)
    holdings = _holdings(view, account, deals)
    territories = account_facts.territories(view, account, policy)
    queues = account_facts.queues(view, policy)
    members = account_facts.members(view, [*territories, *queues])
    first = _first_ids(prospect, account, deals, holdings) | {one.person_id for one in members}
    people = {one.id: one for one in queues} | people_of(
        view, first, signal.sending_rep, account, policy
    )
    sources = source_reads(view, people)
    return Snapshot(
        prospect=prospect,
        account=account,
        match=match,
        deals=deals,
        prospect_deals=frozenset(linked),
        contact_roles={deal_id: role for deal_id, role in linked.items() if role},
        stages={one.id: one for one in view.by_ids(Stage, (deal.stage_id for deal in deals))},
        holdings=holdings,
        territories=tuple(territories),
        group_members=members,
        people=people,
        out_of_office=absences(replace(view, own_seen=sources.seen), people, now),
        holidays=holidays(people, policy, now),
        sources=sources.sources,
        own_sources=sources.own_sources,
        recent=_recent_signals(view, signal, policy),
        preferences=preferences(view, people),
        loads=loads(view.conn, policy, people, now),
        turns=turns(view.conn, policy, now),
    )


def find_prospect(conn: Connection, email: str) -> Prospect | None:
    """The living contact with this e-mail, else the unconverted lead; the oldest id of several."""
    return _prospect(View(conn, last_reads(conn)), email)


def open_alert(conn: Connection, dedup_key: str) -> OpenAlert | None:
    """The open alert of this key."""
    row = conn.execute(query.OPEN_ALERT, {"key": dedup_key}).first()
    if row is None:
        return None
    return OpenAlert(id=row[0], signal_class=SignalClass(row[1]), thread_id=row[2])


def open_alert_as_of(conn: Connection, dedup_key: str, moment: datetime) -> OpenAlert | None:
    """The alert of this key that was open at ``moment``, as the signals until then had made it."""
    found = conn.execute(query.ALERT_AS_OF, {"key": dedup_key, "moment": moment}).scalar()
    if found is None:
        return None
    given = {"alert_id": found, "moment": moment}
    rows = conn.execute(query.SIGNALS_AS_OF, given).mappings().all()
    if not rows:
        return None
    signal_class = SignalClass(rows[0]["decision"]["signal_class"])
    thread_id = rows[0]["thread_id"]
    for row in rows[1:]:
        signal_class = more_urgent(signal_class, SignalClass(row["decision"]["signal_class"]))
        thread_id = row["thread_id"] if row["thread_url"] else thread_id
    return OpenAlert(id=found, signal_class=signal_class, thread_id=thread_id)


def person(conn: Connection, person_id: str | None) -> Person | None:
    """A person of the mirror by id, tombstones left out."""
    return View(conn, {}).one(Person, person_id)


def person_by_email(conn: Connection, email: str) -> Person | None:
    """The active person with this e-mail."""
    found = View(conn, {}).nouns(Person, query.PERSON_OF_EMAIL, {"email": email.lower()})
    return found[0] if found else None


def signal_from(row: Any) -> Signal:
    """The noun of a signal row."""
    values = {name: row[name] for name in _SIGNAL_FIELDS}
    values["kind"] = SignalKind(row["kind"])
    values["sentiment"] = Sentiment(row["sentiment"]) if row["sentiment"] else None
    return Signal(**values)


def _reads_as_of(conn: Connection, moment: datetime) -> Seen:
    """The same as of ``moment``; within a span of reads the latest time of which that is sure."""
    given = {"moment": moment}
    seen: dict[str, datetime | None] = dict.fromkeys(
        conn.execute(query.TO_BE_READ, given).scalars()
    )
    for row in conn.execute(query.READS_AS_OF, given).mappings():
        seen[row["object"]] = sure_last_read(row, moment)
    return seen


def _prospect(view: View, email: str) -> Prospect | None:
    found = view.nouns(Prospect, view.queries.prospect, {"email": email})
    return found[0] if found else None


def _linked_deals(view: View, prospect: Prospect | None) -> dict[str, str]:
    """The deals that the prospect takes part in, and as what."""
    if prospect is None:
        return {}
    rows = view.rows(view.queries.linked_deals, {"prospect_id": prospect.id})
    return {row["deal_id"]: row["role"] for row in rows}


def _deals(view: View, account: Account | None, linked: Iterable[str]) -> tuple[Deal, ...]:
    """Open deals, then the latest won: of the account, and those the prospect takes part in."""
    ids = list(linked)
    if account is None and not ids:
        return ()
    given = {"ids": ids, "account_id": account.id if account else None}
    return tuple(view.nouns(Deal, view.queries.deals, given))


def _holdings(
    view: View, account: Account | None, deals: Sequence[Deal]
) -> tuple[RoleHolding, ...]:
    open_ids = [deal.id for deal in deals if not deal.is_closed]
    if account is None and not open_ids:
        return ()
    given = {"deal_ids": open_ids, "account_id": account.id if account else None}
    return tuple(view.nouns(RoleHolding, view.queries.holdings, given))


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
    records = (prospect, account, *deals)
    ids.update(value for one in records if one is not None for value in one.fields.values())
    return {one for one in ids if one}


def _recent_signals(view: View, signal: Signal, policy: Policy) -> tuple[Signal, ...]:
    """The prospect's other signals within a multi-open's reach on either side."""
    reach = timedelta(minutes=policy.priority.multi_open.within_minutes)
    around = {
        "email": signal.prospect_email,
        "after": signal.occurred_at - reach,
        "before": signal.occurred_at + reach,
    }
    rows = view.rows(view.queries.recent, around)
    mine = (signal.source, signal.event_id)
    return tuple(signal_from(row) for row in rows if (row["source"], row["event_id"]) != mine)


def count_signals(conn: Connection) -> dict[str, int]:
    """Signals by outcome; '' counts those not yet decided."""
    statement = select(SIGNAL.c.outcome, func.count()).group_by(SIGNAL.c.outcome)
    return {row[0]: int(row[1]) for row in conn.execute(statement)}
