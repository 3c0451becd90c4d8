"""The search endpoint: filters, sorts, its caps, and its index that may lag behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from connectors.sandbox.hubspot.errors import JSON, bad_json, refused
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.schema import Property
from connectors.sandbox.hubspot.stamps import iso, parse
from connectors.sandbox.hubspot.table import Seen, Table

MOST_GROUPS, MOST_FILTERS, MOST_IN_ALL, MOST_ROWS, LONGEST_BODY = 5, 6, 18, 200, 3000
FOREVER = 1 << 62
_NO_VALUE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
_OPERATORS = frozenset(
    [
        "EQ",
        "NEQ",
        "LT",
        "LTE",
        "GT",
        "GTE",
        "BETWEEN",
        "IN",
        "NOT_IN",
        "HAS_PROPERTY",
        "NOT_HAS_PROPERTY",
        "CONTAINS_TOKEN",
        "NOT_CONTAINS_TOKEN",
    ]
)
Test = Callable[[Seen], bool]


def search(portal: Portal, table: Table, body: JSON) -> JSON:
    """Answer one search. Raises the API's refusal for what it does not allow."""
    groups = _groups(body)
    limit, start = _window(portal, body)
    name, descending = _sort(table, body)
    found = _found(portal, table, groups)
    if name == table.kind.modified:
        ordered = found[::-1] if descending else found
    else:
        ordered = sorted(found, key=lambda pair: _order(table, name, pair[1]), reverse=descending)
    page, after = _page(portal, ordered, start, limit)
    wanted = [str(one) for one in body.get("properties") or []]
    shown = [table.seen(pair[1]) for pair in page]
    results = [portal.as_json(table, one, wanted) for one in shown if one is not None]
    answer: JSON = {"total": len(ordered), "results": results}
    if after is not None:
        answer["paging"] = {"next": {"after": str(after)}}
    return answer


