"""Roles that records of a custom object give, as the policy's mapping names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.base import MirrorObject, Page
from connectors.errors import ConfigError
from connectors.hubspot.definitions import Definition, Definitions
from connectors.hubspot.feeds import Feed
from connectors.hubspot.fields import Odd
from connectors.hubspot.reading import Reader, Rows
from connectors.hubspot.records import Links, first_of
from connectors.hubspot.values import Row, moment, reference, text
from routing.mapping import HoldingObject, Mapping
from routing.nouns import RoleHolding

_STAMP = "hs_lastmodifieddate"
_COMPANIES = frozenset({"company", "companies"})
_DEALS = frozenset({"deal", "deals"})


def holding_objects(mapping: Mapping) -> dict[str, HoldingObject]:
    """The mirror's name of each holding of the mapping."""
    found: dict[str, HoldingObject] = {}
    for one in mapping.holdings:
        name = f"holdings_{one.object}_{one.person}".lower()
        found[name if name not in found else f"{name}_{len(found)}"] = one
    return found


def mirror_objects(mapping: Mapping) -> list[MirrorObject]:
    """What the mirror offers for the holdings of the mapping."""
    return [MirrorObject(name=name, noun=RoleHolding) for name in holding_objects(mapping)]


@dataclass(frozen=True, slots=True)
class Holding:
    """A holding of the mapping as the account can serve it. ``to`` is set for associations."""

    name: str
    given: HoldingObject
    kind: str
    known: dict[str, Definition]
    to: str

    @property
    def signature(self) -> tuple[str, ...]:
        """What the mirrored values depend on."""
        return (self.kind, self.to or str(self.given.account or self.given.deal), self.given.role)


def resolve(name: str, given: HoldingObject, known: Definitions) -> Holding:
    """Find the object and its properties. Raises ConfigError for what the account lacks."""
    kind = known.custom_object(given.object)
    if kind is None:
        raise ConfigError(
            f"the account has no custom object {given.object}",
            mend="Correct its name in mapping.holdings, or add it to the account.",
        )
    parent = str(given.account or given.deal)
    needed = [one for one in (given.person, given.role_field) if one]
    properties = known.of(kind, needed)
    to = "" if parent in properties else _association(parent, to_account=bool(given.account))
    missing = [one for one in needed if one not in properties]
    if not to and parent not in properties:
        missing.append(parent)
    if missing:
        raise ConfigError(
            f"{given.object} has no property {', '.join(missing)}",
            mend="Correct mapping.holdings, or add the property to the custom object.",
        )
    return Holding(name, given, kind, dict(properties), to)


def _association(parent: str, *, to_account: bool) -> str:
    if parent.lower() in (_COMPANIES if to_account else _DEALS):
        return "companies" if to_account else "deals"
    return ""


def feed(one: Holding, reader: Reader, odd: Odd) -> Feed:
    """How the holding is read. Associations have no stamps, so those are swept on a timer."""
    given = one.given
    parent = str(given.account or given.deal)
    wanted = [given.person, _STAMP, *([given.role_field] if given.role_field else [])]

    def key(record_id: str) -> str:
        return f"{one.name}:{record_id}"

    def convert(rows: Rows) -> Page:
        links: Links = {}
        if one.to and rows:
            links = reader.associated(one.kind, [str(row["id"]) for row in rows], one.to)
        made = [_holding(row, one, links, key, odd) for row in rows]
        gone = [key(str(row["id"])) for row, found in zip(rows, made, strict=True) if not found]
        return Page(records=[found for found in made if found], deleted=gone)

    return Feed(
        name=one.name,
        kind=one.kind,
        properties=wanted if one.to else [*wanted, parent],
        convert=convert,
        fields=one.signature,
        asks=bool(one.to),
        calculated=bool(one.to),
        key=key,
    )


def _holding(
    row: Row, one: Holding, links: Links, key: Callable[[str], str], odd: Odd
) -> RoleHolding | None:
    own, given = str(row["id"]), one.given
    person = _reference(row, given.person, one, odd)
    parent = str(given.account or given.deal)
    found = first_of(links.get(own, ())) if one.to else _reference(row, parent, one, odd)
    role = given.role or text(row, str(given.role_field)).strip()
    if person is None or found is None or not role:
        return None
    return RoleHolding(
        id=key(own),
        person_id=person,
        role=role,
        account_id=found if given.account else None,
        deal_id=found if given.deal else None,
        modified_at=moment(row, _STAMP),
    )


def _reference(row: Row, name: str, one: Holding, odd: Odd) -> str | None:
    found = reference(row, name)
    well = found is not None or not text(row, name).strip()
    odd.see(one.given.object, name, str(row["id"]), well=well)
    return found
