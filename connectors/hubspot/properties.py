"""Which properties an account has, and the ones that Hotlead adds to tasks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import ConfigError, PermanentError
from connectors.hubspot.client import Client
from connectors.hubspot.errors import ConflictError
from connectors.hubspot.evidence import KEY

GROUP, GROUP_LABEL = "hotlead", "Hotlead"
FRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TaskProperty:
    """One property of ours on tasks."""

    name: str
    label: str
    type: str
    field_type: str
    description: str


TASK_PROPERTIES = (
    TaskProperty(KEY, "Alert key", "string", "text", "The alert that this task belongs to."),
    TaskProperty("hlr_fired_at", "Alert fired", "datetime", "date", "When the alert fired."),
    TaskProperty("hlr_responded_at", "Responded", "datetime", "date", "The rep's first contact."),
    TaskProperty("hlr_latency_minutes", "Latency (min)", "number", "number", "Fired to responded."),
    TaskProperty(
        "hlr_working_latency_minutes",
        "Working latency (min)",
        "number",
        "number",
        "Fired to responded, in working minutes of the rep.",
    ),
    TaskProperty("hlr_routed_role", "Routed as", "string", "text", "The role that was routed to."),
    TaskProperty("hlr_routing_reason", "Routing reason", "string", "textarea", "Why this rep."),
    TaskProperty(
        "hlr_response_source", "Response source", "string", "text", "What the response was."
    ),
)


class Known:
    """The property names of each object type, read once an hour."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._names: dict[str, tuple[datetime, frozenset[str]]] = {}
        self._lock = threading.Lock()

    def names(self, kind: str) -> frozenset[str]:
        """Names of the properties that ``kind`` has."""
        now = self._now()
        with self._lock:
            read_at, names = self._names.get(kind, (now - 2 * FRESH, frozenset()))
            if abs(now - read_at) > FRESH:
                names = frozenset(definitions(self._client, kind))
                self._names[kind] = now, names
        return names


def definitions(client: Client, kind: str) -> dict[str, dict[str, Any]]:
    """The definitions of all properties of ``kind``, by name."""
    api = client.reading.crm.properties.core_api
    page = client.get(f"reading the properties of {kind}", api.get_all, kind)
    return {str(one["name"]): one for one in page.get("results") or []}


@dataclass(frozen=True, slots=True)
class TaskShape:
    """Which of our properties tasks have, and whether HubSpot keeps the key unique."""

    names: frozenset[str]
    unique: bool
    missing: tuple[str, ...] = ()
    why: str = ""
    """What HubSpot said when a property could not be added."""


def ensure_properties(client: Client, *, create: bool = True) -> TaskShape:
    """Look which of our task properties are there; with ``create`` add those that are not.

    A refusal is part of the result: tasks can be written without our properties, less well.
    """
    there = definitions(client, "tasks")
    missing = [one for one in TASK_PROPERTIES if one.name not in there]
    why = ""
    if missing and create:
        try:
            _create_group(client)
            for one in missing:
                _create(client, one)
        except PermanentError as error:
            why = str(error)
        there = definitions(client, "tasks")
    return TaskShape(
        names=frozenset(one.name for one in TASK_PROPERTIES if one.name in there),
        unique=bool(there.get(KEY, {}).get("hasUniqueValue")),
        missing=tuple(one.name for one in TASK_PROPERTIES if one.name not in there),
        why=why,
    )


def _create_group(client: Client) -> None:
    api = client.writing.crm.properties.groups_api
    body = {"name": GROUP, "label": GROUP_LABEL, "displayOrder": -1}
    _unless_there(lambda: client.put("adding a property group", api.create, "tasks", body))


def _create(client: Client, one: TaskProperty) -> None:
    """Add one property; the key as a unique one where HubSpot allows that on tasks."""
    body = {
        "name": one.name,
        "label": one.label,
        "type": one.type,
        "fieldType": one.field_type,
        "description": one.description,
        "groupName": GROUP,
    }
    api = client.writing.crm.properties.core_api
    what = f"adding the task property {one.name}"

    def add(**more: Any) -> None:
        _unless_there(lambda: client.put(what, api.create, "tasks", {**body, **more}))

    if one.name != KEY:
        add()
        return
    try:
        add(hasUniqueValue=True)
    except ConfigError:
        raise
    except PermanentError:
        add()  # not every account may keep a task property unique


def _unless_there(act: Callable[[], object]) -> None:
    with contextlib.suppress(ConflictError):
        act()
