"""Hears button presses over Socket Mode and keeps the socket alive.

The client of slack-sdk reconnects when Slack tells it to or when a ping fails. It can also go deaf
while it looks connected, and it gives up for good when its very first connection fails; the watch
here opens a new one in both cases.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.base import ACTIONS, ButtonPress
from connectors.http import is_loopback
from connectors.slack.asking import ASKED
from connectors.slack.settings import SlackSettings

if TYPE_CHECKING:
    from slack_sdk.socket_mode import SocketModeClient
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest
    from slack_sdk.web import WebClient

log = logging.getLogger(__name__)

REMEMBERED = 10_000
_STAMP = re.compile(r"\d{1,11}(\.\d{1,9})?")


def read_press(payload: Mapping[str, Any]) -> ButtonPress | None:
    """The press in an interaction's payload; None when it is none of ours."""
    if payload.get("type") == "view_submission":
        return _submitted(payload)
    if payload.get("type") != "block_actions":
        return None
    container = payload.get("container") or {}
    action = (payload.get("actions") or [{}])[0]
    name, stamp = str(action.get("action_id", "")), str(action.get("action_ts", ""))
    user = str((payload.get("user") or {}).get("id", ""))
    channel, ts = str(container.get("channel_id", "")), str(container.get("message_ts", ""))
    if name not in ACTIONS or not (user and channel and ts and _STAMP.fullmatch(stamp)):
        return None
    chosen = action.get("selected_option")
    choice, alert_id = "", str(action.get("value", ""))
    if isinstance(chosen, Mapping):
        choice, _, alert_id = str(chosen.get("value", "")).partition(":")
    return ButtonPress(
        press_id=f"{channel}:{ts}:{user}:{name}:{stamp}",
        surface="slack",
        address=user,
        action=name,
        alert_id=alert_id,
        place=channel,
        remote_id=f"{channel}:{ts}",
        at=datetime.fromtimestamp(float(stamp), UTC),
        choice=choice,
        details={
            "name": str((payload.get("user") or {}).get("name", "")),
            "trigger_id": str(payload.get("trigger_id", "")),
        },
    )


def _submitted(payload: Mapping[str, Any]) -> ButtonPress | None:
    """What a presser wrote when asked, as the press that led to the question."""
    view = payload.get("view") or {}
    user = payload.get("user") or {}
    if view.get("callback_id") != ASKED or not (view.get("id") and user.get("id")):
        return None
    try:
        about = json.loads(str(view.get("private_metadata", "")))
        said = view["state"]["values"][ASKED][ASKED]["value"]
        return ButtonPress(
            press_id=f"view:{view['id']}",
            surface="slack",
            address=str(user["id"]),
            action=str(about["action"]),
            alert_id=str(about["alert_id"]),
            place=str(about["place"]),
            remote_id=str(about["remote_id"]),
            at=datetime.now(UTC),
            choice=str(about["choice"]),
            words=str(said or ""),
            details={"name": str(user.get("name", ""))},
        )
    except (ValueError, LookupError, TypeError):
        return None


def _end(client: SocketModeClient) -> None:
    """Close for good; waits for the presses that are being handled."""
    client.auto_reconnect_enabled = client.default_auto_reconnect_enabled = False
    session = client.current_session
    if session is not None and session.sock is not None:
        # Without this the closing waits for seconds on a reader that hears nothing.
        with contextlib.suppress(OSError):
            session.sock.shutdown(socket.SHUT_RDWR)
    try:
        client.close()
    except AttributeError:
        # Its reader let go of the socket between the client's look at it and the closing.
        client.close()


class Listener:
    """One socket, watched. ``heard`` is called once for each press, on a thread of the client."""

    def __init__(
        self,
        settings: SlackSettings,
        app_token: str,
        web: WebClient,
        heard: Callable[[ButtonPress], None],
    ) -> None:
        self._settings = settings
        self._app_token = app_token
        self._web = web
        self._heard = heard
        self._client: SocketModeClient | None = None
        self._since = time.time()
        self._session_id: str | None = None
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._problem = ""
        self._rebuilt = 0
        self._thread = threading.Thread(target=self._watch, name="slack-watch", daemon=True)

    def start(self) -> None:
        """Connect and watch, in the background."""
        self._thread.start()

    def health(self) -> dict[str, object]:
        """``listening``, ``silent_seconds``, ``rebuilt`` (sockets given up) and ``problem``."""
        client = self._client
        return {
            "listening": client is not None and client.is_connected() and not self._deaf(),
            "silent_seconds": round(self._silent(), 1),
            "rebuilt": self._rebuilt,
            "problem": self._problem,
        }

    def close(self) -> None:
        """Stop listening; presses being handled are finished first."""
        self._stop.set()
        self._thread.join(timeout=self._settings.timeout_seconds)
        if self._client is not None:
            _end(self._client)
            self._client = None

    def _watch(self) -> None:
        while not self._stop.is_set():
            if self._client is None:
                self._connect()
            elif self._deaf():
                log.warning("slack socket was silent for %.0f s; opening a new one", self._silent())
                self._rebuilt += 1
                self._drop(self._client)
                self._connect()
            self._stop.wait(self._settings.ping_seconds)

    def _connect(self) -> None:
        from slack_sdk.socket_mode import SocketModeClient

        client = SocketModeClient(
            app_token=self._app_token,
            web_client=self._web,
            ping_interval=self._settings.ping_seconds,
            receive_buffer_size=16_384,
        )
        if is_loopback(self._settings.base_url):
            client.proxy = None  # the client takes the environment's proxy for any address
        client.socket_mode_request_listeners.append(self._on_request)
        self._since = time.time()
        try:
            client.connect()
        except Exception as error:
            # Whatever it was, the next round tries again; health says what is wrong till then.
            self._problem = f"the socket could not be opened: {error}"
            log.warning("slack %s", self._problem)
            self._drop(client)
            return
        self._problem = ""
        self._client = client

    def _drop(self, client: SocketModeClient) -> None:
        """Close in the background, for it waits for its workers."""
        self._client = None
        threading.Thread(target=_end, args=(client,), name="slack-drop", daemon=True).start()

    def _silent(self) -> float:
        """Seconds since the last sign of life of the socket."""
        session = self._client.current_session if self._client is not None else None
        if session is not None and session.session_id != self._session_id:
            self._session_id, self._since = session.session_id, time.time()
        last = session.last_ping_pong_time if session is not None else None
        return max(0.0, time.time() - max(last or 0.0, self._since))

    def _deaf(self) -> bool:
        session = self._client.current_session if self._client is not None else None
        failing = session is not None and session.consecutive_check_state_error_count > 0
        return failing or self._silent() > self._settings.stale_seconds

    def _on_request(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        from slack_sdk.socket_mode.response import SocketModeResponse

        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type != "interactive":
            return
        press = read_press(request.payload)
        if press is None:
            log.info("slack interaction that is not one of our buttons")
        elif self._first_time(press.press_id):
            self._heard(press)

    def _first_time(self, press_id: str) -> bool:
        with self._lock:
            if press_id in self._seen:
                return False
            self._seen[press_id] = None
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return True
