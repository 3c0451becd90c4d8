"""``users.*``, ``dnd.*`` and ``auth.test``."""

from __future__ import annotations

from connectors.sandbox.slack.call import JSON, Call, Method
from connectors.sandbox.slack.paging import page
from connectors.sandbox.slack.shapes import profile, user_json
from connectors.sandbox.slack.state import (
    BOT_ID,
    BOT_NAME,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    TEAM_NAME,
    SlackError,
    User,
)

_EMAIL_SCOPE = "users:read.email"


def _shown(call: Call, user: User) -> JSON:
    return user_json(call.state, user, with_email=_EMAIL_SCOPE in call.scopes)


def api_test(call: Call) -> JSON:
    """``api.test``: says back what it was told."""
    args = {name: value for name, value in call.args.items() if name != "token"}
    if "error" in args:
        raise SlackError(str(args["error"]), args=args)
    return {"args": args} if args else {}


def auth_test(_: Call) -> JSON:
    """``auth.test``."""
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": BOT_NAME,
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def lookup_by_email(call: Call) -> JSON:
    """``users.lookupByEmail``; deleted users are not found by it."""
    try:
        user = call.state.user(call.required("email").strip())
    except LookupError:
        raise SlackError("users_not_found") from None
    if user.deleted or not user.email:
        raise SlackError("users_not_found")
    return {"user": _shown(call, user)}


def info(call: Call) -> JSON:
    """``users.info``."""
    return {"user": _shown(call, call.user())}


def list_users(call: Call) -> JSON:
    """``users.list``, by pages."""
    users, cursor = page(call, sorted(call.state.users.values(), key=lambda user: user.id))
    return {
        "members": [_shown(call, user) for user in users],
        "cache_ts": call.state.seconds(),
        "response_metadata": {"next_cursor": cursor},
    }


def get_profile(call: Call) -> JSON:
    """``users.profile.get``; of the app itself when nobody is named."""
    user = call.user() if call.text("user") else call.state.users[BOT_USER]
    return {"profile": profile(user, with_email=_EMAIL_SCOPE in call.scopes)}


def _dnd(user: User) -> JSON:
    return {
        "dnd_enabled": user.dnd_end > 0,
        "next_dnd_start_ts": user.dnd_start or 1,
        "next_dnd_end_ts": user.dnd_end or 1,
    }


def dnd_info(call: Call) -> JSON:
    """``dnd.info``."""
    return _dnd(call.user() if call.text("user") else call.state.users[BOT_USER])


def dnd_team(call: Call) -> JSON:
    """``dnd.teamInfo``, of up to fifty people; those unknown are left out."""
    wanted = [name.strip() for name in call.required("users").split(",") if name.strip()]
    if len(wanted) > 50:
        raise SlackError("too_many_users")
    users = call.state.users
    return {"users": {name: _dnd(users[name]) for name in wanted if name in users}}


METHODS = {
    "api.test": Method(api_test, caller=""),
    "auth.test": Method(auth_test),
    "users.lookupByEmail": Method(lookup_by_email, (_EMAIL_SCOPE,)),
    "users.info": Method(info, ("users:read",)),
    "users.list": Method(list_users, ("users:read",)),
    "users.profile.get": Method(get_profile, ("users.profile:read",)),
    "dnd.info": Method(dnd_info, ("dnd:read",)),
    "dnd.teamInfo": Method(dnd_team, ("dnd:read",)),
}
