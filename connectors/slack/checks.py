"""Looks whether the workspace gives what alerts and buttons need, and says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.base import Check
from connectors.checking import probe
from connectors.errors import AuthError, ConfigError, ConnectorError
from connectors.slack.errors import told
from connectors.slack.places import Places

if TYPE_CHECKING:
    from slack_sdk.web import WebClient

    from connectors.slack.surface import Identity

_SOCKET = (
    "Make an app-level token (xapp-…) with the scope connections:write and put it into "
    "HOTLEAD_SLACK_APP_TOKEN; Socket Mode must be on, as in our manifest."
)


@dataclass(frozen=True, slots=True)
class Checks:
    """The looks at one workspace; each makes a call or two."""

    web: WebClient
    places: Places
    app_token: str = field(repr=False)

    def all(self, identity: Callable[[], Identity], channels: Sequence[str]) -> Iterator[Check]:
        """Every check, the bot token first; nothing else when that was refused."""
        name = "slack log-in"
        try:
            who = identity()
        except ConnectorError as error:
            yield Check(name=name, state="fail", text=str(error), mend=error.mend)
            return
        yield Check(name=name, state="ok", text=f"the app is in the workspace {who.team}")
        yield _scopes(who)
        yield from probe("slack socket", self._socket)
        for channel in channels:
            yield from self._channel(channel)

    def _socket(self) -> Iterator[Check]:
        name = "slack socket"
        if not self.app_token:
            text = "without an app-level token the buttons of messages cannot be heard"
            yield Check(name=name, state="fail", text=text, mend=_SOCKET)
            return
        try:
            with told("asking for a socket"):
                self.web.apps_connections_open(app_token=self.app_token)
        except (AuthError, ConfigError) as error:
            # The mend of the error speaks of the bot token.
            yield Check(name=name, state="fail", text=str(error), mend=_SOCKET)
            return
        yield Check(name=name, state="ok", text="Socket Mode works, buttons can be heard")

    def _channel(self, channel: str) -> Iterator[Check]:
        name = f"slack {channel}"

        def look() -> Iterator[Check]:
            place = self.places.resolve(channel)
            with told(f"looking at {channel}"):
                found = self.web.conversations_info(channel=place)["channel"]
            if found.get("is_archived"):
                text, mend = f"{channel} is archived", "restore it, or name another in the policy"
                yield Check(name=name, state="fail", text=text, mend=mend)
            elif not found.get("is_member"):
                text, mend = f"the app is not in {channel}", f"in {channel}: /invite @Hotlead"
                yield Check(name=name, state="fail", text=text, mend=mend)
            else:
                yield Check(name=name, state="ok", text=f"the app is in {channel}")

        return probe(name, look)


def _scopes(who: Identity) -> Check:
    name, lacking = "slack scopes", who.lacking()
    if lacking:
        text = f"the app lacks the scopes {', '.join(lacking)}"
        mend = "bring the app up to config/slack-manifest.yaml and install it again"
        return Check(name=name, state="fail", text=text, mend=mend)
    if not who.scopes:
        return Check(name=name, state="warn", text="Slack did not say which scopes the app has")
    return Check(name=name, state="ok", text="the app has every scope that it needs")
