"""What a signal amounts to: multi-open, positive reply, or something that can wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from routing.nouns import RESPONSE_KINDS, Sentiment, Signal, SignalKind
from routing.policy_parts import MultiOpen
from routing.terms import SignalClass

_PLAIN = {
    SignalKind.OPEN: SignalClass.OPEN,
    SignalKind.MULTI_OPEN: SignalClass.OPEN,
    SignalKind.CLICK: SignalClass.CLICK,
    SignalKind.REPLY: SignalClass.REPLY,
    SignalKind.VISIT: SignalClass.VISIT,
    SignalKind.FORM: SignalClass.FORM,
    **dict.fromkeys(RESPONSE_KINDS, SignalClass.OPEN),
}

URGENCY = tuple(SignalClass)
"""From the most urgent to the least, in the order in which the classes are declared."""


def tier_of(signal: Signal) -> int | None:
    """The tier as sent, else the one that the confidence (0 to 1) stands for, else None."""
    if signal.tier is not None or signal.confidence is None:
        return signal.tier
    return tier_for(signal.confidence)


def tier_for(confidence: float) -> int:
    """The tier, 1 (surest) to 5, of a confidence from 0 to 1."""
    for tier, least in ((1, 0.8), (2, 0.6), (3, 0.4), (4, 0.2)):
        if confidence >= least:
            return tier
    return 5


def classify(signal: Signal, recent: Sequence[Signal], rule: MultiOpen) -> tuple[SignalClass, str]:
    """The class of the signal and the sentence that says why."""
    if signal.kind is SignalKind.REPLY:
        if signal.sentiment is Sentiment.POSITIVE:
            return SignalClass.POSITIVE_REPLY, "the reply reads positive"
        mood = signal.sentiment.value if signal.sentiment else "not rated"
        return SignalClass.REPLY, f"the reply is {mood}"
    if signal.kind not in (SignalKind.OPEN, SignalKind.MULTI_OPEN):
        return _PLAIN[signal.kind], f"a {signal.kind.value} is what was reported"
    tier = tier_of(signal)
    if tier is None:
        return SignalClass.OPEN, "an open without tier or confidence counts as one plain open"
    if tier not in rule.tiers:
        return SignalClass.OPEN, f"a tier {tier} open is not counted towards a multi-open"
    opens = opens_in_window(signal, recent, rule)
    if opens >= rule.opens:
        return (
            SignalClass.MULTI_OPEN,
            f"{opens} opens of tier {_tiers(rule)} on one thread within "
            f"{rule.within_minutes} minutes",
        )
    counted = "1 counted open" if opens == 1 else f"{opens} counted opens"
    return SignalClass.OPEN, f"{counted} so far; {rule.opens} make a multi-open"


def opens_in_window(signal: Signal, recent: Sequence[Signal], rule: MultiOpen) -> int:
    """The most counted opens of the same thread in any one window that holds this signal.

    Looks both ways in time, so that opens which arrive out of order count the same.
    """
    window = timedelta(minutes=rule.within_minutes)
    here = signal.occurred_at
    opens = [signal]
    for other in recent:
        same = other.thread_id == signal.thread_id
        counted = other.kind in (SignalKind.OPEN, SignalKind.MULTI_OPEN)
        near = abs(other.occurred_at - here) <= window
        if same and counted and near and tier_of(other) in rule.tiers:
            opens.append(other)
    starts = {one.occurred_at for one in opens if one.occurred_at <= here}
    return max(
        count_opens(one for one in opens if start <= one.occurred_at <= start + window)
        for start in starts
    )


def count_opens(opens: Iterable[Signal]) -> int:
    """How many opens these signals tell of.

    A multi-open is the tracker's sum of single ones, of at least two: the two are not added up.
    """
    single, summed = 0, 0
    for one in opens:
        if one.kind is SignalKind.MULTI_OPEN:
            summed = max(summed, one.count, 2)
        else:
            single += one.count
    return max(single, summed)


def _tiers(rule: MultiOpen) -> str:
    return " or ".join(str(tier) for tier in rule.tiers)


def more_urgent(one: SignalClass, other: SignalClass) -> SignalClass:
    """The more urgent of two classes."""
    return min(one, other, key=URGENCY.index)
