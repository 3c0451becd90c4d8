"""One request as the endpoints see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from connectors.sandbox.hubspot.errors import JSON, bad_json, missing_scopes, refused
from connectors.sandbox.hubspot.portal import Portal, names_of
from connectors.sandbox.hubspot.table import Table

MOST_INPUTS = 100


@dataclass(frozen=True, slots=True)
class Call:
    """Path parameters, query and body of a request to ``portal``."""

    portal: Portal
    method: str
    path: Mapping[str, str]
    query: QueryParams
    raw: bytes
    scopes: frozenset[str] | None = None
    """What the token may do; None: all that the account has."""

    def body(self) -> JSON:
        """The body, a JSON object. Raises the API's refusal."""
        try:
            found = json.loads(self.raw or b"")
        except ValueError as error:
            raise bad_json("Unexpected character") from error
        if not isinstance(found, dict):
            raise bad_json("Cannot deserialize value")
        return found

    def inputs(self, most: int = MOST_INPUTS) -> list[JSON]:
        """The inputs of a batch. Raises the API's refusal."""
        found = self.body().get("inputs")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise bad_json("Some required fields were not set: [inputs]")
        if len(found) > most:
            raise refused(f"Invalid request: the limit for this batch is {most} inputs")
        return found

    def table(self) -> Table:
        """The table that the path names, if the token may touch it."""
        table = self.portal.table(self.path["type"])
        searching = self.path.get("verb") == "search"
        reading = self.method == "GET" or searching or self.path.get("batch") == "read"
        self.need(*(table.kind.read if reading else table.kind.write))
        return table

    def need(self, *scopes: str) -> None:
        """Raises the API's refusal unless the token has all of these scopes."""
        granted = self.portal.scopes if self.scopes is None else self.scopes & self.portal.scopes
        missing = [one for one in scopes if one not in granted]
        if missing:
            raise missing_scopes(missing)

    def number(self, name: str, default: int, most: int) -> int:
        """A number of the query. Raises the API's refusal."""
        text = self.query.get(name) or str(default)
        if not text.isascii() or not text.isdigit() or not 0 < int(text) <= most:
            raise refused(f"{name} must be between 1 and {most}, was {text}")
        return int(text)

    def names(self) -> list[str]:
        """The properties asked for in the query."""
        return names_of(self.query.getlist("properties"))

    @property
    def archived(self) -> bool:
        """Whether archived records are asked for."""
        return self.query.get("archived", "false").lower() == "true"


Answer = tuple[int, Any]
Endpoint = Callable[[Call], Answer]
