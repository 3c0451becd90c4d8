"""HubSpot's webhooks journal: the same changes as webhooks tell, fetched by us, so no open door.

It speaks for an app, not for an account: a token of its own, by the app's id and secret.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.base import Check, Hint, Positions
from connectors.errors import AuthError, ConfigError, PermanentError, TemporaryError
from connectors.hubspot import changes, records
from connectors.hubspot.app_client import MEND, AppClient
from connectors.hubspot.errors import ScopeError
from connectors.hubspot.settings import HubspotSettings

NAME = "hubspot journal"
_TOPIC = "journal"
_ALL = ("CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE")
_LINKS = ("ASSOCIATION_ADDED", "ASSOCIATION_REMOVED")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One subscription that the journal must hold for us to hear of a kind of change."""

    type_id: str
    properties: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """For associations: the types at the other end."""

    @property
    def kind(self) -> str:
        """The type of the subscription."""
        return "ASSOCIATION" if self.others else "OBJECT"

    def body(self, portal: int) -> dict[str, Any]:
        """As it is asked for."""
        made: dict[str, Any] = {
            "subscriptionType": self.kind,
            "objectTypeId": self.type_id,
            "portalId": portal,
            "actions": list(_LINKS if self.others else _ALL),
            "objectIds": [],
        }
        if self.others:
            return made | {"associatedObjectTypeIds": list(self.others)}
        return made | {"properties": list(self.properties)}

    def met_by(self, one: Mapping[str, Any], portal: int) -> bool:
        """Whether a subscription that exists tells all of this."""
        same = (one.get("subscriptionType"), one.get("objectTypeId")) == (self.kind, self.type_id)
        actions = {*(_LINKS if self.others else _ALL)} <= {*(one.get("actions") or ())}
        fields = {*self.properties} <= {*(one.get("properties") or ())}
        others = {*self.others} <= {*(one.get("associatedObjectTypeIds") or ())}
        return same and one.get("portalId") == portal and actions and fields and others


def wanted(settings: HubspotSettings) -> tuple[Wanted, ...]:
    """The subscriptions by which owners, stages and absences are heard of."""
    users = ("hs_out_of_office_hours", "hs_availability_status", "hs_working_hours")
    own = (settings.manager_property, settings.backup_property)
    return (
        Wanted("0-1", ("email", "associatedcompanyid", records.OWNER)),
        Wanted("0-2", ("domain", "lifecyclestage", records.OWNER, *settings.account_fields)),
        Wanted("0-3", ("dealstage", "pipeline", "hs_is_closed", records.OWNER)),
        Wanted("0-115", (*users, *own)),
        Wanted("0-3", others=("0-1", "0-2")),
    )


class Journal:
    """The journal of one app, read for one account. ``portal`` tells the account's id."""

    def __init__(
        self, settings: HubspotSettings, client: AppClient, portal: Callable[[], int]
    ) -> None:
        self.name = NAME
        self.settle = settings.settle_seconds
        self._settings = settings
        self._client = client
        self._portal = portal
        self._heard_at: float | None = None
        self._listening = False

    def listen(
        self, tell: Callable[[Hint], None], positions: Positions, until: threading.Event
    ) -> None:
        """As the protocol says: subscribes where need be, then fetches entry after entry."""
        portal = self._portal()
        self.subscribe()
        place = positions.get(_TOPIC)
        self._listening = True
        try:
            while not until.is_set():
                try:
                    entry = self._after(place)
                except PermanentError as error:
                    if place is None or isinstance(error, ConfigError):
                        raise
                    log.warning("the place in the journal is lost, all is read now: %s", error)
                    place, entry = None, None
                    tell(changes.everything())
                self._heard_at = time.monotonic()
                if entry is None or entry["currentOffset"] == place:
                    until.wait(self._settings.journal_seconds)
                    continue
                # Where nothing was kept, only what comes from now on is of interest.
                if place is not None:
                    self._tell(tell, str(entry["url"]), portal)
                place = str(entry["currentOffset"])
                positions.put(_TOPIC, place)
        finally:
            self._listening = False

    def health(self) -> dict[str, object]:
        """As the protocol says."""
        heard = self._heard_at
        return {
            "connected": self._listening and heard is not None,
            "heard_seconds_ago": None if heard is None else round(time.monotonic() - heard, 1),
        }

    def missing(self) -> list[Wanted]:
        """The subscriptions that are not there; nothing is changed. Raises ConnectorError."""
        portal = self._portal()
        found = self._client.call("GET", self._path("subscriptions")) or {}
        have = [one for one in found.get("results") or [] if isinstance(one, dict)]
        return [
            one
            for one in wanted(self._settings)
            if not any(one.met_by(other, portal) for other in have)
        ]

    def subscribe(self) -> int:
        """Make the subscriptions that are not there; how many that were. Raises ConnectorError."""
        missing = self.missing()
        portal = self._portal()
        for one in missing:
            self._client.call("POST", self._path("subscriptions"), json=one.body(portal))
        return len(missing)

    def checks(self) -> Iterator[Check]:
        """Whether the journal may be read and tells what it should. Raises ConnectorError."""
        try:
            missing = self.missing()
            self._entry("latest")
        except (ScopeError, AuthError) as error:
            text = f"off: {error}; changes are seen by polling"
            wanted_so = self._settings.journal is True
            mend = (error.mend or MEND) if wanted_so else ""
            yield Check(name=NAME, state="fail" if wanted_so else "ok", text=text, mend=mend)
            return
        if missing:
            text = f"{len(missing)} subscriptions are not there yet; the next start makes them"
            yield Check(name=NAME, state="warn", text=text, mend="start hotlead run")
        else:
            yield Check(name=NAME, state="ok", text="the journal can be read, and tells of changes")

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def _after(self, place: str | None) -> dict[str, Any] | None:
        """The entry behind a place; the newest where there is none. None: nothing there yet."""
        return self._entry(f"offset/{quote(place, safe='')}/next" if place else "latest")

    def _entry(self, what: str) -> dict[str, Any] | None:
        query = {"installPortalId": str(self._portal())}
        found = self._client.call("GET", f"{self._path('journal')}/{what}", params=query)
        if not found or not found.get("url"):
            return None
        if not found.get("currentOffset"):
            raise TemporaryError("an entry of the journal came without its offset")
        return found

    def _path(self, part: str) -> str:
        return f"/webhooks-journal/{part}/{self._settings.journal_version}"

    def _tell(self, tell: Callable[[Hint], None], url: str, portal: int) -> None:
        events = self._client.file(url)
        if events is None:
            tell(changes.everything())
        for event in events or ():
            if event.get("portalId") in (portal, str(portal), None):
                found = changes.hint(event)
                if found is not None:
                    tell(found)
