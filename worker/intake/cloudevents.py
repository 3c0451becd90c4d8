"""CloudEvents 1.0 as signals: attributes give id, source, type and time; data gives the rest."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from worker.intake.json_body import IntakeError, read_json
from worker.validation import shown

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
TYPE_PREFIX = "com.hotlead.signal."
_TAKEN = ("id", "source", "type", "time")


class EventError(Exception):
    """This event is no signal. ``path`` names the attribute, ``mend`` says what to do."""

    def __init__(self, path: str, what: str, mend: str) -> None:
        super().__init__(what)
        self.path = path
        self.what = what
        self.mend = mend


def event_of_binary(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The event of a binary-mode request. ``headers`` have lower-case names."""
    event: dict[str, Any] = {
        name.removeprefix("ce-"): unquote(value)
        for name, value in headers.items()
        if name.startswith("ce-")
    }
    event["data"] = read_json(body) if body else {}
    return event


def signal_of_event(event: Any, received_at: datetime) -> dict[str, Any]:
    """The fields of our own envelope. Extension attributes are passed over, as the standard asks.

    An event without a time happened when it was received. Raises EventError.
    """
    if not isinstance(event, dict):
        raise EventError("", "is not an object", "send one CloudEvent as a JSON object")
    version = event.get("specversion")
    if version != "1.0":
        what = f"specversion is {shown(str(version))!r}" if version else "'specversion' is missing"
        raise EventError("specversion", what, "send CloudEvents 1.0")
    fields = {key: value for key, value in _data(event).items() if key not in _TAKEN[:3]}
    fields.setdefault("time", received_at.isoformat())
    fields.update({name: event[name] for name in _TAKEN if name in event})
    kind = fields.get("type")
    if isinstance(kind, str):
        fields["type"] = kind.removeprefix(TYPE_PREFIX)
    return fields


def _data(event: dict[str, Any]) -> dict[str, Any]:
    data = event.get("data")
    if data is None and "data_base64" in event:
        data = _decoded(event["data_base64"])
    if not isinstance(data, dict):
        mend = "put prospect, thread and the other fields into data as a JSON object"
        raise EventError("data", "data is not an object", mend)
    return data


def _decoded(text: Any) -> Any:
    try:
        return read_json(base64.b64decode(text, validate=True))
    except (TypeError, ValueError, binascii.Error, IntakeError) as error:
        mend = "send the data as JSON in data, or as base64 of JSON"
        raise EventError("data_base64", "data_base64 cannot be read", mend) from error
