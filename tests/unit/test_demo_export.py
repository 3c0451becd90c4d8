"""The CRM export as a world. What is expected is counted here from the CSV files themselves."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from routing.policy import Policy
from tests.unit.demo_kit import decide_for
from worker.demo.export import Export, load_export
from worker.intake.models import SignalIn

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT.parent / "shared" / "data" / "maven-crm"
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TURNS = {0: "Prospecting", 1: "Engaging", 2: "Won"}
CLASSES = {"Prospecting": "prospecting", "Engaging": "active_deal", "Won": "customer"}
ROLES = {"Prospecting": "bdr", "Engaging": "ae", "Won": "csm"}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FOLDER.exists(), reason="the CRM export is not beside the checkout"),
]


class Expected(NamedTuple):
    stage: str
    role: str


def lines(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def export() -> Export:
    return load_export(FOLDER, NOW)


@pytest.fixture(scope="module")
def expected() -> dict[str, Expected]:
    stages = defaultdict(set)
    for deal in lines("sales_pipeline.csv"):
        stages[deal["account"]].add(deal["deal_stage"])
    found = {}
    abroad = {
        one["account"] for one in lines("accounts.csv") if one["office_location"] != "United States"
    }
    for number, account in enumerate(sorted(one["account"] for one in lines("accounts.csv"))):
        wanted = [TURNS[(number + step) % 3] for step in range(3)]
        stage = next(one for one in wanted if one in stages[account])
        unowned = account in abroad and stage != "Engaging"
        found[account] = Expected(CLASSES[stage], "unowned" if unowned else ROLES[stage])
    return found


def test_every_account_lands_with_the_stage_and_role_that_the_files_say(
    export: Export, expected: dict[str, Expected]
) -> None:
    landed = {}
    for contact in export.world.contacts:
        decision = decide_for(export.world, export.policy, contact.email, NOW)
        landed[contact.account] = Expected(str(decision.stage_class), decision.role)
        if decision.role == "unowned":
            assert decision.steps[0].name == "#hot-leads"
    assert landed == expected


def test_all_three_stage_classes_and_the_claim_channel_occur(
    expected: dict[str, Expected],
) -> None:
    assert len(expected) == 85
    stages = Counter(one.stage for one in expected.values())
    assert set(stages) == {"prospecting", "active_deal", "customer"}
    assert min(stages.values()) >= 20
    unowned = {one.stage for one in expected.values() if one.role == "unowned"}
    assert unowned == {"prospecting", "customer"}


def test_active_deals_reach_the_agent_who_owns_the_deal_or_their_manager(export: Export) -> None:
    managers = {one["sales_agent"]: one["manager"] for one in lines("sales_teams.csv")}
    agents = {one["opportunity_id"]: one["sales_agent"] for one in lines("sales_pipeline.csv")}
    covered = set()
    for contact in export.world.contacts:
        decision = decide_for(export.world, export.policy, contact.email, NOW)
        if decision.role != "ae":
            continue
        agent = agents[decision.deal_id or ""]
        assert decision.assignee_name == agent
        if decision.steps[0].name != agent:
            covered.add(agent)
            assert decision.steps[0].name == managers[agent]
    away = [one for one in export.world.people if one.away]
    assert covered == {one.name for one in away}
    assert len(away) == 1


def test_the_deals_are_those_of_the_export(export: Export) -> None:
    world = export.world
    rows = {one["opportunity_id"]: one for one in lines("sales_pipeline.csv")}
    assert len(world.deals) == len(rows) == 8800
    for deal in world.deals:
        row = rows[deal.key]
        assert (deal.account or "", deal.owner, deal.stage) == (
            row["account"],
            row["sales_agent"],
            row["deal_stage"],
        )
        assert "GTXPro" not in deal.name
        if row["close_value"]:
            assert deal.amount == float(row["close_value"])
        if row["close_date"]:
            assert deal.closed is not None
            assert f"{deal.closed:%Y-%m-%d}" == row["close_date"]
    assert sum(deal.account is None for deal in world.deals) == 1425
    assert sum(bool(deal.contacts) for deal in world.deals) == 85
    assert len({deal.name for deal in world.deals}) == len(world.deals)


def test_a_contact_takes_part_in_a_deal_of_its_own_account(export: Export) -> None:
    accounts = {contact.key: contact.account for contact in export.world.contacts}
    part = [deal for deal in export.world.deals if deal.contacts]
    assert all(accounts[deal.contacts[0]] == deal.account for deal in part)


def test_agents_without_deals_are_kept_and_managers_are_people(export: Export) -> None:
    roles = Counter(one.role for one in export.world.people)
    assert roles == {"AE": 35, "Manager": 6, "BDR": 6, "CSM": 3, "Admin": 1}
    idle = {one["sales_agent"] for one in lines("sales_teams.csv")}
    idle -= {one["sales_agent"] for one in lines("sales_pipeline.csv")}
    assert idle <= {one.name for one in export.world.people}


def test_subsidiaries_have_their_parents(export: Export) -> None:
    written = {one["account"]: one["subsidiary_of"] for one in lines("accounts.csv")}
    assert {one.name: one.parent or "" for one in export.world.accounts} == written


def test_bdrs_and_csms_sit_in_the_office_that_most_deals_come_from(export: Export) -> None:
    offices = {one["sales_agent"]: one["regional_office"] for one in lines("sales_teams.csv")}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for deal in lines("sales_pipeline.csv"):
        counts[deal["account"]][offices[deal["sales_agent"]]] += 1
    people = {one.key: one for one in export.world.people}
    carried: Counter[str] = Counter()
    for account in export.world.accounts:
        if account.country != "United States":
            assert (account.bdr, account.csm) == (None, None)
            continue
        assert account.bdr
        assert account.csm
        office = people[account.bdr].team
        assert people[account.csm].team == office
        assert counts[account.name][office] == max(counts[account.name].values())
        carried[account.bdr] += 1
    assert len(carried) == 6


def test_the_notes_say_what_was_found_and_what_was_made(export: Export) -> None:
    notes = "\n".join(export.notes)
    for said in (
        "85 accounts, 35 agents with 6 managers and 8800 deals",
        "1425 deals name no account",
        "1480 deals spell the product “GTX Pro” as “GTXPro”",
        "5 agents have no deals",
        "Made 85 contacts",
        "Made 6 BDRs and 3 CSMs for the 3 regional offices",
        "14 accounts have no BDR and no CSM",
        "is out of office for the run",
    ):
        assert said in notes


def test_every_signal_is_one_that_the_signals_route_accepts(export: Export) -> None:
    signals = [SignalIn.model_validate(one) for one in export.signals]
    mails = {one.email for one in export.world.contacts}
    assert {one.prospect.email for one in signals} == mails
    assert len({(one.source, one.id) for one in signals}) == 85
    assert {(one.type.value, one.tier, one.count) for one in signals} == {("multi_open", 1, 2)}
    Policy.model_validate(export.policy)


def test_another_hash_seed_gives_the_same_world(export: Export) -> None:
    code = (
        "import json, sys, dataclasses; from pathlib import Path; from datetime import datetime;"
        "from worker.demo.export import load_export;"
        "made = load_export(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]));"
        "print(json.dumps(dataclasses.asdict(made), default=str))"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(FOLDER), NOW.isoformat()],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        world = json.loads(done.stdout)["world"]
        assert [one["email"] for one in world["contacts"]] == [
            one.email for one in export.world.contacts
        ]
        assert [one["key"] for one in world["people"]] == [one.key for one in export.world.people]
        assert [(one["name"], one["bdr"]) for one in world["accounts"]] == [
            (one.name, one.bdr) for one in export.world.accounts
        ]
