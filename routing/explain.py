"""Tells a receipt in plain sentences: the rule, every candidate, every fact, and what followed.

Plain text, not yet escaped. Nothing is worked out here that the receipt does not hold, but for
what would have happened had somebody been in, which is the decision made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from routing.hand_over import Standing
from routing.nouns import Signal
from routing.policy import Policy
from routing.receipt import Candidate, Decision, Fact, Outcome
from routing.snapshot import Snapshot
from routing.what_if import WhatIf, decide_again, is_same, what_ifs

_OF_LIVE_READS = ("a live read", "stale facts")
"""How the notes begin that are added after a live read."""
_IN_SHORT = (
    *("The rule", "Who was considered", "Had they been in", "A look into the CRM"),
    *("What happened then", "Why so", "What was known", "Who got a copy", "The proof"),
)
"""The sections of a short explanation, the weightiest first."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A line of an alert's timeline."""

    at: datetime | None
    """None for how it stands now."""
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is to be explained. ``policy`` is the version of then; None when it is not kept.

    ``told_yet`` is False for a decision that was never carried out: what would happen now.
    ``stands`` is what the alert stood on when this decision handed it over.
    """

    signal: Signal
    snapshot: Snapshot
    decision: Decision
    decided_at: datetime
    policy: Policy | None
    happenings: tuple[Happening, ...] = ()
    told_yet: bool = True
    stands: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with its sentences, never none."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The receipt told: one sentence that says it all, and the sections that prove it.

    ``same_again`` is whether the decision, made again out of the receipt, is the stored one; None
    when the policy of then is not kept.
    """

    headline: str
    sections: tuple[Section, ...]
    same_again: bool | None
    what_ifs: tuple[WhatIf, ...]


def explain(receipt: Receipt) -> Explanation:
    """Everything that the receipt can say."""
    same, others = _again(receipt)
    told = (
        ("What came in", _signal(receipt)),
        ("The rule", _rule(receipt.decision)),
        ("Why so", _notes(receipt.decision)),
        ("Who was considered", map(_candidate, receipt.decision.candidates)),
        ("Who got a copy", _watchers(receipt.decision)),
        ("A look into the CRM", _live_reads(receipt)),
        ("What was known", (fact_told(one, receipt) for one in receipt.decision.facts)),
        ("What happened then", _happenings(receipt)),
        ("Had they been in", (_what_if(one, receipt) for one in others)),
        ("The proof", _proof(receipt, same)),
    )
    made = (Section(title=title, sentences=tuple(lines)) for title, lines in told)
    return Explanation(
        headline=headline(receipt.decision, told_yet=receipt.told_yet),
        sections=tuple(one for one in made if one.sentences),
        same_again=same,
        what_ifs=others,
    )


def headline(decision: Decision, *, told_yet: bool = True) -> str:
    """The decision in one sentence."""
    was, joined = ("was", "joined") if told_yet else ("would be", "would join")
    reason = decision.reason
    if decision.outcome is Outcome.JOIN:
        return f"This {joined} the alert that was already open: {reason}."
    if decision.outcome is Outcome.EXPLAIN:
        return f"Nobody {was} disturbed: {reason}."
    if decision.outcome is Outcome.DIGEST and decision.digest_place is not None:
        return f"This {was} kept for the digest of {decision.digest_place.address}: {reason}."
    if decision.outcome is Outcome.HAND_OVER:
        return f"It was handed over to {recipient(decision)} while open: {reason}."
    return f"{recipient(decision)} {was} told first: {reason}."


def recipient(decision: Decision) -> str:
    """Who is told first, by name and place; 'nobody' where nobody is."""
    if not decision.steps:
        return "nobody"
    first = decision.steps[0]
    place = "" if first.name == first.place.address else f" ({first.place.address})"
    return f"{first.name}{place}"


def _again(receipt: Receipt) -> tuple[bool | None, tuple[WhatIf, ...]]:
    policy = receipt.policy
    if policy is None:
        return None, ()
    given = (receipt.signal, receipt.snapshot)
    again = decide_again(*given, policy, receipt.decided_at, receipt.stands)
    same = is_same(receipt.decision, again)
    if not same:
        return same, ()
    at, stands = receipt.decided_at, receipt.stands
    others = what_ifs(*given, receipt.decision, policy, at, stands)
    return same, others


def _signal(receipt: Receipt) -> Iterator[str]:
    signal = receipt.signal
    what = signal.kind.value.replace("_", " ")
    more = f", of tier {signal.tier}" if signal.tier is not None else ""
    if signal.confidence is not None:
        more += f", with confidence {signal.confidence:g}"
    about = f" about “{signal.subject}”" if signal.subject else ""
    whom = f" of {signal.prospect_email}" if signal.prospect_email else ""
    if receipt.told_yet:
        at = _time(signal.occurred_at)
        yield f"{signal.source} reported: {what}{whom}{about}{more}, at {at}."
    else:
        yield f"Supposed: {what}{whom}{more}, now."
    counts = receipt.decision.signal_class.value.replace("_", " ")
    yield f"It counts as: {counts}."


