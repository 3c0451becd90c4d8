"""Looks whether the account has what the policy's mapping names: properties and custom objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from connectors.base import Check
from connectors.checking import probe
from connectors.errors import ConfigError
from connectors.hubspot import holdings
from connectors.hubspot.client import Client
from connectors.hubspot.definitions import Definitions, definitions, is_calculated
from connectors.hubspot.errors import ScopeError
from connectors.hubspot.fields import wanted_fields
from connectors.hubspot.settings import HubspotSettings
from routing.mapping import Mapping

_ONE = {
    "companies": "company",
    "contacts": "contact",
    "deals": "deal",
    "users": "user",
}


def mapping_checks(
    client: Client, settings: HubspotSettings, mapping: Mapping, now: Callable[[], datetime]
) -> Iterator[Check]:
    """A check for each object type with further properties, and for each custom object."""
    wanted = dict(wanted_fields(settings, mapping))
    del wanted["leads"]  # a property of prospects is mostly one of contacts alone
    wanted["users"] = (*wanted["users"], *mapping.absence.names)
    for kind, names in wanted.items():
        if names or kind == "companies":
            yield from _of(client, kind, tuple(dict.fromkeys(names)))
    known = Definitions(client, now)
    for name in holdings.holding_objects(mapping):
        yield from _holding(client, name, mapping, known)


def _of(client: Client, kind: str, names: tuple[str, ...]) -> Iterator[Check]:
    name = f"hubspot {_ONE[kind]} properties of the policy"
    if kind == "companies":
        name = "hubspot company properties"

    def look() -> Iterator[Check]:
        try:
            known = definitions(client, kind) if names else {}
        except ScopeError:
            if kind == "users":
                return  # told by the look at users
            raise
        missing = ", ".join(one for one in names if one not in known)
        worked_out = ", ".join(one for one in names if is_calculated(known.get(one, {})))
        if missing:
            text = f"{kind} have no property {missing}, which the configuration names"
            mend = "add it (kind HubSpot user, where it names a person), or correct its name"
            yield Check(name=name, state="fail", text=text, mend=mend)
        elif worked_out:
            text = f"HubSpot works out {worked_out} of {kind} and tells nobody of changes: they are"
            text += " read anew every hubspot.calculated_minutes"
            mend = "let a workflow copy the value into a plain property, and name that"
            yield Check(name=name, state="warn", text=text, mend=mend)
        else:
            said = f"{kind} have {', '.join(names)}" if names else "none is needed"
            yield Check(name=name, state="ok", text=said)

    return probe(name, look)


def _holding(client: Client, key: str, mapping: Mapping, known: Definitions) -> Iterator[Check]:
    given = holdings.holding_objects(mapping)[key]
    name = f"hubspot custom object {given.object} ({given.person})"

    def look() -> Iterator[Check]:
        try:
            found = holdings.resolve(key, given, known)
            api = client.reading.crm.objects.basic_api
            client.get(f"reading {given.object}", api.get_page, found.kind, limit=1)
        except ConfigError as error:
            text = f"no roles come from {given.object}: {error}"
            yield Check(name=name, state="fail", text=text, mend=error.mend)
            return
        how = f"by association with {found.to}" if found.to else "by property"
        text = f"{given.object} can be read, and gives roles {how}"
        yield Check(name=name, state="ok", text=text)

    return probe(name, look)
