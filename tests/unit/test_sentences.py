"""The team's own sentences, held against accounts, with the case in which one does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from routing.coverage import AccountFacts
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
        {"never": {"role": "bdr"}, "given": {"field": {"deal.X": "y"}}},
        {"never": {"role": "bdr"}, "given": {"present": True}},
        {"never": {"role": "bdr"}, "given": {"stage": "gold"}},
        {"never": {"role": "bdr"}, "given": {"days": 0}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Sentences.model_validate({"tests": [{"say": "x", **wrong}]})
