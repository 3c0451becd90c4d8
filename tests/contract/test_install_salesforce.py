"""What ships for Salesforce is deployed, checked first, and then tasks can be written."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from connectors.base import Check, Metric
from connectors.salesforce.package import shipped
from connectors.sandbox.faults import Fault
from tests.contract.salesforce_kit import Bench, bench, draft

DEPLOY = "/services/data/v66.0/metadata/deployRequest"
ALL = ("main", "reports", "metrics", "dashboard", "median")


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench(bare=True) as made:
        made.load()
        made.box.org.metadata.polls = 0
        yield made


def told(org: Bench, *, check_only: bool = False, **settings: Any) -> dict[str, Check]:
    return {one.name: one for one in org.crm(**settings).install(check_only=check_only)}


def states(checks: dict[str, Check]) -> dict[str, str]:
    return {name.rpartition(" ")[2]: one.state for name, one in checks.items()}


def deploy(org: Bench, files: dict[str, str], **options: Any) -> Any:
    """A deploy by hand, to its end; its result."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    given = {"singlePackage": True, "rollbackOnError": True} | options
    parts = {
        "json": (None, json.dumps({"deployOptions": given}), "application/json"),
        "file": ("deploy.zip", made.getvalue(), "application/zip"),
    }
    begun = org.call("POST", "metadata/deployRequest", files=parts)
    assert begun.status_code == 201, begun.text
    path = f"metadata/deployRequest/{begun.json()['id']}?includeDetails=true"
    for _ in range(3):
        result = org.call("GET", path).json()["deployResult"]
        if result["done"]:
            return result
    raise AssertionError(result)


def problems(result: Any) -> list[str]:
    return [one["problem"] for one in result["details"]["componentFailures"]]


def test_before_it_no_task_can_be_written_and_after_it_one_can(org: Bench) -> None:
    org.box.org.metadata.polls = 1
    crm = org.crm()
    assert "no task can be written" in crm.prepare()[0]
    checks = list(crm.install(check_only=False))
    assert {one.state for one in checks if not one.name.endswith("median")} == {"ok"}
    assert crm.prepare() == []
    one = draft(latency_minutes=3.5, working_latency_minutes=2.0)
    assert crm.write_activities([one])[0].error is None
    [task] = org.box.records("Task")
    assert (task["HLR_Alert_Key__c"], task["HLR_Latency_Minutes__c"]) == ("task:1", 3.5)


def test_everything_is_there_and_the_median_is_dropped_where_the_org_refuses_it(org: Bench) -> None:
    checks = told(org)
    assert "Median" in checks["salesforce install median"].text
    assert checks["salesforce install median"].state == "warn"
    assert "hotlead latency" in checks["salesforce install median"].mend
    state = org.box.org.metadata
    assert state.reports == {
        "HLR/",
        "HLR/Alert_to_Response",
        "HLR_Metrics/",
        "HLR_Metrics/Reps_Today",
        "HLR_Metrics/Team_Today",
        "HLR_Metrics/Team_Trend",
    }
    assert state.dashboards == {"HLR/", "HLR/Response_Time"}
    assert set(state.sets) == {
        "Hotlead_Integration",
        "Hotlead_Metrics",
        "Hotlead_Metrics_Reader",
        "Hotlead_Reader",
    }


def test_the_median_is_there_where_the_org_takes_it(org: Bench) -> None:
    org.box.org.metadata.median_in_reports = True
    assert states(told(org))["median"] == "ok"
    assert "HLR_Median/Alert_to_Response_Median" in org.box.org.metadata.reports


def test_a_check_changes_nothing_and_judges_each_part(org: Bench) -> None:
    checks = told(org, check_only=True)
    assert states(checks) == dict.fromkeys(ALL, "ok") | {"median": "warn"}
    state = org.box.org.metadata
    assert (state.fields, state.objects, state.sets, state.reports) == ({}, {}, {}, set())
    assert org.box.org.tables["permissionset"].rows == {}
    assert "no task can be written" in org.crm().prepare()[0]


def test_installing_twice_is_harmless(org: Bench) -> None:
    first = told(org)
    again = told(org)
    assert states(first) == states(again)
    assert "was given" in first["salesforce permission set Hotlead_Integration"].text
    assert "our user has" in again["salesforce permission set Hotlead_Integration"].text
    assert len(org.box.records("PermissionSetAssignment")) == 2


def test_a_user_who_may_not_deploy_is_told_how_an_admin_does_it(org: Bench) -> None:
    org.box.org.metadata.may_deploy = False
    [check] = org.crm().install(check_only=False)
    assert check.state == "fail"
    assert "ModifyMetadata" in check.text
    assert "Salesforce CLI" in check.mend


def test_a_user_who_may_not_assign_is_told_where_that_is_done(org: Bench) -> None:
    org.box.org.metadata.may_assign = False
    checks = told(org)
    check = checks["salesforce permission set Hotlead_Integration"]
    assert check.state == "fail"
    assert "Permission Set Assignments › Hotlead Integration" in check.mend
    assert checks["salesforce writing tasks"].state == "fail"


def test_an_org_without_room_for_the_object_gets_the_fields_all_the_same(org: Bench) -> None:
    org.box.org.metadata.most_objects = 0
    checks = told(org)
    assert states(checks) == {
        "main": "ok",
        "reports": "ok",
        "metrics": "warn",
        "dashboard": "warn",
        "median": "warn",
        "Hotlead_Integration": "ok",
        "tasks": "ok",
    }
    assert "limit is reached" in checks["salesforce install metrics"].mend
    assert "left out" in checks["salesforce install dashboard"].text
    assert not org.crm().takes_metrics()


