"""``hotlead doctor`` as a person and as a program call it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.doctor_kit import Practice, practice
from tests.contract.flow_kit import write_crm
from tests.forks import run


@pytest.fixture
def team(tmp_path: Path, sqlite_url: str) -> Iterator[Practice]:
    with practice(tmp_path, sqlite_url, "salesforce") as made:
        yield made


def doctor(team: Practice, *words: str) -> subprocess.CompletedProcess[str]:
    env = team.stage.environment() | team.env
    return run("doctor", "-c", str(team.stage.config), *words, env=env, cwd=team.stage.folder)


def test_each_check_is_one_line_with_its_mark_and_mend(team: Practice) -> None:
    done = doctor(team)
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, summary = done.stdout.splitlines()
    assert {line[:2] for line in lines} == {"✓ ", "! "}
    [absences] = [line for line in lines if line.startswith("! ")]
    assert " → let one rep" in absences
    assert summary == f"{len(lines) - 1} well, 1 to look at, 0 failed."


def test_a_failed_check_ends_with_one(team: Practice) -> None:
    team.stage.slack.state.channel("hot-leads").archived = True
    done = doctor(team)
    assert done.returncode == 1
    assert "\n✗ slack #hot-leads: " in done.stdout
    assert done.stdout.endswith("1 failed.\n")


def test_json_has_the_same_shape_whatever_is_found(team: Practice) -> None:
    well = json.loads(doctor(team, "--json").stdout)
    team.stage.slack.revoked = True
    team.env = {"HOTLEAD_SALESFORCE_CLIENT_SECRET": "wrong"}
    done = doctor(team, "--json")
    ill = json.loads(done.stdout)
    assert done.returncode == 1
    assert (well["ok"], ill["ok"]) == (True, False)
    for report in (well, ill):
        assert list(report) == ["ok", "counts", "checks"]
        assert list(report["counts"]) == ["ok", "warn", "fail"]
        assert sum(report["counts"].values()) == len(report["checks"])
        for check in report["checks"]:
            assert list(check) == ["name", "state", "text", "mend"]
            assert all(isinstance(value, str) for value in check.values())
    failed = [check for check in ill["checks"] if check["state"] == "fail"]
    assert [one["name"] for one in failed] == ["salesforce log-in", "slack log-in"]
    assert all(one["mend"] for one in failed)


def test_a_configuration_that_cannot_be_used_ends_with_two(team: Practice) -> None:
    team.configure(policy={"ladders": []})
    done = doctor(team, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "ladders" in done.stderr


def test_a_secret_that_is_not_set_ends_with_two(team: Practice) -> None:
    env = team.stage.environment()
    del env["HOTLEAD_SLACK_APP_TOKEN"]
    done = run("doctor", "-c", str(team.stage.config), env=env, cwd=team.stage.folder)
    assert done.returncode == 2
    assert "HOTLEAD_SLACK_APP_TOKEN" in done.stderr


def test_what_init_left_to_be_filled_in_is_a_failure(team: Practice) -> None:
    text = team.stage.config.read_text().replace("ada@team.example", "ADMIN@YOUR-COMPANY.example")
    team.stage.config.write_text(text)
    done = doctor(team, "--json")
    [check] = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "configuration"]
    assert check["state"] == "fail"
    assert "ADMIN@YOUR-COMPANY.example" in check["text"]


def test_text_from_outside_commands_no_terminal(team: Practice) -> None:
    roles = team.stage.policy["roles"] | {"bdr": ["team:\x1b[2JBDR"]}
    stages = [{"stage": "active_deal", "open_deal_in": ["\x1b[2J[red]"]}, {"stage": "prospecting"}]
    team.configure(policy={"roles": roles, "stage_classes": stages})
    done = doctor(team)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "[red]" in done.stdout


def test_a_csv_folder_is_looked_at_in_the_same_way(team: Practice, tmp_path: Path) -> None:
    write_crm(tmp_path / "crm")
    roles = {role: [f"field:account.{role}"] for role in ("bdr", "ae", "csm")}
    settings = json.loads(team.stage.config.read_text())
    settings |= {"crm": "csv", "csv": {"folder": "crm"}}
    settings["store"] = {"url": f"sqlite:///{tmp_path / 'csv.db'}"}
    settings["policy"]["roles"] = roles
    team.stage.config.write_text(json.dumps(settings))
    team.sync()
    report = json.loads(doctor(team, "--json").stdout)
    states = {one["name"]: one["state"] for one in report["checks"] if one["state"] != "ok"}
    assert states == {"csv optional files": "warn"}
    people = tmp_path / "crm" / "people.csv"
    people.write_text(people.read_text() + "Dot,dot@team.example,AE,nobody@team.example,\n")
    report = json.loads(doctor(team, "--json").stdout)
    [failed] = [one for one in report["checks"] if one["state"] == "fail"]
    assert failed["name"] == "csv files"
    assert "nobody@team.example" in failed["text"]
    (tmp_path / "crm").rename(tmp_path / "moved")
    report = json.loads(doctor(team, "--json").stdout)
    [failed] = [one for one in report["checks"] if one["state"] == "fail"]
    assert failed["name"] == "csv log-in"
    assert failed["mend"]
