"""Endpoints of associations, version 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.errors import JSON, bad_json, not_found, refused, row_error
from connectors.sandbox.hubspot.links import Ids
from connectors.sandbox.hubspot.stamps import iso
from connectors.sandbox.hubspot.table import Table

MOST_READ, MOST_CREATED = 1000, 2000


def _tables(call: Call) -> tuple[Table, Table]:
    portal = call.portal
    first, second = portal.table(call.path["type"]), portal.table(call.path["to"])
    call.need(*first.kind.read, *second.kind.read)
    return first, second


def _page(call: Call, found: dict[int, Ids], after: object, limit: int) -> tuple[list[JSON], Any]:
    text = str(after or "0")
    if not text.isdigit():
        raise refused(f"after: {text} is not a cursor")
    ids = [one for one in sorted(found) if one > int(text)]
    shown = [
        {"toObjectId": str(one), "associationTypes": list(call.portal.links.told(found[one]))}
        for one in ids[:limit]
    ]
    return shown, {"next": {"after": str(ids[limit - 1])}} if len(ids) > limit else None


def read_batch(call: Call) -> Answer:
    """POST /crm/v4/associations/{type}/{to}/batch/read"""
    first, second = _tables(call)
    results: list[JSON] = []
    missing: list[str] = []
    for one in call.inputs(MOST_READ):
        key = str(one.get("id", ""))
        record = call.portal.find(first, key, None)
        found = {}
        if record is not None:
            found = call.portal.links.of(first.kind.name, record.id, second.kind.name)
        to, paging = _page(call, found, one.get("after"), call.portal.association_page)
        if not found:
            missing.append(key)
            continue
        result: JSON = {"from": {"id": key}, "to": to}
        results.append(result | {"paging": paging} if paging else result)
    return _batch(call, results, first, second, missing)


def _batch(
    call: Call, results: Sequence[JSON], first: Table, second: Table, missing: list[str]
) -> Answer:
    moment = iso(call.portal.stamp())
    answer: JSON = {
        "status": "COMPLETE",
        "results": list(results),
        "startedAt": moment,
        "completedAt": moment,
    }
    if not missing:
        return 200, answer
    error = not_found(f"No {second.kind.name} is associated with {first.kind.name}")
    rows = [
        row_error(error, {"fromObjectId": [one]})
        | {"subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"}
        for one in missing
    ]
    return 207, answer | {"numErrors": len(rows), "errors": rows}


def read_one(call: Call) -> Answer:
    """GET /crm/v4/objects/{type}/{id}/associations/{to}"""
    first, second = _tables(call)
    record = call.portal.find(first, call.path["id"], None)
    if record is None:
        raise not_found()
    found = call.portal.links.of(first.kind.name, record.id, second.kind.name)
    limit = call.number("limit", 500, 500)
    to, paging = _page(call, found, call.query.get("after"), limit)
    return 200, {"results": to} | ({"paging": paging} if paging else {})


def labels(call: Call) -> Answer:
    """GET /crm/v4/associations/{type}/{to}/labels"""
    first, second = _tables(call)
    links = call.portal.links
    kinds = links.labels(first.kind.name, second.kind.name)
    if not kinds:
        raise refused(f"No association between {first.kind.name} and {second.kind.name} exists")
    return 200, {"results": [one for ids in kinds for one in links.told(ids)]}


def create_batch(call: Call) -> Answer:
    """POST /crm/v4/associations/{type}/{to}/batch/create"""
    portal = call.portal
    first, second = portal.table(call.path["type"]), portal.table(call.path["to"])
    call.need(*first.kind.write, *second.kind.write)
    results: list[JSON] = []
    for one in call.inputs(MOST_CREATED):
        try:
            from_id, to_id = str(one["from"]["id"]), str(one["to"]["id"])
            kinds = [
                portal.links.own_id(kind["associationCategory"], int(kind["associationTypeId"]))
                for kind in one["types"]
            ]
        except (LookupError, TypeError, ValueError) as error:
            raise bad_json("Some required fields were not set: [from, to, types]") from error
        a, b = portal.find(first, from_id, None), portal.find(second, to_id, None)
        if a is None or b is None:
            raise not_found(f"{from_id} or {to_id} does not exist")
        for kind in kinds:
            names = (first.kind.name, second.kind.name)
            if not portal.links.join_as(names[0], a.id, names[1], b.id, kind):
                raise refused(f"invalid association type {abs(kind)} from {names[0]} to {names[1]}")
        results.append(
            {
                "fromObjectTypeId": first.kind.type_id,
                "fromObjectId": from_id,
                "toObjectTypeId": second.kind.type_id,
                "toObjectId": to_id,
                "labels": [],
            }
        )
    status, answer = _batch(call, results, first, second, [])
    return 201 if status == 200 else status, answer