def test_an_org_without_dynamic_dashboards_gets_all_but_the_dashboard(org: Bench) -> None:
    org.box.org.metadata.dynamic_dashboards = False
    checks = told(org)
    assert states(checks)["dashboard"] == "warn"
    assert "by hand" in checks["salesforce install dashboard"].mend
    assert org.crm().takes_metrics()


def test_another_prefix_cannot_be_installed_and_says_so(org: Bench) -> None:
    [check] = org.crm(field_prefix="ACME_").install(check_only=True)
    assert (check.state, "salesforce.field_prefix" in check.mend) == ("fail", True)


def test_a_lost_answer_and_an_ended_session_do_not_stop_it(org: Bench) -> None:
    crm = org.crm()
    crm.prepare()
    org.box.expire_sessions()
    org.box.faults.order(Fault(kind="reset_after", path=DEPLOY, method="POST"))
    org.box.faults.order(Fault(kind="status", status=503, path=DEPLOY, method="GET"))
    checks = list(crm.install(check_only=False))
    assert {one.state for one in checks if not one.name.endswith("median")} == {"ok"}


def test_an_org_that_is_away_is_a_failed_check(org: Bench) -> None:
    org.box.faults.order(Fault(kind="reset_before", path="/", times=-1))
    [check] = org.crm().install(check_only=True)
    assert (check.state, bool(check.mend)) == ("fail", True)


def test_medians_are_written_into_the_object_and_twice_is_once(org: Bench) -> None:
    crm = org.crm()
    assert not crm.takes_metrics()
    list(crm.install(check_only=False))
    assert crm.takes_metrics()
    team = Metric(
        key="team:2026-11-23",
        day=date(2026, 11, 23),
        rep="Whole team",
        rep_id=None,
        whole_team=True,
        fired=3,
        answered=2,
        median_minutes=31.5,
        median_working_minutes=30.0,
    )
    crm.write_metrics([team])
    [result] = crm.write_metrics([team])
    assert (result.error, result.created) == (None, False)
    [row] = org.box.records("HLR_Metric__c")
    assert (row["Day__c"], row["Median_Minutes__c"], row["Whole_Team__c"]) == (
        "2026-11-23",
        31.5,
        True,
    )


MANIFEST = (
    '<Package xmlns="http://soap.sforce.com/2006/04/metadata"><types><members>{0}</members>'
    "<name>{1}</name></types><version>66.0</version></Package>"
)
SET = (
    '<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata"><fieldPermissions>'
    "<editable>true</editable><field>{0}</field><readable>true</readable></fieldPermissions>"
    "<label>X</label></PermissionSet>"
)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "No package.xml found"),
        ({"package.xml": MANIFEST.format("X", "Gadget")}, "Unknown type name 'Gadget'"),
        ({"package.xml": MANIFEST.format("X", "PermissionSet")}, "was not found in zipped"),
        ({"package.xml": "<Package"}, "Error parsing file"),
        (
            {
                "package.xml": MANIFEST.format("X", "PermissionSet"),
                "permissionsets/X.permissionset": SET.format("Task.HLR_Nope__c"),
            },
            "no CustomField named Task.HLR_Nope__c found",
        ),
        (
            {
                "package.xml": MANIFEST.format("X", "PermissionSet"),
                "permissionsets/X.permissionset": SET.replace("label", "lable"),
            },
            "invalid at this location in type PermissionSet",
        ),
        (
            {
                "package.xml": MANIFEST.format("X", "PermissionSet"),
                "permissionsets/X.permissionset": SET.format("Account.Type"),
                "classes/X.cls": "",
            },
            "Not in package.xml",
        ),
    ],
)
def test_the_sandbox_refuses_what_does_not_deploy(
    org: Bench, files: dict[str, str], problem: str
) -> None:
    result = deploy(org, files)
    assert (result["status"], result["success"]) == ("Failed", False)
    assert problem in " ".join(problems(result))


def test_the_sandbox_refuses_reports_of_what_it_has_not(org: Bench) -> None:
    named = {name: content.decode() for name, content in shipped("reports").files.items()} | {
        "package.xml": MANIFEST.format("HLR</members><members>HLR/Alert_to_Response", "Report")
    }
    result = deploy(org, named)
    assert "Invalid field name: Activity.HLR_Latency_Minutes__c" in " ".join(problems(result))
    strange = {name: content.replace(">Activity<", ">Gadgets<") for name, content in named.items()}
    assert "Invalid report type: Gadgets" in " ".join(problems(deploy(org, strange)))


def test_the_sandbox_refuses_strange_options_and_bodies_without_parts(org: Bench) -> None:
    parts = {
        "json": (None, json.dumps({"deployOptions": {"chekOnly": True}}), "application/json"),
        "file": ("deploy.zip", b"", "application/zip"),
    }
    refused = org.call("POST", "metadata/deployRequest", files=parts)
    assert (refused.status_code, "chekOnly" in refused.text) == (400, True)
    assert org.call("POST", "metadata/deployRequest", json={}).status_code == 400
    assert org.call("GET", "metadata/deployRequest/0Af000000000000AAA").status_code == 404
