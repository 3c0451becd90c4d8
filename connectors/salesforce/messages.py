"""E-mails of Enhanced Email. Each one mostly has a task, which then is the evidence.

The task does not say whether the e-mail came in or went out, nor when; its e-mail does. An e-mail
without a task is evidence itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingFieldError, MissingObjectError
from connectors.salesforce.values import Row, moment, reference, rows_of, soql_text, text
from routing.nouns import Evidence

RELATIONS = "EmailMessageRelations"
INCOMING = "_Incoming"
SENT_AT = "_MessageDate"
_DRAFT = "5"
_AT_ONCE = 500
"""Ids of one query: its address stays well below what the org takes."""
_LOOK_AGAIN = 86_400.0
_PEOPLE = ("003", "00Q")


def told_by_messages() -> Callable[[Client, list[Row]], None]:
    """A look-up that puts direction and time of its e-mail into the row of each e-mail's task."""
    off_until = 0.0

    def enrich(client: Client, rows: list[Row]) -> None:
        nonlocal off_until
        mails = {text(row["Id"]): row for row in rows if row.get("TaskSubtype") == "Email"}
        if not mails or time.monotonic() < off_until:
            return
        ids = list(mails)
        try:
            for start in range(0, len(ids), _AT_ONCE):
                _tell(client, {one: mails[one] for one in ids[start : start + _AT_ONCE]})
        except (MissingFieldError, MissingObjectError):
            off_until = time.monotonic() + _LOOK_AGAIN

    return enrich


def _tell(client: Client, mails: dict[str, Row]) -> None:
    among = ", ".join(soql_text(one) for one in mails)
    columns = "ActivityId, Incoming, MessageDate"
    found = client.query(f"SELECT {columns} FROM EmailMessage WHERE ActivityId IN ({among})")  # noqa: S608
    while True:
        for one in found["records"]:
            row = mails.get(text(one.get("ActivityId")))
            if row is not None:
                row[INCOMING], row[SENT_AT] = one.get("Incoming"), one.get("MessageDate")
        if found["done"]:
            return
        found = client.more(str(found["nextRecordsUrl"]))


def message(row: Row) -> Evidence | None:
    """An e-mail that has no task, if it was sent and is about a contact or a lead."""
    incoming = bool(row.get("Incoming"))
    at = moment(row.get("MessageDate"))
    related = {
        text(one.get("RelationType")): text(one.get("RelationId"))
        for one in reversed(rows_of(row.get(RELATIONS)))
        if one.get("RelationId")
    }
    prospect = related.get("FromAddress" if incoming else "ToAddress", "")
    if row.get("ActivityId") or row.get("Status") == _DRAFT or at is None:
        return None
    if not prospect.startswith(_PEOPLE):
        return None
    sender = related.get("ToAddress" if incoming else "FromAddress", "")
    about = text(row.get("RelatedToId"))
    return Evidence(
        id=text(row["Id"]),
        kind="email",
        at=at,
        person_id=sender if sender.startswith("005") else reference(row.get("CreatedById")),
        prospect_id=prospect,
        account_id=about if about.startswith("001") else None,
        outbound=not incoming,
        subject=text(row.get("Subject")),
        modified_at=moment(row.get("SystemModstamp")),
    )
