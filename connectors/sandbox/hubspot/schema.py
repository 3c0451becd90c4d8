"""What the account knows before anybody enters a record: object types, properties, association ids.

Only what an app like ours can meet is here; anything else is unknown to the account and refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CONTACTS_READ = "crm.objects.contacts.read"
CONTACTS_WRITE = "crm.objects.contacts.write"
OWNERS_READ = "crm.objects.owners.read"
DEALS_READ = "crm.objects.deals.read"
SCHEMAS_WRITE = "crm.schemas.contacts.write"
CUSTOM_READ, CUSTOM_WRITE = "crm.objects.custom.read", "crm.objects.custom.write"
CUSTOM_SCHEMAS = "crm.schemas.custom.read"


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One object type. Ids of its records begin at ``first_id`` and grow a digit soon after."""

    name: str
    type_id: str
    first_id: int
    read: tuple[str, ...]
    write: tuple[str, ...]
    defaults: tuple[str, ...] = ()
    created: str = "hs_createdate"
    modified: str = "hs_lastmodifieddate"


def _activity(name: str, type_id: str, first_id: int, *more: str) -> ObjectType:
    return ObjectType(name, type_id, first_id, (CONTACTS_READ, *more), (CONTACTS_WRITE, *more))


def _plain(name: str, type_id: str, first_id: int, *defaults: str) -> ObjectType:
    created = "hs_createdate" if name in ("users", "leads") else "createdate"
    return ObjectType(
        name,
        type_id,
        first_id,
        (f"crm.objects.{name}.read",),
        (f"crm.objects.{name}.write",),
        defaults,
        created,
        "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate",
    )


TYPES = (
    _plain("contacts", "0-1", 99_951, "email", "firstname", "lastname"),
    _plain("companies", "0-2", 9_999_971, "domain", "name"),
    _plain("deals", "0-3", 99_999_961, "amount", "closedate", "dealname", "dealstage", "pipeline"),
    ObjectType("tickets", "0-5", 61_100_001, ("tickets",), ("tickets",), created="createdate"),
    _plain("users", "0-115", 207_001_431),
    _plain("leads", "0-136", 520_001),
    _activity("communications", "0-18", 44_400_001),
    _activity("tasks", "0-27", 9_999_999_981),
    _activity("meetings", "0-47", 41_100_001),
    _activity("calls", "0-48", 42_200_001),
    _activity("emails", "0-49", 43_300_001, "sales-email-read"),
)
BY_NAME = {name: one for one in TYPES for name in (one.name, one.type_id)}
ALL_SCOPES = frozenset(
    {scope for one in TYPES for scope in (*one.read, *one.write)}
    | {OWNERS_READ, SCHEMAS_WRITE, CUSTOM_READ, CUSTOM_WRITE, CUSTOM_SCHEMAS}
)


@dataclass(slots=True, kw_only=True)
class Property:
    """One property of an object type, as the properties API tells it."""

    name: str
    type: str = "string"
    field_type: str = "text"
    label: str = ""
    description: str = ""
    group: str = ""
    options: tuple[str, ...] = ()
    read_only: bool = False
    unique: bool = False
    owner: bool = False
    """Whether the value is an owner id (external options)."""
    own: bool = True
    """Whether HubSpot itself defined it."""
    formula: str = ""
    """Of a calculated property; such a one is read only."""
    archived: int | None = None
    """When it was archived, in epoch ms."""

    @property
    def calculated(self) -> bool:
        """Whether HubSpot works the value out."""
        return bool(self.formula)


_SHORT = {
    "s": ("string", "text"),
    "l": ("string", "textarea"),
    "n": ("number", "number"),
    "d": ("datetime", "date"),
    "D": ("date", "date"),
    "b": ("bool", "booleancheckbox"),
    "e": ("enumeration", "select"),
    "m": ("enumeration", "checkbox"),
    "o": ("enumeration", "select"),
}
_LIFE = (
    "subscriber|lead|marketingqualifiedlead|salesqualifiedlead|opportunity|customer|"
    "evangelist|other"
)

