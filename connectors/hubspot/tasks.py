"""What a task of ours looks like in HubSpot."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import ActivityDraft, WriteResult
from connectors.hubspot.evidence import KEY, TOKEN_MARK
from connectors.hubspot.properties import TaskShape
from connectors.hubspot.values import Row, text, to_ms

LONGEST_SUBJECT, LONGEST_BODY, LONGEST_REASON = 250, 60_000, 2_000
TO_CONTACT, TO_COMPANY, TO_DEAL = 204, 192, 216
SUBJECT, STATUS = "hs_task_subject", "hs_task_status"


def properties(draft: ActivityDraft, shape: TaskShape) -> dict[str, str]:
    """The task's properties as they should stand now; ours only where the account has them."""
    found = {
        SUBJECT: subject(draft, shape),
        "hs_task_body": as_html(draft.body),
        STATUS: "COMPLETED" if draft.completed_at else "NOT_STARTED",
        "hs_task_priority": "HIGH",
        "hs_task_type": "TODO",
        "hs_timestamp": str(to_ms(draft.due_at)),
    }
    if draft.owner_id:
        found["hubspot_owner_id"] = draft.owner_id
    ours: dict[str, object] = {
        KEY: draft.key,
        "hlr_fired_at": to_ms(draft.fired_at),
        "hlr_responded_at": to_ms(draft.responded_at) if draft.responded_at else None,
        "hlr_latency_minutes": _minutes(draft.latency_minutes),
        "hlr_working_latency_minutes": _minutes(draft.working_latency_minutes),
        "hlr_routed_role": draft.role,
        "hlr_routing_reason": draft.reason[:LONGEST_REASON],
        "hlr_response_source": draft.response_source,
    }
    given = {name: str(value) for name, value in ours.items() if value not in (None, "")}
    return found | {name: value for name, value in given.items() if name in shape.names}


def _minutes(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def as_html(body: str) -> str:
    """A task's body is HTML; ours is plain text."""
    text = body[:LONGEST_BODY]
    while len(made := html.escape(text).replace("\n", "<br>")) > LONGEST_BODY:
        text = text[: len(text) * LONGEST_BODY // len(made)]
    return made


def token(key: str) -> str:
    """What stands for the key in a subject: letters and digits that search takes as one word."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def subject(draft: ActivityDraft, shape: TaskShape) -> str:
    """One line. Where tasks can have no key it ends with a mark to find the task by."""
    line = " ".join(draft.subject.split())[:LONGEST_SUBJECT]
    return line if KEY in shape.names else f"{line} {TOKEN_MARK}{token(draft.key)}]"


def is_of(draft: ActivityDraft, row: Row, shape: TaskShape) -> bool:
    """Whether a task in HubSpot is the draft's."""
    if KEY in shape.names:
        return text(row, KEY) == draft.key
    return f"{TOKEN_MARK}{token(draft.key)}]" in text(row, SUBJECT)


def parents(draft: ActivityDraft) -> dict[str, str]:
    """The records that the task belongs to: object type → id."""
    contact = draft.prospect_id if draft.prospect_kind == "contact" else None
    found = {"contacts": contact, "companies": draft.account_id, "deals": draft.deal_id}
    return {kind: own for kind, own in found.items() if own}


_TYPES: Mapping[str, int] = {"contacts": TO_CONTACT, "companies": TO_COMPANY, "deals": TO_DEAL}


def associations(draft: ActivityDraft) -> list[dict[str, Any]]:
    """The associations that a new task is created with."""
    return [{"to": {"id": own}, "types": _types(kind)} for kind, own in parents(draft).items()]


def links(
    drafts: Sequence[ActivityDraft], written: Mapping[str, WriteResult]
) -> dict[str, list[dict[str, Any]]]:
    """The same associations for tasks that are there: object type → inputs of a batch."""
    found: dict[str, list[dict[str, Any]]] = {}
    for draft in drafts:
        task = {"id": written[draft.key].remote_id}
        for kind, own in parents(draft).items():
            one = {"from": task, "to": {"id": own}, "types": _types(kind)}
            found.setdefault(kind, []).append(one)
    return found


def _types(kind: str) -> list[dict[str, Any]]:
    return [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _TYPES[kind]}]
