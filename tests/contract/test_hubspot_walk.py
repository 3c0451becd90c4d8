"""Every route of the sandbox is walked, and each answer read strictly by the client's models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import requests

from connectors.hubspot.wire import dated
from connectors.sandbox.hubspot.limits import TIERS
from connectors.sandbox.hubspot.routes import ENDPOINTS
from tests.contract.hubspot_kit import Kit, ask, running
from tests.contract.hubspot_models import BATCH, LINKS, OBJECT_PAGE, SEARCH_PAGE, plain, strictly

RECORD = "SimplePublicObject"
WHOLE = f"{RECORD}WithAssociations"
OWNERS = "owners:CollectionResponsePublicOwnerForwardPaging"
PROPERTIES = "properties:CollectionResponsePropertyNoPaging"
SCHEMAS = "schemas:CollectionResponseObjectSchemaNoPaging"
LABELS = "associations.v4.schema:CollectionResponseAssociationSpecWithLabelNoPaging"
ONE_WAY = "associations.v4:CollectionResponseMultiAssociatedObjectWithLabelForwardPaging"
MADE = "associations.v4:BatchResponseLabelsBetweenObjectPair"
CONTACTS, TASKS = "/crm/v3/objects/contacts", "/crm/v3/objects/tasks"
DETAILS = {
    "portalId",
    "accountType",
    "timeZone",
    "companyCurrency",
    "additionalCurrencies",
    "utcOffset",
    "utcOffsetMilliseconds",
    "uiDomain",
    "dataHostingLocation",
}


class Step(NamedTuple):
    """One call: route, path, body, status, and the model of the answer ('' for no content)."""

    method: str
    route: str
    path: str
    body: Any
    status: int
    model: str


def steps(kit: Kit) -> list[Step]:
    """A call for each route, those with several kinds of answer more than once."""
    ids = kit.ids
    dana, big, acme = ids["dana"], ids["big"], ids["acme"]
    objects, one = "/crm/v3/objects/{type}", "/crm/v3/objects/{type}/{id}"
    batch = "/crm/v3/objects/{type}/batch/{batch}"
    links = "/crm/v4/associations/{type}/{to}"
    properties, groups = "/crm/v3/properties/{type}", "/crm/v3/properties/{type}/groups"
    named = "/crm/v3/properties/{type}/{name}"
    new = {"properties": {"email": "walk@x.test"}}
    label = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    joined = {"from": {"id": big}, "to": {"id": ids["lou"]}, "types": label}
    group = {"name": "walked", "label": "Walked"}
    prop = {
        "groupName": "walked",
        "name": "walked",
        "label": "Walked",
        "type": "enumeration",
        "fieldType": "select",
        "options": [{"label": "A", "value": "a", "displayOrder": 0, "hidden": False}],
    }
    two = [{"id": dana, "objectWriteTraceId": "1"}, {"id": "404", "objectWriteTraceId": "2"}]
    for row in two:
        row["properties"] = {"jobtitle": "VP"}  # type: ignore[assignment]
    upsert = {"id": "up@x.test", "idProperty": "email", "properties": {"firstname": "Up"}}
    definition = "/crm/v3/properties/companies"
    mapped = "/crm/v4/associations/deals/contacts"
    return [
        Step("GET", objects, f"{CONTACTS}?limit=1&associations=companies", None, 200, OBJECT_PAGE),
        Step("GET", objects, "/crm/v3/objects/leads", None, 200, OBJECT_PAGE),
        Step("GET", objects, "/crm/v3/objects/users?properties=hs_email", None, 200, OBJECT_PAGE),
        Step("GET", objects, "/crm/v3/objects/p21939747_renewal", None, 200, OBJECT_PAGE),
        Step("POST", objects, CONTACTS, new, 201, RECORD),
        Step("POST", f"{objects}/{{verb:search}}", f"{CONTACTS}/search", {}, 200, SEARCH_PAGE),
        Step("GET", one, f"{CONTACTS}/{dana}?associations=deals", None, 200, WHOLE),
        Step("PATCH", one, f"{CONTACTS}/{dana}", {"properties": {"jobtitle": "V"}}, 200, RECORD),
        Step("POST", batch, f"{CONTACTS}/batch/read", {"inputs": [{"id": dana}]}, 200, BATCH),
        Step("POST", batch, f"{CONTACTS}/batch/update", {"inputs": two}, 207, f"{BATCH}WithErrors"),
        Step(
            "POST",
            batch,
            f"{CONTACTS}/batch/upsert",
            {"inputs": [upsert]},
            200,
            "BatchResponseSimplePublicUpsertObject",
        ),
        Step(
            "POST",
            batch,
            f"{TASKS}/batch/create",
            {"inputs": [{"properties": {"hs_timestamp": "1795420800000"}}]},
            201,
            BATCH,
        ),
        Step("POST", batch, f"{CONTACTS}/batch/archive", {"inputs": [{"id": "404"}]}, 204, ""),
        Step("POST", f"{links}/batch/read", f"{mapped}/batch/read", {"inputs": [{"id": big}]}, 200,
             LINKS),
        Step("POST", f"{links}/batch/create", f"{mapped}/batch/create", {"inputs": [joined]}, 201,
             MADE),
        Step("GET", f"{links}/labels", f"{mapped}/labels", None, 200, LABELS),
        Step("GET", "/crm/v4/objects/{type}/{id}/associations/{to}",
             f"/crm/v4/objects/deals/{big}/associations/contacts?limit=1", None, 200, ONE_WAY),
        Step("GET", "/crm/v3/owners", "/crm/v3/owners?limit=2", None, 200, OWNERS),
        Step("GET", "/crm/v3/owners/", "/crm/v3/owners/?archived=true", None, 200, OWNERS),
        Step("GET", "/crm/v3/owners/{id}", f"/crm/v3/owners/{ids['bo']}", None, 200,
             "owners:PublicOwner"),
        Step("GET", "/crm/v3/pipelines/{type}", "/crm/v3/pipelines/deals", None, 200,
             "pipelines:CollectionResponsePipelineNoPaging"),
        Step("GET", "/crm/v3/pipelines/{type}/{id}", "/crm/v3/pipelines/deals/default", None, 200,
             "pipelines:Pipeline"),
        Step("GET", "/crm/v3/pipelines/{type}/{id}/stages",
             "/crm/v3/pipelines/deals/default/stages?archived=true", None, 200,
             "pipelines:CollectionResponsePipelineStageNoPaging"),
        Step("GET", "/crm/v3/pipelines/{type}/{id}/stages/{stage}",
             f"/crm/v3/pipelines/deals/default/stages/{ids['new']}", None, 200,
             "pipelines:PipelineStage"),
        Step("GET", properties, definition, None, 200, PROPERTIES),
        Step("GET", properties, f"{definition}?archived=true", None, 200, PROPERTIES),
        Step("POST", groups, f"{definition}/groups", group, 201, "properties:PropertyGroup"),
        Step("GET", groups, f"{definition}/groups", None, 200,
             "properties:CollectionResponsePropertyGroupNoPaging"),
        Step("POST", properties, definition, prop, 201, "properties:ModelProperty"),
        Step("GET", named, f"{definition}/csm_owner", None, 200, "properties:ModelProperty"),
        Step("PATCH", named, f"{definition}/walked", {"label": "W"}, 200,
             "properties:ModelProperty"),
        Step("DELETE", named, f"{definition}/walked", None, 204, ""),
        Step("GET", "/crm/v3/schemas", "/crm/v3/schemas", None, 200, SCHEMAS),
        Step("GET", "/crm/v3/schemas/{type}", "/crm/v3/schemas/renewal", None, 200,
             "schemas:ObjectSchema"),
        Step("GET", "/crm-object-schemas/v3/schemas", "/crm-object-schemas/v3/schemas", None, 200,
             SCHEMAS),
        Step("GET", "/crm-object-schemas/v3/schemas/{type}",
             "/crm-object-schemas/v3/schemas/2-3465404", None, 200, "schemas:ObjectSchema"),
        Step("GET", "/account-info/v3/details", "/account-info/v3/details", None, 200, "details"),
        Step("DELETE", one, f"{CONTACTS}/{ids['lou']}", None, 204, ""),
        Step("GET", one, f"{CONTACTS}/{ids['lou']}?archived=true", None, 200, WHOLE),
        Step("GET", one, f"/crm/v3/objects/companies/{acme}", None, 200, WHOLE),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    with running() as started:
        sandbox = started.sandbox
        sandbox.portal.define_object("renewal", "Renewal", "Renewals")
        sandbox.portal.links.define("renewal", "companies")
        sandbox.create("renewal", {"companies": started.ids["acme"]}, name="One")
        sandbox.create("leads", {"contacts": started.ids["dana"]}, hs_lead_name="Dana")
        sandbox.define("companies", "score", "number", formula="1 + 1")
        sandbox.define("companies", "gone")
        sandbox.drop_property("companies", "gone")
        portal = sandbox.portal
        portal.pipeline.stages[1].archived = True
        portal.owners[int(started.ids["bo"])].other_teams = ("Renewals",)
        big, dana = started.ids["big"], started.ids["dana"]
        sandbox.link("deals", big, "contacts", dana, label="Champion")
        yield started


def test_every_route_answers_as_the_models_of_the_client_say(kit: Kit) -> None:
    walked = set()
    for step in steps(kit):
        answer = ask(kit, step.method, step.path, step.body)
        assert (step.path, answer.status_code) == (step.path, step.status), answer.text
        if step.model == "details":
            assert set(answer.json()) == DETAILS
        elif step.model:
            strictly(step.model, answer)
        else:
            assert answer.content == b""
        walked.add((step.method, step.route))
    assert {(method, route) for method, route, _ in ENDPOINTS} - walked == set()


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_the_same_is_told_under_paths_with_a_date(kit: Kit, version: str) -> None:
    for step in steps(kit):
        if step.method == "GET":
            path = dated(step.path, version)
            assert version in path
            assert told(ask(kit, "GET", path)) == told(ask(kit, "GET", step.path)), path


def told(answer: requests.Response) -> Any:
    return answer.status_code, {**plain(answer.json()), "correlationId": ""}


@pytest.mark.parametrize("path", ["/crm/objects/2025-09/contacts", "/crm/objects/2026-3/contacts"])
def test_a_date_that_there_is_not_leads_nowhere(kit: Kit, path: str) -> None:
    assert ask(kit, "GET", path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "package"),
    [
        ("GET", "/crm/v3/objects/wands", None, "objects"),
        ("GET", f"{CONTACTS}/404", None, "objects"),
        ("POST", CONTACTS, {"properties": {"nonsense": "1"}}, "objects"),
        ("POST", CONTACTS, {"properties": {"email": "dana@acme.test"}}, "objects"),
        ("POST", f"{CONTACTS}/search", {"limit": 201}, "objects"),
        ("GET", "/crm/v3/properties/companies/nothing", None, "properties"),
        ("DELETE", "/crm/v3/properties/companies/name", None, "properties"),
        ("POST", "/crm/v3/properties/companies", {"name": "x"}, "properties"),
        ("GET", "/crm/v3/pipelines/tickets", None, "pipelines"),
        ("GET", "/crm/v3/schemas/contacts", None, "schemas"),
        ("GET", "/crm/v4/associations/users/contacts/labels", None, "associations.v4.schema"),
    ],
)
def test_every_refusal_is_the_error_of_the_models(
    kit: Kit, method: str, path: str, body: Any, package: str
) -> None:
    answer = ask(kit, method, path, body)
    assert 400 <= answer.status_code < 500
    error = strictly(f"{package}:Error", answer, beyond=["status"])
    assert answer.json()["status"] == "error"
    assert error.category
    assert error.correlation_id


@pytest.mark.parametrize("tier", sorted(TIERS))
def test_each_tier_tells_its_limits_but_to_searches(tier: str) -> None:
    with running() as kit:
        kit.sandbox.limits.tier(tier)
        ten, day = TIERS[tier]
        headers = ask(kit, "GET", "/crm/v3/owners").headers
        assert headers["X-HubSpot-RateLimit-Max"] == str(ten)
        assert headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
        assert headers["X-HubSpot-RateLimit-Daily"] == str(day)
        assert headers["X-HubSpot-RateLimit-Daily-Remaining"] == str(day - 1)
        searched = ask(kit, "POST", f"{CONTACTS}/search", {}).headers
        assert not [name for name in searched if "ratelimit" in name.lower()]


@pytest.mark.parametrize(
    ("policy", "limits"),
    [
        ("SECONDLY", {"searches_a_second": 0}),
        ("TEN_SECONDLY_ROLLING", {"in_ten_seconds": 0}),
        ("DAILY", {"daily": 0}),
    ],
)
def test_one_call_too_many_is_refused_by_the_policy_that_it_breaks(
    policy: str, limits: dict[str, int]
) -> None:
    with running(enforce_limits=True) as kit:
        for name, value in limits.items():
            setattr(kit.sandbox.limits, name, value)
        answer = ask(kit, "POST", f"{CONTACTS}/search", {})
        body = answer.json()
        assert (answer.status_code, body["policyName"]) == (429, policy)
        assert (body["status"], body["errorType"]) == ("error", "RATE_LIMIT")
        assert "Retry-After" not in answer.headers


def test_an_archived_property_comes_back_with_its_name(kit: Kit) -> None:
    body = {
        "groupName": "companyinformation",
        "name": "gone",
        "label": "Gone",
        "type": "string",
        "fieldType": "text",
    }
    path = "/crm/v3/properties/companies"
    assert "gone" in archived(kit, path)
    group = next(iter(kit.sandbox.portal.tables["companies"].groups))
    assert ask(kit, "POST", path, {**body, "groupName": group}).status_code == 201
    assert ask(kit, "POST", path, {**body, "groupName": group}).status_code == 409
    assert "gone" not in archived(kit, path)


def archived(kit: Kit, path: str) -> set[str]:
    found = ask(kit, "GET", f"{path}?archived=true").json()["results"]
    return {one["name"] for one in found}


def test_nobody_writes_what_hubspot_works_out_or_leaves_out_what_an_admin_demands(
    kit: Kit,
) -> None:
    refused = ask(kit, "POST", "/crm/v3/objects/companies", {"properties": {"score": "2"}})
    assert refused.json()["errors"][0]["code"] == "READ_ONLY_VALUE"
    kit.sandbox.portal.required["companies"] = ("domain",)
    refused = ask(kit, "POST", "/crm/v3/objects/companies", {"properties": {"name": "No"}})
    kit.sandbox.portal.required.clear()
    assert refused.json()["errors"][0]["code"] == "MISSING_REQUIRED_PROPERTY"
