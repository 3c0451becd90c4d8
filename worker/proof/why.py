"""“Why me?”: the receipt of an alert for a rep, short enough for a message."""

from __future__ import annotations

from sqlalchemy import Connection, select

from routing.explain import in_short
from worker.proof.explaining import explain_alert
from worker.store.alerts import Row
from worker.store.tables import DELIVERY

_LONGEST = 2_800
"""Letters; a surface shows 3,000, of which escaping takes some."""


def why(conn: Connection, alert: Row, person_id: str | None) -> str:
    """What the presser reads: how it came to them, then as much of the receipt as fits."""
    found = explain_alert(conn, alert)
    if found is None:
        return f"The receipt of this alert is kept no more. It said: {alert['reason']}."
    mine = _mine(conn, alert, person_id)
    end = f"The whole of it: hotlead explain {alert['id'][:8]}"
    return in_short(found.explanation, start=mine, end=end, longest=_LONGEST)


def _mine(conn: Connection, alert: Row, person_id: str | None) -> str:
    """On which rung the presser was told, where they were told themselves."""
    query = (
        select(DELIVERY.c.rung_kind, DELIVERY.c.created_at)
        .where(DELIVERY.c.alert_id == alert["id"], DELIVERY.c.person_id == person_id)
        .order_by(DELIVERY.c.created_at)
        .limit(1)
    )
    row = conn.execute(query).first() if person_id else None
    if row is None:
        return ""
    rung = "assigned rep" if row[0] == "assignee" else row[0].replace("_", " ")
    return f"You were told as the {rung}, {row[1]:%Y-%m-%d %H:%M} UTC."
