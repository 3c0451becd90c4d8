"""The small company that the demo plays with."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from routing.policy import Policy
from tests.unit.demo_kit import decide_for
from worker.demo.company import demo_policy, demo_world

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("email", "stage", "role", "told"),
    [
        ("naomi@alder.example", "prospecting", "bdr", "Priya Raman"),
        ("ingrid@quillon.example", "prospecting", "bdr", "Leo Marsh"),
        ("camille@solstice.example", "active_deal", "ae", "Diego Santos"),
        ("omar@verity.example", "active_deal", "ae", "Sofia Lindqvist"),
        ("elliot@northgate.example", "active_deal", "ae", "Diego Santos"),
        ("beatrice@harborline.example", "customer", "csm", "Grace Whitfield"),
        ("samuel@mapleton.example", "customer", "csm", "Tomas Novak"),
        ("jonah@pinewood.example", "prospecting", "unowned", "#hot-leads"),
        ("lila@brightwater.example", "prospecting", "unowned", "#hot-leads"),
    ],
)
def test_each_prospect_reaches_whom_the_stage_names(
    email: str, stage: str, role: str, told: str
) -> None:
    decision = decide_for(demo_world(NOW), demo_policy(), email, NOW)
    assert (decision.stage_class, decision.role, decision.steps[0].name) == (stage, role, told)


def test_one_rep_is_away_now_and_another_one_is_not_on_slack() -> None:
    world = demo_world(NOW)
    away = [one.name for one in world.people if any(a <= NOW < b for a, b in one.away)]
    assert away == ["Hannah Okafor"]
    assert [one.name for one in world.people if not one.on_slack] == ["Tomas Novak"]


def test_every_key_that_is_referred_to_exists() -> None:
    world = demo_world(NOW)
    people = {one.key for one in world.people}
    accounts = {one.key for one in world.accounts}
    contacts = {one.key for one in world.contacts}
    stages = {one.key for one in world.stages}
    for person in world.people:
        assert {person.manager, person.backup} <= people | {None}
    for account in world.accounts:
        assert {account.owner, account.bdr, account.csm} <= people | {None}
    for deal in world.deals:
        assert deal.account in accounts
        assert deal.owner in people
        assert deal.stage in stages
        assert set(deal.contacts) <= contacts
    assert {one.account for one in world.contacts} <= accounts | {None}


def test_names_and_addresses_are_distinct_and_invented() -> None:
    world = demo_world(NOW)
    mails = [one.email for one in world.people] + [one.email for one in world.contacts]
    assert len(set(mails)) == len(mails)
    assert all(mail.endswith(".example") for mail in mails)
    assert len({one.key for one in world.contacts}) == len(world.contacts)


def test_the_ladder_climbs_from_the_assignee_to_the_admin() -> None:
    policy = Policy.model_validate(demo_policy())
    assert [(rung.to.value, rung.wait) for rung in policy.ladder[:4]] == [
        ("assignee", 15),
        ("backup", 15),
        ("coverage_channel", 30),
        ("manager", 30),
    ]
    decision = decide_for(demo_world(NOW), demo_policy(), "omar@verity.example", NOW)
    names = [step.name for step in decision.steps]
    assert names == ["Sofia Lindqvist", "Diego Santos", "#hot-leads", "Marcus Bell", "Quinn Avery"]
