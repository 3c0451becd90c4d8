"""Which fields the org really has, by its describes, and what is left out for want of them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingFieldError, MissingObjectError, NotFoundError
from connectors.salesforce.source import Source

_FRESH = timedelta(days=1)
"""For how long a describe is believed: an admin may add, hide or retype a field meanwhile."""
Known = dict[str, dict[str, Any]]
"""The fields of an object by lower-case name, as the describe has them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to ask for of an object, and what is to be known of it."""

    fields: tuple[str, ...]
    missing: tuple[str, ...] = ()
    kinds: dict[str, str] = field(default_factory=dict)
    """Field → its type; fields of other records, reached by a path, are texts."""
    formulas: tuple[str, ...] = ()
    """The fields that the org works out and whose changes it does not announce."""
    parents: tuple[str, ...] = ()
    """The relationships of which a name is read, and whose changes it does not announce either."""
    listed: bool = True
    """Whether the org lists what was deleted."""


@dataclass(frozen=True, slots=True)
class _Described:
    fields: Known
    at: datetime
    writable: bool
    listed: bool


class Fields:
    """Describes of the objects, read on first use and daily. Full objects are queried unlooked."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, _Described] = {}
        self._lock = threading.Lock()

    def of(self, sobject: str) -> Known:
        """The fields of an object by lower-case name. Raises MissingObjectError."""
        return self._described(sobject).fields

    def may_write(self, sobject: str) -> bool:
        """Whether we may create and change such records. Raises MissingObjectError."""
        return self._described(sobject).writable

    def forget(self, sobject: str) -> None:
        """Look again next time: an admin may have changed the object."""
        with self._lock:
            self._known.pop(sobject, None)

    def select(self, source: Source) -> Choice:
        """What to ask for. Raises MissingFieldError, MissingObjectError."""
        if source.full:
            return Choice(source.needed)
        described = self._described(source.sobject)
        known = described.fields
        needed = ("SystemModstamp", *source.needed)
        missing = [name for name in needed if not _has(known, name)]
        if missing:
            said = f"{source.sobject} has no {', '.join(missing)}, or hides it"
            raise MissingFieldError(said, mend="give the integration user read access to it")
        wanted = (*needed, *source.optional, *source.further)
        there = [name for name in (*wanted, *source.quiet) if _has(known, name)]
        if _has(known, "IsDeleted"):  # users are never deleted and have no such flag
            there.append("IsDeleted")
        fields = _each_once(there)
        return Choice(
            fields,
            tuple(name for name in _each_once(wanted) if not _has(known, name)),
            {one: str(known[one.lower()].get("type")) for one in fields if "." not in one},
            tuple(one for one in fields if known.get(one.lower(), {}).get("calculated")),
            tuple(dict.fromkeys(one.split(".")[0] for one in fields if "." in one)),
            described.listed,
        )

    def _described(self, sobject: str) -> _Described:
        now = self._client.now()
        with self._lock:
            known = self._known.get(sobject)
        if known is None or now - known.at > _FRESH:
            try:
                told = self._client.describe(sobject)
            except NotFoundError as error:
                said = f"this org has no object {sobject}, or hides it"
                raise MissingObjectError(said, mend=error.mend) from error
            known = _Described(
                {str(one["name"]).lower(): one for one in told.get("fields", ())},
                now,
                bool(told.get("createable") and told.get("updateable")),
                bool(told.get("replicateable", True)),
            )
            with self._lock:
                self._known[sobject] = known
        return known


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, whatever its case of letters: the org refuses a doubled one."""
    return tuple({name.lower(): name for name in reversed(list(names))}.values())[::-1]


def _has(known: Known, name: str) -> bool:
    relation, dot, _ = name.partition(".")
    if not dot:
        return name.lower() in known
    wanted = relation.lower()
    return any(str(one.get("relationshipName") or "").lower() == wanted for one in known.values())
