"""Whom a message would call upon: what stands unescaped in its mrkdwn texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_CALLS = re.compile(
    r"<(!(?:channel|here|everyone|subteam\^[A-Z0-9]+)|@[UW][A-Z0-9]+)(?:\|[^<>]*)?>"
)
_BARE = re.compile(r"(?<![\w<!])@(channel|here|everyone)\b")


def pings(text: str, blocks: list[dict[str, Any]]) -> list[str]:
    """The calls in order, as ``!channel``, ``!here``, ``@U…``; bare ``@here`` counts in blocks.

    With blocks Slack shows the text in notifications only, yet its calls still reach people.
    """
    found = _CALLS.findall(text)
    for shown, preprocessed in _mrkdwn(blocks):
        found += _CALLS.findall(shown)
        if preprocessed:
            found += [f"!{name}" for name in _BARE.findall(shown)]
    return list(dict.fromkeys(found))


def _mrkdwn(value: Any) -> Iterator[tuple[str, bool]]:
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn" and isinstance(value.get("text"), str):
            yield value["text"], not value.get("verbatim", False)
        for inner in value.values():
            yield from _mrkdwn(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _mrkdwn(inner)
