from __future__ import annotations

from routing.decide import dedup_key, next_step
from routing.policy import Policy
from routing.receipt import Step
from routing.snapshot import Snapshot
from tests.unit.routing_kit import (
    NOW,
    away,
    decided,
    facts,
    ladder,
    path,
    places,
    policy,
    prospect,
    signal,
    team,
)


def climb(
    snapshot: Snapshot,
    reached: int,
    asked: tuple[str, ...] = (),
    declined: tuple[str, ...] = (),
    *,
    rules: Policy | None = None,
    assignee: str | None = "u-ann",
) -> Step | None:
    places_asked = frozenset(
        f"slack:channel:{one}" if one.startswith("#") else f"slack:person:{one}@team.example"
        for one in asked
    )
    return next_step(
        assignee,
        reached,
        places_asked,
        frozenset(f"u-{one}" for one in declined),
        snapshot,
        rules or policy(),
        NOW,
    )


def whole(snapshot: Snapshot, rules: Policy | None = None) -> list[str]:
    """Everybody told in turn when nobody ever acts."""
    step: Step | None = decided(snapshot, rules).steps[0]
    asked: list[str] = []
    while step is not None:
        asked.append(step.place.address.removesuffix("@team.example"))
        step = climb(snapshot, step.number, tuple(asked), rules=rules)
    return asked


def test_climbing_tells_everybody_once_in_the_order_of_the_decision() -> None:
    assert whole(facts()) == path(decided(facts())) == ["ann", "ben", "#coverage", "mia", "ada"]


def test_the_top_of_the_ladder_is_the_end() -> None:
    assert climb(facts(), 4, ("ann", "ben", "#coverage", "mia", "ada")) is None


def test_a_place_that_has_the_alert_is_not_told_again() -> None:
    step = climb(facts(), 0, ("ann", "ben"))
    assert step is not None
    assert step.place.address == "#coverage"


def test_a_decliner_is_not_asked_again_and_their_backup_is() -> None:
    people = team(ann={"backup_id": "u-ben"}, ben={"backup_id": "u-dan"})
    step = climb(facts(people=people), 0, ("ann",), ("ann", "ben"))
    assert step is not None
    assert step.person_id == "u-dan"


def test_a_manager_who_declined_early_is_left_out_later() -> None:
    step = climb(facts(), 2, ("ann", "ben", "#coverage"), ("mia",))
    assert step is not None
    assert step.person_id == "u-ada"


def test_who_went_away_since_the_alert_fired_is_skipped() -> None:
    step = climb(facts(out_of_office=(away("ben"),)), 0, ("ann",))
    assert step is not None
    assert step.place.address == "#coverage"


def test_who_came_back_below_the_rung_that_was_reached_is_not_told_by_climbing() -> None:
    step = climb(facts(), 2, ("#coverage",))
    assert step is not None
    assert step.person_id == "u-mia"


def test_when_every_rung_is_empty_the_first_admin_is_told_although_they_declined() -> None:
    rules = policy(
        routes=[{"name": "All", "to": "ae"}],
        ladder=ladder("assignee", "backup", "manager", "admin"),
        places=places(claim_channel=None, coverage_channel=None),
    )
    everybody = ("ann", "ben", "mia", "ada")
    step = climb(facts(), 0, ("ann",), everybody, rules=rules)
    assert step is not None
    assert step.person_id == "u-ada"
    assert climb(facts(), 0, ("ann", "ada"), everybody, rules=rules) is None


def test_an_assignee_who_left_the_mirror_leaves_the_alert_to_the_claim_channel() -> None:
    people = {key: one for key, one in team().items() if key != "u-ann"}
    step = climb(facts(people=people), 0, ("ann",))
    assert step is not None
    assert step.place.address == "#hot-leads"


def test_an_unowned_alert_climbs_from_the_claim_channel_to_the_admin() -> None:
    step = climb(facts(), 2, ("#hot-leads",), assignee=None)
    assert step is not None
    assert step.person_id == "u-ada"


def test_one_alert_is_for_a_prospect() -> None:
    key = dedup_key(signal(thread_id="t1"), facts(), policy())
    assert key == dedup_key(signal(thread_id="t2"), facts(), policy())
    other = facts(prospect=prospect(id="c-other"))
    assert key != dedup_key(signal(thread_id="t1"), other, policy())


def test_one_alert_is_for_a_thread_where_the_policy_says_so() -> None:
    rules = policy(one_alert_per="thread")
    keys = {dedup_key(signal(thread_id=one), facts(), rules) for one in ("t1", "t2", "")}
    assert len(keys) == 3
    other = facts(prospect=prospect(id="c-other"))
    assert dedup_key(signal(thread_id="t1"), other, rules) not in keys


def test_a_prospect_that_the_crm_does_not_know_is_known_by_the_address() -> None:
    strangers = facts(prospect=None, account=None)
    one = dedup_key(signal(prospect_email="a@x.example"), strangers, policy())
    assert one == dedup_key(signal(prospect_email="a@x.example"), strangers, policy())
    assert one != dedup_key(signal(prospect_email="b@x.example"), strangers, policy())
