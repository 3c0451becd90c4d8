"""Which fields the org really has, by its describes, and what is left out for want of them."""

from __future__ import annotations

import threading
from typing import Any

from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingFieldError, MissingObjectError, NotFoundError
from connectors.salesforce.objects import Source


class Fields:
    """Describes of the objects, read on first use. Full objects are queried without a look."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, dict[str, dict[str, Any]]] = {}
        self._read_only: set[str] = set()
        self._lock = threading.Lock()

    def of(self, sobject: str) -> dict[str, dict[str, Any]]:
        """The fields of an object by lower-case name. Raises MissingObjectError."""
        with self._lock:
            known = self._known.get(sobject)
        if known is None:
            try:
                described = self._client.describe(sobject)
            except NotFoundError as error:
                said = f"this org has no object {sobject}, or hides it"
                raise MissingObjectError(said, mend=error.mend) from error
            known = {str(one["name"]).lower(): one for one in described.get("fields", ())}
            writable = described.get("createable") and described.get("updateable")
            with self._lock:
                self._known[sobject] = known
                (self._read_only.discard if writable else self._read_only.add)(sobject)
        return known

    def may_write(self, sobject: str) -> bool:
        """Whether we may create and change such records. Raises MissingObjectError."""
        self.of(sobject)
        with self._lock:
            return sobject not in self._read_only

    def forget(self, sobject: str) -> None:
        """Look again next time: an admin may have changed the object."""
        with self._lock:
            self._known.pop(sobject, None)

    def select(self, source: Source) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The fields to ask for, and those that the org lacks. Raises MissingFieldError."""
        if source.full:
            return source.needed, ()
        known = self.of(source.sobject)
        needed = ("SystemModstamp", *source.needed)
        missing = [name for name in needed if not _has(known, name)]
        if missing:
            said = f"{source.sobject} has no {', '.join(missing)}, or hides it"
            raise MissingFieldError(said, mend="give the integration user read access to it")
        wanted = dict.fromkeys((*needed, *source.optional))
        there = [name for name in wanted if _has(known, name)]
        # Users are never deleted and have no such flag.
        flag = ["IsDeleted"] if _has(known, "IsDeleted") else []
        return (*there, *flag), tuple(name for name in wanted if name not in there)


def _has(known: dict[str, dict[str, Any]], name: str) -> bool:
    relation, dot, _ = name.partition(".")
    if not dot:
        return name.lower() in known
    wanted = relation.lower()
    return any(str(one.get("relationshipName") or "").lower() == wanted for one in known.values())
