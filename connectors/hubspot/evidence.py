"""Reads what reps did, as HubSpot logged it: e-mails, calls, meetings, messages, other tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from connectors.hubspot.records import OWNER, Links
from connectors.hubspot.values import Row, moment, reference, text
from routing.nouns import Evidence

KEY = "hlr_alert_key"
TOKEN_MARK = "[hl-"  # noqa: S105 - marks our tasks' subjects where no property can be added
_CREATED, _MODIFIED, _WHEN = "hs_createdate", "hs_lastmodifieddate", "hs_timestamp"
_NOT_SENT = frozenset({"BOUNCED", "FAILED", "SCHEDULED", "SENDING"})
_NOT_CALLED = frozenset({"CALLING_CRM_USER", "CANCELED", "CONNECTING", "FAILED", "QUEUED"})
_NOT_MET = frozenset({"CANCELED", "NO_SHOW"})
_BOOKED_BY_THEM = frozenset({"MEETINGS_PUBLIC", "MEETINGS_EMBEDDED"})
"""Sources of meetings that the prospect booked by a link, which no rep did."""
_MACHINES = frozenset({"AUTOMATION_PLATFORM", "SEQUENCES", "MARKETING_EMAIL", "WORKFLOWS"})
"""Sources of records that no person made."""
_SOURCE = "hs_object_source"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one record says: when, which way, and under what subject."""

    at: datetime | None
    subject: str
    outbound: bool = True
    automated: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One object type that holds evidence. ``read`` is None for a record that proves nothing."""

    kind: str
    properties: tuple[str, ...]
    read: Callable[[Row], Seen | None]


def _email(row: Row) -> Seen | None:
    if text(row, "hs_email_status") in _NOT_SENT:
        return None
    return Seen(
        moment(row, _WHEN),
        text(row, "hs_email_subject"),
        outbound=text(row, "hs_email_direction") in ("EMAIL", ""),
        automated=bool(text(row, "hs_sequence_id")) or _by_machine(row),
    )


def _call(row: Row) -> Seen | None:
    if text(row, "hs_call_status") in _NOT_CALLED:
        return None
    outbound = text(row, "hs_call_direction") != "INBOUND"
    at = moment(row, _WHEN)
    return Seen(at, text(row, "hs_call_title"), outbound, automated=_by_machine(row))


def _meeting(row: Row) -> Seen | None:
    """A meeting that was still to come when it was last touched tells when it was booked."""
    if text(row, "hs_meeting_outcome") in _NOT_MET:
        return None
    at = moment(row, "hs_meeting_start_time") or moment(row, _WHEN)
    touched = moment(row, _MODIFIED)
    if at is not None and touched is not None and at > touched:
        at = moment(row, _CREATED)
    outbound = text(row, "hs_meeting_source") not in _BOOKED_BY_THEM
    return Seen(at, text(row, "hs_meeting_title"), outbound, automated=_by_machine(row))


def _message(row: Row) -> Seen | None:
    """WhatsApp, LinkedIn, SMS: HubSpot keeps no direction of those that reps log."""
    channel = text(row, "hs_communication_channel_type").replace("_", " ").capitalize()
    return Seen(moment(row, _WHEN), channel, automated=_by_machine(row))


def _by_machine(row: Row) -> bool:
    return text(row, _SOURCE).upper() in _MACHINES


def _task(row: Row) -> Seen | None:
    subject = text(row, "hs_task_subject")
    if text(row, "hs_task_status") != "COMPLETED" or text(row, KEY) or TOKEN_MARK in subject:
        return None
    at = moment(row, "hs_task_completion_date") or moment(row, _MODIFIED)
    return Seen(at, subject)


KINDS = {
    "emails": Kind(
        "email",
        ("hs_email_direction", "hs_email_status", "hs_email_subject", "hs_sequence_id"),
        _email,
    ),
    "calls": Kind("call", ("hs_call_direction", "hs_call_status", "hs_call_title"), _call),
    "meetings": Kind(
        "meeting",
        ("hs_meeting_outcome", "hs_meeting_start_time", "hs_meeting_title", "hs_meeting_source"),
        _meeting,
    ),
    "communications": Kind("message", ("hs_communication_channel_type",), _message),
    "tasks": Kind(
        "task", ("hs_task_status", "hs_task_subject", "hs_task_completion_date", KEY), _task
    ),
}
EVERY = (_CREATED, _MODIFIED, _WHEN, OWNER, _SOURCE)


def evidence(
    name: str, rows: Iterable[Row], contacts: Callable[[list[str]], Links]
) -> list[Evidence]:
    """The evidence in these rows, one for each contact that a row names.

    ``contacts`` finds the contacts of records by id and is asked for the telling ones only.
    """
    kind = KINDS[name]
    telling = [(row, seen) for row in rows if (seen := kind.read(row)) and seen.at]
    links = contacts([str(row["id"]) for row, _ in telling]) if telling else {}
    return [
        Evidence(
            id=f"{kind.kind}:{row['id']}:{link.id}",
            kind=kind.kind,
            at=seen.at,
            person_id=reference(row, OWNER),
            prospect_id=link.id,
            outbound=seen.outbound,
            automated=seen.automated,
            subject=seen.subject,
            modified_at=moment(row, _MODIFIED),
        )
        for row, seen in telling
        for link in links.get(str(row["id"]), ())
        if seen.at is not None
    ]
