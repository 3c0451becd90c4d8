"""Fills an org: what every org has from the start, and a world told in no CRM's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox.salesforce import writes
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.times import stamp
from connectors.sandbox.world import World, WorldContact, WorldDeal, WorldPerson

_STATUSES = (
    ("Not Started", False),
    ("In Progress", False),
    ("Completed", True),
    ("Waiting on someone else", False),
    ("Deferred", False),
)
_STANDARD = "Standard User"
_INTEGRATION = "Minimum Access - API Only Integrations"


def prepare(org: Org) -> None:
    """The org's own records: organization, licences, profiles, the integration user, statuses."""
    org.org_id = _add(org, "Organization", Name="Sandbox", TimeZoneSidKey="America/New_York")
    profiles = ((_STANDARD, "Salesforce"), (_INTEGRATION, "Salesforce Integration"))
    for profile, licence in profiles:
        key = _add(org, "UserLicense", Name=licence, LicenseDefinitionKey=licence[:40])
        _add(org, "Profile", Name=profile, UserType="Standard", UserLicenseId=key)
    for place, (status, closed) in enumerate(_STATUSES):
        _add(
            org,
            "TaskStatus",
            MasterLabel=status,
            ApiName=status,
            SortOrder=place + 1,
            IsDefault=place == 0,
            IsClosed=closed,
        )
    org.user_id = _user(
        org,
        WorldPerson(
            key="",
            name="Hotlead Integration",
            email="hotlead-integration@sandbox.example",
            role="",
            time_zone="America/Los_Angeles",
        ),
        _INTEGRATION,
    )


def load_world(org: Org, world: World) -> dict[str, str]:
    """The ids of the world's keys. What has no owner belongs to the integration user."""
    ids: dict[str, str] = {}
    _people(org, world, ids)
    for place, stage in enumerate(world.stages):
        ids[stage.key] = _add(
            org,
            "OpportunityStage",
            MasterLabel=stage.label,
            ApiName=stage.label,
            IsActive=True,
            SortOrder=place + 1,
            IsClosed=stage.is_closed,
            IsWon=stage.is_won,
            DefaultProbability=stage.probability,
            ForecastCategoryName=_forecast(stage.is_closed, stage.is_won),
        )
    _accounts(org, world, ids)
    for contact in world.contacts:
        ids[contact.key] = _prospect(org, contact, ids)
    labels = {stage.key: stage.label for stage in world.stages}
    for deal in world.deals:
        _deal(org, deal, labels[deal.stage], ids)
    for person in world.people:
        if not person.active:  # last: nobody inactive may be given records, but may have them
            writes.update(org, "User", ids[person.key], {"IsActive": False}, trusted=True)
    return ids


def _people(org: Org, world: World, ids: dict[str, str]) -> None:
    roles: dict[str, str] = {}
    for person in world.people:
        name = f"{person.role} {person.team}".strip()
        if name and name not in roles:
            developer = "_".join(name.split())
            roles[name] = _add(org, "UserRole", Name=name, DeveloperName=developer)
        ids[person.key] = _user(org, person, _STANDARD, UserRoleId=roles.get(name))
    for person in world.people:
        above = {
            "ManagerId": ids.get(person.manager or ""),
            "DelegatedApproverId": ids.get(person.backup or ""),
        }
        writes.update(org, "User", ids[person.key], _given(above), trusted=True)
        for start, end in person.away:
            writes.create(
                org,
                "OutOfOffice",
                {
                    "UserId": ids[person.key],
                    "StartDate": stamp(start),
                    "EndDate": stamp(_last_day(end, person.time_zone)),
                    "Message": "Out of office",
                },
            )


def _user(org: Org, person: WorldPerson, profile: str, **more: Any) -> str:
    first, last = _names(person.name)
    profiles = org.tables["profile"].rows.values()
    profile_id = next(one["Id"] for one in profiles if one["Name"] == profile)
    return _add(
        org,
        "User",
        Username=person.email,
        FirstName=first,
        LastName=last,
        Email=person.email,
        Alias=last[:8],
        CommunityNickname=person.email[:40],
        Title=person.title,
        TimeZoneSidKey=person.time_zone,
        LocaleSidKey="en_US",
        LanguageLocaleKey="en_US",
        EmailEncodingKey="UTF-8",
        IsActive=True,
        ProfileId=profile_id,
        **more,
    )


def _accounts(org: Org, world: World, ids: dict[str, str]) -> None:
    for account in world.accounts:
        fields = {
            "Name": account.name,
            "Type": account.kind,
            "Website": f"https://www.{account.domain}" if account.domain else None,
            "BillingCountry": account.country,
            "OwnerId": ids.get(account.owner or ""),
            "BDR__c": ids.get(account.bdr or ""),
            "CSM__c": ids.get(account.csm or ""),
        }
        ids[account.key] = _add(org, "Account", **_given(fields))
    for account in world.accounts:
        if account.parent is not None:
            parent = {"ParentId": ids[account.parent]}
            writes.update(org, "Account", ids[account.key], parent, trusted=True)


def _prospect(org: Org, contact: WorldContact, ids: Mapping[str, str]) -> str:
    first, last = _names(contact.name)
    fields = {
        "FirstName": first,
        "LastName": last,
        "Email": contact.email,
        "Title": contact.title,
        "OwnerId": ids.get(contact.owner or ""),
    }
    if contact.account is not None:
        return _add(org, "Contact", **_given(fields), AccountId=ids[contact.account])
    return _add(org, "Lead", **_given(fields), Company=contact.company or "[not provided]")


def _deal(org: Org, deal: WorldDeal, stage: str, ids: dict[str, str]) -> None:
    created = deal.created or org.now()
    fields = {
        "Name": deal.name,
        "StageName": stage,
        "AccountId": ids.get(deal.account or ""),
        "OwnerId": ids.get(deal.owner or ""),
        "Amount": deal.amount,
        "CreatedDate": stamp(created),
        "CloseDate": (deal.closed or created + timedelta(days=90)).date().isoformat(),
    }
    ids[deal.key] = _add(org, "Opportunity", **_given(fields))
    for place, contact in enumerate(deal.contacts):
        _add(
            org,
            "OpportunityContactRole",
            OpportunityId=ids[deal.key],
            ContactId=ids[contact],
            IsPrimary=place == 0,
        )


def _last_day(end: datetime, time_zone: str) -> datetime:
    """An exclusive end as the org keeps it: midnight there means through that day."""
    local = end.astimezone(ZoneInfo(time_zone))
    if local.time() == time():
        return local - timedelta(days=1)
    utc = end.astimezone(UTC)
    return utc - timedelta(seconds=1) if utc.time() == time() else utc


def _add(org: Org, sobject: str, **fields: Any) -> str:
    return writes.create(org, sobject, fields, trusted=True)


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _names(name: str) -> tuple[str, str]:
    first, _, last = name.strip().rpartition(" ")
    return first[:40], last[:80] or "[not provided]"


def _forecast(closed: bool, won: bool) -> str:
    if won:
        return "Closed"
    return "Omitted" if closed else "Pipeline"
