"""What tasks of all CRMs have in common when a rep has left, or a record is gone."""

from __future__ import annotations

from dataclasses import replace

from connectors.base import ActivityDraft


def next_owner(draft: ActivityDraft, note: str) -> ActivityDraft | None:
    """The draft for whoever comes next, at last for nobody; None when that was tried already."""
    if draft.owner_id is None:
        return None
    following = next(iter(draft.other_owners), None)
    others, body = draft.other_owners[1:], noted(draft.body, note)
    return replace(draft, owner_id=following, other_owners=others, body=body)


def noted(body: str, note: str) -> str:
    """The text with a line at its end, once."""
    return body if note in body else f"{body}\n{note}"
