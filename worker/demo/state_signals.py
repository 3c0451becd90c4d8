"""The signals of the demo page, each with what became of it in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from routing.nouns import Person, Prospect
from worker.demo.state_alerts import iso
from worker.store.alerts import Row, place_from
from worker.store.mirror import table_of
from worker.store.tables import ALERT, RECEIPT, SIGNAL

_MOST = 60
_TIMES = {1: "", 2: " twice"}
_VERBS = {
    "open": "opened",
    "multi_open": "opened",
    "click": "clicked a link in",
    "reply": "replied to",
    "visit": "visited the site after",
    "form": "filled in the form of",
    "rep_email": "was mailed by the rep about",
    "rep_call": "was called by the rep about",
    "rep_meeting": "met the rep about",
}


def signals_shown(conn: Connection) -> list[dict[str, Any]]:
    """The latest signals, newest first, each told with the names that the mirror knows."""
    query = (
        select(SIGNAL, ALERT.c.prospect_name.label("alert_name"), RECEIPT.c.decision)
        .outerjoin(ALERT, ALERT.c.id == SIGNAL.c.alert_id)
        .outerjoin(
            RECEIPT,
            (RECEIPT.c.signal_id == SIGNAL.c.id) & (RECEIPT.c.outcome != "hand_over"),
        )
        .order_by(SIGNAL.c.id.desc())
        .limit(_MOST)
    )
    rows = conn.execute(query).mappings().all()
    emails = {row["prospect_email"] for row in rows} | {_digest_address(row) for row in rows}
    by_email = _names_of(conn, emails)
    return [_shown(row, by_email) for row in rows]


def _shown(row: Row, by_email: Mapping[str, str]) -> dict[str, Any]:
    known = by_email.get(row["prospect_email"], "")
    decision = row["decision"] or {}
    return {
        "id": row["id"],
        "at": iso(row["received_at"]),
        "who": row["alert_name"] or known or row["prospect_name"] or row["prospect_email"],
        "what": _what(row),
        "kind": row["kind"],
        "tier": row["tier"],
        "outcome": row["outcome"],
        "became": _became(row, decision, by_email),
        "alert_id": row["alert_id"],
    }


def _names_of(conn: Connection, emails: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in (table_of(Prospect), table_of(Person)):
        query = select(table.c.email, table.c.name).where(table.c.email.in_(sorted(emails)))
        found |= {row[0]: row[1] for row in conn.execute(query)}
    return found


def _digest_address(row: Row) -> str:
    return place_from(row["digest_place"]).address if row["digest_place"] else ""


def _what(row: Row) -> str:
    verb = _VERBS.get(row["kind"], row["kind"])
    subject = f"“{row['subject']}”" if row["subject"] else "your e-mail"
    times = _TIMES.get(row["count"], f" {row['count']} times")
    mood = f" ({row['sentiment']})" if row["sentiment"] else ""
    return f"{verb} {subject}{times}{mood}"


def _became(row: Row, decision: Mapping[str, Any], by_email: Mapping[str, str]) -> str:
    """What the signal led to, in one sentence."""
    notes = decision.get("notes") or [""]
    outcome = row["outcome"]
    if outcome == "":
        return "Being decided"
    if outcome == "alert":
        steps = decision.get("steps") or [{}]
        return f"Alerted {steps[0].get('name', 'the rep')}: {notes[0]}"
    if outcome == "join":
        return f"Joined the open alert: {notes[0] or row['explanation']}"
    if outcome == "digest":
        address = _digest_address(row)
        return f"For the digest of {by_email.get(address, address) or 'the team'}: {notes[0]}"
    return f"Explained: {row['explanation']}"
