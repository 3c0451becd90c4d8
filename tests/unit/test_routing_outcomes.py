from __future__ import annotations

import pytest

from routing.nouns import Sentiment
from routing.policy import SignalClass
from routing.receipt import Outcome, Place
from routing.snapshot import OpenAlert, Preference
from tests.unit.routing_kit import (
    NOW,
    away,
    decided,
    facts,
    first,
    ladder,
    places,
    policy,
    positive,
    signal,
    team,
)

OPEN = OpenAlert(id="al-1", signal_class=SignalClass.OPEN)


def wants(key: str, *classes: SignalClass) -> dict[str, Preference]:
    return {f"u-{key}": Preference(real_time=classes)}


def test_a_multi_open_is_an_alert_at_once() -> None:
    decision = decided(facts())
    assert decision.outcome is Outcome.ALERT
    assert decision.signal_class is SignalClass.MULTI_OPEN
    assert decision.digest_place is None


def test_a_positive_reply_is_an_alert_at_once() -> None:
    decision = decided(facts(), of=positive())
    assert decision.outcome is Outcome.ALERT
    assert decision.signal_class is SignalClass.POSITIVE_REPLY


@pytest.mark.parametrize("kind", ["open", "click", "visit", "form", "reply"])
def test_everything_else_waits_for_the_digest_of_the_rep(kind: str) -> None:
    decision = decided(facts(), kind=kind)
    assert decision.outcome is Outcome.DIGEST
    assert str(decision.digest_place) == "slack:person:ann@team.example"


def test_the_digest_of_a_rep_who_is_away_goes_to_the_backup() -> None:
    decision = decided(facts(out_of_office=(away("ann"),)), kind="click")
    assert str(decision.digest_place) == "slack:person:ben@team.example"


def test_an_automatic_reply_is_explained_and_disturbs_nobody() -> None:
    automatic = signal("reply", sentiment=Sentiment.AUTOMATIC)
    for snapshot in (facts(), facts(open_alert=OPEN)):
        decision = decided(snapshot, of=automatic)
        assert (decision.outcome, decision.steps) == (Outcome.EXPLAIN, ())
        assert decision.reason == "an automatic reply is no engagement"


@pytest.mark.parametrize("kind", ["rep_email", "rep_call", "rep_meeting"])
def test_the_reps_own_action_is_explained_as_a_response(kind: str) -> None:
    decision = decided(facts(), kind=kind)
    assert decision.outcome is Outcome.EXPLAIN
    assert decision.reason == "the rep's own action is a response"


@pytest.mark.parametrize("kind", ["multi_open", "click"])
def test_a_further_signal_joins_the_open_alert_whatever_it_is(kind: str) -> None:
    decision = decided(facts(open_alert=OPEN), kind=kind)
    assert (decision.outcome, decision.alert_id) == (Outcome.JOIN, "al-1")
    assert decision.reason == "an alert for this prospect is already open"
    assert decision.signal_class.value == kind


def test_a_signal_that_joins_by_thread_says_so() -> None:
    decision = decided(facts(open_alert=OPEN), policy(one_alert_per="thread"))
    assert decision.reason == "an alert for this thread is already open"


def test_a_rep_may_have_clicks_at_once() -> None:
    decision = decided(facts(preferences=wants("ann", SignalClass.CLICK)), kind="click")
    assert decision.outcome is Outcome.ALERT
    assert "Ann wants click at once" in decision.notes


def test_a_rep_may_leave_multi_opens_to_the_digest() -> None:
    snapshot = facts(preferences=wants("ann", SignalClass.POSITIVE_REPLY))
    assert decided(snapshot).outcome is Outcome.DIGEST
    assert decided(snapshot, of=positive()).outcome is Outcome.ALERT


def test_a_rep_without_a_wish_follows_the_policy() -> None:
    assert decided(facts(preferences={"u-ann": Preference()})).outcome is Outcome.ALERT


def test_the_wish_that_counts_is_the_one_of_the_rep_who_is_told() -> None:
    gone = (away("ann"),)
    quiet_ann = facts(out_of_office=gone, preferences=wants("ann"))
    assert decided(quiet_ann).outcome is Outcome.ALERT
    quiet_ben = facts(out_of_office=gone, preferences=wants("ben"))
    assert decided(quiet_ben).outcome is Outcome.DIGEST


def test_nobodys_wish_keeps_an_alert_from_a_channel() -> None:
    snapshot = facts(
        out_of_office=(away("ann"), away("ben")), preferences=wants("ann") | wants("ben")
    )
    decision = decided(snapshot)
    assert (decision.outcome, first(decision)) == (Outcome.ALERT, "#coverage")


