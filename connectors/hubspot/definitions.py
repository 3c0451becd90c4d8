"""Which properties and custom objects the account has, looked up once a day.

While something that is wanted is missing, it is looked up once an hour, so that a mend shows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.hubspot.client import Client

DAILY, HOURLY = timedelta(days=1), timedelta(hours=1)
Definition = Mapping[str, Any]
_CALCULATED = "calculation_"


class Definitions:
    """The account's property definitions and custom objects. Serves several threads."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._properties: dict[str, tuple[datetime, dict[str, Any]]] = {}
        self._schemas: tuple[datetime, dict[str, str]] | None = None
        self._lock = threading.Lock()

    def of(self, kind: str, wanted: Iterable[str] = ()) -> Mapping[str, Definition]:
        """The properties of ``kind`` by name. Raises ConnectorError."""
        now = self._now()
        with self._lock:
            held = self._properties.get(kind)
            if held is None or _old(held[0], now, all(name in held[1] for name in wanted)):
                held = now, definitions(self._client, kind)
                self._properties[kind] = held
            return held[1]

    def custom_object(self, name: str) -> str | None:
        """The type id of a custom object by its name, full name or label. Raises ConnectorError."""
        now, key = self._now(), name.lower()
        with self._lock:
            held = self._schemas
            if held is None or _old(held[0], now, key in held[1]):
                held = self._schemas = now, _schemas(self._client)
            return held[1].get(key)


def definitions(client: Client, kind: str) -> dict[str, dict[str, Any]]:
    """The definitions of all properties of ``kind``, by name."""
    api = client.reading.crm.properties.core_api
    page = client.get(f"reading the properties of {kind}", api.get_all, kind)
    return {str(one["name"]): one for one in page.get("results") or []}


def _old(read_at: datetime, now: datetime, complete: bool) -> bool:
    return abs(now - read_at) > (DAILY if complete else HOURLY)


def _schemas(client: Client) -> dict[str, str]:
    api = client.reading.crm.schemas.core_api
    page = client.get("reading the custom objects", api.get_all)
    found: dict[str, str] = {}
    for one in page.get("results") or []:
        labels = one.get("labels") or {}
        names = [one.get("name"), one.get("fullyQualifiedName"), *labels.values()]
        for name in names:
            if name:
                found.setdefault(str(name).lower(), str(one["objectTypeId"]))
    return found


def is_calculated(one: Definition) -> bool:
    """Whether HubSpot works the value out, so that its change need not move a record's stamp."""
    field_type = str(one.get("fieldType") or "")
    return bool(one.get("calculated")) or field_type.startswith(_CALCULATED)
