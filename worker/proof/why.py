"""“Why me?”: the receipt of an alert for a rep, short enough for a message."""

from __future__ import annotations

from sqlalchemy import Connection, select

from routing.explain import in_short
from worker.proof.explaining import explain_alert
from worker.store.alerts import Row
from worker.store.tables import DELIVERY

_LONGEST = 2_800
"""Letters; a surface shows 3,000, of which escaping takes some."""


def why(conn: Connection, alert: Row, person_id: str | None, remote_id: str = "") -> str:
    """What the presser reads: how it came to them, then as much of the receipt as fits.

    ``remote_id`` is the message that they pressed in: an alert that was handed over since is
    explained by the decision that brought that message to them.
    """
    told = _told(conn, alert, person_id, remote_id)
    found = explain_alert(conn, alert, told["created_at"] if told is not None else None)
    if found is None:
        return f"The receipt of this alert is kept no more. It said: {alert['reason']}."
    mine = _mine(told) if told is not None and told["person_id"] == person_id else ""
    end = f"The whole of it: hotlead explain {alert['id'][:8]}"
    return in_short(found.explanation, start=mine, end=end, longest=_LONGEST)


def _told(conn: Connection, alert: Row, person_id: str | None, remote_id: str) -> Row | None:
    """The message that was pressed in; else the first that went to the presser."""
    of_alert = select(DELIVERY).where(DELIVERY.c.alert_id == alert["id"])
    of_alert = of_alert.order_by(DELIVERY.c.created_at).limit(1)
    for fits in (DELIVERY.c.remote_id == (remote_id or None), DELIVERY.c.person_id == person_id):
        row = conn.execute(of_alert.where(fits)).mappings().first()
        if row is not None:
            return row
    return None


def _mine(told: Row) -> str:
    """On which rung the presser was told, where they were told themselves."""
    rung = "assigned rep" if told["rung_kind"] == "assignee" else told["rung_kind"]
    return (
        f"You were told as the {rung.replace('_', ' ')}, {told['created_at']:%Y-%m-%d %H:%M} UTC."
    )
