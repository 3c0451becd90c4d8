"""One call of the REST API and its answer, without HTTP: batches call themselves with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.salesforce.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked. ``parts`` is the path behind ``/services/data/vNN.0``, in pieces."""

    method: str
    base: str
    """``/services/data/vNN.0``."""
    parts: tuple[str, ...]
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    form: dict[str, bytes] = field(default_factory=dict)
    """The parts of a multipart body, by name."""

    def given(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        if not isinstance(self.body, dict):
            message = "The HTTP entity body is required, but this request has no entity body."
            raise Refusal(400, "JSON_PARSER_ERROR", message)
        return self.body

    def need(self, *methods: str) -> None:
        """Refuse any other method."""
        if self.method not in methods:
            allowed = ", ".join(methods)
            message = f"HTTP Method '{self.method}' not allowed. Allowed are {allowed}"
            raise Refusal(405, "METHOD_NOT_ALLOWED", message)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered; ``body`` None is an empty one."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    csv: str | None = None
    """Answered instead of a body."""


def read_json(raw: bytes) -> Any:
    """A JSON body, None when empty. Raises Refusal."""
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError as error:
        message = f"Unexpected character: {error}"
        raise Refusal(400, "JSON_PARSER_ERROR", message) from error
