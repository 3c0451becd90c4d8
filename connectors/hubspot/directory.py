"""Owners and users, read once for all objects that are made of both.

Each object reads its own half anew and takes the other as another object read it, up to
``SHARED`` old: so people cost a call for owners, absences one for users. Owners who have left are
read on a timer of their own, and at once when somebody is missing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.hubspot.client import Client
from connectors.hubspot.people import Users
from connectors.hubspot.reading import Reader
from connectors.hubspot.values import Row

OWNERS_PAGE = 500
SHARED = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class _Held:
    at: datetime
    owners: tuple[Row, ...] = ()
    users: Users | None = None


class Directory:
    """The owners and users of one account. Serves several threads."""

    def __init__(
        self,
        client: Client,
        reader: Reader,
        now: Callable[[], datetime],
        archived_every: timedelta,
    ) -> None:
        self._client = client
        self._reader = reader
        self._now = now
        self._archived_every = archived_every
        self._active: _Held | None = None
        self._archived: _Held | None = None
        self._users: _Held | None = None
        self._lock = threading.Lock()

    def owners(self, *, anew: bool = True) -> tuple[Row, ...]:
        """Owners who are there, then those who left. Raises ConnectorError."""
        with self._lock:
            before = self._active
            active = before
            if anew or active is None or self._old(active, SHARED):
                active = self._active = _Held(self._now(), self._read_owners(archived=False))
            gone = self._archived
            missing = _ids(before) - _ids(active) - _ids(gone)
            if gone is None or missing or self._old(gone, self._archived_every):
                gone = self._archived = _Held(self._now(), self._read_owners(archived=True))
            here = _ids(active)
            return (*active.owners, *(one for one in gone.owners if str(one["id"]) not in here))

    def users(self, properties: Sequence[str], *, anew: bool = True) -> Users:
        """User records with these properties. Raises ConnectorError."""
        with self._lock:
            held = self._users
            known = held.users if held is not None and not self._old(held, SHARED) else None
            if anew or known is None or not set(properties) <= known.properties:
                known = Users(properties=frozenset(properties))
                for rows in self._reader.listing("users", properties):
                    for row in rows:
                        known.add(row)
                self._users = _Held(self._now(), users=known)
            return known

    def _old(self, held: _Held, age: timedelta) -> bool:
        return abs(self._now() - held.at) > age

    def _read_owners(self, *, archived: bool) -> tuple[Row, ...]:
        api = self._client.reading.crm.owners.owners_api
        found: list[Row] = []
        after: str | None = None
        while True:
            more: dict[str, Any] = {"after": after} if after else {}
            page = self._client.get(
                "reading owners", api.get_page, limit=OWNERS_PAGE, archived=archived, **more
            )
            found += page.get("results") or []
            after = ((page.get("paging") or {}).get("next") or {}).get("after")
            if after is None:
                return tuple(found)


def _ids(held: _Held | None) -> set[str]:
    return {str(one["id"]) for one in held.owners} if held else set()
