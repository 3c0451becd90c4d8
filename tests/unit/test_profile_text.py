"""A proposal in the text of a policy: valid, explained line by line, and nothing else touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.policy import Policy
from tests.unit.profile_kit import Org, standing_in_all
from worker.connect.config_file import PATTERNS, preset
from worker.profile.proposal import Proposal
from worker.profile.report import failing_csv, screen
from worker.profile.target import Change, changed, target_of
from worker.profile.text import UnfitError
from worker.settings import load_settings

ODD = 'CSM "West": #1, \u202eEMEA'
"""A role that needs quotes, and that would turn a line around on a terminal."""


def org() -> Org:
    made = Org()
    made.person("bea", "SDR", backup_id="ann")
    made.person("ann", "AE")
    made.person("cid", "CSM")
    made.person("quinn", "Revenue Operations")
    made.account("a", owner="ann", kind="Prospect", BDR__c="bea")
    made.account("e", owner="ann", kind="Customer - Direct")
    made.account("f", owner="ann", kind="Customer - Channel")
    made.account("c", owner="ann")
    made.deal("c", "s2", "ann", SE__c="cid")
    standing_in_all(made, "ann")
    made.field("account", "BDR__c")
    made.field("deal", "SE__c")
    made.on_team("e", "cid", ODD)
    return made


def put(text: str, folder: Path, of: Org | None = None) -> tuple[Proposal, Change, Path]:
    """What becomes of a configuration of this text."""
    config = folder / "hotlead.yaml"
    config.write_bytes(text.encode())
    present = load_settings(config).policy
    proposal = (of or org()).proposed(present)
    return proposal, changed(target_of(config), proposal, present), config


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_preset_takes_it(pattern: str, tmp_path: Path) -> None:
    text = preset(pattern)
    proposal, change, config = put(text, tmp_path)
    settings = load_settings(config, change.text)
    assert settings.policy.hash == change.policy.hash
    assert dict(settings.policy.roles) == proposal.sources()
    assert settings.policy.routes == proposal.routes
    assert settings.policy.mapping.fields.deal == ("SE__c",)
    assert [one.rule for one in proposal.stages] == list(settings.policy.stage_classes)
    assert max(map(len, change.text.splitlines())) <= 100
    # What it knows nothing of stays, comments included.
    for line in text.splitlines():
        if "wait:" in line or "time_zone" in line or "These interrupt" in line:
            assert line in change.text
    assert change.diff


def test_each_line_has_its_evidence(tmp_path: Path) -> None:
    _, change, _ = put(preset("bdr-ae"), tmp_path)
    assert change.text.splitlines()[8:36] == [
        "policy:",
        "  # Proposed by hotlead profile out of 6 accounts, 5 deals and 4 people of Salesforce.",
        "  # The first rule that fits gives the stage. Accounts there now, by themselves or by",
        "  # one of their prospects: 2 prospecting, 2 active_deal, 2 customer.",
        "  stage_classes:",
        "    - {stage: active_deal, open_deal_not_in: [Prospecting]}"
        "   # 3 open deals; none in Prospecting",
        "    - {stage: customer, won_deal: true}   # 2 accounts with a won deal",
        '    - {stage: customer, account_kind: ["Customer*"]}   # 2 accounts of such a type',
        "    - {stage: prospecting}   # everything else",
        "",
        "  # Further fields of the CRM; those of deals say who holds a role.",
        "  mapping: {fields: {deal: [SE__c]}}",
        "",
        "  # Who holds a role? The first source that names somebody wins. Shares are of the",
        "  # accounts of its stage; a source counts those that no source before has somebody for.",
        "  roles:",
        "    # 50 % of 2 accounts in prospecting have one, and 17 % of all 6.",
        "    bdr:",
        '      - "field:account.BDR__c"   # 50 %',
        "    # 100 % of 2 accounts in active_deal have one, and 100 % of all 6.",
        "    ae:",
        '      - "owner:deal"   # 100 %',
        '      - "owner:account"   # +0 % (100 % by itself)',
        "    # 50 % of 2 accounts in active_deal have one, and 17 % of all 6.",
        "    se:",
        '      - "field:deal.SE__c"   # 50 %',
        "    # 50 % of 2 accounts in customer have one, and 17 % of all 6.",
        "    csm:",
    ]
    assert "backups: {}   # the CRM names somebody for 1 of 4 people" in change.text
    assert "admins: [quinn@team.example]   # Quinn, Revenue Operations" in change.text


def test_texts_of_the_crm_are_quoted_and_harmless(tmp_path: Path) -> None:
    proposal, change, _ = put(preset("bdr-ae"), tmp_path)
    assert change.policy.roles["csm"] == (f"team:{ODD}",)
    assert "\u202e" not in change.text
    failing = proposal.failures
    assert {one.account_id for one in failing} == {"b", "f"}
    assert ODD.replace("\u202e", "") in failing_csv(failing, claimed=True).replace('""', '"')


def test_a_second_proposal_changes_nothing(tmp_path: Path) -> None:
    _, first, config = put(preset("bdr-ae"), tmp_path)
    _, second, _ = put(first.text, config.parent)
    assert second.text == first.text
    assert not second.diff


def test_a_policy_of_its_own_file_and_windows_line_ends(tmp_path: Path) -> None:
    _, _, rest = preset("bdr-ae").partition("policy:\n")
    rules = "# Our rules.\n" + "".join(line[2:] + "\n" for line in rest.splitlines())
    (tmp_path / "rules.yaml").write_bytes(rules.replace("\n", "\r\n").encode())
    head = "crm: salesforce\nsalesforce: {login_url: https://a.my.salesforce.com}\n"
    _, change, config = put(head + "policy: rules.yaml\n", tmp_path)
    assert target_of(config).beside == tmp_path / "rules.profile.yaml"
    assert change.text.startswith("# Our rules.\r\n")
    assert change.text.count("\r\n") == change.text.count("\n")
    (tmp_path / "rules.yaml").write_bytes(change.text.encode())
    assert load_settings(config).policy.hash == change.policy.hash


def test_a_policy_in_braces_is_refused_in_words(tmp_path: Path) -> None:
    text = (
        "crm: salesforce\nsalesforce: {login_url: https://a.my.salesforce.com}\n"
        "policy: {routes: [{name: All, to: 'person:a@b.example'}], ladder: [{to: assignee}], "
        "places: {admins: [a@b.example]}}\n"
    )
    with pytest.raises(UnfitError, match="write the policy in lines"):
        put(text, tmp_path)


def test_the_screen_is_one_screen(tmp_path: Path) -> None:
    big = org()
    for number in range(300):
        big.account(f"n{number}", kind=f"Type {number}", CSM__c="left")
        big.deal(f"n{number}", "won", "ann")
        big.person(f"queue{number}", queue=True)
    for number in range(40):
        big.field("account", f"CSM_{number}__c")
        big.on_team(f"n{number}", "cid", f"CSM {number}")
    proposal, change, _ = put(preset("bdr-ae"), tmp_path, big)
    lines = list(screen(proposal))
    assert len(lines) + min(len(change.diff), 20) < 50
    assert all(len(line) < 400 for line in lines)


def test_nothing_but_what_it_knows_is_compared(tmp_path: Path) -> None:
    _, change, config = put(preset("small-team"), tmp_path)
    present: Policy = load_settings(config).policy
    assert change.policy.ladder == present.ladder
    assert change.policy.working_hours == present.working_hours
    assert all(one[0] in "+-" for one in change.diff)
