"""What a task of ours looks like in Salesforce."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from connectors.base import ActivityDraft
from connectors.salesforce.activity_fields import KEY, LENGTHS
from connectors.salesforce.values import api_time

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_RELATIONS = ("WhoId", "WhatId")
_LONGEST_SUBJECT, _LONGEST_BODY = 255, 32_000


@dataclass(frozen=True, slots=True)
class TaskOrg:
    """What this org calls things: our fields by their plain name, an open and a closed status."""

    ours: dict[str, str]
    open_status: str
    closed_status: str


def record(org: TaskOrg, draft: ActivityDraft, *, lean: bool) -> dict[str, Any]:
    """The row of a task; a ``lean`` one leaves alone what a known task is about."""
    row: dict[str, Any] = {
        "attributes": {"type": "Task"},
        "Subject": _cut(" ".join(draft.subject.split()), _LONGEST_SUBJECT),
        "Description": _cut(draft.body, _LONGEST_BODY),
        "Status": org.closed_status if draft.completed_at else org.open_status,
        "Priority": "High",
        "ActivityDate": draft.due_at.date().isoformat(),
    }
    if draft.owner_id:
        row["OwnerId"] = draft.owner_id
    if not (lean and draft.remote_id):
        # Salesforce itself follows when the lead of a known task is converted, or a contact merged.
        row |= _relations(draft)
    for name, value in _ours(draft).items():
        if name in org.ours:
            row[org.ours[name]] = value
    return row


def _ours(draft: ActivityDraft) -> dict[str, Any]:
    responded = draft.responded_at
    return {
        KEY: draft.key,
        "Fired_At": api_time(draft.fired_at),
        "Responded_At": api_time(responded) if responded else None,
        "Latency_Minutes": draft.latency_minutes,
        "Business_Latency_Minutes": draft.working_latency_minutes,
        "Routed_Role": _cut(draft.role, LENGTHS["Routed_Role"]) or None,
        "Routing_Reason": _cut(draft.reason, LENGTHS["Routing_Reason"]) or None,
        "Response_Source": _cut(draft.response_source, LENGTHS["Response_Source"]) or None,
    }


def _relations(draft: ActivityDraft) -> dict[str, str]:
    """Who and what the task is about; a lead stands alone."""
    if draft.prospect_id and draft.prospect_kind == "lead":
        return {"WhoId": draft.prospect_id}
    about = draft.deal_id or draft.account_id
    pairs = zip(_RELATIONS, (draft.prospect_id, about), strict=True)
    return {name: value for name, value in pairs if value}


def _cut(text: str, most: int) -> str:
    clean = _CONTROLS.sub(" ", text).strip()
    return clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"
