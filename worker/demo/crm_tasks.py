"""Our tasks as they lie in the sandbox's CRM, told without the words of any one CRM."""

from __future__ import annotations

from typing import Any

_TABLES = {"salesforce": "Task", "hubspot": "tasks"}
_FIELDS = {
    "salesforce": {
        "key": "HLR_Alert_Key__c",
        "subject": "Subject",
        "status": "Status",
        "owner_id": "OwnerId",
        "latency": "HLR_Latency_Minutes__c",
        "working": "HLR_Business_Latency_Minutes__c",
        "id": "Id",
    },
    "hubspot": {
        "key": "hlr_alert_key",
        "subject": "hs_task_subject",
        "status": "hs_task_status",
        "owner_id": "hubspot_owner_id",
        "latency": "hlr_latency_minutes",
        "working": "hlr_working_latency_minutes",
        "id": "id",
    },
}


def crm_tasks(crm: str, sandbox: Any) -> list[dict[str, Any]]:
    """The tasks that Hotlead wrote: ``id``, ``key``, ``subject``, ``done``, ``owner_id``, and
    ``latency`` and ``working`` in minutes or None."""
    fields = _FIELDS[crm]
    found = []
    for record in sandbox.records(_TABLES[crm]):
        row = {name: record.get(field) for name, field in fields.items()}
        if not row["key"]:
            continue
        row["done"] = str(row.pop("status")).casefold() == "completed"
        row["latency"], row["working"] = _minutes(row["latency"]), _minutes(row["working"])
        found.append(row)
    return found


def _minutes(value: Any) -> float | None:
    return None if value in (None, "") else float(value)
