"""Which properties an account has, and the ones that Hotlead adds to tasks and users."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from connectors.errors import ConfigError, PermanentError
from connectors.hubspot.client import Client
from connectors.hubspot.definitions import definitions
from connectors.hubspot.errors import ConflictError
from connectors.hubspot.evidence import KEY

_BY_HAND = (
    "Set hubspot.create_properties: true, or create them as config/hubspot/properties.json says."
)


@functools.cache
def shipped(kind: str = "tasks") -> dict[str, Any]:
    """What the project adds to an object type: ``group`` and ``properties``, as the API takes
    them."""
    text = (files("config") / "hubspot" / "properties.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)[kind]
    return found


@dataclass(frozen=True, slots=True)
class TaskShape:
    """Which of our properties tasks have, and whether HubSpot keeps the key unique."""

    names: frozenset[str]
    unique: bool
    missing: tuple[str, ...] = ()
    why: str = ""
    """What HubSpot said when a property could not be added."""
    mend: str = ""
    """What an admin can do about what is missing; empty where the account allows no more."""


@dataclass(frozen=True, slots=True)
class Ensured:
    """Which of the shipped properties of one object type are there, and why not all."""

    there: dict[str, dict[str, Any]]
    """The definitions of those that are, by name."""
    missing: tuple[str, ...]
    why: str
    mend: str


def ensure(client: Client, kind: str, *, create: bool) -> Ensured:
    """Look which of the shipped properties ``kind`` has; with ``create`` add the others.

    A refusal is part of the result. Raises ConnectorError when they cannot even be read.
    """
    wanted = {str(one["name"]): one for one in shipped(kind)["properties"]}
    known = definitions(client, kind)
    why, mend = "", _BY_HAND
    if create and wanted.keys() - known.keys():
        try:
            _create_group(client, kind)
            for name, one in wanted.items():
                if name not in known:
                    _create(client, kind, one)
        except PermanentError as error:
            why, mend = str(error), error.mend
        known = definitions(client, kind)
    missing = tuple(name for name in wanted if name not in known)
    there = {name: known[name] for name in wanted if name in known}
    return Ensured(there, missing, why, mend if missing else "")


def ensure_properties(client: Client, *, create: bool = True) -> TaskShape:
    """Look which of our task properties are there; with ``create`` add those that are not.

    A refusal is part of the result: tasks can be written without our properties, less well.
    """
    found = ensure(client, "tasks", create=create)
    return TaskShape(
        names=frozenset(found.there),
        unique=bool(found.there.get(KEY, {}).get("hasUniqueValue")),
        missing=found.missing,
        why=found.why,
        mend=found.mend,
    )


def may_add(client: Client, kind: str = "tasks") -> None:
    """Asks for a property group without a name, which is refused in any case.

    Raises ScopeError (or another ConfigError) when it is for want of the scope.
    """
    api = client.writing.crm.properties.groups_api
    try:
        client.put(f"adding properties of {kind}", api.create, kind, {})
    except ConfigError:
        raise
    except PermanentError:
        return


def _create_group(client: Client, kind: str) -> None:
    api = client.writing.crm.properties.groups_api
    body = shipped(kind)["group"]
    _unless_there(lambda: client.put("adding a property group", api.create, kind, body))


def _create(client: Client, kind: str, one: dict[str, Any]) -> None:
    """Add one property; a unique one plainly where HubSpot allows no unique ones on tasks."""
    api = client.writing.crm.properties.core_api
    what = f"adding the property {one['name']} of {kind}"
    body = {**one, "groupName": shipped(kind)["group"]["name"]}

    def add() -> None:
        _unless_there(lambda: client.put(what, api.create, kind, body))

    try:
        add()
    except ConfigError:
        raise
    except PermanentError:
        if not body.pop("hasUniqueValue", False):
            raise
        add()


def _unless_there(act: Callable[[], object]) -> None:
    with contextlib.suppress(ConflictError):
        act()
