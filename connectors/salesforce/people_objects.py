"""Users, queues, territories and their people, and who is out of office."""

from __future__ import annotations

from connectors.salesforce import absences, records
from connectors.salesforce.members import queue_members
from connectors.salesforce.source import DAY, HOUR, MINUTE, PROMPT, Source
from routing.mapping import Mapping
from routing.nouns import GroupMember, OutOfOffice, Person, Stage, Territory

_ACTIVE_MODEL = "Territory2Model.State = 'Active'"


def people(mapping: Mapping) -> tuple[Source, ...]:
    """The sources; that of the out-of-office fields only where the policy names some."""
    return (
        _users(mapping.fields.person),
        Source(
            name="queues",
            noun=Person,
            sobject="Group",
            needed=("Name", "Email", "SystemModstamp"),
            where="Type = 'Queue'",
            full=True,
            every=HOUR,
            budget=3 * HOUR,
            feature="queues as owners",
            make=records.queue,
        ),
        Source(
            name="queue_members",
            noun=GroupMember,
            sobject="GroupMember",
            needed=("GroupId", "UserOrGroupId"),
            where="Group.Type = 'Queue'",
            full=True,
            thinned=True,
            every=HOUR,
            feature="members of queues",
            make=records.queue_member,
            walk=queue_members,
        ),
        _out_of_office(),
        *((absences.source(mapping.absence),) if mapping.absence.names else ()),
        *_territories(),
        _stages(),
    )


def _users(further: tuple[str, ...]) -> Source:
    return Source(
        name="users",
        noun=Person,
        sobject="User",
        needed=("Name", "Email", "IsActive"),
        optional=(
            "UserType",
            "ManagerId",
            "DelegatedApproverId",
            "Title",
            "Department",
            "TimeZoneSidKey",
            "UserRole.Name",
            "Profile.Name",
            "Profile.UserLicense.Name",
        ),
        further=further,
        every=PROMPT,
        make=lambda row: records.person(row, further),
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
        owned=(("person_id", "UserId"),),
        full=True,
        thinned=True,
        every=PROMPT,
        feature="out of office from Salesforce",
        make=absences.out_of_office,
    )


def _territories() -> tuple[Source, ...]:
    """An org has one active model; territories of the others route nobody and are not read."""
    return (
        Source(
            name="territories",
            noun=Territory,
            sobject="Territory2",
            needed=("Name", "ParentTerritory2Id", "Territory2Model.State", "SystemModstamp"),
            where=_ACTIVE_MODEL,
            full=True,
            every=HOUR,
            feature="territories",
            make=records.territory,
        ),
        Source(
            name="territory_members",
            noun=GroupMember,
            sobject="UserTerritory2Association",
            needed=("UserId", "Territory2Id", "RoleInTerritory2", "IsActive", "SystemModstamp"),
            where=f"IsActive = true AND Territory2.{_ACTIVE_MODEL}",
            full=True,
            every=15 * MINUTE,
            feature="people of territories",
            make=records.territory_member,
        ),
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
        every=DAY,
        make=records.stage,
    )
