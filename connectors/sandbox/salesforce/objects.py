"""The objects of the sandbox org: a working excerpt of a Sales Cloud org's, by the real names."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.sandbox.salesforce import tables
from connectors.sandbox.salesforce.schema import Column, Sobject, columns


def objects() -> dict[str, Sobject]:
    """Every object by its lower-case name. A new table each time: an org may change its own."""
    return {one.name.lower(): one for one in (*_people(), *_territories(), *_sales())}


NAME = Sobject(name="Name", prefix="", plural="Names", columns=columns(tables.ID + tables.NAME))
"""What a path through a polymorphic reference may name."""


CHILDREN = {
    ("Account", "ParentId"): "ChildAccounts",
    ("AccountTeamMember", "AccountId"): "AccountTeamMembers",
    ("Contact", "AccountId"): "Contacts",
    ("EmailMessage", "RelatedToId"): "Emails",
    ("EmailMessage", "ActivityId"): "EmailMessages",
    ("EmailMessageRelation", "EmailMessageId"): "EmailMessageRelations",
    ("EmailMessageRelation", "RelationId"): "EmailMessageRelations",
    ("Event", "WhatId"): "Events",
    ("Event", "WhoId"): "Events",
    ("GroupMember", "GroupId"): "GroupMembers",
    ("ObjectTerritory2Association", "ObjectId"): "ObjectTerritory2Associations",
    ("ObjectTerritory2Association", "Territory2Id"): "ObjectTerritory2Associations",
    ("Opportunity", "AccountId"): "Opportunities",
    ("OpportunityContactRole", "ContactId"): "OpportunityContactRoles",
    ("OpportunityContactRole", "OpportunityId"): "OpportunityContactRoles",
    ("OpportunityTeamMember", "OpportunityId"): "OpportunityTeamMembers",
    ("PermissionSetAssignment", "AssigneeId"): "PermissionSetAssignments",
    ("Task", "WhatId"): "Tasks",
    ("Task", "WhoId"): "Tasks",
    ("User", "DelegatedApproverId"): "DelegatedUsers",
    ("User", "ManagerId"): "ManagedUsers",
    ("User", "ProfileId"): "Users",
    ("User", "UserRoleId"): "Users",
    ("UserTerritory2Association", "Territory2Id"): "UserTerritory2Associations",
    ("UserTerritory2Association", "UserId"): "UserTerritory2Associations",
}
"""What a record calls the records that point to it: (their object, their field) → the name."""


def child_relationships(
    known: Mapping[str, Sobject], parent: Sobject
) -> list[tuple[str, str, str]]:
    """Which objects point to this one: (object, name of the relationship, field)."""
    found = []
    for child in known.values():
        for column in child.columns.values():
            if parent.name in column.refers_to:
                name = CHILDREN.get((child.name, column.name), "")
                if child.name.endswith("__c"):
                    name = f"{child.plural.replace(' ', '_')}__r"
                found.append((child.name, name, column.name))
    return found


def by_child_relationship(
    known: Mapping[str, Sobject], parent: Sobject, name: str
) -> tuple[str, str, str] | None:
    """The children that a query in parentheses names, in any case of letters."""
    every = child_relationships(known, parent)
    return next((one for one in every if one[1] and one[1].lower() == name.lower()), None)


def _people() -> tuple[Sobject, ...]:
    return (
        Sobject(
            name="User", prefix="005", plural="Users", deletable=False, columns=_with(tables.USER)
        ),
        Sobject(name="UserRole", prefix="00E", plural="Role", columns=_with(tables.USER_ROLE)),
        Sobject(name="Profile", prefix="00e", plural="Profile", columns=_with(tables.PROFILE)),
        _fixed("UserLicense", "100", "User Licenses", tables.USER_LICENSE),
        Sobject(
            name="PermissionSet",
            prefix="0PS",
            plural="Permission Set",
            createable=False,
            updateable=False,
            deletable=False,
            columns=_with(tables.PERMISSION_SET),
        ),
        Sobject(
            name="PermissionSetAssignment",
            prefix="0Pa",
            plural="Permission Set Assignment",
            updateable=False,
            hard_delete=True,
            columns=_with(tables.PERMISSION_SET_ASSIGNMENT),
        ),
        Sobject(name="Group", prefix="00G", plural="Group", columns=_with(tables.GROUP)),
        Sobject(
            name="GroupMember",
            prefix="011",
            plural="Group Member",
            updateable=False,
            hard_delete=True,
            columns=_with(tables.GROUP_MEMBER),
        ),
        Sobject(
            name="OutOfOffice",
            prefix="0Ho",
            plural="Out of Office",
            replicateable=False,
            feature="out_of_office",
            bulk=False,
            columns=_with(tables.OUT_OF_OFFICE),
        ),
        Sobject(
            name="Organization",
            prefix="00D",
            plural="Organizations",
            createable=False,
            deletable=False,
            columns=_with(tables.ORGANIZATION),
        ),
    )


def _territories() -> tuple[Sobject, ...]:
    def made(name: str, prefix: str, plural: str, table: str, **more: bool) -> Sobject:
        return Sobject(
            name=name,
            prefix=prefix,
            plural=plural,
            feature="territories",
            columns=columns(tables.ID + table),
            **more,
        )

    return (
        made("Territory2Model", "0MA", "Territory Models", tables.TERRITORY_MODEL + tables.AUDIT),
        made("Territory2", "0MI", "Territories", tables.TERRITORY + tables.AUDIT),
        made(
            "UserTerritory2Association",
            "0MU",
            "User Territory Associations",
            tables.USER_TERRITORY,
            hard_delete=True,
        ),
        made(
            "ObjectTerritory2Association",
            "0MO",
            "Object Territory Associations",
            tables.OBJECT_TERRITORY,
            hard_delete=True,
            updateable=False,
        ),
    )


def _sales() -> tuple[Sobject, ...]:
    return (
        _recycled("Account", "001", "Accounts", tables.ACCOUNT),
        _team("AccountTeamMember", "01M", "account_teams", tables.ACCOUNT_TEAM_MEMBER),
        _recycled("Contact", "003", "Contacts", tables.CONTACT),
        _recycled("Lead", "00Q", "Leads", tables.LEAD),
        _recycled("Opportunity", "006", "Opportunities", tables.OPPORTUNITY),
        _fixed("OpportunityStage", "01J", "Opportunity Stages", tables.STAGE),
        _recycled("OpportunityContactRole", "00K", "Opportunity Contact Role", tables.CONTACT_ROLE),
        _team("OpportunityTeamMember", "00q", "opportunity_teams", tables.OPPORTUNITY_TEAM_MEMBER),
        _recycled("Task", "00T", "Tasks", tables.ACTIVITY, tables.TASK),
        _recycled("Event", "00U", "Events", tables.ACTIVITY, tables.EVENT),
        _recycled("EmailMessage", "02s", "Email Messages", tables.EMAIL_MESSAGE),
        _recycled(
            "EmailMessageRelation",
            "0EM",
            "Email Message Relations",
            tables.EMAIL_MESSAGE_RELATION,
        ),
        _fixed("TaskStatus", "01S", "Task Status Value", tables.TASK_STATUS),
    )


def _with(*texts: str, recycles: bool = False) -> dict[str, Column]:
    text = tables.ID + (tables.DELETED if recycles else "") + "".join(texts) + tables.AUDIT
    return columns(text)


def _fixed(name: str, prefix: str, plural: str, table: str) -> Sobject:
    return Sobject(
        name=name,
        prefix=prefix,
        plural=plural,
        createable=False,
        updateable=False,
        deletable=False,
        columns=_with(table),
    )


def _recycled(name: str, prefix: str, plural: str, *texts: str) -> Sobject:
    return Sobject(name=name, prefix=prefix, plural=plural, columns=_with(*texts, recycles=True))


def _team(name: str, prefix: str, feature: str, table: str) -> Sobject:
    return Sobject(
        name=name,
        prefix=prefix,
        plural=name,
        hard_delete=True,
        feature=feature,
        columns=_with(table, recycles=True),
    )
