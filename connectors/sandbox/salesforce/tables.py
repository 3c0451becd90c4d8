"""The fields of each object of the sandbox org, in the form that ``schema`` reads."""

from __future__ import annotations

ID = "Id id dL\n"
AUDIT = """
CreatedDate datetime d
CreatedById reference(User) d
LastModifiedDate datetime d
LastModifiedById reference(User) d
SystemModstamp datetime d
"""
DELETED = "IsDeleted boolean d\n"

USER = """
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
USER_ROLE = """
Name string(80) cuN
DeveloperName string(80) cu
ParentRoleId reference(UserRole) cunR
"""
PROFILE = """
Name string(255) cuN
UserType picklist(40) nr {Standard|PowerPartner|Guest}
UserLicenseId reference(UserLicense)
"""
USER_LICENSE = """
Name string(40) N
LicenseDefinitionKey string(40)
"""
GROUP = """
Name string(40) cuN
DeveloperName string(80) cun
RelatedId reference(UserRole, Territory2) n
Type picklist(40) cnr {Regular|Role|RoleAndSubordinates|Organization|Queue|Territory}
Email email(255) cun
DoesSendEmailToMembers boolean cud
DoesIncludeBosses boolean cud
"""
GROUP_MEMBER = """
GroupId reference(Group) c
UserOrGroupId reference(Group, User) cR
"""
TERRITORY_MODEL = """
Name string(80) cuN
DeveloperName string(80) cu
State picklist(40) r {Planning|Active|Archived|Cloning|Deleting}
"""
TERRITORY = """
Name string(80) cuN
DeveloperName string(80) cu
Territory2ModelId reference(Territory2Model) c
ParentTerritory2Id reference(Territory2) cun
"""
USER_TERRITORY = """
UserId reference(User) c
Territory2Id reference(Territory2) c
IsActive boolean d
RoleInTerritory2 picklist(255) cun {Owner|Account Manager|BDR|AE|CSM}
LastModifiedDate datetime d
LastModifiedById reference(User) d
SystemModstamp datetime d
"""
OBJECT_TERRITORY = """
ObjectId reference(Account, Lead) c
Territory2Id reference(Territory2) c
AssociationCause picklist(40) cr {Territory2AssignmentRule|Territory2Manual}
SobjectType picklist(40) nr {Account|Lead}
IsDeleted boolean d
LastModifiedDate datetime d
LastModifiedById reference(User) d
SystemModstamp datetime d
"""
OUT_OF_OFFICE = """
UserId reference(User) c
StartDate datetime cu
EndDate datetime cu
IsEnabled boolean cdF
Message string(40) cun
"""
ACCOUNT = """
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
ACCOUNT_TEAM_MEMBER = """
AccountId reference(Account) c
UserId reference(User) c
TeamMemberRole picklist(40) cun {Account Manager|Lead Qualifier|Sales Rep|BDR|AE|CSM}
"""
CONTACT = """
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
LEAD = """
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
OPPORTUNITY = """
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
STAGE = """
MasterLabel string(255) nN
ApiName string(255) n
IsActive boolean d
SortOrder int n
IsClosed boolean d
IsWon boolean d
ForecastCategoryName picklist(255) r {Omitted|Pipeline|Best Case|Commit|Closed}
DefaultProbability percent(3, 0) n
"""
CONTACT_ROLE = """
OpportunityId reference(Opportunity) c
ContactId reference(Contact) cu
Role picklist(40) cun {Business User|Decision Maker|Economic Buyer|Evaluator|Influencer|Other}
IsPrimary boolean cud
"""
OPPORTUNITY_TEAM_MEMBER = """
OpportunityId reference(Opportunity) c
UserId reference(User) c
TeamMemberRole picklist(40) cun {Account Manager|Lead Qualifier|Sales Rep|BDR|AE|CSM}
"""
ACTIVITY = """
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
TASK = """
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
EVENT = """
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
EMAIL_MESSAGE = """
ParentId reference(Case) nR
ActivityId reference(Task) n
TextBody textarea(32000) cun
HtmlBody textarea(32000) cun
Headers textarea(32000) cun
Subject string(3000) cunN
FromName string(1000) cun
FromAddress email(1000) cun
ToAddress string(4000) cun
CcAddress string(4000) cun
BccAddress string(4000) cun
Incoming boolean cd
HasAttachment boolean d
Status picklist(40) cudr {0|1|2|3|4|5}
MessageDate datetime cun
ReplyToEmailMessageId reference(EmailMessage) cn
MessageIdentifier string(765) cun
ThreadIdentifier string(765) cun
IsExternallyVisible boolean cud
IsClientManaged boolean cd
RelatedToId reference(Account, Opportunity) cun
IsTracked boolean cd
FirstOpenedDate datetime cun
LastOpenedDate datetime cun
IsBounced boolean d
"""
EMAIL_MESSAGE_RELATION = """
EmailMessageId reference(EmailMessage) c
RelationId reference(Contact, Lead, User) cn
RelationType picklist(40) cr {ToAddress|CcAddress|BccAddress|FromAddress|OtherAddress}
RelationAddress string(100) cn
RelationObjectType picklist(40) nr {Contact|Lead|User}
"""
TASK_STATUS = """
MasterLabel string(255) nN
ApiName string(255) n
SortOrder int n
IsDefault boolean d
IsClosed boolean d
"""
PERMISSION_SET = """
Name string(80) cuN
Label string(80) cu
"""
PERMISSION_SET_ASSIGNMENT = """
AssigneeId reference(User) c
PermissionSetId reference(PermissionSet) c
"""
ORGANIZATION = """
Name string(80) uN
OrganizationType picklist(40) nr {Developer Edition|Enterprise Edition}
TimeZoneSidKey picklist(40) ur
IsSandbox boolean d
InstanceName string(5) n
"""
NAME = """
Name string(121) nN
Type picklist(50) n
"""
