"""What an object and a field are, and the reader of the little table that defines them.

A line of the table is ``Name type(details) flags {values}``. Details are a length, ``precision,
scale`` or the objects that a reference may point to. Flags: ``c`` createable, ``u`` updateable,
``n`` nillable, ``d`` defaulted on create, ``r`` restricted picklist, ``x`` unique external id,
``L`` usable as a look-up, ``N`` the name field, ``F`` not filterable, ``R`` no relationship.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

TEXT = frozenset({"string", "picklist", "email", "phone", "url", "combobox", "textarea"})
NUMBERS = frozenset({"int", "double", "currency", "percent"})
_UNGROUPED = frozenset({"textarea", "datetime", "combobox", "currency", "percent", "double"})
_LINE = re.compile(r"(\w+) +([a-z]+)(?:\(([^)]*)\))? *([a-zA-Z]*) *(?:\{(.*)\})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field of an object, with what the API lets one do with it."""

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    flags: str = ""
    refers_to: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    formula: Callable[[Mapping[str, Any]], Any] | None = field(default=None, compare=False)
    """Works the value out of the row, at each look; no change of it moves the record's stamp."""

    def read(self, row: Mapping[str, Any]) -> Any:
        """The value in a row."""
        return self.formula(row) if self.formula else row.get(self.name)

    @property
    def createable(self) -> bool:
        """May be given when a record is created."""
        return "c" in self.flags

    @property
    def updateable(self) -> bool:
        """May be changed."""
        return "u" in self.flags

    @property
    def nillable(self) -> bool:
        """May be empty."""
        return "n" in self.flags

    @property
    def defaulted(self) -> bool:
        """Gets a value of its own when none is given."""
        return "d" in self.flags

    @property
    def external_id(self) -> bool:
        """A unique key of another system."""
        return "x" in self.flags

    @property
    def filterable(self) -> bool:
        """May stand in a WHERE."""
        return self.type != "textarea" and "F" not in self.flags

    @property
    def groupable(self) -> bool:
        """May stand in a GROUP BY."""
        return self.filterable and self.type not in _UNGROUPED

    @property
    def custom(self) -> bool:
        """Made by an admin."""
        return self.name.endswith("__c")

    @property
    def relationship(self) -> str | None:
        """The first part of a field path through this reference."""
        if self.type != "reference" or "R" in self.flags:
            return None
        if self.custom:
            return self.name[:-1] + "r"
        return self.name.removesuffix("Id")

    @property
    def polymorphic(self) -> bool:
        """May point to records of several objects."""
        return len(self.refers_to) > 1

    def required(self) -> bool:
        """Must be given when a record is created."""
        return self.createable and not self.nillable and not self.defaulted


@dataclass(frozen=True, slots=True, kw_only=True)
class Sobject:
    """One object: its key prefix, its fields by lower-case name, and what may be done to it."""

    name: str
    prefix: str
    plural: str
    columns: dict[str, Column] = field(default_factory=dict)
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    replicateable: bool = True
    hard_delete: bool = False
    """A deleted row does not go into the recycle bin."""
    feature: str = ""
    """The switch without which the org has no such object."""
    bulk: bool = True
    """May be asked for by a bulk job."""

    def column(self, name: str) -> Column | None:
        """The field of this name, in any case of letters."""
        return self.columns.get(name.lower())

    def by_relationship(self, name: str) -> Column | None:
        """The reference that a field path names."""
        wanted = name.lower()
        found = (one for one in self.columns.values() if (one.relationship or "").lower() == wanted)
        return next(found, None)


def one_column(line: str) -> Column:
    """Read one line of a table."""
    return next(iter(_read([line])))


def columns(table: str) -> dict[str, Column]:
    """Read the lines of a table into fields by lower-case name."""
    return {
        one.name.lower(): one for one in _read(line for line in table.splitlines() if line.strip())
    }


def _read(lines: Iterable[str]) -> Iterable[Column]:
    for line in lines:
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"not a field: {line!r}")
        name, kind, details, flags, values = match.groups()
        parts = [part.strip() for part in (details or "").split(",") if part.strip()]
        refers_to = tuple(parts) if kind == "reference" else ()
        numbers = [int(part) for part in parts] if kind != "reference" else []
        scaled = kind in NUMBERS and len(numbers) == 2
        yield Column(
            name=name,
            type=kind,
            length=18 if kind in ("id", "reference") else (0 if scaled else sum(numbers[:1])),
            precision=numbers[0] if scaled else 0,
            scale=numbers[1] if scaled else 0,
            flags=flags,
            refers_to=refers_to,
            values=tuple(one.strip() for one in values.split("|")) if values else (),
        )
