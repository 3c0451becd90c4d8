"""Turns rows of the API into the nouns of routing, one function an object."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.salesforce.messages import INCOMING, SENT_AT
from connectors.salesforce.values import (
    Row,
    below,
    domain_of,
    end_of_day,
    further,
    moment,
    number,
    reference,
    text,
    zone,
)
from routing.mapping import HoldingObject
from routing.nouns import (
    Account,
    Deal,
    DealContact,
    Evidence,
    GroupMember,
    Person,
    Prospect,
    RoleHolding,
    Stage,
    Territory,
    TerritoryAccount,
)

_INTEGRATION = "Salesforce Integration"
_LOGGED_AT_ONCE = timedelta(minutes=5)


def person(row: Row, names: tuple[str, ...] = ()) -> Person:
    """A user. One that no human can log in as is not active: nobody would read the alert."""
    human = text(row.get("UserType")) in ("", "Standard")
    human = human and below(row, "Profile.UserLicense.Name") != _INTEGRATION
    return Person(
        id=text(row["Id"]),
        email=text(row.get("Email")).lower(),
        name=text(row.get("Name")),
        active=bool(row.get("IsActive")) and human,
        manager_id=reference(row.get("ManagerId")),
        backup_id=reference(row.get("DelegatedApproverId")),
        title=text(row.get("Title")),
        role_name=text(below(row, "UserRole.Name")),
        time_zone=text(row.get("TimeZoneSidKey")),
        profile_name=text(below(row, "Profile.Name")),
        department=text(row.get("Department")),
        fields=further(row, names),
        modified_at=moment(row.get("SystemModstamp")),
    )


def queue(row: Row) -> Person:
    """A queue, which may own leads and tasks."""
    return Person(
        id=text(row["Id"]),
        email=text(row.get("Email")).lower(),
        name=text(row.get("Name")),
        queue=True,
        modified_at=moment(row.get("SystemModstamp")),
    )


def territory(row: Row) -> Territory:
    """A territory of the active model."""
    return Territory(
        id=text(row["Id"]),
        name=text(row.get("Name")),
        parent_id=reference(row.get("ParentTerritory2Id")),
        active=below(row, "Territory2Model.State") == "Active",
        modified_at=moment(row.get("SystemModstamp")),
    )


def territory_member(row: Row) -> GroupMember:
    """A user's place in a territory."""
    return GroupMember(
        id=text(row["Id"]),
        group_id=text(row.get("Territory2Id")),
        person_id=text(row.get("UserId")),
        role=text(row.get("RoleInTerritory2")),
        modified_at=moment(row.get("SystemModstamp")),
    )


def territory_account(row: Row) -> TerritoryAccount | None:
    """That an account belongs to a territory; None for leads and the like."""
    if row.get("SobjectType") != "Account":
        return None
    return TerritoryAccount(
        id=text(row["Id"]),
        territory_id=text(row.get("Territory2Id")),
        account_id=text(row.get("ObjectId")),
        modified_at=moment(row.get("SystemModstamp")),
    )


def queue_member(row: Row) -> GroupMember:
    """A user who is in a queue by name."""
    queue, member = text(row.get("GroupId")), text(row.get("UserOrGroupId"))
    return GroupMember(id=f"{queue}:{member}", group_id=queue, person_id=member)


def account(row: Row, names: tuple[str, ...] = ()) -> Account:
    """An account with those of the further fields ``names`` that it has a value in."""
    return Account(
        id=text(row["Id"]),
        name=text(row.get("Name")),
        domain=domain_of(row.get("Website")),
        owner_id=reference(row.get("OwnerId")),
        kind=text(row.get("Type")),
        parent_id=reference(row.get("ParentId")),
        fields=further(row, names),
        modified_at=moment(row.get("SystemModstamp")),
    )


def contact(row: Row, names: tuple[str, ...] = ()) -> Prospect:
    """A contact."""
    return Prospect(
        id=text(row["Id"]),
        kind="contact",
        email=text(row.get("Email")).lower(),
        name=text(row.get("Name")),
        title=text(row.get("Title")),
        company=_company(row),
        account_id=reference(row.get("AccountId")),
        owner_id=reference(row.get("OwnerId")),
        fields=further(row, names),
        modified_at=moment(row.get("SystemModstamp")),
    )


def _company(row: Row) -> str:
    """The account's name; a contact that was restored without its account belongs to none."""
    return "" if below(row, "Account.IsDeleted") else text(below(row, "Account.Name"))


def lead(row: Row, names: tuple[str, ...] = ()) -> Prospect:
    """A lead; a converted one says which contact it became."""
    return Prospect(
        id=text(row["Id"]),
        kind="lead",
        email=text(row.get("Email")).lower(),
        name=text(row.get("Name")),
        title=text(row.get("Title")),
        company=text(row.get("Company")),
        account_id=reference(row.get("ConvertedAccountId")),
        owner_id=reference(row.get("OwnerId")),
        converted_to=reference(row.get("ConvertedContactId")) if row.get("IsConverted") else None,
        fields=further(row, names),
        modified_at=moment(row.get("SystemModstamp")),
    )


