"""The alerts of the demo page: the receipt, the ladder and the timeline of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from routing.receipt import Candidate, Decision, Fact, Step
from worker.card import noise_in_words
from worker.holders import Share, shares_of, stretches_of
from worker.store.alerts import Row
from worker.store.receipts import decision_from
from worker.store.tables import ALERT, ALERT_EVENT, DELIVERY, RECEIPT

_MOST = 100
_PLAIN = (
    "id",
    "open",
    "state",
    "signal_class",
    "stage_class",
    "stage_label",
    "role",
    "route",
    "reason",
    "prospect_name",
    "prospect_email",
    "account_name",
    "deal_name",
    "subject",
    "assignee_name",
    "holder_name",
    "rung_name",
    "rung_kind",
    "response_kind",
    "latency_minutes",
    "working_latency_minutes",
)
_TIMES = ("due_at", "fired_at", "delivered_at", "acknowledged_at", "responded_at")


def iso(moment: datetime | None) -> str | None:
    """ISO 8601, or None for none."""
    return moment.isoformat() if moment else None


def alerts_shown(conn: Connection, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The latest alerts, newest first; ``names`` gives the names of people and accounts by id."""
    query = select(ALERT).order_by(ALERT.c.fired_at.desc(), ALERT.c.id).limit(_MOST)
    alerts = conn.execute(query).mappings().all()
    ids = [alert["id"] for alert in alerts]
    events = _of_alerts(conn, ALERT_EVENT, ids, ALERT_EVENT.c.id)
    deliveries = _of_alerts(conn, DELIVERY, ids, DELIVERY.c.created_at)
    receipts = _firing_receipts(conn, ids)
    stretches = stretches_of(conn, ids)
    return [
        _shown(alert, receipts.get(alert["id"]), deliveries[alert["id"]], names)
        | {"events": [_event(event) for event in events[alert["id"]]]}
        | {"holders": [_share(one) for one in shares_of(stretches[alert["id"]])]}
        for alert in alerts
    ]


def _share(one: Share) -> dict[str, Any]:
    return {"name": one.name, "minutes": round(one.minutes, 2), "open": one.open}


def _of_alerts(
    conn: Connection, table: Table, ids: Sequence[str], order: Any
) -> Mapping[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    query = select(table).where(table.c.alert_id.in_(ids)).order_by(order)
    for row in conn.execute(query).mappings():
        grouped[row["alert_id"]].append(row)
    return grouped


def _firing_receipts(conn: Connection, ids: Sequence[str]) -> Mapping[str, Row]:
    """The decision that fired each alert, without its snapshot: that may hold hundreds of deals."""
    query = select(
        RECEIPT.c.alert_id, RECEIPT.c.decided_at, RECEIPT.c.policy_hash, RECEIPT.c.decision
    ).where(RECEIPT.c.alert_id.in_(ids), RECEIPT.c.outcome == "alert")
    return {row["alert_id"]: row for row in conn.execute(query).mappings()}


def _shown(
    alert: Row, fired: Row | None, deliveries: Sequence[Row], names: Mapping[str, str]
) -> dict[str, Any]:
    shown: dict[str, Any] = {name: alert[name] for name in _PLAIN}
    shown |= {name: iso(alert[name]) for name in _TIMES}
    shown["noise"] = noise_in_words(alert["noise_reason"], alert["noise_words"])
    shown["known"] = alert["prospect_id"] is not None
    if fired is None:
        return shown | {"receipt": None, "ladder": []}
    decision = decision_from(fired["decision"])
    shown["ladder"] = _ladder(alert, decision, deliveries)
    shown["receipt"] = {
        "decided_at": iso(fired["decided_at"]),
        "policy_hash": fired["policy_hash"],
        "rule": decision.route,
        "notes": list(decision.notes),
        "facts": [_fact(fact, fired["decided_at"], names) for fact in decision.facts],
    }
    return shown


def _ladder(alert: Row, decision: Decision, deliveries: Sequence[Row]) -> list[dict[str, Any]]:
    """Everybody who was considered, in order, and what became of each.

    ``status`` is ``skipped``, ``told``, ``waiting`` (told, and it is their turn), ``unreachable``
    or ``next``.
    """
    steps = iter(decision.steps)
    rungs = []
    for candidate in decision.candidates:
        step = next(steps, None) if candidate.taken else None
        rungs.append(_rung(alert, candidate, step, deliveries))
    return rungs


def _rung(
    alert: Row, candidate: Candidate, step: Step | None, deliveries: Sequence[Row]
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "rung": candidate.rung.value,
        "name": candidate.name,
        "why": candidate.why,
        "status": "skipped",
        "at": None,
        "wait": None,
    }
    if step is None:
        return shown
    place = str(step.place)
    mine = [row for row in deliveries if row["kind"] == "alert" and row["place"] == place]
    shown["wait"] = step.wait
    shown["at"] = iso(next((row["sent_at"] for row in mine if row["sent_at"]), None))
    if any(row["state"] == "failed" for row in mine):
        shown["status"] = "unreachable"
    elif mine:
        turn = alert["open"] and alert["rung_place"] == place
        shown["status"] = "waiting" if turn else "told"
    else:
        shown["status"] = "next" if alert["open"] else "not needed"
    return shown


def _fact(fact: Fact, decided_at: datetime, names: Mapping[str, str]) -> dict[str, Any]:
    # An absence reads "person id: from to"; people know the person by name.
    owner, colon, rest = fact.value.partition(": ")
    value = f"{names[owner]}{colon}{rest}" if owner in names else fact.value
    return {
        "record": fact.record,
        "record_id": fact.record_id,
        "name": names.get(fact.record_id, ""),
        "field": fact.field,
        "value": value,
        "age_seconds": fact.age_seconds(decided_at),
    }


def _event(event: Row) -> dict[str, Any]:
    return {"at": iso(event["at"]), "kind": event["kind"], "text": event["text"]}
