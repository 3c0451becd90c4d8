"""A policy tried on its own record decides what was recorded, whatever happened meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from routing.decide import decide, dedup_key
from routing.differences import Comparison
from routing.nouns import Signal
from routing.policy import Policy, SignalClass
from routing.receipt import Outcome
from routing.snapshot import OpenAlert, Snapshot
from routing.trial import Recorded, Trial
from tests.fuzz.routing_worlds import NOW, policies, signals, snapshots
from tests.fuzz.test_routing_fuzz import BUSY

Step = tuple[Signal, Snapshot, int | None]
steps = st.lists(
    st.tuples(signals(), snapshots(), st.none() | st.integers(0, 5)), min_size=1, max_size=6
)
"""A signal, its facts, and after how many minutes an alert of it is closed, if ever."""


@dataclass
class Kept:
    alert_id: str
    closed_at: datetime | None


def recorded(policy: Policy, given_steps: list[Step]) -> list[tuple[Recorded, Snapshot]]:
    """What a worker would have kept of these signals."""
    alerts: dict[str, Kept] = {}
    made = []
    for number, (signal, snapshot, minutes) in enumerate(given_steps):
        now = NOW + timedelta(minutes=number)
        key = dedup_key(signal, snapshot, policy)
        kept = alerts.get(key)
        if kept is not None and kept.closed_at is not None and kept.closed_at <= now:
            kept = None
        waiting = OpenAlert(id=kept.alert_id, signal_class=SignalClass.OPEN) if kept else None
        seen = replace(snapshot, open_alert=waiting)
        decision = decide(signal, seen, policy, now)
        if decision.outcome is Outcome.ALERT:
            closes = None if minutes is None else now + timedelta(minutes=minutes)
            kept = alerts[key] = Kept(f"a{number}", closes)
        mine = kept if decision.outcome in (Outcome.ALERT, Outcome.JOIN) else None
        one = Recorded(
            signal_id=number,
            signal=signal,
            decision=decision,
            decided_at=now,
            alert_id=mine.alert_id if mine else None,
            open_before=waiting.id if waiting else None,
            closed_at=mine.closed_at if mine else None,
        )
        made.append((one, seen))
    return made


@BUSY
@given(policies(), steps)
def test_the_policy_of_the_record_changes_nothing(policy: Policy, given_steps: list[Step]) -> None:
    trial, found = Trial(policy, lambda *_: None), Comparison()
    for one, snapshot in recorded(policy, given_steps):
        again = trial.decide(one, snapshot)
        assert again == one.decision
        found.look_at(one, again)
    assert (found.changed, found.rule_only, found.alerts_added, found.alerts_removed) == (0,) * 4
    assert found.before == found.after


@BUSY
@given(policies(), policies(), steps)
def test_the_numbers_of_a_comparison_add_up(
    policy: Policy, other: Policy, given_steps: list[Step]
) -> None:
    trial, found = Trial(other, lambda *_: None), Comparison()
    for one, snapshot in recorded(policy, given_steps):
        found.look_at(one, trial.decide(one, snapshot))
    before, after = found.before[Outcome.ALERT], found.after[Outcome.ALERT]
    assert after - before == found.alerts_added - found.alerts_removed
    assert sum(one.before for one in found.reps.values()) == before
    assert sum(one.after for one in found.reps.values()) == after
    for share in (*found.reps.values(), *found.roles.values()):
        assert share.after - share.before == share.gained - share.lost
    assert found.changed == len(found.examples)
    assert found.signals == len(given_steps)
