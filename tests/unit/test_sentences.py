"""The team's own sentences, held against accounts, with the case in which one does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from routing.conditions import When
from routing.coverage import AccountFacts
from routing.nouns import Territory
from routing.policy import Policy
from routing.sentences import Court, Sentences, Verdict
from routing.snapshot import Snapshot
from tests.unit.routing_kit import NOW, STAGES, account, away, deal, policy, team

ACME = AccountFacts(account=account(), deals=(deal(),))
BETA = AccountFacts(
    account=account(
        id="a-beta", name="Beta", domain="beta.example", kind="Customer", owner_id="u-ben"
    )
)
PEOPLE = Snapshot(people=team(), stages=STAGES)


def noons(day: date | None, days: int) -> Sequence[datetime]:
    first = NOW if day is None else datetime(day.year, day.month, day.day, 14, tzinfo=NOW.tzinfo)
    return [first + timedelta(days=number) for number in range(days)]


def verdict(test: dict[str, Any], rules: Policy | None = None, known: Snapshot = PEOPLE) -> Verdict:
    sentences = Sentences.model_validate({"tests": [{"say": "x", **test}]})
    court = Court(sentences, known, rules or policy(), noons)
    court.hear([ACME, BETA], lambda _: None)
    return court.verdicts[0]


def to_bdr() -> Policy:
    return policy(routes=[{"name": "all", "to": "bdr"}])


def test_a_customer_never_reaches_a_bdr() -> None:
    never = {"given": {"stage": "customer"}, "never": {"role": "bdr"}}
    assert verdict(never).ok
    wrong = verdict(never, to_bdr())
    assert (wrong.accounts, wrong.failing) == (2, 2)
    assert wrong.counterexample is not None
    assert (wrong.counterexample.account, wrong.counterexample.recipient) == (
        "Acme",
        "Bea (bea@team.example)",
    )
    assert wrong.counterexample.why.startswith("route “all”: BDR__c of Acme names them")


def test_who_holds_the_role_counts_although_another_rule_names_them() -> None:
    named = policy(routes=[{"name": "all", "to": "person:bea@team.example"}])
    assert not verdict({"given": {"stage": "customer"}, "never": {"role": "bdr"}}, named).ok


def test_acme_always_reaches_ann_or_her_backup() -> None:
    given = {"account": "Acme", "away": "ann@team.example"}
    person = {"person": "ann@team.example"}
    assert verdict({"given": {"account": "Acme"}, "always": person}).ok
    assert not verdict({"given": given, "always": person}).ok
    covered = verdict({"given": given, "always": {**person, "or_backup": True}})
    assert (covered.ok, covered.accounts) == (True, 1)


def test_any_rung_looks_behind_the_first() -> None:
    assert verdict({"given": {"stage": "any"}, "never": {"person": "mia@team.example"}}).ok
    deep = {"person": "mia@team.example", "rung": "any"}
    assert not verdict({"given": {"stage": "any"}, "never": deep}).ok


def test_the_stage_of_now_or_as_if() -> None:
    csm = {"always": {"role": "csm"}}
    assert verdict({"given": {"stage": "customer"}, **csm}).accounts == 2
    assert verdict({"given": {"stage": "customer", "present": True}, **csm}).accounts == 1
    assert not verdict(csm).ok  # Acme is an active deal now


def test_days_and_known_absences() -> None:
    known = Snapshot(people=team(), stages=STAGES, out_of_office=(away("cid", since=40, until=60),))
    csm = {"given": {"stage": "customer"}, "always": {"role": "csm"}}
    assert verdict(csm, known=known).ok
    later = verdict({**csm, "given": {"stage": "customer", "days": 4}}, known=known)
    assert later.counterexample is not None
    assert later.counterexample.day == date(2026, 5, 27)
    assert not verdict({**csm, "given": {"stage": "customer", "day": "2026-05-27"}}, known=known).ok


def test_fields_kinds_lists_and_named_accounts_choose_accounts() -> None:
    rules = policy(
        account_lists={"best": ["be*"]},
        named_accounts=[{"account": "Beta", "rep": "ben@team.example"}],
    )
    some = {"always": {"channel": "#x"}}
    for given in (
        {"account_kind": "cust*"},
        {"account_list": "best"},
        {"named_account": True},
        {"account": "beta.example"},
    ):
        assert verdict({"given": given, **some}, rules).accounts == 1
    assert verdict({"given": {"field": {"account.BDR__c": "u-*"}}, **some}).accounts == 2


def test_an_invented_account_is_not_the_mirrors() -> None:
    given = {
        "stage": "prospecting",
        "made_up": {"name": "New", "fields": {"BDR__c": "dan@team.example"}},
    }
    one = verdict({"given": given, "always": {"person": "dan@team.example"}})
    assert (one.ok, one.accounts) == (True, 1)


def test_a_sentence_about_nothing_does_not_hold() -> None:
    assert not verdict({"given": {"account": "Nobody"}, "never": {"role": "bdr"}}).ok


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"never": {"role": "bdr"}, "always": {"role": "ae"}},
        {"never": {}},
        {"never": {"role": "bdr"}, "given": {"field": {"person.X": "y"}}},
        {"never": {"role": "bdr"}, "given": {"known_prospect": False, "title": "CTO"}},
        {"never": {"role": "bdr"}, "given": {"signal": "form", "kind": "reply"}},
        {"never": {"role": "bdr"}, "given": {"title": ["x"] * 15, "language": ["y"] * 15}},
        {"never": {"role": "bdr"}, "given": {"time": "7pm"}},
        {"never": {"role": "bdr"}, "given": {"confidence": 2}},
        {"never": {"role": "bdr"}, "given": {"present": True}},
        {"never": {"role": "bdr"}, "given": {"stage": "gold"}},
        {"never": {"role": "bdr"}, "given": {"days": 0}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Sentences.model_validate({"tests": [{"say": "x", **wrong}]})


RICH = AccountFacts(
    account=account(fields={"Segment__c": "Enterprise"}),
    deals=(deal(amount=60_000.0, pipeline_id="p2", fields={"Region__c": "EMEA"}),),
    territories=("t-west",),
)
KNOWN = Snapshot(
    people=team(),
    stages=STAGES,
    territories=(Territory(id="t-west", name="West"), Territory(id="t-east", name="East")),
)
BETA_ALONE = {"account": "Beta"}
CONDITIONS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "stage": ("customer", {"stage": "customer"}, {"stage": "prospecting"}),
    "signal": ("form", {"signal": "form"}, {"signal": ["click", "reply"]}),
    "named_account": (True, {"named_account": True}, {"named_account": False}),
    "known_prospect": (True, {"known_prospect": True}, {"known_prospect": False}),
    "kind": ("reply", {"kind": "reply"}, {"kind": ["click", "open"]}),
    "tier": ([4], {"tier": 4}, {"tier": [1, 5]}),
    "confidence": ({"below": 0.5}, {"confidence": 0.3}, {"confidence": [0.5, 0.9]}),
    "sentiment": ("negative", {"sentiment": "negative"}, {"sentiment": "positive"}),
    "language": ("de", {"language": "DE"}, {"language": "en"}),
    "sending_rep": (
        "ann@team.example",
        {"sending_rep": "Ann@team.example"},
        {"sending_rep": "ben@team.example"},
    ),
    "pipeline": ("p2", {"pipeline": "p2"}, BETA_ALONE),
    "deal_stage": ("Nego*", {"deal_stage": "Negotiation"}, BETA_ALONE),
    "amount": ({"at_least": 50_000}, {"amount": {"at_least": 55_000}}, BETA_ALONE),
    "field": (
        {"deal.Region__c": "EM*", "account.Segment__c": "Enterprise", "prospect.Level__c": "C*"},
        {"field": {"deal.Region__c": "EMEA", "prospect.Level__c": "CEO"}},
        {"field": {"account.Segment__c": "Enterprise", "prospect.Level__c": "Dev"}},
    ),
    "account_kind": ("Customer", {"account_kind": "cust*"}, {"account": "Acme"}),
    "territory": ("West", {"territory": "west"}, BETA_ALONE),
    "account_list": ("best", {"account_list": "best"}, {"account": "Acme"}),
    "title": ("*security*", {"title": ["Head of Security", "security"]}, {"title": "CTO"}),
    "contact_role": (
        "Decision*",
        {"contact_role": "Decision Maker", "account": "Acme"},
        {"contact_role": "Decision Maker", **BETA_ALONE},
    ),
    "time": ({"start": "18:00", "end": "20:00"}, {"time": "19:59"}, {"time": ["17:59", "20:00"]}),
}


def test_every_condition_of_a_route_can_be_given() -> None:
    assert set(CONDITIONS) == set(When.model_fields)


@pytest.mark.parametrize("name", CONDITIONS)
def test_what_is_given_meets_the_condition_or_does_not(name: str) -> None:
    value, meeting, other = CONDITIONS[name]
    rules = policy(
        routes=[
            {"name": "one", "when": {name: value}, "to": "person:dan@team.example"},
            {"name": "else", "to": "claim_channel"},
        ],
        account_lists={"best": ["be*"]},
        named_accounts=[{"account": "Beta", "rep": "ben@team.example"}],
    )
    dan = {"person": "dan@team.example"}
    tests = [
        {"say": "it is Dan's", "given": meeting, "always": dan},
        {"say": "it is not", "given": other, "never": dan},
        {"say": "it is not Dan's", "given": meeting, "never": dan},
        {"say": "it is", "given": other, "always": dan},
    ]
    court = Court(Sentences.model_validate({"tests": tests}), KNOWN, rules, noons)
    court.hear([RICH, BETA], lambda _: None)
    assert [one.ok for one in court.verdicts] == [True, True, False, False]
    assert all(one.accounts for one in court.verdicts)


def test_a_case_says_what_was_supposed() -> None:
    given = {"title": ["CTO", "Head of Security"], "language": "de", "time": "23:30"}
    rules = policy(
        routes=[
            {"name": "one", "when": {"title": "*security"}, "to": "person:dan@team.example"},
            {"name": "else", "to": "claim_channel"},
        ],
        working_hours={"time_zone": "America/New_York"},
    )
    wrong = verdict({"given": given, "never": {"person": "dan@team.example"}}, rules)
    assert wrong.counterexample is not None
    assert wrong.counterexample.supposing == "language de, title Head of Security, at 23:30"
    assert wrong.counterexample.day == NOW.date()


def test_an_invented_account_may_have_a_deal_and_a_territory() -> None:
    rules = policy(
        routes=[
            {
                "name": "large",
                "when": {"amount": {"at_least": 1}, "territory": "East", "deal_stage": "Qualified"},
                "to": "ae",
            },
            {"name": "else", "to": "claim_channel"},
        ]
    )
    large = {"stage": "qualified", "amount": 5, "owner": "ben@team.example"}
    made_up = {"name": "New", "territory": "east", "deal": large}
    ben = {"person": "ben@team.example"}
    assert verdict({"given": {"made_up": made_up}, "always": ben}, rules, KNOWN).ok
    poor = {**made_up, "territory": "West"}
    assert verdict({"given": {"made_up": poor}, "never": ben}, rules, KNOWN).ok


def test_a_pool_and_a_named_rep_are_roles_too() -> None:
    rules = policy(
        pools={"inbound": {"members": [{"person": "dan@team.example"}]}},
        named_accounts=[{"account": "Beta", "rep": "ben@team.example"}],
        routes=[
            {"name": "named", "when": {"named_account": True}, "to": "named_rep"},
            {"name": "else", "to": "pool:inbound"},
        ],
    )
    assert verdict({"given": {"account": "Beta"}, "always": {"role": "named_rep"}}, rules).ok
    assert verdict({"given": {"account": "Acme"}, "always": {"role": "pool:inbound"}}, rules).ok


def test_an_automatic_reply_reaches_nobody() -> None:
    given = {"sentiment": "automatic"}
    assert verdict({"given": given, "never": {"role": "ae", "rung": "any"}}).ok


def test_the_backup_is_the_one_of_this_named_account() -> None:
    rows = [
        {"account": "Acme", "rep": "dan@team.example", "backup": "bea@team.example"},
        {"account": "Beta", "rep": "dan@team.example", "backup": "cid@team.example"},
    ]
    rules = policy(named_accounts=rows, routes=[{"name": "all", "to": "named_rep"}])
    dan = {"person": "dan@team.example", "or_backup": True}
    given = {"account": "Acme", "away": "dan@team.example"}
    assert verdict({"given": given, "always": dan}, rules).ok
    crossed = policy(
        named_accounts=[rows[0] | {"backup": "cid@team.example"}, rows[1]],
        routes=[{"name": "all", "to": "person:bea@team.example"}],
    )
    assert not verdict({"given": given, "always": dan}, crossed).ok
