"""What happened, in words that a rep takes in at a glance. Plain text, not yet escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from routing.nouns import Sentiment, Signal, SignalKind
from routing.policy import MultiOpen
from routing.priority import tier_of

_TIMES = {1: "once", 2: "twice"}


def what_happened(signals: Sequence[Signal], rule: MultiOpen, now: datetime) -> str:
    """One clause about the latest signals of an alert: “opened “Pricing” twice in the past …”.

    ``signals`` are those of the alert in any order; machine opens are not counted. Ages are
    rounded to whole minutes, hours or days.
    """
    if not signals:
        return "showed interest"
    ordered = sorted(signals, key=lambda one: (one.occurred_at, one.event_id))
    parts: list[str] = []
    replies = [one for one in ordered if one.kind is SignalKind.REPLY]
    if replies:
        mood = "positively " if replies[-1].sentiment is Sentiment.POSITIVE else ""
        parts.append(f"replied {mood}{_to(replies[-1])}{ago(now - replies[-1].occurred_at)}")
    opens = [
        one
        for one in ordered
        if one.kind in (SignalKind.OPEN, SignalKind.MULTI_OPEN)
        and (tier_of(one) is None or tier_of(one) in rule.tiers)
    ]
    if opens:
        parts.append(_opened(opens, now))
    for kind, verb in (
        (SignalKind.CLICK, "clicked a link"),
        (SignalKind.FORM, "filled in a form"),
        (SignalKind.VISIT, "visited the site"),
    ):
        some = [one for one in ordered if one.kind is kind]
        if some:
            parts.append(f"{verb} {ago(now - some[-1].occurred_at)}")
    return " and ".join(parts) or f"opened “{ordered[-1].subject or 'your e-mail'}”"


def _opened(opens: Sequence[Signal], now: datetime) -> str:
    count = sum(one.count for one in opens)
    times = _TIMES.get(count, f"{count} times")
    what = f"“{opens[-1].subject}”" if opens[-1].subject else "your e-mail"
    if count == 1:
        return f"opened {what} {ago(now - opens[-1].occurred_at)}"
    return f"opened {what} {times} in the past {span(now - opens[0].occurred_at)}"


def _to(reply: Signal) -> str:
    return f"to “{reply.subject}” " if reply.subject else ""


def ago(length: timedelta) -> str:
    """How long ago, ready to end a clause."""
    text = span(length)
    return "a minute ago" if text == "minute" else f"{text} ago"


def span(length: timedelta) -> str:
    """A length of time in the largest sensible unit, at least “minute”."""
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 120:
        return "minute" if minutes == 1 else f"{minutes} minutes"
    hours = round(minutes / 60)
    if hours < 48:
        return f"{hours} hours"
    return f"{round(hours / 24)} days"
