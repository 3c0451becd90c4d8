"""The small parts of Block Kit messages."""

from __future__ import annotations

from typing import Any

from connectors.base import Button
from connectors.slack.text import length, plain, web_url

Block = dict[str, Any]

BUTTON_LABEL = 75
BUTTON_VALUE = 2000
STYLES = ("primary", "danger")
OPTIONS = 100
OPTION_VALUE = 75


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
    if button.choices:
        return _menu(button, action, label, alert_id)
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


def _menu(button: Button, action: str, label: str, alert_id: str) -> Block | None:
    """A menu that says what it is for until something is chosen in it."""
    options = []
    for word, said in button.choices[:OPTIONS]:
        value, text = plain(f"{word}:{alert_id}", BUTTON_VALUE), plain(said, BUTTON_LABEL)
        if text and length(value) <= OPTION_VALUE:
            options.append({"text": plain_text(text), "value": value})
    if not options:
        return None
    return {
        "type": "static_select",
        "action_id": action,
        "placeholder": plain_text(label),
        "options": options,
    }
