"""The same endpoints under a date: ``/crm/objects/2026-09/…`` is ``/crm/v3/objects/…``."""

from __future__ import annotations

import re

from connectors.sandbox.faults import App, Receive, Scope, Send

DATED = ("2026-03", "2026-09")
_PATH = re.compile(r"^/(crm/)?([a-z-]+)/(\d{4}-\d\d(?:-beta)?)(?=/|$)(.*)$")
_OWN = ("account-info", "crm-object-schemas")
"""Areas that are not below ``/crm``."""
_LATER = re.compile(r"^/associations/|^/[^/]+/[^/]+/associations/")
"""What came into the numbered API with v4."""


def numbered(path: str) -> str:
    """The numbered path that a dated one stands for; a date that there is not leads nowhere."""
    found = _PATH.match(path)
    if found is None or found[2] == "oauth":
        return path
    area, name, date, rest = found.groups()
    if date not in DATED or (not area and name not in _OWN):
        return f"/no-such-version{path}"
    if not area:
        return f"/{name}/v3{rest}"
    later = name == "associations" or (name == "objects" and _LATER.match(rest))
    return f"/crm/{'v4' if later else 'v3'}/{name}{rest}"


def around(app: App) -> App:
    """The application, which also answers at dated paths."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = numbered(str(scope["path"]))
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await app(scope, receive, send)

    return serve
