"""Replays the record under another policy. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from routing.differences import Comparison, Difference, Noise, Share
from routing.policy import Policy
from routing.trial import Trial
from worker.proof.record import Answers, Facts, count_receipts, open_at, receipts
from worker.store.engine import Store

Progress = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class Replay:
    """What came of it. ``facts`` counts signals by where their facts were from."""

    policy_hash: str
    since: datetime
    comparison: Comparison = field(default_factory=Comparison)
    facts: Counter[str] = field(default_factory=Counter)


def count_recorded(store: Store, since: datetime) -> int:
    """How many signals there are to replay."""
    with store.read() as conn:
        return count_receipts(conn, since)[0]


def trial_from(store: Store, policy: Policy, since: datetime) -> Trial:
    """A trial that begins with the alerts that were open at ``since``."""
    trial = Trial(policy, Answers(store))
    with store.read() as conn:
        for key, alert in open_at(conn, since, policy):
            trial.begin_with(key, alert)
    return trial


def replay(
    store: Store, policy: Policy, since: datetime, progress: Progress = lambda _: None
) -> Replay:
    """Decide every recorded signal since ``since`` anew. Memory does not grow with the record."""
    with store.read() as conn:
        _, last = count_receipts(conn, since)
    trial, facts = trial_from(store, policy, since), Facts(store, policy)
    made = Replay(policy_hash=policy.hash, since=since)
    for number, kept in enumerate(receipts(store, since, last), start=1):
        snapshot, source = facts.of(kept)
        made.facts[source] += 1
        made.comparison.look_at(kept.recorded, trial.decide(kept.recorded, snapshot))
        progress(number)
    return made


def as_json(made: Replay) -> dict[str, Any]:
    """The whole of it for programs; examples are the first 200 differences."""
    found = made.comparison
    return {
        "policy": made.policy_hash,
        "since": made.since.isoformat(),
        "signals": found.signals,
        "changed": found.changed,
        "by_another_rule_alone": found.rule_only,
        "differences": {kind.value: number for kind, number in sorted(found.kinds.items())},
        "facts": dict(sorted(made.facts.items())),
        "outcomes": {
            "before": {one.value: number for one, number in sorted(found.before.items())},
            "after": {one.value: number for one, number in sorted(found.after.items())},
        },
        "alerts_added": found.alerts_added,
        "alerts_removed": found.alerts_removed,
        "noise": noise_json(found.noise),
        "holes_opened": found.holes_opened,
        "holes_closed": found.holes_closed,
        "reps": _shares(found.reps),
        "roles": _shares(found.roles),
        "examples": [difference_json(one) for one in found.examples],
    }


def noise_json(kinds: dict[str, Noise]) -> dict[str, Any]:
    """What reps called noise: recorded, removed, and about how much would be added."""
    return {
        "recorded": sum(one.noise for one in kinds.values()),
        "removed": sum(one.removed for one in kinds.values()),
        "added_about": round(sum(one.added_about for one in kinds.values()), 1),
        "answered_removed": sum(one.answered_removed for one in kinds.values()),
        "by_signal": {
            name: asdict(one) | {"added_about": round(one.added_about, 1)}
            for name, one in sorted(kinds.items())
            if one.alerts or one.added
        },
    }


def _shares(shares: dict[str, Share]) -> list[dict[str, Any]]:
    return [{"name": name, **asdict(one)} for name, one in sorted(shares.items())]


def difference_json(one: Difference) -> dict[str, Any]:
    """One difference; times are ISO 8601."""
    return {
        **asdict(one),
        "at": one.at.isoformat(),
        "kinds": [kind.value for kind in one.kinds],
    }
