"""The fields that the org fills by itself, and the rules that span several fields."""

from __future__ import annotations

from collections.abc import Callable

from connectors.sandbox.salesforce.errors import Refusal
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.table import Row

_DEFAULTS: dict[str, Row] = {
    "EmailMessage": {"Status": "0"},
    "Lead": {"Status": "Open - Not Contacted", "IsConverted": False},
    "OutOfOffice": {"IsEnabled": True},
    "Task": {"Status": "Not Started", "Priority": "Normal", "TaskSubtype": "Task"},
    "Event": {"ShowAs": "Busy", "EventSubtype": "Event"},
    "UserTerritory2Association": {"IsActive": True},
    "User": {"UserType": "Standard", "IsActive": True},
}


def fill(org: Org, name: str, row: Row, old: Row | None) -> None:
    """Complete a row that is about to be stored. Raises Refusal where its fields disagree."""
    columns = org.objects[name.lower()].columns.values()
    for field, value in _DEFAULTS.get(name, {}).items():
        row.setdefault(field, value)
    for column in columns:
        if column.type == "boolean":
            row.setdefault(column.name, False)
    if any(column.name == "OwnerId" for column in columns):
        row.setdefault("OwnerId", org.user_id)
    if name in ("User", "Contact", "Lead"):
        row["Name"] = f"{row.get('FirstName', '')} {row['LastName']}".strip()
    if name in _RULES:
        _RULES[name](org, row, old)
    if old is None or row.get("OwnerId") != old.get("OwnerId"):
        _owner_is_active(org, name, row)


def _owner_is_active(org: Org, name: str, row: Row) -> None:
    owner = org.tables["user"].rows.get(row.get("OwnerId", ""))
    if owner is not None and not owner["IsActive"]:
        message = f"operation performed with inactive user [{owner['Id']}] as owner of"
        raise Refusal(400, "INACTIVE_OWNER_OR_USER", f"{message} {name.lower()}", ["OwnerId"])


def _lead(_org: Org, _row: Row, old: Row | None) -> None:
    if old is not None and old.get("IsConverted"):
        message = "cannot reference converted lead"
        raise Refusal(400, "CANNOT_UPDATE_CONVERTED_LEAD", message)


def _opportunity(org: Org, row: Row, old: Row | None) -> None:
    if old is not None and old["StageName"] == row["StageName"]:
        return
    stages = org.tables["opportunitystage"].rows.values()
    stage = next((one for one in stages if one["ApiName"] == row["StageName"]), {})
    row["IsClosed"] = stage.get("IsClosed", False)
    row["IsWon"] = stage.get("IsWon", False)
    row["Probability"] = stage.get("DefaultProbability", 0)
    forecast = stage.get("ForecastCategoryName", "Pipeline")
    row["ForecastCategory"] = {"Best Case": "BestCase", "Commit": "Forecast"}.get(
        forecast, forecast
    )
    row["LastStageChangeDate"] = org.stamp()


def _task(org: Org, row: Row, old: Row | None) -> None:
    _activity(org, row)
    statuses = org.tables["taskstatus"].rows.values()
    row["IsClosed"] = any(one["ApiName"] == row["Status"] and one["IsClosed"] for one in statuses)
    row["IsHighPriority"] = row["Priority"] == "High"
    if not row["IsClosed"]:
        row.pop("CompletedDateTime", None)
    elif old is None or not old["IsClosed"]:
        row["CompletedDateTime"] = org.stamp()


def _event(org: Org, row: Row, _old: Row | None) -> None:
    _activity(org, row)
    start = row.get("StartDateTime") or row.get("ActivityDateTime")
    if start is None:
        fields = ["ActivityDateTime", "DurationInMinutes"]
        message = f"Required fields are missing: [{', '.join(fields)}]"
        raise Refusal(400, "REQUIRED_FIELD_MISSING", message, fields)
    row["StartDateTime"] = row["ActivityDateTime"] = start
    row["ActivityDate"] = start[:10]


def _activity(org: Org, row: Row) -> None:
    who = org.find(row.get("WhoId", ""))
    what = org.find(row.get("WhatId", ""))
    if who is not None and who[0].sobject.name == "Lead":
        if row.get("WhatId"):
            message = "Related To ID must be empty when Name ID is a lead"
            raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, ["WhatId"])
        if who[1].get("IsConverted"):
            message = "cannot reference converted lead"
            raise Refusal(400, "CANNOT_UPDATE_CONVERTED_LEAD", message, ["WhoId"])
    account = None
    if what is not None:
        account = what[1]["Id"] if what[0].sobject.name == "Account" else what[1].get("AccountId")
    elif who is not None:
        account = who[1].get("AccountId")
    row.pop("AccountId", None)
    if account:
        row["AccountId"] = account


def _assignment(org: Org, row: Row, _old: Row | None) -> None:
    if not org.metadata.may_assign:
        message = "insufficient access rights on cross-reference id"
        raise Refusal(400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message)
    wanted = (row["AssigneeId"], row["PermissionSetId"])
    for one in org.tables["permissionsetassignment"].rows.values():
        if (one["AssigneeId"], one["PermissionSetId"]) == wanted:
            message = f"Duplicate PermissionSetAssignment. Assignee: {wanted[0]}; "
            raise Refusal(400, "DUPLICATE_VALUE", f"{message}Permission Set: {wanted[1]}")


def _territory(org: Org, row: Row, _old: Row | None) -> None:
    found = org.by_prefix(row["ObjectId"])
    row["SobjectType"] = found.sobject.name if found else None


_RULES: dict[str, Callable[[Org, Row, Row | None], None]] = {
    "PermissionSetAssignment": _assignment,
    "Lead": _lead,
    "ObjectTerritory2Association": _territory,
    "Opportunity": _opportunity,
    "Task": _task,
    "Event": _event,
}
