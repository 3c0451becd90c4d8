"""Each mistake that a policy can hold is told with its file, line, column and mend, for CI, too."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from ruamel.yaml import YAML

from routing.nouns import (
    Account,
    Deal,
    DealContact,
    MirrorRecord,
    Person,
    RoleHolding,
    Stage,
    Territory,
)
from routing.policy import Policy
from worker.cli.main import main
from worker.names import Kind
from worker.store.engine import Store
from worker.store.migrate import migrate
from worker.store.mirror import Read, upsert
from worker.unknown import unknown_names

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
POLICY = """\
crm: csv
csv: {folder: crm}
policy:
  include: [teams/us.yaml]
  stage_classes:
    - stage: active_deal
      open_deal_not_in: [Prospecting]
    - stage: prospecting
  roles:
    ae: ["owner:deal", "field:account.AE__c", "team:AE"]
  routes:
    - name: Active deals to the AE
      when: {stage: active_deal}
      to: ae
    - name: Enterprise
      when: {deal_stage: "Nego*", territory: West, field: {deal.Region__c: EMEA}}
      to: [ae, "queue:Inbound"]
    - name: Customers to Ann
      when: {stage: customer}
      to: person:ann@team.example
    - name: Everything else
      to: claim_channel
  backups:
    ann@team.example: ben@team.example
  ladder: [{to: assignee}, {to: backup}, {to: admin}]
  places: {claim_channel: "#hot-leads", admins: [ada@team.example]}
"""
TEAM = """\
named_accounts:
  - {account: acme.example, rep: ann@team.example, backup: ben@team.example}
"""
RECORDS: tuple[MirrorRecord, ...] = (
    Person(id="u1", email="ann@team.example", name="Ann"),
    Person(id="u2", email="ben@team.example", name="Ben"),
    Person(id="u3", email="ada@team.example", name="Ada"),
    Person(id="u4", email="lee@team.example", name="Lee", active=False),
    Person(id="q1", email="", name="Inbound", queue=True),
    Account(id="a1", name="Acme", domain="acme.example", kind="Customer", fields={"AE__c": "u1"}),
    Stage(id="s1", label="Prospecting", pipeline_id="default"),
    Stage(id="s2", label="Negotiation", pipeline_id="default"),
    Deal(id="d1", name="Deal", stage_id="s2", account_id="a1", fields={"Region__c": "EMEA"}),
    DealContact(id="dc1", deal_id="d1", prospect_id="p1", role="Decision Maker"),
    RoleHolding(id="r1", person_id="u1", role="AE", account_id="a1"),
    Territory(id="t1", name="West"),
)
Checked = Callable[..., tuple[int, str]]


@pytest.fixture
def team(tmp_path: Path) -> Path:
    (tmp_path / "teams").mkdir()
    (tmp_path / "hotlead.yaml").write_text(POLICY)
    (tmp_path / "teams" / "us.yaml").write_text(TEAM)
    return tmp_path


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds the records."""
    file = tmp_path_factory.mktemp("mirror") / "hotlead.db"
    store = Store(f"sqlite:///{file}")
    migrate(store)
    with store.write() as tx:
        for one in RECORDS:
            upsert(tx, type(one), "test", [one], Read(1, NOW), NOW)
    store.close()
    return file


