"""What the doctor finds in a HubSpot account that was set up in part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import Check
from connectors.sandbox.faults import Fault
from routing.mapping import Mapping
from tests.contract import hubspot_kit
from tests.contract.doctor_kit import not_well, only
from tests.contract.hubspot_kit import Copy, Kit

NEW = {"hubspot task properties": "warn"}


@pytest.fixture
def kit() -> Iterator[Kit]:
    with hubspot_kit.running() as made:
        yield made


def look(kit: Kit, **settings: Any) -> list[Check]:
    return list(kit.connector(**settings).checks(kit.clock))


def test_an_account_with_everything_is_well(kit: Kit) -> None:
    assert not_well(look(kit)) == NEW
    kit.connector().prepare()
    checks = look(kit)
    assert not_well(checks) == {}
    assert "hlr_alert_key is unique" in only(checks, "hubspot task properties").text
    names = [one.name for one in checks]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("scope", "name", "state"),
    [
        ("crm.objects.owners.read", "owners", "fail"),
        ("crm.objects.companies.read", "companies", "fail"),
        ("crm.objects.deals.read", "deals", "fail"),
        ("crm.objects.contacts.read", "contacts", "fail"),
        ("crm.objects.contacts.write", "writing tasks", "fail"),
        ("crm.schemas.contacts.write", "task properties", "fail"),
        ("crm.objects.users.read", "users", "warn"),
        ("sales-email-read", "emails", "warn"),
        ("crm.objects.leads.read", "leads", "warn"),
    ],
)
def test_a_missing_scope_is_named_where_it_is_missed(
    kit: Kit, scope: str, name: str, state: str
) -> None:
    kit.sandbox.portal.scopes -= {scope}
    check = only(look(kit), f"hubspot {name}")
    assert check.state == state
    assert scope in check.text
    assert f"Add the scope {scope}" in check.mend


def test_what_is_lost_without_an_optional_scope_is_said(kit: Kit) -> None:
    kit.sandbox.portal.scopes -= {"crm.objects.users.read", "sales-email-read"}
    checks = look(kit)
    assert "no out of office" in only(checks, "hubspot users").text
    assert "no response by e-mail" in only(checks, "hubspot emails").text
    assert not_well(checks) == NEW | {"hubspot users": "warn", "hubspot emails": "warn"}


def test_looking_adds_no_property_and_no_group(kit: Kit) -> None:
    tasks = kit.sandbox.portal.tables["tasks"]
    before = sorted(tasks.properties), sorted(tasks.groups)
    look(kit)
    assert (sorted(tasks.properties), sorted(tasks.groups)) == before
    assert kit.tasks() == []


def test_an_admin_who_adds_properties_by_hand_is_told_which_are_missing(kit: Kit) -> None:
    check = only(look(kit, create_properties=False), "hubspot task properties")
    assert check.state == "fail"
    assert "hlr_response_source" in check.text
    assert "config/hubspot/properties.json" in check.mend


def test_a_key_that_is_not_unique_is_a_warning(kit: Kit) -> None:
    kit.sandbox.portal.unique_task_property = False
    kit.connector().prepare()
    check = only(look(kit), "hubspot task properties")
    assert check.state == "warn"
    assert "does not keep hlr_alert_key unique" in check.text


@pytest.mark.parametrize("kept", [True, False])
def test_the_unique_key_is_proven_and_no_task_is_left_behind(kit: Kit, kept: bool) -> None:
    kit.connector().prepare()
    kit.sandbox.portal.tables["tasks"].keeps_unique = kept
    check = only(look(kit), "hubspot unique key")
    assert check.state == ("ok" if kept else "fail")
    assert kit.tasks() == []


def test_a_rule_that_refuses_our_tasks_is_found_before_the_first_alert(kit: Kit) -> None:
    kit.connector().prepare()
    details = [{"code": "MISSING_REQUIRED_PROPERTY", "context": {"propertyName": ["region"]}}]
    body = {"message": "no", "category": "VALIDATION_ERROR", "errors": details}
    path = "/crm/v3/objects/tasks/batch/create"
    kit.sandbox.faults.order(Fault(kind="status", path=path, status=400, body=body))
    check = only(look(kit), "hubspot unique key")
    assert (check.state, "region" in check.text) == ("fail", True)
    assert "optional" in check.mend


def test_a_role_property_that_the_account_lacks_is_a_failure(kit: Kit) -> None:
    checks = look(kit, account_fields=("csm_owner", "sdr_owner"))
    check = only(checks, "hubspot company properties")
    assert check.state == "fail"
    assert "no property sdr_owner," in check.text


def test_every_property_and_object_of_the_mapping_is_looked_for(kit: Kit) -> None:
    sandbox = kit.sandbox
    sandbox.portal.define_object("renewal", "Renewal", "Renewals")
    sandbox.portal.links.define("renewal", "companies")
    sandbox.define("renewal", "csm")
    sandbox.define("deals", "score", "number", formula="1")
    sandbox.define("contacts", "persona")
    sandbox.define("users", "away", "bool")
    holding = {"object": "renewal", "person": "csm", "account": "companies", "role": "CSM"}
    mapping = Mapping.model_validate(
        {
            "fields": {"deal": ["score"], "prospect": ["persona"]},
            "absence": {"flag": "away", "ends": "until"},
            "holdings": [holding, {**holding, "object": "contract"}],
        }
    )
    checks = look(kit, mapping=mapping)
    assert not_well(checks) == NEW | {
        "hubspot deal properties of the policy": "warn",
        "hubspot user properties of the policy": "fail",
        "hubspot custom object contract (csm)": "fail",
    }
    found = only(checks, "hubspot custom object renewal (csm)")
    assert "by association with companies" in found.text
    assert "have no property until" in only(checks, "hubspot user properties of the policy").text
    assert "no custom object contract" in only(checks, "hubspot custom object contract (csm)").text


@pytest.mark.parametrize("scope", ["crm.schemas.custom.read", "crm.objects.custom.read"])
def test_a_scope_that_a_custom_object_needs_is_named(kit: Kit, scope: str) -> None:
    kit.sandbox.portal.define_object("renewal", "Renewal", "Renewals")
    kit.sandbox.portal.links.define("renewal", "companies")
    kit.sandbox.define("renewal", "csm")
    holding = {"object": "renewal", "person": "csm", "account": "companies", "role": "CSM"}
    kit.sandbox.portal.scopes -= {scope}
    checks = look(kit, mapping=Mapping.model_validate({"holdings": [holding]}))
    check = only(checks, "hubspot custom object renewal (csm)")
    assert check.state == "fail"
    assert f"Add the scope {scope}" in check.mend


def test_user_properties_that_the_account_lacks_are_a_warning(kit: Kit) -> None:
    check = only(look(kit, manager_property="boss_owner"), "hubspot user properties")
    assert check.state == "warn"
    assert "boss_owner" in check.text


def test_a_day_that_is_used_up_ends_the_look_with_the_reason(kit: Kit) -> None:
    kit.sandbox.limits.enforced = True
    kit.sandbox.limits.daily = 0
    [login] = look(kit)
    assert login.state == "fail"
    assert "used up" in login.text


def test_an_account_that_does_not_tell_its_details_is_looked_at_all_the_same(kit: Kit) -> None:
    kit.fault("status", "/account-info", status=403, times=-1, body={"message": "no"})
    checks = look(kit)
    assert only(checks, "hubspot log-in").state == "warn"
    assert only(checks, "hubspot contacts").state == "ok"


def test_one_look_that_fails_stops_no_other(kit: Kit) -> None:
    kit.fault("status", "/crm/v3/owners", status=502, times=-1)
    kit.fault("status", "/crm/v3/pipelines", status=200, times=-1, body="[1]")
    checks = look(kit)
    assert not_well(checks) == NEW | {"hubspot owners": "fail", "hubspot stages": "fail"}


def test_counts_are_those_of_the_mirror(kit: Kit) -> None:
    crm = kit.connector()
    counted = {one.name: crm.count(one.name) for one in crm.objects}
    whole = {name: count for name, count in counted.items() if count is not None}
    assert set(whole) == {"companies", "contacts", "deals"}
    for name, count in whole.items():
        assert len(Copy(crm, name).sync()) == count, name
