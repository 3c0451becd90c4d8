"""A task is written although what it is about was merged or is gone, or its rep has left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import ActivityDraft, WriteResult
from connectors.errors import PermanentError, TemporaryError
from connectors.sandbox.faults import Fault
from tests.contract.salesforce_kit import START, Bench, bench, draft

COLLECTION = "/services/data/v66.0/composite/sobjects/Task"
QUERY_ALL = "/services/data/v66.0/queryAll"


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


def about(org: Bench, key: str = "task:1", **changes: Any) -> ActivityDraft:
    given = {
        "owner_id": org.ids["ann"],
        "prospect_id": org.ids["cat"],
        "account_id": org.ids["acme"],
        "deal_id": org.ids["deal"],
    }
    return draft(key, **(given | changes))


def lead(org: Bench, **changes: Any) -> ActivityDraft:
    given = {"prospect_id": org.ids["leo"], "prospect_kind": "lead"}
    return about(org, **(given | {"account_id": None, "deal_id": None} | changes))


def written(org: Bench, one: ActivityDraft) -> dict[str, Any]:
    """The task of the draft, which must have been written, and completed as it should be."""
    [result] = org.crm().write_activities([one])
    assert result.error is None
    [task] = [row for row in org.box.records("Task") if row["HLR_Alert_Key__c"] == one.key]
    assert result.remote_id == task["Id"]
    return task


def known(org: Bench, one: ActivityDraft) -> ActivityDraft:
    """The same draft, whose task was written and then deleted by somebody."""
    [result] = org.crm().write_activities([one])
    assert result.remote_id
    org.box.delete("Task", result.remote_id)
    return draft(
        **{name: getattr(one, name) for name in ("prospect_kind", "owner_id", "account_id")},
        prospect_id=one.prospect_id,
        deal_id=one.deal_id,
        remote_id=result.remote_id,
        completed_at=START,
    )


@pytest.fixture(params=["first try", "later update"])
def later(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "later update")


def test_a_merged_contact_s_task_is_about_the_contact_that_goes_on(org: Bench, later: bool) -> None:
    one = known(org, about(org)) if later else about(org)
    other = org.box.create("Contact", LastName="Other", AccountId=org.ids["acme"])
    third = org.box.create("Contact", LastName="Third", AccountId=org.ids["acme"])
    org.box.merge("Contact", other, org.ids["cat"])
    org.box.merge("Contact", third, other)
    task = written(org, one)
    assert (task["WhoId"], task["WhatId"]) == (third, org.ids["deal"])


def test_a_converted_lead_s_task_is_about_its_contact_and_account(org: Bench, later: bool) -> None:
    one = known(org, lead(org)) if later else lead(org)
    org.box.convert(org.ids["leo"], org.ids["acme"], org.ids["cat"])
    task = written(org, one)
    assert (task["WhoId"], task["WhatId"]) == (org.ids["cat"], org.ids["acme"])


def test_a_lead_whose_contact_was_merged_after_its_conversion_is_followed(org: Bench) -> None:
    other = org.box.create("Contact", LastName="Other", AccountId=org.ids["acme"])
    org.box.convert(org.ids["leo"], org.ids["acme"], org.ids["cat"])
    org.box.merge("Contact", other, org.ids["cat"])
    assert written(org, lead(org))["WhoId"] == other


def test_a_merged_account_s_task_is_about_the_account_that_goes_on(org: Bench, later: bool) -> None:
    one = about(org, prospect_id=None, deal_id=None)
    one = known(org, one) if later else one
    org.box.merge("Account", org.ids["zeta"], org.ids["acme"])
    assert written(org, one)["WhatId"] == org.ids["zeta"]


def test_a_deleted_contact_leaves_the_task_with_the_account(org: Bench, later: bool) -> None:
    one = about(org, deal_id=None)
    one = known(org, one) if later else one
    org.box.delete("Contact", org.ids["cat"])
    task = written(org, one)
    assert ("WhoId" in task, task["WhatId"]) == (False, org.ids["acme"])


def test_a_deleted_deal_leaves_the_task_with_its_account(org: Bench) -> None:
    org.box.delete("Opportunity", org.ids["deal"])
    task = written(org, about(org))
    assert (task["WhoId"], task["WhatId"]) == (org.ids["cat"], org.ids["acme"])


def test_what_is_purged_altogether_leaves_a_task_that_says_so(org: Bench) -> None:
    for sobject, key in (("Opportunity", "deal"), ("Contact", "cat"), ("Account", "acme")):
        if not org.box.record(sobject, org.ids[key]).get("IsDeleted"):
            org.box.delete(sobject, org.ids[key])
    for sobject, key in (("Opportunity", "deal"), ("Contact", "cat"), ("Account", "acme")):
        org.box.purge(sobject, org.ids[key])
    task = written(org, about(org, latency_minutes=7.0))
    assert {"WhoId", "WhatId"}.isdisjoint(task)
    assert "gone from Salesforce" in task["Description"]
    assert task["HLR_Latency_Minutes__c"] == 7.0


def refusal(code: str, *fields: str) -> Fault:
    error = {"statusCode": code, "message": "no", "fields": list(fields)}
    body = [{"success": False, "errors": [error]}]
    return Fault(kind="status", status=200, path=COLLECTION, body=body)


@pytest.mark.parametrize(
    ("refusals", "who", "what"),
    [(1, "cat", "deal"), (2, "cat", None), (3, None, "deal"), (4, None, None)],
)
def test_what_is_refused_although_it_lives_is_written_with_less_and_less(
    org: Bench, refusals: int, who: str | None, what: str | None
) -> None:
    for _ in range(refusals):
        org.box.faults.order(refusal("INVALID_CROSS_REFERENCE_KEY", "WhatId"))
    task = written(org, about(org))
    assert task.get("WhoId") == (org.ids[who] if who else None)
    assert task.get("WhatId") == (org.ids[what] if what else None)


def test_what_is_refused_even_without_any_parent_is_a_lasting_error(org: Bench) -> None:
    org.box.faults.order(refusal("ENTITY_IS_DELETED"))
    for _ in range(4):
        org.box.faults.order(refusal("FIELD_INTEGRITY_EXCEPTION", "WhatId"))
    [result] = org.crm().write_activities([about(org)])
    assert isinstance(result.error, PermanentError)


def test_others_of_the_batch_are_written_once_and_calls_are_few(org: Bench) -> None:
    crm = org.crm()
    crm.write_activities([draft("task:first")])
    org.box.delete("Contact", org.ids["cat"])
    before = crm.api_calls
    good = [draft(f"good:{number}") for number in range(50)]
    bad = [about(org, f"bad:{number}") for number in range(50)]
    results = crm.write_activities([*good, *bad])
    assert all(one.error is None for one in results)
    # The collection; contacts, accounts and deals; the fifty once more.
    assert crm.api_calls - before == 5
    assert len(org.box.records("Task")) == 101


def test_when_nobody_can_tell_what_became_of_it_it_is_tried_again_later(org: Bench) -> None:
    crm = org.crm()
    crm.write_activities([draft("task:first")])
    org.box.delete("Contact", org.ids["cat"])
    org.box.faults.order(Fault(kind="status", status=503, path=QUERY_ALL, times=-1))
    [result] = crm.write_activities([about(org)])
    assert type(result.error) is TemporaryError


def owned(org: Bench, **changes: Any) -> tuple[WriteResult, dict[str, Any]]:
    [result] = org.crm().write_activities([about(org, **changes)])
    [task] = org.box.records("Task")
    return result, task


def test_a_rep_who_left_is_replaced_by_the_next_who_is_there(org: Bench) -> None:
    ids = org.ids
    gone = org.box.create(
        "User",
        LastName="Gone",
        Username="gone@seller.example",
        Email="gone@seller.example",
        Alias="gone",
        CommunityNickname="gone",
        IsActive=False,
        ProfileId=next(iter(org.box.org.tables["profile"].rows)),
        TimeZoneSidKey="America/New_York",
        LocaleSidKey="en_US",
        EmailEncodingKey="UTF-8",
        LanguageLocaleKey="en_US",
    )
    result, task = owned(org, owner_id=ids["old"], other_owners=(gone, ids["mia"]))
    assert (result.error, task["OwnerId"]) == (None, ids["mia"])
    assert task["Description"].count("may own no tasks") == 1


def test_without_anybody_else_the_task_is_the_integration_user_s(org: Bench) -> None:
    result, task = owned(org, owner_id=org.ids["old"])
    assert (result.error, task["OwnerId"]) == (None, org.box.org.user_id)


def test_a_rep_who_left_and_a_contact_that_is_gone_at_once(org: Bench) -> None:
    org.box.delete("Contact", org.ids["cat"])
    result, task = owned(org, owner_id=org.ids["old"], other_owners=(org.ids["mia"],))
    assert (result.error, task["OwnerId"]) == (None, org.ids["mia"])
    assert ("WhoId" in task, task["WhatId"]) == (False, org.ids["deal"])
