from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.availability import State, availability
from routing.decide import decide, dedup_key, next_step
from routing.explain import Receipt, explain
from routing.nouns import Signal
from routing.policy import Policy, RungKind
from routing.receipt import Decision, Outcome, Step
from routing.snapshot import Snapshot
from routing.what_if import had_been_in
from routing.words import what_happened
from tests.fuzz.routing_worlds import NOW, policies, signals, snapshots
from worker.store.receipts import decision_from, snapshot_from, to_json

worlds = (signals(), snapshots(), policies())
settings.register_profile("busy", suppress_health_check=[HealthCheck.too_slow], deadline=None)
BUSY = settings.get_profile("busy")
"""Worlds are large, and a machine may be busy."""


def is_last_resort(step: Step, policy: Policy, ladder: str) -> bool:
    return step.number == len(policy.ladder_named(ladder))


def told_of(decision: Decision) -> bool:
    return decision.outcome in (Outcome.ALERT, Outcome.DIGEST)


@BUSY
@given(*worlds)
def test_every_signal_ends_with_somebody_or_with_an_explanation(
    signal: Signal, snapshot: Snapshot, policy: Policy
) -> None:
    decision = decide(signal, snapshot, policy, NOW)
    assert decision.reason
    assert all(decision.notes)
    assert bool(decision.steps) is told_of(decision)
    assert dedup_key(signal, snapshot, policy)
    if decision.outcome is Outcome.JOIN:
        assert decision.alert_id == "al1"
    for candidate in decision.candidates:
        assert candidate.why
    if told_of(decision):
        taken = sum(candidate.taken for candidate in decision.candidates)
        assert taken == len(decision.steps)
        places = [str(step.place) for step in decision.steps if step.kind is not RungKind.REMIND]
        assert len(set(places)) == len(places)
        assert all(step.place.address for step in decision.steps)
        numbers = [step.number for step in decision.steps]
        assert numbers == sorted(set(numbers))


@BUSY
@given(*worlds)
def test_who_cannot_act_is_never_told_but_as_the_last_resort(
    signal: Signal, snapshot: Snapshot, policy: Policy
) -> None:
    decision = decide(signal, snapshot, policy, NOW)
    for step in decision.steps:
        if step.person_id is None:
            continue
        person = snapshot.people[step.person_id]
        last = is_last_resort(step, policy, decision.ladder)
        assert last or availability(person, snapshot, policy, NOW).state is not State.AWAY
        assert last or (person.active and not person.queue)


@BUSY
@given(*worlds)
def test_the_same_question_has_the_same_answer(
    signal: Signal, snapshot: Snapshot, policy: Policy
) -> None:
    again = Policy.model_validate(policy.model_dump(mode="json"))
    assert decide(signal, snapshot, policy, NOW) == decide(signal, snapshot, again, NOW)


@BUSY
@given(*worlds, st.randoms(use_true_random=False))
def test_the_order_in_which_facts_are_read_changes_nothing(
    signal: Signal, snapshot: Snapshot, policy: Policy, random: Any
) -> None:
    def shuffled(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(rows, len(rows)))

    turned = replace(
        snapshot,
        deals=shuffled(snapshot.deals),
        holdings=shuffled(snapshot.holdings),
        out_of_office=shuffled(snapshot.out_of_office),
        recent=shuffled(snapshot.recent),
        people=dict(shuffled(tuple(snapshot.people.items()))),
        stages=dict(shuffled(tuple(snapshot.stages.items()))),
        preferences=dict(shuffled(tuple(snapshot.preferences.items()))),
        territories=shuffled(snapshot.territories),
        group_members=shuffled(snapshot.group_members),
        sources=dict(shuffled(tuple(snapshot.sources.items()))),
        own_sources=dict(shuffled(tuple(snapshot.own_sources.items()))),
    )
    assert decide(signal, turned, policy, NOW) == decide(signal, snapshot, policy, NOW)