def _page(
    portal: Portal, ordered: Sequence[tuple[int, int]], start: int, limit: int
) -> tuple[Sequence[tuple[int, int]], int | None]:
    """A page and where the next begins; short pages are as real: empty, yet followed by more."""
    if not portal.short_pages or not ordered:
        end = start + limit
        return ordered[start:end], end if end < len(ordered) else None
    if start == 0:
        return [], 1
    rows = ordered[start - 1 : start - 1 + max(limit // 2, 1)]
    end = start + len(rows)
    return rows, end if end - 1 < len(ordered) else None


def _groups(body: JSON) -> list[list[JSON]]:
    groups = [group.get("filters") or [] for group in body.get("filterGroups") or []]
    if len(groups) > MOST_GROUPS:
        raise refused(f"There were too many filter groups: {len(groups)} (max {MOST_GROUPS})")
    if any(len(group) > MOST_FILTERS for group in groups) or sum(map(len, groups)) > MOST_IN_ALL:
        raise refused(f"There were too many filters: max {MOST_FILTERS} a group, {MOST_IN_ALL}")
    return [group for group in groups if group]


def _window(portal: Portal, body: JSON) -> tuple[int, int]:
    limit = body.get("limit") or 10
    if not isinstance(limit, int) or not 0 <= limit <= MOST_ROWS:
        raise refused(f"Property limit must be between 0 and {MOST_ROWS}")
    after = str(body.get("after") or "0")
    if not after.isdigit():
        raise bad_json(f"after: {after} is not a number")
    if int(after) + limit > portal.search_cap:
        raise refused(f"The search offset and limit exceed {portal.search_cap} results")
    return min(limit, portal.most_rows), int(after)


def _sort(table: Table, body: JSON) -> tuple[str, bool]:
    sorts = body.get("sorts") or []
    if not sorts:
        return "hs_object_id", False
    if len(sorts) > 1:
        raise refused("Only one sort is supported")
    one = sorts[0]
    if isinstance(one, str):
        name, descending = one.lstrip("-"), one.startswith("-")
    else:
        name, descending = str(one.get("propertyName")), one.get("direction") == "DESCENDING"
    if name not in table.properties:
        raise refused(f"There was a problem with the request: no property {name} to sort by")
    return name, descending


def _order(table: Table, name: str, record_id: int) -> tuple[bool, Any]:
    """Ids are sorted as texts, so that 10 comes before 9; numbers and dates as what they are."""
    seen = table.seen(record_id)
    text = _get(table, seen, name) if seen else None
    if text is None:
        return True, ""
    if name != "hs_object_id" and table.properties[name].type in ("number", "date", "datetime"):
        return False, _number(table.properties[name], text)
    return False, text.lower()


def _get(table: Table, seen: Seen, name: str) -> str | None:
    if name == "hs_object_id":
        return str(seen.record.id)
    if name == table.kind.modified:
        return iso(seen.modified)
    if name == table.kind.created:
        return iso(seen.record.created)
    return seen.props.get(name)


def _found(portal: Portal, table: Table, groups: list[list[JSON]]) -> list[tuple[int, int]]:
    """(change, id) of every match, oldest change first."""
    ready = portal.ready()
    if not groups:
        return table.changed_between((0, FOREVER), (0, FOREVER), ready)
    union: dict[int, tuple[int, int]] = {}
    for group in groups:
        span, ids, rest = _split(table, group)
        pairs = table.changed_between(span, ids, ready)
        if ids != (0, FOREVER):
            pairs = [pair for pair in pairs if ids[0] <= pair[1] <= ids[1]]
        if rest:
            pairs = [pair for pair in pairs if _all(rest, table.seen(pair[1]))]
        if len(groups) == 1:
            return pairs
        union.update({pair[1]: pair for pair in pairs})
    return sorted(union.values())


def _all(tests: Sequence[Test], seen: Seen | None) -> bool:
    return seen is not None and all(test(seen) for test in tests)


def _split(table: Table, group: list[JSON]) -> tuple[tuple[int, int], tuple[int, int], list[Test]]:
    """The span of change and of ids that a group means, and what else it asks for."""
    spans = {table.kind.modified: (0, FOREVER), "hs_object_id": (0, FOREVER)}
    rest: list[Test] = []
    for one in group:
        name, operator = str(one.get("propertyName")), str(one.get("operator"))
        prop = table.properties.get(name)
        if operator not in _OPERATORS:
            raise bad_json(f"{operator} is not a valid operator")
        if prop is None:
            what = f"There was a problem with the request: property {name} does not exist"
            raise refused(what, errors=[{"message": what, "code": "PROPERTY_DOESNT_EXIST"}])
        narrowed = _narrow(prop, operator, one) if name in spans else None
        if narrowed is None:
            rest.append(_test(table, prop, operator, one))
        else:
            low, high = spans[name]
            spans[name] = (max(low, narrowed[0]), min(high, narrowed[1]))
    return spans[table.kind.modified], spans["hs_object_id"], rest


def _narrow(prop: Property, operator: str, one: JSON) -> tuple[int, int] | None:
    if operator not in ("EQ", "LT", "LTE", "GT", "GTE", "BETWEEN"):
        return None
    value = int(_number(prop, _given(one, "value")))
    if operator == "BETWEEN":
        return value, int(_number(prop, _given(one, "highValue")))
    return {
        "EQ": (value, value),
        "LT": (0, value - 1),
        "LTE": (0, value),
        "GT": (value + 1, FOREVER),
        "GTE": (value, FOREVER),
    }[operator]


def _given(one: JSON, key: str) -> str:
    value = one.get(key)
    if value is None:
        raise refused(f"{one.get('operator')} needs {key} on {one.get('propertyName')}")
    return str(value)


def _number(prop: Property, text: str) -> float:
    if prop.type in ("date", "datetime"):
        ms = parse(text)
        if ms is None:
            raise refused(f"{text} is not a date for {prop.name}")
        return ms
    try:
        return float(text) if "." in text or "e" in text.lower() else int(text)
    except ValueError:
        raise refused(f"{text} is not a number for {prop.name}") from None


def _test(table: Table, prop: Property, operator: str, one: JSON) -> Test:
    name = prop.name
    if operator in _NO_VALUE:
        if "value" in one:
            raise refused(f"{operator} does not allow a value")
        wanted = operator == "HAS_PROPERTY"
        return lambda seen: (_get(table, seen, name) is not None) is wanted
    if operator in ("IN", "NOT_IN"):
        values = {str(value).lower() for value in one.get("values") or []}
        if not values:
            raise refused(f"{operator} needs values on {name}")
        inside = operator == "IN"
        return lambda seen: ((_get(table, seen, name) or "").lower() in values) is inside
    if operator.endswith("CONTAINS_TOKEN"):
        token = re.compile(re.escape(_given(one, "value").lower()).replace(r"\*", r"\w*"))
        has = operator == "CONTAINS_TOKEN"
        return lambda seen: _has_token(token, _get(table, seen, name)) is has
    return _comparison(table, prop, operator, one)


def _has_token(token: re.Pattern[str], text: str | None) -> bool:
    return any(token.fullmatch(word) for word in re.findall(r"\w+", (text or "").lower()))


def _comparison(table: Table, prop: Property, operator: str, one: JSON) -> Test:
    value = _given(one, "value")
    measured = prop.type in ("number", "date", "datetime")
    if operator in ("EQ", "NEQ") and not measured:
        same = operator == "EQ"
        low = value.lower()
        return lambda seen: ((_get(table, seen, prop.name) or "").lower() == low) is same
    ends = (_number(prop, value), _number(prop, str(one.get("highValue", value))))
    check: dict[str, Callable[[float], bool]] = {
        "EQ": lambda got: got == ends[0],
        "NEQ": lambda got: got != ends[0],
        "LT": lambda got: got < ends[0],
        "LTE": lambda got: got <= ends[0],
        "GT": lambda got: got > ends[0],
        "GTE": lambda got: got >= ends[0],
        "BETWEEN": lambda got: ends[0] <= got <= ends[1],
    }

    def test(seen: Seen) -> bool:
        text = _get(table, seen, prop.name)
        return text is not None and check[operator](_number(prop, text))

    return test
