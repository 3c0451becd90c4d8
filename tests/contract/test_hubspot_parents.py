"""A task is written although what it is about was merged or is gone, or its rep has left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import ActivityDraft
from connectors.errors import TemporaryError
from tests.contract.hubspot_kit import START, Kit, draft, running

CREATE = "/crm/v3/objects/tasks/batch/create"
UPDATE = "/crm/v3/objects/tasks/batch/update"
UPSERT = "/crm/v3/objects/tasks/batch/upsert"
READ = "/crm/v3/objects/{}/batch/read"


@pytest.fixture(params=["unique key", "plain key"])
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    with running() as started:
        started.sandbox.portal.unique_task_property = request.param == "unique key"
        yield started


@pytest.fixture(params=["first try", "later update"])
def later(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "later update")


def of(kit: Kit, key: str = "task:1", **more: Any) -> ActivityDraft:
    given = {
        "owner_id": kit.ids["bo"],
        "prospect_id": kit.ids["dana"],
        "account_id": kit.ids["acme"],
        "deal_id": kit.ids["big"],
    }
    return draft(key, **{**given, **more})


def known(kit: Kit, one: ActivityDraft) -> ActivityDraft:
    """The same draft, whose task was written and then deleted by somebody."""
    [result] = kit.connector().write_activities([one])
    assert result.remote_id
    kit.sandbox.archive("tasks", result.remote_id)
    return replace(one, remote_id=result.remote_id, completed_at=START)


def hangs_on(kit: Kit, one: ActivityDraft) -> dict[str, list[str]]:
    """What the draft's task hangs on, once it is written."""
    [result] = kit.connector().write_activities([one])
    assert result.error is None
    assert [task["id"] for task in kit.tasks()] == [result.remote_id]
    kinds = ("contacts", "companies", "deals")
    return {kind: kit.sandbox.associated("tasks", result.remote_id or "", kind) for kind in kinds}


@pytest.mark.parametrize("lead_on", [True, False])
def test_a_merged_contact_s_task_hangs_on_the_contact_that_goes_on(
    kit: Kit, later: bool, lead_on: bool
) -> None:
    one = known(kit, of(kit)) if later else of(kit)
    other = kit.sandbox.create("contacts", email="other@acme.test")
    kit.sandbox.merge("contacts", other, kit.ids["dana"])
    kit.sandbox.portal.merged_ids_lead_on = lead_on
    found = hangs_on(kit, one)
    assert found["contacts"] == [other]
    assert found["deals"] == [kit.ids["big"]]


def test_a_deleted_contact_leaves_the_task_with_company_and_deal(kit: Kit, later: bool) -> None:
    one = known(kit, of(kit)) if later else of(kit)
    kit.sandbox.archive("contacts", kit.ids["dana"])
    assert hangs_on(kit, one) == {
        "contacts": [],
        "companies": [kit.ids["acme"]],
        "deals": [kit.ids["big"]],
    }


def test_what_is_gone_altogether_leaves_a_task_that_carries_its_latency(kit: Kit) -> None:
    for kind, key in (("contacts", "dana"), ("companies", "acme"), ("deals", "big")):
        kit.sandbox.archive(kind, kit.ids[key])
    assert set(map(tuple, hangs_on(kit, of(kit, latency_minutes=7.0)).values())) == {()}
    assert kit.tasks()[0]["hlr_latency_minutes"] == "7.00"


def test_what_is_refused_although_it_is_there_leaves_a_task_that_says_so(kit: Kit) -> None:
    kit.connector().ensure_properties()
    gone = {"message": "no", "category": "OBJECT_NOT_FOUND", "context": {}}
    body = {"results": [], "errors": [{**gone, "context": {"objectWriteTraceId": ["hlr-0"]}}]}
    kit.fault("status", CREATE, status=207, body=body)
    assert set(map(tuple, hangs_on(kit, of(kit)).values())) == {()}
    assert "gone from HubSpot" in kit.tasks()[0]["hs_task_body"]


def test_others_of_the_batch_are_created_once(kit: Kit) -> None:
    kit.connector().ensure_properties()
    kit.sandbox.archive("contacts", kit.ids["dana"])
    good = [draft(f"good:{number}") for number in range(20)]
    bad = [of(kit, f"bad:{number}") for number in range(20)]
    results = kit.connector().write_activities([*good, *bad])
    assert all(one.error is None for one in results)
    assert len(kit.tasks()) == 40
    assert kit.calls(CREATE) == 2
    assert kit.calls(READ.format("contacts")) == 1


def test_when_nobody_can_tell_what_became_of_it_it_is_tried_again_later(kit: Kit) -> None:
    kit.connector().ensure_properties()
    kit.sandbox.archive("contacts", kit.ids["dana"])
    kit.fault("status", READ.format("contacts"), status=503, times=-1)
    [result] = kit.connector().write_activities([of(kit)])
    assert type(result.error) is TemporaryError


def test_a_rep_who_left_is_replaced_by_the_next_who_is_there(kit: Kit) -> None:
    one = of(kit, owner_id=kit.ids["ex"], other_owners=("999", kit.ids["mia"]))
    assert kit.connector().write_activities([one])[0].error is None
    assert kit.tasks()[0]["hubspot_owner_id"] == kit.ids["mia"]
    assert kit.tasks()[0]["hs_task_body"].count("no longer in HubSpot") == 1


def test_without_anybody_else_the_task_is_nobody_s(kit: Kit) -> None:
    assert kit.connector().write_activities([of(kit, owner_id=kit.ids["ex"])])[0].error is None
    assert "hubspot_owner_id" not in kit.tasks()[0]


def test_a_rep_who_leaves_before_the_response_is_replaced_in_the_update(kit: Kit) -> None:
    connector = kit.connector()
    [made] = connector.write_activities([of(kit)])
    kit.sandbox.portal.owners[int(kit.ids["bo"])].archived = True
    one = of(kit, remote_id=made.remote_id, completed_at=START, other_owners=(kit.ids["mia"],))
    [result] = connector.write_activities([one])
    assert (result.error, result.remote_id) == (None, made.remote_id)
    task = kit.tasks()[0]
    assert (task["hs_task_status"], task["hubspot_owner_id"]) == ("COMPLETED", kit.ids["mia"])
