"""Checks what a client wants to write, and writes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from connectors.sandbox.hubspot.errors import HubspotError, bad_json, bad_values, conflict, refused
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.schema import Property
from connectors.sandbox.hubspot.stamps import iso, parse
from connectors.sandbox.hubspot.table import Record, Table

LONGEST_TEXT = 65_536
CATEGORIES = ("HUBSPOT_DEFINED", "USER_DEFINED", "INTEGRATOR_DEFINED")
Problem = tuple[str, str, str]


def checked(portal: Portal, table: Table, given: object) -> dict[str, str]:
    """The values as they are kept. Raises the API's refusal with every problem."""
    if not isinstance(given, dict):
        raise bad_json("Some required fields were not set: [properties]")
    problems: list[Problem] = []
    kept: dict[str, str] = {}
    for name, value in given.items():
        definition = table.properties.get(name)
        if definition is None:
            what = f'Property "{name}" does not exist'
            problems.append((name, "PROPERTY_DOESNT_EXIST", what))
        elif definition.read_only or definition.calculated:
            what = f'"{name}" is a read only property; its value cannot be set.'
            problems.append((name, "READ_ONLY_VALUE", what))
        else:
            text = _text(value)
            kept[name], problem = _value(portal, definition, text)
            if problem is not None:
                problems.append(problem)
    if problems:
        raise bad_values(problems)
    return kept


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise bad_json("Cannot deserialize value of type `java.lang.String`")


def _value(portal: Portal, prop: Property, text: str) -> tuple[str, Problem | None]:
    if text == "":
        return "", None
    if len(text) > LONGEST_TEXT:
        what = f"The value is longer than {LONGEST_TEXT} characters"
        return text, (prop.name, "PROPERTY_VALUE_TOO_LONG", what)
    if prop.type == "string":
        return text, None
    if text != text.strip():
        return text, (prop.name, "INVALID_VALUE", f"{text!r} has spaces around it")
    if prop.type == "datetime":
        ms = parse(text)
        if ms is None:
            return text, (prop.name, "INVALID_DATE", f"{text} was not a valid date.")
        return iso(ms), None
    if prop.type == "number" and not _is_number(text):
        return text, (prop.name, "INVALID_NUMBER", f"{text} was not a valid number.")
    if prop.type == "bool" and text not in ("true", "false"):
        return text, _no_option(prop, text, ("true", "false"))
    if prop.owner and not portal.may_own(text):
        what = f"Owner {text} does not exist or is not valid for this account"
        return text, (prop.name, "INVALID_OWNER_ID", what)
    chosen = text.split(";") if prop.field_type == "checkbox" else [text]
    wrong = [one for one in chosen if prop.options and one not in prop.options]
    return text, _no_option(prop, wrong[0], prop.options) if wrong else None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _no_option(prop: Property, text: str, options: tuple[str, ...]) -> Problem:
    what = f"{text} was not one of the allowed options: [{', '.join(options)}]"
    return prop.name, "INVALID_OPTION", what


def check_unique(table: Table, values: Mapping[str, str], own: Record | None = None) -> None:
    """Raises the API's refusal when another living record has one of these values."""
    for name in table.unique_names:
        other = table.find_unique(name, values[name]) if values.get(name) else None
        if other is None or other is own or not table.keeps_unique:
            continue
        if name == "email":
            raise conflict(f"Contact already exists. Existing ID: {other.id}")
        what = f"{name} already has that value on another record"
        raise bad_values([(name, "CONFLICTING_UNIQUE_VALUE", what)])


def create(portal: Portal, table: Table, given: Mapping[str, Any]) -> Record:
    """A new record with its associations, all or nothing. Raises the API's refusal."""
    values = checked(portal, table, given.get("properties"))
    check_unique(table, values)
    _check_needed(portal, table, values)
    wanted = [_association(portal, table, one) for one in given.get("associations") or []]
    record = portal.insert(table, values)
    for to_type, to_id, kind in wanted:
        portal.links.join_as(table.kind.name, record.id, to_type, to_id, kind)
    return record


def update(portal: Portal, table: Table, record: Record, given: object) -> None:
    """New values for a record. Raises the API's refusal."""
    values = checked(portal, table, given)
    check_unique(table, values, record)
    portal.change(table, record, values)


def _check_needed(portal: Portal, table: Table, values: Mapping[str, str]) -> None:
    missing_of_admin = [
        name for name in portal.required.get(table.kind.name, ()) if not values.get(name)
    ]
    if missing_of_admin:
        what = "is required to create this record"
        raise bad_values(
            [(one, "MISSING_REQUIRED_PROPERTY", f"{one} {what}") for one in missing_of_admin]
        )
    if "hs_timestamp" in table.properties and "hs_timestamp" not in values:
        missing = refused("Error creating the object. Some required properties were not set.")
        missing.body["context"] = {"properties": ["hs_timestamp"]}
        raise missing


def _association(portal: Portal, table: Table, given: Any) -> tuple[str, int, int]:
    try:
        key = str(given["to"]["id"])
        kind = int(given["types"][0]["associationTypeId"])
        category = given["types"][0]["associationCategory"]
    except (LookupError, TypeError, ValueError) as error:
        raise bad_json("Some required fields were not set: [to, types]") from error
    if category not in CATEGORIES:
        raise bad_json(f"Cannot deserialize value of type `AssociationCategory` from {category!r}")
    own = portal.links.own_id(category, kind)
    for other in sorted({one.name for one in portal.types.values()}):
        if portal.links.knows(table.kind.name, other, own):
            target = portal.find(portal.tables[other], key, None)
            if target is None:
                raise _no_target(other, key)
            return other, target.id, own
    raise refused(f"invalid association type: {kind} from {table.kind.name}")


def _no_target(kind: str, key: str) -> HubspotError:
    what = f"The object to associate does not exist: {kind} {key}"
    return HubspotError(404, {"message": what, "category": "OBJECT_NOT_FOUND"})
