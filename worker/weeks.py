"""The working weeks by which an alert's timers run, and as they are stored."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from routing.calendar import Week, off_days, week_of
from routing.policy import Policy
from worker.store.facts import person
from worker.store.team_facts import holidays


def week_to_store(week: Week) -> dict[str, Any]:
    """A working week as an alert keeps it."""
    return {
        "zone": week.zone.key,
        "windows": [list(one) for one in week.windows],
        "off": sorted(one.isoformat() for one in week.off),
    }


def week_from(stored: dict[str, Any]) -> Week:
    """The working week that an alert was fired under."""
    windows = tuple((int(day), int(start), int(end)) for day, start, end in stored["windows"])
    off = frozenset(date.fromisoformat(one) for one in stored.get("off", ()))
    return Week(ZoneInfo(stored["zone"]), windows, off)


def week_for(conn: Connection, person_id: str | None, policy: Policy, now: datetime) -> Week:
    """The week of whoever is waited for, with their holidays; the team's for a channel."""
    who = person(conn, person_id)
    known = holidays({who.id: who}, policy, now) if who is not None else {}
    return week_of(who, policy.working_hours, off_days(who, known))
