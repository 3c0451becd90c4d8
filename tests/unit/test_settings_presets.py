from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from worker.settings import Settings, load_settings

PRESETS = ("solo", "small-team", "bdr-ae", "named-accounts")


def preset(name: str) -> Settings:
    return load_settings(Path(str(files("config") / f"{name}.yaml")))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_loads_and_is_short_enough_to_read(name: str) -> None:
    settings = preset(name)
    assert settings.policy.routes[-1].when.always
    text = (files("config") / f"{name}.yaml").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    assert text.isascii()


def test_solo_sends_everything_to_one_person() -> None:
    policy = preset("solo").policy
    (route,) = policy.routes
    assert route.to == ("person:YOU@YOUR-COMPANY.example",)
    assert policy.places.claim_channel is None


def test_the_small_team_claims_what_nobody_owns() -> None:
    policy = preset("small-team").policy
    assert policy.routes[-1].to == ("ae", "claim_channel")
    assert policy.places.claim_channel == "#hot-leads"


def test_bdr_and_ae_route_by_stage_and_leadership_sees_all() -> None:
    policy = preset("bdr-ae").policy
    first = {route.when.stage[0].value: route.to[0] for route in policy.routes if route.when.stage}
    assert first == {"prospecting": "bdr", "active_deal": "ae", "customer": "csm"}
    assert policy.places.watch_channel == "#sales-leadership"


def test_named_accounts_have_a_rep_and_a_backup_and_nothing_is_claimed() -> None:
    policy = preset("named-accounts").policy
    assert policy.routes[0].to == ("named_rep",)
    assert all(row.backup for row in policy.named_accounts)
    assert policy.places.claim_channel is None
    assert all("claim_channel" not in route.to for route in policy.routes)
