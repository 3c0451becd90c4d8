"""The doctor finds what is wrong, names the mend, and leaves everything as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Check
from connectors.checking import probe
from connectors.sandbox.faults import Fault
from tests.contract.doctor_kit import Practice, not_well, only, policy_for, practice
from worker.clock import SystemClock
from worker.store.tables import META

CRMS = ("salesforce", "hubspot")
AWAY = timedelta(days=2)


@pytest.fixture(params=CRMS)
def team(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> Iterator[Practice]:
    with practice(tmp_path, sqlite_url, request.param) as made:
        yield made


@pytest.fixture
def any_crm(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> Iterator[Practice]:
    """One CRM, for what has nothing to do with which."""
    with practice(tmp_path, sqlite_url, "salesforce") as made:
        yield made


def test_a_team_that_is_well_is_told_so_on_both_databases(tmp_path: Path, store_url: str) -> None:
    with practice(tmp_path, store_url, "salesforce") as made:
        checks = made.look()
        assert not_well(checks) == {"salesforce absences": "warn"}
        assert only(checks, "mirror accounts").text == "4 accounts, 4 in the CRM"
        assert only(checks, "slack people").text == "everybody who may be told is on Slack (6)"


def test_hubspot_is_well_but_for_what_the_first_start_adds(tmp_path: Path, sqlite_url: str) -> None:
    with practice(tmp_path, sqlite_url, "hubspot") as made:
        assert not_well(made.look()) == {
            "hubspot absences": "warn",
            "hubspot task properties": "warn",
        }


def test_looking_changes_nothing_outside(team: Practice) -> None:
    sandbox, slack = team.stage.sandbox, team.stage.slack
    kind = "Task" if team.stage.crm == "salesforce" else "tasks"
    places = set(slack.state.channels)
    before = _properties(sandbox)
    team.look()
    assert sandbox.records(kind) == []
    assert _properties(sandbox) == before
    assert slack.messages() == []
    assert set(slack.state.channels) == places


def _properties(sandbox: Any) -> object:
    tables = sandbox.portal.tables if hasattr(sandbox, "portal") else {}
    return {name: (sorted(one.properties), sorted(one.groups)) for name, one in tables.items()}


def test_a_refused_secret_is_told_with_its_mend_and_without_itself(team: Practice) -> None:
    salesforce = team.stage.crm == "salesforce"
    name = "HOTLEAD_SALESFORCE_CLIENT_SECRET" if salesforce else "HOTLEAD_HUBSPOT_TOKEN"
    team.env = {name: "a-wrong-secret"}
    checks = team.look()
    login = only(checks, f"{team.stage.crm} log-in")
    assert login.state == "fail"
    assert login.mend
    assert [one.name for one in checks if one.name.startswith(team.stage.crm)] == [login.name]
    assert only(checks, "slack log-in").state == "ok"
    assert "not compared" in only(checks, "mirror deals").text
    assert "a-wrong-secret" not in str(checks)


def test_a_crm_that_cannot_be_reached_stops_no_other_look(team: Practice) -> None:
    team.stage.crm_server.stop()
    checks = team.look()
    login = only(checks, f"{team.stage.crm} log-in")
    assert login.state == "fail"
    assert "could not be reached" in login.text
    assert only(checks, "slack people").state == "ok"
    assert only(checks, "policy people").state == "ok"


def test_a_slack_that_cannot_be_reached_stops_no_other_look(any_crm: Practice) -> None:
    any_crm.stage.slack_server.stop()
    checks = any_crm.look()
    assert not_well(checks) == {"salesforce absences": "warn", "slack log-in": "fail"}
    assert [one.name for one in checks if one.name.startswith("slack")] == ["slack log-in"]


@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize(
    ("seconds", "state", "says"),
    [(20, "ok", "agrees"), (-90, "warn", "behind"), (90, "warn", "ahead"), (400, "fail", "ahead")],
)
def test_a_clock_that_goes_wrong_is_told(
    tmp_path: Path, sqlite_url: str, crm: str, seconds: int, state: str, says: str
) -> None:
    with practice(tmp_path, sqlite_url, crm, synced=False) as made:
        apart = made.stage.clock.now() - SystemClock().now() + timedelta(seconds=seconds)
        check = made.found(f"{crm} clock", SystemClock(apart))
    assert check.state == state
    assert says in check.text
    assert bool(check.mend) is (state != "ok")


@pytest.mark.parametrize("crm", CRMS)
def test_absences_that_are_seen_prove_that_they_can_be(
    tmp_path: Path, sqlite_url: str, crm: str
) -> None:
    with practice(tmp_path, sqlite_url, crm, synced=False) as made:
        assert made.found(f"{crm} absences").state == "warn"
        assert "run this again" in made.found(f"{crm} absences").mend
    start = made.stage.start_at
    away = {"away": ((start - AWAY, start + AWAY),)}
    (tmp_path / "second").mkdir()
    with practice(tmp_path / "second", sqlite_url, crm, synced=False, cid=away) as made:
        assert made.found(f"{crm} absences").state == "ok"


def test_a_look_that_breaks_off_keeps_what_it_saw_and_shows_no_inner_text() -> None:
    def look() -> Iterator[Check]:
        yield Check(name="one", state="ok", text="seen")
        raise KeyError("https://secret.example")

    seen, broken = probe("two", look)
    assert (seen.name, broken.name, broken.state) == ("one", "two", "fail")
    assert "secret" not in broken.text


def test_calls_that_run_low_are_told(team: Practice) -> None:
    name = f"{team.stage.crm} API budget"
    assert only(team.look(), name).state == "ok"
    if team.stage.crm == "salesforce":
        org = team.stage.sandbox.org
        org.calls = org.daily_limit - 100
    else:
        limits = team.stage.sandbox.limits
        limits.used_today = limits.daily - 100
    check = only(team.look(), name)
    assert check.state == "warn"
    assert "are left" in check.text


def test_an_empty_mirror_is_told_and_the_policys_own_people_are_looked_up(
    tmp_path: Path, sqlite_url: str
) -> None:
    with practice(tmp_path, sqlite_url, "salesforce", synced=False) as made:
        checks = made.look()
    assert only(checks, "mirror").mend == "hotlead sync --once"
    people = [one for one in checks if one.name == "slack people"]
    assert [one.state for one in people] == ["warn", "ok"]
    assert "(1)" in people[1].text


def test_a_mirror_that_lacks_records_is_told_how_many(team: Practice) -> None:
    if team.stage.crm == "salesforce":
        name = "accounts"
        team.stage.sandbox.create("Account", Name="New one")
    else:
        name = "companies"
        team.stage.sandbox.create("companies", name="New one")
    check = team.found(f"mirror {name}")
    assert check.state == "warn"
    assert check.text == f"4 {name}, 5 in the CRM: 1 missing"
    team.sync()
    assert team.found(f"mirror {name}").state == "ok"


def test_a_mirror_that_nobody_keeps_fresh_is_told(any_crm: Practice) -> None:
    any_crm.stage.forward(timedelta(hours=3))
    check = any_crm.found("mirror age")
    assert check.state == "warn"
    assert "users" in check.text
    assert check.mend == "start hotlead run"


def test_an_object_that_never_came_through_is_told_with_its_error(
    tmp_path: Path, sqlite_url: str
) -> None:
    with practice(tmp_path, sqlite_url, "hubspot", synced=False) as made:
        path = "/crm/v3/objects/contacts"
        made.stage.sandbox.faults.order(Fault(kind="status", path=path, status=400, times=-1))
        made.sync()
        checks = made.look()
    assert only(checks, "mirror contacts").state == "fail"
    assert "never read to the end: searching contacts" in only(checks, "mirror contacts").text
    assert only(checks, "mirror deals").state == "ok"


def test_a_store_that_mirrors_another_crm_is_told(any_crm: Practice) -> None:
    with any_crm.stage.store.write() as tx:
        tx.conn.execute(META.update().where(META.c.key == "crm").values(value="hubspot"))
    check = any_crm.found("mirror")
    assert check.state == "fail"
    assert "mirrors hubspot" in check.text


def test_a_store_that_cannot_be_used_stops_no_look_outside(
    any_crm: Practice, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.db"
    letter.write_text("this is no database, it is a letter" * 50)
    any_crm.configure(store={"url": f"sqlite:///{letter}"})
    checks = any_crm.look()
    assert only(checks, "store").state == "fail"
    assert only(checks, "store").mend
    assert only(checks, "salesforce accounts").state == "ok"
    assert only(checks, "slack socket").state == "ok"


def test_a_person_whom_the_crm_does_not_know_is_told(any_crm: Practice) -> None:
    policy = {"backups": {"ann@team.example": "nobody@team.example"}}
    any_crm.configure(policy=policy)
    check = any_crm.found("policy people")
    assert (check.state, check.text) == ("fail", "the CRM has no user nobody@team.example")


def test_a_person_who_left_and_an_admin_outside_the_crm_are_told(
    tmp_path: Path, sqlite_url: str
) -> None:
    with practice(tmp_path, sqlite_url, "salesforce", ben={"active": False}) as made:
        places = policy_for("salesforce")["places"] | {"admins": ["ops@team.example"]}
        backups = {"ann@team.example": "ben@team.example"}
        made.configure(policy={"places": places, "backups": backups})
        checks = made.look()
    left = only(checks, "policy people")
    assert (left.state, left.text) == ("fail", "no longer active in the CRM: ben@team.example")
    assert only(checks, "policy admins").state == "warn"
    assert only(checks, "slack admins").state == "fail"
    assert "ops@team.example" in only(checks, "slack admins").text


def test_stages_that_the_crm_does_not_have_are_told_with_the_nearest(any_crm: Practice) -> None:
    rules = [
        {"stage": "active_deal", "open_deal_in": ["Negotiaton"]},
        {"stage": "active_deal", "open_deal_not_in": ["prospecting", "Dreaming"]},
        {"stage": "prospecting"},
    ]
    any_crm.configure(policy={"stage_classes": rules})
    first, second = (one for one in any_crm.look() if one.name == "policy stages")
    assert (first.state, first.mend) == ("fail", "did you mean 'Negotiation'?")
    assert second.state == "warn"
    assert "'Dreaming'" in second.text


def test_an_account_field_that_is_empty_everywhere_is_told(any_crm: Practice) -> None:
    roles = policy_for("salesforce")["roles"] | {"csm": ["field:account.Industry"]}
    any_crm.configure(policy={"roles": roles})
    any_crm.sync()
    check = any_crm.found("policy fields")
    assert (check.state, check.text) == ("warn", "no account has a value in Industry")


def test_the_forecast_and_the_freshness_are_told(team: Practice) -> None:
    crm = team.stage.crm
    checks = team.look()
    forecast = only(checks, f"{crm} API forecast")
    assert forecast.state == "ok"
    assert "calls a day at full pace" in forecast.text
    assert only(checks, "freshness budgets").state == "ok"
    assert only(checks, "live reads").text.startswith("work; 0 so far")
    team.configure(budget={"share": 0.001})
    slowed = team.found(f"{crm} API forecast")
    assert (slowed.state, "budget.share" in slowed.mend) == ("warn", True)
