"""A policy in several files, and the published schema of the whole."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from tests.unit.test_settings_file import problems, written
from tests.unit.test_settings_presets import PRESETS
from worker.proof.coverage import Places
from worker.schema import SCHEMA, schema, schema_text
from worker.settings import load_settings

MAIN = """\
crm: csv
csv: {folder: crm}
policy:
  include: [teams/emea.yaml, teams/us.yaml]
  roles:
    ae: ["owner:deal"]
  routes:
    - {name: All, to: person:a@b.example}
  ladder: [{to: assignee}]
  places: {admins: [a@b.example]}
"""
EMEA = """\
routes:
  - {name: EMEA, when: {stage: active_deal}, to: emea}
roles:
  emea: ["owner:account"]
backups: {x@b.example: y@b.example}
"""
US = """\
routes:
  - {name: US, when: {stage: customer}, to: pool:us}
pools:
  us: {members: [{person: z@b.example}]}
"""


@pytest.fixture
def teams(tmp_path: Path) -> Path:
    (tmp_path / "teams").mkdir()
    written(tmp_path, EMEA, "teams/emea.yaml")
    written(tmp_path, US, "teams/us.yaml")
    return tmp_path


def test_the_rules_of_teams_come_before_the_policys_own_in_their_order(teams: Path) -> None:
    policy = load_settings(written(teams, MAIN)).policy
    assert [route.name for route in policy.routes] == ["EMEA", "US", "All"]
    assert set(policy.roles) == {"ae", "emea"}
    assert (list(policy.pools), policy.backups) == (["us"], {"x@b.example": "y@b.example"})
    apart = MAIN.partition("policy:\n")[2]
    written(teams, "".join(line[2:] + "\n" for line in apart.splitlines()), "policy.yaml")
    whole = "crm: csv\ncsv: {folder: crm}\npolicy: policy.yaml\n"
    assert load_settings(written(teams, whole)).policy == policy


def test_a_problem_is_told_where_it_stands(teams: Path) -> None:
    written(teams, US.replace("customer", "custmer"), "teams/us.yaml")
    (line,) = problems(teams, MAIN)
    assert line.startswith("teams/us.yaml:2:")
    written(teams, US, "teams/us.yaml")
    (line,) = problems(teams, MAIN.replace("name: All, to", "name: All, two"))[:1]
    assert line.startswith("hotlead.yaml:8:")


def test_what_two_files_say_differently_is_a_conflict_that_names_both(teams: Path) -> None:
    written(teams, US + 'roles:\n  emea: ["owner:deal"]\n', "teams/us.yaml")
    (line,) = problems(teams, MAIN)
    assert line.startswith("teams/us.yaml:6:3: roles: emea says something else in")
    assert "emea.yaml:4" in line
    written(teams, US + 'roles:\n  emea: ["owner:account"]\n', "teams/us.yaml")
    assert load_settings(written(teams, MAIN)).policy.roles["emea"] == ("owner:account",)


@pytest.mark.parametrize(
    ("main", "team", "wanted"),
    [
        ("[teams/none.yaml]", US, "hotlead.yaml:4:13: the included file is not there"),
        ("teams/us.yaml", US, "hotlead.yaml:4:12: include is no list of files"),
        ("[teams/us.yaml]", "ladder: []\n", "teams/us.yaml:1:1: ladder cannot be included"),
        ("[teams/us.yaml]", "routes: 3\n", "teams/us.yaml:1:9: routes is no list"),
        ("[teams/us.yaml]", "pools: []\n", "teams/us.yaml:1:8: pools is no mapping"),
    ],
)
def test_what_cannot_be_included_is_refused(teams: Path, main: str, team: str, wanted: str) -> None:
    written(teams, team, "teams/us.yaml")
    found = problems(teams, MAIN.replace("[teams/emea.yaml, teams/us.yaml]", main))
    assert any(line.startswith(wanted) for line in found), found


def test_a_finding_names_the_line_of_the_teams_file(teams: Path) -> None:
    places = Places(written(teams, MAIN))
    assert places.line(("routes", 1)).endswith("teams/us.yaml:2")
    assert places.line(("ladder",)).endswith("hotlead.yaml:9")


def loaded(text: str) -> Any:
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def test_the_published_schema_is_that_of_the_models_and_fits_the_presets() -> None:
    assert (files("config") / SCHEMA).read_text(encoding="utf-8") == schema_text()
    checks = jsonschema.Draft202012Validator(schema())
    for name in PRESETS:
        text = (files("config") / f"{name}.yaml").read_text(encoding="utf-8")
        assert [one.message for one in checks.iter_errors(loaded(text))] == []
    assert not list(checks.iter_errors(loaded(MAIN)))
    assert not list(checks.iter_errors({"crm": "hubspot", "policy": "policy.yaml"}))
    assert list(checks.iter_errors(loaded(MAIN.replace("routes:", "rutes:"))))
    assert list(checks.iter_errors({"crm": "pipedrive", "policy": "policy.yaml"}))


def test_a_problem_of_the_whole_is_told_in_the_file_of_the_team_that_can_mend_it(
    teams: Path,
) -> None:
    circle = (
        US.replace("stage: customer", "stage: active_deal")
        + "backups: {y@b.example: x@b.example}\n"
    )
    written(teams, circle, "teams/us.yaml")
    dead, round_ = sorted(problems(teams, MAIN), reverse=True)
    assert dead.startswith("teams/us.yaml:2:5: routes: 'US' is never reached, as 'EMEA' before it")
    assert round_.startswith("teams/emea.yaml:5:11: backups: x@b.example → y@b.example → x@b")