def test_nobodys_wish_keeps_an_alert_from_the_manager_or_the_admin() -> None:
    rules = policy(
        routes=[{"name": "All", "to": "ae"}],
        ladder=ladder("assignee", "manager", "admin"),
        places={"admins": ["ada@team.example"]},
    )
    quiet = wants("mia") | wants("ada")
    gone = (away("ann"), away("mia"))
    for rows, told in ((gone[:1], "mia"), (gone, "ada")):
        decision = decided(facts(out_of_office=rows, preferences=quiet), rules)
        assert (decision.outcome, first(decision)) == (Outcome.ALERT, f"{told}@team.example")


def test_the_policy_may_have_forms_at_once() -> None:
    rules = policy(priority={"real_time": ["form"]})
    assert decided(facts(), rules, kind="form").outcome is Outcome.ALERT
    assert decided(facts(), rules).outcome is Outcome.DIGEST


def test_the_watch_channel_sees_a_copy_of_alerts_alone() -> None:
    rules = policy(places=places(watch_channel="#sales-leadership"))
    watch = Place(surface="slack", kind="channel", address="#sales-leadership")
    assert [one.place for one in decided(facts(), rules).watchers] == [watch]
    assert decided(facts(), rules, kind="click").watchers == ()


def test_the_watch_channel_gets_no_copy_of_what_it_is_asked_itself() -> None:
    rules = policy(places=places(watch_channel="#hot-leads"))
    unowned = facts(prospect=None, account=None, deals=())
    assert first(decided(unowned, rules)) == "#hot-leads"
    assert decided(unowned, rules).watchers == ()


def test_a_route_may_look_at_the_signal() -> None:
    rules = policy(
        routes=[
            {"name": "Forms", "when": {"signal": "form"}, "to": "person:dan@team.example"},
            {"name": "Else", "to": "ae"},
        ]
    )
    assert first(decided(facts(), rules, kind="form")) == "dan@team.example"
    assert first(decided(facts(), rules)) == "ann@team.example"


def test_a_person_named_by_the_route_is_called_the_rep() -> None:
    rules = policy(routes=[{"name": "Everything is mine", "to": "person:ann@team.example"}])
    reason = decided(facts(), rules).reason
    assert reason == "Ann is the rep, as the policy names them (route: Everything is mine)"


def test_the_sending_rep_is_named_beside_the_assigned_one() -> None:
    decision = decided(facts(), sending_rep="bea@team.example")
    assert (decision.sending_rep_id, decision.assignee_id) == ("u-bea", "u-ann")
    assert decided(facts(), sending_rep="x@y.example").sending_rep_id is None


def test_every_candidate_has_a_reason() -> None:
    gone = (away("ann"), away("ben"), away("ada"))
    decision = decided(facts(out_of_office=gone, people=team(mia={"active": False})))
    assert [(one.name, one.taken) for one in decision.candidates] == [
        ("Ann", False),
        ("Ben", False),
        ("#coverage", True),
        ("Mia", False),
        ("Ada", False),
    ]
    assert all(one.why for one in decision.candidates)
    assert decided(facts()).candidates[0].why == "they are assigned"


def test_every_fact_carries_its_record_and_its_age() -> None:
    decision = decided(facts(out_of_office=(away("ann"), away("cid"))))
    found = {(one.record, one.record_id, one.field): one for one in decision.facts}
    assert found["prospect", "c-dana", "account"].value == "a-acme"
    assert found["deal", "d1", "stage"].value == "Negotiation"
    assert found["deal", "d1", "owner"].value == "u-ann"
    assert found["person", "u-ann", "backup"].value == "u-ben"
    assert found["person", "u-mia", "active"].value == "true"
    assert found["out_of_office", "o-ann--1", "interval"].value == (
        "u-ann: 2026-05-25T13:00Z to 2026-05-26T14:00Z"
    )
    assert all(one.age_seconds(NOW) == 40 for one in decision.facts)
    assert len(found) == len(decision.facts)


def test_the_absence_of_somebody_who_was_not_considered_is_no_fact() -> None:
    decision = decided(facts(out_of_office=(away("cid"),)))
    assert all(one.record != "out_of_office" for one in decision.facts)


def test_a_fact_that_was_never_seen_has_no_age_and_none_is_negative() -> None:
    fact = decided(facts()).facts[0]
    assert fact.seen_at is not None
    assert fact.age_seconds(fact.seen_at) == 0
    assert fact.age_seconds(fact.seen_at.replace(year=2025)) == 0


def test_the_notes_tell_class_priority_stage_and_every_source_that_failed() -> None:
    decision = decided(facts(people=team(ann={"active": False})))
    assert decision.notes == (
        "2 opens of tier 1 or 2 on one thread within 60 minutes",
        "the policy has multi_open as real time",
        "active_deal: the deal “Deal d1” is open in stage Negotiation",
        "they own the deal “Deal d1”, but Ann is no longer active",
        "they own the account “Acme”, but Ann is no longer active",
    )
    assert decision.policy_hash == policy().hash
