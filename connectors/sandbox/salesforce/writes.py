"""Create, update, upsert and delete, one record at a time. Every change stamps the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.sandbox.salesforce.derive import fill
from connectors.sandbox.salesforce.errors import Refusal
from connectors.sandbox.salesforce.ids import whole_id
from connectors.sandbox.salesforce.metadata import grant
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.schema import Column
from connectors.sandbox.salesforce.table import Row, Table
from connectors.sandbox.salesforce.validate import check_fields

_CHILDREN = {
    "Account": (
        ("Contact", "AccountId"),
        ("Opportunity", "AccountId"),
        ("AccountTeamMember", "AccountId"),
    ),
    "Contact": (("OpportunityContactRole", "ContactId"),),
    "Opportunity": (
        ("OpportunityContactRole", "OpportunityId"),
        ("OpportunityTeamMember", "OpportunityId"),
    ),
}


def create(org: Org, name: str, given: Mapping[str, Any], *, trusted: bool = False) -> str:
    """Store a new record; its id. Raises Refusal."""
    table = org.table(name)
    sobject = table.sobject
    if not sobject.createable and not trusted:
        message = f"entity type {sobject.name} does not support create"
        raise Refusal(400, "INVALID_TYPE_FOR_OPERATION", message)
    values = check_fields(org, sobject, given, creating=True, trusted=trusted)
    row = {field: value for field, value in values.items() if value is not None}
    now = org.stamp()
    row["Id"] = org.new_id(sobject.prefix)
    row.setdefault("CreatedDate", now)
    row.setdefault("CreatedById", org.user_id or row["Id"])
    fill(org, sobject.name, row, None)
    _unique(table, row)
    _store(org, table, row)
    return str(row["Id"])


def update(
    org: Org, name: str, record_id: str, given: Mapping[str, Any], *, trusted: bool = False
) -> None:
    """Change a record. Raises Refusal."""
    table = org.table(name)
    old = living(table, record_id)
    if not table.sobject.updateable and not trusted:
        message = f"entity type {table.sobject.name} does not support update"
        raise Refusal(400, "INVALID_TYPE_FOR_OPERATION", message)
    values = check_fields(org, table.sobject, given, creating=False, trusted=trusted)
    row = {field: value for field, value in (old | values).items() if value is not None}
    fill(org, table.sobject.name, row, old)
    _unique(table, row)
    _store(org, table, row)


def upsert(
    org: Org, name: str, field: str, value: str, given: Mapping[str, Any]
) -> tuple[str, bool]:
    """Create or change the record with this external id; its id and whether it is new."""
    table = org.table(name)
    column = external_id(table, field)
    values = {one: it for one, it in given.items() if one.lower() != field.lower()}
    record_id = table.holder(column.name, value)
    if record_id is None:
        return create(org, name, {**values, column.name: value}), True
    update(org, name, record_id, values)
    return record_id, False


def external_id(table: Table, field: str) -> Column:
    """The external id field of this name. Raises Refusal when there is none."""
    column = table.sobject.column(field)
    if column is None or not column.external_id:
        message = f"Provided external ID field does not exist or is not accessible: {field}"
        raise Refusal(404, "NOT_FOUND", message)
    return column


def delete(org: Org, name: str, record_id: str) -> None:
    """Put a record, and what hangs on it, into the recycle bin, or away for good."""
    table = org.table(name)
    if not table.sobject.deletable:
        message = f"entity type {table.sobject.name} does not support delete"
        raise Refusal(400, "INVALID_TYPE_FOR_OPERATION", message)
    row = living(table, record_id)
    for child, field in _CHILDREN.get(table.sobject.name, ()):
        below = org.tables[child.lower()]
        ids = [one["Id"] for one in below.rows.values() if one.get(field) == row["Id"]]
        for one in ids:
            if not below.rows[one].get("IsDeleted"):
                _discard(org, below, below.rows[one])
    _discard(org, table, row)


def undelete(org: Org, name: str, record_id: str) -> None:
    """Take a record, and what went with it, out of the recycle bin."""
    table = org.table(name)
    row = table.rows[record_id]
    for child, field in _CHILDREN.get(table.sobject.name, ()):
        below = org.tables[child.lower()]
        for one in [one for one in below.rows.values() if one.get(field) == row["Id"]]:
            if one.get("IsDeleted") and one["SystemModstamp"] == row["SystemModstamp"]:
                _store(org, below, one | {"IsDeleted": False})
    _store(org, table, row | {"IsDeleted": False})


def purge(org: Org, name: str, record_id: str) -> None:
    """Take a record out of the recycle bin for good."""
    table = org.table(name)
    if not table.rows[record_id].get("IsDeleted"):
        raise Refusal(400, "UNDELETE_FAILED", "entity is not in the recycle bin")
    table.remove(record_id)


def repoint(org: Org, old_id: str, new_id: str) -> None:
    """Let what hangs on one record hang on another: activities, contacts, deals, roles."""
    moved = [("Task", "WhoId"), ("Event", "WhoId")]
    table = org.by_prefix(old_id)
    moved += _CHILDREN.get(table.sobject.name, ()) if table else ()
    for name, field in moved:
        below = org.tables[name.lower()]
        if not below.sobject.hard_delete:
            for row in [one for one in below.rows.values() if one.get(field) == old_id]:
                if not row.get("IsDeleted"):
                    update(org, name, row["Id"], {field: new_id}, trusted=True)


def living(table: Table, record_id: str) -> Row:
    """The record with this id. Raises Refusal when there is none or it is deleted."""
    whole = whole_id(record_id)
    if whole is None or not whole.startswith(table.sobject.prefix):
        message = f"{table.sobject.name} ID: id value of incorrect type: {record_id}"
        raise Refusal(400, "MALFORMED_ID", message, ["Id"])
    row = table.rows.get(whole)
    if row is None:
        raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
    if row.get("IsDeleted"):
        raise Refusal(404, "ENTITY_IS_DELETED", "entity is deleted")
    return row


def _discard(org: Org, table: Table, row: Row) -> None:
    table.gone.append((org.stamp(), row["Id"]))
    if table.sobject.hard_delete or "isdeleted" not in table.sobject.columns:
        table.remove(row["Id"])
        org.tell(table.sobject, row, None)
    else:
        _store(org, table, row | {"IsDeleted": True})


def _store(org: Org, table: Table, row: Row) -> None:
    now = org.stamp()
    user = org.user_id or row["Id"]
    before = table.rows.get(row["Id"])
    after = row | {"LastModifiedDate": now, "LastModifiedById": user, "SystemModstamp": now}
    table.put(after)
    if table.sobject.name == "PermissionSetAssignment":
        grant(org)
    org.tell(table.sobject, before, after)


def _unique(table: Table, row: Row) -> None:
    for column in table.sobject.columns.values():
        if not (table.keeps_unique and column.external_id and column.name in row):
            continue
        holder = table.holder(column.name, row[column.name])
        if holder is not None and holder != row["Id"]:
            message = f"duplicate value found: {column.name} duplicates value on record with id: "
            raise Refusal(400, "DUPLICATE_VALUE", message + holder, [column.name])
