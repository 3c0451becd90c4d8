"""What happened, in words that a rep takes in at a glance. Plain text, not yet escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from routing.nouns import Sentiment, Signal, SignalKind
from routing.policy import MultiOpen
from routing.priority import count_opens, tier_of

_TIMES = {2: "twice"}


def what_happened(signals: Sequence[Signal], rule: MultiOpen, now: datetime) -> str:
    """One clause about the latest signals of an alert: “opened “Pricing” twice in the past …”.

    ``signals`` are those of the alert in any order; machine opens are not counted, and of several
    threads the one with the most opens is named. Ages are rounded to minutes, hours or days.
    """
    if not signals:
        return "showed interest"
    ordered = sorted(signals, key=lambda one: (one.occurred_at, one.source, one.event_id))
    parts: list[str] = []
    replies = [one for one in ordered if one.kind is SignalKind.REPLY]
    if replies:
        mood = "positively " if replies[-1].sentiment is Sentiment.POSITIVE else ""
        parts.append(f"replied {mood}{_to(replies[-1])}{ago(now - replies[-1].occurred_at)}")
    opens = [one for one in ordered if one.kind in (SignalKind.OPEN, SignalKind.MULTI_OPEN)]
    counted = [one for one in opens if tier_of(one) is None or tier_of(one) in rule.tiers]
    if counted:
        parts.append(_opened(counted, now))
    for kind, verb in (
        (SignalKind.CLICK, "clicked a link"),
        (SignalKind.FORM, "filled in a form"),
        (SignalKind.VISIT, "visited the site"),
    ):
        some = [one for one in ordered if one.kind is kind]
        if some:
            parts.append(f"{verb} {ago(now - some[-1].occurred_at)}")
    if not parts and opens:
        parts.append(f"may have opened {_what(opens)} {ago(now - opens[-1].occurred_at)}")
    return " and ".join(parts) or "showed interest"


def _opened(opens: Sequence[Signal], now: datetime) -> str:
    threads: dict[str, list[Signal]] = {}
    for one in opens:
        threads.setdefault(one.thread_id, []).append(one)
    some = max(threads.values(), key=lambda them: (count_opens(them), them[-1].occurred_at))
    count = count_opens(some)
    if count == 1:
        return f"opened {_what(some)} {ago(now - some[-1].occurred_at)}"
    times = _TIMES.get(count, f"{count} times")
    length = span(now - some[0].occurred_at)
    return f"opened {_what(some)} {times} in the past {length.removeprefix('1 ')}"


def _what(opens: Sequence[Signal]) -> str:
    subject = next((one.subject for one in reversed(opens) if one.subject), "")
    return f"“{subject}”" if subject else "your e-mail"


def _to(reply: Signal) -> str:
    return f"to “{reply.subject}” " if reply.subject else ""


def ago(length: timedelta) -> str:
    """How long ago, ready to end a clause."""
    text = span(length)
    return "a minute ago" if text == "1 minute" else f"{text} ago"


def span(length: timedelta) -> str:
    """A length of time in the largest sensible unit, at least “1 minute”."""
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 120:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    hours = round(minutes / 60)
    if hours < 48:
        return f"{hours} hours"
    return f"{round(hours / 24)} days"
