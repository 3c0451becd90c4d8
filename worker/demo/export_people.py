"""The people of a CRM export: agents and managers as it says, BDRs, CSMs and an admin made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connectors.sandbox.world import WorldPerson
from worker.demo.export_files import ExportFiles
from worker.demo.made import slugs, staff_name

_BDRS = 2
ADMIN = "Robin Archer"
_ZONES = {
    "Central": "America/Chicago",
    "East": "America/New_York",
    "West": "America/Los_Angeles",
}
_ANY_ZONE = "America/New_York"
_TEAM_DOMAIN = "team.example"


@dataclass(frozen=True, slots=True)
class Staff:
    """The keys of the people made for one office."""

    bdrs: tuple[str, ...]
    csm: str


def people_of(
    files: ExportFiles, away: str | None, now: datetime
) -> tuple[list[WorldPerson], Mapping[str, Staff]]:
    """Everybody, keyed by name, and the made staff by office; ``away`` names the one on leave."""
    staff, made = _make_staff(files)
    people = [*_known_people(files, away, now), *made]
    local = slugs((person.key for person in people), ".")
    return [
        replace(person, email=f"{local[person.key]}@{_TEAM_DOMAIN}") for person in people
    ], staff


def _make_staff(files: ExportFiles) -> tuple[dict[str, Staff], Sequence[WorldPerson]]:
    staff: dict[str, Staff] = {}
    people: list[WorldPerson] = []
    taken = {agent.name for agent in files.agents.values()} | _managers(files) | {ADMIN}
    names = (name for name in map(staff_name, range(10_000)) if name not in taken)
    for office in sorted({agent.office for agent in files.agents.values()}):
        manager = min(agent.manager for agent in files.agents.values() if agent.office == office)
        bdrs = [next(names) for _ in range(_BDRS)]
        csm = next(names)
        # Each BDR is covered by the next, the last one and the CSM by the manager.
        for name, backup in zip([*bdrs, csm], [*bdrs[1:], manager, manager], strict=True):
            role = "CSM" if name == csm else "BDR"
            people.append(_person(name, role, office, manager=manager, backup=backup))
        staff[office] = Staff(tuple(bdrs), csm)
    people.append(_person(ADMIN, "Admin", ""))
    return staff, people


def _managers(files: ExportFiles) -> set[str]:
    return {agent.manager for agent in files.agents.values()}


def _known_people(files: ExportFiles, away: str | None, now: datetime) -> list[WorldPerson]:
    people = []
    for name in sorted(_managers(files) - files.agents.keys()):
        office = min(one.office for one in files.agents.values() if one.manager == name)
        people.append(_person(name, "Manager", office))
    for agent in files.agents.values():
        absence = _absence(agent.office, now) if agent.name == away else None
        boss = agent.manager if agent.manager != agent.name else None
        people.append(
            _person(agent.name, "AE", agent.office, manager=boss, backup=boss, absence=absence)
        )
    return people


def _absence(office: str, now: datetime) -> tuple[datetime, datetime]:
    """Whole days of the office, because a CRM may know days only: yesterday until a week on."""
    today = now.astimezone(ZoneInfo(_ZONES.get(office, _ANY_ZONE)))
    midnight = datetime.combine(today.date(), time(0), today.tzinfo)
    ends = midnight + timedelta(days=7)
    return (midnight - timedelta(days=1)).astimezone(UTC), ends.astimezone(UTC)


def _person(
    name: str,
    role: str,
    office: str,
    *,
    manager: str | None = None,
    backup: str | None = None,
    absence: tuple[datetime, datetime] | None = None,
) -> WorldPerson:
    return WorldPerson(
        key=name,
        name=name,
        email="",
        role=role,
        team=office,
        manager=manager,
        backup=backup,
        time_zone=_ZONES.get(office, _ANY_ZONE),
        away=(absence,) if absence else (),
    )
