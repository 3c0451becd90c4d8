"""The objects of the sandbox org: a working excerpt of a Sales Cloud org's, by the real names."""

from __future__ import annotations

from connectors.sandbox.salesforce.schema import Column, Sobject, columns

_ID = "Id id dL\n"
_AUDIT = """
CreatedDate datetime d
CreatedById reference(User) d
LastModifiedDate datetime d
LastModifiedById reference(User) d
SystemModstamp datetime d
"""
_DELETED = "IsDeleted boolean d\n"

_USER = """
Username string(80) cuL
LastName string(80) cu
FirstName string(40) cun
Name string(121) N
Title string(80) cun
Department string(80) cun
Email email(128) cuL
Alias string(8) cu
CommunityNickname string(40) cu
IsActive boolean cud
TimeZoneSidKey picklist(40) cur
LocaleSidKey picklist(40) cur
EmailEncodingKey picklist(40) cur
LanguageLocaleKey picklist(40) cur
UserType picklist(40) nr {Standard|PowerPartner|CustomerSuccess|Guest|AutomatedProcess}
UserRoleId reference(UserRole) cun
ProfileId reference(Profile) cu
ManagerId reference(User) cun
DelegatedApproverId reference(Group, User) cunR
"""
_USER_ROLE = """
Name string(80) cuN
DeveloperName string(80) cu
ParentRoleId reference(UserRole) cunR
"""
_PROFILE = """
Name string(255) cuN
UserType picklist(40) nr {Standard|PowerPartner|Guest}
UserLicenseId reference(UserLicense)
"""
_USER_LICENSE = """
Name string(40) N
LicenseDefinitionKey string(40)
"""
_GROUP = """
Name string(40) cuN
DeveloperName string(80) cun
Type picklist(40) cnr {Regular|Role|RoleAndSubordinates|Organization|Queue}
Email email(255) cun
"""
_GROUP_MEMBER = """
GroupId reference(Group) c
UserOrGroupId reference(Group, User) cR
"""
_OUT_OF_OFFICE = """
UserId reference(User) c
StartDate datetime cu
EndDate datetime cu
IsEnabled boolean cdF
Message string(40) cun
"""
_ACCOUNT = """
MasterRecordId reference(Account) n
Name string(255) cuN
Type picklist(40) cun {Prospect|Customer - Direct|Customer - Channel|Technology Partner|Other}
ParentId reference(Account) cun
BillingCountry string(80) cun
Phone phone(40) cun
Website url(255) cun
Industry picklist(40) cun {Agriculture|Banking|Consulting|Retail|Technology|Other}
AnnualRevenue currency(18, 0) cun
NumberOfEmployees int cun
Description textarea(32000) cun
OwnerId reference(User) cud
BDR__c reference(User) cun
CSM__c reference(User) cun
"""
_ACCOUNT_TEAM_MEMBER = """
AccountId reference(Account) c
UserId reference(User) c
TeamMemberRole picklist(40) cun {Account Manager|Lead Qualifier|Sales Rep|BDR|AE|CSM}
"""
_CONTACT = """
MasterRecordId reference(Contact) n
AccountId reference(Account) cun
LastName string(80) cu
FirstName string(40) cun
Salutation picklist(40) cun {Mr.|Ms.|Mrs.|Dr.|Prof.}
Name string(121) N
Email email(80) cunL
Title string(128) cun
Department string(80) cun
Phone phone(40) cun
ReportsToId reference(Contact) cun
Description textarea(32000) cun
OwnerId reference(User) cud
"""
_LEAD = """
MasterRecordId reference(Lead) n
LastName string(80) cu
FirstName string(40) cun
Name string(121) N
Title string(128) cun
Company string(255) cu
Email email(80) cunL
Phone phone(40) cun
Website url(255) cun
Description textarea(32000) cun
LeadSource picklist(255) cun {Web|Phone Inquiry|Partner Referral|Purchased List|Other}
Status picklist(255) cud {Open - Not Contacted|Working - Contacted|Closed - Converted}
Rating picklist(255) cun {Hot|Warm|Cold}
OwnerId reference(Group, User) cud
IsConverted boolean cd
ConvertedDate date n
ConvertedAccountId reference(Account) n
ConvertedContactId reference(Contact) n
ConvertedOpportunityId reference(Opportunity) n
"""
_OPPORTUNITY = """
AccountId reference(Account) cun
Name string(120) cuLN
Description textarea(32000) cun
StageName picklist(255) cu
Amount currency(18, 2) cun
Probability percent(3, 0) cund
CloseDate date cu
Type picklist(255) cun {New Customer|Existing Customer - Upgrade}
LeadSource picklist(255) cun {Web|Phone Inquiry|Partner Referral|Purchased List|Other}
IsClosed boolean d
IsWon boolean d
ForecastCategory picklist(40) r {Omitted|Pipeline|BestCase|Forecast|Closed}
OwnerId reference(User) cud
LastStageChangeDate datetime n
"""
_STAGE = """
MasterLabel string(255) nN
ApiName string(255) n
IsActive boolean d
SortOrder int n
IsClosed boolean d
IsWon boolean d
ForecastCategoryName picklist(255) r {Omitted|Pipeline|Best Case|Commit|Closed}
DefaultProbability percent(3, 0) n
"""
_CONTACT_ROLE = """
OpportunityId reference(Opportunity) c
ContactId reference(Contact) cu
Role picklist(40) cun {Business User|Decision Maker|Economic Buyer|Evaluator|Influencer|Other}
IsPrimary boolean cud
"""
_OPPORTUNITY_TEAM_MEMBER = """
OpportunityId reference(Opportunity) c
UserId reference(User) c
TeamMemberRole picklist(40) cun {Account Manager|Lead Qualifier|Sales Rep|BDR|AE|CSM}
"""
_ACTIVITY = """
WhoId reference(Contact, Lead) cun
WhatId reference(Account, Opportunity) cun
Subject combobox(255) cunN {Call|Email|Meeting|Send Letter|Send Quote|Other}
ActivityDate date cun
Description textarea(32000) cun
AccountId reference(Account) n
HLR_Alert_Key__c string(64) cunxL
HLR_Fired_At__c datetime cun
HLR_Responded_At__c datetime cun
HLR_Latency_Minutes__c double(18, 2) cun
HLR_Business_Latency_Minutes__c double(18, 2) cun
HLR_Routed_Role__c string(20) cun
HLR_Routing_Reason__c string(255) cun
HLR_Response_Source__c string(30) cun
"""
_TASK = """
OwnerId reference(Group, User) cud
Status picklist(40) cud {Not Started|In Progress|Completed|Waiting on someone else|Deferred}
Priority picklist(40) cud {High|Normal|Low}
IsHighPriority boolean d
IsClosed boolean d
IsArchived boolean d
TaskSubtype picklist(40) cnr {Task|Email|ListEmail|LinkedIn|Cadence|Call}
CallType picklist(40) cunr {Internal|Inbound|Outbound}
CallDurationInSeconds int cun
CallDisposition string(255) cun
CompletedDateTime datetime n
"""
_EVENT = """
OwnerId reference(Calendar, User) cud
Location string(255) cun
IsAllDayEvent boolean cud
ActivityDateTime datetime cun
DurationInMinutes int cun
StartDateTime datetime cun
EndDateTime datetime cun
IsPrivate boolean cud
ShowAs picklist(40) cundr {Busy|OutOfOffice|Free}
IsChild boolean d
EventSubtype picklist(40) cnr {Event}
"""
_TASK_STATUS = """
MasterLabel string(255) nN
ApiName string(255) n
SortOrder int n
IsDefault boolean d
IsClosed boolean d
"""
_ORGANIZATION = """
Name string(80) uN
OrganizationType picklist(40) nr {Developer Edition|Enterprise Edition}
TimeZoneSidKey picklist(40) ur
IsSandbox boolean d
InstanceName string(5) n
"""
_NAME = """
Name string(121) nN
Type picklist(50) n
"""


