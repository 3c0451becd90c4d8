"""The REST API of the sandbox: sessions, records, collections, batches, limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.contract.salesforce_kit import Bench, bench


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials", "client_id": "x"}, "invalid_client_id"),
        (
            {"grant_type": "client_credentials", "client_id": "sandbox-client"},
            "invalid_client",
        ),
        (
            {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "x"},
            "invalid_grant",
        ),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_client_id"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
    ],
)
def test_a_log_in_that_is_not_right_is_refused(
    org: Bench, form: dict[str, str], error: str
) -> None:
    answer = requests.post(f"{org.url}/services/oauth2/token", form, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_log_in_names_the_address_that_was_used(org: Bench) -> None:
    auth = (org.box.client_id, org.box.client_secret)
    form = {"grant_type": "client_credentials"}
    answer = requests.post(f"{org.url}/services/oauth2/token", form, auth=auth, timeout=5).json()
    assert answer["instance_url"] == org.url
    assert answer["token_type"] == "Bearer"
    assert set(answer) >= {"access_token", "id", "scope", "issued_at", "signature"}


def test_a_call_without_a_living_session_is_refused(org: Bench) -> None:
    headers = {"Authorization": "Bearer 00Dxx!nothing"}
    answer = org.call("GET", "limits", headers=headers)
    assert answer.status_code == 401
    assert answer.json() == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]


def test_the_versions_are_told_without_a_session(org: Bench) -> None:
    found = requests.get(f"{org.url}/services/data/", timeout=5).json()
    labels = {one["version"]: one["label"] for one in found}
    assert (labels["65.0"], labels["66.0"], labels["67.0"]) == (
        "Winter '26",
        "Spring '26",
        "Summer '26",
    )


def test_every_answer_tells_the_org_s_time_and_the_calls_used(org: Bench) -> None:
    org.forward(days=3)
    answer = org.call("GET", "limits")
    assert answer.headers["Date"] == "Thu, 26 Nov 2026 14:00:00 GMT"
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert answer.json()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_999}


def test_the_daily_limit_is_a_limit(org: Bench) -> None:
    org.box.org.daily_limit = 0
    answer = org.call("GET", "sobjects")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")


@pytest.mark.parametrize("path", ["nope", "sobjects/Nope/describe", "sobjects/Task/a/b/c"])
def test_an_unknown_address_is_not_found(org: Bench, path: str) -> None:
    answer = org.call("GET", path)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_a_wrong_method_is_refused(org: Bench) -> None:
    answer = org.call("DELETE", "query")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")


def test_a_record_lives_from_post_to_delete(org: Bench) -> None:
    made = org.call("POST", "sobjects/Task", json={"Subject": "Call", "WhoId": org.ids["cat"]})
    assert (made.status_code, made.json()["success"]) == (201, True)
    path = f"sobjects/Task/{made.json()['id']}"
    assert org.call("PATCH", path, json={"Status": "Completed"}).status_code == 204
    row = org.call("GET", path).json()
    assert (row["IsClosed"], row["AccountId"]) == (True, org.ids["acme"])
    assert row["CompletedDateTime"] == row["SystemModstamp"] == "2026-11-23T14:00:00.000+0000"
    assert org.call("DELETE", path).status_code == 204
    gone = org.call("GET", path)
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")
    soql = "SELECT Id, IsDeleted FROM Task"
    assert org.query(soql)["records"] == []
    [row] = org.call("GET", "queryAll", params={"q": soql}).json()["records"]
    assert row["IsDeleted"] is True


@pytest.mark.parametrize(
    ("sobject", "fields", "code"),
    [
        ("Contact", {"FirstName": "x"}, "REQUIRED_FIELD_MISSING"),
        ("Contact", {"LastName": "x", "Nope": 1}, "INVALID_FIELD"),
        ("Contact", {"LastName": "x" * 81}, "STRING_TOO_LONG"),
        ("Contact", {"LastName": "x", "Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        ("Contact", {"LastName": "x", "Name": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Contact", {"LastName": "x", "AccountId": "nope"}, "MALFORMED_ID"),
        (
            "Contact",
            {"LastName": "x", "AccountId": "001000000000001AAA"},
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        ("Contact", {"LastName": "x", "AccountId": "{ann}"}, "MALFORMED_ID"),
        ("Task", {"OwnerId": "{old}"}, "INACTIVE_OWNER_OR_USER"),
        ("Task", {"WhoId": "{leo}", "WhatId": "{acme}"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Task", {"TaskSubtype": "Fax"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Task", {"ActivityDate": "soon"}, "JSON_PARSER_ERROR"),
        ("Task", {"CallDurationInSeconds": "5"}, "JSON_PARSER_ERROR"),
        ("Opportunity", {"Name": "x", "StageName": "y"}, "REQUIRED_FIELD_MISSING"),
        ("OpportunityStage", {"MasterLabel": "x"}, "INVALID_TYPE_FOR_OPERATION"),
        ("Event", {"Subject": "x"}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_a_write_that_the_vendor_refuses_is_refused(
    org: Bench, sobject: str, fields: dict[str, Any], code: str
) -> None:
    given = {
        name: value.format(**org.ids) if isinstance(value, str) else value
        for name, value in fields.items()
    }
    answer = org.call("POST", f"sobjects/{sobject}", json=given)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_an_external_id_is_one_record(org: Bench) -> None:
    path = "sobjects/Task/HLR_Alert_Key__c/a%2Fb%20c"
    first = org.call("PATCH", path, json={"Subject": "One"})
    second = org.call("PATCH", path, json={"Subject": "Two"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert (first.json()["created"], second.json()["created"]) == (True, False)
    row = org.call("GET", path).json()
    assert (row["Subject"], row["HLR_Alert_Key__c"]) == ("Two", "a/b c")
    twin = org.call("POST", "sobjects/Task", json={"HLR_Alert_Key__c": "a/b c"})
    assert twin.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    no_field = org.call("PATCH", "sobjects/Task/Subject/x", json={})
    assert (no_field.status_code, no_field.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_a_collection_answers_row_by_row(org: Bench) -> None:
    rows = [
        {"attributes": {"type": "Task"}, "HLR_Alert_Key__c": "1", "Subject": "x"},
        {"attributes": {"type": "Task"}, "HLR_Alert_Key__c": "2", "OwnerId": org.ids["old"]},
        {"attributes": {"type": "Task"}, "HLR_Alert_Key__c": "3"},
        {"attributes": {"type": "Task"}, "HLR_Alert_Key__c": "3"},
        {"HLR_Alert_Key__c": "4"},
    ]
    body = {"allOrNone": False, "records": rows}
    answer = org.call("PATCH", "composite/sobjects/Task/HLR_Alert_Key__c", json=body)
    found = answer.json()
    assert answer.status_code == 200
    assert [one["success"] for one in found] == [True, False, False, False, False]
    assert [one["errors"][0]["statusCode"] for one in found[1:]] == [
        "INACTIVE_OWNER_OR_USER",
        "DUPLICATE_VALUE",
        "DUPLICATE_VALUE",
        "INVALID_INPUT",
    ]
    body = {"allOrNone": True, "records": [rows[2], rows[1]]}
    found = org.call("PATCH", "composite/sobjects/Task/HLR_Alert_Key__c", json=body).json()
    assert found[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert [row["HLR_Alert_Key__c"] for row in org.box.records("Task")] == ["1"]


def test_a_collection_takes_two_hundred_and_no_more(org: Bench) -> None:
    row = {"attributes": {"type": "Task"}, "Subject": "x"}
    for count, status in ((200, 200), (201, 400)):
        answer = org.call("POST", "composite/sobjects", json={"records": [row] * count})
        assert (count, answer.status_code) == (count, status)
    ids = ",".join(one["Id"] for one in org.box.records("Task")[:3])
    found = org.call("DELETE", "composite/sobjects", params={"ids": ids}).json()
    assert [one["success"] for one in found] == [True] * 3


def test_a_batch_answers_each_of_its_calls(org: Bench) -> None:
    wanted = [
        {"method": "GET", "url": "v66.0/limits"},
        {"method": "GET", "url": "v66.0/query?q=SELECT+Id+FROM+Lead"},
        {"method": "GET", "url": "v66.0/sobjects/Nope"},
        {"method": "POST", "url": "v66.0/sobjects/Task", "richInput": {"Subject": "x"}},
    ]
    found = org.call("POST", "composite/batch", json={"batchRequests": wanted}).json()
    assert found["hasErrors"] is True
    assert [one["statusCode"] for one in found["results"]] == [200, 200, 404, 201]
    too_many = org.call("POST", "composite/batch", json={"batchRequests": wanted * 7})
    assert too_many.status_code == 400


def test_deleted_and_updated_tell_ids_of_a_span_of_time(org: Bench) -> None:
    span = {"start": "2026-11-23T13:00:00Z", "end": "2026-11-23T15:00:00Z"}
    org.forward(minutes=5)
    member = org.box.create("AccountTeamMember", AccountId=org.ids["acme"], UserId=org.ids["ben"])
    org.box.delete("AccountTeamMember", member)
    found = org.call("GET", "sobjects/AccountTeamMember/deleted", params=span).json()
    assert found["deletedRecords"] == [
        {"id": member, "deletedDate": "2026-11-23T14:05:00.000+0000"}
    ]
    assert found["latestDateCovered"] == "2026-11-23T14:05:00.000+0000"
    found = org.call("GET", "sobjects/Lead/updated", params=span).json()
    assert found["ids"] == [org.ids["leo"]]
    refused = org.call("GET", "sobjects/OutOfOffice/deleted", params=span)
    assert refused.status_code == 400


def test_a_query_goes_on_behind_its_locator(org: Bench) -> None:
    for number in range(450):
        org.box.create("Contact", LastName=f"C{number}")
    options = {"headers": {"Sforce-Query-Options": "batchSize=200"}}
    page = org.call("GET", "query", params={"q": "SELECT Id FROM Contact"}, **options).json()
    sizes = [len(page["records"])]
    assert page["totalSize"] == 451
    while not page["done"]:
        path = page["nextRecordsUrl"].removeprefix("/services/data/v66.0/")
        page = org.call("GET", path).json()
        sizes.append(len(page["records"]))
    assert sizes == [200, 200, 51]
    lost = org.call("GET", "query/01g000000000000AAA-200")
    assert lost.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
