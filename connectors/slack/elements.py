"""The small parts of Block Kit messages."""

from __future__ import annotations

from typing import Any

from connectors.base import Button
from connectors.slack.text import plain, web_url

Block = dict[str, Any]

BUTTON_LABEL = 75
BUTTON_VALUE = 2000
STYLES = ("primary", "danger")


def plain_text(text: str) -> Block:
    """A ``plain_text`` object."""
    # Without emoji a name like ":fire:" stays what it is.
    return {"type": "plain_text", "text": text, "emoji": False}


def mrkdwn_text(text: str) -> Block:
    """A ``mrkdwn`` object of a text that is escaped already."""
    # Verbatim, or Slack itself would turn "@here" and "#general" into calls and links.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str) -> Block:
    """A section of a text that is escaped already."""
    return {"type": "section", "text": mrkdwn_text(text)}


def button_element(button: Button, alert_id: str) -> Block | None:
    """A button that acts on this alert; None when there would be nothing to press."""
    action = plain(button.action, 255)
    label = plain(button.label, BUTTON_LABEL) or plain(action, BUTTON_LABEL)
    if not label:
        return None
    element: Block = {"type": "button", "action_id": action, "text": plain_text(label)}
    value = plain(alert_id, BUTTON_VALUE)
    if value:
        element["value"] = value
    if button.url or action == "open_thread":
        url = web_url(button.url)
        if not url:
            return None
        element["url"] = url
    if button.style in STYLES:
        element["style"] = button.style
    return element