def objects() -> dict[str, Sobject]:
    """Every object by its lower-case name. A new table each time: an org may change its own."""
    made = (
        Sobject(name="User", prefix="005", plural="Users", deletable=False, columns=_with(_USER)),
        Sobject(name="UserRole", prefix="00E", plural="Role", columns=_with(_USER_ROLE)),
        Sobject(name="Profile", prefix="00e", plural="Profile", columns=_with(_PROFILE)),
        _fixed("UserLicense", "100", "User Licenses", _USER_LICENSE),
        Sobject(name="Group", prefix="00G", plural="Group", columns=_with(_GROUP)),
        Sobject(
            name="GroupMember",
            prefix="011",
            plural="Group Member",
            updateable=False,
            hard_delete=True,
            columns=_with(_GROUP_MEMBER),
        ),
        Sobject(
            name="OutOfOffice",
            prefix="0Ho",
            plural="Out of Office",
            replicateable=False,
            feature="out_of_office",
            columns=_with(_OUT_OF_OFFICE),
        ),
        Sobject(
            name="Account", prefix="001", plural="Accounts", columns=_with(_ACCOUNT, recycles=True)
        ),
        _team("AccountTeamMember", "01M", "account_teams", _ACCOUNT_TEAM_MEMBER),
        Sobject(
            name="Contact", prefix="003", plural="Contacts", columns=_with(_CONTACT, recycles=True)
        ),
        Sobject(name="Lead", prefix="00Q", plural="Leads", columns=_with(_LEAD, recycles=True)),
        Sobject(
            name="Opportunity",
            prefix="006",
            plural="Opportunities",
            columns=_with(_OPPORTUNITY, recycles=True),
        ),
        _fixed("OpportunityStage", "01J", "Opportunity Stages", _STAGE),
        Sobject(
            name="OpportunityContactRole",
            prefix="00K",
            plural="Opportunity Contact Role",
            columns=_with(_CONTACT_ROLE, recycles=True),
        ),
        _team("OpportunityTeamMember", "00q", "opportunity_teams", _OPPORTUNITY_TEAM_MEMBER),
        Sobject(
            name="Task",
            prefix="00T",
            plural="Tasks",
            columns=_with(_ACTIVITY, _TASK, recycles=True),
        ),
        Sobject(
            name="Event",
            prefix="00U",
            plural="Events",
            columns=_with(_ACTIVITY, _EVENT, recycles=True),
        ),
        _fixed("TaskStatus", "01S", "Task Status Value", _TASK_STATUS),
        Sobject(
            name="Organization",
            prefix="00D",
            plural="Organizations",
            createable=False,
            deletable=False,
            columns=_with(_ORGANIZATION),
        ),
    )
    return {one.name.lower(): one for one in made}


NAME = Sobject(name="Name", prefix="", plural="Names", columns=columns(_ID + _NAME))
"""What a path through a polymorphic reference may name."""


def _with(*tables: str, recycles: bool = False) -> dict[str, Column]:
    text = _ID + (_DELETED if recycles else "") + "".join(tables) + _AUDIT
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


def _team(name: str, prefix: str, feature: str, table: str) -> Sobject:
    return Sobject(
        name=name,
        prefix=prefix,
        plural=name,
        hard_delete=True,
        feature=feature,
        columns=_with(table, recycles=True),
    )
