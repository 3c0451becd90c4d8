"""Faults that a test or a visitor orders from a sandbox server.

An order matches requests by method and path prefix and is used up after ``times`` matches:

- ``latency``: answer ``seconds`` later;
- ``status``: answer ``status`` with ``body`` and ``headers``, without doing anything;
- ``reset_before``: drop the connection, nothing done;
- ``reset_after``: do it, then drop the connection without an answer.

Orders come from Python (``Faults.order``) or over HTTP: ``POST /_sandbox/faults`` with the fields
of ``Fault`` as JSON, ``DELETE /_sandbox/faults`` to clear.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

KINDS = ("latency", "status", "reset_before", "reset_after")


@dataclass(slots=True, kw_only=True)
class Fault:
    """One order. ``times`` counts down; -1 lasts until cleared.

    ``skip`` requests that match pass unharmed first.
    """

    kind: str
    path: str = ""
    method: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 0.0
    status: int = 503
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault kind {self.kind!r} is none of {', '.join(KINDS)}")


class Faults:
    """The standing orders of one server, and the ASGI layer that carries them out."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._lock = threading.Lock()
        self.carried_out = 0

    def order(self, fault: Fault) -> None:
        """Add an order behind those already standing."""
        with self._lock:
            self._orders.append(fault)

    def clear(self) -> None:
        """Forget all orders."""
        with self._lock:
            self._orders.clear()

    def _take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self._orders:
                if fault.method and fault.method != method:
                    continue
                if not path.startswith(fault.path):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times > 0:
                    fault.times -= 1
                    if fault.times == 0:
                        self._orders.remove(fault)
                self.carried_out += 1
                return fault
        return None

    def around(self, app: App) -> App:
        """The application with the faults in front of it."""

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
            elif scope["path"] == "/_sandbox/faults":
                await self._serve_orders(scope, receive, send)
            else:
                await self._serve(app, scope, receive, send)

        return wrapped

    async def _serve(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._take(scope["method"], scope["path"])
        if fault is None:
            await app(scope, receive, send)
        elif fault.kind == "latency":
            replay = await _received(receive)  # so that it is done even if the client gives up
            await asyncio.sleep(fault.seconds)
            await app(scope, replay, send)
        elif fault.kind == "status":
            await _answer(send, fault.status, fault.body, fault.headers)
        elif fault.kind == "reset_before":
            await _drop(scope)
        else:
            await app(scope, receive, _swallow)
            await _drop(scope)

    async def _serve_orders(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "DELETE":
            self.clear()
            await _answer(send, 204, None, {})
            return
        message = await (await _received(receive))()
        try:
            self.order(Fault(**json.loads(message["body"])))
        except (TypeError, ValueError) as error:
            await _answer(send, 400, {"error": str(error)}, {})
            return
        await _answer(send, 201, {"ok": True}, {})


async def _received(receive: Receive) -> Receive:
    """Take the whole request now and hand it out later, before anything else that comes."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


async def _swallow(message: Message) -> None:
    """Take the application's answer and show it to nobody."""


async def _drop(scope: Scope) -> None:
    """Reset the connection; ``serving.DroppableProtocol`` puts the means into the scope."""
    scope["extensions"]["sandbox.drop"]()
    await asyncio.sleep(0.02)  # lets the server notice before this request ends


async def _answer(send: Send, status: int, body: Any, headers: dict[str, str]) -> None:
    raw = b"" if body is None else json.dumps(body).encode()
    if isinstance(body, str):
        raw = body.encode()
    names = {name.lower() for name in headers}
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    if "content-type" not in names:
        lines.append((b"content-type", b"application/json"))
    lines.append((b"content-length", str(len(raw)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": raw})
