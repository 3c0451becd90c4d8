"""Companies v2 and deals v1, which HubSpot supports until September 2027; others still use them.

Values come as objects with a stamp and a source, times as epoch milliseconds. One version of a
value is all that this account remembers.
"""

from __future__ import annotations

from collections.abc import Collection

from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.definitions import told_property
from connectors.sandbox.hubspot.errors import JSON, not_found, refused
from connectors.sandbox.hubspot.portal import PORTAL_ID
from connectors.sandbox.hubspot.stamps import parse
from connectors.sandbox.hubspot.table import Record, Table

_MOST = 250
_USUAL = 100
_OF_DEALS = (
    ("associatedVids", "contacts"),
    ("associatedCompanyIds", "companies"),
    ("associatedDealIds", "deals"),
)
_MODERN = ("createdAt", "updatedAt", "archived", "archivedAt", "modificationMetadata")
"""What the definitions of version 3 have and the older ones have not."""


def company_properties(call: Call) -> Answer:
    """GET /companies/v2/properties"""
    return _definitions(call, "companies")


def deal_properties(call: Call) -> Answer:
    """GET /properties/v1/deals/properties"""
    return _definitions(call, "deals")


def list_companies(call: Call) -> Answer:
    """GET /companies/v2/companies/paged"""
    table = _table(call, "companies")
    rows, offset = _page(call, table)
    names = call.query.getlist("properties")
    told = [_company(table, row, names) for row in rows]
    return 200, {"companies": told, "has-more": offset is not None, "offset": _last(rows)}


def get_company(call: Call) -> Answer:
    """GET /companies/v2/companies/{id}"""
    table = _table(call, "companies")
    text = call.path["id"]
    record = table.live.get(int(text)) if text.isascii() and text.isdigit() else None
    if record is None:
        raise not_found()
    return 200, _company(table, record, table.properties)


def list_deals(call: Call) -> Answer:
    """GET /deals/v1/deal/paged"""
    table = _table(call, "deals")
    rows, offset = _page(call, table)
    every = _said(call, "includeAllProperties")
    names: Collection[str] = table.properties if every else call.query.getlist("properties")
    told = [_deal(call, table, row, names) for row in rows]
    return 200, {"deals": told, "hasMore": offset is not None, "offset": _last(rows)}


def _definitions(call: Call, kind: str) -> Answer:
    told = [told_property(one) for one in _table(call, kind).properties.values()]
    return 200, [{key: one[key] for key in one if key not in _MODERN} for one in told]


def _table(call: Call, kind: str) -> Table:
    table = call.portal.table(kind)
    call.need(*table.kind.read)
    return table


def _page(call: Call, table: Table) -> tuple[list[Record], int | None]:
    limit = min(call.number("limit", _USUAL, _MOST), call.portal.most_rows)
    offset = call.query.get("offset") or "0"
    if not offset.isascii() or not offset.isdigit():
        raise refused(f"Invalid offset: {offset}")
    return table.after(int(offset), limit, archived=False)


def _last(rows: list[Record]) -> int:
    return rows[-1].id if rows else 0


def _said(call: Call, name: str) -> bool:
    return call.query.get(name, "false").lower() == "true"


def _company(table: Table, record: Record, names: Collection[str]) -> JSON:
    return {
        "portalId": PORTAL_ID,
        "companyId": record.id,
        "isDeleted": False,
        "properties": _values(table, record, names),
        "additionalDomains": [],
        "stateChanges": [],
        "mergeAudits": [],
    }


def _deal(call: Call, table: Table, record: Record, names: Collection[str]) -> JSON:
    asked = _said(call, "includeAssociations")
    of = call.portal.links.of
    linked = {key: list(of("deals", record.id, to)) if asked else [] for key, to in _OF_DEALS}
    return {
        "portalId": PORTAL_ID,
        "dealId": record.id,
        "isDeleted": False,
        "associations": linked,
        "properties": _values(table, record, names),
        "imports": [],
        "stateChanges": [],
    }


def _values(table: Table, record: Record, names: Collection[str]) -> JSON:
    kind = table.kind
    held: dict[str, str] = {
        **record.props,
        kind.created: str(record.created),
        kind.modified: str(record.modified),
        "hs_object_id": str(record.id),
    }
    told: JSON = {}
    for name in names:
        one = table.properties.get(name)
        if one is None or name not in held:
            continue
        value = held[name]
        if one.type in ("date", "datetime"):
            value = str(parse(value) or value)
        stamp = record.created if name == kind.created else record.modified
        version = {"name": name, "value": value, "timestamp": stamp, "source": "API"}
        told[name] = {
            "value": value,
            "timestamp": stamp,
            "source": "API",
            "sourceId": None,
            "versions": [{**version, "sourceVid": []}],
        }
    return told
