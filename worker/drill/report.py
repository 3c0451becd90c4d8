"""What a drill has proved so far, person by person: plain values for a table or for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from worker.drill.deliveries import NO_BUTTON
from worker.drill.rows import get_drill
from worker.drill.task import UNDONE
from worker.store.alerts import Row, place_from
from worker.store.engine import Store
from worker.store.tables import DELIVERY, DRILL_TARGET, DRILL_TASK, IDENTITY

_ITS_PLACE = IDENTITY.c.surface + ":person:" + IDENTITY.c.email
NOT_REACHED = ("failed", "unsent")
Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How far a drill is. ``messages`` counts those of people and channels, not of covers."""

    messages: int
    delivered: int
    pressed: int
    unreachable: int
    silent: int
    skipped: int
    escalated: int
    warnings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``people``, ``channels`` and ``covers`` are records; the unreachable come first."""

    drill: Record
    people: list[Record]
    channels: list[Record]
    covers: list[Record]
    write_back: Record | None
    counts: Counts

    @property
    def over(self) -> bool:
        """Whether nothing more comes: the drill has ended, and its task is gone."""
        task = self.write_back
        at_work = task is not None and task["state"] == "at work"
        return bool(self.drill["state"] in ("ended", "withdrawn") and not at_work)

    @property
    def waits(self) -> bool:
        """Whether the drill is over but for its task, which the CRM does not let us remove yet."""
        task = self.write_back
        return bool(self.drill["state"] == "ended" and not self.over and task and task["problem"])

    @property
    def failed(self) -> bool:
        """Whether somebody cannot be reached, or the CRM cannot be written."""
        task = self.write_back
        refused = task is not None and task["state"] == "failed"
        return bool(self.counts.unreachable or refused or self.waits)


def report(conn: Connection, drill: Row) -> Report:
    """The report of a drill as it is now."""
    rows = _rows(conn, drill["id"])
    over = drill["state"] in ("ended", "withdrawn")
    names = {row["id"]: row["name"] for row in rows}
    told = {row["place"]: _delivery(row, over=over)["state"] for row in rows if row["place"]}
    records = [(row["kind"], _record(row, names, told, over=over)) for row in rows]
    people = sorted((one for kind, one in records if kind == "person"), key=_worst_first)
    channels = sorted((one for kind, one in records if kind == "channel"), key=_worst_first)
    covers = [one for kind, one in records if kind == "cover"]
    return Report(
        drill=_drill(drill),
        people=people,
        channels=channels,
        covers=covers,
        write_back=_write_back(conn, drill["id"]),
        counts=_counts(people + channels, covers),
    )


def as_json(found: Report) -> Record:
    """The whole of it for programs."""
    counts = found.counts
    return {
        "ok": not found.failed,
        "over": found.over,
        **found.drill,
        "counts": {name: getattr(counts, name) for name in counts.__dataclass_fields__},
        "people": found.people,
        "channels": found.channels,
        "stood_in": found.covers,
        "write_back": found.write_back,
    }


def _rows(conn: Connection, drill_id: int) -> list[Row]:
    told = [DELIVERY.c[name] for name in ("remote_id", "remote_url", "sent_at", "error")]
    query = (
        select(DRILL_TARGET, DELIVERY.c.state.label("sent_state"), *told, IDENTITY.c.address)
        .outerjoin(DELIVERY, DELIVERY.c.drill_target_id == DRILL_TARGET.c.id)
        .outerjoin(IDENTITY, DRILL_TARGET.c.place == _ITS_PLACE)
        .where(DRILL_TARGET.c.drill_id == drill_id)
        .order_by(DRILL_TARGET.c.name, DRILL_TARGET.c.id)
    )
    return list(conn.execute(query).mappings())


def _record(row: Row, names: Mapping[str, str], told: Mapping[str, str], *, over: bool) -> Record:
    delivery = _delivery(row, over=over)
    made: Record = {
        "name": row["name"],
        "email": row["email"],
        "why": row["why"],
        "skipped": row["skipped"],
        "identity": _identity(row),
        "delivery": delivery,
        "button": _button(row, delivery, over=over),
        "escalation": _escalation(row, names, told),
        "problem": row["problem"],
        "mend": "",
    }
    if delivery["state"] in NOT_REACHED:
        made["problem"] = row["problem"] or delivery["error"] or "the message was not sent"
        made["mend"] = row["mend"] or "hotlead doctor says what is wrong"
    elif made["escalation"] is not None and not made["escalation"]["reachable"]:
        made["problem"] = "nobody who would be told after them can be reached"
        made["mend"] = "mend those of the ladder who are unreachable, or add a channel to it"
    if row["kind"] == "cover":
        made["stands_in_for"] = list(row["covers"])
    return made


def _identity(row: Row) -> Record | None:
    """How a person of the CRM is known on the surface; None for a channel.

    ``address`` is '' where the surface knows nobody, and None where it was not asked.
    """
    if not row["email"] and row["kind"] != "person":
        return None
    person = row["person_id"] or ("" if row["kind"] == "person" else None)
    surface = place_from(row["place"]).surface if row["place"] else ""
    return {"crm_user": person, "surface": surface, "address": row["address"]}


def _delivery(row: Row, *, over: bool) -> Record:
    """``state``: skipped, failed, waiting, sent, or unsent when the drill is over."""
    if row["skipped"]:
        state = "skipped"
    elif row["sent_at"] is not None:
        state = "sent"
    elif row["problem"] or row["place"] is None or row["sent_state"] == "failed":
        state = "failed"
    else:
        state = "unsent" if over else "waiting"
    return {
        "state": state,
        "at": _iso(row["sent_at"]),
        "message": row["remote_id"] or "",
        "url": row["remote_url"] or "",
        "error": row["error"] or "",
    }


def _button(row: Row, delivery: Record, *, over: bool) -> Record:
    """``state``: pressed, silent, waiting, no_button, or '' where there is no message."""
    took = None
    if row["press_problem"] == NO_BUTTON:
        state = "no_button"
    elif row["pressed_at"] is not None:
        state = "pressed"
        took = (row["pressed_at"] - (row["sent_at"] or row["pressed_at"])).total_seconds()
    elif delivery["state"] != "sent":
        state = ""
    else:
        late = over or row["due_at"] is None
        state = "silent" if late else "waiting"
    return {
        "state": state,
        "by": row["pressed_by"],
        "seconds": took,
        "problem": row["press_problem"],
    }


def _escalation(row: Row, names: Mapping[str, str], told: Mapping[str, str]) -> Record | None:
    """Who is behind somebody, who was told, and whether the path ends anywhere.

    ``told`` is None while the timer has not run out, '' where nobody was left. A rung that was
    not tried in this drill counts as reachable.
    """
    if not row["rungs"] and row["escalated_to"] is None:
        return None
    behind = [rung["name"] for rung in row["rungs"]]
    ends = any(told.get(rung["place"]) not in NOT_REACHED for rung in row["rungs"])
    went = row["escalated_to"]
    return {
        "behind": behind,
        "reachable": ends,
        "told": None if went is None else names.get(went, ""),
    }


def _write_back(conn: Connection, drill_id: int) -> Record | None:
    query = select(DRILL_TASK).where(DRILL_TASK.c.drill_id == drill_id)
    task = conn.execute(query).mappings().first()
    if task is None:
        return None
    at_work = task["step"] in UNDONE
    return {
        "state": "at work" if at_work else {"done": "ok"}.get(task["step"], "failed"),
        "step": task["step"],
        "about": task["about_name"],
        "task": task["remote_id"] or "",
        "url": task["url"],
        **{name: _iso(task[f"{name}_at"]) for name in ("opened", "completed", "read", "removed")},
        "problem": task["error"] or (task["waits"] if at_work else ""),
        "mend": task["mend"],
    }


def _drill(drill: Row) -> Record:
    differs = bool(drill["worker_hash"]) and drill["worker_hash"] != drill["policy_hash"]
    return {
        "drill": drill["id"],
        "state": drill["state"],
        "by": drill["by"],
        "policy": drill["policy_hash"],
        "policy_differs": differs,
        **{name: _iso(drill[name]) for name in ("asked_at", "begun_at", "ends_at", "ended_at")},
    }


def _worst_first(one: Record) -> tuple[int, str]:
    states = {"failed": 0, "unsent": 0, "waiting": 2, "skipped": 4}
    rank = states.get(one["delivery"]["state"], 3)
    button = one["button"]
    if rank == 3 and (button["problem"] or button["state"] == "silent"):
        rank = 1
    return rank, one["name"]


def _counts(records: list[Record], covers: list[Record]) -> Counts:
    def states(part: str, *wanted: str, among: list[Record] = records) -> int:
        return sum(one[part]["state"] in wanted for one in among)

    dead_ends = [one for one in records if _dead_end(one)]
    return Counts(
        messages=states("delivery", "waiting", "sent", *NOT_REACHED),
        delivered=states("delivery", "sent"),
        pressed=states("button", "pressed"),
        unreachable=states("delivery", *NOT_REACHED) + len(dead_ends),
        silent=states("button", "silent"),
        skipped=states("delivery", "skipped"),
        escalated=len(covers),
        warnings=sum(bool(one["button"]["problem"]) for one in records),
    )


def _dead_end(one: Record) -> bool:
    """Whether somebody can be reached, but nobody behind them could."""
    path = one["escalation"]
    failed = one["delivery"]["state"] in NOT_REACHED
    return path is not None and not path["reachable"] and not failed


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def report_of(store: Store, drill_id: int) -> Report:
    """The report of a drill that is there."""
    with store.read() as conn:
        drill = get_drill(conn, drill_id)
        if drill is None:
            raise LookupError(f"there is no drill {drill_id}")
        return report(conn, drill)
