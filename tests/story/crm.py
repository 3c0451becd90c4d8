"""What a story sees and does in the CRM, in the same words for both."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any


def log_contact(
    sandbox: Any, crm: str, kind: str, person_id: str, prospect_id: str, at: datetime
) -> None:
    """A ``call`` or ``email`` of a rep to a prospect, as the CRM logs it."""
    if crm == "salesforce":
        sandbox.create(
            "Task",
            Subject="Call",
            Status="Completed",
            Priority="Normal",
            TaskSubtype="Call" if kind == "call" else "Email",
            OwnerId=person_id,
            WhoId=prospect_id,
            ActivityDate=f"{at:%Y-%m-%d}",
        )
        return
    stamp = str(int(at.timestamp() * 1000))
    sandbox.create(
        "calls" if kind == "call" else "emails",
        links={"contacts": [prospect_id]},
        hs_timestamp=stamp,
        hubspot_owner_id=person_id,
    )


def set_away(sandbox: Any, crm: str, person_id: str, starts: datetime, ends: datetime) -> None:
    """A rep enters an absence in the CRM."""
    if crm == "salesforce":
        sandbox.create(
            "OutOfOffice",
            UserId=person_id,
            StartDate=f"{starts:%Y-%m-%dT%H:%M:%S.000+0000}",
            EndDate=f"{ends:%Y-%m-%dT%H:%M:%S.000+0000}",
            Message="Away",
        )
        return
    span = {name: int(at.timestamp() * 1000) for name, at in (("start", starts), ("end", ends))}
    hours = json.dumps([{f"{name}Timestamp": at for name, at in span.items()}])
    sandbox.update("users", user_of(sandbox, person_id), hs_out_of_office_hours=hours)


def user_of(sandbox: Any, person_id: str) -> str:
    """The HubSpot user record behind an owner."""
    return next(
        str(one["id"]) for one in sandbox.records("users") if one["hubspot_owner_id"] == person_id
    )


def give_deal(sandbox: Any, crm: str, deal_id: str, person_id: str) -> None:
    """A deal gets another owner."""
    if crm == "salesforce":
        sandbox.update("Opportunity", deal_id, OwnerId=person_id)
    else:
        sandbox.update("deals", deal_id, hubspot_owner_id=person_id)


def give_account(sandbox: Any, crm: str, account_id: str, person_id: str) -> None:
    """An account gets another CSM, whom the policy reads from a field of it."""
    if crm == "salesforce":
        sandbox.update("Account", account_id, CSM__c=person_id)
    else:
        sandbox.update("companies", account_id, csm_owner=person_id)


def our_tasks(sandbox: Any, crm: str) -> list[dict[str, Any]]:
    """Our tasks as plain words: key, subject, done, owner, latency (minutes or None)."""
    if crm == "salesforce":
        return [
            {
                "key": row["HLR_Alert_Key__c"],
                "subject": row["Subject"],
                "done": row["Status"] == "Completed",
                "owner": row["OwnerId"],
                "latency": row.get("HLR_Latency_Minutes__c"),
            }
            for row in sandbox.records("Task")
            if row.get("HLR_Alert_Key__c")
        ]
    return [
        {
            "key": row["hlr_alert_key"],
            "subject": row["hs_task_subject"],
            "done": row["hs_task_status"] == "COMPLETED",
            "owner": row.get("hubspot_owner_id"),
            "latency": float(row["hlr_latency_minutes"])
            if row.get("hlr_latency_minutes")
            else None,
        }
        for row in sandbox.records("tasks")
        if row.get("hlr_alert_key")
    ]
