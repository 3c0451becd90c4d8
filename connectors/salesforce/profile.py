"""Which look-ups to users the org has beside the owner, and how full each one is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from connectors.base import OwnerField
from connectors.errors import ConnectorError
from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingObjectError
from connectors.salesforce.fields import Fields

_OBJECTS: tuple[tuple[Literal["account", "deal", "prospect"], str], ...] = (
    ("account", "Account"),
    ("deal", "Opportunity"),
    ("prospect", "Contact"),
    ("prospect", "Lead"),
)
_KEPT_BY_THE_ORG = frozenset({"OwnerId", "CreatedById", "LastModifiedById"})
_AT_ONCE = 25


def owner_fields(client: Client, fields: Fields) -> Sequence[OwnerField]:
    """As the protocol says: a describe an object, and a call for each 25 fields to count them."""
    found = list(_look_ups(fields))
    queries = [
        f"SELECT COUNT() FROM {sobject} WHERE {one.name} != null"  # noqa: S608
        for sobject, one in found
    ]
    counts: list[int | None] = []
    for start in range(0, len(queries), _AT_ONCE):
        answers = client.together(queries[start : start + _AT_ONCE])
        # One that is refused, or takes too long in a large org, is merely not known.
        counts += [
            None if isinstance(one, ConnectorError) else int(one.get("totalSize") or 0)
            for one in answers
        ]
    made: dict[tuple[str, str], OwnerField] = {}
    for (_, one), count in zip(found, counts, strict=True):
        key = (one.noun, one.name.lower())
        before = made[key].filled if key in made else 0  # a field of contacts and of leads is one
        total = None if before is None or count is None else before + count
        made[key] = OwnerField(noun=one.noun, name=one.name, label=one.label, filled=total)
    return tuple(made.values())


def _look_ups(fields: Fields) -> Iterator[tuple[str, OwnerField]]:
    for noun, sobject in _OBJECTS:
        fields.forget(sobject)
        try:
            known = fields.of(sobject)
        except MissingObjectError:
            continue
        for one in known.values():
            name = str(one["name"])
            users = one.get("type") == "reference" and "User" in (one.get("referenceTo") or ())
            if users and name not in _KEPT_BY_THE_ORG:
                label = str(one.get("label") or name)
                yield sobject, OwnerField(noun=noun, name=name, label=label)
