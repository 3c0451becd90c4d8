"""``sobjects``: describes, single records, external ids, deleted and updated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.salesforce import writes
from connectors.sandbox.salesforce.call import Call, Reply
from connectors.sandbox.salesforce.describe import describe, describe_global
from connectors.sandbox.salesforce.errors import Refusal, not_found
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.table import Row, Table
from connectors.sandbox.salesforce.times import parse_stamp, stamp

_DAYS = {"updated": 30, "deleted": 15}
_KEPT_DAYS = 15
_GONE: Row = {"IsDeleted": True}


def sobjects(org: Org, call: Call) -> Reply:
    """Answer everything under ``sobjects``. Raises Refusal."""
    rest = call.parts[1:]
    if not rest:
        call.need("GET")
        return Reply(body=describe_global(org, call.base))
    table = org.table(rest[0])
    match rest[1:]:
        case ():
            return _whole(org, call, table)
        case ("describe",):
            call.need("GET")
            return Reply(body=describe(org, table.sobject, call.base))
        case ("deleted" | "updated" as which,):
            call.need("GET")
            return _changes(org, call, table, which)
        case (record_id,):
            return _one(org, call, table, record_id)
        case (field, value):
            return _by_external_id(org, call, table, field, value)
        case _:
            raise not_found()


def _whole(org: Org, call: Call, table: Table) -> Reply:
    call.need("GET", "POST")
    if call.method == "GET":
        header = {
            key: value
            for key, value in describe(org, table.sobject, call.base).items()
            if key != "fields"
        }
        return Reply(body={"objectDescribe": header, "recentItems": []})
    record_id = writes.create(org, table.sobject.name, call.given())
    return Reply(201, {"id": record_id, "success": True, "errors": []})


def _one(org: Org, call: Call, table: Table, record_id: str) -> Reply:
    call.need("GET", "PATCH", "DELETE")
    name = table.sobject.name
    if call.method == "GET":
        return Reply(body=_whole_record(call, table, writes.living(table, record_id)))
    if call.method == "PATCH":
        row = writes.living(table, record_id)
        writes.update(org, name, row["Id"], call.given())
    else:
        writes.delete(org, name, record_id)
    return Reply(204)


def _by_external_id(org: Org, call: Call, table: Table, field: str, value: str) -> Reply:
    call.need("GET", "PATCH", "DELETE")
    name = table.sobject.name
    if call.method == "PATCH":
        given = call.given()
        record_id, created = writes.upsert(org, name, field, value, given)
        body = {"id": record_id, "success": True, "errors": [], "created": created}
        return Reply(201 if created else 200, body)
    holder = table.holder(writes.external_id(table, field).name, value)
    if holder is None:
        raise not_found()
    if call.method == "GET":
        return Reply(body=_whole_record(call, table, table.rows[holder]))
    writes.delete(org, name, holder)
    return Reply(204)


def _whole_record(call: Call, table: Table, row: Row) -> dict[str, Any]:
    sobject = table.sobject
    wanted = [name for name in call.query.get("fields", "").split(",") if name]
    for name in wanted:
        if sobject.column(name) is None:
            message = f"No such column '{name}' on entity '{sobject.name}'"
            raise Refusal(400, "INVALID_FIELD", message)
    names = {name.lower() for name in wanted} | {"id"} if wanted else set(sobject.columns)
    url = f"{call.base}/sobjects/{sobject.name}/{row['Id']}"
    shown: dict[str, Any] = {"attributes": {"type": sobject.name, "url": url}}
    for key, column in sobject.columns.items():
        if key in names:
            shown[column.name] = column.read(row)
    return shown


def _changes(org: Org, call: Call, table: Table, which: str) -> Reply:
    if not table.sobject.replicateable:
        message = f"object type '{table.sobject.name}' is not replicateable"
        raise Refusal(400, "INVALID_TYPE_FOR_OPERATION", message)
    start, end = _window(org, call, _DAYS[which])
    covered = min(end, org.stamp())
    if which == "updated":
        rows = table.between((start, ""), (end, ""))
        ids = [row["Id"] for row in rows if not row.get("IsDeleted")]
        _listable(org, ids)
        return Reply(body={"ids": ids, "latestDateCovered": covered})
    gone = [
        {"id": one, "deletedDate": when}
        for when, one in table.gone
        if start <= when < end and table.rows.get(one, _GONE)["IsDeleted"]
    ]
    _listable(org, gone)
    earliest = stamp(org.now() - timedelta(days=_KEPT_DAYS))
    body = {
        "deletedRecords": gone,
        "earliestDateAvailable": earliest,
        "latestDateCovered": covered,
    }
    return Reply(body=body)


def _window(org: Org, call: Call, days: int) -> tuple[str, str]:
    """Start and end, to the second. Raises Refusal."""
    start, end = (parse_stamp(call.query.get(name, "")) for name in ("start", "end"))
    if start is None or end is None:
        raise Refusal(400, "INVALID_REPLICATION_DATE", "start and end dates are required")
    if start >= end:
        message = "The end date must be at least one minute later than the start date"
        raise Refusal(400, "INVALID_REPLICATION_DATE", message)
    if datetime.fromisoformat(start) < org.now() - timedelta(days=days):
        message = f"The start date must be within the last {days} days"
        raise Refusal(400, "INVALID_REPLICATION_DATE", message)
    return start, end


def _listable(org: Org, found: Sequence[Any]) -> None:
    if len(found) > org.longest_list:
        message = f"More than {org.longest_list} records; choose a shorter time span"
        raise Refusal(400, "EXCEEDED_ID_LIMIT", message)
