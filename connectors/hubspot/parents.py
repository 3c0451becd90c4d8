"""Finds what became of the records that tasks are about: merged or deleted since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.base import ActivityDraft
from connectors.hubspot.reading import Reader, stamp_name, where
from connectors.hubspot.tasks import parents
from connectors.hubspot.values import Row, text

_MERGED = "hs_merged_object_ids"
_KINDS = {"contacts": "prospect_id", "companies": "account_id", "deals": "deal_id"}


def as_they_stand(reader: Reader, drafts: Sequence[ActivityDraft]) -> list[ActivityDraft]:
    """The drafts, in order, about the records that go on for theirs; without those that are gone.

    Raises ConnectorError.
    """
    found = list(drafts)
    for kind, field in _KINDS.items():
        ids = sorted({parents(draft)[kind] for draft in found if kind in parents(draft)})
        if ids:
            heirs = _heirs(reader, kind, ids)
            found = [_followed(draft, kind, field, heirs) for draft in found]
    return found


def _followed(
    draft: ActivityDraft, kind: str, field: str, heirs: Mapping[str, str]
) -> ActivityDraft:
    if kind not in parents(draft):
        return draft
    changes: dict[str, Any] = {field: heirs.get(parents(draft)[kind])}
    return replace(draft, **changes)


def _heirs(reader: Reader, kind: str, ids: Sequence[str]) -> Mapping[str, str]:
    """Each id that goes on in some record, and that record's id."""
    wanted = set(ids)
    heirs = _claimed(reader.by_key(kind, [_MERGED], ids), wanted)
    for one in sorted(wanted - heirs.keys()):
        # Not every merged id leads to its survivor; the survivor knows it.
        filters = [where(_MERGED, "CONTAINS_TOKEN", one)]
        for rows in reader.found_by(kind, [_MERGED, stamp_name(kind)], filters):
            heirs |= _claimed(rows, wanted)
    return heirs


def _claimed(rows: Iterable[Row], wanted: set[str]) -> dict[str, str]:
    claimed: dict[str, str] = {}
    for row in rows:
        own = str(row["id"])
        for one in (own, *text(row, _MERGED).split(";")):
            if one in wanted:
                claimed[one] = own
    return claimed
