"""At its start the worker sees that the CRM has what tasks are written into."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from connectors.people_csv import connect as people_csv
from connectors.people_csv.settings import CsvSettings
from connectors.sandbox.salesforce.schema import Column
from connectors.sandbox.serving import Serving
from connectors.sandbox.slack import SlackSandbox
from tests.contract import hubspot_kit, salesforce_kit
from tests.contract.flow_kit import csv_policy, health_of
from tests.contract.hubspot_kit import Kit
from tests.contract.salesforce_kit import Bench
from tests.waiting import until
from worker.clock import SystemClock
from worker.prepare import Preparation, prepare_crm
from worker.run import Worker
from worker.secrets import load_secrets
from worker.settings import load_settings

SHIPPED = json.loads((files("config") / "hubspot" / "properties.json").read_text())["tasks"]
SCHEMAS = "crm.schemas.contacts.write"
PROPERTIES = "/crm/v3/properties/tasks"


@pytest.fixture
def org() -> Iterator[Bench]:
    with salesforce_kit.bench() as made:
        made.load()
        yield made


@pytest.fixture
def kit() -> Iterator[Kit]:
    with hubspot_kit.running() as made:
        yield made


def change_field(org: Bench, name: str, **changes: Any) -> None:
    columns = org.box.org.objects["task"].columns
    columns[name.lower()] = replace(columns[name.lower()], **changes)


def remove_fields(org: Bench, *names: str) -> dict[str, Column]:
    columns = org.box.org.objects["task"].columns
    return {name.lower(): columns.pop(name.lower()) for name in names}


def test_an_org_with_everything_deployed_has_no_problem(org: Bench) -> None:
    crm = org.crm()
    assert prepare_crm(crm) == []
    assert crm.api_calls == 2  # the log-in and one describe


def test_missing_fields_are_named_with_what_to_deploy(org: Bench) -> None:
    remove_fields(org, "HLR_Alert_Key__c", "HLR_Fired_At__c")
    [problem] = prepare_crm(org.crm())
    assert "HLR_Alert_Key__c, HLR_Fired_At__c" in problem
    assert "no task can be written" in problem
    for named in ("config/salesforce", "Hotlead Integration", "docs/connect-salesforce.md"):
        assert named in problem


def test_without_another_field_tasks_are_written_and_the_problem_says_so(org: Bench) -> None:
    remove_fields(org, "HLR_Routed_Role__c")
    crm = org.crm()
    [problem] = prepare_crm(crm)
    assert "tasks are written without it" in problem
    assert crm.write_activities([salesforce_kit.draft()])[0].error is None


def test_fields_that_the_integration_user_may_not_edit_are_named(org: Bench) -> None:
    change_field(org, "HLR_Latency_Minutes__c", flags="n")
    crm = org.crm()
    [problem] = prepare_crm(crm)
    assert "may not edit HLR_Latency_Minutes__c" in problem
    assert "permission set" in problem
    one = salesforce_kit.draft(latency_minutes=3.0)
    assert crm.write_activities([one])[0].error is None
    assert "HLR_Latency_Minutes__c" in crm.notes[0]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("HLR_Alert_Key__c", {"flags": "cun"}),
        ("HLR_Routing_Reason__c", {"length": 80}),
        ("HLR_Fired_At__c", {"type": "string", "length": 80}),
    ],
)
def test_fields_that_were_made_otherwise_by_hand_are_named(
    org: Bench, name: str, changes: dict[str, Any]
) -> None:
    change_field(org, name, **changes)
    [problem] = prepare_crm(org.crm())
    assert problem.startswith(f"{name} of Task is not as config/salesforce has it")


def test_a_user_without_the_permission_to_edit_tasks_is_told(org: Bench) -> None:
    tasks = org.box.org.table("Task")
    tasks.sobject = replace(tasks.sobject, createable=False, updateable=False)
    [problem] = prepare_crm(org.crm())
    assert "may not create and edit tasks" in problem


def test_a_user_who_sees_no_tasks_is_told(org: Bench) -> None:
    del org.box.org.objects["task"]
    [problem] = prepare_crm(org.crm())
    assert "sees no tasks" in problem


def test_what_an_admin_deploys_is_used_without_a_restart(org: Bench) -> None:
    gone = remove_fields(org, "HLR_Routed_Role__c")
    crm = org.crm()
    assert prepare_crm(crm)
    crm.write_activities([salesforce_kit.draft()])
    org.box.org.objects["task"].columns.update(gone)
    assert prepare_crm(crm) == []
    crm.write_activities([salesforce_kit.draft()])
    [task] = org.box.records("Task")
    assert task["HLR_Routed_Role__c"] == "ae"
    assert crm.notes == []


def test_hubspot_gets_every_property_of_the_file_in_its_group(kit: Kit) -> None:
    assert prepare_crm(kit.connector()) == []
    told = hubspot_kit.ask(kit, "GET", PROPERTIES).json()["results"]
    ours = {one["name"]: one for one in told if one["name"].startswith("hlr_")}
    assert set(ours) == {one["name"] for one in SHIPPED["properties"]}
    for one in SHIPPED["properties"]:
        made = ours[one["name"]]
        assert {key: made[key] for key in one} == one
        assert (made["groupName"], made["hasUniqueValue"]) == (
            SHIPPED["group"]["name"],
            one["name"] == "hlr_alert_key",
        )


def test_hubspot_properties_are_created_once(kit: Kit) -> None:
    assert prepare_crm(kit.connector()) == []
    calls = kit.calls(PROPERTIES)
    again = kit.connector()
    assert prepare_crm(again) == []
    assert prepare_crm(again) == []
    assert kit.calls(PROPERTIES) == calls + 1  # one look; what is whole is not looked at again


def test_a_missing_hubspot_scope_is_named_and_used_once_it_is_granted(kit: Kit) -> None:
    scopes = kit.sandbox.portal.scopes
    kit.sandbox.portal.scopes = scopes - {SCHEMAS}
    crm = kit.connector()
    [problem] = prepare_crm(crm)
    assert "hlr_alert_key" in problem
    assert f"Add the scope {SCHEMAS}" in problem
    kit.sandbox.portal.scopes = scopes
    assert prepare_crm(crm) == []
    assert crm.notes == []


def test_an_admin_who_adds_properties_by_hand_is_told_which(kit: Kit) -> None:
    [problem] = prepare_crm(kit.connector(create_properties=False))
    assert "config/hubspot/properties.json" in problem
    assert "hlr_response_source" in problem


def test_an_account_that_allows_no_task_properties_is_a_note_and_no_problem(kit: Kit) -> None:
    kit.sandbox.portal.task_properties = False
    crm = kit.connector()
    assert prepare_crm(crm) == []
    assert "Custom properties cannot be created" in crm.notes[0]


def test_a_csv_folder_needs_nothing(tmp_path: Path) -> None:
    assert prepare_crm(people_csv(CsvSettings(folder=tmp_path))) == []


def test_a_refused_token_is_a_problem_with_its_mend_and_without_the_token(kit: Kit) -> None:
    [problem] = prepare_crm(kit.connector(token="pat-wrong"))
    assert "HOTLEAD_HUBSPOT_TOKEN" in problem
    assert "pat-wrong" not in problem


def test_the_look_is_repeated_until_nothing_is_missing_and_logged_once(
    org: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    gone = remove_fields(org, "HLR_Alert_Key__c")
    crm = org.crm()
    looking = Preparation(crm, again=0.02)
    with caplog.at_level(logging.WARNING, logger="worker.prepare"):
        looking.start()
        try:
            until(lambda: crm.api_calls >= 4, "a second look")
            assert len(looking.problems) == 1
            org.box.org.objects["task"].columns.update(gone)
            until(lambda: not looking.problems, "the mend to be seen")
        finally:
            looking.stop()
    assert len(caplog.records) == 1


def test_the_health_page_shows_what_hubspot_lacks_while_the_worker_is_well(
    kit: Kit, tmp_path: Path
) -> None:
    kit.sandbox.portal.scopes -= {SCHEMAS}
    clock = SystemClock()
    slack = SlackSandbox(clock.now)
    with ExitStack() as stack:
        slack_server = stack.enter_context(Serving(slack.app))
        path = tmp_path / "hotlead.yaml"
        path.write_text(
            json.dumps(
                {
                    "crm": "hubspot",
                    "hubspot": {"base_url": kit.url},
                    "slack": {"base_url": f"{slack_server.url}/api/"},
                    "store": {"url": f"sqlite:///{tmp_path / 'hotlead.db'}"},
                    "web": {"listen": "127.0.0.1:0"},
                    "signals": {"require_signature": False},
                    "policy": csv_policy(),
                }
            )
        )
        secrets = {
            "HOTLEAD_HUBSPOT_TOKEN": hubspot_kit.SECRET,
            "HOTLEAD_SLACK_BOT_TOKEN": slack.bot_token,
            "HOTLEAD_SLACK_APP_TOKEN": slack.app_token,
        }
        worker = Worker(load_settings(path), load_secrets(secrets), clock)
        stack.callback(worker.stop)
        worker.sync_all()
        worker.start()
        until(lambda: health_of(worker).json()["crm"]["problems"], "the problem to show")
        until(lambda: health_of(worker).status_code == 200, "a worker that is well")
        [problem] = health_of(worker).json()["crm"]["problems"]
        assert SCHEMAS in problem
