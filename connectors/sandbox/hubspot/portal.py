"""The account's state, and what a person working in the CRM can do to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.hubspot.errors import refused
from connectors.sandbox.hubspot.links import Links
from connectors.sandbox.hubspot.schema import (
    ALL_SCOPES,
    BY_NAME,
    TYPES,
    ObjectType,
    Pipeline,
    Property,
    Stage,
    custom_type,
)
from connectors.sandbox.hubspot.stamps import iso, to_ms
from connectors.sandbox.hubspot.table import Props, Record, Seen, Table

PORTAL_ID = 21939747
_OF_LEADS = (
    ("contacts", "hs_primary_contact_id", ("hs_associated_contact_email", "email")),
    ("companies", "hs_primary_company_id", ("hs_associated_company_name", "name")),
)


@dataclass(slots=True, kw_only=True)
class Owner:
    """A person (or queue) that records can belong to, and the ids of the user behind it."""

    id: int
    email: str
    first_name: str
    last_name: str
    user_id: int
    team: str = ""
    other_teams: tuple[str, ...] = ()
    archived: bool = False
    type: str = "PERSON"
    stamp: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened in the account, for those who watch it; ``at`` is epoch ms.

    ``action`` is a word of the webhooks: creation, propertyChange, deletion, merge, restore or
    associationChange. ``other`` is the record at the other end or the one merged away.
    """

    action: str
    kind: str
    id: int
    at: int
    props: Mapping[str, str] = field(default_factory=dict)
    other_kind: str = ""
    other: int = 0
    removed: bool = False


