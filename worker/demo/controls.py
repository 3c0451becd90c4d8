"""What the demo page asks of the demo: to be shown everything, and to play along."""

from __future__ import annotations

from typing import Any, Protocol


class ControlError(Exception):
    """What the visitor asked for cannot be done; the text says why, for the visitor to read."""


class DemoControls(Protocol):
    """The stage as the page sees it. People are named by e-mail. Safe for use from any thread.

    Every verb returns one sentence that says what was done, once it is done, and raises
    ControlError when it cannot be.
    """

    def state(self) -> dict[str, Any]:
        """Everything that the page shows, as plain JSON values; see ``demo_state``."""

    def send_signal(self, prospect: str, kind: str, tier: int | None) -> str:
        """Report a signal about a prospect. ``kind`` is one of ``SIGNALS``, tiers go 1 to 5."""

    def press(
        self, person: str, alert_id: str, action: str, choice: str = "", words: str | None = None
    ) -> str:
        """Press a button of an alert's Slack message as ``person``, or choose in its menu.

        ``words`` is what they write into the form that a choice may open.
        """

    def respond(self, person: str, alert_id: str, kind: str) -> str:
        """Log an ``email`` or ``call`` of ``person`` to the alert's prospect in the CRM."""

    def away(self, person: str, hours: int) -> str:
        """Set ``person`` out of office in the CRM, from now for so many hours."""

    def forward(self, minutes: int) -> str:
        """Move the clock forward."""


SIGNALS: dict[str, dict[str, Any]] = {
    "multi_open": {"type": "multi_open", "count": 2},
    "open": {"type": "open"},
    "positive_reply": {"type": "reply", "sentiment": "positive"},
    "reply": {"type": "reply", "sentiment": "neutral"},
    "automatic_reply": {"type": "reply", "sentiment": "automatic"},
    "click": {"type": "click"},
    "form": {"type": "form"},
}
"""The signals that a visitor may send, as fields of the envelope."""

WITH_TIER = frozenset({"multi_open", "open"})
