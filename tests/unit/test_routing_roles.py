from __future__ import annotations

from typing import Any

import pytest

from routing.policy import Policy
from tests.unit.routing_kit import (
    account,
    deal,
    decided,
    facts,
    first,
    holding,
    ladder,
    path,
    person,
    places,
    policy,
    prospect,
    team,
)


def by(*sources: str) -> Policy:
    """A policy with one role of these sources."""
    return policy(roles={"rep": list(sources)}, routes=[{"name": "All", "to": "rep"}])


def hard(backup: str | None = "dan@team.example", name: str = "acme.example") -> Policy:
    """A policy with one named account, and no channel to claim in."""
    row: dict[str, Any] = {"account": name, "rep": "cid@team.example", "backup": backup}
    return policy(
        named_accounts=[row],
        routes=[
            {"name": "Named", "when": {"named_account": True}, "to": "named_rep"},
            {"name": "Others", "to": "ae"},
        ],
        ladder=ladder("assignee", "backup", "manager", "admin"),
        places=places(claim_channel=None, coverage_channel=None),
    )


@pytest.mark.parametrize(
    ("source", "rep"),
    [
        ("owner:deal", "ann"),
        ("owner:account", "ben"),
        ("owner:prospect", "dan"),
        ("field:account.CSM__c", "cid"),
        ("team:bdr", "bea"),
        ("deal_team:Sales Engineer", "mia"),
        ("person:Ada@Team.example", "ada"),
        ("sending_rep", "ben"),
    ],
)
def test_each_source_names_its_person(source: str, rep: str) -> None:
    snapshot = facts(
        account=account(owner_id="u-ben"),
        prospect=prospect(owner_id="u-dan"),
        holdings=(holding("bea", "BDR"), holding("mia", "sales engineer", on="d1")),
    )
    decision = decided(snapshot, by(source), sending_rep="ben@team.example")
    assert first(decision) == f"{rep}@team.example"
    assert decision.role == "rep"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("owner:deal", "the deal “Deal d1” has no owner"),
        ("owner:account", "no account is known"),
        ("owner:prospect", "they own the prospect “Dana Reed”, but the mirror has no person u-x"),
        ("field:account.CSM__c", "CSM__c: no account is known"),
        ("team:BDR", "nobody is BDR in the team of the account"),
        ("deal_team:SE", "nobody is SE in the team of the deal"),
        ("sending_rep", "the signal names no sending rep"),
        ("person:x@y.example", "the policy names them, but the CRM has no user x@y.example"),
    ],
)
def test_a_source_that_names_nobody_says_why_and_the_next_is_asked(source: str, why: str) -> None:
    snapshot = facts(account=None, prospect=prospect(owner_id="u-x"), deals=(deal(owner_id=None),))
    decision = decided(snapshot, by(source, "person:ben@team.example"))
    assert first(decision) == "ben@team.example"
    assert why in decision.notes


def test_an_inactive_owner_is_passed_over_with_the_reason_and_the_fact() -> None:
    decision = decided(facts(people=team(ann={"active": False})), by("owner:deal", "team:BDR"))
    assert first(decision) == "#hot-leads"
    assert "they own the deal “Deal d1”, but Ann is no longer active" in decision.notes
    assert ("deal", "d1", "owner", "u-ann") in {
        (one.record, one.record_id, one.field, one.value) for one in decision.facts
    }


def test_a_queue_as_owner_is_nobody() -> None:
    people = team() | {"g-1": person("queue", id="g-1", name="Inbound", queue=True)}
    decision = decided(facts(people=people, deals=(deal(owner_id="g-1"),)), by("owner:deal"))
    assert decision.role == "unowned"
    assert "Inbound is a queue and not a person" in decision.reason


def test_a_queue_is_never_assigned_by_its_address_either() -> None:
    people = team() | {"g-1": person("queue", id="g-1", queue=True)}
    decision = decided(facts(people=people), by("person:queue@team.example"))
    assert decision.role == "unowned"


def test_of_two_in_a_team_the_one_who_is_still_there_is_taken() -> None:
    snapshot = facts(
        people=team(bea={"active": False}),
        holdings=(holding("bea", "BDR", key_id="h1"), holding("dan", "BDR", key_id="h2")),
    )
    assert first(decided(snapshot, by("team:BDR"))) == "dan@team.example"


def test_of_two_users_with_one_address_the_active_one_is_meant() -> None:
    people = team() | {"u-0": person("ben", id="u-0", active=False)}
    decision = decided(facts(people=people), by("person:ben@team.example"))
    assert decision.assignee_id == "u-ben"


def test_what_nobody_owns_goes_to_the_claim_channel() -> None:
    decision = decided(facts(account=account(owner_id=None), deals=(deal(owner_id=None),)))
    assert (decision.role, decision.assignee_id) == ("unowned", None)
    assert path(decision) == ["#hot-leads", "ada"]
    assert decision.reason.startswith("Nobody is assigned (the deal “Deal d1” has no owner")


def test_a_prospect_that_the_crm_does_not_know_goes_to_the_claim_channel() -> None:
    unknown = facts(prospect=None, account=None, deals=())
    assert path(decided(unknown)) == ["#hot-leads", "ada"]


def test_a_route_may_send_unknown_prospects_to_whoever_sent_the_thread() -> None:
    rules = policy(
        roles={"sender": ["sending_rep"]},
        routes=[
            {"name": "Strangers", "when": {"known_prospect": False}, "to": "sender"},
            {"name": "Else", "to": "claim_channel"},
        ],
    )
    unknown = facts(prospect=None, account=None, deals=())
    decision = decided(unknown, rules, sending_rep="ben@team.example")
    assert (decision.route, first(decision)) == ("Strangers", "ben@team.example")
    assert first(decided(facts(), rules)) == "#hot-leads"


def test_a_ladder_without_a_channel_still_lets_the_team_claim_what_nobody_owns() -> None:
    rules = policy(ladder=ladder("assignee", "backup", "manager", "admin"))
    unowned = decided(facts(account=None, deals=(deal(owner_id=None),)), rules)
    assert path(unowned) == ["#hot-leads", "ada"]
    assert path(decided(facts(), rules)) == ["ann", "ben", "mia", "ada"]


@pytest.mark.parametrize("name", ["acme.example", "ACME.example", "Acme", "acme", "A-ACME"])
def test_a_named_account_is_known_by_domain_name_or_id(name: str) -> None:
    decision = decided(facts(), hard(name=name))
    assert (decision.route, decision.role) == ("Named", "named_rep")
    assert path(decision) == ["cid", "dan", "mia", "ada"]


def test_an_account_that_is_not_named_goes_its_usual_way() -> None:
    decision = decided(facts(), hard(name="other.example"))
    assert (decision.route, first(decision)) == ("Others", "ann@team.example")


def test_the_named_backup_is_assigned_when_the_named_rep_has_left() -> None:
    decision = decided(facts(people=team(cid={"active": False})), hard())
    assert first(decision) == "dan@team.example"
    assert "dan@team.example is the named backup of this account" in decision.reason


def test_a_named_account_without_a_backup_uses_the_backup_of_the_crm() -> None:
    snapshot = facts(people=team(cid={"backup_id": "u-ben"}))
    assert path(decided(snapshot, hard(backup=None))) == ["cid", "ben", "mia", "ada"]
