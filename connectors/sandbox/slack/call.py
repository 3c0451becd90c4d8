"""One call of a Web API method: its arguments, as Slack reads them, and what it may touch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from connectors.sandbox.slack.state import BOT_USER, Channel, SlackError, State, User

JSON = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Call:
    """The arguments of one call, still as sent. ``base_url`` is where the server was reached."""

    state: State
    args: JSON
    scopes: frozenset[str]
    base_url: str
    enforce_limits: bool = False

    def text(self, name: str, default: str = "") -> str:
        """A string argument; numbers become strings as in a form."""
        value = self.args.get(name)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        """A string argument that must be there."""
        value = self.text(name)
        if not value:
            note = f"[ERROR] missing required field: {name}"
            raise SlackError("invalid_arguments", response_metadata={"messages": [note]})
        return value

    def flag(self, name: str) -> bool:
        """A yes or no as JSON or as a form writes it."""
        return str(self.args.get(name, "")).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        try:
            return int(self.args.get(name) or default)
        except (TypeError, ValueError):
            raise SlackError(f"invalid_{name}") from None

    def parsed(self, name: str, error: str) -> Any:
        """An argument that is JSON, or JSON inside a form field; None when absent."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(error) from None

    def need(self, *scopes: str) -> None:
        """Refuse the call unless the token has one of the scopes."""
        if scopes and not self.scopes.intersection(scopes):
            provided = ",".join(sorted(self.scopes))
            raise SlackError("missing_scope", needed=",".join(scopes), provided=provided)

    def need_for(self, channel: Channel, what: str) -> None:
        """Refuse unless the token has ``what`` (history, read) for this kind of conversation."""
        kind = "im" if channel.is_im else "groups" if channel.private else "channels"
        self.need(f"{kind}:{what}")

    def channel(self, name: str = "channel") -> Channel:
        """The conversation by its id, where the app can see it."""
        found = self.state.channels.get(self.required(name))
        if found is None or (found.private and BOT_USER not in found.members):
            raise SlackError("channel_not_found")
        return found

    def user(self, name: str = "user") -> User:
        """The user by id."""
        found = self.state.users.get(self.required(name))
        if found is None:
            raise SlackError("user_not_found")
        return found


@dataclass(frozen=True, slots=True)
class Method:
    """A Web API method: whose token it wants, the scopes of which one is needed, and its code."""

    run: Callable[[Call], JSON]
    scopes: tuple[str, ...] = ()
    caller: str = "bot"


def read_arguments(content_type: str, body: bytes, query: str) -> JSON:
    """The arguments of a request from query and body; SlackError for a body that is not read."""
    args: JSON = dict(parse_qsl(query, keep_blank_values=True))
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return args
    if kind == "application/json":
        try:
            read = json.loads(body)
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(read, dict):
            raise SlackError("json_not_object")
        return args | read
    if kind != "application/x-www-form-urlencoded":
        raise SlackError("invalid_post_type")
    return args | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
