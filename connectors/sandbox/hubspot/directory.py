"""Endpoints of owners, pipelines and the account itself."""

from __future__ import annotations

from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.errors import JSON, not_found, refused
from connectors.sandbox.hubspot.portal import PORTAL_ID, Owner
from connectors.sandbox.hubspot.schema import DEALS_READ, OWNERS_READ
from connectors.sandbox.hubspot.stamps import iso


def _told(owner: Owner) -> JSON:
    told: JSON = {
        "id": str(owner.id),
        "email": owner.email,
        "type": owner.type,
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "userId": None if owner.archived else owner.user_id,
        "userIdIncludingInactive": owner.user_id,
        "createdAt": iso(owner.stamp),
        "updatedAt": iso(owner.stamp),
        "archived": owner.archived,
    }
    if owner.team:
        number = str(sum(owner.team.encode()) + 10_000)
        told["teams"] = [{"id": number, "name": owner.team, "primary": True}]
    return told


def list_owners(call: Call) -> Answer:
    """GET /crm/v3/owners"""
    call.need(OWNERS_READ)
    limit = call.number("limit", 100, 500)
    after = call.query.get("after") or "0"
    if not after.isdigit():
        raise refused(f"after: {after} is not a cursor of this list")
    email = (call.query.get("email") or "").lower()
    rows = [
        one
        for key, one in sorted(call.portal.owners.items())
        if one.archived is call.archived and email in ("", one.email.lower()) and key > int(after)
    ]
    answer: JSON = {"results": [_told(one) for one in rows[:limit]]}
    if len(rows) > limit:
        answer["paging"] = {"next": {"after": str(rows[limit - 1].id)}}
    return 200, answer


def get_owner(call: Call) -> Answer:
    """GET /crm/v3/owners/{id}"""
    call.need(OWNERS_READ)
    key = call.path["id"]
    owner = call.portal.owners.get(int(key)) if key.isdigit() else None
    if owner is None or owner.archived is not call.archived:
        raise not_found()
    return 200, _told(owner)


def list_pipelines(call: Call) -> Answer:
    """GET /crm/v3/pipelines/{type}"""
    if call.portal.table(call.path["type"]).kind.name != "deals":
        raise not_found()
    call.need(DEALS_READ)
    pipeline = call.portal.pipeline
    moment = iso(0)
    dates = {"createdAt": moment, "updatedAt": moment, "archived": False}
    stages = [
        {
            "id": stage.id,
            "label": stage.label,
            "displayOrder": order,
            "metadata": {
                "isClosed": str(stage.closed).lower(),
                "probability": str(stage.probability),
            },
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            **dates,
        }
        for order, stage in enumerate(pipeline.stages)
    ]
    told = {
        "id": pipeline.id,
        "label": pipeline.label,
        "displayOrder": 0,
        "stages": stages,
        **dates,
    }
    return 200, {"results": [told]}


def account_details(_: Call) -> Answer:
    """GET /account-info/v3/details"""
    return 200, {
        "portalId": PORTAL_ID,
        "accountType": "STANDARD",
        "timeZone": "US/Eastern",
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": "-05:00",
        "utcOffsetMilliseconds": -18_000_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
