"""Endpoints of owners and the account itself."""

from __future__ import annotations

from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.errors import JSON, no_page, refused
from connectors.sandbox.hubspot.portal import PORTAL_ID, Owner
from connectors.sandbox.hubspot.schema import OWNERS_READ
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
    teams = [(owner.team, True), *((name, False) for name in owner.other_teams)]
    if found := [_team(name, primary=primary) for name, primary in teams if name]:
        told["teams"] = found
    return told


def _team(name: str, *, primary: bool) -> JSON:
    return {"id": str(sum(name.encode()) + 10_000), "name": name, "primary": primary}


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
        raise no_page()
    return 200, _told(owner)


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
