"""Endpoints of properties and their groups."""

from __future__ import annotations

import re

from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.errors import (
    JSON,
    HubspotError,
    bad_json,
    conflict,
    not_found,
    refused,
)
from connectors.sandbox.hubspot.schema import SCHEMAS_WRITE, Property
from connectors.sandbox.hubspot.stamps import iso
from connectors.sandbox.hubspot.table import Table

_TYPES = frozenset({"string", "number", "date", "datetime", "enumeration", "bool"})
_FIELD_TYPES = frozenset(
    [
        "textarea",
        "text",
        "date",
        "file",
        "number",
        "select",
        "radio",
        "checkbox",
        "booleancheckbox",
        "calculation_equation",
    ]
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


def told_property(one: Property) -> JSON:
    """A definition as the API tells it."""
    told: JSON = {
        "name": one.name,
        "label": one.label,
        "type": one.type,
        "fieldType": one.field_type,
        "description": one.description,
        "groupName": one.group,
        "options": [
            {"label": text, "value": text, "displayOrder": order, "hidden": False}
            for order, text in enumerate(one.options)
        ],
        "displayOrder": -1,
        "calculated": one.calculated,
        "externalOptions": one.owner,
        "archived": one.archived is not None,
        "hasUniqueValue": one.unique,
        "hidden": False,
        "hubspotDefined": one.own,
        "formField": False,
        "createdAt": iso(0),
        "updatedAt": iso(0),
        "modificationMetadata": {
            "archivable": not one.own,
            "readOnlyDefinition": one.own,
            "readOnlyValue": one.read_only or one.calculated,
        },
    }
    if one.archived is not None:
        told["archivedAt"] = iso(one.archived)
    if one.formula:
        told["calculationFormula"] = one.formula
    return told | ({"referencedObjectType": "OWNER"} if one.owner else {})


def list_properties(call: Call) -> Answer:
    """GET /crm/v3/properties/{type}"""
    table = call.table()
    found = table.dropped if call.archived else table.properties
    return 200, {"results": [told_property(one) for one in found.values()]}


def get_property(call: Call) -> Answer:
    """GET /crm/v3/properties/{type}/{name}"""
    table = call.table()
    found = (table.dropped if call.archived else table.properties).get(call.path["name"])
    if found is None:
        raise _unknown(call.path["name"])
    return 200, told_property(found)


def _may_define(call: Call) -> Table:
    table = call.portal.table(call.path["type"])
    call.need(SCHEMAS_WRITE)
    if table.kind.name == "tasks" and not call.portal.task_properties:
        raise refused("Custom properties cannot be created on the object type TASK")
    return table


def create_property(call: Call) -> Answer:
    """POST /crm/v3/properties/{type}"""
    table = _may_define(call)
    body = call.body()
    missing = [
        key for key in ("groupName", "name", "label", "type", "fieldType") if not body.get(key)
    ]
    if missing:
        raise bad_json(f"Some required fields were not set: [{', '.join(missing)}]")
    name = str(body["name"])
    if not _NAME.fullmatch(name):
        raise refused(f"{name!r} is not a valid property name")
    if body["type"] not in _TYPES or body["fieldType"] not in _FIELD_TYPES:
        raise refused(f"{body['type']} and {body['fieldType']} are no valid kinds of property")
    if body["groupName"] not in table.groups:
        raise refused(f"Property group {body['groupName']} does not exist")
    if name in table.properties:
        what = f"A property named '{name}' already exists."
        raise conflict(what, category="OBJECT_ALREADY_EXISTS")
    unique = bool(body.get("hasUniqueValue"))
    if unique and table.kind.name == "tasks" and not call.portal.unique_task_property:
        raise refused("Unique properties are not supported for the object type TASK")
    made = Property(
        name=name,
        type=str(body["type"]),
        field_type=str(body["fieldType"]),
        label=str(body["label"]),
        description=str(body.get("description") or ""),
        group=str(body["groupName"]),
        options=tuple(str(one["value"]) for one in body.get("options") or []),
        unique=unique,
        owner=body.get("referencedObjectType") == "OWNER",
        own=False,
    )
    call.portal.define(table, made)
    return 201, told_property(made)


def archive_property(call: Call) -> Answer:
    """DELETE /crm/v3/properties/{type}/{name}"""
    table = _may_define(call)
    found = table.properties.get(call.path["name"])
    if found is None:
        raise _unknown(call.path["name"])
    if found.own:
        raise refused(f"The property {found.name} is defined by HubSpot and cannot be archived")
    table.drop(found.name, call.portal.stamp())
    return 204, None


def update_property(call: Call) -> Answer:
    """PATCH /crm/v3/properties/{type}/{name}"""
    table = _may_define(call)
    found, body = table.properties.get(call.path["name"]), call.body()
    if found is None:
        raise _unknown(call.path["name"])
    if found.own and set(body) - {"options"}:
        raise refused(f"The definition of {found.name} is read only")
    for key, name in (("label", "label"), ("description", "description"), ("groupName", "group")):
        if key in body:
            setattr(found, name, str(body[key]))
    return 200, told_property(found)


def _unknown(name: str) -> HubspotError:
    return not_found(f"Property {name} does not exist")


def list_groups(call: Call) -> Answer:
    """GET /crm/v3/properties/{type}/groups"""
    return 200, {"results": [_group(*one) for one in call.table().groups.items()]}


def create_group(call: Call) -> Answer:
    """POST /crm/v3/properties/{type}/groups"""
    table = _may_define(call)
    body = call.body()
    if not body.get("name") or not body.get("label"):
        raise bad_json("Some required fields were not set: [name, label]")
    if body["name"] in table.groups:
        what = f"A property group named '{body['name']}' already exists."
        raise conflict(what, category="OBJECT_ALREADY_EXISTS")
    table.groups[str(body["name"])] = str(body["label"])
    return 201, _group(str(body["name"]), str(body["label"]))


def _group(name: str, label: str) -> JSON:
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}
