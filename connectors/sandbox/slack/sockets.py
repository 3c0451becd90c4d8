"""Socket Mode: hands envelopes to one of the open sockets until one of them acknowledges."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from connectors.sandbox.slack.state import APP_ID, State

MOST_SOCKETS = 10
MOST_WAITING = 1000
MOST_TRIES = 5
_HOST = "applink-sandbox"


@dataclass(slots=True, kw_only=True)
class Envelope:
    """One event on its way. ``sent_to`` is the number of the socket that has it now, 0 for none."""

    id: str
    kind: str
    payload: dict[str, Any]
    tries: int = 0
    sent_to: int = 0
    timer: asyncio.TimerHandle | None = None

    def body(self) -> dict[str, Any]:
        """What goes over the socket."""
        return {
            "envelope_id": self.id,
            "payload": self.payload,
            "type": self.kind,
            "accepts_response_payload": self.kind != "events_api",
        }


@dataclass(slots=True)
class Acknowledgement:
    """That a socket acknowledged an envelope, after how many deliveries of it."""

    envelope_id: str
    socket: int
    tries: int
    payload: Any = None


@dataclass(slots=True)
class _Socket:
    number: int
    web: WebSocket
    outbox: asyncio.Queue[dict[str, Any] | None] = field(default_factory=asyncio.Queue)


class Hub:
    """All open sockets and all envelopes that nobody has acknowledged yet.

    ``ack_seconds`` is how long a socket has to acknowledge. Everything but ``push`` and
    ``disconnect`` runs on the server's event loop; those two may be called from any thread.
    """

    def __init__(self, state: State, ack_seconds: float) -> None:
        self._state = state
        self.ack_seconds = ack_seconds
        self.acknowledged: list[Acknowledgement] = []
        self.redelivered = 0
        self.lost = 0
        self._tickets: set[str] = set()
        self._sockets: dict[int, _Socket] = {}
        self._opened = 0
        self._turn = 0
        self._pending: dict[str, Envelope] = {}
        self._waiting: deque[str] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def open(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    def ticket(self) -> str:
        """A ticket that opens one socket once."""
        made = secrets.token_hex(16)
        self._tickets.add(made)
        return made

    def push(self, kind: str, payload: dict[str, Any]) -> str:
        """Send an event to one of the sockets, or keep it until one opens. Its envelope id."""
        envelope = Envelope(id=str(uuid.uuid4()), kind=kind, payload=payload)
        with self._state.lock:
            if len(self._waiting) >= MOST_WAITING:
                self.lost += 1
                return envelope.id
            self._pending[envelope.id] = envelope
            self._waiting.append(envelope.id)
        self._on_loop(self._hand_out)
        return envelope.id

    def waiting(self, envelope_id: str) -> dict[str, Any] | None:
        """The payload of an envelope that nobody has acknowledged yet."""
        with self._state.lock:
            envelope = self._pending.get(envelope_id)
            return envelope.payload if envelope else None

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every open socket to go, as Slack does every few hours."""
        self._on_loop(lambda: self._tell_all(reason))

    def _on_loop(self, action: Any) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(action)

    def _tell_all(self, reason: str) -> None:
        for socket in self._sockets.values():
            socket.outbox.put_nowait(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}}
            )
            if reason != "warning":
                socket.outbox.put_nowait(None)

    def _hand_out(self) -> None:
        with self._state.lock:
            while self._waiting and self._sockets:
                envelope = self._pending.get(self._waiting.popleft())
                if envelope is not None:
                    self._deliver(envelope)

    def _deliver(self, envelope: Envelope) -> None:
        numbers = sorted(self._sockets)
        self._turn += 1
        socket = self._sockets[numbers[self._turn % len(numbers)]]
        envelope.tries += 1
        envelope.sent_to = socket.number
        socket.outbox.put_nowait(envelope.body())
        loop = asyncio.get_running_loop()
        envelope.timer = loop.call_later(self.ack_seconds, self._again, envelope.id)

    def _again(self, envelope_id: str) -> None:
        """Nobody acknowledged in time: deliver once more, or give the envelope up."""
        with self._state.lock:
            envelope = self._pending.get(envelope_id)
            if envelope is None:
                return
            if envelope.timer is not None:
                envelope.timer.cancel()
            envelope.sent_to = 0
            if envelope.tries >= MOST_TRIES:
                del self._pending[envelope_id]
                self.lost += 1
                return
            self.redelivered += 1
            self._waiting.append(envelope_id)
        self._hand_out()

    def _acknowledge(self, socket: _Socket, text: str) -> None:
        try:
            body = json.loads(text)
        except ValueError:
            return
        if not isinstance(body, dict):
            return
        with self._state.lock:
            envelope = self._pending.pop(str(body.get("envelope_id")), None)
            if envelope is None:
                return
            if envelope.timer is not None:
                envelope.timer.cancel()
            self.acknowledged.append(
                Acknowledgement(envelope.id, socket.number, envelope.tries, body.get("payload"))
            )

    async def serve(self, web: WebSocket) -> None:
        """The life of one socket."""
        ticket = web.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await web.close(4001)
            return
        self._tickets.discard(ticket)
        self._loop = asyncio.get_running_loop()
        await web.accept()
        if len(self._sockets) >= MOST_SOCKETS:
            await web.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await web.close(1000)
            return
        self._opened += 1
        socket = _Socket(self._opened, web)
        self._sockets[socket.number] = socket
        socket.outbox.put_nowait(self._hello())
        writer = asyncio.create_task(self._write(socket))
        self._hand_out()
        try:
            while True:
                self._acknowledge(socket, await web.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            writer.cancel()
        finally:
            self._gone(socket)

    def _gone(self, socket: _Socket) -> None:
        self._sockets.pop(socket.number, None)
        if not self._sockets:
            self._loop = None
        for envelope in list(self._pending.values()):
            if envelope.sent_to == socket.number:
                self._again(envelope.id)

    async def _write(self, socket: _Socket) -> None:
        while True:
            body = await socket.outbox.get()
            if body is None:
                await socket.web.close(1000)
                return
            await socket.web.send_json(body)

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._sockets),
            "debug_info": {
                "host": _HOST,
                "started": self._state.now().strftime("%Y-%m-%d %H:%M:%S.000"),
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": APP_ID},
        }
