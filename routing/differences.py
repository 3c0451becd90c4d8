"""What another policy would have done differently: who is told, when and where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from routing.receipt import Decision, Outcome, Step
from routing.terms import RungKind
from routing.trial import Recorded

_EXAMPLES = 200
_TOLD = (Outcome.ALERT, Outcome.DIGEST)


class Kind(StrEnum):
    """In what two decisions differ."""

    WHO = "who"
    """Another person or channel is told first."""
    WHEN = "when"
    """At once, in the digest, with an alert that is open, or never; or after other waits."""
    WHERE = "where"
    """On another surface, or in a channel and not a person's own messages."""
    LADDER = "ladder"
    """Others are asked after the first."""
    COPIES = "copies"
    """Others get a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One signal that would have been decided otherwise."""

    signal_id: int
    prospect: str
    at: datetime
    kinds: tuple[Kind, ...]
    before: str
    after: str
    before_route: str
    after_route: str
    why: str
    """The reason of the new decision."""


@dataclass(slots=True)
class Share:
    """What somebody gets: alerts under the record and on trial, and how many come and go."""

    before: int = 0
    after: int = 0
    gained: int = 0
    lost: int = 0


@dataclass(slots=True)
class Noise:
    """What reps called noise, of the alerts of one signal class; and what comes and goes."""

    alerts: int = 0
    noise: int = 0
    added: int = 0
    """Alerts that fire on trial alone: nobody has said of these what they are."""
    removed: int = 0
    """Alerts that were noise and do not fire on trial."""
    answered_removed: int = 0
    """Alerts that were answered and do not fire on trial."""

    def look_at(self, became: str, fired: bool, fires: bool) -> None:
        """Take one signal into account: whether it fired an alert, and whether it does on trial."""
        noise, answered = became == "noise", became == "responded"
        self.alerts += fired
        self.noise += fired and noise
        self.added += fires and not fired
        self.removed += fired and not fires and noise
        self.answered_removed += fired and not fires and answered

    @property
    def added_about(self) -> float:
        """How many of the added would be noise if as many were as of the recorded ones."""
        return self.added * self.noise / self.alerts if self.alerts else 0.0


@dataclass(slots=True)
class Comparison:
    """All that was compared, in numbers, with the first differences as examples.

    ``rule_only`` counts signals that another rule decides in the same way. Holes are signals that
    reach nobody but an admin.
    """

    signals: int = 0
    changed: int = 0
    rule_only: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    before: Counter[Outcome] = field(default_factory=Counter)
    after: Counter[Outcome] = field(default_factory=Counter)
    alerts_added: int = 0
    alerts_removed: int = 0
    holes_opened: int = 0
    holes_closed: int = 0
    noise: dict[str, Noise] = field(default_factory=dict)
    """By signal class."""
    reps: dict[str, Share] = field(default_factory=dict)
    roles: dict[str, Share] = field(default_factory=dict)
    examples: list[Difference] = field(default_factory=list)

    def look_at(self, recorded: Recorded, made: Decision) -> Difference | None:
        """Take one signal into account; the difference, if there is one."""
        was = recorded.decision
        self.signals += 1
        self.before[was.outcome] += 1
        self.after[made.outcome] += 1
        self._share(self.reps, _rep(was), _rep(made))
        self._share(self.roles, _role(was), _role(made))
        alerts = (was.outcome is Outcome.ALERT, made.outcome is Outcome.ALERT)
        kind = self.noise.setdefault(was.signal_class.value, Noise())
        kind.look_at(recorded.became, *alerts)
        self.alerts_added += alerts == (False, True)
        self.alerts_removed += alerts == (True, False)
        self.holes_opened += is_hole(made) and not is_hole(was)
        self.holes_closed += is_hole(was) and not is_hole(made)
        kinds = differing(was, made)
        if not kinds:
            self.rule_only += was.route != made.route
            return None
        self.changed += 1
        self.kinds.update(kinds)
        found = difference(recorded, made, kinds)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(found)
        return found

    def _share(self, shares: dict[str, Share], was: str, now: str) -> None:
        if was:
            one = shares.setdefault(was, Share())
            one.before += 1
            one.lost += was != now
        if now:
            one = shares.setdefault(now, Share())
            one.after += 1
            one.gained += was != now


def differing(was: Decision, made: Decision) -> tuple[Kind, ...]:
    """In what the two differ; nothing when they do the same."""
    found = []
    if was.outcome is not made.outcome:
        found.append(Kind.WHEN)
    if not (was.steps and made.steps):
        return tuple(found)
    one, other = was.steps[0], made.steps[0]
    if _whom(one) != _whom(other):
        found.append(Kind.WHO)
    if (one.place.surface, one.place.kind) != (other.place.surface, other.place.kind):
        found.append(Kind.WHERE)
    if Outcome.ALERT is was.outcome is made.outcome:
        if [_waiting(step) for step in was.steps] != [_waiting(step) for step in made.steps]:
            found.append(Kind.WHEN)
        if [_whom(step) for step in was.steps[1:]] != [_whom(step) for step in made.steps[1:]]:
            found.append(Kind.LADDER)
        if {str(one.place) for one in was.watchers} != {str(one.place) for one in made.watchers}:
            found.append(Kind.COPIES)
    return tuple(dict.fromkeys(found))


def difference(recorded: Recorded, made: Decision, kinds: tuple[Kind, ...]) -> Difference:
    """The two decisions side by side, in words."""
    was = recorded.decision
    return Difference(
        signal_id=recorded.signal_id,
        prospect=recorded.signal.prospect_email,
        at=recorded.decided_at,
        kinds=kinds,
        before=told(was),
        after=told(made),
        before_route=was.route,
        after_route=made.route,
        why=made.reason,
    )


def told(decision: Decision) -> str:
    """What becomes of the signal, in a few words."""
    if decision.outcome is Outcome.JOIN:
        return "joins the open alert"
    if decision.outcome is Outcome.EXPLAIN:
        return "disturbs nobody"
    address = decision.steps[0].place.address if decision.steps else "nobody"
    return address if decision.outcome is Outcome.ALERT else f"digest of {address}"


def is_hole(decision: Decision) -> bool:
    """Whether nobody but an admin is told."""
    first = decision.steps[0] if decision.steps else None
    return decision.outcome in _TOLD and first is not None and first.kind is RungKind.ADMIN


def _whom(step: Step) -> str:
    return step.place.address


def _waiting(step: Step) -> tuple[str, int]:
    return step.kind.value, step.wait


def _rep(decision: Decision) -> str:
    fired = decision.outcome is Outcome.ALERT and bool(decision.steps)
    return decision.steps[0].place.address if fired else ""


def _role(decision: Decision) -> str:
    return decision.role if decision.outcome is Outcome.ALERT else ""
