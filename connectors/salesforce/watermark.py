"""How far an object was read, as the text that the worker keeps."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from connectors.salesforce.values import moment, soql_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """Up to which stamp changes were read, and with which fields: new ones mean reading anew.

    ``refreshed``: when values without stamps were read last. ``deleted``: up to when the list of
    deletions was, and ``turn`` whether it is its turn now.
    """

    until: datetime
    fields: str
    refreshed: datetime | None = None
    deleted: datetime | None = None
    turn: bool = False

    def write(self) -> str:
        """The text that the worker keeps."""
        kept: dict[str, object] = {"until": soql_time(self.until), "fields": self.fields}
        if self.refreshed is not None:
            kept["refreshed"] = soql_time(self.refreshed)
        if self.deleted is not None:
            kept |= {"deleted": soql_time(self.deleted), "turn": self.turn}
        return json.dumps(kept)

    @staticmethod
    def read(text: str | None, fields: str) -> Watermark | None:
        """The watermark in a kept text; None when it is from other fields or unreadable."""
        try:
            kept = json.loads(text or "null")
        except ValueError:
            return None
        if not isinstance(kept, dict) or kept.get("fields") != fields:
            return None
        until = moment(kept.get("until"))
        if until is None:
            return None
        return Watermark(
            until=until,
            fields=fields,
            refreshed=moment(kept.get("refreshed")),
            deleted=moment(kept.get("deleted")),
            turn=kept.get("turn") is True,
        )


def fingerprint(fields: tuple[str, ...]) -> str:
    """A short name of a choice of fields."""
    return hashlib.sha256(",".join(fields).encode()).hexdigest()[:16]
