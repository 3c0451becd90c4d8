"""Keeps count of the calls to the CRM and sets the pace of polling, for all workers of a store."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select

from connectors.base import Crm, MirrorObject
from connectors.errors import ConnectorError, LimitError
from connectors.live import Usage
from routing.nouns import OutOfOffice, Person
from worker.budget.pace import DAY, Day, Plan, Rules, State, interval, plan
from worker.clock import Clock
from worker.sections import BudgetSettings
from worker.store.engine import Store, Tx
from worker.store.tables import API_CALLS, BUDGET, READ_COST

_URGENT = (Person, OutOfOffice)
_KEPT = timedelta(days=8)
_FOLLOWS = 0.2
"""Weight of the latest read in the average cost of an object's reads."""
_LAST_CALLS = 0.5
"""Share of the reserve that live reads leave to what is written back."""
_USED_UP = timedelta(minutes=15)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """The budget as last planned. ``why`` is the mend where polling is slowed or paused."""

    plan: Plan
    used: int
    most: int
    forecast: float
    resets_at: datetime | None
    told_at: datetime | None
    why: str

    @property
    def remaining(self) -> int | None:
        """Calls left in the day, for all apps; None when nobody told."""
        return max(0, self.most - self.used) if self.most else None


class Governor:
    """The governor of one worker. Safe from any thread."""

    def __init__(self, store: Store, clock: Clock, crm: Crm, settings: BudgetSettings) -> None:
        self._store = store
        self._clock = clock
        self._crm = crm
        self._settings = settings
        self._counted = 0
        self._lock = threading.Lock()
        self._standing = Standing(Plan(state=State.UNKNOWN), 0, 0, 0.0, None, None, "")

    @property
    def standing(self) -> Standing:
        """As last planned here."""
        return self._standing

    def tick(self) -> None:
        """Clock job: note our calls, hear what the CRM says of the day, and plan."""
        usage: Usage | None = None
        try:
            usage = self._crm.day_usage()
        except ConnectorError as error:
            log.debug("the day's calls could not be asked for: %s", error)
        now = self._clock.now()
        with self._lock:
            total = self._crm.api_calls
            new, self._counted = total - self._counted, total
        with self._store.write() as tx:
            _add_calls(tx, now, new)
            row = self._plan(tx, usage, now)
            keep = tx.insert(BUDGET).values(crm=self._crm.name, **row)
            tx.conn.execute(keep.on_conflict_do_update(index_elements=["crm"], set_=row))
        self._take(row)

    def read(self, conn: Connection) -> Standing:
        """As last planned by any worker."""
        query = select(BUDGET).where(BUDGET.c.crm == self._crm.name)
        row = conn.execute(query).mappings().first()
        if row is not None:
            self._take(row)
        return self._standing

    def every(self, thing: MirrorObject) -> float:
        """Seconds between two reads of an object at the present pace."""
        return interval(thing.every, self._standing.plan.pace, self._bound(thing))

    def may_poll(self, thing: MirrorObject) -> bool:
        """Whether the object may be read now; people and absences may to the end of the reserve."""
        state = self._standing.plan.state
        return state is not State.USED_UP if thing.noun in _URGENT else self._standing.plan.polls

    def live_refusal(self, _: Connection) -> str:
        """Why no live read may be made now; '' when it may."""
        standing = self._standing
        kept = standing.most * self._settings.reserve * _LAST_CALLS
        if standing.most and standing.most - standing.used <= kept:
            return "the CRM's calls of the day are used up, but for those that write tasks"
        return ""

    def costs(self, conn: Connection) -> dict[str, float]:
        """Calls a day that the polling of each object takes at pace 1."""
        query = select(READ_COST.c.object, READ_COST.c.calls)
        known = {row[0]: float(row[1]) for row in conn.execute(query)}
        return {one.name: known.get(one.name, 1.0) * DAY / one.every for one in self._crm.objects}

    def note_limit(self, error: LimitError) -> None:
        """The CRM refused a call because the day is used up: pause at once."""
        now = self._clock.now()
        wait = timedelta(seconds=error.retry_after) if error.retry_after else _USED_UP
        with self._store.write() as tx:
            standing = self.read(tx.conn)
            most = standing.most or 1
            row = {
                "used": most,
                "most": most,
                "state": State.USED_UP.value,
                "pace": self._settings.slowest,
                "left_for_polling": 0.0,
                "told_at": now,
                "resets_at": standing.resets_at or now + wait,
                "forecast": standing.forecast,
                "why": _why(State.USED_UP),
            }
            keep = tx.insert(BUDGET).values(crm=self._crm.name, **row)
            tx.conn.execute(keep.on_conflict_do_update(index_elements=["crm"], set_=row))
        self._take(row)

    def _plan(self, tx: Tx, usage: Usage | None, now: datetime) -> dict[str, Any]:
        before = self.read(tx.conn)
        forecast = sum(self.costs(tx.conn).values())
        told_at, resets_at = before.told_at, before.resets_at
        if usage is not None:
            told_at = now
            left = usage.seconds_left
            resets_at = None if left is None else now + timedelta(seconds=left)
        over = resets_at is not None and resets_at <= now
        begins = (resets_at - timedelta(days=1)) if resets_at else now - timedelta(days=1)
        own = _own_calls(tx.conn, now if over else begins)
        used, most = self._day(usage, before, own, over=over)
        day = Day(
            used=used,
            most=most,
            own=own,
            forecast=forecast,
            seconds_left=None if resets_at is None or over else (resets_at - now).total_seconds(),
        )
        made = plan(day, self._rules(usage))
        return {
            "used": used,
            "most": most,
            "resets_at": None if over else resets_at,
            "told_at": told_at,
            "state": made.state.value,
            "pace": made.pace,
            "forecast": forecast,
            "left_for_polling": made.left,
            "why": _why(made.state),
        }

    def _day(
        self, usage: Usage | None, before: Standing, own: int, *, over: bool
    ) -> tuple[int, int]:
        """Calls used and allowed: as told, as another worker heard, or by our own count."""
        if usage is not None:
            return usage.used, usage.most
        if self._settings.daily_calls is not None:
            return own, self._settings.daily_calls
        if over:
            return 0, before.most if before.most > 1 else 0
        return before.used, before.most

    def _rules(self, usage: Usage | None) -> Rules:
        given = self._settings
        fair = usage.fair_share if usage is not None else 0.25
        return Rules(share=given.share or fair, reserve=given.reserve, slowest=given.slowest)

    def _bound(self, thing: MirrorObject) -> float | None:
        return float(self._settings.people_seconds) if thing.noun in _URGENT else None

    def _take(self, row: Mapping[Any, Any]) -> None:
        self._standing = Standing(
            plan=Plan(state=State(row["state"]), pace=row["pace"], left=row["left_for_polling"]),
            used=row["used"],
            most=row["most"],
            forecast=row["forecast"],
            resets_at=row["resets_at"],
            told_at=row["told_at"],
            why=row["why"],
        )


