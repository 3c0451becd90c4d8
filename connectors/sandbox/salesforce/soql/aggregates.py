"""Groups rows and counts, sums and compares them, as GROUP BY and the aggregate functions do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from connectors.sandbox.salesforce.errors import Refusal, at
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.schema import NUMBERS, Column, Sobject
from connectors.sandbox.salesforce.soql.filters import Filters
from connectors.sandbox.salesforce.soql.paths import Path, label, operand
from connectors.sandbox.salesforce.soql.tree import Call, Name, Operand, Query
from connectors.sandbox.salesforce.table import Row

FUNCTIONS = frozenset({"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"})
_MOST = 2000
Measure = Callable[[Sequence[Row]], Any]


def aggregates(query: Query) -> bool:
    """Whether a query groups."""
    calls = (one for one in query.items if isinstance(one, Call))
    return bool(query.groups) or any(one.text.upper() in FUNCTIONS for one in calls)


class Grouping:
    """One grouping query over the rows of one object."""

    def __init__(self, org: Org, query: Query, sobject: Sobject) -> None:
        self._org = org
        self._query = query
        self._sobject = sobject
        self._keys = [self._grouped(one) for one in query.groups]
        self._names = [_same(one) for one in query.groups]

    def results(self, rows: Iterable[Row]) -> list[dict[str, Any]]:
        """A result a group, in order. Raises Refusal."""
        shown = self._columns()
        found: dict[tuple[Any, ...], list[Row]] = {} if self._keys else {(): []}
        for row in rows:
            found.setdefault(tuple(key.read(row) for key in self._keys), []).append(row)
        groups = [(key, rows) for key, rows in found.items() if self._kept(key, rows)]
        groups = self._ordered(groups)
        query = self._query
        stop = None if query.limit is None else query.offset + query.limit
        groups = groups[query.offset : stop]
        if len(groups) > _MOST:
            message = (
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results "
                "to a single batch"
            )
            raise Refusal(400, "EXCEEDED_ID_LIMIT", message)
        return [
            {"attributes": {"type": "AggregateResult"}}
            | {name: read(key, rows) for name, read in shown}
            for key, rows in groups
        ]

    def _columns(self) -> list[tuple[str, Callable[[tuple[Any, ...], Sequence[Row]], Any]]]:
        shown = []
        unnamed = 0
        for one in self._query.items:
            if isinstance(one, Query):
                raise self._malformed(0, "Nesting of subqueries is not supported with GROUP BY")
            name = label(one)
            if not name:
                name = f"expr{unnamed}"
                unnamed += 1
            shown.append((name, self._read(one)))
        return shown

    def _read(self, one: Operand) -> Callable[[tuple[Any, ...], Sequence[Row]], Any]:
        """The value of an item of a group. Raises Refusal."""
        if isinstance(one, Call) and one.text.upper() in FUNCTIONS:
            measure = self._measure(one)
            return lambda _key, rows: measure(rows)
        if _same(one) in self._names:
            place = self._names.index(_same(one))
            return lambda key, _rows: key[place]
        message = f"Field must be grouped or aggregated: {one.text}"
        raise self._malformed(one.position, message)

    def _grouped(self, one: Operand) -> Path:
        found = operand(self._org, self._query.text, self._sobject, one)
        if isinstance(one, Name) and not found.column.groupable:
            message = f"field '{found.column.name}' can not be grouped in a query call"
            raise at(self._query.text, one.position, message, "INVALID_FIELD")
        return found

    def _measure(self, one: Call) -> Measure:
        word = one.text.upper()
        if one.argument is None:
            if word == "COUNT":
                return len
            raise self._malformed(one.position, f"unexpected token: '{one.text}'")
        found = operand(self._org, self._query.text, self._sobject, one.argument)
        column = found.column
        numeric = word not in ("SUM", "AVG") or column.type in NUMBERS
        if not column.filterable or not numeric or column.type == "boolean":
            message = f"field {column.name} does not support aggregate operator {word}"
            raise self._malformed(one.position, message)

        def measure(rows: Sequence[Row]) -> Any:
            values = [value for value in map(found.read, rows) if value is not None]
            return _WORDS[word](values)

        return measure

    def _kept(self, key: tuple[Any, ...], rows: Sequence[Row]) -> bool:
        having = self._query.having
        if having is None:
            return True

        def find(one: Operand) -> Path:
            read = self._read(one)
            return Path(self._typed(one), (), lambda _row: read(key, rows))

        def none(_query: Query, _path: Path) -> frozenset[Any]:
            raise self._malformed(0, "semi join sub-selects are not supported in HAVING")

        return Filters(self._org, self._query.text, self._sobject, none, find).test(having)({})

    def _typed(self, one: Operand) -> Column:
        word = one.text.upper()
        if isinstance(one, Call) and word.startswith("COUNT"):
            return Column(name=one.text, type="int")
        inner = one.argument if isinstance(one, Call) and word in FUNCTIONS else one
        return operand(self._org, self._query.text, self._sobject, inner or one).column

    def _ordered(self, groups: list[Any]) -> list[Any]:
        for one in reversed(self._query.order):
            read = self._read(one.field)

            def rank(group: Any, read: Any = read) -> tuple[bool, Any]:
                value = read(*group)
                return (value is not None, value if value is not None else 0)

            groups = sorted(groups, key=rank, reverse=one.down)
        return groups

    def _malformed(self, position: int, message: str) -> Refusal:
        return at(self._query.text, position, message, "MALFORMED_QUERY")


_WORDS: dict[str, Callable[[list[Any]], Any]] = {
    "COUNT": len,
    "COUNT_DISTINCT": lambda values: len(set(values)),
    "MIN": lambda values: min(values, default=None),
    "MAX": lambda values: max(values, default=None),
    "SUM": lambda values: sum(values) if values else None,
    "AVG": lambda values: sum(values) / len(values) if values else None,
}


def _same(one: Operand) -> tuple[str, str]:
    argument = one.argument.text if isinstance(one, Call) and one.argument else ""
    return one.text.lower(), argument.lower()
