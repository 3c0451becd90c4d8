"""How far an object has been read: the watermark, a JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MOST_HANDLED = 1000
"""Of more rows within one overlap the rest is read again, which costs calls and loses nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A watermark. ``changed`` is epoch ms by HubSpot's clock, ``timers`` are by ours.

    ``handled`` names rows of the overlap, with their stamps, that need not be looked at again;
    ``fields`` what the values of the mirror depend on: with other ones it is read anew.
    ``costs`` are the calls that the last look of a timer took.
    """

    changed: int = 0
    timers: Mapping[str, int] = field(default_factory=dict)
    costs: Mapping[str, int] = field(default_factory=dict)
    handled: Mapping[str, int] = field(default_factory=dict)
    fields: tuple[str, ...] = ()

    @staticmethod
    def read(text: str | None) -> Mark | None:
        """The watermark in a text; None when it is not one of ours."""
        try:
            found = json.loads(text or "")
            return Mark(
                changed=int(found["changed"]),
                timers=_numbers(found["timers"]),
                costs=_numbers(found["costs"]),
                handled=_numbers(found["handled"]),
                fields=tuple(map(str, found["fields"])),
            )
        except (ValueError, LookupError, TypeError, AttributeError):
            return None

    def text(self) -> str:
        """As it is stored."""
        told = {
            "changed": self.changed,
            "timers": dict(self.timers),
            "costs": dict(self.costs),
            "handled": dict(list(self.handled.items())[-MOST_HANDLED:]),
            "fields": list(self.fields),
        }
        return json.dumps(told, separators=(",", ":"))

    def looked(self, timer: str, now: int, calls: int) -> Mark:
        """With the look of a timer noted."""
        return replace(self, timers={**self.timers, timer: now}, costs={**self.costs, timer: calls})


def _numbers(found: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(value) for name, value in found.items()}
