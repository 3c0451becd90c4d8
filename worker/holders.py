"""Splits the clock of an alert by whose it was: the assignee's, until it is claimed or goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from routing.calendar import Week, minutes_between
from worker.store.alerts import Row
from worker.store.engine import Tx
from worker.store.mirror import chunks
from worker.store.statements import add, change
from worker.store.tables import ALERT_HOLDER
from worker.weeks import week_from, week_to_store


def begin_holder(
    tx: Tx, alert_id: str, person_id: str | None, name: str, how: str, week: Week, at: datetime
) -> None:
    """From ``at`` on the alert is theirs; a stretch of somebody else's ends there.

    Nothing changes when it is theirs already. ``how``: see ``AlertHolderRow``.
    """
    rows = holders_of(tx.conn, alert_id) if how != "fired" else []
    last = rows[-1] if rows else None
    if last is not None and last["until"] is None:
        if last["person_id"] == person_id:
            return
        _end(tx, last, at)
    values = {
        "alert_id": alert_id,
        "person_id": person_id,
        "name": name,
        "how": how,
        "week": week_to_store(week),
        "since": at,
    }
    add(tx, ALERT_HOLDER, values)


def settle_holders(tx: Tx, alert_id: str, at: datetime) -> None:
    """The clock stopped at ``at``: nobody had the alert for longer. Also when that is corrected."""
    for row in holders_of(tx.conn, alert_id):
        if row["until"] is None or row["until"] > at:
            _end(tx, row, at)


def holders_of(conn: Connection, alert_id: str) -> list[Row]:
    """The stretches of an alert's clock in order."""
    mine = select(ALERT_HOLDER).where(ALERT_HOLDER.c.alert_id == alert_id)
    return list(conn.execute(mine.order_by(ALERT_HOLDER.c.id)).mappings())


def stretches_of(conn: Connection, alert_ids: Sequence[str]) -> dict[str, list[Row]]:
    """The stretches of several alerts, each in order."""
    found: dict[str, list[Row]] = {one: [] for one in alert_ids}
    for some in chunks(alert_ids):
        query = select(ALERT_HOLDER).where(ALERT_HOLDER.c.alert_id.in_(some))
        for row in conn.execute(query.order_by(ALERT_HOLDER.c.id)).mappings():
            found[row["alert_id"]].append(row)
    return found


@dataclass(slots=True)
class Share:
    """For how long an alert's clock was somebody's, in all; ``open``: it is theirs still."""

    person_id: str | None
    name: str
    minutes: float = 0.0
    working_minutes: float = 0.0
    open: bool = False
    last: bool = False
    """Whether it was theirs last."""


def shares_of(stretches: Sequence[Row]) -> list[Share]:
    """A share a person, in the order in which they first had it; the open stretch counts 0."""
    found: dict[str | None, Share] = {}
    for row in stretches:
        whose = row["person_id"]
        mine = found.setdefault(whose, Share(whose, row["name"] or "nobody"))
        mine.minutes += row["minutes"] or 0.0
        mine.working_minutes += row["working_minutes"] or 0.0
        mine.open = mine.open or row["until"] is None
    if stretches:
        found[stretches[-1]["person_id"]].last = True
    return list(found.values())


def _end(tx: Tx, row: Row, at: datetime) -> None:
    until = max(at, row["since"])
    wall = (until - row["since"]).total_seconds() / 60
    working = minutes_between(row["since"], until, week_from(row["week"]))
    values = {"until": until, "minutes": round(wall, 2), "working_minutes": round(working, 2)}
    change(tx, ALERT_HOLDER, row["id"], values)
