"""What the workspace holds: users, channels, messages. Plain records under one lock."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TEAM_ID = "T0HOTLEAD1"
TEAM_DOMAIN = "hotlead-sandbox"
TEAM_NAME = "Hotlead Sandbox"
APP_ID = "A0HOTLEAD1"
BOT_ID = "B0HOTLEAD1"
BOT_USER = "U0HOTLEAD1"
BOT_NAME = "hotlead"

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class SlackError(Exception):
    """An answer with ``ok: false``; ``more`` is merged into the body."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


@dataclass(slots=True, kw_only=True)
class User:
    """A member of the workspace. Status and do-not-disturb times are Unix seconds, 0 for none."""

    id: str
    name: str
    real_name: str
    email: str
    title: str = ""
    time_zone: str = "America/New_York"
    deleted: bool = False
    is_bot: bool = False
    status_text: str = ""
    status_emoji: str = ""
    status_expiration: int = 0
    dnd_start: int = 0
    dnd_end: int = 0
    updated: int = 0
    home: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Message:
    """One message as it stands now; ``edits`` counts its updates."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    thread_ts: str = ""
    edited_ts: str = ""
    edits: int = 0
    earlier: list[list[dict[str, Any]]] = field(default_factory=list)
    """The blocks that it had before: a person's screen may be behind."""
    pings: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel (C…) or a direct message (D…), where ``user`` is the other person."""

    id: str
    name: str = ""
    user: str = ""
    created: int = 0
    private: bool = False
    archived: bool = False
    members: set[str] = field(default_factory=set)
    messages: dict[str, Message] = field(default_factory=dict)
    last_post: float = 0.0

    @property
    def is_im(self) -> bool:
        """Whether this is a direct message."""
        return bool(self.user)


class State:
    """The workspace. Callers hold ``lock`` around anything of more than one step."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.ephemerals: list[dict[str, Any]] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.triggers: dict[str, str] = {}
        self.asked: dict[str, str] = {}
        """Whose screen each modal that is still open is on, by its id."""
        self._last_stamp = 0
        self._ids = random.Random("hotlead")  # noqa: S311 - ids that only need to look real
        self.add_user(BOT_NAME, "Hotlead", "", id=BOT_USER, is_bot=True)

    def seconds(self) -> int:
        """The present moment in Unix seconds."""
        return int(self.now().timestamp())

    def stamp(self) -> str:
        """A message ts: Unix time with microseconds, strictly rising even if the clock is not."""
        with self.lock:
            self._last_stamp = max(int(self.now().timestamp() * 1_000_000), self._last_stamp + 1)
            return f"{self._last_stamp // 1_000_000}.{self._last_stamp % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """An id of eleven characters; the same for each run."""
        return prefix + "0" + "".join(self._ids.choices(_ALPHABET, k=9))

    def add_user(self, name: str, real_name: str, email: str, **more: Any) -> User:
        """Add a member of the workspace."""
        with self.lock:
            more.setdefault("id", self.new_id("U"))
            more.setdefault("updated", self.seconds())
            user = User(name=name, real_name=real_name, email=email, **more)
            self.users[user.id] = user
            return user

    def add_channel(self, name: str, *, private: bool = False, invite_bot: bool = True) -> Channel:
        """Add a channel with everybody in it."""
        with self.lock:
            channel = Channel(
                id=self.new_id("C"), name=name, private=private, created=self.seconds()
            )
            channel.members = set(self.users)
            if not invite_bot:
                channel.members.discard(BOT_USER)
            self.channels[channel.id] = channel
            return channel

    def direct(self, user_id: str) -> Channel:
        """The direct message between the app and a person, opened when there is none yet."""
        with self.lock:
            for channel in self.channels.values():
                if channel.user == user_id:
                    return channel
            channel = Channel(
                id=self.new_id("D"),
                user=user_id,
                created=self.seconds(),
                members={user_id, BOT_USER},
            )
            self.channels[channel.id] = channel
            return channel

    def user(self, id_or_email: str) -> User:
        """The member with this id or e-mail; LookupError when there is none."""
        with self.lock:
            found = self.users.get(id_or_email)
            if found is not None:
                return found
            wanted = id_or_email.casefold()
            for user in self.users.values():
                if user.email and user.email.casefold() == wanted:
                    return user
        raise LookupError(f"the workspace has no user {id_or_email!r}")

    def channel(self, place: str) -> Channel:
        """The channel of an id, a ``#name``, a name, or a person; LookupError if none."""
        with self.lock:
            found = self.channels.get(place)
            if found is not None:
                return found
            for channel in self.channels.values():
                if channel.name and channel.name == place.removeprefix("#"):
                    return channel
            return self.direct(self.user(place).id)
