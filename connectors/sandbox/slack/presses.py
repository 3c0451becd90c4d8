"""What Slack tells an app when a person presses a button, chooses, or submits a view."""

from __future__ import annotations

import itertools
import secrets
from typing import Any

from connectors.sandbox.slack.shapes import message_json
from connectors.sandbox.slack.state import (
    APP_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Message,
    State,
    User,
)

_PRESSED = ("button", "static_select")


def _element(message: Message, action_id: str) -> tuple[str, dict[str, Any]]:
    for block in itertools.chain(message.blocks, *reversed(message.earlier)):
        elements = [*block.get("elements", []), block.get("accessory", {})]
        for element in elements:
            if element.get("type") in _PRESSED and element.get("action_id") == action_id:
                return block["block_id"], element
    raise LookupError(f"the message {message.ts} has no button {action_id!r}")


def _chosen(element: dict[str, Any], option: str) -> dict[str, Any]:
    """The option whose value begins with ``option``, the first for ''."""
    for one in element["options"]:
        if str(one["value"]).startswith(option):
            found: dict[str, Any] = one
            return found
    raise LookupError(f"the menu {element['action_id']!r} has no option {option!r}")


def block_actions(
    state: State,
    user: User,
    channel: Channel,
    message: Message,
    action_id: str,
    base_url: str,
    option: str = "",
) -> dict[str, Any]:
    """The payload of one press; LookupError when the message has no such button or option."""
    block_id, element = _element(message, action_id)
    action = {
        "action_id": action_id,
        "block_id": block_id,
        "type": element["type"],
        "action_ts": state.stamp(),
    }
    if element["type"] == "static_select":
        action["selected_option"] = _chosen(element, option)
        action["placeholder"] = element.get("placeholder")
    for name in ("text", "value", "url", "style"):
        if name in element:
            action[name] = element[name]
    trigger = f"{state.seconds()}.{int(user.updated)}.{secrets.token_hex(16)}"
    state.triggers[trigger] = user.id
    return {
        "type": "block_actions",
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": "sandbox-verification-token",
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": False,
        },
        "trigger_id": trigger,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        "message": message_json(message),
        "state": {"values": {}},
        "response_url": f"{base_url}/actions/{TEAM_ID}/{secrets.token_hex(12)}",
        "actions": [action],
    }


def view_submission(user: User, view: dict[str, Any], text: str) -> dict[str, Any]:
    """The payload of a view that a person filled in and submitted: ``text`` in every input."""
    values = {
        block["block_id"]: {
            block["element"]["action_id"]: {"type": block["element"]["type"], "value": text}
        }
        for block in view["blocks"]
        if block["type"] == "input"
    }
    return {
        "type": "view_submission",
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": "sandbox-verification-token",
        "view": view | {"state": {"values": values}},
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }
