"""What the doctor finds in a Salesforce org that was set up in part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import Check
from connectors.sandbox.faults import Fault
from routing.mapping import Mapping
from tests.contract import salesforce_kit
from tests.contract.doctor_kit import not_well, only
from tests.contract.salesforce_kit import PROMPT, Bench

WELL = {"salesforce absences": "warn"}


@pytest.fixture
def org() -> Iterator[Bench]:
    with salesforce_kit.bench() as made:
        made.load()
        yield made


def look(org: Bench, **settings: Any) -> list[Check]:
    return list(org.crm(**settings).checks(lambda: org.time))


def take_field(org: Bench, sobject: str, name: str) -> None:
    del org.box.org.objects[sobject.lower()].columns[name.lower()]


def test_an_org_with_everything_is_well(org: Bench) -> None:
    assert not_well(look(org)) == WELL


def test_names_of_checks_are_unique(org: Bench) -> None:
    names = [one.name for one in look(org)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("feature", "name", "lost"),
    [
        ("account_teams", "account_team", "account teams"),
        ("opportunity_teams", "deal_team", "opportunity teams"),
        ("out_of_office", "out_of_office", "out of office from Salesforce"),
    ],
)
def test_a_feature_that_is_off_is_told_with_what_is_lost(
    org: Bench, feature: str, name: str, lost: str
) -> None:
    org.box.features.discard(feature)
    checks = look(org)
    check = only(checks, f"salesforce {name}")
    assert check.state == "warn"
    assert check.text.startswith(f"{lost}: off")
    assert check.mend
    assert set(not_well(checks)) <= {check.name, "salesforce absences"}


def test_an_object_that_must_be_there_and_is_hidden_is_a_failure(org: Bench) -> None:
    del org.box.org.objects["contact"]
    checks = look(org)
    assert only(checks, "salesforce contacts").state == "fail"
    assert "Contact" in only(checks, "salesforce contacts").text
    assert only(checks, "salesforce leads").state == "ok"


def test_a_field_that_must_be_there_and_is_hidden_is_named(org: Bench) -> None:
    take_field(org, "Contact", "Email")
    check = only(look(org), "salesforce contacts")
    assert check.state == "fail"
    assert "Email" in check.text
    assert "read access" in check.mend


def test_a_field_that_may_be_missing_is_a_warning(org: Bench) -> None:
    take_field(org, "Contact", "Title")
    check = only(look(org), "salesforce contacts")
    assert (check.state, "Title" in check.text) == ("warn", True)


def test_a_role_field_that_the_org_lacks_is_a_failure(org: Bench) -> None:
    check = only(look(org, account_fields=("BDR__c", "SDR__c")), "salesforce accounts")
    assert check.state == "fail"
    assert "the configuration names SDR__c" in check.text


def test_a_missing_task_field_is_told_with_what_to_deploy(org: Bench) -> None:
    take_field(org, "Task", "HLR_Alert_Key__c")
    checks = look(org)
    check = only(checks, "salesforce writing tasks")
    assert check.state == "fail"
    assert "HLR_Alert_Key__c" in check.text
    assert check.mend.startswith("Deploy config/salesforce")
    assert check.mend not in check.text


def test_a_key_that_works_is_proven_and_nothing_is_left_behind(org: Bench) -> None:
    check = only(look(org), "salesforce unique key")
    assert (check.state, "is refused" in check.text) == ("ok", True)
    assert org.box.records("Task", deleted=True) == []


def test_a_key_that_does_not_work_is_told_and_the_tasks_are_deleted_again(org: Bench) -> None:
    org.box.org.table("Task").keeps_unique = False
    check = only(look(org), "salesforce unique key")
    assert (check.state, "is not unique" in check.text) == ("fail", True)
    assert org.box.records("Task") == []


def test_a_rule_that_refuses_our_tasks_is_found_before_the_first_alert(org: Bench) -> None:
    refused = {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No.", "fields": []}
    body = [{"success": False, "errors": [refused]}] * 2
    path = "/services/data/v66.0/composite/sobjects"
    org.box.faults.order(Fault(kind="status", status=200, path=path, method="POST", body=body))
    check = only(look(org), "salesforce unique key")
    assert check.state == "fail"
    assert "Validation Rules" in check.mend


def test_the_object_for_medians_is_looked_for(org: Bench) -> None:
    assert only(look(org), "salesforce medians").text.startswith("off")
    org.box.org.metadata.polls = 0
    list(org.crm().install(check_only=False))
    assert only(look(org), "salesforce medians").text.startswith("the medians are written")


def test_what_an_admin_mends_is_seen_at_the_next_look(org: Bench) -> None:
    crm = org.crm()
    columns = org.box.org.objects["contact"].columns
    kept = columns.pop("email")
    assert only(list(crm.checks(lambda: org.time)), "salesforce contacts").state == "fail"
    columns["email"] = kept
    assert only(list(crm.checks(lambda: org.time)), "salesforce contacts").state == "ok"


@pytest.mark.parametrize(
    ("version", "state", "says"),
    [
        ("66.0", "ok", "up to 67.0"),
        ("50.0", "warn", "three years"),
        ("99.0", "fail", "does not offer"),
    ],
)
@pytest.mark.pitfall("R9", "an API version ends, and nobody said so")
def test_an_api_version_that_nears_its_end_is_told(
    org: Bench, version: str, state: str, says: str
) -> None:
    check = only(look(org, api_version=version), "salesforce API version")
    assert check.state == state
    assert says in check.text


def test_one_look_that_fails_stops_no_other(org: Bench) -> None:
    path = "/services/data/v66.0/sobjects/Lead"
    org.box.faults.order(Fault(kind="status", path=path, status=500, times=-1))
    checks = look(org)
    assert not_well(checks) == WELL | {"salesforce leads": "fail"}


@pytest.mark.parametrize("body", ["<html>", "[]", "[7]", "{}", "null", '{"version": 1}'])
def test_an_answer_that_makes_no_sense_is_a_failed_look(org: Bench, body: str) -> None:
    fault = Fault(kind="status", path="/services/data/", status=200, body=body, times=1)
    org.box.faults.order(fault)
    checks = list(org.crm(PROMPT.model_copy(update={"tries": 1})).checks(lambda: org.time))
    assert only(checks, "salesforce API version").state == "fail"
    assert only(checks, "salesforce users").state == "ok"


def test_a_log_in_that_is_no_salesforce_ends_the_look(org: Bench) -> None:
    fault = Fault(
        kind="status", path="/services/oauth2", status=200, body="<html>hello</html>", times=-1
    )
    org.box.faults.order(fault)
    [login] = look(org)
    assert login.state == "fail"
    assert "login_url" in login.mend


def test_counts_are_of_what_the_mirror_holds_whole(org: Bench) -> None:
    org.box.features.discard("account_teams")
    crm = org.crm()
    counted = {one.name: crm.count(one.name) for one in crm.objects}
    assert {name for name, count in counted.items() if count is None} == {
        "out_of_office",
        "stages",
        "account_team",
        "queue_members",
        "tasks",
        "events",
        "emails",
    }
    for name, count in counted.items():
        if count is not None:
            assert len(salesforce_kit.records(crm, name)) == count, name


def test_what_the_policy_names_and_the_org_lacks_is_a_failure(org: Bench) -> None:
    holding = {"object": "Renewal__c", "person": "OwnerId", "account": "Account__c", "role": "R"}
    mapping = Mapping.model_validate(
        {
            "holdings": [holding],
            "absence": {"flag": "OOO__c"},
            "fields": {"person": ["Segment__c"], "deal": ["Score__c"]},
        }
    )
    checks = look(org, mapping=mapping)
    for name in ("roles_of_Renewal__c", "away_users", "users", "deals"):
        check = only(checks, f"salesforce {name}")
        assert (check.name, check.state) == (f"salesforce {name}", "fail")
        assert check.mend


def test_a_field_that_only_leads_or_only_contacts_have_is_a_warning(org: Bench) -> None:
    org.box.org.add_field("Contact", "Persona__c string(40) cun")
    mapping = Mapping.model_validate({"fields": {"prospect": ["Persona__c", "Nobody__c"]}})
    checks = look(org, mapping=mapping)
    assert only(checks, "salesforce contacts").state == "fail"
    assert "Nobody__c" in only(checks, "salesforce contacts").text
    mapping = Mapping.model_validate({"fields": {"prospect": ["Persona__c"]}})
    checks = look(org, mapping=mapping)
    assert only(checks, "salesforce contacts").state == "ok"
    assert only(checks, "salesforce leads").state == "warn"


@pytest.mark.pitfall("R2", "nobody says that a routed field is a formula")
def test_r2_a_formula_that_the_policy_reads_is_a_warning(org: Bench) -> None:
    org.box.org.add_field("Account", "Score__c double(18, 2) n", lambda _row: 1.0)
    check = only(look(org, account_fields=("Score__c",)), "salesforce accounts")
    assert check.state == "warn"
    assert "Score__c is a formula" in check.text


def test_absences_of_our_own_alone_are_not_those_of_others(org: Bench) -> None:
    span = {"StartDate": "2026-11-23T08:00:00Z", "EndDate": "2026-12-01T08:00:00Z"}
    org.box.create("OutOfOffice", UserId=org.box.org.user_id, **span)
    assert only(look(org), "salesforce absences").state == "warn"
    org.box.create("OutOfOffice", UserId=org.ids["ann"], **span)
    check = only(look(org), "salesforce absences")
    assert (check.state, check.text[:1]) == ("ok", "1")


def test_bulk_jobs_that_a_large_org_needs_and_does_not_allow_are_told(org: Bench) -> None:
    assert only(look(org), "salesforce bulk jobs").state == "ok"
    org.box.features.discard("bulk")
    check = only(look(org), "salesforce bulk jobs")
    assert check.state == "warn"
    assert "pages" in check.text
