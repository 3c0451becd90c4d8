"""Endpoints of the account's own object types."""

from __future__ import annotations

from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.definitions import told_property
from connectors.sandbox.hubspot.errors import JSON, not_found
from connectors.sandbox.hubspot.portal import PORTAL_ID
from connectors.sandbox.hubspot.schema import CUSTOM_SCHEMAS
from connectors.sandbox.hubspot.stamps import iso
from connectors.sandbox.hubspot.table import Table


def list_schemas(call: Call) -> Answer:
    """GET /crm/v3/schemas"""
    call.need(CUSTOM_SCHEMAS)
    if call.archived:
        return 200, {"results": []}
    return 200, {"results": [_told(call, call.portal.tables[one]) for one in call.portal.custom]}


def get_schema(call: Call) -> Answer:
    """GET /crm/v3/schemas/{type}"""
    call.need(CUSTOM_SCHEMAS)
    kind = call.portal.types.get(call.path["type"])
    if kind is None or kind.name not in call.portal.custom:
        raise not_found()
    return 200, _told(call, call.portal.tables[kind.name])


def _told(call: Call, table: Table) -> JSON:
    kind = table.kind
    one, many = call.portal.custom[kind.name]
    moment = iso(0)
    associations = [
        {
            "id": str(abs(kinds.there)),
            "fromObjectTypeId": kind.type_id,
            "toObjectTypeId": other.type_id,
            "name": f"{kind.name}_to_{other.name}",
            "createdAt": moment,
            "updatedAt": moment,
        }
        for other in {one.name: one for one in call.portal.types.values()}.values()
        if (kinds := call.portal.links.pair(kind.name, other.name)) is not None
    ]
    return {
        "id": kind.type_id.removeprefix("2-"),
        "objectTypeId": kind.type_id,
        "name": kind.name,
        "fullyQualifiedName": f"p{PORTAL_ID}_{kind.name}",
        "labels": {"singular": one, "plural": many},
        "primaryDisplayProperty": "name",
        "secondaryDisplayProperties": [],
        "requiredProperties": ["name"],
        "searchableProperties": ["name"],
        "properties": [told_property(prop) for prop in table.properties.values()],
        "associations": associations,
        "archived": False,
        "createdAt": moment,
        "updatedAt": moment,
    }
