"""The webhooks journal of the sandbox's app: subscriptions, entries, and the files behind them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.errors import (
    HubspotError,
    bad_json,
    missing_scopes,
    not_found,
    refused,
)
from connectors.sandbox.hubspot.feed import APP_ID, journal_events, wanted_by, watch
from connectors.sandbox.hubspot.portal import PORTAL_ID, Change, Portal
from connectors.sandbox.hubspot.schema import BY_NAME
from connectors.sandbox.hubspot.stamps import iso

READ = "developer.webhooks_journal.read"
SEE = "developer.webhooks_journal.subscriptions.read"
WRITE = "developer.webhooks_journal.subscriptions.write"
SCOPES = frozenset({READ, SEE, WRITE})
RETENTION = timedelta(days=3)
VERSIONS = ("2026-03", "2026-09")
_LINK_LIFE = timedelta(minutes=15)
_ACTIONS = {
    "OBJECT": {"CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE"},
    "ASSOCIATION": {"ASSOCIATION_ADDED", "ASSOCIATION_REMOVED"},
}
JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the journal."""

    offset: str
    at: int
    events: list[JSON]


@dataclass(slots=True)
class Journal:
    """The journal of the app in this account. ``base`` is the address where files are served."""

    portal: Portal
    base: str = ""
    entries: list[Entry] = field(default_factory=list)
    subscriptions: dict[int, JSON] = field(default_factory=dict)
    _changes: list[Change] = field(default_factory=list)
    _number: int = 100

    def __post_init__(self) -> None:
        watch(self.portal, self._changes)

    def endpoints(self) -> list[tuple[str, str, Callable[[Call], Answer]]]:
        """Its routes, as those of the rest of the account."""
        root = "/webhooks-journal/journal/{version}"
        subscriptions = "/webhooks-journal/subscriptions/{version}"
        return [
            ("GET", f"{root}/earliest", self._earliest),
            ("GET", f"{root}/latest", self._latest),
            ("GET", f"{root}/offset/{{offset}}/next", self._next),
            ("GET", subscriptions, self._listed),
            ("POST", subscriptions, self._subscribe),
            ("DELETE", f"{subscriptions}/{{id}}", self._unsubscribe),
        ]

    def publish(self) -> None:
        """Put what happened, and somebody subscribed to, into an entry; forget what is old."""
        taken, self._changes[:] = list(self._changes), []
        events = [
            event
            for change in taken
            if any(wanted_by(one, change) for one in self.subscriptions.values())
            for event in journal_events(change)
        ]
        if events:
            self.entries.append(Entry(str(uuid.uuid4()), self.portal.stamp(), events))
        oldest = self.portal.stamp() - RETENTION // timedelta(milliseconds=1)
        self.entries[:] = [one for one in self.entries if one.at >= oldest]

    def file(self, offset: str, until: str) -> tuple[int, JSON]:
        """A file by its signed address."""
        found = next((one for one in self.entries if one.offset == offset), None)
        if found is None or not until.isdigit() or int(until) < self.portal.stamp():
            return 403, {"Code": "AccessDenied", "Message": "Request has expired"}
        told = {"offset": offset, "journalEvents": found.events, "publishedAt": iso(found.at)}
        return 200, told

    def _asked(self, call: Call, scope: str) -> None:
        if call.path["version"] not in VERSIONS:
            raise not_found()
        if scope not in (call.scopes or ()):  # of the app, whatever the account can give
            raise missing_scopes([scope])
        portal = call.query.get("installPortalId", str(PORTAL_ID))
        if portal != str(PORTAL_ID):
            raise refused(f"The app is not installed in portal {portal}")
        self.publish()

    def _earliest(self, call: Call) -> Answer:
        self._asked(call, READ)
        return self._told(self.entries[:1])

    def _latest(self, call: Call) -> Answer:
        self._asked(call, READ)
        return self._told(self.entries[-1:])

    def _next(self, call: Call) -> Answer:
        self._asked(call, READ)
        offset = call.path["offset"]
        places = [place for place, one in enumerate(self.entries) if one.offset == offset]
        if not places:
            raise not_found(f"No journal entry found for offset {offset}")
        return self._told(self.entries[places[0] + 1 :][:1])

    def _told(self, found: list[Entry]) -> Answer:
        if not found:
            return 204, None
        until = self.portal.now() + _LINK_LIFE
        stamp = int(until.timestamp() * 1000)
        url = f"{self.base}/_sandbox/journal/{found[0].offset}?until={stamp}"
        return 200, {"url": url, "expiresAt": iso(stamp), "currentOffset": found[0].offset}

    def _listed(self, call: Call) -> Answer:
        self._asked(call, SEE)
        return 200, {"results": list(self.subscriptions.values())}

    def _subscribe(self, call: Call) -> Answer:
        self._asked(call, WRITE)
        given = call.body()
        kind = given.get("subscriptionType")
        needed = ["portalId", "objectTypeId", "actions", "objectIds"]
        needed.append("properties" if kind == "OBJECT" else "associatedObjectTypeIds")
        missing = [name for name in needed if name not in given]
        if missing:
            raise bad_json(f"Some required fields were not set: [{', '.join(missing)}]")
        if kind not in _ACTIONS or not set(given["actions"]) <= _ACTIONS[kind]:
            raise refused(f"{kind} subscriptions do not know {given['actions']}")
        if given["portalId"] != PORTAL_ID or given["objectTypeId"] not in BY_NAME:
            raise refused("The portal or the object type is not known to the app")
        self._number += 1
        now = iso(self.portal.stamp())
        made = {**given, "id": self._number, "appId": APP_ID, "createdAt": now, "updatedAt": now}
        self.subscriptions[self._number] = made
        return 200, made

    def _unsubscribe(self, call: Call) -> Answer:
        self._asked(call, WRITE)
        key = call.path["id"]
        if not key.isdigit() or self.subscriptions.pop(int(key), None) is None:
            raise HubspotError(404, {"message": "No such subscription", "category": "NOT_FOUND"})
        return 204, None
