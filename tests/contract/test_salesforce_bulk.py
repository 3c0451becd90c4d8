"""First loads by bulk jobs: complete, typed, in bounded pieces, and by pages where not offered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from connectors.errors import TemporaryError
from connectors.sandbox.faults import Fault
from tests.contract.salesforce_kit import START, Bench, bench, read_all, records

RESULTS = "/services/data/v66.0/jobs/query/"


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


def jobs(org: Bench) -> list[Any]:
    found: list[Any] = org.call("GET", "jobs/query").json()["records"]
    return found


@pytest.mark.parametrize(
    "name", ["users", "accounts", "contacts", "leads", "deals", "deal_contacts", "tasks", "events"]
)
def test_a_bulk_job_gives_the_very_records_that_pages_give(org: Bench, name: str) -> None:
    about = {"WhoId": org.ids["cat"], "OwnerId": org.ids["ann"], "Subject": 'A "call",\nlong'}
    org.box.create("Task", Status="Completed", TaskSubtype="Call", **about)
    org.box.create("Event", StartDateTime="2026-11-23T13:00:00Z", DurationInMinutes=30, **about)
    org.box.update("Contact", org.ids["cat"], Title="Größe, 漢字 \u2028 “x”")
    by_pages = records(org.crm(), name)
    by_job = records(org.crm(bulk_above=0), name)
    assert by_job
    assert sorted(by_job, key=lambda one: one.id) == sorted(by_pages, key=lambda one: one.id)
    assert jobs(org) == []  # the job was deleted afterwards


@pytest.mark.pitfall("R12", "a bulk job's results are held in memory")
def test_the_results_are_read_piece_by_piece_and_page_by_page(org: Bench) -> None:
    for number in range(1100):
        org.box.create("Contact", LastName=f"C{number}", AccountId=org.ids["acme"])
    org.box.org.bulk_polls = 2
    crm = org.crm(bulk_above=1000, bulk_page=450, page_size=200)
    pages, _ = read_all(crm, "contacts")
    sizes = [len(page.records) for page in pages]
    assert sizes == [0, 0, 200, 200, 50, 200, 200, 50, 200, 1, 0]
    assert {page.total for page in pages} == {1101}
    assert len({one.id for page in pages for one in page.records}) == 1101


def test_the_watermark_is_from_before_the_job_so_that_later_changes_come_next(org: Bench) -> None:
    crm = org.crm(bulk_above=0, behind_seconds=60)
    pages = crm.read("contacts", None)
    first = next(pages)
    assert first.records == []
    org.forward(minutes=5)
    org.box.update("Contact", org.ids["cat"], Title="Edited while it ran")
    org.box.delete("Lead", org.ids["leo"])
    mark = [page.watermark for page in pages][-1] or ""
    assert datetime.fromisoformat(json.loads(mark)["until"]) < START
    assert [one.title for one in records(crm, "contacts", mark)] == ["Edited while it ran"]


def test_a_connection_that_breaks_in_the_results_is_taken_up_where_it_broke(org: Bench) -> None:
    for number in range(450):
        org.box.create("Contact", LastName=f"C{number}", AccountId=org.ids["acme"])
    org.box.org.bulk_polls = 0
    crm = org.crm(bulk_above=0, bulk_page=200)
    # The third call below jobs/query is the first piece of the results.
    org.box.faults.order(Fault(kind="reset_after", path=RESULTS, method="GET", skip=2))
    found = records(crm, "contacts")
    assert len({one.id for one in found}) == len(found) == 451


@pytest.mark.pitfall("R9", "the library's bulk calls never log in again")
def test_a_session_that_expires_between_two_pieces_is_renewed(org: Bench) -> None:
    for number in range(450):
        org.box.create("Contact", LastName=f"C{number}", AccountId=org.ids["acme"])
    crm = org.crm(bulk_above=0, bulk_page=200, page_size=200)
    seen = 0
    for page in crm.read("contacts", None):
        seen += len(page.records)
        org.box.expire_sessions()
    assert seen == 451


@pytest.mark.parametrize("state", ["Failed", "Aborted"])
@pytest.mark.pitfall("R8", "a failed job is taken for an empty one")
def test_a_job_that_does_not_end_well_moves_no_watermark(org: Bench, state: str) -> None:
    body = {"id": "750", "state": state, "errorMessage": "InternalServerError : no luck"}
    org.box.faults.order(Fault(kind="status", status=200, body=body, path=RESULTS, method="GET"))
    with pytest.raises(TemporaryError) as caught:
        list(org.crm(bulk_above=0).read("contacts", None))
    assert "no luck" in str(caught.value)
    assert {one["state"] for one in jobs(org)} <= {"Aborted"}


def test_a_read_that_is_given_up_leaves_no_job_behind(org: Bench) -> None:
    org.box.org.bulk_polls = 10
    pages = org.crm(bulk_above=0).read("contacts", None)
    next(pages)
    assert [one["state"] for one in jobs(org)] == ["InProgress"]
    pages.close()  # type: ignore[attr-defined]
    assert jobs(org) == []


@pytest.mark.pitfall("R6", "bulk jobs have limits of their own")
def test_an_org_that_offers_no_bulk_jobs_is_read_by_pages_with_a_note(org: Bench) -> None:
    org.box.features.discard("bulk")
    crm = org.crm(bulk_above=0)
    assert len(records(crm, "contacts")) == 1
    assert [note for note in crm.notes if "read by pages instead" in note]


def test_below_the_threshold_no_job_is_made(org: Bench) -> None:
    crm = org.crm(bulk_above=1)
    org.box.faults.order(Fault(kind="status", status=500, path="/services/data/v66.0/jobs"))
    assert len(records(crm, "contacts")) == 1
    assert len(records(crm, "leads")) == 1


def test_a_job_that_never_ends_is_given_up(org: Bench) -> None:
    org.box.org.bulk_polls = 10**9
    with pytest.raises(TemporaryError) as caught:
        list(org.crm(bulk_above=0, bulk_minutes=0.001).read("contacts", None))
    assert "bulk_minutes" in caught.value.mend
    assert jobs(org) == []
