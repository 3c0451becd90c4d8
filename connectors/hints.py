"""How a CRM tells of changes sooner than polling: what is listened to, and webhooks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Somebody says that objects of the mirror changed and are worth reading now; no facts.

    It may be lost, doubled, late, out of order or false, and does no harm: it brings forward a
    read that was to come anyway. ``objects`` are names of mirror objects, ``records`` ids where
    they were told.
    """

    objects: Sequence[str]
    records: Sequence[str] = ()


class Positions(Protocol):
    """Where a source of hints goes on after a restart: one opaque text a topic, kept by us."""

    def get(self, topic: str) -> str | None:
        """The position last kept; None where none is."""

    def put(self, topic: str, position: str) -> None:
        """Keep a position, together with the hints told before; returns at once."""


class HintSource(Protocol):
    """Hears from a CRM what changes there, between two reads of the mirror."""

    name: str
    settle: float
    """Seconds for which a change may be told and not be readable yet; 0 where that cannot be."""

    def listen(
        self, tell: Callable[[Hint], None], positions: Positions, until: threading.Event
    ) -> None:
        """Hear until ``until`` is set. ``tell`` returns at once.

        Raises ConnectorError when it can hear no more; the worker calls again later.
        """

    def health(self) -> dict[str, object]:
        """``connected``, ``heard_seconds_ago`` (None: never), and what else a person should see."""


class HookRefusedError(Exception):
    """A call of a webhook is not taken; ``status`` is the HTTP answer, the text says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Webhook(Protocol):
    """A route of ours that a CRM calls with hints."""

    name: str
    path: str
    settle: float
    longest: int
    """Bytes of the longest body."""

    def take(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Sequence[Hint]:
        """The hints of a call to ``url``, which is the address that the CRM knows.

        Header names are in lower case. Raises HookRefusedError.
        """
