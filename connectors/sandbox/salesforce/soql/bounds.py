"""Narrows a query to a stretch of the rows' own order, so that a page costs only its rows."""

from __future__ import annotations

from connectors.sandbox.salesforce.ids import whole_id
from connectors.sandbox.salesforce.soql.tree import Comparison, Condition, Junction, Value
from connectors.sandbox.salesforce.table import FIRST, LAST, Place
from connectors.sandbox.salesforce.times import parse_stamp


def bounds(condition: Condition | None) -> tuple[Place, Place]:
    """Between which (SystemModstamp, Id) every fitting row lies; wide where nothing is known."""
    everything = FIRST, LAST
    if condition is None:
        return everything
    if isinstance(condition, Junction):
        if condition.word == "and":
            return _all_of(condition)
        if condition.word == "or":
            each = [bounds(part) for part in condition.parts]
            return min(low for low, _ in each), max(high for _, high in each)
        return everything
    value = condition.value
    if not isinstance(value, Value) or condition.field.text.lower() != "systemmodstamp":
        return everything
    moment = parse_stamp(value.value) if value.kind == "datetime" else None
    if moment is None:
        return everything
    low = {"=": (moment, ""), ">=": (moment, ""), ">": (moment, "~")}
    high = {"=": (moment, "~"), "<=": (moment, "~"), "<": (moment, "")}
    return low.get(condition.operator, everything[0]), high.get(condition.operator, everything[1])


def _all_of(condition: Junction) -> tuple[Place, Place]:
    each = [bounds(part) for part in condition.parts]
    low, high = max(one for one, _ in each), min(one for _, one in each)
    if low[0] != high[0]:
        return low, high
    for part in condition.parts:
        if isinstance(part, Comparison) and part.field.text.lower() == "id":
            after = part.value.value if isinstance(part.value, Value) else None
            if part.operator in (">", ">=") and isinstance(after, str):
                low = max(low, (low[0], whole_id(after) or ""))
    return low, high
