"""``hotlead test`` as CI runs it: the verdict, the counterexample, the place of a mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from typer.testing import CliRunner

from tests.contract.flow_kit import csv_policy, shared_office
from worker.cli.main import command_line
from worker.settings import SettingsError

HOLDS = """\
tests:
  - say: A customer never reaches a BDR
    given: {stage: customer}
    never: {role: bdr}
  - say: Acme reaches Ann or her backup, on Christmas Eve too
    given: {account: Acme, away: ann@team.example, day: 2026-12-24}
    always: {person: ann@team.example, or_backup: true}
"""
FAILS = (
    HOLDS
    + """\
  - say: Contoso reaches Ann
    given: {account: contoso.example, signal: click}
    always: {person: ann@team.example}
"""
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with shared_office(tmp_path_factory) as office:
        office.made().sync_all()
        settings = {
            "crm": "csv",
            "csv": {"folder": "crm"},
            "policy": csv_policy(),
            "store": {"url": office.store_url},
        }
        (office.folder / "hotlead.yaml").write_text(json.dumps(settings))
        yield office.folder


def run(company: Path, text: str, *words: str) -> tuple[int, str]:
    (company / "policy-tests.yaml").write_text(text)
    given = ["test", str(company / "policy-tests.yaml"), "-c", str(company / "hotlead.yaml")]
    done = CliRunner().invoke(command_line(), [*given, *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def test_what_holds_ends_with_0(company: Path) -> None:
    code, said = run(company, HOLDS, "--json")
    assert (code, json.loads(said)["ok"]) == (0, True)


def test_what_does_not_hold_ends_with_1_and_a_case(company: Path) -> None:
    code, said = run(company, FAILS, "--json", "--junit", str(company / "junit.xml"))
    told = json.loads(said)
    assert (code, [one["ok"] for one in told["tests"]]) == (1, [True, True, False])
    [_, _, last] = told["tests"]
    assert last["line"] == 8
    assert "Contoso" in last["problem"]
    assert "reaches Cid (cid@team.example)" in last["problem"]
    suite = fromstring((company / "junit.xml").read_text())
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("role: bdr", "role: bdrs", r":4:\d+: no role is called 'bdrs'. Mend: did you mean 'bdr'"),
        ("away: ann@", "away: anne@", r":6:\d+: the CRM has no user anne@team.example"),
        ("never:", "nevr:", r":4:5: unknown key 'nevr'. Mend: did you mean 'never'"),
        ("stage: customer", "stage: gold", r":3:\d+: "),
        ("or_backup: true", "or_backup: maybe", r":7:\d+: "),
    ],
)
def test_a_mistake_is_named_with_its_place_and_mend(
    company: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=r"policy-tests\.yaml" + said):
        run(company, HOLDS.replace(old, new))


def test_the_example_is_one_that_can_be_read(company: Path) -> None:
    text = (Path(__file__).parents[2] / "config" / "policy-tests.yaml").read_text()
    assert run(company, text)[0] == 0
