"""Tasks, events and e-mails: what proves that a rep answered."""

from __future__ import annotations

from connectors.salesforce import records
from connectors.salesforce.messages import RELATIONS, message, told_by_messages
from connectors.salesforce.source import Source
from routing.nouns import Evidence


def evidence(field_prefix: str) -> tuple[Source, ...]:
    """The sources."""
    key = f"{field_prefix}Alert_Key__c"
    return (
        Source(
            name="tasks",
            noun=Evidence,
            sobject="Task",
            needed=(
                "Subject",
                "OwnerId",
                "WhoId",
                "IsClosed",
                "ActivityDate",
                "CreatedDate",
                "TaskSubtype",
            ),
            optional=(
                "AccountId",
                "CallType",
                "CompletedDateTime",
                "CreatedBy.TimeZoneSidKey",
                key,
            ),
            where="IsClosed = true AND WhoId != null AND TaskSubtype IN ('Email', 'Call')",
            recent=True,
            make=lambda row: None if row.get(key) else records.task(row),
            enrich=told_by_messages(),
        ),
        Source(
            name="events",
            noun=Evidence,
            sobject="Event",
            needed=("Subject", "OwnerId", "WhoId", "StartDateTime", "IsAllDayEvent", "IsChild"),
            optional=("AccountId",),
            where="WhoId != null AND IsAllDayEvent = false AND IsChild = false",
            recent=True,
            begins="StartDateTime",
            make=records.meeting,
        ),
        Source(
            name="emails",
            noun=Evidence,
            sobject="EmailMessage",
            needed=("ActivityId", "Incoming", "Status", "MessageDate", "CreatedById"),
            optional=("Subject", "RelatedToId"),
            nested=f"(SELECT RelationId, RelationType FROM {RELATIONS})",  # noqa: S608
            where="ActivityId = null",
            recent=True,
            thinned=True,
            feature="e-mails without a task",
            make=message,
        ),
    )
