"""Endpoints of single records, lists and search."""

from __future__ import annotations

from connectors.sandbox.hubspot import writing
from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.errors import JSON, not_found, refused
from connectors.sandbox.hubspot.portal import names_of
from connectors.sandbox.hubspot.schema import singular
from connectors.sandbox.hubspot.search import LONGEST_BODY, search
from connectors.sandbox.hubspot.table import Record, Table


def list_records(call: Call) -> Answer:
    """GET /crm/v3/objects/{type}"""
    table = call.table()
    limit = min(call.number("limit", 10, 100), call.portal.most_rows)
    after = call.query.get("after") or "0"
    if not after.isdigit():
        raise refused(f"after: {after} is not a cursor of this list")
    rows, last = table.after(int(after), limit, archived=call.archived)
    names, others = call.names(), names_of(call.query.getlist("associations"))
    answer: JSON = {"results": [_told(call, table, row, names, others) for row in rows]}
    if last is not None:
        link = f"https://api.hubapi.com/crm/v3/objects/{table.kind.name}?limit={limit}&after={last}"
        answer["paging"] = {"next": {"after": str(last), "link": link}}
    return 200, answer


def _told(call: Call, table: Table, row: Record, names: list[str], others: list[str]) -> JSON:
    told = call.portal.as_json(table, call.portal.seen_now(row), names)
    for other in others:
        target = call.portal.table(other).kind.name
        found = call.portal.links.of(table.kind.name, row.id, target)
        label = f"{singular(table.kind.name)}_to_{singular(target)}"
        results = [{"id": str(one), "type": label} for one in found]
        if results:
            told.setdefault("associations", {})[target] = {"results": results}
    return told


def create_record(call: Call) -> Answer:
    """POST /crm/v3/objects/{type}"""
    table = call.table()
    record = writing.create(call.portal, table, call.body())
    told = call.portal.as_json(table, call.portal.seen_now(record), list(record.props))
    return 201, told


def _named(call: Call, table: Table) -> Record:
    record = call.portal.find(table, call.path["id"], call.query.get("idProperty"))
    if record is None:
        raise not_found()
    return record


def get_record(call: Call) -> Answer:
    """GET /crm/v3/objects/{type}/{id}"""
    table = call.table()
    if call.archived and call.path["id"].isdigit():
        record = table.archived.get(int(call.path["id"]))
        if record is None:
            raise not_found()
    else:
        record = _named(call, table)
    others = names_of(call.query.getlist("associations"))
    return 200, _told(call, table, record, call.names(), others)


def update_record(call: Call) -> Answer:
    """PATCH /crm/v3/objects/{type}/{id}"""
    table = call.table()
    record = _named(call, table)
    given = call.body().get("properties")
    writing.update(call.portal, table, record, given)
    names = list(given) if isinstance(given, dict) else []
    return 200, call.portal.as_json(table, call.portal.seen_now(record), names)


def archive_record(call: Call) -> Answer:
    """DELETE /crm/v3/objects/{type}/{id}; an unknown id is no error."""
    table = call.table()
    record = call.portal.find(table, call.path["id"], None)
    if record is not None:
        call.portal.archive(table, record)
    return 204, None


def search_records(call: Call) -> Answer:
    """POST /crm/v3/objects/{type}/search"""
    table = call.table()
    if len(call.raw) > LONGEST_BODY:
        raise refused(f"The request body is longer than {LONGEST_BODY} characters")
    return 200, search(call.portal, table, call.body())
