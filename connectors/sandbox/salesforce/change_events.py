"""The org's event bus: what changed, in Avro, for as long as Salesforce keeps it."""

from __future__ import annotations

import io
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import fastavro

from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.schema import Column, Sobject
from connectors.sandbox.salesforce.table import Row

RETENTION = timedelta(hours=72)
SELECTED = frozenset({"Account", "Contact", "Lead", "Opportunity", "User"})
"""What an admin has selected for Change Data Capture; five objects are free."""
_FIRST = 1000
_CHANGES = ("CREATE", "UPDATE", "DELETE", "UNDELETE")
_GAPS = (*(f"GAP_{one}" for one in _CHANGES), "GAP_OVERFLOW", "SNAPSHOT")
_AVRO = {"boolean": "boolean", "int": "int", "double": "double", "currency": "double"}
_LISTS = ("nulledFields", "diffFields", "changedFields")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; ``number`` grows over all topics of the org."""

    number: int
    at: datetime
    topic: str
    schema_id: str
    payload: bytes
    id: str = field(default_factory=lambda: str(uuid4()))


class Bus:
    """The events of one org. ``selected`` are the objects whose changes are published."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self.selected: set[str] = set(SELECTED)
        self.changed = threading.Condition()
        """Held for each look at the events; notified when there are more."""
        self._events: deque[Event] = deque()
        self._schemas: dict[str, str] = {}
        self._parsed: dict[str, Any] = {}
        self.latest = _FIRST
        self._forgotten = _FIRST
        org.watchers.append(self._watch)

    def offers(self, topic: str) -> bool:
        """Whether this is a topic that can be heard in this org."""
        return topic in {topic_of(one) for one in self.selected}

    def schema_id(self, topic: str) -> str:
        """The id of the schema of a topic's events as they are now."""
        entity = topic.removeprefix("/data/").removesuffix("ChangeEvent")
        return self._learned(self._org.objects[entity.lower()])

    def schema(self, schema_id: str) -> str | None:
        """An Avro schema as JSON; None when there is none of this id."""
        return self._schemas.get(schema_id)

    def earliest(self) -> int:
        """The position before everything that is still kept."""
        with self.changed:
            self._forget()
            return self._forgotten

    def keeps(self, number: int) -> bool:
        """Whether all behind this position is still kept."""
        return self.earliest() <= number <= self.latest

    def behind(self, topic: str, number: int, most: int) -> list[Event]:
        """The next events of a topic behind a position."""
        with self.changed:
            self._forget()
            found = (one for one in self._events if one.topic == topic and one.number > number)
            return [one for one, _ in zip(found, range(most), strict=False)]

    def publish(self, name: str, change: str, ids: list[str], after: Row | None = None) -> None:
        """Put an event on the bus, as the org itself does when something changes."""
        sobject = self._org.objects[name.lower()]
        schema_id = self._learned(sobject)
        record = _record(sobject, self._org, change, ids, after or {})
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self._parsed[schema_id], record)
        self.put(topic_of(sobject.name), schema_id, out.getvalue())

    def put(self, topic: str, schema_id: str, payload: bytes) -> None:
        """Put an event on the bus as it is."""
        with self.changed:
            self.latest += 1
            made = Event(
                number=self.latest,
                at=self._org.now(),
                topic=topic,
                schema_id=schema_id,
                payload=payload,
            )
            self._events.append(made)
            self.changed.notify_all()

    def _watch(self, sobject: Sobject, before: Row | None, after: Row | None) -> None:
        row = after or before
        if sobject.name not in self.selected or row is None:
            return
        gone, was_gone = after is None or bool(after.get("IsDeleted")), _gone(before)
        if gone:
            change = "DELETE"
        elif before is None:
            change = "CREATE"
        else:
            change = "UNDELETE" if was_gone else "UPDATE"
        told = {} if gone else {key: it for key, it in row.items() if (before or {}).get(key) != it}
        self.publish(sobject.name, change, [row["Id"]], told)

    def _forget(self) -> None:
        horizon = self._org.now() - RETENTION
        while self._events and self._events[0].at < horizon:
            self._forgotten = self._events.popleft().number

    def _learned(self, sobject: Sobject) -> str:
        text = json.dumps(_schema(sobject))
        schema_id = sha256(text.encode()).hexdigest()[:22]
        if schema_id not in self._schemas:
            self._schemas[schema_id] = text
            self._parsed[schema_id] = fastavro.parse_schema(json.loads(text))
        return schema_id


def topic_of(name: str) -> str:
    """The topic of an object's changes."""
    return f"/data/{name}ChangeEvent"


def _gone(row: Row | None) -> bool:
    return bool(row and row.get("IsDeleted"))


def _published(sobject: Sobject) -> list[Column]:
    hidden = ("Id", "IsDeleted", "SystemModstamp")
    return [one for one in sobject.columns.values() if one.name not in hidden]


def _schema(sobject: Sobject) -> dict[str, Any]:
    header: list[dict[str, Any]] = [
        {"name": "entityName", "type": "string"},
        {"name": "recordIds", "type": {"type": "array", "items": "string"}},
        {
            "name": "changeType",
            "type": {"type": "enum", "name": "ChangeType", "symbols": [*_CHANGES, *_GAPS]},
        },
        {"name": "changeOrigin", "type": "string"},
        {"name": "transactionKey", "type": "string"},
        {"name": "sequenceNumber", "type": "int"},
        {"name": "commitTimestamp", "type": "long"},
        {"name": "commitNumber", "type": "long"},
        {"name": "commitUser", "type": "string"},
        *({"name": one, "type": {"type": "array", "items": "string"}} for one in _LISTS),
    ]
    inner = {"type": "record", "name": "ChangeEventHeader", "fields": header}
    fields: list[dict[str, Any]] = [{"name": "ChangeEventHeader", "type": inner}]
    fields += [
        {"name": one.name, "type": ["null", _AVRO.get(one.type, "string")], "default": None}
        for one in _published(sobject)
    ]
    name = f"{sobject.name}ChangeEvent"
    return {"type": "record", "name": name, "namespace": "com.sforce.eventbus", "fields": fields}


def _record(sobject: Sobject, org: Org, change: str, ids: list[str], after: Row) -> dict[str, Any]:
    header: dict[str, Any] = {
        "entityName": sobject.name,
        "recordIds": ids,
        "changeType": change,
        "changeOrigin": "com/salesforce/api/rest/66.0",
        "transactionKey": str(uuid4()),
        "sequenceNumber": 1,
        "commitTimestamp": int(org.now().timestamp() * 1000),
        "commitNumber": int(org.now().timestamp() * 1_000_000),
        "commitUser": org.user_id,
    }
    header |= {name: [] for name in _LISTS}
    told = {one.name: _value(one, after.get(one.name)) for one in _published(sobject)}
    return {"ChangeEventHeader": header, **told}


def _value(column: Column, value: Any) -> Any:
    if value is None:
        return None
    kind = _AVRO.get(column.type, "string")
    return {"boolean": bool, "int": int, "double": float, "string": str}[kind](value)
