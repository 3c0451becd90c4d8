from __future__ import annotations

from datetime import timedelta

import pytest

from routing.policy import Policy, StageClass
from routing.snapshot import Snapshot
from routing.stages import Standing, standing
from tests.unit.routing_kit import NOW, account, deal, decided, facts, first, policy


def stand(snapshot: Snapshot, rules: Policy | None = None) -> Standing:
    return standing(snapshot, rules or policy())


@pytest.mark.parametrize(
    ("deals", "stage", "rep"),
    [
        ((), StageClass.PROSPECTING, "bea"),
        ((deal(stage="s1"),), StageClass.PROSPECTING, "bea"),
        ((deal(stage="lost"),), StageClass.PROSPECTING, "bea"),
        ((deal(stage="s2"),), StageClass.ACTIVE_DEAL, "ann"),
        ((deal(stage="won"),), StageClass.CUSTOMER, "cid"),
        ((deal("d1", "won"), deal("d2", "s2")), StageClass.ACTIVE_DEAL, "ann"),
        ((deal("d1", "won"), deal("d2", "s1")), StageClass.CUSTOMER, "cid"),
    ],
)
def test_the_stage_of_the_deals_says_whose_the_account_is(
    deals: tuple[object, ...], stage: StageClass, rep: str
) -> None:
    decision = decided(facts(deals=deals))
    assert decision.stage_class is stage
    assert first(decision) == f"{rep}@team.example"


@pytest.mark.parametrize("kind", ["Customer", "customer - direct", "CUSTOMER"])
def test_the_type_of_the_account_makes_a_customer_without_any_deal(kind: str) -> None:
    where = stand(facts(deals=(), account=account(kind=kind)))
    assert where.stage_class is StageClass.CUSTOMER
    assert where.why == f"the account is of type {kind}"


def test_the_type_prospect_makes_no_customer() -> None:
    where = stand(facts(deals=(), account=account(kind="Prospect")))
    assert where.stage_class is StageClass.PROSPECTING


@pytest.mark.parametrize("word", ["customer", "Customer", " active deal ", "Active_Deal"])
def test_a_stage_set_by_hand_goes_before_the_deals(word: str) -> None:
    where = stand(facts(deals=(), account=account(fields={"stage_class": word})))
    assert where.stage_class.value == word.strip().lower().replace(" ", "_")
    assert where.why == "set by hand on the account"


def test_a_stage_set_by_hand_keeps_the_open_deal_and_its_owner() -> None:
    by_hand = account(fields={"stage_class": "active_deal"}, owner_id="u-ben")
    decision = decided(facts(deals=(deal(stage="s1"),), account=by_hand))
    assert (decision.deal_id, first(decision)) == ("d1", "ann@team.example")


def test_a_word_that_is_no_stage_is_not_taken_for_one() -> None:
    where = stand(facts(account=account(fields={"stage_class": "platinum"})))
    assert where.stage_class is StageClass.ACTIVE_DEAL


def test_the_deal_furthest_in_its_pipeline_is_the_one_that_counts() -> None:
    deals = (deal("d1", "s2", amount=900_000.0), deal("d2", "s3", amount=5.0))
    assert stand(facts(deals=deals)).deal == deals[1]


def test_of_two_deals_in_one_stage_the_larger_counts() -> None:
    deals = (deal("d1", amount=None), deal("d2", amount=7.0), deal("d3", amount=5.0))
    assert stand(facts(deals=deals)).deal == deals[1]


def test_of_two_equal_deals_the_name_decides_so_that_any_crm_gives_the_same() -> None:
    deals = (deal("d1", name="Zulu"), deal("d2", name="Alpha"))
    assert stand(facts(deals=deals)).deal == deals[1]


def test_of_several_won_deals_the_latest_counts() -> None:
    deals = (
        deal("d1", "won", closed_at=NOW - timedelta(days=900), amount=9.0),
        deal("d2", "won", closed_at=NOW - timedelta(days=9)),
        deal("d3", "won"),
    )
    assert stand(facts(deals=deals)).deal == deals[1]


def test_the_deals_of_the_prospect_go_before_those_of_the_account() -> None:
    deals = (deal("d1", "s3", owner_id="u-ann"), deal("d2", "s2", owner_id="u-ben"))
    decision = decided(facts(deals=deals, prospect_deals=frozenset({"d2"})))
    assert (decision.deal_id, first(decision)) == ("d2", "ben@team.example")


def test_a_prospect_with_lost_deals_alone_is_judged_by_the_account() -> None:
    deals = (deal("d1", "s3"), deal("d2", "lost"))
    assert stand(facts(deals=deals, prospect_deals=frozenset({"d2"}))).deal == deals[0]


def test_the_policy_may_always_look_at_the_deals_of_the_whole_account() -> None:
    deals = (deal("d1", "s3"), deal("d2", "s2"))
    snapshot = facts(deals=deals, prospect_deals=frozenset({"d2"}))
    assert stand(snapshot, policy(deals_of="account")).deal == deals[0]


def test_the_labels_of_stages_are_compared_without_regard_to_case() -> None:
    rules = policy(
        stage_classes=[
            {"stage": "active_deal", "open_deal_in": ["NEGOTIATION"]},
            {"stage": "prospecting"},
        ]
    )
    assert stand(facts(), rules).stage_class is StageClass.ACTIVE_DEAL
    assert stand(facts(deals=(deal(stage="s2"),)), rules).stage_class is StageClass.PROSPECTING


def test_every_condition_of_a_stage_rule_must_hold() -> None:
    rules = policy(
        stage_classes=[
            {"stage": "customer", "won_deal": True, "account_kind": ["gold*"]},
            {"stage": "active_deal", "won_deal": False, "open_deal_in": ["Negotiation"]},
            {"stage": "prospecting"},
        ]
    )
    won, open_ = deal("d1", "won"), deal("d2", "s3")
    gold = account(kind="Gold")
    assert stand(facts(deals=(won,)), rules).stage_class is StageClass.PROSPECTING
    assert stand(facts(deals=(won,), account=gold), rules).stage_class is StageClass.CUSTOMER
    assert stand(facts(deals=(won, open_)), rules).stage_class is StageClass.PROSPECTING
    where = stand(facts(deals=(open_,)), rules)
    assert where.stage_class is StageClass.ACTIVE_DEAL
    assert where.why == "the deal “Deal d2” is open in stage Negotiation and no deal was won"


def test_a_stage_that_is_not_mirrored_is_called_by_its_id() -> None:
    decision = decided(facts(deals=(deal(stage="0062-custom"),)))
    assert decision.stage_label == "0062-custom"
    assert decision.stage_class is StageClass.ACTIVE_DEAL


def test_an_early_deal_is_named_and_its_owner_found_although_it_makes_no_stage() -> None:
    rules = policy(routes=[{"name": "All", "to": ["ae"]}])
    decision = decided(facts(deals=(deal(stage="s1", owner_id="u-ben"),)), rules)
    assert decision.stage_class is StageClass.PROSPECTING
    assert (decision.deal_name, decision.stage_label) == ("Deal d1", "Prospecting")
    assert first(decision) == "ben@team.example"
