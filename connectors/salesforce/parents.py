"""Finds what became of the records that tasks are about: merged, converted or deleted since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.base import ActivityDraft
from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingFieldError, MissingObjectError

_MOST_STEPS = 6
"""Merges of merges that are followed; more than any org has in one line."""
_FIELDS: Mapping[str, str] = {
    "Contact": "MasterRecordId",
    "Lead": "MasterRecordId, IsConverted, ConvertedContactId, ConvertedAccountId, "
    "ConvertedOpportunityId",
    "Account": "MasterRecordId",
    "Opportunity": "AccountId",
}
Row = Mapping[str, Any]
Rows = dict[str, Row]


def as_they_stand(client: Client, drafts: Sequence[ActivityDraft]) -> list[ActivityDraft]:
    """The drafts, in order, about the records that go on for theirs; without those that are gone.

    Raises ConnectorError.
    """
    rows: Rows = {}
    asked: set[str] = set()
    found = list(drafts)
    for _ in range(_MOST_STEPS):
        unknown = {pair for draft in found for pair in _pairs(draft) if pair[1] not in asked}
        if not unknown:
            break
        for sobject in _FIELDS:
            ids = sorted(one for kind, one in unknown if kind == sobject)
            rows |= _read(client, sobject, ids) if ids else {}
        asked |= {one for _, one in unknown}
        found = [_followed(draft, rows) for draft in found]
    return found


def _pairs(draft: ActivityDraft) -> list[tuple[str, str]]:
    who = "Lead" if draft.prospect_kind == "lead" else "Contact"
    named = (
        (who, draft.prospect_id),
        ("Account", draft.account_id),
        ("Opportunity", draft.deal_id),
    )
    return [(kind, one) for kind, one in named if one]


def _read(client: Client, sobject: str, ids: Sequence[str]) -> Rows:
    """The rows of these records, the deleted ones too; none where the object is hidden from us."""
    quoted = ", ".join(f"'{one}'" for one in ids if one.isalnum())
    if not quoted:
        return {}
    # The names are ours, and ids are letters and digits.
    soql = f"SELECT Id, IsDeleted, {_FIELDS[sobject]} FROM {sobject} WHERE Id IN ({quoted})"  # noqa: S608
    try:
        page = client.query(soql, deleted=True)
    except (MissingObjectError, MissingFieldError):
        return {}
    return {str(row["Id"]): row for row in page["records"]}


def _followed(draft: ActivityDraft, rows: Rows) -> ActivityDraft:
    """One step further from each record that is no longer what it was."""
    changes: dict[str, Any] = {}
    who = rows.get(draft.prospect_id or "")
    if who is not None and who.get("IsConverted"):
        changes = {
            "prospect_id": who.get("ConvertedContactId"),
            "prospect_kind": "contact",
            "account_id": draft.account_id or who.get("ConvertedAccountId"),
            "deal_id": draft.deal_id or who.get("ConvertedOpportunityId"),
        }
    elif draft.prospect_id:
        changes["prospect_id"] = _heir(draft.prospect_id, who)
    if draft.account_id:
        changes["account_id"] = _heir(draft.account_id, rows.get(draft.account_id))
    deal = rows.get(draft.deal_id or "")
    if draft.deal_id and (deal is None or deal.get("IsDeleted")):
        changes["deal_id"] = None
        changes.setdefault("account_id", (deal or {}).get("AccountId"))
    return replace(draft, **changes)


def _heir(record_id: str, row: Row | None) -> str | None:
    """The record itself while it lives, else the one that it was merged into; None for neither."""
    if row is None:
        return None
    if not row.get("IsDeleted"):
        return record_id
    master = row.get("MasterRecordId")
    return str(master) if master else None
