"""Finds the task of a draft that may have been written.

Where HubSpot keeps our key unique, by the key. Elsewhere among the tasks of its contact, company
or deal, which are there at once, and then by search, whose index lags.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.base import ActivityDraft
from connectors.hubspot.evidence import KEY
from connectors.hubspot.properties import TaskShape
from connectors.hubspot.reading import Reader, Rows, where
from connectors.hubspot.tasks import SUBJECT, is_of, parents, token

_PARENTS = ("contacts", "companies", "deals")
Drafts = Sequence[ActivityDraft]


def look_up(reader: Reader, drafts: Drafts, shape: TaskShape) -> dict[str, str]:
    """Keys of the drafts that have a task, and its id. Raises ConnectorError."""
    if not drafts:
        return {}
    if shape.unique:
        rows = reader.by_key("tasks", [KEY], [draft.key for draft in drafts], KEY)
        return _matching(drafts, rows, shape)
    found: dict[str, str] = {}
    for kind in _PARENTS:
        mine = [one for one in drafts if next(iter(parents(one)), "") == kind]
        found |= _among_tasks_of(reader, kind, mine, shape) if mine else {}
    rest = [draft for draft in drafts if draft.key not in found]
    return found | _by_search(reader, rest, shape)


def _among_tasks_of(reader: Reader, kind: str, drafts: Drafts, shape: TaskShape) -> dict[str, str]:
    links = reader.associated(kind, [parents(one)[kind] for one in drafts], "tasks")
    ids = sorted({link.id for found in links.values() for link in found})
    return _matching(drafts, reader.by_key("tasks", [KEY, SUBJECT], ids), shape)


def _by_search(reader: Reader, drafts: Drafts, shape: TaskShape) -> dict[str, str]:
    found: dict[str, str] = {}
    for draft in drafts:
        wanted = (
            where(KEY, "EQ", draft.key)
            if KEY in shape.names
            else where(SUBJECT, "CONTAINS_TOKEN", token(draft.key))
        )
        stamps = [KEY, SUBJECT, "hs_lastmodifieddate"]
        for rows in reader.found_by("tasks", stamps, [wanted]):
            found |= _matching([draft], rows, shape)
    return found


def _matching(drafts: Drafts, rows: Rows, shape: TaskShape) -> dict[str, str]:
    return {
        draft.key: str(row["id"]) for row in rows for draft in drafts if is_of(draft, row, shape)
    }
