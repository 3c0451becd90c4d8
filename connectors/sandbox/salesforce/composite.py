"""``composite/sobjects`` collections and ``composite/batch``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.sandbox.salesforce import writes
from connectors.sandbox.salesforce.call import Call, Reply
from connectors.sandbox.salesforce.errors import Refusal, not_found
from connectors.sandbox.salesforce.org import Org

_MOST_RECORDS = 200
_MOST_CALLS = 25


def composite(org: Org, call: Call, route: Callable[[Call], Reply]) -> Reply:
    """Answer everything under ``composite``. Raises Refusal."""
    match call.parts[1:]:
        case ("sobjects",):
            return _collection(org, call)
        case ("sobjects", name, field):
            call.need("PATCH")
            return _upserts(org, call, name, field)
        case ("batch",):
            call.need("POST")
            return _batch(call, route)
        case _:
            raise not_found()


def _collection(org: Org, call: Call) -> Reply:
    call.need("POST", "PATCH", "DELETE")
    if call.method == "DELETE":
        ids = [one for one in call.query.get("ids", "").split(",") if one]
        _limit(len(ids))
        return Reply(body=[_row(lambda one=one: _delete(org, one)) for one in ids])  # type: ignore[misc]
    records = _records(call)
    if call.method == "POST":
        return _each(org, call, [lambda one=one: _create(org, one) for one in records])  # type: ignore[misc]
    return _each(org, call, [lambda one=one: _update(org, one) for one in records])  # type: ignore[misc]


def _upserts(org: Org, call: Call, name: str, field: str) -> Reply:
    records = _records(call)
    table = org.table(name)
    column = writes.external_id(table, field)
    values = [_value(one, column.name) for one in records]
    doubled = {value for value, count in Counter(values).items() if count > 1}

    def one_row(record: dict[str, Any], value: str) -> dict[str, Any]:
        kind = _type(record)
        if kind.lower() != name.lower():
            message = f"all records must be of type {name}, not {kind}"
            raise Refusal(400, "INVALID_TYPE", message)
        if not value:
            raise Refusal(400, "MISSING_ARGUMENT", f"{column.name} not specified", ())
        if value in doubled:
            message = f"Duplicate external id specified: {value}"
            raise Refusal(400, "DUPLICATE_VALUE", message, [column.name])
        record_id, created = writes.upsert(org, name, column.name, value, record)
        return {"id": record_id, "success": True, "errors": [], "created": created}

    rows = zip(records, values, strict=True)
    return _each(org, call, [lambda r=record, v=value: one_row(r, v) for record, value in rows])  # type: ignore[misc]


def _each(org: Org, call: Call, actions: list[Callable[[], dict[str, Any]]]) -> Reply:
    if not call.given().get("allOrNone"):
        return Reply(body=[_row(action) for action in actions])
    before = {name: (dict(one.rows), list(one.gone)) for name, one in org.tables.items()}
    results = [_row(action) for action in actions]
    if all(one["success"] for one in results):
        return Reply(body=results)
    for name, (rows, gone) in before.items():
        table = org.tables[name]
        for record_id in list(table.rows):
            if table.rows[record_id] is not rows.get(record_id):
                table.remove(record_id)
        for record_id, row in rows.items():
            if record_id not in table.rows:
                table.put(row)
        table.gone = gone
    rolled = Refusal(
        400,
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using "
        "AllOrNone header",
    )
    undone = {"success": False, "errors": [rolled.row()]}
    return Reply(body=[undone if one["success"] else one for one in results])


def _row(action: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return action()
    except Refusal as refusal:
        return {"success": False, "errors": [refusal.row()]}


def _create(org: Org, record: dict[str, Any]) -> dict[str, Any]:
    record_id = writes.create(org, _type(record), record)
    return {"id": record_id, "success": True, "errors": []}


def _update(org: Org, record: dict[str, Any]) -> dict[str, Any]:
    record_id = str(record.get("id") or record.get("Id") or "")
    values = {key: value for key, value in record.items() if key.lower() != "id"}
    writes.update(org, _type(record), record_id, values)
    return {"id": record_id, "success": True, "errors": []}


def _delete(org: Org, record_id: str) -> dict[str, Any]:
    table = org.by_prefix(record_id)
    if table is None:
        message = f"bad id {record_id}"
        raise Refusal(400, "MALFORMED_ID", message)
    writes.delete(org, table.sobject.name, record_id)
    return {"id": record_id, "success": True, "errors": []}


def _records(call: Call) -> list[dict[str, Any]]:
    records = call.given().get("records")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise Refusal(400, "JSON_PARSER_ERROR", "records must be a list of objects")
    _limit(len(records))
    return records


def _limit(count: int) -> None:
    if count > _MOST_RECORDS:
        message = f"record limit reached. cannot submit more than {_MOST_RECORDS} records into "
        raise Refusal(400, "EXCEEDED_ID_LIMIT", message + "this call")


def _type(record: dict[str, Any]) -> str:
    attributes = record.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(kind, str):
        raise Refusal(400, "INVALID_INPUT", "attributes.type is required for every record")
    return kind


def _value(record: dict[str, Any], field: str) -> str:
    found = (value for key, value in record.items() if key.lower() == field.lower())
    return str(next(found, "") or "")


def _batch(call: Call, route: Callable[[Call], Reply]) -> Reply:
    wanted = call.given().get("batchRequests")
    if not isinstance(wanted, list):
        raise Refusal(400, "JSON_PARSER_ERROR", "batchRequests must be a list")
    if len(wanted) > _MOST_CALLS:
        message = f"The batch request can contain at most {_MOST_CALLS} subrequests"
        raise Refusal(400, "LIMIT_EXCEEDED", message)
    results = []
    for one in wanted:
        try:
            reply = route(_sub_call(call, one))
        except Refusal as refusal:
            reply = Reply(refusal.status, refusal.body())
        results.append({"statusCode": reply.status, "result": reply.body})
        if reply.status >= 400 and call.given().get("haltOnError"):
            break
    errors = any(one["statusCode"] >= 400 for one in results)
    return Reply(body={"hasErrors": errors, "results": results})


def _sub_call(call: Call, wanted: dict[str, Any]) -> Call:
    split = urlsplit(str(wanted.get("url", "")))
    version, *parts = [unquote(part) for part in split.path.split("/") if part]
    if version != call.base.rsplit("/", 1)[-1]:
        raise not_found()
    return Call(
        method=str(wanted.get("method", "GET")).upper(),
        base=call.base,
        parts=tuple(parts),
        query=dict(parse_qsl(split.query)),
        headers=call.headers,
        body=wanted.get("richInput"),
    )