# name:kind, or name:kind:options; a ! behind the kind marks what only HubSpot itself may write.
_EVERY = (
    "hs_object_id:n! hs_merged_object_ids:m! hubspot_owner_id:o hs_all_owner_ids:m! "
    "hs_object_source:s! hs_object_source_label:s!"
)
_BY_TYPE = {
    "contacts": "createdate:d! lastmodifieddate:d! email:s firstname:s lastname:s company:s "
    f"jobtitle:s phone:s associatedcompanyid:n lifecyclestage:e:{_LIFE} "
    "hs_lead_status:e:NEW|OPEN|IN_PROGRESS|CONNECTED|BAD_TIMING hs_email_last_open_date:d! "
    "hs_email_last_reply_date:d!",
    "companies": "createdate:d! hs_lastmodifieddate:d! name:s domain:s country:s industry:s "
    f"lifecyclestage:e:{_LIFE} hs_parent_company_id:n! bdr_owner:o csm_owner:o",
    "deals": "createdate:d! hs_lastmodifieddate:d! dealname:s dealstage:s pipeline:s amount:n "
    "closedate:d hs_is_closed:b! hs_is_closed_won:b! hs_all_collaborator_owner_ids:m",
    "tickets": "createdate:d! hs_lastmodifieddate:d! subject:s content:l hs_pipeline:s "
    "hs_pipeline_stage:s hs_ticket_priority:e:LOW|MEDIUM|HIGH|URGENT",
    "users": "hs_createdate:d! hs_lastmodifieddate:d! hs_email:s! hs_given_name:s! "
    "hs_family_name:s! hs_internal_user_id:n! hs_availability_status:e:available|away "
    "hs_out_of_office_hours:l hs_working_hours:l hs_standard_time_zone:s hs_job_title:s "
    "hubspot_team_id:s! hs_deactivated:b! hlr_manager_owner:o hlr_backup_owner:o",
    "leads": "hs_createdate:d! hs_lastmodifieddate:d! hs_lead_name:s "
    "hs_lead_label:e:HOT|WARM|COLD hs_lead_type:e:NEW_BUSINESS|RE-ATTEMPTING|UPSELL hs_pipeline:s "
    "hs_pipeline_stage:s hs_pipeline_stage_category:s! hs_pipeline_stage_category_v2:s! "
    "hs_primary_contact_id:n! hs_primary_company_id:n! hs_associated_contact_email:s! "
    "hs_associated_company_name:s!",
    "communications": "hs_createdate:d! hs_lastmodifieddate:d! hs_timestamp:d "
    "hs_communication_channel_type:e:WHATS_APP|LINKEDIN_MESSAGE|SMS "
    "hs_communication_logged_from:e:CRM hs_communication_body:l",
    "tasks": "hs_createdate:d! hs_lastmodifieddate:d! hs_timestamp:d hs_task_subject:s "
    "hs_task_body:l hs_task_status:e:NOT_STARTED|IN_PROGRESS|WAITING|DEFERRED|COMPLETED "
    "hs_task_type:e:TODO|CALL|EMAIL|LINKED_IN|MEETING|LINKED_IN_CONNECT|LINKED_IN_MESSAGE "
    "hs_task_priority:e:NONE|LOW|MEDIUM|HIGH hs_task_reminders:s hs_task_completion_date:d!",
    "meetings": "hs_createdate:d! hs_lastmodifieddate:d! hs_timestamp:d hs_meeting_title:s "
    "hs_meeting_body:l hs_meeting_start_time:d hs_meeting_end_time:d "
    "hs_meeting_source:s! "
    "hs_meeting_outcome:e:SCHEDULED|COMPLETED|RESCHEDULED|NO_SHOW|CANCELED",
    "calls": "hs_createdate:d! hs_lastmodifieddate:d! hs_timestamp:d hs_call_title:s "
    "hs_call_body:l hs_call_duration:n hs_call_direction:e:INBOUND|OUTBOUND "
    "hs_call_status:e:BUSY|CALLING_CRM_USER|CANCELED|COMPLETED|CONNECTING|FAILED|IN_PROGRESS|"
    "MISSED|NO_ANSWER|QUEUED|RINGING",
    "emails": "hs_createdate:d! hs_lastmodifieddate:d! hs_timestamp:d hs_email_subject:s "
    "hs_email_text:l hs_email_html:l hs_email_direction:e:EMAIL|INCOMING_EMAIL|FORWARDED_EMAIL "
    "hs_email_status:e:BOUNCED|FAILED|SCHEDULED|SENDING|SENT hs_email_open_count:n "
    "hs_email_click_count:n hs_email_reply_count:n hs_sequence_id:n!",
}
_CUSTOM = "hs_createdate:d! hs_lastmodifieddate:d!"
_OF_THE_TEAM = {"bdr_owner", "csm_owner", "hlr_manager_owner", "hlr_backup_owner"}


