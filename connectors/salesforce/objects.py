"""Which objects are mirrored, from which fields, how often and in which way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.base import MirrorObject
from connectors.salesforce import records
from connectors.salesforce.values import Row
from routing.nouns import (
    Account,
    Deal,
    DealContact,
    Evidence,
    MirrorRecord,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Stage,
)

_MINUTE = 60
_PROMPT = 45
"""So that who owns what, and who is away, is known within a minute: see docs/decisions."""
_TEAMS = 15 * _MINUTE
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One mirror object and the query behind it.

    ``needed`` fields must be there; an ``optional`` one that the org lacks or hides is left out
    with a note. ``begins`` names the field, besides the stamp, whose time makes a record due.
    ``where`` spares a whole read what ``make`` would turn down.
    """

    name: str
    noun: type[MirrorRecord]
    sobject: str
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    where: str = ""
    order: str = "Id"
    full: bool = False
    every: int = 2 * _MINUTE
    recent: bool = False
    """Only the last days matter: the first read does not go back to the beginning."""
    thinned: bool = False
    """Not every row that fits ``where`` becomes a record of its own."""
    begins: str = ""
    feature: str = ""
    """What is off when the org has no such object; empty for objects that must be there."""
    make: Callable[[Row], MirrorRecord | None]

    @property
    def mirrored(self) -> MirrorObject:
        """The object as the worker sees it."""
        return MirrorObject(name=self.name, noun=self.noun, full=self.full, every=self.every)


def sources(account_fields: tuple[str, ...], field_prefix: str) -> dict[str, Source]:
    """Every object by name, in the order in which a first sync reads them best."""
    made = (
        *_people(),
        _out_of_office(),
        _stages(),
        *_companies(account_fields),
        *_deals(),
        *_evidence(field_prefix),
    )
    return {one.name: one for one in made}


def _people() -> tuple[Source, ...]:
    return (
        Source(
            name="users",
            noun=Person,
            sobject="User",
            needed=("Name", "Email", "IsActive"),
            optional=(
                "UserType",
                "ManagerId",
                "DelegatedApproverId",
                "Title",
                "TimeZoneSidKey",
                "UserRole.Name",
                "Profile.UserLicense.Name",
            ),
            every=_PROMPT,
            make=records.person,
        ),
        Source(
            name="queues",
            noun=Person,
            sobject="Group",
            needed=("Name", "Email", "SystemModstamp"),
            where="Type = 'Queue'",
            full=True,
            every=_HOUR,
            feature="queues as owners",
            make=records.queue,
        ),
    )


def _out_of_office() -> Source:
    return Source(
        name="out_of_office",
        noun=OutOfOffice,
        sobject="OutOfOffice",
        needed=(
            "UserId",
            "StartDate",
            "EndDate",
            "IsEnabled",
            "Message",
            "User.TimeZoneSidKey",
        ),
        where="EndDate >= LAST_N_DAYS:2",
        full=True,
        thinned=True,
        every=_PROMPT,
        feature="out of office from Salesforce",
        make=records.out_of_office,
    )


def _stages() -> Source:
    return Source(
        name="stages",
        noun=Stage,
        sobject="OpportunityStage",
        needed=(
            "MasterLabel",
            "ApiName",
            "IsActive",
            "SortOrder",
            "IsClosed",
            "IsWon",
            "SystemModstamp",
        ),
        order="IsActive, SortOrder",  # of two by one name the active one comes last, and stays
        full=True,
        thinned=True,
        every=_DAY,
        make=records.stage,
    )


def _companies(account_fields: tuple[str, ...]) -> tuple[Source, ...]:
    return (
        Source(
            name="accounts",
            noun=Account,
            sobject="Account",
            every=_PROMPT,
            needed=("Name", "OwnerId"),
            optional=("Type", "ParentId", "Website", *account_fields),
            make=lambda row: records.account(row, account_fields),
        ),
        Source(
            name="contacts",
            noun=Prospect,
            sobject="Contact",
            every=_PROMPT,
            needed=("Name", "Email", "AccountId", "OwnerId"),
            optional=("Title", "Account.Name"),
            make=records.contact,
        ),
        Source(
            name="leads",
            noun=Prospect,
            sobject="Lead",
            every=_PROMPT,
            needed=("Name", "Email", "OwnerId", "IsConverted"),
            optional=("Title", "Company", "ConvertedAccountId", "ConvertedContactId"),
            feature="leads",
            make=records.lead,
        ),
    )


def _deals() -> tuple[Source, ...]:
    return (
        Source(
            name="deals",
            noun=Deal,
            sobject="Opportunity",
            every=_PROMPT,
            needed=("Name", "StageName", "AccountId", "OwnerId", "IsClosed", "IsWon", "CloseDate"),
            optional=("Amount",),
            make=records.deal,
        ),
        Source(
            name="deal_contacts",
            noun=DealContact,
            sobject="OpportunityContactRole",
            needed=("OpportunityId", "ContactId"),
            optional=("Role",),
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
        needed=("UserId", "TeamMemberRole", parent, "SystemModstamp"),
        full=True,
        every=_TEAMS,
        feature=feature,
        make=records.role_holding,
    )


def _evidence(field_prefix: str) -> tuple[Source, ...]:
    return (
        Source(
            name="tasks",
            noun=Evidence,
            sobject="Task",
            needed=(
                "Subject",
                "OwnerId",
                "WhoId",
                "IsClosed",
                "ActivityDate",
                "CreatedDate",
                "TaskSubtype",
            ),
            optional=(
                "AccountId",
                "CallType",
                "CompletedDateTime",
                "CreatedBy.TimeZoneSidKey",
                f"{field_prefix}Alert_Key__c",
            ),
            where="IsClosed = true AND WhoId != null AND TaskSubtype IN ('Email', 'Call')",
            recent=True,
            make=lambda row: None if row.get(f"{field_prefix}Alert_Key__c") else records.task(row),
        ),
        Source(
            name="events",
            noun=Evidence,
            sobject="Event",
            needed=("Subject", "OwnerId", "WhoId", "StartDateTime", "IsAllDayEvent", "IsChild"),
            optional=("AccountId",),
            where="WhoId != null AND IsAllDayEvent = false AND IsChild = false",
            recent=True,
            begins="StartDateTime",
            make=records.meeting,
        ),
    )
