"""Batch endpoints. With a trace id on every input one bad row does not spoil the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connectors.sandbox.hubspot import writing
from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.errors import (
    JSON,
    HubspotError,
    bad_json,
    not_found,
    refused,
    row_error,
)
from connectors.sandbox.hubspot.portal import PORTAL_ID
from connectors.sandbox.hubspot.stamps import iso
from connectors.sandbox.hubspot.table import Record, Table

TRACE = "objectWriteTraceId"


def _answer(
    call: Call, results: Sequence[JSON], errors: Sequence[JSON], status: int = 200
) -> Answer:
    moment = iso(call.portal.stamp())
    answer: JSON = {
        "status": "COMPLETE",
        "results": list(results),
        "startedAt": moment,
        "completedAt": moment,
    }
    if errors:
        return 207, answer | {"numErrors": len(errors), "errors": list(errors)}
    return status, answer


def _told(call: Call, table: Table, record: Record, one: JSON, names: Sequence[str]) -> JSON:
    told = call.portal.as_json(table, call.portal.seen_now(record), names)
    if TRACE in one:
        told[TRACE] = one[TRACE]
    return told


def _rows(call: Call, inputs: list[JSON], act: Callable[[JSON], JSON], status: int) -> Answer:
    """Do ``act`` for each input: row by row when all are traced, all or nothing when not."""
    traces = [one.get(TRACE) for one in inputs]
    traced = all(traces) and len(set(traces)) == len(traces)
    results: list[JSON] = []
    errors: list[JSON] = []
    for one in inputs:
        try:
            results.append(act(one))
        except HubspotError as error:
            if not traced:
                raise
            context = {TRACE: [str(one[TRACE])]}
            if "id" in one:
                context["ids"] = [str(one["id"])]
            errors.append(row_error(error, context))
    return _answer(call, results, errors, status)


def read(call: Call) -> Answer:
    """POST /crm/v3/objects/{type}/batch/read"""
    table = call.table()
    body = call.body()
    id_property = body.get("idProperty")
    names = [str(name) for name in body.get("properties") or []]
    results, missing = [], []
    for one in call.inputs():
        key = str(one.get("id", ""))
        record = call.portal.find(table, key, id_property)
        if record is None:
            missing.append(key)
        else:
            results.append(_told(call, table, record, {}, names))
    if not missing:
        return _answer(call, results, [])
    error = not_found(
        f"Could not get some {table.kind.name.upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    status, answer = _answer(call, results, [row_error(error, {"ids": missing})])
    return status, answer | {"numErrors": len(missing)}


def create(call: Call) -> Answer:
    """POST /crm/v3/objects/{type}/batch/create"""
    table = call.table()
    inputs = call.inputs()
    if not all(one.get(TRACE) for one in inputs):
        _refuse_at_once(call, table, inputs)

    def act(one: JSON) -> JSON:
        record = writing.create(call.portal, table, one)
        return _told(call, table, record, one, list(record.props))

    return _rows(call, inputs, act, 201)


def _refuse_at_once(call: Call, table: Table, inputs: list[JSON]) -> None:
    """Without traces nothing is written when any row is bad; only the first is told."""
    for one in inputs:
        writing.check_unique(table, writing.checked(call.portal, table, one.get("properties")))


def update(call: Call) -> Answer:
    """POST /crm/v3/objects/{type}/batch/update"""
    table = call.table()
    inputs = call.inputs()
    if not all(one.get(TRACE) for one in inputs):
        for one in inputs:
            writing.checked(call.portal, table, one.get("properties"))

    def act(one: JSON) -> JSON:
        record = call.portal.find(table, str(one.get("id", "")), one.get("idProperty"))
        if record is None:
            raise not_found(f"{table.kind.name} with id {one.get('id')} not found")
        writing.update(call.portal, table, record, one.get("properties"))
        return _told(call, table, record, one, list(one["properties"]))

    return _rows(call, inputs, act, 200)


def upsert(call: Call) -> Answer:
    """POST /crm/v3/objects/{type}/batch/upsert"""
    table = call.table()
    inputs = call.inputs()
    for one in inputs:
        name = one.get("idProperty")
        if not name:
            raise bad_json("Some required fields were not set: [idProperty]")
        if name not in table.unique_names:
            raise refused(
                f"Unable to perform update/upsert by non-unique {table.kind.type_id} property "
                f"{name} in portal ID {PORTAL_ID}"
            )

    def act(one: JSON) -> JSON:
        name, key = str(one["idProperty"]), str(one.get("id", ""))
        given: dict[str, Any] = {**(one.get("properties") or {}), name: key}
        record = table.find_unique(name, key)
        new = record is None
        if record is None:
            record = writing.create(call.portal, table, {"properties": given})
        else:
            writing.update(call.portal, table, record, given)
        return _told(call, table, record, one, list(given)) | {"new": new}

    return _rows(call, inputs, act, 200)


def archive(call: Call) -> Answer:
    """POST /crm/v3/objects/{type}/batch/archive; unknown ids are no error."""
    table = call.table()
    for one in call.inputs():
        record = call.portal.find(table, str(one.get("id", "")), None)
        if record is not None:
            call.portal.archive(table, record)
    return 204, None


VERBS = {"read": read, "create": create, "update": update, "upsert": upsert, "archive": archive}


def batch(call: Call) -> Answer:
    """POST /crm/v3/objects/{type}/batch/{batch}"""
    found = VERBS.get(call.path["batch"])
    if found is None:
        raise not_found()
    return found(call)
