"""Accounts, prospects and deals, and who holds which role for them."""

from __future__ import annotations

from collections import Counter

from connectors.salesforce import records
from connectors.salesforce.source import MINUTE, PROMPT, Source
from routing.mapping import HoldingObject, Mapping
from routing.nouns import Account, Deal, DealContact, Prospect, RoleHolding, TerritoryAccount

_TEAMS = 7 * MINUTE
"""Changes and deletions are read in turns, so that either is seen within a quarter of an hour."""


def sales(mapping: Mapping, account_fields: tuple[str, ...]) -> tuple[Source, ...]:
    """The sources; one more for each object of roles that the policy names."""
    return (
        *_companies(account_fields, mapping.fields.prospect),
        *_deals(mapping.fields.deal),
        *_holdings(mapping.holdings),
    )


def _companies(account: tuple[str, ...], prospect: tuple[str, ...]) -> tuple[Source, ...]:
    return (
        Source(
            name="accounts",
            noun=Account,
            sobject="Account",
            every=PROMPT,
            needed=("Name", "OwnerId"),
            optional=("Type", "ParentId", "Website"),
            further=account,
            make=lambda row: records.account(row, account),
        ),
        Source(
            name="territory_accounts",
            noun=TerritoryAccount,
            sobject="ObjectTerritory2Association",
            needed=("ObjectId", "Territory2Id", "SobjectType"),
            where="SobjectType = 'Account'",
            vanishing=True,
            every=_TEAMS,
            feature="accounts of territories",
            make=records.territory_account,
        ),
        Source(
            name="contacts",
            noun=Prospect,
            sobject="Contact",
            every=PROMPT,
            needed=("Name", "Email", "AccountId", "OwnerId"),
            optional=("Title", "Account.Name", "Account.IsDeleted"),
            further=prospect,
            make=lambda row: records.contact(row, prospect),
        ),
        Source(
            name="leads",
            noun=Prospect,
            sobject="Lead",
            every=PROMPT,
            needed=("Name", "Email", "OwnerId", "IsConverted"),
            optional=("Title", "Company", "ConvertedAccountId", "ConvertedContactId"),
            further=prospect,
            concerned="IsConverted = false",
            feature="leads",
            make=lambda row: records.lead(row, prospect),
        ),
    )


def _deals(further: tuple[str, ...]) -> tuple[Source, ...]:
    return (
        Source(
            name="deals",
            noun=Deal,
            sobject="Opportunity",
            every=PROMPT,
            needed=("Name", "StageName", "AccountId", "OwnerId", "IsClosed", "IsWon", "CloseDate"),
            optional=("Amount",),
            quiet=("RecordType.DeveloperName",),
            further=further,
            concerned="IsClosed = false",
            make=lambda row: records.deal(row, further),
        ),
        Source(
            name="deal_contacts",
            noun=DealContact,
            sobject="OpportunityContactRole",
            needed=("OpportunityId", "ContactId"),
            optional=("Role",),
            owned=(("prospect_id", "ContactId"), ("deal_id", "OpportunityId")),
            feature="contacts of deals",
            make=records.deal_contact,
        ),
        _team("account_team", "AccountTeamMember", "AccountId", "account teams"),
        _team("deal_team", "OpportunityTeamMember", "OpportunityId", "opportunity teams"),
    )


def _team(name: str, sobject: str, parent: str, feature: str) -> Source:
    return Source(
        name=name,
        noun=RoleHolding,
        sobject=sobject,
        needed=("UserId", "TeamMemberRole", parent),
        owned=(("account_id" if parent == "AccountId" else "deal_id", parent),),
        vanishing=True,
        every=_TEAMS,
        feature=feature,
        make=records.role_holding,
    )


def _holdings(named: tuple[HoldingObject, ...]) -> tuple[Source, ...]:
    seen: Counter[str] = Counter()
    made = []
    for one in named:
        seen[one.object.lower()] += 1
        number = seen[one.object.lower()]
        made.append(_holding(one, "" if number == 1 else f":{number}"))
    return tuple(made)


def _holding(one: HoldingObject, suffix: str) -> Source:
    fields = (one.person, one.account, one.deal, one.role_field)
    return Source(
        name=f"roles_of_{one.object}{suffix}",
        noun=RoleHolding,
        sobject=one.object,
        needed=tuple(field for field in fields if field),
        owned=(("account_id", one.account),) if one.account else (("deal_id", str(one.deal)),),
        suffix=suffix,
        soft=True,
        thinned=True,
        feature=f"roles from {one.object}",
        make=lambda row: records.custom_holding(row, one, suffix),
    )
