from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from routing.decide import decide
from routing.policy import Policy, RungKind
from tests.unit.routing_kit import (
    NOW,
    away,
    decided,
    facts,
    first,
    ladder,
    path,
    places,
    policy,
    signal,
    team,
    why_not,
)

PEOPLE = ("ann", "ben", "mia")


def backups(**pairs: str) -> Policy:
    """The policy with these backups."""
    made = {f"{one}@team.example": f"{other}@team.example" for one, other in pairs.items()}
    return policy(backups=made)


def named(rep: str, backup: str, **changes: Any) -> Policy:
    """The policy with Acme hard assigned."""
    row = {
        "account": "acme",
        "rep": f"{rep}@team.example",
        "backup": f"{backup}@team.example",
    }
    return policy(named_accounts=[row], routes=[{"name": "Named", "to": ["named_rep"]}], **changes)


def test_everybody_who_is_there_stands_on_the_ladder_in_the_order_of_the_policy() -> None:
    decision = decided(facts())
    assert path(decision) == ["ann", "ben", "#coverage", "mia", "ada"]
    assert [step.number for step in decision.steps] == [0, 1, 2, 3, 4]
    assert [step.wait for step in decision.steps] == [15, 20, 30, 60, 30]
    assert [step.kind for step in decision.steps] == [
        RungKind.ASSIGNEE,
        RungKind.BACKUP,
        RungKind.COVERAGE_CHANNEL,
        RungKind.MANAGER,
        RungKind.ADMIN,
    ]


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ((), "ann@team.example"),
        (("ann",), "ben@team.example"),
        (("ann", "ben"), "#coverage"),
        (PEOPLE, "#coverage"),
    ],
)
def test_who_is_away_is_skipped_at_once(gone: tuple[str, ...], told: str) -> None:
    decision = decided(facts(out_of_office=tuple(away(one) for one in gone)))
    assert first(decision) == told
    assert decision.assignee_name == "Ann"


@pytest.mark.parametrize(
    ("gone", "told"),
    [(("ann", "ben"), "mia"), (PEOPLE, "ada"), ((*PEOPLE, "ada"), "ada")],
)
def test_without_a_channel_the_manager_and_then_the_admin_is_told(
    gone: tuple[str, ...], told: str
) -> None:
    rules = policy(
        routes=[{"name": "All", "to": "ae"}],
        ladder=ladder("assignee", "backup", "coverage_channel", "manager", "admin")[:2]
        + ladder("manager", "admin"),
        places=places(claim_channel=None, coverage_channel=None),
    )
    decision = decided(facts(out_of_office=tuple(away(one) for one in gone)), rules)
    assert path(decision)[0] == told


def test_the_message_to_the_backup_says_whom_they_cover_and_why() -> None:
    decision = decided(facts(out_of_office=(away("ann", source="calendar"),)))
    assert decision.reason == (
        "Ann is the AE, as they own the deal “Deal d1”; Ben covers, as Ann is out of office until "
        "2026-05-26 14:00 UTC (calendar) (route: Active deals go to the AE)"
    )


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        (-1, 1, "ben"),
        (0, 1, "ben"),
        (-1, 0, "ann"),
        (0.01, 9, "ann"),
        (-9, -1, "ann"),
    ],
)
def test_an_absence_counts_from_its_start_up_to_but_not_at_its_end(
    since: float, until: float, told: str
) -> None:
    decision = decided(facts(out_of_office=(away("ann", since=since, until=until),)))
    assert path(decision)[0] == told


def test_of_two_absences_the_one_that_ends_last_is_named() -> None:
    rows = (away("ann", since=-2, until=2), away("ann", since=-1, until=48))
    (why,) = why_not(decided(facts(out_of_office=rows)), "Ann")
    assert why == "is out of office until 2026-05-27 14:00 UTC (crm)"


def test_the_backup_of_the_backup_covers_when_both_are_on_the_same_leave() -> None:
    snapshot = facts(out_of_office=(away("ann"), away("ben")), people=team())
    decision = decided(snapshot, backups(ann="ben", ben="dan"))
    assert path(decision)[0] == "dan"
    taken = next(one for one in decision.candidates if one.taken)
    assert (taken.name, taken.why) == ("Dan", "they are the backup of Ben")


def test_a_backup_of_the_policy_goes_before_the_one_of_the_crm() -> None:
    decision = decided(facts(), backups(ann="dan"))
    assert path(decision)[:2] == ["ann", "dan"]


def test_a_backup_that_the_crm_does_not_know_is_named_and_the_crm_is_asked() -> None:
    decision = decided(facts(), backups(ann="nobody"))
    assert path(decision)[:2] == ["ann", "ben"]
    assert why_not(decision, "nobody@team.example") == ["the CRM has no such user"]


def test_a_named_account_has_its_own_backup() -> None:
    snapshot = facts(out_of_office=(away("ann"),))
    decision = decided(snapshot, named("ann", "dan", backups={"ann@team.example": "b@c.example"}))
    assert path(decision)[0] == "dan"


