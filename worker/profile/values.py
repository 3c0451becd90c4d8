"""Reads owner fields that the policy does not name yet, so that they can be measured beforehand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from connectors.base import Crm, OwnerField
from routing.nouns import Account, Deal
from worker.adapters import crm_for
from worker.clock import Clock
from worker.secrets import Secrets
from worker.settings import Settings
from worker.store.mirror import table_of
from worker.sync import Progress

_NOUNS: Mapping[str, type[Account] | type[Deal]] = {"account": Account, "deal": Deal}
Values = dict[str, dict[str, str]]
Holders = Mapping[str, Mapping[str, int]]


def mirrored_holders(conn: Connection, fields: Sequence[OwnerField]) -> dict[str, Counter[str]]:
    """Whom each of the fields names in the mirror, and how often, by ``noun.name``."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for noun, names in _by_noun(fields).items():
        table = table_of(_NOUNS[noun])
        query = select(table.c.fields).where(table.c.deleted_at.is_(None))
        for (values,) in conn.execute(query):
            _count(found, noun, names, values)
    return found


def read_values(
    settings: Settings,
    secrets: Secrets,
    clock: Clock,
    fields: Sequence[OwnerField],
    progress: Progress,
) -> tuple[Values, dict[str, Counter[str]]]:
    """These fields of every account or deal by record id, and whom each names.

    Read from the CRM by the connector as it will read them once the policy names them; the mirror
    is left alone. Raises ConnectorError.
    """
    values: Values = {}
    holders: dict[str, Counter[str]] = defaultdict(Counter)
    wanted = _by_noun(fields)
    if not wanted:
        return values, holders
    crm = crm_for(_naming(settings, wanted), secrets, clock)
    try:
        for noun, names in wanted.items():
            for record_id, held in _records(crm, _NOUNS[noun], progress):
                _count(holders, noun, names, held)
                mine = {name: held[name] for name in names if held.get(name)}
                if mine:
                    values[record_id] = mine
    finally:
        crm.close()
    return values, holders


def _records(
    crm: Crm, noun: type[Account] | type[Deal], progress: Progress
) -> Iterable[tuple[str, Mapping[str, str]]]:
    for one in crm.objects:
        if one.noun is not noun:
            continue
        seen = 0
        for page in crm.read(one.name, None):
            for record in page.records:
                if isinstance(record, Account | Deal):
                    yield record.id, record.fields
            seen += len(page.records)
            progress(one.name, seen, page.total)


def _naming(settings: Settings, wanted: Mapping[str, Sequence[str]]) -> Settings:
    """The settings as if the policy named these fields."""
    changes: dict[str, Any] = {}
    account = tuple(wanted.get("account", ()))
    for name in ("salesforce", "hubspot"):
        section = getattr(settings, name)
        if section is not None:
            names = tuple(dict.fromkeys((*section.account_fields, *account)))
            changes[name] = section.model_copy(update={"account_fields": names})
    policy, named = settings.policy, settings.policy.mapping.fields
    deal = tuple(dict.fromkeys((*named.deal, *wanted.get("deal", ()))))
    fields = named.model_copy(update={"deal": deal})
    mapping = policy.mapping.model_copy(update={"fields": fields})
    changes["policy"] = policy.model_copy(update={"mapping": mapping})
    return settings.model_copy(update=changes)


def _by_noun(fields: Iterable[OwnerField]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for one in fields:
        if one.noun in _NOUNS:
            found[one.noun].append(one.name)
    return found


def _count(
    found: dict[str, Counter[str]], noun: str, names: Iterable[str], values: Mapping[str, str]
) -> None:
    for name in names:
        if values.get(name):
            found[f"{noun}.{name}"][values[name]] += 1
