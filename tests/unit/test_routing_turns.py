"""Pools and queues: whose turn it is. Lead-to-account matching. Ladders by signal class."""

from __future__ import annotations

from typing import Any

import pytest

from routing.decide import next_step
from routing.matching import best_match, domains_to_try
from routing.names import name_key
from routing.nouns import Account, GroupMember
from routing.policy_parts import Matching
from routing.snapshot import AccountMatch, Load
from tests.unit.routing_kit import NOW, away, decided, facts, first, path, person, policy, team

POOL = {"inbound": {"members": [{"person": "ann@team.example"}, {"person": "ben@team.example"}]}}
INBOUND = [{"name": "all", "to": ["pool:inbound", "claim_channel"]}]


def turned(pools: dict[str, Any] = POOL, **known: Any) -> Any:
    return decided(facts(**known), policy(pools=pools, routes=INBOUND))


def test_the_member_with_the_fewest_turns_is_next() -> None:
    assert turned().assignee_name == "Ann"
    second = turned(turns={"inbound": {"u-ann": 1}})
    assert (second.assignee_name, second.turn) == ("Ben", "inbound")
    assert "it is their turn in the pool inbound" in second.reason


def test_of_twice_the_weight_come_twice_the_alerts() -> None:
    members = [{"person": "ann@team.example", "weight": 2}, {"person": "ben@team.example"}]
    pools = {"inbound": {"members": members}}
    given = {"u-ann": 0, "u-ben": 0}
    for _ in range(9):
        taken = turned(pools, turns={"inbound": dict(given)}).assignee_id
        given[taken] += 1
    assert given == {"u-ann": 6, "u-ben": 3}


def test_who_is_away_or_has_enough_is_passed_over_and_named() -> None:
    gone = turned(out_of_office=(away("ann"),))
    assert gone.assignee_name == "Ben"
    assert "Ann is out of office until" in gone.reason
    full = turned({"inbound": {**POOL["inbound"], "most_open": 3}}, loads={"u-ann": Load(open=3)})
    assert "Ann has 3 open alerts, and 3 are the most" in full.reason
    day = turned({"inbound": {**POOL["inbound"], "most_a_day": 5}}, loads={"u-ann": Load(today=7)})
    assert "Ann had 7 alerts in 24 hours, and 5 are the most" in day.reason


def test_when_nobody_of_the_pool_can_the_next_target_is_taken() -> None:
    decision = turned(out_of_office=(away("ann"), away("ben")))
    assert first(decision) == "#hot-leads"
    assert "nobody of the pool inbound can take a turn" in decision.reason


def test_a_queue_of_the_crm_is_a_pool_of_its_members() -> None:
    people = team() | {"q1": person("q1", id="q1", name="New Leads", queue=True)}
    members = tuple(
        GroupMember(id=f"g{one}", group_id="q1", person_id=f"u-{one}") for one in ("cid", "dan")
    )
    rules = policy(routes=[{"name": "all", "to": ["queue:new leads", "claim_channel"]}])
    decision = decided(facts(people=people, group_members=members), rules)
    assert (decision.assignee_name, decision.turn) == ("Cid", "queue:new leads")
    assert first(decided(facts(people=people), rules)) == "#hot-leads"


ACME = Account(id="a1", name="Acme, Inc.", domain="acme.example")
OTHER = Account(id="a2", name="Acme Labs GmbH", domain="labs.example")


@pytest.mark.parametrize(
    ("email", "company", "found"),
    [
        ("x@acme.example", "", ("a1", 0.9)),
        ("x@mail.acme.example", "", ("a1", 0.8)),
        ("x@acme.example", "ACME inc", ("a1", 0.98)),
        ("x@gmail.com", "Acme", ("a1", 0.75)),
        ("x@gmail.com", "The Acmé Labs Ltd.", ("a2", 0.75)),
        ("x@elsewhere.example", "Zeta", None),
        ("x@gmail.com", "", None),
    ],
)
def test_a_prospect_finds_an_account_by_domain_and_by_name(
    email: str, company: str, found: tuple[str, float] | None
) -> None:
    match = best_match(email, company, (OTHER, ACME), Matching())
    assert (match and (match.account_id, match.confidence)) == found


def test_two_that_fit_equally_well_are_no_match() -> None:
    twin = Account(id="a3", name="Acme UK", domain="acme.example")
    assert best_match("x@acme.example", "", (ACME, twin), Matching()) is None
    assert best_match("x@acme.example", "Acme", (ACME, twin), Matching()) is not None


def test_what_is_not_sure_enough_is_no_match() -> None:
    assert best_match("x@gmail.com", "Acme", (ACME,), Matching(least_confidence=0.8)) is None


def test_names_are_compared_without_legal_forms_and_domains_level_by_level() -> None:
    assert name_key("The Föö & Bar Holding GmbH") == "foo bar"
    assert domains_to_try("a@x.y.example", Matching()) == ("x.y.example", "y.example")
    assert domains_to_try("a@y.example", Matching(public_domains=("y.example",))) == ()


def test_the_receipt_says_how_the_account_was_found() -> None:
    match = AccountMatch(account_id="a-acme", confidence=0.9, why="their e-mail is of acme.example")
    notes = decided(facts(match=match)).notes
    said = "the account was found as their e-mail is of acme.example (confidence 0.90)"
    assert said in notes


FAST = {
    "positive_reply": [
        {"to": "assignee", "wait": 5},
        {"to": "remind", "wait": 5},
        {"to": "manager", "wait": 10},
        {"to": "admin"},
    ]
}


def test_each_signal_class_may_have_a_ladder_of_its_own() -> None:
    from tests.unit.routing_kit import positive

    rules = policy(ladders=FAST)
    fast = decided(facts(), rules, of=positive())
    assert (fast.ladder, path(fast)) == ("positive_reply", ["ann", "ann", "mia", "ada"])
    slow = decided(facts(), rules)
    assert (slow.ladder, path(slow)[:2]) == ("", ["ann", "ben"])


def test_a_reminder_goes_where_the_alert_was_told_and_nowhere_else() -> None:
    rules = policy(ladders=FAST)
    told = frozenset({"slack:person:ann@team.example"})

    def after(reached: int, known: Any, declined: frozenset[str] = frozenset()) -> Any:
        return next_step("u-ann", reached, told, declined, known, rules, NOW, "positive_reply")

    again = after(0, facts())
    assert (again.kind.value, again.place.address) == ("remind", "ann@team.example")
    assert after(1, facts()).place.address == "mia@team.example"
    assert after(0, facts(out_of_office=(away("ann"),))).place.address == "mia@team.example"
    assert after(0, facts(), frozenset({"u-ann"})).place.address == "mia@team.example"
