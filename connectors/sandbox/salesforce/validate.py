"""What the API refuses to write, field by field, with the vendor's codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from connectors.sandbox.salesforce.errors import Refusal
from connectors.sandbox.salesforce.ids import whole_id
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.schema import NUMBERS, Column, Sobject
from connectors.sandbox.salesforce.times import parse_date, parse_stamp

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")


def check_fields(
    org: Org, sobject: Sobject, given: Mapping[str, Any], *, creating: bool, trusted: bool
) -> dict[str, Any]:
    """The values in the API's own form, None for those to be emptied. Raises Refusal.

    ``trusted`` values come from the org itself and may fill what is read-only for others.
    """
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name == "attributes":
            continue
        column = sobject.column(name)
        if column is None:
            message = f"No such column '{name}' on sobject of type {sobject.name}"
            raise Refusal(400, "INVALID_FIELD", message)
        if not trusted and not (column.createable if creating else column.updateable):
            raise _read_only(column)
        values[column.name] = _checked(org, column, value)
    if creating and not trusted:
        _require(sobject, values)
    return values


def _require(sobject: Sobject, values: Mapping[str, Any]) -> None:
    missing = [
        one.name
        for one in sobject.columns.values()
        if one.required() and values.get(one.name) is None
    ]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise Refusal(400, "REQUIRED_FIELD_MISSING", message, missing)


def _read_only(column: Column) -> Refusal:
    message = (
        f"Unable to create/update fields: {column.name}. Please check the security settings of "
        "this field and verify that it is read/write for your profile or permission set."
    )
    return Refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, [column.name])


def _checked(org: Org, column: Column, value: Any) -> Any:
    if value is None or value == "":
        if not column.nillable and not column.defaulted:
            message = f"Required fields are missing: [{column.name}]"
            raise Refusal(400, "REQUIRED_FIELD_MISSING", message, [column.name])
        return None
    return _CHECKS.get(column.type, _text)(org, column, value)


def _unreadable(column: Column, value: Any) -> Refusal:
    kind = "VALUE_STRING" if isinstance(value, str) else "VALUE"
    message = f"Cannot deserialize instance of {column.type} from {kind} value {value}"
    return Refusal(400, "JSON_PARSER_ERROR", message)


def _text(_org: Org, column: Column, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _unreadable(column, value)
    text = str(value).strip()
    if column.length and len(text) > column.length:
        shown = text[: column.length]
        message = f"{column.name}: data value too large: {shown} (max length={column.length})"
        raise Refusal(400, "STRING_TOO_LONG", message, [column.name])
    if column.type == "email" and not _EMAIL.fullmatch(text):
        message = f"{column.name}: invalid email address: {text}"
        raise Refusal(400, "INVALID_EMAIL_ADDRESS", message, [column.name])
    if "r" in column.flags and column.values and text not in column.values:
        message = f"{column.name}: bad value for restricted picklist field: {text}"
        raise Refusal(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [column.name])
    return text or None


def _reference(org: Org, column: Column, value: Any) -> Any:
    record_id = whole_id(value)
    table = org.by_prefix(record_id) if record_id else None
    if record_id is None or table is None or table.sobject.name not in column.refers_to:
        message = f"{column.name}: id value of incorrect type: {value}"
        raise Refusal(400, "MALFORMED_ID", message, [column.name])
    row = table.rows.get(record_id)
    if row is None:
        message = "invalid cross reference id"
        raise Refusal(400, "INVALID_CROSS_REFERENCE_KEY", message, [column.name])
    if row.get("IsDeleted"):
        raise Refusal(400, "ENTITY_IS_DELETED", "entity is deleted", [column.name])
    return record_id


def _boolean(_org: Org, column: Column, value: Any) -> Any:
    if not isinstance(value, bool):
        raise _unreadable(column, value)
    return value


def _number(_org: Org, column: Column, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _unreadable(column, value)
    if column.precision and abs(value) >= 10 ** (column.precision - column.scale):
        message = f"{column.name}: value outside of valid range on numeric field: {value}"
        raise Refusal(400, "NUMBER_OUTSIDE_VALID_RANGE", message, [column.name])
    return round(value, column.scale) if column.type != "int" else int(value)


def _date(_org: Org, column: Column, value: Any) -> Any:
    found = parse_date(value) if isinstance(value, str) else None
    if found is None:
        raise _unreadable(column, value)
    return found


def _datetime(_org: Org, column: Column, value: Any) -> Any:
    found = parse_stamp(value) if isinstance(value, str) else None
    if found is None:
        raise _unreadable(column, value)
    return found


_CHECKS: dict[str, Callable[[Org, Column, Any], Any]] = {
    "id": _reference,
    "reference": _reference,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    **dict.fromkeys(NUMBERS, _number),
}
