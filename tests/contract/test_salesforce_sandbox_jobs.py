"""The sandbox's bulk jobs and change lists, asked by simple-salesforce and by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce as Library

from connectors.http import CallCounter, Seam, session
from tests.contract.salesforce_kit import PROMPT, START, Bench, bench

JOBS = "jobs/query"


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


def start(org: Bench, soql: str, **more: Any) -> requests.Response:
    body = {"operation": "query", "query": soql} | more
    return org.call("POST", JOBS, json=body)


def test_simple_salesforce_reads_a_bulk_job(org: Bench) -> None:
    org.box.org.bulk_polls = 0
    for number in range(5):
        org.box.create("Contact", LastName=f'Z "{number}",\nJr.', AccountId=org.ids["acme"])
    host = org.url.removeprefix("http://")
    http = session(Seam(PROMPT, CallCounter(), {host: org.url}))
    library = Library(
        session_id=org.token(), instance_url=f"https://{host}", version="66.0", session=http
    )
    soql = "SELECT Id, LastName, Account.Name, SystemModstamp, Title FROM Contact"
    bulk: Any = library.bulk2
    pages = list(bulk.Contact.query(soql, max_records=4))
    assert len(pages) == 2
    found = [row for page in pages for row in csv.DictReader(page.splitlines(keepends=True))]
    names = {'Z "0",\nJr.', "Cole"}
    assert names <= {row["LastName"] for row in found}
    assert {row["Account.Name"] for row in found} == {"Acme"}
    assert found[0]["SystemModstamp"] == "2026-11-23T14:00:00.000Z"
    assert found[0]["Title"] == ""


def test_a_job_goes_from_state_to_state_and_keeps_what_it_found(org: Bench) -> None:
    made = start(org, "SELECT Id FROM Contact").json()
    place = f"{JOBS}/{made['id']}"
    assert (made["state"], made["object"], made["id"][:3]) == ("UploadComplete", "Contact", "750")
    [error] = org.call("GET", f"{place}/results").json()
    assert error["errorCode"] == "INVALIDJOBSTATE"
    states = [org.call("GET", place).json()["state"] for _ in range(2)]
    assert states == ["InProgress", "JobComplete"]
    org.box.create("Contact", LastName="Later")
    found = org.call("GET", f"{place}/results")
    assert (found.headers["Sforce-Locator"], found.headers["Sforce-NumberOfRecords"]) == (
        "null",
        "1",
    )
    assert org.call("DELETE", place).status_code == 204
    assert org.call("GET", place).status_code == 404


def test_a_job_is_aborted_before_it_is_deleted(org: Bench) -> None:
    place = f"{JOBS}/{start(org, 'SELECT Id FROM Contact').json()['id']}"
    assert org.call("DELETE", place).status_code == 400
    assert org.call("PATCH", place, json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert org.call("PATCH", place, json={"state": "Aborted"}).status_code == 400
    assert org.call("DELETE", place).status_code == 204


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT COUNT() FROM Contact", "FEATURENOTENABLED"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "FEATURENOTENABLED"),
        ("SELECT Id FROM OutOfOffice", "INVALIDENTITY"),
    ],
)
def test_what_bulk_jobs_cannot_do_is_refused(org: Bench, soql: str, code: str) -> None:
    answer = start(org, soql)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_other_operations_and_orgs_without_the_bulk_api_are_refused(org: Bench) -> None:
    assert start(org, "SELECT Id FROM Contact", operation="insert").status_code == 400
    assert org.call("POST", "jobs/ingest", json={}).status_code == 404
    org.box.features.discard("bulk")
    [error] = start(org, "SELECT Id FROM Contact").json()
    assert error["errorCode"] == "API_DISABLED_FOR_ORG"


def listed(org: Bench, which: str, **span: Any) -> Any:
    ends = {"start": START - timedelta(hours=1), "end": START + timedelta(hours=1)} | span
    params = {name: f"{when:%Y-%m-%dT%H:%M:%SZ}" for name, when in ends.items()}
    return org.call("GET", f"sobjects/Contact/{which}", params=params).json()


def test_lists_of_changes_leave_out_what_was_undeleted(org: Bench) -> None:
    cat = org.ids["cat"]
    org.box.delete("Contact", cat)
    assert [one["id"] for one in listed(org, "deleted")["deletedRecords"]] == [cat]
    assert listed(org, "updated")["ids"] == []
    org.box.undelete("Contact", cat)
    assert listed(org, "deleted")["deletedRecords"] == []
    assert listed(org, "updated")["ids"] == [cat]


@pytest.mark.parametrize(("which", "days"), [("deleted", 15), ("updated", 30)])
def test_lists_of_changes_go_back_so_far_and_no_further(org: Bench, which: str, days: int) -> None:
    early = START - timedelta(days=days) - timedelta(minutes=1)
    assert listed(org, which, start=early)[0]["errorCode"] == "INVALID_REPLICATION_DATE"
    assert "latestDateCovered" in listed(org, which, start=early + timedelta(minutes=2))
    assert listed(org, which, end=START - timedelta(hours=2))[0]["errorCode"] == (
        "INVALID_REPLICATION_DATE"
    )


def test_lists_of_changes_have_a_greatest_length(org: Bench) -> None:
    org.box.org.longest_list = 0
    assert listed(org, "updated")[0]["errorCode"] == "EXCEEDED_ID_LIMIT"
