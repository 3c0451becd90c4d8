"""Turns a WHERE into a function of a row, and refuses what the vendor would not filter by."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from connectors.sandbox.salesforce.errors import Refusal, at
from connectors.sandbox.salesforce.ids import whole_id
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.schema import NUMBERS, TEXT, Column, Sobject
from connectors.sandbox.salesforce.soql.paths import Path, operand
from connectors.sandbox.salesforce.soql.ranges import days
from connectors.sandbox.salesforce.soql.tree import Comparison, Condition, Operand, Query, Value
from connectors.sandbox.salesforce.table import Row
from connectors.sandbox.salesforce.times import parse_stamp, stamp

Test = Callable[[Row], bool]
_IDS = frozenset({"id", "reference"})
_ORDERED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_LITERALS = {
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date", "range"}),
    "datetime": frozenset({"datetime", "range"}),
    **dict.fromkeys(TEXT | _IDS, frozenset({"string"})),
    **dict.fromkeys(NUMBERS, frozenset({"number"})),
}


class Filters:
    """The tests of one query over one object.

    ``among`` finds the values of a query in parentheses; ``find`` what an operand means.
    """

    def __init__(
        self,
        org: Org,
        text: str,
        sobject: Sobject,
        among: Callable[[Query, Path], frozenset[Any]],
        find: Callable[[Operand], Path] | None = None,
    ) -> None:
        self._org = org
        self._text = text
        self._sobject = sobject
        self._among = among
        self._find = find or (lambda one: operand(org, text, sobject, one))

    def test(self, condition: Condition) -> Test:
        """Whether a row fits. Raises Refusal."""
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        parts = [self.test(part) for part in condition.parts]
        if condition.word == "not":
            only = parts[0]
            return lambda row: not only(row)
        if condition.word == "and":
            return lambda row: all(part(row) for part in parts)
        return lambda row: any(part(row) for part in parts)

    def _comparison(self, one: Comparison) -> Test:
        found = self._find(one.field)
        column, read = found.column, found.read
        if not column.filterable:
            message = f"field '{column.name}' can not be filtered in a query call"
            raise at(self._text, one.field.position, message, "INVALID_FIELD")
        if isinstance(one.value, tuple | Query):
            return self._membership(one, found, one.value)
        if one.value.kind == "range":
            return self._in_range(column, read, one)
        wanted = self._meaning(column, one.value)
        if one.operator == "LIKE":
            return self._like(column, read, one)
        if one.operator == "=":
            return lambda row: bool(_folded(column, read(row)) == wanted)
        if one.operator == "!=":
            return lambda row: bool(_folded(column, read(row)) != wanted)
        if column.type == "boolean" or wanted is None:
            raise self._bad_operator(column, one)
        compare = _ORDERED[one.operator]

        def ordered(row: Row) -> bool:
            value = _folded(column, read(row))
            return value is not None and bool(compare(value, wanted))

        return ordered

    def _membership(self, one: Comparison, found: Path, given: tuple[Value, ...] | Query) -> Test:
        column, read = found.column, found.read
        if one.operator not in ("IN", "NOT IN"):  # no field here holds several values at once
            raise self._bad_operator(column, one)
        values = self._values(found, given)
        if one.operator == "IN":
            return lambda row: _folded(column, read(row)) in values
        return lambda row: _folded(column, read(row)) not in values

    def _values(self, found: Path, given: tuple[Value, ...] | Query) -> frozenset[Any]:
        if isinstance(given, Query):
            return self._among(given, found)
        return frozenset(self._meaning(found.column, value) for value in given)

    def _in_range(self, column: Column, read: Callable[[Row], Any], one: Comparison) -> Test:
        if not isinstance(one.value, Value) or "range" not in _LITERALS[column.type]:
            raise self._bad_operator(column, one)
        zone = self._org.zone()
        ends = days(one.value.text, self._org.now().astimezone(zone).date())

        def written(day: date) -> str:
            midnight = datetime.combine(day, time(), zone)
            return day.isoformat() if column.type == "date" else stamp(midnight)

        start, stop = (written(day) for day in ends)
        tests: dict[str, Callable[[str], bool]] = {
            "=": lambda value: start <= value < stop,
            "!=": lambda value: not start <= value < stop,
            "<": lambda value: value < start,
            "<=": lambda value: value < stop,
            ">": lambda value: value >= stop,
            ">=": lambda value: value >= start,
        }
        test = tests[one.operator]

        def ranged(row: Row) -> bool:
            value = read(row)
            return value is not None and test(value)

        return ranged

    def _like(self, column: Column, read: Callable[[Row], Any], one: Comparison) -> Test:
        if column.type not in TEXT or not isinstance(one.value, Value):
            raise self._bad_operator(column, one)
        pattern = re.compile(_like_pattern(str(one.value.value or "")), re.I | re.S)

        def like(row: Row) -> bool:
            value = read(row)
            return value is not None and pattern.fullmatch(value) is not None

        return like

    def _meaning(self, column: Column, value: Value) -> Any:
        if value.kind == "null":
            return None
        if value.kind not in _LITERALS[column.type]:
            raise self._bad_value(column, value)
        if column.type == "datetime":
            when = parse_stamp(value.value)
            if when is None:
                raise self._bad_value(column, value)
            return when
        if column.type in _IDS and value.value:
            whole = whole_id(value.value)
            if whole is None:
                message = f"invalid ID field: {value.value}"
                raise at(self._text, value.position, message, "INVALID_QUERY_FILTER_OPERATOR")
            return whole
        return _folded(column, value.value)

    def _bad_value(self, column: Column, first: Value) -> Refusal:
        quoted = "string" in _LITERALS[column.type]
        kind = {"datetime": "dateTime"}.get(column.type, column.type)
        should = "should be" if quoted else "should not be"
        message = (
            f"value of filter criterion for field '{column.name}' must be of type "
            f"{'string' if quoted else kind} and {should} enclosed in quotes"
        )
        return at(self._text, first.position, message, "INVALID_FIELD")

    def _bad_operator(self, column: Column, one: Comparison) -> Refusal:
        message = f"invalid operator on {column.type} field"
        code = "INVALID_QUERY_FILTER_OPERATOR"
        return at(self._text, one.field.position, message, code)


def _folded(column: Column, value: Any) -> Any:
    """A value as it is compared: text in any case of letters, ids as they are, empty as null."""
    if value == "":
        return None
    if isinstance(value, str) and column.type in TEXT and not column.external_id:
        return value.casefold()
    return value


def _like_pattern(text: str) -> str:
    parts = re.findall(r"\\[%_]|.", text, re.S)
    wild = {"%": ".*", "_": "."}
    return "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