def note_cost(tx: Tx, name: str, calls: int) -> None:
    """Remember how many calls the latest read of an object took."""
    statement = tx.insert(READ_COST).values(object=name, calls=float(calls))
    average = READ_COST.c.calls * (1 - _FOLLOWS) + calls * _FOLLOWS
    tx.conn.execute(
        statement.on_conflict_do_update(index_elements=["object"], set_={"calls": average})
    )


def _add_calls(tx: Tx, now: datetime, calls: int) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    statement = tx.insert(API_CALLS).values(hour=hour, calls=calls)
    more = {"calls": API_CALLS.c.calls + calls}
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["hour"], set_=more))
    tx.conn.execute(delete(API_CALLS).where(API_CALLS.c.hour < now - _KEPT))


def _own_calls(conn: Connection, since: datetime) -> int:
    """Our calls since then, to the hour."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    query = select(func.coalesce(func.sum(API_CALLS.c.calls), 0)).where(API_CALLS.c.hour >= hour)
    return int(conn.execute(query).scalar_one())


def _why(state: State) -> str:
    mend = "see which other apps use the CRM's API, have its limit raised, or raise budget.share"
    return {
        State.SLOWED: f"polling is slowed so that the day's calls last; {mend}",
        State.RESERVE: "the day's calls are used up but for the reserve, so the mirror is not read "
        f"until more are free; alerts go on. To mend it: {mend}",
        State.USED_UP: "the day's calls are used up, so the mirror is not read until the count "
        f"begins anew; alerts go on with what is known. To mend it: {mend}",
    }.get(state, "")
