"""Runs a query: what fits, in which order, and how the answer shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from connectors.sandbox.salesforce.errors import at
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.schema import TEXT, Column, Sobject
from connectors.sandbox.salesforce.soql.bounds import bounds
from connectors.sandbox.salesforce.soql.filters import Filters
from connectors.sandbox.salesforce.soql.grammar import parse
from connectors.sandbox.salesforce.soql.paths import Path, object_of, path, target
from connectors.sandbox.salesforce.soql.tree import Order, Query
from connectors.sandbox.salesforce.table import Row

_BY_STAMP = [("systemmodstamp", False), ("id", False)]


@dataclass(slots=True)
class Answer:
    """The ids that fit, in order, and what to show of each. ``counted`` for COUNT()."""

    sobject: Sobject
    ids: list[str]
    shape: Shape
    counted: int | None = None


@dataclass(slots=True)
class Shape:
    """Which fields to show of a record, and of the records that it points to."""

    columns: list[Column] = field(default_factory=list)
    below: dict[str, tuple[Column, Shape]] = field(default_factory=dict)


def run(org: Org, text: str, *, deleted: bool) -> Answer:
    """Run a SOQL text; ``deleted`` as queryAll does. Raises Refusal."""
    query = parse(text)
    sobject = object_of(org, text, query.sobject)
    shape = _shape(org, query, sobject)
    rows = _fitting(org, query, sobject, deleted)
    if not query.fields:
        return Answer(sobject, [], shape, counted=sum(1 for _ in rows))
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
        shown[column.name] = row.get(column.name)
    for name, (step, below) in shape.below.items():
        found = target(org, step, row)
        shown[name] = show(org, found[0], below, found[1], base) if found else None
    return shown


def _shape(org: Org, query: Query, sobject: Sobject) -> Shape:
    whole = Shape()
    for name in query.fields:
        found = path(org, query.text, sobject, name)
        place = whole
        for step in found.steps:
            relation = step.relationship or ""
            place = place.below.setdefault(relation, (step, Shape()))[1]
        if found.column in place.columns:
            message = f"duplicate field selected: {name.text}"
            raise at(query.text, name.position, message, "MALFORMED_QUERY")
        place.columns.append(found.column)
    return whole


def _fitting(org: Org, query: Query, sobject: Sobject, deleted: bool) -> Iterator[Row]:
    orders = [(path(org, query.text, sobject, one.field), one) for one in query.order]
    for found, one in orders:
        if not found.column.filterable:
            message = f"field '{found.column.name}' can not be sorted in a query call"
            raise at(query.text, one.field.position, message, "INVALID_FIELD")
    test = Filters(org, query.text, sobject).test(query.where) if query.where else None
    table = org.tables[sobject.name.lower()]
    rows: Iterable[Row] = table.between(*bounds(query.where))
    kept = (
        row for row in rows if (deleted or not row.get("IsDeleted")) and (test is None or test(row))
    )
    by = [(found.column.name.lower(), one.down) for found, one in orders if not found.steps]
    if len(by) == len(orders) and by == _BY_STAMP[: len(by)]:
        return kept if orders else iter(sorted(kept, key=lambda row: str(row["Id"])))
    return iter(_sorted(list(kept), orders))


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
