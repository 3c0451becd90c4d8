"""Every condition that a route may set: when it holds, and what is said when it does not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from routing.conditions import When
from routing.nouns import Territory
from routing.receipt import Outcome
from tests.unit.routing_kit import (
    account,
    deal,
    decided,
    facts,
    person,
    policy,
    prospect,
    signal,
    team,
)

WEST = (Territory(id="t1", name="West"), Territory(id="t2", name="Gone", active=False))
KNOWN = facts(
    prospect=prospect(title="VP Sales", fields={"Score__c": "A"}),
    account=account(kind="Customer - Direct", fields={"Segment__c": "Enterprise"}),
    deals=(deal(amount=20_000, pipeline_id="new", fields={"Region__c": "EMEA"}),),
    prospect_deals=frozenset({"d1"}),
    contact_roles={"d1": "Decision Maker"},
    territories=WEST,
    people=team(ann={"fields": {"Team__c": "Red"}}),
)
OPEN = signal(language="de", confidence=0.9, sending_rep="ann@team.example")
LISTS = {"strategic": ["ACME.example", "zeta*"]}

HOLDS: list[dict[str, Any]] = [
    {"stage": "active_deal"},
    {"signal": ["multi_open", "reply"]},
    {"kind": "multi_open"},
    {"tier": [1, 2]},
    {"confidence": {"at_least": 0.9}},
    {"language": "DE"},
    {"sending_rep": "ANN@team.example"},
    {"pipeline": "new"},
    {"deal_stage": ["nego*"]},
    {"amount": {"at_least": 20_000, "below": 20_001}},
    {"field": {"account.Segment__c": "enterprise", "deal.Region__c": ["APAC", "EM*"]}},
    {"field": {"prospect.Score__c": "A", "person.Team__c": "red"}},
    {"account_kind": "Customer*"},
    {"territory": "west"},
    {"account_list": "strategic"},
    {"title": ["CEO", "VP *"]},
    {"contact_role": "decision*"},
    {"time": {"days": "mon"}},
    {"time": {"start": "09:00", "end": "17:00", "time_zone": "America/New_York"}},
    {"time": {"start": "20:00", "end": "15:00"}},
]
FAILS: list[tuple[dict[str, Any], str]] = [
    ({"stage": "customer"}, "the stage is active_deal, not customer"),
    ({"tier": 3}, "the tier is 1, not 3"),
    ({"confidence": {"below": 0.5}}, "the confidence is 0.9, not below 0.5"),
    ({"language": "fr"}, "the language is de, not fr"),
    ({"sentiment": "positive"}, "the sentiment is not known, not positive"),
    ({"amount": {"at_least": 50_000}}, "the deal's amount is 20000, not at least 50000"),
    ({"field": {"account.Segment__c": "SMB"}}, "account.Segment__c is Enterprise, not SMB"),
    ({"field": {"deal.Nothing": "*"}}, "deal.Nothing is not known, not *"),
    ({"territory": "Gone"}, "the territory is West, not Gone"),
    ({"account_list": "others"}, "Acme is not on the list others"),
    ({"title": "CFO"}, "the title is VP Sales, not CFO"),
    ({"named_account": True}, "this is no named account"),
    ({"time": {"days": ["sat", "sun"]}}, "it is Mon 14:00 UTC, and the rule is for sat, sun"),
    (
        {"time": {"start": "15:00", "end": "09:00"}},
        "it is Mon 14:00 UTC, and the rule is from 15:00 to 09:00",
    ),
]


def rules(when: dict[str, Any]) -> Any:
    return policy(
        account_lists={**LISTS, "others": ["nobody"]},
        routes=[
            {"name": "special", "when": when, "to": "person:dan@team.example"},
            {"name": "rest", "to": "claim_channel"},
        ],
    )


@pytest.mark.parametrize("when", HOLDS, ids=str)
def test_a_condition_that_holds_takes_the_route(when: dict[str, Any]) -> None:
    assert decided(KNOWN, rules(when), of=OPEN).route == "special"


@pytest.mark.parametrize(("when", "why"), FAILS, ids=str)
def test_a_condition_that_fails_says_why_the_route_was_passed(
    when: dict[str, Any], why: str
) -> None:
    decision = decided(KNOWN, rules(when), of=OPEN)
    assert (decision.route, decision.passed) == ("rest", (f"special: {why}",))


def test_what_is_not_known_meets_no_condition() -> None:
    bare = facts(prospect=None, account=None, deals=())
    asked = ("tier", "language", "pipeline", "deal_stage", "amount", "territory", "title")
    for when in HOLDS:
        if set(when) & {*asked, "field", "account_list", "contact_role", "account_kind"}:
            assert decided(bare, rules(when), of=signal("click")).route == "rest"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"tier": 9}, "9 is no tier"),
        ({"amount": {}}, "name at_least, below, or both"),
        ({"amount": {"at_least": 5, "below": 5}}, "is not above at_least"),
        ({"field": {"contact.X": "a"}}, "'contact.X' is no field"),
        ({"time": {"start": "09:00"}}, "name both start and end"),
        ({"time": {}}, "name days, or start and end"),
        ({"sending_rep": "ann"}, "'ann' is no e-mail address"),
        ({"segment": "SMB"}, "Extra inputs"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(when: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        When.model_validate(when)


@pytest.mark.parametrize(
    ("earlier", "later", "dead"),
    [
        ({"stage": ["customer", "active_deal"]}, {"stage": "customer", "tier": 1}, True),
        ({"stage": "customer"}, {"stage": ["customer", "prospecting"]}, False),
        ({"amount": {"at_least": 10}}, {"amount": {"at_least": 20, "below": 30}}, True),
        ({"amount": {"at_least": 10}}, {"amount": {"below": 30}}, False),
        ({"field": {"account.A": "*"}}, {"field": {"account.A": "x", "deal.B": "y"}}, True),
        ({"title": "VP*"}, {"title": "VP Sales"}, False),
        ({"tier": 1}, {"stage": "customer"}, False),
    ],
)
def test_a_route_behind_one_that_takes_all_of_its_signals_is_dead(
    earlier: dict[str, Any], later: dict[str, Any], dead: bool
) -> None:
    assert When.model_validate(earlier).covers(When.model_validate(later)) is dead
    routes = [
        {"name": "one", "when": earlier, "to": "ae"},
        {"name": "two", "when": later, "to": "bdr"},
        {"name": "rest", "to": "claim_channel"},
    ]
    if dead:
        with pytest.raises(ValidationError, match="'two' is never reached, as 'one' before it"):
            policy(routes=routes)
    else:
        assert policy(routes=routes)


def test_a_route_that_goes_on_copies_and_another_assigns() -> None:
    made = policy(
        routes=[
            {"name": "big", "when": {"amount": {"at_least": 1}}, "to": "csm", "continue": True},
            {"name": "all", "to": "ae", "watchers": ["bdr", "#floor", "ae", "csm"]},
        ]
    )
    decision = decided(KNOWN, made)
    assert decision.assignee_name == "Ann"
    assert [(one.name, one.why) for one in decision.watchers] == [
        ("Cid", "a copy by the route big, as CSM__c of Acme names them"),
        ("Bea", "a watcher of the route all, as BDR__c of Acme names them"),
        ("#floor", "a watcher of the route all"),
    ]


def test_the_last_route_must_assign() -> None:
    with pytest.raises(ValidationError, match="the last route must be a catch-all"):
        policy(routes=[{"name": "all", "to": "ae", "continue": True}])


def test_what_is_suppressed_disturbs_nobody_and_says_why() -> None:
    made = policy(suppress=[{"name": "a competitor looks around", "when": {"tier": [1]}}])
    decision = decided(KNOWN, made)
    assert decision.outcome is Outcome.EXPLAIN
    assert decision.reason == "suppressed: a competitor looks around"
    assert decided(KNOWN, made, of=signal("reply")).outcome is not Outcome.EXPLAIN


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"suppress": [{"name": "all", "when": {}}]}, "nobody would ever be told"),
        (
            {"routes": [{"name": "x", "to": "pool:none"}]},
            "'x' goes to 'pool:none', which is no role",
        ),
        (
            {"routes": [{"name": "x", "to": "ae", "watchers": ["floor"]}]},
            "'x' is watched by 'floor', which is no role",
        ),
        ({"routes": [{"name": "x", "to": "ae", "ladder": "slow"}]}, "'slow' is not in ladders"),
        (
            {"ladders": {"slow": [{"to": "admin"}]}},
            "'slow' is used by no route and is no signal class",
        ),
        (
            {"ladders": {"reply": [{"to": "remind"}, {"to": "admin"}]}},
            "begins with a reminder of nothing",
        ),
    ],
)
def test_what_a_policy_names_must_be_there(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        policy(**changes)


def test_roles_may_come_from_fields_of_the_deal_and_from_territories() -> None:
    from routing.nouns import GroupMember

    people = team() | {"u-eve": person("eve")}
    known = facts(
        deals=(deal(fields={"SE__c": "u-eve"}),),
        territories=WEST,
        group_members=(GroupMember(id="g1", group_id="t1", person_id="u-dan", role="AE"),),
        people=people,
    )
    made = policy(
        roles={"se": ["field:deal.SE__c"], "local": ["territory:ae"]},
        routes=[
            {"name": "one", "when": {"signal": "multi_open"}, "to": "se"},
            {"name": "two", "to": "local"},
        ],
    )
    assert decided(known, made).assignee_name == "Eve"
    second = decided(known, made, of=signal("form"))
    assert second.assignee_name == "Dan"
    assert "they are ae in the territory West" in second.reason
