"""Cursor paging as Slack does it: an opaque cursor, empty on the last page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from connectors.sandbox.slack.call import Call
from connectors.sandbox.slack.state import SlackError

Item = TypeVar("Item")
LARGEST = 1000


def page(
    call: Call, items: Sequence[Item], default: int = 100, *, largest: int = LARGEST
) -> tuple[Sequence[Item], str]:
    """The page that the call asks for and the cursor of the next, '' when there is none."""
    limit = call.number("limit", default)
    if not 0 < limit <= largest:
        raise SlackError("invalid_limit")
    start = 0
    cursor = call.text("cursor")
    if cursor:
        try:
            name, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
            start = int(number)
        except (binascii.Error, ValueError):
            raise SlackError("invalid_cursor") from None
        if name != "next" or not 0 < start <= len(items):
            raise SlackError("invalid_cursor")
    end = start + limit
    following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return items[start:end], following
