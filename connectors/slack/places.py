"""Turns a place of the policy (a person, a channel name or id) into an id to post to."""

from __future__ import annotations

import re
import threading
import time

from slack_sdk.web import WebClient

from connectors.errors import ConfigError
from connectors.slack.errors import told

PAGE = 1000
FRESH_SECONDS = 60.0
"""A name that was not there is not asked for again so soon; the listing is a costly call."""
_PERSON = re.compile(r"[UW][A-Z0-9]{7,20}")
_CONVERSATION = re.compile(r"[CGD][A-Z0-9]{7,20}")


class Places:
    """Remembers the direct message of each person and the id of each channel name."""

    def __init__(self, web: WebClient) -> None:
        self._web = web
        self._lock = threading.Lock()
        self._direct: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._listed = -FRESH_SECONDS

    def resolve(self, place: str) -> str:
        """The conversation id; ConfigError when the app sees no such channel."""
        if _CONVERSATION.fullmatch(place):
            return place
        if _PERSON.fullmatch(place):
            return self._direct.get(place) or self._open(place)
        name = place.removeprefix("#").lower()
        found = self._names.get(name) or self._listing().get(name)
        if found is None:
            raise ConfigError(
                f"the app sees no channel #{name}",
                mend="Create the channel, or invite the app if it is private (/invite @Hotlead).",
            )
        return found

    def forget(self, place: str) -> None:
        """Ask Slack again next time: the conversation behind the place was refused."""
        self._direct.pop(place, None)
        self._names.pop(place.removeprefix("#").lower(), None)
        self._listed = -FRESH_SECONDS

    def _open(self, person: str) -> str:
        with told(f"opening the direct message with {person}"):
            channel = str(self._web.conversations_open(users=person)["channel"]["id"])
        self._direct[person] = channel
        return channel

    def _listing(self) -> dict[str, str]:
        with self._lock:
            if time.monotonic() - self._listed < FRESH_SECONDS:
                return self._names
            names: dict[str, str] = {}
            with told("listing the channels"):
                pages = self._web.conversations_list(
                    types="public_channel,private_channel", exclude_archived=True, limit=PAGE
                )
                for page in pages:
                    names |= {one["name"]: one["id"] for one in page["channels"]}
            self._names = names
            self._listed = time.monotonic()
            return names
