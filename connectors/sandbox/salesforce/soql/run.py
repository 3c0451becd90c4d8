"""Runs a query: what fits, in which order, and how the answer shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from connectors.sandbox.salesforce.errors import at
from connectors.sandbox.salesforce.objects import by_child_relationship
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.schema import TEXT, Column, Sobject
from connectors.sandbox.salesforce.soql.aggregates import Grouping, aggregates
from connectors.sandbox.salesforce.soql.bounds import bounds
from connectors.sandbox.salesforce.soql.filters import Filters
from connectors.sandbox.salesforce.soql.grammar import parse
from connectors.sandbox.salesforce.soql.paths import Path, object_of, operand, path, target
from connectors.sandbox.salesforce.soql.tree import Call, Name, Operand, Order, Query
from connectors.sandbox.salesforce.table import Row

_BY_STAMP = [("systemmodstamp", False), ("id", False)]
_MOST_OF_ALL_FIELDS = 200


@dataclass(slots=True)
class Answer:
    """The ids that fit, in order, and what to show of each.

    ``counted`` for COUNT(); ``results`` for a query that groups.
    """

    sobject: Sobject
    ids: list[str]
    shape: Shape
    counted: int | None = None
    results: list[dict[str, Any]] | None = None


@dataclass(slots=True)
class Shape:
    """Which fields to show of a record, of the records that it points to, and its children."""

    columns: list[Column] = field(default_factory=list)
    below: dict[str, tuple[Column, Shape]] = field(default_factory=dict)
    children: dict[str, Children] = field(default_factory=dict)


@dataclass(slots=True)
class Children:
    """The query in parentheses: of which object, by which reference, and what to show."""

    query: Query
    sobject: Sobject
    by: Column
    shape: Shape


def run(org: Org, text: str, *, deleted: bool) -> Answer:
    """Run a SOQL text; ``deleted`` as queryAll does. Raises Refusal."""
    return answer(org, parse(text), deleted=deleted)


def answer(org: Org, query: Query, *, deleted: bool) -> Answer:
    """Run a query that was parsed. Raises Refusal."""
    sobject = object_of(org, query.text, query.sobject)
    if query.counts and not query.groups:
        rows = _fitting(org, query, sobject, deleted)
        return Answer(sobject, [], Shape(), counted=sum(1 for _ in rows))
    if aggregates(query):
        grouping = Grouping(org, query, sobject)
        plain = _fitting(org, query, sobject, deleted, ordered=False)
        return Answer(sobject, [], Shape(), results=grouping.results(plain))
    shape = _shape(org, query, sobject)
    rows = _fitting(org, query, sobject, deleted)
    stop = None if query.limit is None else query.offset + query.limit
    ids = [row["Id"] for row in islice(rows, query.offset, stop)]
    return Answer(sobject, ids, shape)


def show(org: Org, sobject: Sobject, shape: Shape, row: Row, base: str) -> dict[str, Any]:
    """One record as the API writes it."""
    shown: dict[str, Any] = {
        "attributes": {
            "type": sobject.name,
            "url": f"{base}/sobjects/{sobject.name}/{row['Id']}",
        }
    }
    for column in shape.columns:
        shown[column.name] = column.read(row)
    for name, (step, below) in shape.below.items():
        found = target(org, step, row)
        shown[name] = show(org, found[0], below, found[1], base) if found else None
    for name, children in shape.children.items():
        shown[name] = _show_children(org, children, row, base)
    return shown


def _show_children(org: Org, children: Children, row: Row, base: str) -> dict[str, Any] | None:
    query, sobject = children.query, children.sobject
    fitting = _fitting(org, query, sobject, deleted=bool(row.get("IsDeleted")))
    own = (one for one in fitting if one.get(children.by.name) == row["Id"])
    found = [show(org, sobject, children.shape, one, base) for one in islice(own, query.limit)]
    return {"totalSize": len(found), "done": True, "records": found} if found else None


def _shape(org: Org, query: Query, sobject: Sobject) -> Shape:
    whole = Shape()
    for one in query.items:
        if isinstance(one, Query):
            _add_children(org, whole, one, sobject)
        elif isinstance(one, Call):
            _add_call(org, whole, query, sobject, one)
        elif one.alias:
            message = f"unexpected token: '{one.alias}'"
            raise at(query.text, one.position + len(one.text) + 1, message, "MALFORMED_QUERY")
        else:
            _add(whole, query, one, path(org, query.text, sobject, one, query.sobject.alias))
    return whole


def _add(whole: Shape, query: Query, name: Operand, found: Path) -> None:
    place = whole
    for step in found.steps:
        relation = step.relationship or ""
        place = place.below.setdefault(relation, (step, Shape()))[1]
    if found.column in place.columns:
        message = f"duplicate field selected: {name.text}"
        raise at(query.text, name.position, message, "MALFORMED_QUERY")
    place.columns.append(found.column)


def _add_call(org: Org, whole: Shape, query: Query, sobject: Sobject, one: Call) -> None:
    word = one.text.upper()
    which = one.argument.text.upper() if one.argument else ""
    if word == "TOLABEL" and one.argument:
        _add(whole, query, one, path(org, query.text, sobject, one.argument))
        return
    if word != "FIELDS" or which not in ("ALL", "STANDARD", "CUSTOM"):
        raise at(query.text, one.position, f"unexpected token: '{one.text}'", "MALFORMED_QUERY")
    if which != "STANDARD" and (query.limit is None or query.limit > _MOST_OF_ALL_FIELDS):
        message = f"The SOQL FIELDS function must have a LIMIT of at most {_MOST_OF_ALL_FIELDS}"
        raise at(query.text, one.position, message, "MALFORMED_QUERY")
    for column in sobject.columns.values():
        if which == "ALL" or column.custom is (which == "CUSTOM"):
            _add(whole, query, one, Path(column, (), column.read))


def _add_children(org: Org, whole: Shape, query: Query, parent: Sobject) -> None:
    name = query.sobject
    found = by_child_relationship(org.objects, parent, name.text)
    child = org.sobject(found[0]) if found else None
    if found is None or child is None:
        message = (
            f"Didn't understand relationship '{name.text}' in FROM part of query call. If you are "
            "attempting to use a custom relationship, be sure to append the '__r' after the custom "
            "relationship name. Please reference your WSDL or the describe call for the "
            "appropriate names."
        )
        raise at(query.text, name.position, message, "INVALID_TYPE")
    if any(isinstance(one, Query) for one in query.items) or aggregates(query):
        message = "subqueries below the first level and aggregates in them are not supported"
        raise at(query.text, name.position, message, "MALFORMED_QUERY")
    whole.children[found[1]] = Children(
        query, child, child.columns[found[2].lower()], _shape(org, query, child)
    )


def _among(org: Org, query: Query, outer: Path, outer_object: Sobject) -> frozenset[Any]:
    """The values of a semi-join. Raises Refusal."""
    sobject = object_of(org, query.text, query.sobject)
    only = query.items[0]
    if len(query.items) != 1 or not isinstance(only, Name):
        message = "semi join sub-selects must select exactly one field"
        raise at(query.text, query.sobject.position, message, "MALFORMED_QUERY")
    inner = operand(org, query.text, sobject, only)
    if not _kinds(sobject, inner) & _kinds(outer_object, outer):
        message = (
            f"The selected field '{only.text}' in the subquery and the left operand field in the "
            f"where expression in the outer query '{outer.column.name}' should point to the same "
            "object type"
        )
        raise at(query.text, only.position, message, "MALFORMED_QUERY")
    rows = _fitting(org, query, sobject, deleted=False)
    return frozenset(value for value in map(inner.read, rows) if value is not None)


def _kinds(sobject: Sobject, found: Path) -> set[str]:
    """The objects whose ids a field holds."""
    if found.column.type == "reference":
        return set(found.column.refers_to)
    if found.column.type != "id":
        return set()
    return set(found.steps[-1].refers_to) if found.steps else {sobject.name}


def _fitting(
    org: Org, query: Query, sobject: Sobject, deleted: bool, *, ordered: bool = True
) -> Iterator[Row]:
    parts = query.order if ordered else ()
    orders = [(operand(org, query.text, sobject, one.field), one) for one in parts]
    for found, one in orders:
        if not found.column.filterable:
            message = f"field '{found.column.name}' can not be sorted in a query call"
            raise at(query.text, one.field.position, message, "INVALID_FIELD")
    filters = Filters(
        org,
        query.text,
        sobject,
        lambda inner, outer: _among(org, inner, outer, sobject),
        lambda one: _meant(org, query, sobject, one),
    )
    test = filters.test(query.where) if query.where else None
    table = org.tables[sobject.name.lower()]
    rows: Iterable[Row] = table.between(*bounds(query.where))
    kept = (
        row for row in rows if (deleted or not row.get("IsDeleted")) and (test is None or test(row))
    )
    by = [(found.column.name.lower(), one.down) for found, one in orders if not found.steps]
    if len(by) == len(orders) and by == _BY_STAMP[: len(by)]:
        return kept if orders else iter(sorted(kept, key=lambda row: str(row["Id"])))
    return iter(_sorted(list(kept), orders))


def _meant(org: Org, query: Query, sobject: Sobject, one: Operand) -> Path:
    if isinstance(one, Name):
        return path(org, query.text, sobject, one, query.sobject.alias)
    return operand(org, query.text, sobject, one)


def _sorted(rows: list[Row], orders: list[tuple[Path, Order]]) -> list[Row]:
    for found, one in reversed(orders):
        rows.sort(key=lambda row, at=found: _rank(at, row), reverse=one.down)  # type: ignore[misc]
        nulls_last = one.down if one.nulls_last is None else one.nulls_last
        empty = [row for row in rows if found.read(row) is None]
        full = [row for row in rows if found.read(row) is not None]
        rows = full + empty if nulls_last else empty + full
    return rows


def _rank(found: Path, row: Row) -> Any:
    value = found.read(row)
    if found.column.type in TEXT and value is not None:
        return (1, value.casefold())
    return (0, 0) if value is None else (1, value)
