"""Makes HubSpot's rows into the nouns that routing reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from routing.nouns import Account, Deal, DealContact, Prospect, Stage

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
PRIMARY_COMPANY = 5
"""Association type id: the deal's primary company."""
Links = Mapping[str, Sequence[Link]]


def merged_away(rows: Rows) -> list[str]:
    """Ids that were merged into these rows and are records no longer."""
    return [one for row in rows for one in listed(row, MERGED) if one != row["id"]]


def account(row: Row, fields: Sequence[str]) -> Account:
    """A company; ``fields`` are the properties that the policy reads."""
    return Account(
        id=str(row["id"]),
        name=text(row, "name") or text(row, "domain"),
        domain=text(row, "domain").lower(),
        owner_id=reference(row, OWNER),
        kind=text(row, "lifecyclestage"),
        parent_id=reference(row, "hs_parent_company_id"),
        fields={name: text(row, name) for name in fields},
        modified_at=moment(row, "hs_lastmodifieddate"),
    )


def prospect(row: Row) -> Prospect:
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
        modified_at=moment(row, stamp_name("contacts")),
    )


def deal(row: Row, companies: Links) -> Deal:
    """A deal with the company that it belongs to first of all."""
    won = flag(row, "hs_is_closed_won")
    return Deal(
        id=str(row["id"]),
        name=text(row, "dealname"),
        stage_id=text(row, "dealstage"),
        account_id=_primary(companies.get(str(row["id"]), ())),
        pipeline_id=text(row, "pipeline"),
        owner_id=reference(row, OWNER),
        amount=number(row, "amount"),
        is_closed=won or flag(row, "hs_is_closed"),
        is_won=won,
        closed_at=moment(row, "closedate"),
        modified_at=moment(row, "hs_lastmodifieddate"),
    )


def _primary(links: Sequence[Link]) -> str | None:
    first = next((link for link in links if PRIMARY_COMPANY in link.types), None)
    first = first or min(links, key=lambda link: int(link.id), default=None)
    return first.id if first else None


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
