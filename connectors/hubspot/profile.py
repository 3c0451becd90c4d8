"""Which properties of the account's own name an owner, and how full each one is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from connectors.base import OwnerField
from connectors.hubspot.client import Client
from connectors.hubspot.definitions import definitions
from connectors.hubspot.errors import ScopeError
from connectors.hubspot.reading import Reader, where

_KINDS: tuple[tuple[Literal["account", "deal", "prospect"], str], ...] = (
    ("account", "companies"),
    ("deal", "deals"),
    ("prospect", "contacts"),
)
_SEVERAL = "checkbox"


def owner_fields(client: Client) -> Sequence[OwnerField]:
    """As the protocol says: a call an object type, and a search a property to count it.

    A property that holds several owners says of none that it is they, and is left out.
    """
    reader = Reader(client)
    found = []
    for noun, kind in _KINDS:
        try:
            known = definitions(client, kind)
        except ScopeError:
            continue
        for name, one in known.items():
            names_one = one.get("referencedObjectType") == "OWNER"
            names_one = names_one and one.get("fieldType") != _SEVERAL
            if names_one and not one.get("hubspotDefined"):
                _, filled = reader.newest(kind, [where(name, "HAS_PROPERTY")])
                label = str(one.get("label") or name)
                found.append(OwnerField(noun=noun, name=name, label=label, filled=filled))
    return tuple(found)
