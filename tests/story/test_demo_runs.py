"""``hotlead demo --once`` as a visitor runs it: the made-up company, and a real CRM export."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.forks import run

EXPORT = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "maven-crm"
ALERT_KEYS = {
    "id", "prospect", "account", "stage", "role", "recipient", "surface", "place", "rung",
    "reason", "thread_url", "fired_at", "delivered_at", "acknowledged_at", "responded_at",
    "latency_minutes", "working_latency_minutes",
}  # fmt: skip
ROLE_OF = {"prospecting": "bdr", "active_deal": "ae", "customer": "csm"}


def play(folder: Path, crm: str, *more: str) -> dict[str, Any]:
    out = folder / f"{crm}.json"
    words = ["demo", "--once", "--crm", crm, "--json", str(out), *more]
    env = {"PATH": os.environ["PATH"], "COLUMNS": "200"}
    done = run(*words, env=env, cwd=folder, timeout=110)
    assert done.returncode == 0, done.stderr[-3000:]
    outcome: dict[str, Any] = json.loads(out.read_text())
    return outcome


def decisions(outcome: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        one["prospect"]: (one["account"], one["stage"], one["role"], one["place"], one["rung"])
        for one in outcome["alerts"]
    }


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_the_made_up_company_plays_its_morning(tmp_path: Path, crm: str) -> None:
    outcome = play(tmp_path, crm)
    assert set(outcome) == {
        "crm", "mirror", "signals", "alerts", "activities", "undelivered", "unexplained",
    }  # fmt: skip
    assert outcome["crm"] == crm
    assert outcome["undelivered"] == 0
    assert outcome["unexplained"] == 0
    assert all(set(one) == ALERT_KEYS for one in outcome["alerts"])
    assert outcome["activities"]["opened"] == len(outcome["alerts"])
    answered = [one for one in outcome["alerts"] if one["responded_at"]]
    assert outcome["activities"]["completed"] == len(answered) == len(outcome["alerts"])
    by_prospect = decisions(outcome)
    assert by_prospect["naomi@alder.example"][2] == "bdr"
    assert by_prospect["camille@solstice.example"][2] == "ae"
    assert by_prospect["samuel@mapleton.example"][2:] == (
        "csm", "grace@kestrelworks.example", "backup",
    )  # fmt: skip
    assert by_prospect["jonah@pinewood.example"][2:] == ("unowned", "#hot-leads", "claim_channel")
    assert by_prospect["omar@verity.example"][4] == "manager"


@pytest.mark.skipif(not EXPORT.is_dir(), reason=f"the CRM export is not at {EXPORT.parent.name}")
@pytest.mark.timeout(240)
def test_a_real_export_gives_the_same_decisions_on_both_crms(tmp_path: Path) -> None:
    outcomes = {
        crm: play(tmp_path, crm, "--data", str(EXPORT)) for crm in ("salesforce", "hubspot")
    }
    for outcome in outcomes.values():
        assert outcome["mirror"]["accounts"] == 85
        assert outcome["mirror"]["deals"] == 8800
        assert outcome["signals"]["alerts"] == 85
        assert outcome["undelivered"] == 0
        assert outcome["unexplained"] == 0
        for alert in outcome["alerts"]:
            assert alert["role"] in (ROLE_OF[alert["stage"]], "unowned")
            assert alert["reason"]
            assert alert["delivered_at"]
            if alert["role"] == "unowned":
                assert alert["place"] == "#hot-leads" or alert["rung"] == "admin"
        stages = Counter(alert["stage"] for alert in outcome["alerts"])
        assert set(stages) == {"prospecting", "active_deal", "customer"}
        assert any(alert["role"] == "unowned" for alert in outcome["alerts"])
    assert decisions(outcomes["salesforce"]) == decisions(outcomes["hubspot"])