@dataclass(slots=True, kw_only=True)
class Portal:
    """Everything in the account. Times come from ``now`` alone."""

    now: Callable[[], datetime]
    scopes: frozenset[str] = ALL_SCOPES
    search_lag: timedelta = timedelta(0)
    search_cap: int = 10_000
    association_page: int = 500
    short_pages: bool = False
    most_rows: int = 1000
    unique_task_property: bool = True
    task_properties: bool = True
    merged_ids_lead_on: bool = True
    """Whether the id of a record that was merged away finds the one that goes on."""
    tables: dict[str, Table] = field(default_factory=lambda: {t.name: Table(t) for t in TYPES})
    owners: dict[int, Owner] = field(default_factory=dict)
    pipeline: Pipeline = field(default_factory=Pipeline)
    more_pipelines: list[Pipeline] = field(default_factory=list)
    types: dict[str, ObjectType] = field(default_factory=lambda: dict(BY_NAME))
    custom: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The account's own object types: name → labels for one and for many."""
    required: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Properties that an admin demands of every record of a type."""
    links: Links = field(default_factory=Links)
    labels: dict[tuple[str, str, str], int] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    watchers: list[Callable[[Change], None]] = field(default_factory=list)

    def tell(self, action: str, kind: str, record_id: int, **more: Any) -> None:
        """Let those who watch know what happened to a record."""
        if self.watchers:
            change = Change(action=action, kind=kind, id=record_id, at=self.stamp(), **more)
            for watcher in self.watchers:
                watcher(change)

    def stamp(self) -> int:
        """Now, in epoch milliseconds."""
        return to_ms(self.now())

    def ready(self) -> int:
        """The moment up to which the search index has caught up."""
        return to_ms(self.now() - self.search_lag)

    def table(self, name: str) -> Table:
        """The table of a type's name or id. Raises the API's refusal for an unknown one."""
        kind = self.types.get(name)
        if kind is None:
            raise refused(f"Unable to infer object type from: {name}")
        return self.tables[kind.name]

    @property
    def stages(self) -> list[Stage]:
        """Every stage of every pipeline."""
        return [stage for one in (self.pipeline, *self.more_pipelines) for stage in one.stages]

    def define_object(self, name: str, one: str, many: str) -> Table:
        """Add an object type of the account's own."""
        kind = custom_type(name, 3_465_404 + len(self.custom))
        full = f"p{PORTAL_ID}_{name}"
        self.types |= {key: kind for key in (name, full, kind.type_id)}
        self.custom[name] = one, many
        self.tables[name] = Table(kind)
        self.define(self.tables[name], Property(name="name", label="Name", own=False))
        return self.tables[name]

    def define(self, table: Table, definition: Property) -> None:
        """Add a property, or bring an archived one of this name back."""
        table.dropped.pop(definition.name, None)
        table.define(definition)

    def insert(self, table: Table, props: Mapping[str, str], at: int | None = None) -> Record:
        """Add a record as given, stamped now or at ``at``; nothing is checked here."""
        moment = self.stamp() if at is None else at
        kept = {name: value for name, value in props.items() if value != ""}
        record = Record(table.new_id(), kept, moment, moment)
        kept.update({name: value for name, value in self._derived(table, record).items() if value})
        table.add(record)
        if self.search_lag:
            table.lag(record, moment, None, moment)
        self.tell("creation", table.kind.name, record.id, props=kept)
        return record

    def change(self, table: Table, record: Record, props: Mapping[str, str]) -> None:
        """Give a record new values as of now; nothing is checked here."""
        now = self.stamp()
        wanted = dict(props)
        later = Record(record.id, {**record.props, **wanted}, record.created, now)
        wanted.update(self._derived(table, later))
        before = dict(record.props)
        table.change(record, wanted, now, lagging=bool(self.search_lag))
        news = {name: it for name, it in wanted.items() if before.get(name, "") != it}
        if news:
            self.tell("propertyChange", table.kind.name, record.id, props=news)

    def _derived(self, table: Table, record: Record) -> Props:
        """What HubSpot works out by itself."""
        props = record.props
        if table.kind.name == "deals":
            stage = next((s for s in self.stages if s.id == props.get("dealstage")), None)
            closed = stage is not None and stage.closed
            won = stage is not None and stage.closed and stage.probability >= 1
            return {"hs_is_closed": str(closed).lower(), "hs_is_closed_won": str(won).lower()}
        if table.kind.name == "tasks":
            done = props.get("hs_task_status") == "COMPLETED"
            when = props.get("hs_task_completion_date") or iso(record.modified)
            return {"hs_task_completion_date": when if done else ""}
        return {}

    def merge(self, table: Table, winner: Record, loser: Record) -> None:
        """Merge two records as the CRM does: one goes on, the other's id leads to it."""
        if table.kind.name == "companies":
            contacts = self.tables["contacts"]
            for contact_id in self.links.of("companies", loser.id, "contacts"):
                if contact_id in contacts.live:
                    self.link("contacts", contact_id, "companies", winner.id)
        losers = [*winner.props.get("hs_merged_object_ids", "").split(";"), str(loser.id)]
        losers += loser.props.get("hs_merged_object_ids", "").split(";")
        table.archive(loser, self.stamp())
        del table.archived[loser.id]
        table.merged_into[loser.id] = winner.id
        self.links.move(table.kind.name, loser.id, winner.id)
        self.tell("merge", table.kind.name, winner.id, other=loser.id)
        joined = ";".join(one for one in losers if one)
        self.change(table, winner, {"hs_merged_object_ids": joined})

    def link(self, from_type: str, from_id: int, to_type: str, to_id: int) -> None:
        """Associate two records, as primary where there is such a thing, both ways."""
        from_type, to_type = self.types[from_type].name, self.types[to_type].name
        if not self.links.known_way(from_type, to_type):
            from_type, from_id, to_type, to_id = to_type, to_id, from_type, from_id
        self.links.join(from_type, from_id, to_type, to_id)
        self.tell("associationChange", from_type, from_id, other_kind=to_type, other=to_id)
        if (from_type, to_type) == ("contacts", "companies"):
            contacts = self.tables["contacts"]
            contact = contacts.live[from_id]
            if contact.props.get("associatedcompanyid") != str(to_id):
                self.change(contacts, contact, {"associatedcompanyid": str(to_id)})

        if from_type == "leads":
            self._copy_to_lead(from_id)

    def label(self, from_type: str, from_id: int, to_type: str, to_id: int, text: str) -> None:
        """Give an association a label of the account's own."""
        key = (from_type, to_type, text)
        if key not in self.labels:
            self.labels[key] = self.links.define_label(*key)
        self.links.join_as(from_type, from_id, to_type, to_id, self.labels[key])

    def _copy_to_lead(self, lead_id: int) -> None:
        """HubSpot keeps what a lead is about among the lead's own properties."""
        leads = self.tables["leads"]
        found: Props = {}
        for to_type, own, copied in _OF_LEADS:
            there = self.links.of("leads", lead_id, to_type)
            first = min(there, key=lambda one: (578 not in there[one], one), default=None)
            if first is not None:
                row = self.tables[to_type].live[first]
                found |= {own: str(first), copied[0]: row.props.get(copied[1], "")}
        self.change(leads, leads.live[lead_id], found)

    def archive(self, table: Table, record: Record) -> None:
        """Put a record into the recycling bin."""
        table.archive(record, self.stamp())
        self.links.forget(table.kind.name, record.id)
        self.tell("deletion", table.kind.name, record.id)

    def restore(self, table: Table, record: Record) -> None:
        """Take a record out of the recycling bin."""
        table.restore(record)
        self.tell("restore", table.kind.name, record.id)

    def unlink(self, from_type: str, from_id: int, to_type: str, to_id: int) -> None:
        """Take an association away; no record's change stamp moves."""
        self.links.part(from_type, from_id, to_type, to_id)
        told = {"other_kind": to_type, "other": to_id, "removed": True}
        self.tell("associationChange", from_type, from_id, **told)

    def find(self, table: Table, key: str, id_property: str | None) -> Record | None:
        """The living record with this id (merged ids lead on) or unique value."""
        if id_property and id_property != "hs_object_id":
            if id_property not in table.unique_names:
                raise refused(
                    f"Unable to perform lookup by non-unique {table.kind.type_id} property "
                    f"{id_property} in portal ID {PORTAL_ID}"
                )
            return table.find_unique(id_property, key)
        if not key.isascii() or not key.isdigit():
            return None
        number = int(key)
        while self.merged_ids_lead_on and number in table.merged_into:
            number = table.merged_into[number]
        return table.live.get(number)

    def may_own(self, owner_id: str) -> bool:
        """Whether there is such an owner, and they have not left."""
        owner = self.owners.get(int(owner_id)) if owner_id.isdigit() else None
        return owner is not None and not owner.archived

    def seen_now(self, record: Record) -> Seen:
        """A record as it is, which is what everything but search shows."""
        return Seen(record, record.props, record.modified)

    def as_json(self, table: Table, seen: Seen, names: Sequence[str]) -> dict[str, Any]:
        """A record as the API tells it."""
        record = seen.record
        props = table.shown(seen, names)
        if "hs_availability_status" in props and self._is_away(record):
            props["hs_availability_status"] = "away"
        told: dict[str, Any] = {
            "id": str(record.id),
            "properties": props,
            "createdAt": iso(record.created),
            "updatedAt": iso(seen.modified),
            "archived": record.archived is not None,
        }
        if record.archived is not None:
            told["archivedAt"] = iso(record.archived)
        return told

    def _is_away(self, record: Record) -> bool:
        """A user in a noted absence turns away by itself."""
        now = self.stamp()
        try:
            spans = json.loads(record.props.get("hs_out_of_office_hours") or "[]")
            return any(one["startTimestamp"] <= now < one["endTimestamp"] for one in spans)
        except (ValueError, TypeError, LookupError):
            return False  # a person may have written anything


def names_of(values: Iterable[str]) -> list[str]:
    """Property names as they come in a query: repeated, or in one text with commas."""
    return [name for value in values for name in value.split(",") if name]