@BUSY
@given(*worlds, st.data())
def test_removing_an_absence_never_loses_a_recipient(
    signal: Signal, snapshot: Snapshot, policy: Policy, data: st.DataObject
) -> None:
    before = decide(signal, snapshot, policy, NOW)
    absences = [row for row in snapshot.out_of_office if not row.available]
    if not before.steps or not absences:
        return
    gone = data.draw(st.sampled_from(absences))
    rest = tuple(row for row in snapshot.out_of_office if row is not gone)
    after = decide(signal, replace(snapshot, out_of_office=rest), policy, NOW)
    if not after.steps:
        # Who is back may have chosen not to be told of such signals.
        assert any(gone.person_id == one for one in snapshot.preferences)
        return
    if in_turn(before) or in_turn(after):
        return  # whoever is back takes the next turn: somebody is told, if another person
    assert after.steps[0].number <= before.steps[0].number
    assert after.assignee_id == before.assignee_id


def in_turn(decision: Decision) -> bool:
    return bool(decision.turn)


@BUSY
@given(*worlds)
def test_a_decision_can_be_made_again_from_its_stored_receipt(
    signal: Signal, snapshot: Snapshot, policy: Policy
) -> None:
    decision = decide(signal, snapshot, policy, NOW)
    kept = json.loads(json.dumps([to_json(snapshot), to_json(decision)]))
    again, made = snapshot_from(kept[0]), decision_from(kept[1])
    assert made == decision
    assert decide(signal, again, policy, NOW) == decision


@BUSY
@given(*worlds)
def test_explaining_decides_again_what_was_decided_and_has_words_for_everything(
    signal: Signal, snapshot: Snapshot, policy: Policy
) -> None:
    decision = decide(signal, snapshot, policy, NOW)
    kept = decision_from(json.loads(json.dumps(to_json(decision))))
    told = explain(
        Receipt(signal=signal, snapshot=snapshot, decision=kept, decided_at=NOW, policy=policy)
    )
    assert told.same_again is True
    assert all(one.sentences and all(one.sentences) for one in told.sections)
    for other in told.what_ifs:
        assert bool(other.decision.steps) is told_of(other.decision)
        stands = availability(other.person, snapshot, policy, NOW)
        assert stands.state is not State.AVAILABLE
        as_if = had_been_in(other.person, snapshot, NOW)
        there = availability(as_if.people[other.person.id], as_if, policy, NOW)
        assert there.state is State.AVAILABLE
        for one in snapshot.people.values():
            if one.id != other.person.id:
                as_before = availability(one, snapshot, policy, NOW)
                assert availability(one, as_if, policy, NOW) == as_before


@BUSY
@given(*worlds, st.data())
def test_climbing_ends_and_asks_nobody_twice_and_no_decliner_but_the_last_resort(
    signal: Signal, snapshot: Snapshot, policy: Policy, data: st.DataObject
) -> None:
    decision = decide(signal, snapshot, policy, NOW)
    if not decision.steps:
        return
    step: Step | None = decision.steps[0]
    asked: set[str] = set()
    declined: set[str] = set()
    while step is not None:
        assert (str(step.place) in asked) is (step.kind is RungKind.REMIND)
        assert step.person_id not in declined or is_last_resort(step, policy, decision.ladder)
        asked.add(str(step.place))
        if step.person_id is not None and data.draw(st.booleans()):
            declined.add(step.person_id)
        reached, whose = step.number, decision.assignee_id
        step = next_step(
            whose,
            reached,
            frozenset(asked),
            frozenset(declined),
            snapshot,
            policy,
            NOW,
            decision.ladder,
        )
        assert step is None or step.number > reached


@BUSY
@given(st.lists(signals(), max_size=6), policies(), st.randoms(use_true_random=False))
def test_what_happened_has_words_for_everything_in_any_order(
    some: list[Signal], policy: Policy, random: Any
) -> None:
    some = [replace(one, event_id=str(number)) for number, one in enumerate(some)]
    text = what_happened(some, policy.priority.multi_open, NOW)
    assert text
    random.shuffle(some)
    assert what_happened(some, policy.priority.multi_open, NOW) == text
