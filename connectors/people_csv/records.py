"""Makes the folder's rows into records, all of them or none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.people_csv.table import Problems, Row, Shape, nearest, read_table, shown
from connectors.people_csv.times import moment, working_hours
from routing.nouns import Account, OutOfOffice, Person, Prospect

PEOPLE = Shape(
    file="people.csv",
    required=("name", "email"),
    optional=("role", "title", "manager", "backup", "time_zone", "working_hours", "active"),
)
_PERSON_COLUMNS = ("bdr", "ae", "csm", "backup")
ACCOUNTS = Shape(
    file="accounts.csv",
    required=("name",),
    optional=("domain", "stage", "owner", *_PERSON_COLUMNS),
)
CONTACTS = Shape(
    file="contacts.csv",
    required=("email",),
    optional=("name", "account", "title", "owner"),
    may_lack=True,
)
OUT_OF_OFFICE = Shape(
    file="out_of_office.csv",
    required=("email", "starts", "ends"),
    optional=("note",),
    may_lack=True,
)
SHAPES = (PEOPLE, ACCOUNTS, CONTACTS, OUT_OF_OFFICE)
_MOST_COMPARED = 5000
_STAGES = ("prospecting", "active_deal", "customer")
_EMAIL = re.compile(r"[^\s@<>,;:\"]{1,64}@([\w-]+\.)+[\w-]{2,}")
_DOMAIN = re.compile(r"([\w-]+\.)+[\w-]{2,}")
_YES_NO = {"": True, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(slots=True)
class Records:
    """Everything that the folder holds."""

    people: list[Person] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    contacts: list[Prospect] = field(default_factory=list)
    out_of_office: list[OutOfOffice] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Names:
    """Finds records by any of the names that a person may write; None marks an unclear one."""

    def __init__(self) -> None:
        self._ids: dict[str, str | None] = {}
        self._shown: list[str] = []

    def put(self, record_id: str, names: Iterable[str]) -> None:
        for name in filter(None, dict.fromkeys(name.lower() for name in names)):
            unclear = self._ids.get(name, record_id) != record_id
            self._ids[name] = None if unclear else record_id
            self._shown.append(name)

    def find(self, row: Row, column: str, problems: Problems) -> str | None:
        """The id that the cell names. An unknown or unclear name is a problem."""
        name = row[column]
        if not name:
            return None
        if (found := self._ids.get(name.lower())) is not None:
            return found
        if name.lower() in self._ids:
            what, mend = f"{shown(name)!r} is the name of several", "write e-mail or domain"
        else:
            what = f"{shown(name)!r} is unknown"
            close = "" if problems.full else nearest(name, self._shown[:_MOST_COMPARED])
            mend = close or "add it first, or empty the cell"
        problems.add(row.file, row.number, column, what, mend)
        return None


def read_folder(folder: Path, most_bytes: int) -> Records:
    """All records. Raises ConfigError with up to 20 problems, TemporaryError if unreadable."""
    problems = Problems(folder)
    tables = {shape.file: read_table(folder, shape, problems, most_bytes) for shape in SHAPES}
    found = Records()
    for shape in SHAPES:
        if tables[shape.file] is None and shape.may_lack:
            found.notes.append(f"no {shape.file} in {folder}")
    people, accounts = _Names(), _Names()
    rows = _unique(tables[PEOPLE.file] or [], problems)
    for row in rows:
        people.put(row["email"].lower(), (row["email"], row["name"]))
    found.people = [_person(row, people, problems) for row in rows]
    found.accounts = _accounts(tables[ACCOUNTS.file] or [], people, accounts, problems)
    names = {account.id: account.name for account in found.accounts}
    for row in _unique(tables[CONTACTS.file] or [], problems):
        found.contacts.append(_contact(row, people, accounts, names, problems))
    zones = {person.id: person.time_zone for person in found.people}
    for row in tables[OUT_OF_OFFICE.file] or []:
        if (away := _absence(row, people, zones, problems)) is not None:
            found.out_of_office.append(away)
    problems.raise_if_any()
    return found


def _unique(rows: list[Row], problems: Problems) -> list[Row]:
    """The rows with a good e-mail that no earlier row has; the others are problems."""
    first: dict[str, int] = {}
    good = []
    for row in rows:
        email = row["email"].lower()
        if not email:
            continue  # reported as an empty required cell
        if not _EMAIL.fullmatch(email) or len(email) > 254:
            what = f"{shown(email)!r} is not an e-mail address"
            problems.add(row.file, row.number, "email", what, "write it like ann@example.com")
        elif email in first:
            what = f"{shown(email)!r} stands in row {first[email]} already"
            problems.add(row.file, row.number, "email", what, "delete one of the rows")
        else:
            first[email] = row.number
            good.append(row)
    return good


def _person(row: Row, people: _Names, problems: Problems) -> Person:
    zone = row["time_zone"]
    if zone and _zone(zone) is None:
        what = f"{shown(zone)!r} is no time zone"
        problems.add(row.file, row.number, "time_zone", what, "write one like Europe/Berlin")
    hours = ""
    try:
        hours = working_hours(row["working_hours"])
    except ValueError as error:
        problems.add(row.file, row.number, "working_hours", str(error), "correct the cell")
    active = _YES_NO.get(row["active"].lower())
    if active is None:
        problems.add(row.file, row.number, "active", "is neither yes nor no", "write yes or no")
    return Person(
        id=row["email"].lower(),
        email=row["email"].lower(),
        name=row["name"],
        active=bool(active),
        manager_id=people.find(row, "manager", problems),
        backup_id=people.find(row, "backup", problems),
        title=row["title"],
        role_name=row["role"],
        time_zone=zone,
        working_hours=hours,
    )


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path, a folder of zones
        return None


def _accounts(
    rows: list[Row], people: _Names, accounts: _Names, problems: Problems
) -> list[Account]:
    found: dict[str, Account] = {}
    for row in filter(lambda one: one["name"], rows):
        domain = row["domain"].lower()
        if domain and not _DOMAIN.fullmatch(domain):
            what = f"{shown(domain)!r} is not a domain"
            problems.add(row.file, row.number, "domain", what, "write it like example.com")
        account_id = domain or row["name"]
        if account_id in found:
            what = f"{shown(account_id)!r} stands here a second time"
            problems.add(
                row.file, row.number, "domain" if domain else "name", what, "delete one of the rows"
            )
            continue
        found[account_id] = Account(
            id=account_id,
            name=row["name"],
            domain=domain,
            owner_id=people.find(row, "owner", problems),
            fields=_fields(row, people, problems),
        )
        accounts.put(account_id, (row["name"], domain))
    return list(found.values())


def _fields(row: Row, people: _Names, problems: Problems) -> dict[str, str]:
    """Stage by hand, roles as ids of people, and every further column as it stands."""
    known = (*ACCOUNTS.required, *ACCOUNTS.optional)
    fields = {name: cell for name, cell in row.cells.items() if cell and name not in known}
    for column in _PERSON_COLUMNS:
        if person_id := people.find(row, column, problems):
            fields[column] = person_id
    fields.pop("stage_class", None)
    stage = row["stage"].lower().replace(" ", "_").replace("-", "_")
    if stage in _STAGES:
        fields["stage_class"] = stage
    elif stage:
        what = f"{shown(row['stage'])!r} is no stage"
        mend = nearest(stage, _STAGES) or f"write one of {', '.join(_STAGES)}"
        problems.add(row.file, row.number, "stage", what, mend)
    return fields


def _contact(
    row: Row, people: _Names, accounts: _Names, names: dict[str, str], problems: Problems
) -> Prospect:
    account_id = accounts.find(row, "account", problems)
    return Prospect(
        id=row["email"].lower(),
        kind="contact",
        email=row["email"].lower(),
        name=row["name"],
        title=row["title"],
        company=names.get(account_id or "", ""),
        account_id=account_id,
        owner_id=people.find(row, "owner", problems),
    )


def _absence(
    row: Row, people: _Names, zones: dict[str, str], problems: Problems
) -> OutOfOffice | None:
    person_id = people.find(row, "email", problems)
    if person_id is None or not row["starts"] or not row["ends"]:
        return None  # reported where it was found
    zone = _zone(zones[person_id]) if zones[person_id] else None
    try:
        column = "starts"
        starts_at = moment(row["starts"], zone or UTC, end=False)
        column = "ends"
        ends_at = moment(row["ends"], zone or UTC, end=True)
        if ends_at <= starts_at:
            raise ValueError("is not later than starts")
    except ValueError as error:
        problems.add(row.file, row.number, column, str(error), "correct the cell")
        return None
    return OutOfOffice(
        id=f"{person_id} {starts_at:%Y-%m-%dT%H:%M} {ends_at:%Y-%m-%dT%H:%M}",
        person_id=person_id,
        starts_at=starts_at,
        ends_at=ends_at,
        source="csv",
        note=row["note"],
    )
