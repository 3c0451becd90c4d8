"""``chat.*`` and ``views.*``."""

from __future__ import annotations

import json
import math
from typing import Any

from connectors.sandbox.slack.blockkit import VIEW_BLOCKS, check_blocks
from connectors.sandbox.slack.call import JSON, Call, Method
from connectors.sandbox.slack.pings import pings
from connectors.sandbox.slack.shapes import message_json
from connectors.sandbox.slack.state import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Message,
    SlackError,
)

LONGEST_TEXT = 40_000
LONGEST_BLOCKS = 13_200
"""Letters of all blocks together; not in the documents, but seen by many (bolt-js#2509)."""
SECONDS_BETWEEN = 1.0
_VIEW_TITLE, _VIEW_METADATA = 24, 3000


class RateLimited(Exception):
    """Answer 429; ``retry_after`` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


def _target(call: Call) -> Channel:
    """Where to post: a conversation id, a user id, or a channel name."""
    place = call.required("channel")
    user = call.state.users.get(place)
    if user is not None:
        if user.is_bot:
            raise SlackError("cannot_dm_bot")
        return call.state.direct(user.id)
    for channel in call.state.channels.values():
        if channel.id == place or (channel.name and channel.name == place.removeprefix("#")):
            return _writable(call, channel)
    raise SlackError("channel_not_found")


def _writable(call: Call, channel: Channel) -> Channel:
    if channel.archived:
        raise SlackError("is_archived")
    if BOT_USER not in channel.members:
        if channel.private:
            raise SlackError("channel_not_found")
        if "chat:write.public" not in call.scopes:
            raise SlackError("not_in_channel")
    if channel.is_im and call.state.users[channel.user].deleted:
        raise SlackError("channel_not_found")
    return channel


def _content(call: Call) -> tuple[str, list[dict[str, Any]]]:
    """The text and the checked blocks of a message."""
    text = call.text("text")
    given = call.parsed("blocks", "invalid_blocks_format")
    blocks = check_blocks(given) if given else []
    if not text.strip() and not blocks:
        raise SlackError("no_text")
    if len(text) > LONGEST_TEXT:
        raise SlackError("msg_too_long")
    if len(json.dumps(blocks, ensure_ascii=False)) > LONGEST_BLOCKS:
        raise SlackError("msg_blocks_too_long")
    return text, blocks


def _metadata(call: Call) -> JSON | None:
    given = call.parsed("metadata", "invalid_metadata_format")
    if not given:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    payload = given.get("event_payload")
    if not isinstance(payload, dict):
        raise SlackError("invalid_metadata_format")
    flat = (str, int, float, bool)
    for value in payload.values():
        inner = value.values() if isinstance(value, dict) else [value]
        if not all(isinstance(one, flat) for one in inner):
            raise SlackError("invalid_metadata_format")
    return {"event_type": given["event_type"], "event_payload": payload}


def post(call: Call) -> JSON:
    """``chat.postMessage``."""
    channel = _target(call)
    if call.enforce_limits:
        waited = call.state.now().timestamp() - channel.last_post
        if waited < SECONDS_BETWEEN:
            raise RateLimited(max(1, math.ceil(SECONDS_BETWEEN - waited)))
    text, blocks = _content(call)
    metadata = _metadata(call)
    thread = call.text("thread_ts")
    if thread and thread not in channel.messages:
        raise SlackError("thread_not_found")
    message = Message(
        channel=channel.id,
        ts=call.state.stamp(),
        user=BOT_USER,
        text=text,
        blocks=blocks,
        metadata=metadata,
        thread_ts=thread,
        pings=pings(text, blocks),
    )
    channel.messages[message.ts] = message
    channel.last_post = call.state.now().timestamp()
    shown = message_json(message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def _own_message(call: Call, refused: str) -> tuple[Channel, Message]:
    channel = call.channel()
    message = channel.messages.get(call.required("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message.user != BOT_USER:
        raise SlackError(refused)
    return channel, message


def update(call: Call) -> JSON:
    """``chat.update``; metadata that is not given stays."""
    channel, message = _own_message(call, "cant_update_message")
    _writable(call, channel)
    text, blocks = _content(call)
    metadata = _metadata(call)
    message.earlier.append(message.blocks)
    message.text, message.blocks = text, blocks
    message.metadata = message.metadata if metadata is None else metadata
    message.pings = pings(text, blocks)
    message.edits += 1
    message.edited_ts = f"{call.state.seconds()}.000000"
    shown = message_json(message, with_metadata=True)
    del shown["ts"]
    return {"channel": channel.id, "ts": message.ts, "text": text, "message": shown}


def delete(call: Call) -> JSON:
    """``chat.delete``."""
    channel, message = _own_message(call, "cant_delete_message")
    del channel.messages[message.ts]
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(call: Call) -> JSON:
    """``chat.postEphemeral``."""
    channel = _writable(call, call.channel())
    user = call.required("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    text, blocks = _content(call)
    ts = call.state.stamp()
    call.state.ephemerals.append(
        {"channel": channel.id, "user": user, "text": text, "blocks": blocks, "ts": ts}
    )
    return {"message_ts": ts}


def permalink(call: Call) -> JSON:
    """``chat.getPermalink``."""
    channel = call.channel()
    ts = call.required("message_ts")
    if ts not in channel.messages:
        raise SlackError("message_not_found")
    path = f"archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": f"https://{TEAM_DOMAIN}.slack.com/{path}"}


def _check_modal(given: JSON, blocks: list[JSON]) -> None:
    """A title is needed, a submit button where something is asked; both are short."""
    faults = []
    for name in ("title", "submit", "close"):
        text = (given.get(name) or {}).get("text", "")
        if len(text) > _VIEW_TITLE:
            faults.append(f"must be less than 25 characters [json-pointer:/view/{name}/text]")
    if not given.get("title"):
        faults.append("missing required field: title [json-pointer:/view]")
    if any(one["type"] == "input" for one in blocks) and not given.get("submit"):
        faults.append("missing required field: submit [json-pointer:/view]")
    if len(given.get("private_metadata", "")) > _VIEW_METADATA:
        faults.append("must be less than 3001 characters [json-pointer:/view/private_metadata]")
    if faults:
        messages = [f"[ERROR] {one}" for one in faults]
        raise SlackError("invalid_arguments", response_metadata={"messages": messages})


def _view(call: Call, kinds: tuple[str, ...]) -> JSON:
    given = call.parsed("view", "invalid_arguments")
    if not isinstance(given, dict) or given.get("type") not in kinds:
        raise SlackError("invalid_arguments")
    blocks = check_blocks(given.get("blocks"), most=VIEW_BLOCKS)
    if given["type"] == "modal":
        _check_modal(given, blocks)
    view_id = call.state.new_id("V")
    view: JSON = {
        "id": view_id,
        "team_id": TEAM_ID,
        "type": given["type"],
        "blocks": blocks,
        "private_metadata": given.get("private_metadata", ""),
        "callback_id": given.get("callback_id", ""),
        "external_id": given.get("external_id", ""),
        "state": {"values": {}},
        "hash": f"{call.state.seconds()}.{view_id[-8:].lower()}",
        "title": given.get("title") or {"type": "plain_text", "text": "View", "emoji": True},
        "clear_on_close": False,
        "notify_on_close": False,
        "close": given.get("close"),
        "submit": given.get("submit"),
        "previous_view_id": None,
        "root_view_id": view_id,
        "app_id": APP_ID,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }
    call.state.views[view_id] = view
    return view


def open_view(call: Call) -> JSON:
    """``views.open``; a trigger works once."""
    whose = call.state.triggers.pop(call.required("trigger_id"), None)
    if whose is None:
        raise SlackError("invalid_trigger_id")
    view = _view(call, ("modal",))
    call.state.asked[view["id"]] = whose
    return {"view": view}


def publish_view(call: Call) -> JSON:
    """``views.publish``: the Home tab of one person."""
    user = call.user("user_id")
    user.home = _view(call, ("home",))
    return {"view": user.home}


METHODS = {
    "chat.postMessage": Method(post, ("chat:write",)),
    "chat.update": Method(update, ("chat:write",)),
    "chat.delete": Method(delete, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",)),
    "chat.getPermalink": Method(permalink),
    "views.open": Method(open_view),
    "views.publish": Method(publish_view),
}
