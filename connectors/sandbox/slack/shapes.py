"""The JSON of users, channels and messages, with the keys that Slack gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox.slack.state import (
    APP_ID,
    BOT_ID,
    BOT_NAME,
    BOT_USER,
    TEAM_ID,
    Channel,
    Message,
    State,
    User,
)

JSON = dict[str, Any]
_IMAGE = "https://a.slack-edge.com/80588/img/avatars/ava_0001-{size}.png"


def profile(user: User, *, with_email: bool) -> JSON:
    """A user's profile; the e-mail only for apps with the scope for it."""
    first, _, last = user.real_name.partition(" ")
    body: JSON = {
        "title": user.title,
        "phone": "",
        "skype": "",
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "fields": {},
        "status_text": user.status_text,
        "status_emoji": user.status_emoji,
        "status_expiration": user.status_expiration,
        "status_text_canonical": "",
        "status_emoji_display_info": [],
        "avatar_hash": "g0" + user.id[-10:].lower(),
        "first_name": first,
        "last_name": last,
    }
    for size in (24, 32, 48, 72, 192, 512):
        body[f"image_{size}"] = _IMAGE.format(size=size)
    if with_email and user.email:
        body["email"] = user.email
    if user.is_bot:
        body |= {"api_app_id": APP_ID, "bot_id": BOT_ID, "always_active": True}
    return body


def user_json(state: State, user: User, *, with_email: bool) -> JSON:
    """A user as ``users.info`` gives it. Deleted users carry no time zone."""
    body: JSON = {
        "id": user.id,
        "team_id": TEAM_ID,
        "name": user.name,
        "deleted": user.deleted,
        "profile": profile(user, with_email=with_email),
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": user.updated,
    }
    del body["profile"]["fields"]
    body["profile"]["team"] = TEAM_ID
    if user.deleted:
        return body
    local = state.now().astimezone(ZoneInfo(user.time_zone))
    return body | {
        "color": "9f69e7",
        "real_name": user.real_name,
        "tz": user.time_zone,
        "tz_label": local.tzname() or "",
        "tz_offset": int((local.utcoffset() or timedelta(0)).total_seconds()),
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_email_confirmed": not user.is_bot,
        "who_can_share_contact_card": "EVERYONE",
    }


def channel_json(channel: Channel) -> JSON:
    """A conversation as ``conversations.info`` gives it."""
    if channel.is_im:
        return _direct_json(channel)
    words = {"value": "", "creator": "", "last_set": 0}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "previous_names": [],
        "created": channel.created,
        "creator": BOT_USER,
        "is_channel": not channel.private,
        "is_group": channel.private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.private,
        "is_archived": channel.archived,
        "is_general": False,
        "is_member": BOT_USER in channel.members,
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "pending_connected_team_ids": [],
        "shared_team_ids": [TEAM_ID],
        "context_team_id": TEAM_ID,
        "unlinked": 0,
        "updated": channel.created * 1000,
        "topic": dict(words),
        "purpose": dict(words),
        "num_members": len(channel.members),
    }


def _direct_json(channel: Channel) -> JSON:
    return {
        "id": channel.id,
        "created": channel.created,
        "is_archived": False,
        "is_im": True,
        "is_org_shared": False,
        "user": channel.user,
        "is_user_deleted": False,
        "priority": 0,
    }


def message_json(message: Message, *, with_metadata: bool = False) -> JSON:
    """A message as history and posting give it."""
    body: JSON = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": TEAM_ID,
    }
    if message.user == BOT_USER:
        body |= {"bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": _bot_profile()}
    if message.blocks:
        body["blocks"] = message.blocks
    if message.thread_ts:
        body |= {"thread_ts": message.thread_ts, "parent_user_id": BOT_USER}
    if message.edited_ts:
        body["edited"] = {"user": BOT_ID, "ts": message.edited_ts}
    if with_metadata and message.metadata:
        body["metadata"] = message.metadata
    return body


def _bot_profile() -> JSON:
    icons = {f"image_{size}": _IMAGE.format(size=size) for size in (36, 48, 72)}
    return {
        "id": BOT_ID,
        "deleted": False,
        "name": BOT_NAME,
        "updated": 1_700_000_000,
        "app_id": APP_ID,
        "icons": icons,
        "team_id": TEAM_ID,
    }
