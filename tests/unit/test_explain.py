"""A receipt told in sentences: the rule, each candidate, each fact, and had they been in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from routing.availability import State, availability
from routing.decide import decide
from routing.explain import Explanation, Receipt, explain, in_short
from routing.nouns import Signal
from routing.policy import Policy
from routing.snapshot import Load, Preference, Snapshot
from routing.what_if import had_been_in
from tests.unit.routing_kit import NOW, account, away, facts, policy, positive, signal


def receipt(snapshot: Snapshot, rules: Policy | None = None, of: Signal | None = None) -> Receipt:
    rules, of = rules or policy(), of or signal()
    decision = decide(of, snapshot, rules, NOW)
    return Receipt(signal=of, snapshot=snapshot, decision=decision, decided_at=NOW, policy=rules)


def told(snapshot: Snapshot, *more: Any) -> dict[str, tuple[str, ...]]:
    return by_title(explain(receipt(snapshot, *more)))


def by_title(explanation: Explanation) -> dict[str, tuple[str, ...]]:
    return {one.title: one.sentences for one in explanation.sections}


def test_the_rule_and_each_rule_passed_with_its_reason() -> None:
    assert told(facts())["The rule"] == (
        "The route “Active deals go to the AE” was taken.",
        "The route “Prospecting goes to the BDR” was passed, as the stage is active_deal, not "
        "prospecting.",
    )


def test_each_candidate_is_named_with_why_or_why_not() -> None:
    said = told(facts(out_of_office=(away("ann"),)))["Who was considered"]
    assert said[0] == ("Assignee: not Ann, who is out of office until 2026-05-26 14:00 UTC (crm).")
    assert said[1] == "Backup: Ben, as they are the backup of Ann."


def test_each_fact_has_its_record_field_value_time_and_age() -> None:
    said = told(facts(account=account(modified_at=NOW)))["What was known"]
    assert (
        "deal d1 (Deal d1), owner: “u-ann (Ann)”; without stamp, 40 seconds old at the decision."
        in said
    )
    assert (
        "account a-acme (Acme), kind: empty; changed in the CRM 2026-05-25 14:00 UTC"
        in " ".join(said)
    )


def test_had_they_been_in_names_who_would_have_been_told_instead() -> None:
    [said] = told(facts(out_of_office=(away("ann"),)))["Had they been in"]
    assert said.endswith(
        "had Ann been in, Ann (ann@team.example) would have been told first and not Ben "
        "(ben@team.example)."
    )


def test_had_somebody_behind_been_in_nothing_would_have_changed() -> None:
    said = told(facts(out_of_office=(away("ben"),)))["Had they been in"]
    assert said[0].endswith(
        "had Ben been in, Ann (ann@team.example) would have been told all the same."
    )


def test_whoever_missed_their_turn_is_asked_about_too() -> None:
    members = [{"person": "bea@team.example"}, {"person": "dan@team.example"}]
    rules = policy(
        pools={"round": {"members": members}}, routes=[{"name": "all", "to": "pool:round"}]
    )
    [said] = told(facts(out_of_office=(away("bea"),)), rules)["Had they been in"]
    assert "Bea (bea@team.example) would have been told first and not Dan" in said


def test_hours_quiet_hours_and_unread_sources_are_no_absence_of_theirs_afterwards() -> None:
    rules = policy(availability={"off_hours": "pass_over", "unknown": "pass_over"})
    quiet = facts(preferences={"u-ann": Preference(quiet=(0, 23 * 60))})
    assert "had Ann been in, Ann" in told(quiet, rules)["Had they been in"][0]
    unread = facts(sources={"crm": None})
    assert any("had Ann been in, Ann" in one for one in told(unread, rules)["Had they been in"])


def test_an_absence_hides_no_unread_source_and_that_of_another_stays_unread() -> None:
    rules = policy(availability={"unknown": "pass_over"})
    known = facts(out_of_office=(away("ann"),), sources={"crm": None})
    assert any("had Ann been in, Ann" in one for one in told(known, rules)["Had they been in"])
    people = known.people
    as_if = had_been_in(people["u-ann"], known, NOW)
    assert availability(as_if.people["u-ann"], as_if, rules, NOW).state is State.AVAILABLE
    assert availability(people["u-ben"], as_if, rules, NOW).state is State.UNKNOWN


def test_who_is_full_was_in() -> None:
    members = [{"person": "bea@team.example", "most_open": 1}, {"person": "dan@team.example"}]
    rules = policy(
        pools={"round": {"members": members}}, routes=[{"name": "all", "to": "pool:round"}]
    )
    assert "Had they been in" not in told(facts(loads={"u-bea": Load(open=1)}), rules)


def test_a_receipt_of_another_version_or_without_its_policy_says_so() -> None:
    kept = receipt(facts())
    other = replace(kept, decision=replace(kept.decision, role="bdr"))
    assert explain(other).same_again is False
    assert "another version of Hotlead" in by_title(explain(other))["The proof"][0]
    lost = explain(replace(kept, policy=None))
    assert (lost.same_again, lost.what_ifs) == (None, ())


def test_what_a_live_read_changed_is_a_section_of_its_own() -> None:
    kept = receipt(facts())
    note = "a live read changed the recipient: by the mirror it was Bea, by the CRM it is Ann"
    noted = replace(kept.decision, notes=(*kept.decision.notes, note))
    explanation = explain(replace(kept, decision=noted))
    assert explanation.same_again is True
    assert by_title(explanation)["A look into the CRM"] == (f"A{note[1:]}.",)


def test_in_short_fits_and_keeps_whole_sentences() -> None:
    explanation = explain(receipt(facts(out_of_office=(away("ann"),)), of=positive()))
    sentences = {line for one in explanation.sections for line in one.sentences}
    for longest in (700, 1200, 2800):
        text = in_short(explanation, start="You.", end="The rest: x", longest=longest)
        assert len(text) <= longest
        assert text.startswith(f"You.\n{explanation.headline}")
        assert text.endswith("The rest: x")
        assert {line[2:] for line in text.splitlines() if line.startswith("• ")} <= sentences
