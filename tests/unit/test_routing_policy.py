from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from routing.policy import Policy
from tests.unit.routing_kit import POLICY, ladder, places, policy

LEAST: dict[str, Any] = {
    "routes": [{"name": "All", "to": "person:ann@team.example"}],
    "ladder": [{"to": "assignee"}],
    "places": {"admins": ["ada@team.example"]},
}


def refused(**changes: Any) -> str:
    """What the only error says."""
    with pytest.raises(ValidationError) as caught:
        policy(**changes)
    (error,) = caught.value.errors()
    return error["msg"].removeprefix("Value error, ")


def named(account: str, rep: str = "ann@team.example", backup: str | None = None) -> dict[str, Any]:
    return {"account": account, "rep": rep, "backup": backup}


_ZONE = "'{}' is no time zone; write one like 'Europe/Berlin' or 'America/New_York'"
EVERYTHING = {"name": "Everything", "to": "ae"}
CASES: list[tuple[dict[str, Any], str]] = [
    (
        {"stage_classes": [{"stage": "customer", "won_deal": True}]},
        "stage_classes: the last rule must have no condition; end with '- stage: prospecting'",
    ),
    (
        {"stage_classes": []},
        "stage_classes: the last rule must have no condition; end with '- stage: prospecting'",
    ),
    (
        {"stage_classes": [{"stage": "customer"}, {"stage": "prospecting"}]},
        "stage_classes: number 1 has no condition, so nothing after it is ever reached; move it "
        "to the end",
    ),
    (
        {"routes": [{"name": "Customers", "when": {"stage": "customer"}, "to": "csm"}]},
        "routes: the last route must be a catch-all without 'when'; end with '- {name: Everything "
        "else, to: claim_channel}'",
    ),
    (
        {"routes": [EVERYTHING, EVERYTHING]},
        "routes: number 1 has no condition, so nothing after it is ever reached; move it to the "
        "end",
    ),
    (
        {"routes": [{"name": "All", "to": "sdr"}]},
        "routes: 'All' goes to 'sdr', which is no role; use one of ae, bdr, claim_channel, csm, "
        "named_rep or person:E-MAIL",
    ),
    (
        {"routes": [{"name": "All", "to": "person:ann"}]},
        "routes: 'All' goes to 'person:ann', which is no role; use one of ae, bdr, claim_channel, "
        "csm, named_rep or person:E-MAIL",
    ),
    (
        {"roles": {**POLICY["roles"], "claim_channel": ["owner:deal"]}},
        "roles: 'claim_channel' has a meaning of its own; give the role another name",
    ),
    (
        {"roles": {"ae": ["owner:opportunity"]}},
        "'owner:opportunity' is no role source; use field:account.NAME, field:deal.NAME, "
        "field:prospect.NAME, team:NAME, deal_team:NAME, territory:ROLE, owner:deal, "
        "owner:account, owner:prospect, sending_rep or person:E-MAIL",
    ),
    (
        {"ladder": ladder("assignee", "admin", "assignee")},
        "ladder: 'assignee' is named twice; keep one of them",
    ),
    (
        {"ladder": ladder("admin")},
        "ladder: it holds admins alone, so nothing ever reaches the claim channel; add '- {to: "
        "claim_channel}'",
    ),
    (
        {"named_accounts": [named("Acme"), named("acme")]},
        "named_accounts: 'acme' is named twice; keep one of them",
    ),
    (
        {"named_accounts": [named("Acme", backup="ANN@team.example")]},
        "backup: ann@team.example cannot be their own backup; name somebody else, or nobody",
    ),
    (
        {"backups": {"a@t.example": "b@t.example", "b@t.example": "A@t.example"}},
        "backups: a@t.example → b@t.example → a@t.example goes round in a circle; take one of "
        "these lines out",
    ),
    (
        {"backups": {"a@t.example": "a@t.example"}},
        "backups: a@t.example → a@t.example goes round in a circle; take one of these lines out",
    ),
    (
        {"places": places(claim_channel=None)},
        "routes: claim_channel is used but places.claim_channel is not set; set it, or name a "
        "role or person:E-MAIL instead",
    ),
    (
        {
            "routes": [EVERYTHING],
            "places": places(claim_channel=None),
            "ladder": ladder("claim_channel"),
        },
        "ladder: claim_channel is used but places.claim_channel is not set; set it, or take the "
        "rung out",
    ),
    (
        {"routes": [EVERYTHING], "places": places(claim_channel=None, coverage_channel=None)},
        "ladder: coverage_channel is used but places.coverage_channel is not set; set it, or take "
        "the rung out",
    ),
    (
        {"places": places(watch_channel="two words")},
        "'two words' is no channel name; write it like '#hot-leads'",
    ),
    (
        {"places": places(admins=["ada"])},
        "'ada' is no e-mail address; write it like 'ann@example.com'",
    ),
    (
        {"working_hours": {"time_zone": "Berlin"}},
        _ZONE.format("Berlin"),
    ),
    (
        {"working_hours": {"start": "17:00", "end": "09:00"}},
        "end: is not later than start; end the day by '23:59' at the latest",
    ),
    ({"working_hours": {"days": []}}, "days: no day is named; name one, like mon"),
    (
        {"working_hours": {"start": 9}},
        "9 is no time of day; write it in quotes, like '09:00'",
    ),
    ({"working_hours": {"time_zone": "Europe"}}, _ZONE.format("Europe")),
    ({"ladder": []}, "nothing is listed; list at least one"),
    ({"routes": []}, "nothing is listed; list at least one"),
    ({"places": places(admins=[])}, "nothing is listed; list at least one"),
    ({"roles": {"ae": []}}, "nothing is listed; list at least one"),
    ({"routes": [{"name": "All", "to": []}]}, "nothing is listed; list at least one"),
    ({"digest_at": "5pm"}, "'5pm' is no time of day; write it in quotes, like '09:00'"),
]


