"""The connector writes one task an alert into Salesforce, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.errors import (
    ConfigError,
    LimitError,
    PermanentError,
    TemporaryError,
    UnclearError,
)
from connectors.sandbox.faults import Fault
from tests.contract.salesforce_kit import START, Bench, bench, draft

COLLECTION = "/services/data/v66.0/composite/sobjects/Task"


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


def _about(org: Bench) -> dict[str, str]:
    return {
        "owner_id": org.ids["ann"],
        "prospect_id": org.ids["cat"],
        "account_id": org.ids["acme"],
        "deal_id": org.ids["deal"],
    }


def test_a_task_carries_who_what_and_when(org: Bench) -> None:
    [result] = org.crm().write_activities([draft(**_about(org))])
    [task] = org.box.records("Task")
    assert (result.remote_id, result.created, result.error) == (task["Id"], True, None)
    assert task["Subject"] == "Answer Cat Cole"
    assert (task["WhoId"], task["WhatId"]) == (org.ids["cat"], org.ids["deal"])
    assert task["OwnerId"] == org.ids["ann"]
    assert (task["Status"], task["IsClosed"], task["Priority"]) == ("Not Started", False, "High")
    assert task["ActivityDate"] == "2026-11-23"
    assert task["HLR_Alert_Key__c"] == "task:1"
    assert task["HLR_Fired_At__c"] == "2026-11-23T14:00:00.000+0000"
    assert (task["HLR_Routed_Role__c"], task["HLR_Routing_Reason__c"]) == (
        "ae",
        "owner of the deal",
    )


def test_the_response_completes_the_same_task_with_its_latency(org: Bench) -> None:
    crm = org.crm()
    [opened] = crm.write_activities([draft(**_about(org))])
    answered = START + timedelta(minutes=31, seconds=30)
    [closed] = crm.write_activities(
        [
            draft(
                **_about(org),
                completed_at=answered,
                responded_at=answered,
                response_source="email",
                latency_minutes=31.5,
                working_latency_minutes=30.25,
                remote_id=opened.remote_id,
            )
        ]
    )
    [task] = org.box.records("Task")
    assert (closed.remote_id, closed.created) == (opened.remote_id, False)
    assert (task["Status"], task["IsClosed"]) == ("Completed", True)
    assert task["HLR_Responded_At__c"] == "2026-11-23T14:31:30.000+0000"
    assert task["HLR_Latency_Minutes__c"] == 31.5
    assert task["HLR_Business_Latency_Minutes__c"] == 30.25
    assert task["HLR_Response_Source__c"] == "email"


def test_a_lead_s_task_names_the_lead_alone(org: Bench) -> None:
    one = draft(**(_about(org) | {"prospect_id": org.ids["leo"]}), prospect_kind="lead")
    [result] = org.crm().write_activities([one])
    [task] = org.box.records("Task")
    assert (result.error, task["WhoId"]) == (None, org.ids["leo"])
    assert "WhatId" not in task


def test_a_task_is_completed_even_when_its_lead_was_converted_meanwhile(org: Bench) -> None:
    crm = org.crm()
    one = {"prospect_id": org.ids["leo"], "prospect_kind": "lead"}
    [opened] = crm.write_activities([draft(**one)])
    org.box.convert(org.ids["leo"], org.ids["acme"], org.ids["cat"])
    [closed] = crm.write_activities([draft(**one, completed_at=START, remote_id=opened.remote_id)])
    assert (closed.remote_id, closed.error) == (opened.remote_id, None)


def test_a_task_that_somebody_deleted_comes_back_whole(org: Bench) -> None:
    crm = org.crm()
    [opened] = crm.write_activities([draft(**_about(org))])
    org.box.delete("Task", opened.remote_id or "")
    [again] = crm.write_activities([draft(**_about(org), remote_id=opened.remote_id)])
    [task] = org.box.records("Task")
    assert again.remote_id == task["Id"] != opened.remote_id
    assert task["WhoId"] == org.ids["cat"]


def test_writing_the_same_task_twice_is_one_task(org: Bench) -> None:
    crm = org.crm()
    results = [crm.write_activities([draft()])[0] for _ in range(3)]
    assert len({one.remote_id for one in results}) == len(org.box.records("Task")) == 1
    assert [one.created for one in results] == [True, False, False]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_lost_connection_makes_no_second_task(org: Bench, kind: str) -> None:
    crm = org.crm()
    org.box.faults.order(Fault(kind=kind, path=COLLECTION))
    [result] = crm.write_activities([draft()])
    assert result.error is None
    assert [task["Id"] for task in org.box.records("Task")] == [result.remote_id]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_connection_lost_for_long_is_unclear_and_the_next_try_makes_no_second_task(
    org: Bench, kind: str
) -> None:
    crm = org.crm()
    org.box.faults.order(Fault(kind=kind, path=COLLECTION, times=-1))
    [result] = crm.write_activities([draft()])
    assert type(result.error) is UnclearError
    org.box.faults.clear()
    [result] = crm.write_activities([draft(maybe_written=True)])
    assert [task["Id"] for task in org.box.records("Task")] == [result.remote_id]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_error_of_the_server_during_a_write_is_tried_again(org: Bench, status: int) -> None:
    crm = org.crm()
    org.box.faults.order(Fault(kind="status", status=status, path=COLLECTION, body="<html>"))
    [result] = crm.write_activities([draft()])
    assert result.error is None


def test_a_server_that_stays_in_error_leaves_the_write_unclear(org: Bench) -> None:
    crm = org.crm()
    org.box.faults.order(Fault(kind="status", status=500, path=COLLECTION, times=-1))
    [result] = crm.write_activities([draft()])
    assert type(result.error) is UnclearError


def test_a_throttled_write_waits_as_long_as_it_was_told(org: Bench) -> None:
    crm = org.crm()
    throttled = Fault(
        kind="status", status=429, path=COLLECTION, headers={"Retry-After": "0"}, body=[]
    )
    org.box.faults.order(throttled)
    [result] = crm.write_activities([draft()])
    assert result.error is None


def test_a_wait_too_long_to_stand_in_line_for_is_handed_back(org: Bench) -> None:
    crm = org.crm()
    throttled = Fault(
        kind="status", status=429, path=COLLECTION, headers={"Retry-After": "600"}, body=[]
    )
    org.box.faults.order(throttled)
    [result] = crm.write_activities([draft()])
    assert isinstance(result.error, LimitError)
    assert result.error.retry_after == 600
    assert org.box.faults.carried_out == 1


def test_a_value_that_is_refused_is_a_lasting_error_of_that_row_alone(org: Bench) -> None:
    drafts = [draft("task:1", latency_minutes=1e20), draft("task:2")]
    bad, good = org.crm().write_activities(drafts)
    assert type(bad.error) is PermanentError
    assert "NUMBER_OUTSIDE_VALID_RANGE" in str(bad.error)
    assert good.error is None
    assert [task["HLR_Alert_Key__c"] for task in org.box.records("Task")] == ["task:2"]


def test_a_collection_that_is_refused_as_a_whole_is_halved_until_the_row_is_found(
    org: Bench,
) -> None:
    crm = org.crm()
    crm.write_activities([draft("task:first")])
    before = crm.api_calls
    # A batch with this row in it is answered with one error for the whole call.
    body = [{"errorCode": "JSON_PARSER_ERROR", "message": "Unrecognized"}]
    for _ in range(3):
        org.box.faults.order(Fault(kind="status", status=400, path=COLLECTION, body=body))
    results = crm.write_activities([draft(f"task:{number}") for number in range(4)])
    assert [one.error is None for one in results] == [False, True, True, True]
    assert crm.api_calls - before == 5


def test_a_locked_row_is_for_later_and_leaves_the_others_alone(org: Bench) -> None:
    crm = org.crm()
    locked = [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked", "fields": []}]
    body = [
        {"success": False, "errors": locked},
        {"success": True, "id": "00T000000000001AAA", "created": True, "errors": []},
    ]
    org.box.faults.order(Fault(kind="status", status=200, path=COLLECTION, body=body))
    later, done = crm.write_activities([draft("task:1"), draft("task:2")])
    assert type(later.error) is TemporaryError
    assert (done.error, done.remote_id) == (None, "00T000000000001AAA")


def test_a_key_that_another_writer_used_first_is_found_and_updated(org: Bench) -> None:
    crm = org.crm()
    other = org.box.create("Task", Subject="By the other", HLR_Alert_Key__c="task:1")
    taken = [{"statusCode": "DUPLICATE_VALUE", "message": "duplicate value found", "fields": []}]
    body = [{"success": False, "errors": taken}]
    org.box.faults.order(Fault(kind="status", status=200, path=COLLECTION, body=body))
    [result] = crm.write_activities([draft()])
    assert (result.remote_id, result.error) == (other, None)
    assert org.box.record("Task", other)["Subject"] == "Answer Cat Cole"


def test_a_key_that_stays_taken_is_a_lasting_error(org: Bench) -> None:
    taken = [{"statusCode": "DUPLICATE_VALUE", "message": "duplicate value found", "fields": []}]
    body = [{"success": False, "errors": taken}]
    org.box.faults.order(Fault(kind="status", status=200, path=COLLECTION, body=body, times=-1))
    [result] = org.crm().write_activities([draft()])
    assert type(result.error) is PermanentError


def test_hundreds_of_tasks_go_in_batches_of_two_hundred_and_come_back_in_order(
    org: Bench,
) -> None:
    crm = org.crm()
    crm.write_activities([draft("task:first")])
    before = crm.api_calls
    drafts = [draft(f"task:{number}") for number in range(450)]
    results = crm.write_activities(drafts)
    assert crm.api_calls - before == 3
    assert [one.key for one in results] == [one.key for one in drafts]
    keys = {task["Id"]: task["HLR_Alert_Key__c"] for task in org.box.records("Task")}
    assert [keys[one.remote_id or ""] for one in results] == [one.key for one in drafts]


def test_an_org_without_the_key_s_field_is_told_what_to_deploy(org: Bench) -> None:
    del org.box.org.objects["task"].columns["hlr_alert_key__c"]
    crm = org.crm()
    with pytest.raises(ConfigError) as caught:
        crm.write_activities([draft()])
    assert "config/salesforce" in caught.value.mend
    assert org.box.records("Task") == []


def test_an_org_without_one_of_the_other_fields_gets_the_task_without_it(org: Bench) -> None:
    del org.box.org.objects["task"].columns["hlr_routed_role__c"]
    crm = org.crm()
    [result] = crm.write_activities([draft()])
    assert result.error is None
    assert [note for note in crm.notes if "HLR_Routed_Role__c" in note]


def test_statuses_are_those_of_the_org(org: Bench) -> None:
    names = {"Not Started": "Offen", "Completed": "Erledigt"}
    for row in org.box.org.tables["taskstatus"].rows.values():
        row["ApiName"] = names.get(row["ApiName"], row["ApiName"])
    crm = org.crm()
    crm.write_activities([draft("task:1"), draft("task:2", completed_at=START)])
    found = {task["HLR_Alert_Key__c"]: task["Status"] for task in org.box.records("Task")}
    assert found == {"task:1": "Offen", "task:2": "Erledigt"}


@pytest.mark.parametrize(
    "text", ["x" * 40_000, "line\nbreak\x00\x1b[31m", "Robert'); DROP", "日本語 🎉 \ud800"]
)
def test_hostile_texts_are_cut_cleaned_and_stored_as_text(org: Bench, text: str) -> None:
    one = draft(subject=text, body=text, reason=text, role=text, response_source=text)
    [result] = org.crm().write_activities([one])
    assert result.error is None
    [task] = org.box.records("Task")
    assert len(task["Subject"]) <= 255
    assert "\n" not in task["Subject"]
    assert not {"\x00", "\x1b", "\ud800"} & set(task["Description"])


@pytest.mark.parametrize("key", ["it's", 'a"b\\c', "a/b?c=d&e#f", "ключ", "%27 OR 1=1"])
def test_a_hostile_key_is_one_task(org: Bench, key: str) -> None:
    crm = org.crm()
    crm.write_activities([draft(key)])
    crm.write_activities([draft(key)])
    assert [task["HLR_Alert_Key__c"] for task in org.box.records("Task")] == [key]


def test_nothing_to_write_calls_nobody(org: Bench) -> None:
    crm = org.crm()
    assert crm.write_activities([]) == []
    assert crm.api_calls == 0
