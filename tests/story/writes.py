"""Every write that reaches a CRM in small, kept for a look at what was written where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from connectors.sandbox.faults import App, Message, Receive, Scope, Send

_OWNERS = ("OwnerId", "hubspot_owner_id")


class Writes:
    """The ASGI layer around a sandbox. ``requests`` are (method, path, body), reads left out."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.requests: list[tuple[str, str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, and keep what it sends."""
        if scope["type"] != "http" or scope["method"] == "GET":
            await self._app(scope, receive, send)
            return
        body = bytearray()

        async def noting() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        await self._app(scope, noting, send)
        if bytes(body[:1]) in (b"{", b"["):
            self.requests.append((scope["method"], scope["path"], json.loads(bytes(body))))

    def of(self, kind: str) -> list[Any]:
        """The bodies that were written to records of this kind."""
        return [body for _, path, body in self.requests if _kind(path) == kind]

    def owners(self) -> Iterator[tuple[str, str]]:
        """Each owner that was written: to what kind of record, and whom."""
        for _, path, body in self.requests:
            yield from _owners(body, _kind(path))


def _owners(body: Any, kind: str) -> Iterator[tuple[str, str]]:
    if isinstance(body, list):
        for one in body:
            yield from _owners(one, kind)
    if isinstance(body, dict):
        where = body.get("attributes", {})
        kind = _kind(str(body.get("url") or (where.get("type") if where else "") or "")) or kind
        for name, value in body.items():
            if name in _OWNERS:
                yield kind, str(value)
            yield from _owners(value, kind)


def _kind(path: str) -> str:
    """The records that a path or type is about; '' where it does not say."""
    parts = path.rstrip("/").split("?")[0].split("/")
    if "tasks" in parts or "Task" in parts:
        return "tasks"
    known = ("companies", "contacts", "deals", "Account", "Contact", "Lead", "Opportunity")
    return next((one for one in known if one in parts), "")
