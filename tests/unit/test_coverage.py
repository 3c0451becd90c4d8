"""The proof of coverage: equal to the decision, complete, and with the mend of every hole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from routing.coverage import AccountFacts, Coverage, cover
from routing.coverage_findings import Finding, FindingKind, findings, heat
from routing.decide import decide
from routing.nouns import Account, Deal, RoleHolding
from routing.policy import Policy, RungKind, SignalClass, StageClass
from routing.snapshot import Snapshot
from routing.supposing import signal_of
from tests.unit.routing_kit import NOW, STAGES, account, away, deal, ladder, places, policy, team

MOMENTS = [NOW + timedelta(days=number) for number in range(5)]
NARROW = {"ladder": ladder("assignee", "backup", "admin"), "places": places(claim_channel=None)}
TO_OWNER = [{"name": "all", "to": ["ae", "person:dan@team.example"]}]


def company(**more: Any) -> Snapshot:
    return Snapshot(**{"people": team(), "stages": STAGES, **more})


def one(rules: Policy, team_facts: Snapshot, *accounts: AccountFacts) -> Coverage:
    return cover(accounts or (AccountFacts(account=account()),), team_facts, rules, MOMENTS)


def kinds(found: list[Finding]) -> set[FindingKind]:
    return {one.kind for one in found}


def test_every_stage_signal_and_day_has_an_answer() -> None:
    [group] = one(policy(), company()).groups
    assert set(group.told) == {(stage, signal) for stage in StageClass for signal in SignalClass}
    assert {len(told) for told in group.told.values()} == {5}
    assert group.told[(StageClass.PROSPECTING, SignalClass.OPEN)][0].name == "Bea"  # type: ignore[union-attr]
    assert group.told[(StageClass.CUSTOMER, SignalClass.OPEN)][0].name == "Cid"  # type: ignore[union-attr]


def test_the_proof_says_what_the_decision_would_say() -> None:
    facts = AccountFacts(
        account=account(),
        deals=(deal(), deal("d2", stage="s1", owner_id="u-ben")),
        holdings=(RoleHolding(id="h", person_id="u-dan", role="CSM", account_id="a-acme"),),
    )
    known = company(
        out_of_office=(away("ann", until=50), away("bea", since=20, until=70), away("ben"))
    )
    for rules in (policy(), policy(**NARROW, routes=TO_OWNER)):
        [group] = one(rules, known, facts).groups
        for (stage, signal_class), told in group.told.items():
            for moment, recipient in zip(MOMENTS, told, strict=True):
                as_if = account(fields={"stage_class": stage.value})
                snapshot = Snapshot(
                    account=as_if,
                    deals=facts.deals,
                    holdings=facts.holdings,
                    people=known.people,
                    stages=known.stages,
                    out_of_office=known.out_of_office,
                )
                decision = decide(signal_of(signal_class, moment), snapshot, rules, moment)
                first, *rest = decision.steps
                assert recipient is not None
                assert (recipient.address, recipient.kind) == (first.place.address, first.kind)
                assert recipient.then == tuple(step.name for step in rest)


def test_accounts_that_no_rule_can_tell_apart_are_asked_about_once() -> None:
    many = [
        AccountFacts(account=Account(id=f"a{n}", name=f"A {n}", owner_id=f"u-{who}"))
        for n, who in enumerate(["ann", "ben"] * 50)
    ]
    seen: list[int] = []
    found = cover(many, company(), policy(), MOMENTS, seen.append)
    assert (len(found.groups), found.accounts, seen[-1]) == (2, 100, 100)


def test_an_amount_splits_accounts_only_where_a_route_asks_for_it() -> None:
    def rich(key: str, amount: float) -> AccountFacts:
        made = Deal(id=f"d-{key}", name="D", stage_id="s3", owner_id="u-ann", amount=amount)
        return AccountFacts(account=Account(id=key, name=key, owner_id="u-ann"), deals=(made,))

    both = (rich("a1", 10), rich("a2", 10_000))
    assert len(one(policy(), company(), *both).groups) == 1
    routes = [
        {"name": "big", "when": {"amount": {"at_least": 1_000}}, "to": "person:dan@team.example"},
        {"name": "rest", "to": "ae"},
    ]
    assert len(one(policy(routes=routes), company(), *both).groups) == 2


def test_a_hole_names_the_days_and_the_line_that_mends_it() -> None:
    rules = policy(**NARROW, routes=TO_OWNER)
    known = company(people=team(ann={"backup_id": None}), out_of_office=(away("ann", until=30),))
    found = findings(one(rules, known), known, rules)
    hole = found[0]
    assert (hole.kind, hole.path, hole.accounts) == (FindingKind.HOLE, ("backups",), 1)
    assert hole.text == "Ann is away and nobody covers, so that only Ada is told"
    assert hole.mend == "write “ann@team.example: SOMEBODY” into backups"
    assert sorted(hole.days) == [moment.date() for moment in MOMENTS[:2]]
    mended = policy(**NARROW, routes=TO_OWNER, backups={"ann@team.example": "ben@team.example"})
    assert FindingKind.HOLE not in kinds(findings(one(mended, known), known, mended))


def test_who_nobody_owns_and_nobody_can_claim_is_a_hole() -> None:
    rules = policy(**NARROW, routes=[{"name": "all", "to": "ae"}])
    bare = AccountFacts(account=Account(id="a9", name="Orphan"))
    [hole, *_] = findings(one(rules, company(), bare), company(), rules)
    assert hole.kind is FindingKind.HOLE
    assert hole.mend == "let the route end in claim_channel, or name somebody behind the role"
    assert hole.samples == ["Orphan"]


@pytest.mark.parametrize(
    ("rules", "known", "unreachable", "kind"),
    [
        (policy(), company(people=team(ann={"backup_id": None})), (), FindingKind.NO_BACKUP),
        (
            policy(ladder=ladder("assignee", "admin")),
            company(),
            (),
            FindingKind.ALONE,
        ),
        (
            policy(),
            company(out_of_office=(away("ann"), away("ben"))),
            (),
            FindingKind.AWAY_TOGETHER,
        ),
        (policy(), company(), ("BEA@team.example",), FindingKind.UNREACHABLE),
    ],
)
def test_thin_spots_are_found(
    rules: Policy, known: Snapshot, unreachable: tuple[str, ...], kind: FindingKind
) -> None:
    found = findings(one(rules, known), known, rules, unreachable)
    assert kind in kinds(found)
    assert FindingKind.HOLE not in kinds(found)


def test_a_day_on_which_everybody_of_a_role_is_away_is_found() -> None:
    rules = policy(routes=TO_OWNER)
    known = company(out_of_office=(away("ann", until=30), away("ben", until=30)))
    accounts = [
        AccountFacts(account=Account(id=who, name=who, owner_id=f"u-{who}"))
        for who in ("ann", "ben")
    ]
    found = findings(one(rules, known, *accounts), known, rules)
    [gone] = [one for one in found if one.kind is FindingKind.ROLE_AWAY]
    assert gone.text == "everybody whom the route “all” assigns is away at once"
    assert sorted(gone.days) == [moment.date() for moment in MOMENTS[:2]]


def test_the_stage_that_accounts_are_in_can_be_looked_at_alone() -> None:
    rules = policy(**NARROW, routes=[{"name": "all", "to": "csm"}])
    known = company(people=team(cid={"active": False}))
    found = findings(one(rules, known), known, rules, present_only=True)
    assert {stage for hole in found if hole.is_hole for stage in hole.stages} == {
        StageClass.PROSPECTING
    }


def test_the_heat_map_counts_every_account_by_stage_signal_and_day() -> None:
    counts = heat(one(policy(), company(out_of_office=(away("ann"),))))
    assert len(counts) == len(StageClass) * len(SignalClass)
    assert {sum(day.values()) for row in counts.values() for day in row} == {1}
    row = counts[(StageClass.ACTIVE_DEAL, SignalClass.MULTI_OPEN)]
    assert row[0] == {RungKind.BACKUP: 1}
    assert row[-1] == {RungKind.ASSIGNEE: 1}


def test_what_is_suppressed_is_told_to_nobody_and_is_no_hole() -> None:
    rules = policy(suppress=[{"name": "plain opens", "when": {"signal": "open"}}])
    [group] = one(rules, company()).groups
    assert group.told[(StageClass.CUSTOMER, SignalClass.OPEN)] == (None,) * 5


def test_a_named_account_without_a_backup_is_found_although_its_rep_has_one_elsewhere() -> None:
    rows = [
        {"account": "Acme", "rep": "dan@team.example", "backup": "ben@team.example"},
        {"account": "Beta", "rep": "dan@team.example"},
    ]
    rules = policy(named_accounts=rows, routes=[{"name": "all", "to": ["named_rep"]}])
    both = [AccountFacts(account=Account(id=name, name=name)) for name in ("Acme", "Beta")]
    found = findings(one(rules, company(), *both), company(), rules)
    [thin] = [one for one in found if one.kind is FindingKind.NO_BACKUP]
    assert thin.text == "Dan has no backup for the named account Beta"
    assert (thin.path, thin.samples) == (("named_accounts", 1), ["Beta"])
