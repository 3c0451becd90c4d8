"""``hotlead coverage`` as an admin types it: the verdict, the mend with its line, the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.flow_kit import csv_policy, write_crm
from tests.contract.test_cli import hotlead

TOKENS = {"HOTLEAD_SLACK_BOT_TOKEN": "xoxb-1", "HOTLEAD_SLACK_APP_TOKEN": "xapp-1"}
POLICY = """\
  roles:
    ae: ["field:account.ae"]
  routes:
    - {name: Everything goes to the AE, to: [ae]}
  backups:
    bea@team.example: ben@team.example
  ladder:
    - {to: assignee}
    - {to: backup}
    - {to: admin}
  places: {admins: [ada@team.example]}
"""


@pytest.fixture
def company(tmp_path: Path) -> Path:
    write_crm(tmp_path / "crm")
    return tmp_path


def configured(folder: Path, policy: str) -> None:
    text = f"crm: csv\ncsv: {{folder: crm}}\npolicy:\n{policy}"
    (folder / "hotlead.yaml").write_text(text)
    done = hotlead("sync", "--once", cwd=folder, env=TOKENS)
    assert done.returncode == 0, done.stderr


def test_a_company_without_holes_is_told_so(company: Path) -> None:
    policy = json.dumps(csv_policy())
    (company / "hotlead.yaml").write_text(f"crm: csv\ncsv: {{folder: crm}}\npolicy: {policy}\n")
    assert hotlead("sync", "--once", cwd=company, env=TOKENS).returncode == 0
    done = hotlead("coverage", "--days", "7", cwd=company)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    assert "3 accounts, 7 days: 0 holes" in done.stdout


def test_a_hole_fails_and_names_the_line_that_mends_it(company: Path) -> None:
    accounts = company / "crm" / "accounts.csv"
    accounts.write_text(accounts.read_text() + "Orphan,orphan.example,prospecting,,,\n")
    configured(company, POLICY)
    done = hotlead("coverage", "--json", "--html", "map.html", cwd=company)
    assert done.returncode == 1
    report: dict[str, Any] = json.loads(done.stdout)
    assert (report["ok"], report["accounts"], len(report["days"])) == (False, 4, 30)
    [hole] = [one for one in report["findings"] if one["kind"] == "hole"]
    assert hole["samples"] == ["Orphan"]
    assert hole["line"].endswith("hotlead.yaml:6")
    assert hole["mend"].startswith("let the route end in claim_channel")
    told = {one["sample"]: one["told"][0]["recipients"][0] for one in report["groups"]}
    assert told["Orphan"] == "ada@team.example"
    assert told["Acme"] == "ann@team.example"
    page = (company / "map.html").read_text()
    assert "1 hole: signals that would reach nobody but an admin." in page


def test_before_the_first_sync_the_mend_is_named(company: Path) -> None:
    (company / "hotlead.yaml").write_text(f"crm: csv\ncsv: {{folder: crm}}\npolicy:\n{POLICY}")
    done = hotlead("coverage", cwd=company)
    assert done.returncode == 2
    assert "run hotlead sync --once first" in done.stderr