def test_the_backup_of_a_named_account_covers_for_its_named_rep_alone() -> None:
    rules = named("cid", "dan").model_copy(update={"routes": policy().routes})
    assert path(decided(facts(), rules))[:2] == ["ann", "ben"]


def test_backups_that_cover_for_each_other_never_go_round_in_a_circle() -> None:
    people = team(ann={"backup_id": "u-ben"}, ben={"backup_id": "u-ann"})
    decision = decided(facts(people=people, out_of_office=(away("ann"), away("ben"))))
    assert first(decision) == "#coverage"
    assert why_not(decision, "nobody") == ["Ben has backups that go round in a circle"]


def test_a_rep_who_is_their_own_backup_has_none() -> None:
    decision = decided(facts(people=team(ann={"backup_id": "u-ann"})))
    assert path(decision) == ["ann", "#coverage", "mia", "ada"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"active": False}, "is no longer active"),
        ({"queue": True}, "is a queue and not a person"),
        ({"email": ""}, "has no e-mail address to be found by"),
    ],
)
def test_a_backup_who_cannot_act_is_refused_with_the_reason(
    change: dict[str, Any], why: str
) -> None:
    decision = decided(facts(people=team(ben=change)))
    assert path(decision) == ["ann", "#coverage", "mia", "ada"]
    assert why_not(decision, "Ben") == [why]


def test_empty_rungs_are_skipped_and_said_to_be_empty() -> None:
    people = team(ann={"backup_id": None, "manager_id": None})
    decision = decided(facts(people=people))
    assert path(decision) == ["ann", "#coverage", "ada"]
    assert why_not(decision, "nobody") == ["Ann has no backup", "Ann has no manager"]


def test_a_manager_whom_the_mirror_does_not_know_is_an_empty_rung() -> None:
    decision = decided(facts(people=team(ann={"manager_id": "u-x"})))
    assert "mia" not in path(decision)
    assert why_not(decision, "u-x") == ["the mirror does not know this person"]


def test_nobody_stands_on_the_ladder_twice() -> None:
    people = team(ann={"backup_id": "u-mia"})
    rules = policy(places=places(coverage_channel="#hot-leads", admins=["mia@team.example"]))
    decision = decided(facts(people=people), rules)
    assert path(decision) == ["ann", "mia", "#hot-leads"]
    assert why_not(decision, "Mia") == ["is already on an earlier rung"] * 2


def test_one_human_with_two_users_in_the_crm_is_told_once() -> None:
    people = team(ann={"backup_id": "u-ben"}, ben={"email": "ann@team.example"})
    decision = decided(facts(people=people))
    assert path(decision) == ["ann", "#coverage", "mia", "ada"]
    assert why_not(decision, "Ben") == ["is already on an earlier rung"]


def test_one_channel_for_coverage_and_claims_is_told_once() -> None:
    rules = policy(
        ladder=ladder("assignee", "coverage_channel", "claim_channel"),
        places=places(coverage_channel=None),
    )
    decision = decided(facts(), rules)
    assert path(decision) == ["ann", "#hot-leads"]
    assert why_not(decision, "#hot-leads") == ["this channel is already on an earlier rung"]


def test_two_channels_are_two_rungs() -> None:
    rules = policy(ladder=ladder("assignee", "coverage_channel", "claim_channel", "admin"))
    assert path(decided(facts(), rules)) == ["ann", "#coverage", "#hot-leads", "ada"]


def test_the_second_admin_is_told_when_the_first_is_away() -> None:
    rules = policy(places=places(admins=["ada@team.example", "dan@team.example"]))
    assert path(decided(facts(out_of_office=(away("ada"),)), rules))[-1] == "dan"


def test_an_admin_need_not_be_a_user_of_the_crm() -> None:
    rules = policy(places=places(admins=["Ops@Elsewhere.example"]))
    step = decided(facts(), rules).steps[-1]
    assert (step.place.address, step.person_id) == ("ops@elsewhere.example", None)


@pytest.mark.parametrize("admin", ["ada@team.example", "ops@elsewhere.example"])
def test_the_last_resort_is_the_first_admin_even_when_away_or_unknown(admin: str) -> None:
    rules = policy(
        routes=[{"name": "All", "to": "ae"}],
        ladder=ladder("assignee", "backup", "manager"),
        places={"admins": [admin, "dan@team.example"]},
    )
    gone = tuple(away(one) for one in (*PEOPLE, "ada", "dan"))
    decision = decided(facts(out_of_office=gone), rules)
    (step,) = decision.steps
    assert (step.place.address, step.kind, step.number) == (admin, RungKind.ADMIN, 3)
    last = decision.candidates[-1]
    assert last.why == "every rung is empty; an admin is always told"


def test_a_rep_who_is_back_is_asked_again() -> None:
    snapshot = facts(out_of_office=(away("ann", until=1),))
    back = decide(signal(), snapshot, policy(), NOW + timedelta(hours=1))
    assert path(back)[0] == "ann"


def test_a_ladder_may_begin_with_a_channel() -> None:
    decision = decided(facts(), policy(ladder=ladder("coverage_channel", "assignee")))
    assert path(decision) == ["#coverage", "ann"]
    assert "#coverage covers, as the ladder begins there" in decision.reason