def _rule(decision: Decision) -> Iterator[str]:
    if decision.route:
        yield f"The route “{decision.route}” was taken."
    for passed in decision.passed:
        name, _, why = passed.partition(": ")
        yield f"The route “{name}” was passed, as {why}."
    if decision.ladder:
        yield f"The alert climbs the ladder “{decision.ladder}”."


def _notes(decision: Decision) -> Iterator[str]:
    for note in decision.notes:
        if not note.startswith(_OF_LIVE_READS):
            yield _sentence(note)


def _live_reads(receipt: Receipt) -> Iterator[str]:
    for note in receipt.decision.notes:
        if note.startswith(_OF_LIVE_READS):
            yield _sentence(note)


def _candidate(one: Candidate) -> str:
    rung = one.rung.value.replace("_", " ").capitalize()
    if one.taken:
        return f"{rung}: {one.name}, as {one.why}."
    if one.name == "nobody":
        return f"{rung}: nobody, as {one.why}."
    how = "who" if one.person_id else "as"
    return f"{rung}: not {one.name}, {how} {one.why}."


def _watchers(decision: Decision) -> Iterator[str]:
    for one in decision.watchers:
        yield f"{one.name}: {one.why}."


def fact_told(fact: Fact, receipt: Receipt) -> str:
    """A fact with its record, field, value, the CRM's time and its age at the decision."""
    snapshot = receipt.snapshot
    same = fact.value == fact.record_id  # as where an e-mail is the id
    shown = fact.value if same else _named(fact.value, snapshot)
    value = f"“{shown}”" if shown else "empty"
    record = f"{fact.record.replace('_', ' ')} {_named(fact.record_id, snapshot)}"
    field = fact.field.replace("_", " ")
    stamp = f"changed in the CRM {_time(fact.modified_at)}" if fact.modified_at else "without stamp"
    seconds = fact.age_seconds(receipt.decided_at)
    aged = "never dated" if seconds is None else f"{age(seconds)} old at the decision"
    return f"{record}, {field}: {value}; {stamp}, {aged}."


def _named(text: str, snapshot: Snapshot) -> str:
    """An id with the name of its record, where the snapshot knows it."""
    records = (snapshot.account, snapshot.prospect, *snapshot.deals, *snapshot.people.values())
    for record in records:
        if record is not None and record.id == text and record.name:
            return f"{text} ({record.name})"
    return text


def _happenings(receipt: Receipt) -> Iterator[str]:
    for one in receipt.happenings:
        start = f"{_time(one.at)}, {one.kind.replace('_', ' ')}" if one.at else "Now"
        yield f"{start}: {one.text.rstrip('.')}."


def _what_if(one: WhatIf, receipt: Receipt) -> str:
    """What one person's presence would have changed."""
    name = one.person.name or one.person.email or one.person.id
    before, after = receipt.decision, one.decision
    start = f"{name} {one.why}; had {name} been in, "
    if after.outcome is Outcome.EXPLAIN:
        return f"{start}nobody would have been disturbed: {after.reason}."
    if _first(before) == _first(after) and before.outcome is after.outcome:
        return f"{start}{recipient(after)} would have been told all the same."
    if after.outcome is Outcome.DIGEST:
        return f"{start}this would have waited for the digest of {recipient(after)}."
    return f"{start}{recipient(after)} would have been told first and not {recipient(before)}."


def _first(decision: Decision) -> str:
    return str(decision.steps[0].place) if decision.steps else ""


def _proof(receipt: Receipt, same: bool | None) -> Iterator[str]:
    kept = f"policy {receipt.decision.policy_hash}"
    if not receipt.told_yet:
        yield f"Nothing was written; this is by {kept}, as of {_time(receipt.decided_at)}."
    elif same is None:
        yield f"Decided {_time(receipt.decided_at)} by {kept}, which can be read no more."
    elif same:
        yield (
            f"Decided {_time(receipt.decided_at)} by {kept}; decided again out of this receipt, "
            "it is the same."
        )
    else:
        yield (
            f"Decided {_time(receipt.decided_at)} by {kept}, by another version of Hotlead: "
            "decided again by this one it would be another."
        )


def in_short(explanation: Explanation, *, start: str, end: str, longest: int) -> str:
    """The explanation in at most ``longest`` letters: whole sentences, the weightiest first.

    ``start`` and ``end`` are lines of their own; what is left out is said.
    """
    by_title = {one.title: one for one in explanation.sections}
    lines = [*([start] if start else []), explanation.headline]
    room = longest - sum(len(one) + 1 for one in lines) - len(end) - 2
    for title in _IN_SHORT:
        section = by_title.get(title)
        if section is None:
            continue
        told = [f"• {sentence}" for sentence in section.sentences]
        part = [f"{title}:"]
        room -= len(title) + 3
        for line in told:
            room -= len(line) + 1
            if room < 0:
                break
            part.append(line)
        if len(part) > 1:
            lines += ["", *part]
        if room < 0:
            break
    lines += ["", end]
    return "\n".join(lines)[:longest]


def age(seconds: float) -> str:
    """An age in the largest unit of which there are two: “40 seconds”, “3 hours”."""
    for size, name in ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return "1 second" if round(seconds) == 1 else f"{seconds:.0f} seconds"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _sentence(text: str) -> str:
    start = text[:1].upper() + text[1:]
    return start if start.endswith((".", "!", "?")) else f"{start}."
