"""Absences and responses as a Salesforce org keeps them, and when they really were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.sandbox.world import World
from routing.nouns import Evidence, OutOfOffice
from tests.contract.salesforce_kit import COMPANY, START, Bench, bench, read_all, records


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


def test_a_midnight_end_of_an_absence_means_through_that_day_where_the_user_is(
    org: Bench,
) -> None:
    los_angeles_midnight = "2026-11-25T08:00:00Z"
    for end in (los_angeles_midnight, "2026-11-25T00:00:00Z", "2026-11-25T20:30:00Z"):
        org.box.create(
            "OutOfOffice", UserId=org.ids["ann"], StartDate="2026-11-23T15:00:00Z", EndDate=end
        )
    found: list[OutOfOffice] = records(org.crm(), "out_of_office")
    assert [one.ends_at for one in found] == [
        datetime(2026, 11, 26, 8, tzinfo=UTC),
        datetime(2026, 11, 26, 8, tzinfo=UTC),
        datetime(2026, 11, 25, 20, 30, tzinfo=UTC),
    ]
    assert {one.person_id for one in found} == {org.ids["ann"]}


def test_an_absence_that_is_not_enabled_does_not_count(org: Bench) -> None:
    org.box.create(
        "OutOfOffice",
        UserId=org.ids["ann"],
        StartDate="2026-11-23T15:00:00Z",
        EndDate="2026-11-25T15:00:00Z",
        IsEnabled=False,
    )
    assert records(org.crm(), "out_of_office") == []


def test_a_world_comes_back_with_the_absences_it_was_told_with() -> None:
    spans = (
        (START, START + timedelta(hours=9)),
        (datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 25, 8, tzinfo=UTC)),
    )
    people = tuple(replace(one, away=spans) if one.key == "ann" else one for one in COMPANY.people)
    with bench() as org:
        org.load(World(people=people))
        found = records(org.crm(), "out_of_office")
    assert [(one.starts_at, one.ends_at) for one in found] == list(spans)


def test_completed_calls_and_mails_are_evidence_and_our_own_tasks_are_not(org: Bench) -> None:
    about = {"OwnerId": org.ids["ann"], "WhoId": org.ids["cat"], "Status": "Completed"}
    call = org.box.create("Task", Subject="Called", TaskSubtype="Call", **about)
    mail = org.box.create("Task", Subject="Mailed", TaskSubtype="Email", **about)
    inbound = org.box.create(
        "Task", Subject="Rang us", TaskSubtype="Call", CallType="Inbound", **about
    )
    org.box.create("Task", Subject="Ours", TaskSubtype="Call", HLR_Alert_Key__c="task:1", **about)
    org.box.create("Task", Subject="To do", TaskSubtype="Task", **about)
    org.box.create("Task", Subject="Open", TaskSubtype="Call", **(about | {"Status": "Deferred"}))
    found: dict[str, Evidence] = {one.id: one for one in records(org.crm(), "tasks")}
    assert {one: found[one].kind for one in found} == {
        call: "call",
        mail: "email",
        inbound: "call",
    }
    assert found[inbound].outbound is False
    assert found[call].at == START
    assert found[call].person_id == org.ids["ann"]
    assert found[call].prospect_id == org.ids["cat"]
    assert found[call].account_id == org.ids["acme"]


def test_a_call_logged_days_later_happened_on_the_day_that_it_names(org: Bench) -> None:
    about = {"WhoId": org.ids["cat"], "TaskSubtype": "Call", "Status": "Completed"}
    logged_late = org.box.create("Task", ActivityDate="2026-11-20", Subject="x", **about)
    planned = org.box.create(
        "Task", ActivityDate="2026-11-20", Subject="y", **(about | {"Status": "Not Started"})
    )
    org.forward(hours=1)
    org.box.update("Task", planned, Status="Completed")
    found = {one.id: one for one in records(org.crm(), "tasks")}
    assert found[logged_late].at == datetime(2026, 11, 21, 8, tzinfo=UTC)  # the user's midnight
    assert found[planned].at == START + timedelta(hours=1)


def test_a_meeting_is_evidence_once_it_has_begun(org: Bench) -> None:
    crm = org.crm(overlap_minutes=0, behind_seconds=0)
    meeting = org.box.create(
        "Event",
        Subject="Demo",
        WhoId=org.ids["cat"],
        OwnerId=org.ids["ann"],
        StartDateTime="2026-11-23T15:00:00Z",
        DurationInMinutes=30,
    )
    pages, mark = read_all(crm, "events")
    assert [list(page.records) for page in pages] == [[]]
    org.forward(minutes=90)
    read_all(crm, "users")  # any answer tells the connector the time
    pages, mark = read_all(crm, "events", mark)
    [seen] = [record for page in pages for record in page.records]
    assert isinstance(seen, Evidence)
    assert (seen.id, seen.at) == (meeting, datetime(2026, 11, 23, 15, tzinfo=UTC))
    org.box.update("Event", meeting, StartDateTime="2026-11-30T15:00:00Z")
    pages, _ = read_all(crm, "events", mark)
    assert [gone for page in pages for gone in page.deleted] == [meeting]
