"""Companies v2 and deals v1 of the sandbox, as the tap that still uses them expects them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.contract.hubspot_kit import Kit, ask, running

PAGED = {
    "companies": ("/companies/v2/companies/paged", "companyId", "has-more"),
    "deals": ("/deals/v1/deal/paged", "dealId", "hasMore"),
}


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as started:
        yield started


def body(kit: Kit, path: str) -> Any:
    answer = ask(kit, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", PAGED)
def test_pages_follow_one_another_by_the_offset(kit: Kit, kind: str) -> None:
    path, key, more = PAGED[kind]
    seen, offset, going = [], "", True
    while going:
        page = body(kit, f"{path}?limit=1{offset}")
        seen += [str(one[key]) for one in page[kind]]
        offset, going = f"&offset={page['offset']}", page[more]
    assert seen == [one["id"] for one in kit.sandbox.records(kind)]


def test_a_company_comes_with_stamped_values_and_times_in_milliseconds(kit: Kit) -> None:
    acme = kit.ids["acme"]
    one = body(kit, f"/companies/v2/companies/{acme}")
    assert (one["companyId"], one["isDeleted"]) == (int(acme), False)
    assert one["properties"]["name"]["value"] == "Acme"
    assert one["properties"]["name"]["versions"][0]["value"] == "Acme"
    made = one["properties"]["createdate"]
    modern = body(kit, f"/crm/v3/objects/companies/{acme}")["createdAt"]
    assert made["value"] == str(made["timestamp"])
    assert made["timestamp"] == round(datetime.fromisoformat(modern).timestamp() * 1000)
    listed = body(kit, "/companies/v2/companies/paged?properties=name&properties=domain&limit=1")
    assert set(listed["companies"][0]["properties"]) == {"name", "domain"}


def test_deals_tell_properties_and_associations_only_when_asked(kit: Kit) -> None:
    path = PAGED["deals"][0]
    bare = body(kit, path)["deals"][0]
    assert (bare["properties"], bare["associations"]["associatedCompanyIds"]) == ({}, [])
    asked = f"{path}?includeAllProperties=true&includeAssociations=true"
    full = {one["dealId"]: one for one in body(kit, asked)["deals"]}[int(kit.ids["big"])]
    assert full["properties"]["dealstage"]["source"] == "API"
    assert full["associations"]["associatedCompanyIds"] == [int(kit.ids["acme"])]


@pytest.mark.parametrize("path", ["/companies/v2/properties", "/properties/v1/deals/properties"])
def test_definitions_are_the_older_ones(kit: Kit, path: str) -> None:
    named = {one["name"]: one for one in body(kit, path)}
    assert named["hubspot_owner_id"]["type"] == "enumeration"
    assert "modificationMetadata" not in named["hubspot_owner_id"]


def test_what_is_unknown_hidden_or_out_of_bounds_is_refused(kit: Kit) -> None:
    companies, deals = PAGED["companies"][0], PAGED["deals"][0]
    for path, status in (
        ("/companies/v2/companies/1", 404),
        ("/companies/v2/companies/acme", 404),
        (f"{companies}?limit=251", 400),
        (f"{deals}?offset=soon", 400),
        ("/companies/v2/domains", 404),
    ):
        assert ask(kit, "GET", path).status_code == status, path
    kit.sandbox.portal.scopes -= {"crm.objects.deals.read"}
    refused = ask(kit, "GET", deals)
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