@pytest.mark.parametrize(("changes", "said"), CASES)
def test_a_policy_that_could_lose_somebody_is_refused_with_the_mend(
    changes: dict[str, Any], said: str
) -> None:
    assert refused(**changes) == said
    assert "; " in said


@pytest.mark.parametrize(
    "changes",
    [
        {"ladder": [{"to": "friend"}]},
        {"ladder": [{"to": "assignee", "wait": -1}]},
        {"ladder": [{"to": "assignee", "wait": 10**12}]},
        {"ladder": [{"to": "assignee", "wait": "15"}]},
        {"priority": {"multi_open": {"opens": 1}}},
        {"priority": {"multi_open": {"tiers": [6]}}},
        {"priority": {"multi_open": {"within_minutes": 10**18}}},
        {"priority": {"real_time": ["everything"]}},
        {"snooze_minutes": 0},
        {"acknowledged_wait": 10**15},
        {"one_alert_per": "account"},
        {"surface": "pigeon"},
        {"unheard_of": 1},
        {"routes": [{**EVERYTHING, "continue": True}]},
        {"routes": [{"name": "", "to": "ae"}]},
        {"named_accounts": [named("")]},
    ],
)
def test_a_value_that_means_nothing_is_refused(changes: dict[str, Any]) -> None:
    assert refused(**changes)


def test_the_least_policy_has_the_defaults_of_a_usual_team() -> None:
    made = Policy.model_validate(LEAST)
    assert [one.value for one in made.priority.real_time] == ["multi_open", "positive_reply"]
    assert (made.priority.multi_open.opens, made.priority.multi_open.tiers) == (2, (1, 2))
    assert made.deals_of == "prospect_then_account"
    assert made.one_alert_per == "prospect"


def test_addresses_and_channels_are_written_as_one_likes() -> None:
    made = policy(places=places(claim_channel="hot-leads", admins=["ADA@Team.example"]))
    assert made.places.claim_channel == "#hot-leads"
    assert made.places.admins == ("ada@team.example",)


def test_equal_policies_have_equal_hashes_in_whatever_order_their_keys_come() -> None:
    turned = {key: POLICY[key] for key in reversed(POLICY)}
    turned["roles"] = {key: POLICY["roles"][key] for key in reversed(POLICY["roles"])}
    assert Policy.model_validate(turned).hash == policy().hash
    assert len(policy().hash) == 16


@pytest.mark.parametrize(
    "changes",
    [
        {"ladder": [*POLICY["ladder"][:-1], {"to": "admin", "wait": 31}]},
        {"routes": [*POLICY["routes"][1:2], *POLICY["routes"][:1], *POLICY["routes"][2:]]},
        {"backups": {"a@t.example": "b@t.example"}},
        {"digest_at": "17:01"},
        {"working_hours": {"time_zone": "Europe/Berlin"}},
    ],
)
def test_another_policy_has_another_hash(changes: dict[str, Any]) -> None:
    assert policy(**changes).hash != policy().hash


def test_a_policy_that_was_stored_as_json_is_the_same_when_it_is_read_back() -> None:
    made = policy(
        named_accounts=[named("Acme", backup="ben@team.example")],
        backups={"ann@team.example": "ben@team.example"},
        digest_at="16:45:30",
        working_hours={"days": ["sat"], "start": "8:00", "end": "23:59"},
    )
    back = Policy.model_validate(json.loads(json.dumps(made.model_dump(mode="json"))))
    assert back == made
    assert back.hash == made.hash
