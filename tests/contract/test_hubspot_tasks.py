"""Writing tasks: one a draft and never two, whatever breaks on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import ActivityDraft
from connectors.errors import (
    ConfigError,
    LimitError,
    PermanentError,
    TemporaryError,
    UnclearError,
)
from tests.contract.hubspot_kit import START, Copy, Kit, draft, running

CREATE = "/crm/v3/objects/tasks/batch/create"
UPDATE = "/crm/v3/objects/tasks/batch/update"
UPSERT = "/crm/v3/objects/tasks/batch/upsert"
LINK = "/crm/v4/associations/tasks/{}/batch/create"


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as started:
        yield started


@pytest.fixture(params=["unique key", "plain key", "no key"])
def any_kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """The three kinds of account: what each allows on tasks."""
    with running() as started:
        started.sandbox.portal.unique_task_property = request.param == "unique key"
        started.sandbox.portal.task_properties = request.param != "no key"
        yield started


def of(kit: Kit, key: str = "task:1", **more: Any) -> ActivityDraft:
    given = {
        "owner_id": kit.ids["bo"],
        "prospect_id": kit.ids["dana"],
        "account_id": kit.ids["acme"],
        "deal_id": kit.ids["big"],
    }
    return draft(key, **{**given, **more})


def completed(one: ActivityDraft, **more: Any) -> ActivityDraft:
    at = START + timedelta(minutes=12)
    return replace(
        one,
        completed_at=at,
        responded_at=at,
        response_source="email",
        latency_minutes=12.04,
        working_latency_minutes=11.0,
        **more,
    )


def test_a_task_is_created_with_its_associations_in_one_call(kit: Kit) -> None:
    result = kit.connector().write_activities([of(kit)])[0]
    assert result.created
    assert result.error is None
    assert result.remote_id is not None
    for to, key in (("contacts", "dana"), ("companies", "acme"), ("deals", "big")):
        assert kit.sandbox.associated("tasks", result.remote_id, to) == [kit.ids[key]]
    task = kit.tasks()[0]
    assert (task["hs_task_status"], task["hs_task_priority"]) == ("NOT_STARTED", "HIGH")
    assert task["hs_timestamp"] == "2026-11-23T13:00:00.000Z"
    assert task["hubspot_owner_id"] == kit.ids["bo"]
    assert (task["hlr_alert_key"], task["hlr_routed_role"]) == ("task:1", "ae")
    assert kit.calls(CREATE) == 1


def test_the_body_is_html_and_ours_is_text(kit: Kit) -> None:
    hostile = "<script>alert(1)</script>\n<b>x</b> & y"
    kit.connector().write_activities([of(kit, body=hostile, subject="a\n b\t<i>")])
    task = kit.tasks()[0]
    assert task["hs_task_body"] == (
        "&lt;script&gt;alert(1)&lt;/script&gt;<br>&lt;b&gt;x&lt;/b&gt; &amp; y"
    )
    assert task["hs_task_subject"] == "a b <i>"


def test_a_body_that_grows_long_as_html_is_cut(kit: Kit) -> None:
    result = kit.connector().write_activities([of(kit, body="<" * 60_000)])[0]
    assert result.error is None
    assert set(kit.tasks()[0]["hs_task_body"].split("&lt;")) == {""}


def test_a_response_completes_the_task_and_carries_the_latency(kit: Kit) -> None:
    connector = kit.connector()
    made = connector.write_activities([of(kit)])[0]
    result = connector.write_activities([completed(of(kit), remote_id=made.remote_id)])[0]
    assert (result.created, result.remote_id) == (False, made.remote_id)
    task = kit.tasks()[0]
    assert task["hs_task_status"] == "COMPLETED"
    assert (task["hlr_latency_minutes"], task["hlr_working_latency_minutes"]) == ("12.04", "11.00")
    assert task["hlr_responded_at"] == "2026-11-23T09:12:00.000Z"
    assert task["hlr_response_source"] == "email"
    assert kit.calls(UPDATE) == 1


def test_two_hundred_drafts_are_two_batches_and_answered_in_order(kit: Kit) -> None:
    drafts = [of(kit, f"task:{number}") for number in range(200)]
    results = kit.connector().write_activities(drafts)
    assert [one.key for one in results] == [one.key for one in drafts]
    assert len(kit.tasks()) == 200
    assert kit.calls(CREATE) == 2


def test_our_own_tasks_are_no_evidence(any_kit: Kit) -> None:
    connector = any_kit.connector()
    made = connector.write_activities([of(any_kit)])[0]
    connector.write_activities([completed(of(any_kit), remote_id=made.remote_id)])
    assert Copy(connector, "tasks").sync() == {}


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "status"])
def test_an_unclear_create_is_told_and_then_never_doubled(any_kit: Kit, kind: str) -> None:
    kit = any_kit
    connector = kit.connector()
    connector.ensure_properties()
    kit.sandbox.portal.search_lag = timedelta(minutes=5)
    kit.fault(kind, CREATE, status=504)
    first = connector.write_activities([of(kit)])[0]
    assert isinstance(first.error, UnclearError)
    again = connector.write_activities([of(kit, maybe_written=True)])[0]
    assert again.error is None
    assert len(kit.tasks()) == 1
    assert again.remote_id == kit.tasks()[0]["id"]
    assert again.created is (kind != "reset_after")
    assert kit.sandbox.associated("tasks", again.remote_id, "contacts") == [kit.ids["dana"]]


def test_a_lost_task_without_any_parent_is_found_by_search(any_kit: Kit) -> None:
    kit = any_kit
    connector = kit.connector()
    connector.ensure_properties()
    alone = draft()
    kit.fault("reset_after", CREATE)
    assert isinstance(connector.write_activities([alone])[0].error, UnclearError)
    again = connector.write_activities([replace(alone, maybe_written=True)])[0]
    assert again.remote_id == kit.tasks()[0]["id"]
    assert len(kit.tasks()) == 1


def test_a_lost_task_is_looked_for_among_its_own_and_not_taken_for_another(any_kit: Kit) -> None:
    kit = any_kit
    connector = kit.connector()
    connector.write_activities([of(kit, "task:1"), of(kit, "task:2")])
    again = connector.write_activities([of(kit, "task:3", maybe_written=True)])[0]
    assert again.created
    assert len(kit.tasks()) == 3


def test_a_second_create_of_a_unique_key_becomes_an_update(kit: Kit) -> None:
    connector = kit.connector()
    made = connector.write_activities([of(kit)])[0]
    again = connector.write_activities([of(kit, subject="newer"), of(kit, "task:2")])
    assert [(one.created, one.error) for one in again] == [(False, None), (True, None)]
    assert again[0].remote_id == made.remote_id
    assert {task["hs_task_subject"] for task in kit.tasks()} == {
        "newer",
        "Dana Reed opened 'Pricing' twice",
    }


def test_what_may_be_there_already_is_an_upsert_and_associated_all_the_same(kit: Kit) -> None:
    connector = kit.connector()
    connector.ensure_properties()
    one = of(kit, maybe_written=True)
    kit.fault("status", LINK.format("contacts"), status=503)
    [first] = connector.write_activities([one])
    assert isinstance(first.error, TemporaryError)
    [again] = connector.write_activities([one])
    assert (again.error, again.created) == (None, False)
    assert (kit.calls(UPSERT), kit.calls(CREATE)) == (2, 0)
    for to, key in (("contacts", "dana"), ("companies", "acme"), ("deals", "big")):
        assert kit.sandbox.associated("tasks", again.remote_id or "", to) == [kit.ids[key]]


def test_a_task_that_hangs_on_nothing_for_want_of_a_right_is_written_with_a_note(kit: Kit) -> None:
    connector = kit.connector()
    connector.ensure_properties()
    refused = {"message": "no", "category": "VALIDATION_ERROR"}
    kit.fault("status", LINK.format("contacts"), status=400, body=refused)
    [result] = connector.write_activities([of(kit, maybe_written=True)])
    assert result.error is None
    assert "hang on no record" in connector.notes[0]


def test_a_task_that_is_older_than_its_key_is_completed_and_not_doubled(kit: Kit) -> None:
    [made] = kit.connector(create_properties=False).write_activities([of(kit)])
    connector = kit.connector()
    connector.ensure_properties()
    [done] = connector.write_activities([completed(of(kit), remote_id=made.remote_id)])
    assert (done.error, done.remote_id) == (None, made.remote_id)
    [task] = kit.tasks()
    assert (task["hs_task_status"], task["hlr_alert_key"]) == ("COMPLETED", "task:1")


def test_a_task_that_was_deleted_by_hand_is_created_again(kit: Kit) -> None:
    connector = kit.connector()
    made = connector.write_activities([of(kit)])[0]
    assert made.remote_id is not None
    kit.sandbox.archive("tasks", made.remote_id)
    result = connector.write_activities([completed(of(kit), remote_id=made.remote_id)])[0]
    assert result.created
    assert [task["hs_task_status"] for task in kit.tasks()] == ["COMPLETED"]


def test_one_bad_row_of_a_batch_does_not_spoil_the_others(kit: Kit) -> None:
    bad = of(kit, "task:2", latency_minutes=float("inf"))
    drafts = [of(kit, "task:1"), bad, of(kit, "task:3")]
    results = kit.connector().write_activities(drafts)
    assert [one.error is None for one in results] == [True, False, True]
    assert isinstance(results[1].error, PermanentError)
    assert not isinstance(results[1].error, ConfigError)
    assert "INVALID_NUMBER" in str(results[1].error)
    assert len(kit.tasks()) == 2


def test_a_batch_that_is_refused_as_a_whole_is_tried_row_by_row(kit: Kit) -> None:
    connector = kit.connector()
    connector.ensure_properties()
    body = {"status": "error", "message": "no", "category": "VALIDATION_ERROR"}
    kit.fault("status", CREATE, status=400, body=body)
    results = connector.write_activities([of(kit, "task:1"), of(kit, "task:2")])
    assert [one.error for one in results] == [None, None]
    assert len(kit.tasks()) == 2


def test_an_account_without_unique_task_keys_gets_a_plain_one(kit: Kit) -> None:
    kit.sandbox.portal.unique_task_property = False
    shape = kit.connector().ensure_properties()
    assert not shape.unique
    assert not shape.missing


def test_an_account_without_task_properties_gets_a_mark_in_the_subject_and_a_note(
    kit: Kit,
) -> None:
    kit.sandbox.portal.task_properties = False
    connector = kit.connector()
    connector.write_activities([of(kit)])
    assert "[hl-" in kit.tasks()[0]["hs_task_subject"]
    assert "hlr_latency_minutes" in connector.notes[0]


def test_without_the_scope_for_properties_tasks_are_written_and_a_note_names_it(kit: Kit) -> None:
    kit.sandbox.portal.scopes -= {"crm.schemas.contacts.write"}
    connector = kit.connector()
    assert connector.write_activities([of(kit)])[0].error is None
    assert "crm.schemas.contacts.write" in connector.notes[0]


def test_properties_are_not_added_where_the_admin_does_not_want_it(kit: Kit) -> None:
    kit.connector(create_properties=False).write_activities([of(kit)])
    assert "hlr_alert_key" not in kit.sandbox.portal.tables["tasks"].properties


def test_properties_that_are_there_are_not_added_again(kit: Kit) -> None:
    kit.connector().ensure_properties()
    before = kit.sandbox.limits.used_today
    assert kit.connector().ensure_properties().missing == ()
    assert kit.sandbox.limits.used_today == before + 1


def test_a_property_that_was_deleted_is_a_config_error_and_is_made_again(kit: Kit) -> None:
    connector = kit.connector()
    connector.ensure_properties()
    del kit.sandbox.portal.tables["tasks"].properties["hlr_routed_role"]
    first = connector.write_activities([of(kit)])[0]
    assert isinstance(first.error, ConfigError)
    assert first.error.mend
    assert connector.write_activities([of(kit)])[0].error is None


@pytest.mark.pitfall("R6", "the library never repeats a POST")
def test_a_throttled_write_is_repeated_in_line(kit: Kit) -> None:
    connector = kit.connector()
    connector.ensure_properties()
    kit.fault("status", CREATE, status=429, headers={"Retry-After": "0"})
    assert connector.write_activities([of(kit)])[0].error is None
    assert len(kit.tasks()) == 1


def test_a_long_pause_is_handed_to_the_worker_and_not_slept(kit: Kit) -> None:
    connector = kit.connector()
    connector.ensure_properties()
    body = {"status": "error", "errorType": "RATE_LIMIT", "policyName": "DAILY"}
    kit.fault("status", CREATE, status=429, headers={"Retry-After": "3600"}, body=body)
    calls = connector.api_calls
    error = connector.write_activities([of(kit)])[0].error
    assert isinstance(error, LimitError)
    assert (error.retry_after, error.daily) == (3600, True)
    assert connector.api_calls == calls + 1


@pytest.mark.pitfall("R6", "a repeated create makes a second task")
def test_a_failed_write_is_not_repeated_even_if_it_names_a_time(kit: Kit) -> None:
    connector = kit.connector()
    connector.ensure_properties()
    kit.fault("status", CREATE, status=503, headers={"Retry-After": "0"})
    error = connector.write_activities([of(kit)])[0].error
    assert isinstance(error, UnclearError)
    assert kit.tasks() == []


def test_an_unreachable_account_writes_nothing_and_says_so(kit: Kit) -> None:
    connector = kit.connector(base_url="http://127.0.0.1:9")
    with pytest.raises(TemporaryError) as caught:
        connector.write_activities([of(kit)])
    assert not isinstance(caught.value, UnclearError)


def test_a_refused_token_raises_with_nothing_written(kit: Kit) -> None:
    with pytest.raises(ConfigError):
        kit.connector(token="wrong").write_activities([of(kit)])
    assert kit.tasks() == []


def test_no_drafts_cost_no_call(kit: Kit) -> None:
    connector = kit.connector()
    assert connector.write_activities([]) == []
    assert connector.api_calls == 0


def test_what_was_not_said_about_a_row_is_unclear(kit: Kit) -> None:
    connector = kit.connector()
    connector.ensure_properties()
    body = json.dumps({"status": "COMPLETE", "results": []})
    kit.fault("status", CREATE, status=201, body=body)
    assert isinstance(connector.write_activities([of(kit)])[0].error, UnclearError)