@pytest.fixture
def mirrored(team: Path, mirror: Path) -> Path:
    shutil.copy(mirror, team / "hotlead.db")
    return team


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checked:
    """``hotlead check`` in a folder: the exit code, and everything that it says."""
    monkeypatch.setenv("HOTLEAD_SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("HOTLEAD_SLACK_APP_TOKEN", "xapp-1")

    def run(folder: Path, *words: str) -> tuple[int, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["hotlead", "check", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run


def edited(folder: Path, old: str, new: str, file: str = "hotlead.yaml") -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


TO_ANN = "to: person:ann@team.example"
STAGE = "the CRM has no deal stage"
MISTAKES: dict[str, tuple[str, str, int, str, str]] = {
    "an unknown key": ("  ladder:", "  lader:", 2, "25:3: unknown key 'lader'", "'ladder'"),
    "an unknown stage class": ("stage: customer}", "stage: custmer}", 2, "19:21: stage: ", "fits"),
    "an unknown stage": (
        "[Prospecting]",
        "[Prospectng]",
        0,
        f"7:26: {STAGE} 'Prospectng': naming it keeps no deal out",
        "did you mean 'Prospecting'?",
    ),
    "an unknown stage that a rule needs": (
        "open_deal_not_in: [Prospecting]",
        "open_deal_in: [Negotiaton]",
        1,
        f"7:22: {STAGE} 'Negotiaton': no deal is ever in it",
        "did you mean 'Negotiation'?",
    ),
    "an unknown stage in a condition": (
        '"Nego*"',
        '["Demo*", Negotiation]',
        1,
        f"16:27: {STAGE} 'Demo*': no deal is ever in it",
        "use one of Negotiation, Prospecting",
    ),
    "an unreachable rule": (
        "{stage: customer}",
        "{stage: active_deal, tier: 1}",
        2,
        "18:7: routes: 'Customers to Ann' is never reached, as 'Active deals to the AE' before it",
        "move it up, or take it out",
    ),
    "an unreachable stage rule": (
        "    - stage: prospecting\n",
        "    - {stage: customer, open_deal_not_in: [Prospecting], won_deal: true}\n"
        "    - stage: prospecting\n",
        2,
        "8:7: stage_classes: number 2 is never reached, as number 1 takes all of its accounts",
        "move it up, or take it out",
    ),
    "a missing catch-all": (
        "    - name: Everything else\n      to: claim_channel\n",
        "",
        2,
        "18:7: routes: the last route must be a catch-all without 'when'",
        "end with '- {name: Everything else, to: claim_channel}'",
    ),
    "a cycle in backups": (
        "    ann@team.example: ben@team.example\n",
        "    lee@team.example: ben@team.example\n"
        "    ben@team.example: ann@team.example\n"
        "    ann@team.example: ben@team.example\n",
        2,
        "25:5: backups: ben@team.example → ann@team.example → ben@team.example goes round",
        "take one of these lines out",
    ),
    "a reference to an inactive person": (
        TO_ANN,
        "to: person:lee@team.example",
        1,
        "20:11: lee@team.example is no longer active in the CRM",
        "correct the e-mail in the policy",
    ),
    "a reference to nobody": (
        TO_ANN,
        "to: [ae, person:an@team.example]",
        1,
        "20:16: the CRM has no user an@team.example",
        "did you mean 'ann@team.example'?",
    ),
    "a backup who left": (
        "ann@team.example: ben@team.example",
        "ann@team.example: lee@team.example",
        1,
        "24:23: lee@team.example is no longer active",
        "correct the e-mail",
    ),
    "an unknown queue": (
        "queue:Inbound",
        "queue:Inbuond",
        1,
        "17:16: the CRM has no queue 'Inbuond'",
        "did you mean 'Inbound'?",
    ),
    "an unknown territory": (
        "territory: West",
        "territory: Wset",
        1,
        "16:46: the CRM has no active territory 'Wset'",
        "did you mean 'West'?",
    ),
    "an unknown pipeline": (
        "territory: West",
        'pipeline: "7"',
        1,
        "16:45: the CRM has no pipeline with the id '7'",
        "use one of default",
    ),
    "a field without values": (
        "deal.Region__c",
        "deal.Regoin__c",
        0,
        "16:76: no deal has a value in Regoin__c",
        "fill it in the CRM, or correct its name",
    ),
    "a role that nobody has": (
        "team:AE",
        "team:AX",
        0,
        "10:47: nobody in the CRM holds the role 'AX'",
        "use one of AE",
    ),
    "a contact role that nobody has": (
        "territory: West",
        "contact_role: Champion",
        0,
        "16:49: nobody takes part in a deal as 'Champion'",
        "use one of Decision Maker",
    ),
    "an account type that none has": (
        "territory: West",
        "account_kind: Partner",
        0,
        "16:49: no account has the type 'Partner'",
        "use one of Customer",
    ),
    "an admin outside the CRM": (
        "admins: [ada@team.example]",
        "admins: [ops@team.example]",
        0,
        "26:50: the CRM has no user ops@team.example, who is told all the same",
        "correct the e-mail",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_line_column_and_mend(
    mirrored: Path, checked: Checked, mistake: str
) -> None:
    old, new, code, start, mend = MISTAKES[mistake]
    edited(mirrored, old, new)
    ended, said = checked(mirrored)
    lines = [line for line in said.splitlines() if f"hotlead.yaml:{start}" in line]
    assert lines, said
    assert mend in lines[0].partition(". Mend: ")[2]
    assert (ended, "Traceback" in said) == (code, False)


def test_a_policy_without_mistakes_is_told_so(mirrored: Path, checked: Checked) -> None:
    code, said = checked(mirrored)
    assert code == 0
    assert "everything that the policy names is there" in said
    report = json.loads(checked(mirrored, "--json")[1])
    assert (report["ok"], report["mirror"]["looked_up"]) == (True, True)
    assert report["mirror"]["unknown"] == report["mirror"]["doubtful"] == []


def test_a_mistake_in_a_teams_own_file_is_told_there(mirrored: Path, checked: Checked) -> None:
    edited(mirrored, "rep: ann@", "rep: lee@", "teams/us.yaml")
    edited(mirrored, "acme.example", "acne.example", "teams/us.yaml")
    code, said = checked(mirrored, "--json")
    found: dict[str, Any] = json.loads(said)["mirror"]
    (unknown,), (doubtful,) = found["unknown"], found["doubtful"]
    assert code == 1
    assert (unknown["file"], unknown["line"], unknown["column"]) == ("teams/us.yaml", 2, 34)
    assert "lee@team.example" in unknown["what"]
    assert (doubtful["file"], doubtful["column"]) == ("teams/us.yaml", 15)
    assert "'acne.example'" in doubtful["what"]


def test_all_mistakes_of_the_whole_are_told_at_once(mirrored: Path, checked: Checked) -> None:
    edited(mirrored, "{stage: customer}", "{stage: active_deal, tier: 1}")
    edited(mirrored, "to: ae\n", "to: aee\n")
    edited(mirrored, "ann@team.example: ben@", "ann@team.example: ann@")
    code, said = checked(mirrored)
    assert (code, said.count(". Mend: ")) == (2, 3)


def test_without_a_mirror_it_says_that_nothing_was_looked_up_and_leaves_no_trace(
    team: Path, checked: Checked
) -> None:
    edited(team, TO_ANN, "to: person:lee@team.example")
    code, said = checked(team)
    assert code == 0
    assert "nothing is mirrored yet. Mend: run hotlead sync --once" in said
    assert not (team / "hotlead.db").exists()
    assert json.loads(checked(team, "--json")[1])["mirror"]["looked_up"] is False


def test_a_store_of_another_shape_is_no_reason_to_fail(team: Path, checked: Checked) -> None:
    (team / "hotlead.db").touch()
    code, said = checked(team)
    assert code == 0
    assert "the store cannot be read" in said


def test_every_kind_of_name_is_looked_up_on_both_databases(store_url: str) -> None:
    everything_wrong = (
        POLICY.partition("policy:\n")[2]
        .replace("  include: [teams/us.yaml]\n", "")
        .replace("Prospecting", "Dreaming")
        .replace("AE__c", "AF__c")
        .replace("team:AE", "team:AF")
        .replace("Nego*", "Demo*")
        .replace(
            "territory: West", "territory: Far, pipeline: p9, account_kind: X, contact_role: Y"
        )
        .replace("queue:Inbound", "queue:Outbound")
        .replace("ann@team.example", "an@team.example")
        .replace("ada@team.example", "ad@team.example")
        .replace("{stage: customer}", "{sending_rep: x@team.example}")
        + "  named_accounts: [{account: None, rep: lee@team.example}]\n"
    )
    policy = Policy.model_validate(YAML(typ="safe", pure=True).load(everything_wrong))
    store = Store(store_url)
    migrate(store)
    with store.write() as tx:
        for one in RECORDS:
            upsert(tx, type(one), "test", [one], Read(1, NOW), NOW)
    with store.read() as conn:
        found = list(unknown_names(conn, policy))
    store.close()
    assert {one.named.kind for one in found} == set(get_args(Kind))
    assert {one.state for one in found if one.named.kind == "person"} == {"fail"}