def _property(text: str, group: str) -> Property:
    name, kind, *rest = text.split(":", 2)
    type_, field_type = _SHORT[kind[0]]
    return Property(
        name=name,
        type=type_,
        field_type=field_type,
        label=name.removeprefix("hs_").replace("_", " ").capitalize(),
        group=group,
        options=tuple(rest[0].split("|")) if rest else (),
        read_only=kind.endswith("!"),
        unique=name == "email",
        owner=kind[0] == "o",
        own=name not in _OF_THE_TEAM,
    )


def singular(type_name: str) -> str:
    """The name of one record of a type, as association labels and webhooks write it."""
    return "company" if type_name == "companies" else type_name.removesuffix("s")


def standard_properties(type_name: str) -> dict[str, Property]:
    """The properties that a new account has on this type, and the team's own owner fields."""
    group = f"{singular(type_name)}information"
    texts = f"{_EVERY} {_BY_TYPE.get(type_name, _CUSTOM)}".split()
    return {one.name: one for one in (_property(text, group) for text in texts)}


@dataclass(frozen=True, slots=True)
class Pair:
    """Association type ids between two object types, there and back; primary ones if any."""

    there: int
    back: int
    primary: int | None = None
    primary_back: int | None = None


_PAIRS = {
    ("contacts", "companies"): Pair(279, 280, 1, 2),
    ("deals", "contacts"): Pair(3, 4),
    ("deals", "companies"): Pair(341, 342, 5, 6),
    ("tickets", "contacts"): Pair(16, 15),
    ("tickets", "companies"): Pair(339, 340, 26, 25),
    ("tickets", "deals"): Pair(28, 27),
    ("leads", "contacts"): Pair(608, 609, 578, 579),
    ("leads", "companies"): Pair(610, 611),
    ("communications", "contacts"): Pair(81, 82),
    ("communications", "companies"): Pair(87, 88),
    ("communications", "deals"): Pair(85, 86),
    ("tasks", "contacts"): Pair(204, 203),
    ("tasks", "companies"): Pair(192, 191),
    ("tasks", "deals"): Pair(216, 215),
    ("calls", "contacts"): Pair(194, 193),
    ("calls", "companies"): Pair(182, 181),
    ("calls", "deals"): Pair(206, 205),
    ("emails", "contacts"): Pair(198, 197),
    ("emails", "companies"): Pair(186, 185),
    ("emails", "deals"): Pair(210, 209),
    ("meetings", "contacts"): Pair(200, 199),
    ("meetings", "companies"): Pair(188, 187),
    ("meetings", "deals"): Pair(212, 211),
}


def standard_pairs() -> dict[tuple[str, str], Pair]:
    """The association ids that HubSpot defined, by the way round in which it did."""
    return dict(_PAIRS)


def turned(pair: Pair) -> Pair:
    """The same as seen from the other side."""
    return Pair(pair.back, pair.there, pair.primary_back, pair.primary)


def custom_type(name: str, number: int) -> ObjectType:
    """An object type that the account defined itself."""
    return ObjectType(
        name,
        f"2-{number}",
        number * 1000 + 1,
        (CUSTOM_READ,),
        (CUSTOM_WRITE,),
    )


@dataclass(slots=True)
class Stage:
    """A deal stage; ``probability`` between 0.0 and 1.0, 1.0 being won."""

    id: str
    label: str
    closed: bool
    probability: float
    archived: bool = False


@dataclass(slots=True)
class Pipeline:
    """A pipeline of deals."""

    id: str = "default"
    label: str = "Sales Pipeline"
    stages: list[Stage] = field(default_factory=list)
    archived: bool = False
