"""Finds the field that a name in a query means, and the way to its value from a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.sandbox.salesforce.errors import Refusal, at
from connectors.sandbox.salesforce.objects import NAME
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.schema import Column, Sobject
from connectors.sandbox.salesforce.soql.tree import Call, Name, Operand
from connectors.sandbox.salesforce.table import Row

_APPEND = (
    "If you are attempting to use a custom {what}, be sure to append the '{end}' after the "
    "{name}. Please reference your WSDL or the describe call for the appropriate names."
)


@dataclass(frozen=True, slots=True)
class Path:
    """The field at the end, the references on the way, and how to read it from a row."""

    column: Column
    steps: tuple[Column, ...]
    read: Callable[[Row], Any]


def object_of(org: Org, text: str, name: Name) -> Sobject:
    """The object of the FROM. Raises Refusal INVALID_TYPE."""
    found = org.sobject(name.text)
    if found is None:
        hint = _APPEND.format(what="object", end="__c", name="entity name")
        message = f"sObject type '{name.text}' is not supported. {hint}"
        raise at(text, name.position, message, "INVALID_TYPE")
    return found


def path(org: Org, text: str, sobject: Sobject, name: Name, alias: str = "") -> Path:
    """What ``name`` means on this object. Raises Refusal INVALID_FIELD."""
    *relations, field = name.text.split(".")
    if relations and relations[0].lower() in (sobject.name.lower(), alias.lower()):
        relations = relations[1:]
    steps: list[Column] = []
    for relation in relations:
        step = sobject.by_relationship(relation)
        if step is None or len(steps) == 5:
            raise _no_relationship(text, name, relation)
        steps.append(step)
        below = NAME if step.polymorphic else org.sobject(step.refers_to[0])
        if below is None:
            raise _no_relationship(text, name, relation)
        sobject = below
    column = sobject.column(field)
    if column is None:
        hint = _APPEND.format(what="field", end="__c", name="custom field name")
        message = f"No such column '{field}' on entity '{sobject.name}'. {hint}"
        raise at(text, name.position, message, "INVALID_FIELD")
    return Path(column, tuple(steps), _reader(org, tuple(steps), column))


def operand(org: Org, text: str, sobject: Sobject, one: Operand) -> Path:
    """What a field or a date function of it means. Raises Refusal."""
    if isinstance(one, Name):
        return path(org, text, sobject, one)
    function = _FUNCTIONS.get(one.text.upper())
    if function is None or one.argument is None:
        raise at(text, one.position, f"unexpected token: '{one.text}'", "MALFORMED_QUERY")
    inner = path(org, text, sobject, one.argument)
    kind, read = function
    if inner.column.type not in ("date", "datetime"):
        message = f"{one.text.upper()} can only be used on a date or datetime field"
        raise at(text, one.position, message, "MALFORMED_QUERY")

    def value(row: Row) -> Any:
        found = inner.read(row)
        return None if found is None else read(found)

    return Path(Column(name=one.text, type=kind, flags="n"), inner.steps, value)


def label(one: Call | Name) -> str:
    """The name under which a grouped field stands in a result; '' for a bare call."""
    if one.alias:
        return one.alias
    return one.text.rpartition(".")[2] if isinstance(one, Name) else ""


_FUNCTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "CALENDAR_YEAR": ("int", lambda day: int(day[:4])),
    "CALENDAR_QUARTER": ("int", lambda day: (int(day[5:7]) + 2) // 3),
    "CALENDAR_MONTH": ("int", lambda day: int(day[5:7])),
    "DAY_IN_MONTH": ("int", lambda day: int(day[8:10])),
    "DAY_ONLY": ("date", lambda day: day[:10]),
    "HOUR_IN_DAY": ("int", lambda day: int(day[11:13] or 0)),
}


def target(org: Org, step: Column, row: Row) -> tuple[Sobject, Row] | None:
    """The record that a reference of this row points to."""
    found = org.find(row.get(step.name, ""))
    if found is None:
        return None
    table, record = found
    if not step.polymorphic:
        return table.sobject, record
    return NAME, {
        "Id": record["Id"],
        "Name": record.get("Name", ""),
        "Type": table.sobject.name,
    }


def _reader(org: Org, steps: tuple[Column, ...], column: Column) -> Callable[[Row], Any]:
    if not steps:
        return column.read

    def read(row: Row) -> Any:
        for step in steps:
            found = target(org, step, row)
            if found is None:
                return None
            row = found[1]
        return column.read(row)

    return read


def _no_relationship(text: str, name: Name, relation: str) -> Refusal:
    hint = _APPEND.format(what="relationship", end="__r", name="custom relationship name")
    message = f"Didn't understand relationship '{relation}' in field path. {hint}"
    return at(text, name.position, message, "INVALID_FIELD")
