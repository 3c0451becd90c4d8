"""Which objects are mirrored, from which fields, how often and in which way."""

from __future__ import annotations

from connectors.salesforce.evidence_objects import evidence
from connectors.salesforce.people_objects import people
from connectors.salesforce.sales_objects import sales
from connectors.salesforce.source import Source
from routing.mapping import NOTHING_MORE, Mapping

__all__ = ["Source", "sources"]


def sources(
    account_fields: tuple[str, ...], field_prefix: str, mapping: Mapping = NOTHING_MORE
) -> dict[str, Source]:
    """Every object by name, in the order in which a first sync reads them best."""
    further = tuple(dict.fromkeys((*account_fields, *mapping.fields.account)))
    made = (*people(mapping), *sales(mapping, further), *evidence(field_prefix))
    return {one.name: one for one in made}
