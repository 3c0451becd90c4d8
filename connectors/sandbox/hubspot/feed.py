"""What changes in the account, in the words of the webhooks and of the journal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from connectors.sandbox.hubspot.portal import PORTAL_ID, Change, Portal
from connectors.sandbox.hubspot.schema import BY_NAME, singular
from connectors.sandbox.hubspot.stamps import iso

APP_ID = 4815162
JSON = dict[str, Any]
_LEGACY = {"contacts": "contact", "companies": "company", "deals": "deal"}
"""The types that had webhooks of their own before there was ``object.*``."""
_ACTIONS = {
    "creation": "CREATE",
    "propertyChange": "UPDATE",
    "deletion": "DELETE",
    "merge": "MERGE",
    "restore": "RESTORE",
}
_numbers = itertools.count(3_816_279_340)


def hook_events(change: Change, *, generic: bool) -> Iterator[JSON]:
    """The events that a webhook is sent for a change; a changed property is an event each."""
    word = "object" if generic or change.kind not in _LEGACY else _LEGACY[change.kind]
    told: JSON = {
        "eventId": next(_numbers),
        "subscriptionId": 22,
        "portalId": PORTAL_ID,
        "appId": APP_ID,
        "occurredAt": change.at,
        "subscriptionType": f"{word}.{change.action}",
        "attemptNumber": 0,
        "changeSource": "CRM",
    }
    if generic or word == "object":
        told["objectTypeId"] = BY_NAME[change.kind].type_id
    if change.action == "associationChange":
        ends = {"fromObjectId": change.id, "toObjectId": change.other}
        kinds = (change.kind, change.other_kind)
        if generic:
            del told["objectTypeId"]
            names = ("fromObjectTypeId", "toObjectTypeId")
            told |= {name: BY_NAME[kind].type_id for name, kind in zip(names, kinds, strict=True)}
        else:
            told["associationType"] = "_TO_".join(singular(kind).upper() for kind in kinds)
        yield told | ends | {"associationRemoved": change.removed, "isPrimaryAssociation": False}
    elif change.action == "propertyChange":
        for name, value in change.props.items():
            one = {"objectId": change.id, "propertyName": name, "propertyValue": value}
            yield told | one | {"eventId": next(_numbers)}
    elif change.action == "merge":
        merged = {"mergedObjectIds": [change.other], "primaryObjectId": change.id}
        yield told | {"objectId": change.id, "newObjectId": change.id} | merged
    else:
        yield told | {"objectId": change.id}


def journal_events(change: Change) -> Iterator[JSON]:
    """The events that the journal holds for a change."""
    told: JSON = {"portalId": PORTAL_ID, "occurredAt": iso(change.at)}
    type_id = BY_NAME[change.kind].type_id
    if change.action == "associationChange":
        action = "ASSOCIATION_REMOVED" if change.removed else "ASSOCIATION_ADDED"
        yield told | {
            "type": "association",
            "action": action,
            "fromObjectTypeId": type_id,
            "fromObjectId": change.id,
            "toObjectTypeId": BY_NAME[change.other_kind].type_id,
            "toObjectId": change.other,
        }
        return
    made = told | {"type": "object", "objectTypeId": type_id, "objectId": change.id}
    made["action"] = _ACTIONS[change.action]
    if change.props:
        made["propertyChanges"] = dict(change.props)
    if change.action == "merge":
        made["mergedObjectIds"] = [change.other]
    yield made


def wanted_by(subscription: JSON, change: Change) -> bool:
    """Whether a subscription of the journal is about a change."""
    ends = {BY_NAME[one].type_id for one in (change.kind, change.other_kind) if one}
    if subscription["objectTypeId"] not in ends or subscription["portalId"] != PORTAL_ID:
        return False
    action = next(journal_events(change))["action"]
    if action not in subscription["actions"]:
        return False
    if subscription["subscriptionType"] == "ASSOCIATION":
        return bool(ends & set(subscription["associatedObjectTypeIds"]))
    names = set(subscription.get("properties") or ())
    return change.action != "propertyChange" or bool(names & set(change.props))


def watch(portal: Portal, changes: list[Change]) -> None:
    """Gather every change of the account from now on."""
    portal.watchers.append(changes.append)
