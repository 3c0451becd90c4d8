"""What a change that HubSpot tells of is about: webhooks and the journal tell it in like words.

Read with tolerance: what is not understood is about nothing, and polling sees it in its turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.base import Hint

_KINDS = {
    "0-1": "contact",
    "0-2": "company",
    "0-3": "deal",
    "0-18": "communication",
    "0-27": "task",
    "0-47": "meeting",
    "0-48": "call",
    "0-49": "email",
    "0-115": "user",
    "0-136": "lead",
}
_OBJECTS = {
    "contact": ("contacts",),
    "company": ("companies",),
    "deal": ("deals", "deal_collaborators"),
    "task": ("tasks",),
    "meeting": ("meetings",),
    "meeting_event": ("meetings",),
    "call": ("calls",),
    "email": ("emails",),
    "communication": ("communications",),
    "user": ("people", "out_of_office"),
    "lead": ("leads",),
}
PARTICIPANTS = ("deal_contacts",)
_TYPES = ("objectTypeId", "fromObjectTypeId", "toObjectTypeId")
_IDS = ("objectId", "fromObjectId", "toObjectId", "primaryObjectId", "newObjectId")
_BORN = ("creation", "create", "restore", "merge")


def everything() -> Hint:
    """A hint at all that HubSpot can tell of, for when some of it was missed."""
    names = [name for one in _OBJECTS.values() for name in one]
    return Hint(objects=tuple(dict.fromkeys((*names, *PARTICIPANTS))))


def hint(event: Mapping[str, Any]) -> Hint | None:
    """The hint in one event; None when it is about nothing that we know."""
    kinds = _kinds(event)
    names = [name for kind in kinds for name in _OBJECTS.get(kind, ())]
    if "deal" in kinds and ("contact" in kinds or _action(event) in _BORN):
        names += PARTICIPANTS
    if not names:
        return None
    return Hint(objects=tuple(dict.fromkeys(names)), records=_ids(event))


def _kinds(event: Mapping[str, Any]) -> list[str]:
    """The kinds of records in an event: by type id, and in words."""
    told = [
        str(event.get(key) or "") for key in ("objectTypeId", "fromObjectTypeId", "toObjectTypeId")
    ]
    found = [_KINDS.get(one, "") for one in told]
    found.append(str(event.get("subscriptionType") or "").partition(".")[0])
    found += str(event.get("associationType") or "").lower().split("_to_")
    return list(dict.fromkeys(one for one in found if one in _OBJECTS))


def _action(event: Mapping[str, Any]) -> str:
    told = event.get("action") or str(event.get("subscriptionType") or "").rpartition(".")[2]
    return str(told).lower()


def _ids(event: Mapping[str, Any]) -> tuple[str, ...]:
    told: list[Any] = [event.get(key) for key in _IDS]
    merged = event.get("mergedObjectIds")
    told += merged if isinstance(merged, list) else []
    return tuple(dict.fromkeys(_texts(told)))


def _texts(values: Iterable[Any]) -> Iterable[str]:
    return (str(one) for one in values if isinstance(one, (int, str)) and str(one))
