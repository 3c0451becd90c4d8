"""The sandbox judged by the models of hubspot-api-client, and its refusals and limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.hubspot_kit import Kit, ask, found, running
from tests.contract.hubspot_models import BATCH, LINKS, OBJECT_PAGE, SEARCH_PAGE, strictly


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as started:
        yield started


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals", "users", "tasks", "0-1"])
def test_a_list_fits_the_model(kit: Kit, kind: str) -> None:
    kit.sandbox.create("tasks", hs_timestamp="2026-11-23T08:00:00.000Z")
    strictly(OBJECT_PAGE, ask(kit, "GET", f"/crm/v3/objects/{kind}?limit=1"))


def test_a_list_with_associations_and_archived_rows_fits_the_model(kit: Kit) -> None:
    path = "/crm/v3/objects/deals?limit=1&associations=companies,contacts"
    page = strictly(OBJECT_PAGE, ask(kit, "GET", path))
    assert page.results[0].associations["companies"].results[0].id == kit.ids["acme"]
    kit.sandbox.archive("contacts", kit.ids["lou"])
    page = strictly(OBJECT_PAGE, ask(kit, "GET", "/crm/v3/objects/contacts?archived=true"))
    assert page.results[0].archived
    assert page.results[0].archived_at is not None


def test_a_search_fits_the_model(kit: Kit) -> None:
    page = strictly(SEARCH_PAGE, found(kit, {"limit": 1, "properties": ["email"]}))
    assert (page.total, len(page.results), page.paging.next.after) == (2, 1, "1")


def test_single_records_fit_the_model(kit: Kit) -> None:
    made = ask(kit, "POST", "/crm/v3/objects/contacts", {"properties": {"email": "n@x.test"}})
    assert made.status_code == 201
    record = strictly("SimplePublicObject", made)
    path = f"/crm/v3/objects/contacts/{record.id}"
    changed = ask(kit, "PATCH", path, {"properties": {"firstname": "N"}})
    assert strictly("SimplePublicObject", changed).properties["firstname"] == "N"
    by_mail = ask(kit, "GET", "/crm/v3/objects/contacts/n@x.test?idProperty=email")
    assert strictly("SimplePublicObjectWithAssociations", by_mail).id == record.id
    assert ask(kit, "DELETE", path).status_code == 204
    assert ask(kit, "GET", path).status_code == 404


def test_batches_fit_the_models(kit: Kit) -> None:
    path = "/crm/v3/objects/contacts/batch"
    inputs = [{"properties": {"email": f"b{n}@x.test"}} for n in range(3)]
    made = ask(kit, "POST", f"{path}/create", {"inputs": inputs})
    assert made.status_code == 201
    rows = strictly(BATCH, made).results
    inputs = [{"id": row.id, "properties": {"firstname": "B"}} for row in rows]
    strictly(BATCH, ask(kit, "POST", f"{path}/update", {"inputs": inputs}))
    body = {"inputs": [{"id": rows[0].id}, {"id": "404"}], "properties": ["email"]}
    read = ask(kit, "POST", f"{path}/read", body)
    assert read.status_code == 207
    assert strictly(f"{BATCH}WithErrors", read).num_errors == 1
    upserts = [
        {"id": mail, "idProperty": "email", "properties": {"firstname": "U"}}
        for mail in ("b0@x.test", "new@x.test")
    ]
    upserted = ask(kit, "POST", f"{path}/upsert", {"inputs": upserts})
    told = strictly("BatchResponseSimplePublicUpsertObject", upserted)
    assert [row.new for row in told.results] == [False, True]
    ids = {"inputs": [{"id": row.id} for row in rows]}
    assert ask(kit, "POST", f"{path}/archive", ids).status_code == 204


def test_traced_rows_are_judged_one_by_one_and_untraced_ones_together(kit: Kit) -> None:
    path = "/crm/v3/objects/contacts/batch/create"
    good, bad = {"properties": {"email": "g@x.test"}}, {"properties": {"nonsense": "1"}}
    traced = [{**good, "objectWriteTraceId": "a"}, {**bad, "objectWriteTraceId": "b"}]
    refused = ask(kit, "POST", path, {"inputs": [good, bad]})
    assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")
    assert len(kit.sandbox.records("contacts")) == 2
    partly = ask(kit, "POST", path, {"inputs": traced})
    assert partly.status_code == 207
    told = strictly(f"{BATCH}WithErrors", partly)
    assert told.errors[0].context == {"objectWriteTraceId": ["b"]}
    assert told.errors[0].errors[0].code == "PROPERTY_DOESNT_EXIST"
    assert [row.object_write_trace_id for row in told.results] == ["a"]


def test_owners_pipelines_and_properties_fit_the_models(kit: Kit) -> None:
    owners = strictly(
        "owners:CollectionResponsePublicOwnerForwardPaging",
        ask(kit, "GET", "/crm/v3/owners?limit=2"),
    )
    assert owners.paging.next.after == owners.results[1].id
    gone = ask(kit, "GET", "/crm/v3/owners/?archived=true")
    left = strictly("owners:CollectionResponsePublicOwnerForwardPaging", gone).results
    assert [(one.user_id, one.archived) for one in left] == [(None, True)]
    strictly(
        "pipelines:CollectionResponsePipelineNoPaging", ask(kit, "GET", "/crm/v3/pipelines/deals")
    )
    strictly(
        "properties:CollectionResponsePropertyNoPaging",
        ask(kit, "GET", "/crm/v3/properties/companies"),
    )
    one = ask(kit, "GET", "/crm/v3/properties/companies/csm_owner")
    definition = strictly("properties:ModelProperty", one)
    assert (definition.referenced_object_type, definition.external_options) == ("OWNER", True)
    strictly(
        "properties:CollectionResponsePropertyGroupNoPaging",
        ask(kit, "GET", "/crm/v3/properties/tasks/groups"),
    )


def test_associations_fit_the_models(kit: Kit) -> None:
    path = "/crm/v4/associations/deals/companies/batch/read"
    body = {"inputs": [{"id": kit.ids["big"]}, {"id": kit.ids["old"]}]}
    told = strictly(LINKS, ask(kit, "POST", path, body))
    assert [kind.type_id for kind in told.results[0].to[0].association_types] == [5, 341]
    none = ask(kit, "POST", path, {"inputs": [{"id": kit.ids["big"]}, {"id": "1"}]})
    assert none.status_code == 207
    strictly(f"{LINKS}WithErrors", none)
    one = ask(kit, "GET", f"/crm/v4/objects/contacts/{kit.ids['dana']}/associations/deals")
    page = "associations.v4:CollectionResponseMultiAssociatedObjectWithLabelForwardPaging"
    assert len(strictly(page, one).results) == 2
    made = ask(
        kit,
        "POST",
        "/crm/v4/associations/deals/contacts/batch/create",
        {
            "inputs": [
                {
                    "from": {"id": kit.ids["big"]},
                    "to": {"id": kit.ids["lou"]},
                    "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}],
                }
            ]
        },
    )
    assert made.status_code == 201
    strictly("associations.v4:BatchResponseLabelsBetweenObjectPair", made)


def test_associations_can_be_read_from_both_ends(kit: Kit) -> None:
    contact, company = kit.ids["dana"], kit.ids["acme"]
    assert kit.sandbox.associated("contacts", contact, "companies") == [company]
    assert kit.sandbox.associated("companies", company, "contacts") == [contact]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "category"),
    [
        ("GET", "/crm/v3/objects/wands", None, 400, "VALIDATION_ERROR"),
        ("GET", "/crm/v3/objects/contacts/404", None, 404, "OBJECT_NOT_FOUND"),
        ("GET", "/crm/v3/objects/contacts?limit=101", None, 400, "VALIDATION_ERROR"),
        ("POST", "/crm/v3/objects/contacts", "text", 400, "VALIDATION_ERROR"),
        ("POST", "/crm/v3/objects/contacts", {"properties": {"lifecyclestage": "nope"}}, 400,
         "VALIDATION_ERROR"),
        ("POST", "/crm/v3/objects/contacts", {"properties": {"createdate": "1"}}, 400,
         "VALIDATION_ERROR"),
        ("POST", "/crm/v3/objects/contacts", {"properties": {"email": "dana@acme.test"}}, 409,
         "CONFLICT"),
        ("POST", "/crm/v3/objects/tasks", {"properties": {}}, 400, "VALIDATION_ERROR"),
        ("POST", "/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": "1"}] * 101}, 400,
         "VALIDATION_ERROR"),
    ],
)  # fmt: skip
def test_what_is_refused(
    kit: Kit, method: str, path: str, body: Any, status: int, category: str
) -> None:
    answer = ask(kit, method, path, body)
    assert (answer.status_code, answer.json()["category"]) == (status, category)
    assert answer.json()["status"] == "error"


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/crm/v9/anything", 404, "Error 404 Not Found"),
        ("GET", "/crm/v3/owners/1", 404, "Error 404 Not Found"),
        ("PUT", "/crm/v3/owners", 405, "Error 405 Method Not Allowed"),
    ],
)
def test_what_the_api_does_not_know_is_a_page(
    kit: Kit, method: str, path: str, status: int, title: str
) -> None:
    answer = ask(kit, method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert f"<title>{title}</title>" in answer.text


def test_a_wrong_token_is_refused(kit: Kit) -> None:
    answer = ask(kit, "GET", "/crm/v3/owners", token="other")
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")
