"""Makes HubSpot's rows into the nouns that routing reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.hubspot.fields import Fields
from connectors.hubspot.reading import Link, Rows, stamp_name
from connectors.hubspot.values import (
    Row,
    flag,
    listed,
    moment,
    number,
    reference,
    text,
)
from routing.nouns import Account, Deal, DealContact, Prospect, RoleHolding, Stage

MERGED = "hs_merged_object_ids"
OWNER = "hubspot_owner_id"
COMPANY = (
    "name",
    "domain",
    "lifecyclestage",
    OWNER,
    "hs_parent_company_id",
    MERGED,
    "hs_lastmodifieddate",
)
CONTACT = (
    "email",
    "firstname",
    "lastname",
    "jobtitle",
    "company",
    "associatedcompanyid",
    OWNER,
    MERGED,
    "lastmodifieddate",
)
DEAL = (
    "dealname",
    "dealstage",
    "pipeline",
    "amount",
    "closedate",
    OWNER,
    "hs_is_closed",
    "hs_is_closed_won",
    MERGED,
    "hs_lastmodifieddate",
)
LEAD = (
    "hs_lead_name",
    "hs_primary_contact_id",
    "hs_primary_company_id",
    "hs_associated_contact_email",
    "hs_associated_company_name",
    "hs_pipeline_stage_category",
    "hs_pipeline_stage_category_v2",
    OWNER,
    MERGED,
    "hs_lastmodifieddate",
)
COLLABORATORS = "hs_all_collaborator_owner_ids"
COLLABORATOR = "Collaborator"
"""The role of a deal's collaborators, as policies name it."""
LEAD_PREFIX = "lead:"
_QUALIFIED = "QUALIFIED"
Links = Mapping[str, Sequence[Link]]


def merged_away(rows: Rows) -> list[str]:
    """Ids that were merged into these rows and are records no longer."""
    return [one for row in rows for one in listed(row, MERGED) if one != row["id"]]


def account(row: Row, fields: Fields) -> Account:
    """A company; ``fields`` are the properties that the policy reads."""
    return Account(
        id=str(row["id"]),
        name=text(row, "name") or text(row, "domain"),
        domain=text(row, "domain").lower(),
        owner_id=reference(row, OWNER),
        kind=text(row, "lifecyclestage"),
        parent_id=reference(row, "hs_parent_company_id"),
        fields=fields.of(row),
        modified_at=moment(row, "hs_lastmodifieddate"),
    )


def prospect(row: Row, fields: Fields) -> Prospect:
    """A contact."""
    email = text(row, "email").strip().lower()
    name = f"{text(row, 'firstname')} {text(row, 'lastname')}".strip()
    return Prospect(
        id=str(row["id"]),
        kind="contact",
        email=email,
        name=name or email,
        title=text(row, "jobtitle"),
        company=text(row, "company"),
        account_id=reference(row, "associatedcompanyid"),
        owner_id=reference(row, OWNER),
        fields=fields.of(row),
        modified_at=moment(row, stamp_name("contacts")),
    )


def lead_key(record_id: str) -> str:
    """The id of a lead in the mirror, where contacts have theirs beside it."""
    return f"{LEAD_PREFIX}{record_id}"


def lead(row: Row, contacts: Links, companies: Links, fields: Fields) -> Prospect:
    """A lead: a contact being worked on, which a qualified one is said to have become."""
    own = str(row["id"])
    contact = reference(row, "hs_primary_contact_id") or first_of(contacts.get(own, ()))
    category = text(row, "hs_pipeline_stage_category_v2") or text(row, "hs_pipeline_stage_category")
    return Prospect(
        id=lead_key(own),
        kind="lead",
        email=text(row, "hs_associated_contact_email").strip().lower(),
        name=text(row, "hs_lead_name"),
        company=text(row, "hs_associated_company_name"),
        account_id=reference(row, "hs_primary_company_id") or first_of(companies.get(own, ())),
        owner_id=reference(row, OWNER),
        converted_to=contact if category.upper() == _QUALIFIED else None,
        fields=fields.of(row),
        modified_at=moment(row, "hs_lastmodifieddate"),
    )


def first_of(links: Sequence[Link]) -> str | None:
    """The primary one of several, else the oldest."""
    foremost = min(links, key=lambda link: (not link.primary, int(link.id)), default=None)
    return foremost.id if foremost else None


def collaborators(row: Row) -> list[RoleHolding]:
    """Who works on a deal beside its owner."""
    own = str(row["id"])
    return [
        RoleHolding(
            id=f"deal:{own}:{person}",
            person_id=person,
            role=COLLABORATOR,
            deal_id=own,
            modified_at=moment(row, "hs_lastmodifieddate"),
        )
        for person in dict.fromkeys(listed(row, COLLABORATORS))
        if person.isascii() and person.isdigit()
    ]


def deal(row: Row, companies: Links, fields: Fields) -> Deal:
    """A deal with the company that it belongs to first of all."""
    won = flag(row, "hs_is_closed_won")
    return Deal(
        id=str(row["id"]),
        name=text(row, "dealname"),
        stage_id=text(row, "dealstage"),
        account_id=first_of(companies.get(str(row["id"]), ())),
        pipeline_id=text(row, "pipeline"),
        owner_id=reference(row, OWNER),
        amount=number(row, "amount"),
        is_closed=won or flag(row, "hs_is_closed"),
        is_won=won,
        closed_at=moment(row, "closedate"),
        fields=fields.of(row),
        modified_at=moment(row, "hs_lastmodifieddate"),
    )


def deal_contacts(row: Row, contacts: Links) -> list[DealContact]:
    """Who takes part in a deal, and as what where the association is labelled."""
    own = str(row["id"])
    return [
        DealContact(
            id=f"{own}:{link.id}",
            deal_id=own,
            prospect_id=link.id,
            role=link.label,
            modified_at=moment(row, "hs_lastmodifieddate"),
        )
        for link in contacts.get(own, ())
    ]


def stages(pipelines: Rows) -> list[Stage]:
    """The stages of every pipeline."""
    found = []
    for pipeline in pipelines:
        for one in pipeline.get("stages") or []:
            told = {"properties": one.get("metadata") or {}}
            closed = flag(told, "isClosed")
            found.append(
                Stage(
                    id=str(one["id"]),
                    label=str(one.get("label") or ""),
                    pipeline_id=str(pipeline["id"]),
                    position=int(one.get("displayOrder") or 0),
                    is_closed=closed,
                    is_won=closed and (number(told, "probability") or 0) >= 1,
                    active=not (one.get("archived") or pipeline.get("archived")),
                    modified_at=moment({"properties": one}, "updatedAt"),
                )
            )
    return found