def stage(row: Row) -> Stage:
    """A stage. Opportunities refer to it by its API name."""
    return Stage(
        id=text(row.get("ApiName")) or text(row.get("MasterLabel")),
        label=text(row.get("MasterLabel")),
        position=int(number(row.get("SortOrder")) or 0),
        is_closed=bool(row.get("IsClosed")),
        is_won=bool(row.get("IsWon")),
        active=bool(row.get("IsActive")),
        modified_at=moment(row.get("SystemModstamp")),
    )


def deal(row: Row, names: tuple[str, ...] = ()) -> Deal:
    """An opportunity; its pipeline is its record type, where the org has any.

    Its close date counts from the day's start, in UTC, once it is closed.
    """
    closed = bool(row.get("IsClosed"))
    return Deal(
        id=text(row["Id"]),
        name=text(row.get("Name")),
        stage_id=text(row.get("StageName")),
        pipeline_id=text(below(row, "RecordType.DeveloperName")),
        account_id=reference(row.get("AccountId")),
        owner_id=reference(row.get("OwnerId")),
        amount=number(row.get("Amount")),
        is_closed=closed,
        is_won=bool(row.get("IsWon")),
        closed_at=moment(row.get("CloseDate")) if closed else None,
        fields=further(row, names),
        modified_at=moment(row.get("SystemModstamp")),
    )


def deal_contact(row: Row) -> DealContact:
    """A contact's part in an opportunity."""
    return DealContact(
        id=text(row["Id"]),
        deal_id=text(row.get("OpportunityId")),
        prospect_id=text(row.get("ContactId")),
        role=text(row.get("Role")),
        modified_at=moment(row.get("SystemModstamp")),
    )


def role_holding(row: Row) -> RoleHolding:
    """A member of an account team or of an opportunity team."""
    return RoleHolding(
        id=text(row["Id"]),
        person_id=text(row.get("UserId")),
        role=text(row.get("TeamMemberRole")),
        account_id=reference(row.get("AccountId")),
        deal_id=reference(row.get("OpportunityId")),
        modified_at=moment(row.get("SystemModstamp")),
    )


def custom_holding(row: Row, named: HoldingObject, suffix: str) -> RoleHolding | None:
    """What a record of a custom object says of a role; None when it names nobody or nothing."""
    person = reference(row.get(named.person))
    about = reference(row.get(named.account or named.deal or ""))
    role = named.role or text(row.get(named.role_field or ""))
    if person is None or about is None or not role:
        return None
    return RoleHolding(
        id=f"{text(row['Id'])}{suffix}",
        person_id=person,
        role=role,
        account_id=about if named.account else None,
        deal_id=about if named.deal else None,
        modified_at=moment(row.get("SystemModstamp")),
    )


def task(row: Row) -> Evidence | None:
    """A completed e-mail or call that a rep, or a tool of theirs, logged; None for other tasks."""
    mail_or_call = row.get("TaskSubtype") in ("Email", "Call")
    if not (row.get("IsClosed") and row.get("WhoId") and mail_or_call):
        return None
    kind = "call" if row.get("TaskSubtype") == "Call" else "email"
    return Evidence(
        id=text(row["Id"]),
        kind=kind,
        at=_happened(row),
        person_id=reference(row.get("OwnerId")),
        prospect_id=reference(row.get("WhoId")),
        account_id=reference(row.get("AccountId")),
        outbound=row.get("CallType") != "Inbound" and not row.get(INCOMING),
        subject=text(row.get("Subject")),
        modified_at=moment(row.get("SystemModstamp")),
    )


def meeting(row: Row) -> Evidence | None:
    """A meeting with a prospect; None for other events."""
    if not row.get("WhoId") or row.get("IsAllDayEvent") or row.get("IsChild"):
        return None
    return Evidence(
        id=text(row["Id"]),
        kind="meeting",
        at=moment(row.get("StartDateTime")) or _modified(row),
        person_id=reference(row.get("OwnerId")),
        prospect_id=reference(row.get("WhoId")),
        account_id=reference(row.get("AccountId")),
        subject=text(row.get("Subject")),
        modified_at=moment(row.get("SystemModstamp")),
    )


def _happened(row: Row) -> datetime:
    """When a task was done: when it was closed, but a task logged later says which day it was."""
    sent = moment(row.get(SENT_AT))
    if sent is not None:
        return sent
    closed = moment(row.get("CompletedDateTime")) or _modified(row)
    created = moment(row.get("CreatedDate")) or closed
    day = end_of_day(row.get("ActivityDate"), zone(below(row, "CreatedBy.TimeZoneSidKey")))
    if day is not None and closed - created <= _LOGGED_AT_ONCE:
        return min(closed, day)
    return closed


def _modified(row: Row) -> datetime:
    return moment(row.get("SystemModstamp")) or datetime.fromtimestamp(0, UTC)
