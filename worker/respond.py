"""Sees responses: the first human contact with the prospect after an alert stops its clock.

Evidence comes from the CRM mirror and from signals. Late evidence of an earlier contact corrects
the latency; evidence from before the alert, inbound mail and automation are no response.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from routing.calendar import minutes_between
from routing.nouns import Evidence, Prospect, Signal
from worker.context import Context
from worker.holders import settle_holders
from worker.outbox import wake_alert
from worker.store.alerts import Row, add_event, change_alert, get_alert, take_turns
from worker.store.engine import Tx
from worker.store.facts import find_prospect, person, person_by_email
from worker.store.mirror import table_of
from worker.store.tables import ALERT, RESPONSE
from worker.weeks import week_from

_HORIZON = timedelta(days=30)
_RACES = 5


def respond_to_evidence(ctx: Context, tx: Tx, records: Sequence[Evidence]) -> int:
    """Match CRM evidence with alerts; says how many alerts it answered.

    An alert may be older than the CRM's record of its prospect: that one matches by e-mail.
    """
    answered = 0
    counted = [
        one for one in records if one.outbound and not one.automated and one.prospect_id is not None
    ]
    emails = _emails(tx, {one.prospect_id for one in counted if one.prospect_id})
    take_turns(tx, emails.values())
    for record in counted:
        whose = ALERT.c.prospect_id == record.prospect_id
        if email := emails.get(record.prospect_id or ""):
            whose = whose | (ALERT.c.prospect_email == email)
        query = _waiting(record.at).where(whose)
        for alert in tx.conn.execute(query).mappings().all():
            answered += _respond(
                ctx, tx, alert, record.kind, f"crm:{record.id}", record.at, record.person_id
            )
    return answered


def _emails(tx: Tx, prospect_ids: set[str]) -> dict[str, str]:
    """The e-mail of each prospect that the mirror knows."""
    table = table_of(Prospect)
    query = select(table.c.id, table.c.email).where(table.c.id.in_(sorted(prospect_ids)))
    rows = tx.conn.execute(query).all() if prospect_ids else []
    return {row[0]: row[1] for row in rows if row[1]}


def respond_to_signal(ctx: Context, tx: Tx, signal_id: int, signal: Signal) -> str | None:
    """Match a rep's own action, told as a signal; the id of the alert that it answered."""
    prospect = find_prospect(tx.conn, signal.prospect_email)
    rep = person_by_email(tx.conn, signal.sending_rep) if signal.sending_rep else None
    whose = ALERT.c.prospect_email == signal.prospect_email
    if prospect is not None:
        whose = whose | (ALERT.c.prospect_id == prospect.id)
    answered = None
    for alert in tx.conn.execute(_waiting(signal.occurred_at).where(whose)).mappings().all():
        kind = signal.kind.value.removeprefix("rep_")
        evidence = f"signal:{signal_id}"
        if _respond(ctx, tx, alert, kind, evidence, signal.occurred_at, rep.id if rep else None):
            answered = alert["id"]
    return answered


def _waiting(at: datetime) -> Any:
    """Alerts that a contact at this moment may answer: fired before it, answered later or not."""
    return (
        select(ALERT)
        .where(ALERT.c.fired_at <= at, ALERT.c.fired_at >= at - _HORIZON)
        .where(ALERT.c.state != "noise")
        .where(ALERT.c.responded_at.is_(None) | (ALERT.c.responded_at > at))
    )


def _respond(
    ctx: Context,
    tx: Tx,
    alert: Row,
    kind: str,
    evidence: str,
    at: datetime,
    person_id: str | None,
) -> bool:
    """Record one response; True when it stops or corrects the clock."""
    statement = tx.insert(RESPONSE).values(
        alert_id=alert["id"], kind=kind, evidence=evidence, at=at, person_id=person_id
    )
    tx.conn.execute(statement.on_conflict_do_nothing(index_elements=["alert_id", "evidence"]))
    for _ in range(_RACES):
        if alert["responded_at"] is not None and alert["responded_at"] <= at:
            return False
        if _stop_clock(ctx, tx, alert, kind, at, person_id):
            return True
        fresh = get_alert(tx.conn, alert["id"])
        if fresh is None:
            return False
        alert = fresh
    raise RuntimeError(f"alert {alert['id']} changed {_RACES} times while it was answered")


def _stop_clock(
    ctx: Context, tx: Tx, alert: Row, kind: str, at: datetime, person_id: str | None
) -> bool:
    now = ctx.clock.now()
    wall = (at - alert["fired_at"]).total_seconds() / 60
    working = minutes_between(alert["fired_at"], at, week_from(alert["week"]))
    who = person(tx.conn, person_id)
    answered: dict[str, Any] = {}
    if who is not None:
        answered = {"holder_id": who.id, "holder_name": who.name}
    changed = change_alert(
        tx,
        alert,
        **answered,
        open=False,
        state="responded",
        responded_at=at,
        responder_id=person_id,
        response_kind=kind,
        latency_minutes=round(wall, 2),
        working_latency_minutes=round(working, 2),
        due_at=None,
        closed_at=alert["closed_at"] or now,
    )
    if not changed:
        return False
    settle_holders(tx, alert["id"], at)
    name = who.name if who else "the rep"
    corrected = "corrected: an earlier " if alert["responded_at"] else ""
    add_event(
        tx,
        alert["id"],
        now,
        "responded",
        f"{corrected}{kind} by {name} after {wall:.0f} min",
        person_id,
    )
    wake_alert(ctx, tx, alert["id"])
    return True
