"""The workspace as a server, and the hand of a test or a visitor inside it."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ruamel.yaml import YAML
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from connectors.sandbox.faults import Faults
from connectors.sandbox.slack import chat, conversations, people
from connectors.sandbox.slack.call import JSON, Call, Method, read_arguments
from connectors.sandbox.slack.presses import block_actions, view_submission
from connectors.sandbox.slack.sockets import Acknowledgement, Hub
from connectors.sandbox.slack.state import APP_ID, Channel, SlackError, State
from connectors.sandbox.world import World

BOT_TOKEN = "xoxb-sandbox-bot"  # noqa: S105 - opens the sandbox only
APP_TOKEN = "xapp-sandbox-app"  # noqa: S105 - opens the sandbox only


@functools.cache
def manifest_scopes() -> frozenset[str]:
    """The bot scopes that our own manifest asks for."""
    text = importlib.resources.files("config").joinpath("slack-manifest.yaml").read_text()
    return frozenset(YAML(typ="safe").load(text)["oauth_config"]["scopes"]["bot"])


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One method call as the server saw it; ``error`` is '' when it was answered with ok."""

    method: str
    at: datetime
    args: JSON
    error: str


class SlackSandbox:
    """A workspace. ``app`` is the ASGI application, ``faults`` what goes wrong on order.

    ``scopes`` may be set to take permissions away; ``revoked`` to withdraw both tokens;
    ``enforce_limits`` to refuse a second message a second to one channel; ``ack_seconds`` is how
    long an event may stay unacknowledged before it is delivered again.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        bot_token: str = BOT_TOKEN,
        app_token: str = APP_TOKEN,
        enforce_limits: bool = False,
        ack_seconds: float = 3.0,
    ) -> None:
        self.bot_token = bot_token
        self.app_token = app_token
        self.enforce_limits = enforce_limits
        self.scopes = manifest_scopes()
        self.revoked = False
        self.calls: list[LoggedCall] = []
        self.state = State(now)
        self.sockets = Hub(self.state, ack_seconds)
        self.socket_url = ""
        """Address that ``apps.connections.open`` hands out instead of the server's own."""
        self.faults = Faults()
        self._base_url = "http://127.0.0.1"
        self._methods: dict[str, Method] = {
            **people.METHODS,
            **conversations.METHODS,
            **chat.METHODS,
            "apps.connections.open": Method(self._open_socket, caller="app"),
        }
        routes = [
            Route("/api/{method}", self._serve, methods=["GET", "POST"]),
            WebSocketRoute("/link/", self.sockets.serve),
        ]
        self.app = self.faults.around(Starlette(routes=routes))

    async def _serve(self, request: Request) -> Response:
        name = request.path_params["method"]
        self._base_url = f"{request.url.scheme}://{request.url.netloc}"
        body = await request.body()
        args: JSON = {}
        error, status, headers = "", 200, {"x-slack-req-id": f"r{len(self.calls):06d}"}
        try:
            args = read_arguments(request.headers.get("content-type", ""), body, request.url.query)
            answer = self._answer(name, args, request.headers.get("authorization", ""))
        except chat.RateLimited as limit:
            error, status = "ratelimited", 429
            answer = {"ok": False, "error": error}
            headers["retry-after"] = str(limit.retry_after)
        except SlackError as refused:
            error = refused.error
            answer = {"ok": False, "error": error, **refused.more}
        method = self._methods.get(name)
        headers["x-oauth-scopes"] = ",".join(sorted(self.scopes))
        if method is not None and method.scopes:
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
        args.pop("token", None)
        self.calls.append(LoggedCall(name, self.state.now(), args, error))
        return JSONResponse(answer, status_code=status, headers=headers)

    def _answer(self, name: str, args: JSON, authorization: str) -> JSON:
        method = self._methods.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        if method.caller:
            scheme, _, token = authorization.partition(" ")
            token = token if scheme.lower() == "bearer" else str(args.get("token", ""))
            self._check_token(token.strip(), method.caller)
        call = Call(
            state=self.state,
            args=args,
            scopes=frozenset(self.scopes),
            base_url=self._base_url,
            enforce_limits=self.enforce_limits,
        )
        with self.state.lock:
            call.need(*method.scopes)
            return {"ok": True, **method.run(call)}

    def _check_token(self, token: str, wanted: str) -> None:
        if not token:
            raise SlackError("not_authed")
        if token not in (self.bot_token, self.app_token):
            raise SlackError("invalid_auth")
        if self.revoked:
            raise SlackError("token_revoked")
        if token != (self.bot_token if wanted == "bot" else self.app_token):
            raise SlackError("not_allowed_token_type")

    def _open_socket(self, call: Call) -> JSON:
        base = self.socket_url or call.base_url.replace("http", "ws", 1)
        return {"url": f"{base}/link/?ticket={self.sockets.ticket()}&app_id={APP_ID}"}

    def load(self, world: World) -> None:
        """Add the people who are on Slack and the channels, with the app invited to each."""
        for person in world.people:
            if person.on_slack:
                self.state.add_user(
                    person.email.partition("@")[0].lower(),
                    person.name,
                    person.email,
                    title=person.title,
                    time_zone=person.time_zone,
                    deleted=not person.active,
                )
        for name in world.channels:
            self.state.add_channel(name)

    def user_id(self, email: str) -> str:
        """The id of the user with this e-mail; LookupError when there is none."""
        return self.state.user(email).id

    def messages(self, place: str | None = None) -> list[dict[str, Any]]:
        """Messages as they stand now, oldest first, of one place (id, name, e-mail) or of all.

        Each has ``channel``, ``channel_name``, ``channel_user``, ``ts``, ``text``, ``blocks``,
        ``metadata``, ``edits`` (how often it was changed) and ``pings`` (whom it calls upon).
        """
        with self.state.lock:
            channels = [self.state.channel(place)] if place else self.state.channels.values()
            found = [self._shown(channel, ts) for channel in channels for ts in channel.messages]
        return sorted(found, key=lambda message: str(message["ts"]))

    def _shown(self, channel: Channel, ts: str) -> dict[str, Any]:
        message = channel.messages[ts]
        return {
            "channel": channel.id,
            "channel_name": channel.name,
            "channel_user": channel.user,
            "ts": ts,
            "text": message.text,
            "blocks": message.blocks,
            "metadata": message.metadata,
            "edits": message.edits,
            "pings": message.pings,
        }

    def press(self, user: str, channel: str, ts: str, action_id: str, option: str = "") -> str:
        """Press a button as a person (id or e-mail); LookupError when that cannot be done.

        In a menu, ``option`` is how the value of what they choose begins; the first for ''.
        Returns the id of the envelope, which is delivered to one of the open sockets, again
        while unacknowledged, and waits while no socket is open.
        """
        with self.state.lock:
            person, place = self.state.user(user), self.state.channel(channel)
            if person.id not in place.members:
                raise LookupError(f"{person.name} cannot see {place.id}")
            if ts not in place.messages:
                raise LookupError(f"{place.id} has no message {ts}")
            payload = block_actions(
                self.state, person, place, place.messages[ts], action_id, self._base_url, option
            )
        return self.sockets.push("interactive", payload)

    def asked(self, user: str) -> dict[str, Any] | None:
        """The modal that lies open before a person, the latest of several; None for none."""
        with self.state.lock:
            mine = self.state.user(user).id
            ids = [one for one, whose in self.state.asked.items() if whose == mine]
            return self.state.views[ids[-1]] if ids else None

    def submit(self, user: str, text: str) -> str:
        """Write into the modal before a person and submit it; LookupError when there is none."""
        view = self.asked(user)
        if view is None:
            raise LookupError(f"nothing is asked of {user}")
        for block in view["blocks"]:
            most = block.get("element", {}).get("max_length", len(text))
            if len(text) > most:
                raise LookupError(f"the input takes {most} letters")
        with self.state.lock:
            del self.state.asked[view["id"]]
            payload = view_submission(self.state.user(user), view, text)
        return self.sockets.push("interactive", payload)

    def set_status(self, user: str, text: str, emoji: str = "", expiration: int = 0) -> None:
        """Set a person's status, with its end in Unix seconds or 0 for none."""
        with self.state.lock:
            person = self.state.user(user)
            person.status_text, person.status_emoji = text, emoji
            person.status_expiration = expiration
            person.updated = self.state.seconds()

    @property
    def ephemerals(self) -> list[dict[str, Any]]:
        """Messages to one person only: ``channel``, ``user``, ``text``, ``blocks``, ``ts``."""
        return self.state.ephemerals

    @property
    def acknowledged(self) -> list[Acknowledgement]:
        """What the sockets acknowledged, in order."""
        return self.sockets.acknowledged

    def disconnect_sockets(self, reason: str = "refresh_requested") -> None:
        """Ask every socket to reconnect; with ``warning`` it stays open for now."""
        self.sockets.disconnect(reason)
