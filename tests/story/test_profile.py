"""An admin connects, mirrors, has a policy proposed, takes it over, and it is checked and valid."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.errors import ConnectorError
from connectors.sandbox.faults import Fault
from tests.contract.connect_kit import Site, connect, site
from worker.cli.common import UsageError
from worker.cli.main import command_line
from worker.settings import load_settings

SLACK = {"HOTLEAD_SLACK_BOT_TOKEN": "xoxb-1-a", "HOTLEAD_SLACK_APP_TOKEN": "xapp-1-a"}


def hotlead(at: Site, *words: str) -> tuple[int, str]:
    """A command in the folder; its exit code and what was said. Errors of use are raised."""
    path = ("-c", str(at.config)) if "-c" not in words else ()
    done = CliRunner().invoke(command_line(), [*words, *path], env={"COLUMNS": "160", **SLACK})
    if isinstance(done.exception, UsageError | ConnectorError):
        raise done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def mirrored(at: Site, pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connected without a person, and mirrored once."""
    monkeypatch.chdir(at.folder)
    code, said = connect(at, "--no-input", "--pattern", pattern, *_sets(at), env=_secrets(at))
    assert code == 0, said
    assert "hotlead sync --once && hotlead profile" in said
    for name, value in _secrets(at).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="hotlead sync --once"):
        hotlead(at, "profile")
    assert hotlead(at, "sync", "--once")[0] == 0


def _secrets(at: Site) -> dict[str, str]:
    return {name: value for name, value in at.right.items() if "." not in name}


def _sets(at: Site) -> list[str]:
    paths = {name: value for name, value in at.right.items() if "." in name}
    return [word for path, value in paths.items() for word in ("--set", f"{path}={value}")]


def test_salesforce_from_connecting_to_a_checked_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The preset names fields that the org has under other names; the proposal finds them."""
    with site("salesforce", tmp_path) as at:
        org = at.sandbox.org
        org.add_field("Account", "Success_Owner__c reference(User) cun")
        people = {one["Email"]: one["Id"] for one in at.sandbox.records("User")}
        accounts = {one["Name"]: one["Id"] for one in at.sandbox.records("Account")}
        contoso = accounts["Contoso"]
        at.sandbox.update("Account", contoso, CSM__c=None, Type="Customer - Direct")
        at.sandbox.update("Account", contoso, Success_Owner__c=people["cid@team.example"])
        mirrored(at, "bdr-ae", monkeypatch)
        before = at.config.read_bytes()
        code, said = hotlead(at, "profile", "--failing", "failing.csv")
        assert code == 0, said
        assert "csm  100 % of 1 customer" in said
        assert "field:account.Success_Owner__c 100 %" in said
        assert "bdr   50 % of 2 prospecting" in said
        assert "+roles.bdr" in said
        assert "Admin: ada@team.example" in said
        assert at.config.read_bytes() == before
        [failed] = csv.DictReader((tmp_path / "failing.csv").read_text().splitlines())
        assert (failed["account"], failed["role"], failed["reason"]) == ("Orphan", "bdr", "empty")
        assert failed["instead"] == "claim channel"
        code, said = hotlead(at, "check", "-c", "hotlead.profile.yaml")
        assert code == 0, said
        _takes_it_over(at)


def _takes_it_over(at: Site) -> None:
    """Only when told to; a second profile then has nothing to say, and the mirror follows."""
    before = at.config.read_bytes()
    code, said = hotlead(at, "profile", "-o", str(at.config))
    assert code == 1
    assert "add --force" in said
    assert at.config.read_bytes() == before
    assert hotlead(at, "profile", "-o", str(at.config), "--force")[0] == 0
    policy = load_settings(at.config).policy
    assert policy.roles["csm"] == ("field:account.Success_Owner__c", "field:account.CSM__c")
    assert policy.places.admins == ("ada@team.example",)
    assert hotlead(at, "check")[0] == 0
    assert hotlead(at, "sync", "--once")[0] == 0
    code, said = hotlead(at, "profile", "-o", str(at.config))
    assert code == 0, said
    assert "says all of this already" in said


def test_hubspot_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with site("hubspot", tmp_path) as at:
        mirrored(at, "small-team", monkeypatch)
        code, said = hotlead(at, "profile", "--json")
        assert code == 0
        report: dict[str, Any] = json.loads(said[said.index("{") :])
        assert report["written"]
        assert {one["name"]: one["filled"] for one in report["found"]["owner_fields"]} == {
            "bdr_owner": 2,
            "csm_owner": 2,
        }
        roles = {
            one["role"]: [each["source"] for each in one["sources"]] for one in report["roles"]
        }
        assert roles["bdr"] == ["field:account.bdr_owner"]
        assert roles["csm"] == ["field:account.csm_owner"]
        assert [one["account"] for one in report["failing"]] == ["Orphan"]
        made = load_settings(tmp_path / "hotlead.profile.yaml").policy
        assert made.hash == report["policy"]
        # With the CRM away nothing is proposed on half of the facts.
        os.remove("hotlead.profile.yaml")
        at.sandbox.faults.order(
            Fault(kind="status", path="/crm/v3/properties", status=503, times=9)
        )
        with pytest.raises(ConnectorError):
            hotlead(at, "profile")
        assert not (tmp_path / "hotlead.profile.yaml").exists()
