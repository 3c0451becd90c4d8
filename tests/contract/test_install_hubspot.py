"""What ships for HubSpot is added to the account, or it is said why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.base import Check, Crm
from connectors.people_csv import connect as people_csv
from connectors.people_csv.settings import CsvSettings
from tests.contract.hubspot_kit import Kit, draft, running

SCHEMAS = "crm.schemas.contacts.write"
KEY = "hlr_alert_key"


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as made:
        yield made


def told(crm: Crm, *, check_only: bool = False) -> dict[str, Check]:
    return {one.name: one for one in crm.install(check_only=check_only)}


def states(checks: dict[str, Check]) -> dict[str, str]:
    return {name.rpartition(" ")[2]: one.state for name, one in checks.items()}


def known(kit: Kit, kind: str) -> set[str]:
    return {name for name in kit.sandbox.portal.tables[kind].properties if name.startswith("hlr_")}


def without_ours(kit: Kit) -> None:
    properties = kit.sandbox.portal.tables["users"].properties
    for name in [name for name in properties if name.startswith("hlr_")]:
        del properties[name]


def test_every_property_is_added_once(kit: Kit) -> None:
    without_ours(kit)
    assert states(told(kit.connector())) == {"tasks": "ok", "users": "ok"}
    assert len(known(kit, "tasks")) == 8
    assert known(kit, "users") == {"hlr_manager_owner", "hlr_backup_owner"}
    assert states(told(kit.connector())) == {"tasks": "ok", "users": "ok"}


def test_a_check_adds_nothing_and_names_what_it_would(kit: Kit) -> None:
    without_ours(kit)
    checks = told(kit.connector(), check_only=True)
    assert states(checks) == {"tasks": "ok", "users": "ok"}
    assert KEY in checks["hubspot install tasks"].text
    assert known(kit, "tasks") == known(kit, "users") == set()


@pytest.mark.parametrize("check_only", [True, False])
def test_a_missing_scope_is_named(kit: Kit, check_only: bool) -> None:
    kit.sandbox.portal.scopes -= {SCHEMAS}
    checks = told(kit.connector(), check_only=check_only)
    assert checks["hubspot install tasks"].state == "fail"
    assert SCHEMAS in checks["hubspot install tasks"].mend


def test_an_account_that_allows_no_unique_key_says_so(kit: Kit) -> None:
    kit.sandbox.portal.unique_task_property = False
    assert states(told(kit.connector())) == {"tasks": "ok", "key": "warn", "users": "ok"}


def test_an_account_that_allows_no_properties_on_tasks_says_what_is_lost(kit: Kit) -> None:
    kit.sandbox.portal.task_properties = False
    check = told(kit.connector())["hubspot install tasks"]
    assert check.state == "warn"
    assert "carries no latency" in check.text


def test_a_refused_token_is_a_failed_check(kit: Kit) -> None:
    checks = told(kit.connector(token="wrong"))
    assert {one.state for one in checks.values()} == {"fail"}


def test_what_was_installed_is_used_at_once(kit: Kit) -> None:
    crm = kit.connector(create_properties=False)
    crm.write_activities([draft("task:1")])
    told(crm)
    crm.write_activities([draft("task:2")])
    assert [KEY in task for task in kit.tasks()] == [False, True]


def test_a_folder_of_csv_files_needs_nothing(tmp_path: Path) -> None:
    crm = people_csv(CsvSettings(folder=tmp_path))
    assert states(told(crm)) == {"install": "ok"}
    assert not crm.takes_metrics()
