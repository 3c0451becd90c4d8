"""``conversations.*``."""

from __future__ import annotations

import re

from connectors.sandbox.slack.call import JSON, Call, Method
from connectors.sandbox.slack.paging import page
from connectors.sandbox.slack.shapes import channel_json, message_json
from connectors.sandbox.slack.state import BOT_USER, Channel, Message, SlackError

_TYPES = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "mpim": "mpim:read",
    "im": "im:read",
}
_TS = re.compile(r"\d+(\.\d{1,6})?")


def open_direct(call: Call) -> JSON:
    """``conversations.open`` with one person."""
    names = [name.strip() for name in call.text("users").split(",") if name.strip()]
    if not names:
        raise SlackError("users_list_not_supplied")
    if len(names) > 1:
        raise SlackError("missing_scope", needed="mpim:write", provided=",".join(call.scopes))
    user = call.state.users.get(names[0])
    if user is None:
        raise SlackError("user_not_found")
    if user.deleted:
        raise SlackError("user_disabled")
    if user.is_bot:
        raise SlackError("cannot_dm_bot")
    known = any(channel.user == user.id for channel in call.state.channels.values())
    channel = call.state.direct(user.id)
    body: JSON = {"channel": {"id": channel.id}}
    if call.flag("return_im"):
        hidden = ("is_user_deleted", "priority")
        whole = channel_json(channel).items()
        body["channel"] = {name: value for name, value in whole if name not in hidden}
    return body | ({"no_op": True, "already_open": True} if known else {})


def _kind(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.private else "public_channel"


def list_channels(call: Call) -> JSON:
    """``conversations.list``; private ones only where the app takes part."""
    types = [one.strip() for one in call.text("types", "public_channel").split(",")]
    for one in types:
        if one not in _TYPES:
            raise SlackError("invalid_types")
        call.need(_TYPES[one])
    wanted = [
        channel
        for channel in call.state.channels.values()
        if _kind(channel) in types
        and not (channel.private and BOT_USER not in channel.members)
        and not (channel.archived and call.flag("exclude_archived"))
    ]
    shown, cursor = page(call, wanted)
    return {
        "channels": [channel_json(channel) for channel in shown],
        "response_metadata": {"next_cursor": cursor},
    }


def info(call: Call) -> JSON:
    """``conversations.info``."""
    channel = call.channel()
    call.need_for(channel, "read")
    body = channel_json(channel)
    if not call.flag("include_num_members"):
        body.pop("num_members", None)
    return {"channel": body}


def _between(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = call.text("oldest", "0"), call.text("latest")
    for name, value in (("oldest", oldest), ("latest", latest or "0")):
        if not _TS.fullmatch(value):
            raise SlackError(f"invalid_ts_{name}")
    inclusive = call.flag("inclusive")
    low, high = float(oldest), float(latest) if latest else float("inf")
    return [
        one
        for one in messages
        if low < float(one.ts) < high or (inclusive and float(one.ts) in (low, high))
    ]


def history(call: Call) -> JSON:
    """``conversations.history``: newest first; metadata only when asked for and allowed."""
    channel = call.channel()
    call.need_for(channel, "history")
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    tops = [one for one in channel.messages.values() if not one.thread_ts]
    messages = sorted(_between(call, tops), key=lambda one: one.ts, reverse=True)
    shown, cursor = page(call, messages)
    metadata = call.flag("include_all_metadata") and "metadata.message:read" in call.scopes
    body: JSON = {
        "messages": [message_json(one, with_metadata=metadata) for one in shown],
        "has_more": bool(cursor),
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    if cursor:
        body["response_metadata"] = {"next_cursor": cursor}
    return body


def replies(call: Call) -> JSON:
    """``conversations.replies``: the parent first, then its thread."""
    channel = call.channel()
    call.need_for(channel, "history")
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    parent = channel.messages.get(call.required("ts"))
    if parent is None:
        raise SlackError("thread_not_found")
    thread = [one for one in channel.messages.values() if one.thread_ts == parent.ts]
    shown, cursor = page(call, [parent, *_between(call, thread)])
    metadata = call.flag("include_all_metadata") and "metadata.message:read" in call.scopes
    return {
        "messages": [message_json(one, with_metadata=metadata) for one in shown],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


METHODS = {
    "conversations.open": Method(open_direct, ("im:write",)),
    "conversations.list": Method(list_channels),
    "conversations.info": Method(info),
    "conversations.history": Method(history),
    "conversations.replies": Method(replies),
}
