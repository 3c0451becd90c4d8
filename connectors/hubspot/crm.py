"""HubSpot behind the CRM protocol."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from connectors.base import (
    ActivityDraft,
    Check,
    FoundActivity,
    HintSource,
    Metric,
    MirrorObject,
    OwnerField,
    Page,
    Webhook,
    WriteResult,
)
from connectors.errors import ConfigError, ConnectorError, TemporaryError
from connectors.http import HttpSettings
from connectors.hubspot.checks import Checks
from connectors.hubspot.client import Client
from connectors.hubspot.day import Day
from connectors.hubspot.hearing import Hearing
from connectors.hubspot.install import Installer
from connectors.hubspot.mirror import Mirror, objects_of
from connectors.hubspot.notes import Notes
from connectors.hubspot.profile import owner_fields
from connectors.hubspot.properties import TaskShape
from connectors.hubspot.records import LEAD_PREFIX
from connectors.hubspot.settings import HubspotSecrets, HubspotSettings
from connectors.hubspot.write import Tasks
from connectors.live import LivePart, LiveQuestion, Usage
from routing.mapping import NOTHING_MORE, Mapping

_ASK_AGAIN = 300.0
"""Seconds; a link in a message is not worth asking a failing HubSpot for each one."""
_TYPE_IDS = {"prospect": "0-1", "account": "0-2", "deal": "0-3", "task": "0-27"}
_LEAD = "0-136"


class Hubspot:
    """One HubSpot account. ``now`` tells the time; it is asked about absences and timers only."""

    def __init__(
        self,
        settings: HubspotSettings,
        secrets: HubspotSecrets,
        http: HttpSettings,
        now: Callable[[], datetime] | None = None,
        mapping: Mapping = NOTHING_MORE,
    ) -> None:
        self.name = "hubspot"
        self._mapping = mapping
        self.objects: Sequence[MirrorObject] = objects_of(mapping)
        self._notes = Notes()
        self.notes: list[str] = self._notes.shown
        self._settings = settings
        self._client = Client(settings, secrets, http, now or _machine_time)
        self._mirror = Mirror(self._client, settings, self._notes, now or _machine_time, mapping)
        self._tasks = Tasks(self._client, settings, self._notes)
        self._day = Day(self._client)
        self.hearing = Hearing(settings, secrets, http, self._client.counter, self._account_id)
        self.hint_sources: Sequence[HintSource] = self.hearing.sources
        self.webhooks: Sequence[Webhook] = self.hearing.webhooks
        self._portal = ""
        self._ask_portal_at = 0.0
        self._lock = threading.Lock()

    @property
    def api_calls(self) -> int:
        """HTTP requests made so far, repeated ones included."""
        return self._client.counter.total

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:
        """As the protocol says. Raises ConfigError for an object that is not in ``objects``."""
        if name not in {one.name for one in self.objects}:
            raise ConfigError(f"HubSpot has no object {name!r} to mirror")
        return self._mirror.read(name, watermark)

    def read_live(self, question: LiveQuestion) -> list[LivePart]:
        """As the protocol says."""
        return self._mirror.live().read(question)

    def day_usage(self) -> Usage | None:
        """As the protocol says; asked for where no answer's headers tell it."""
        return self._day.usage()

    @property
    def calls_here(self) -> int:
        """As the protocol says."""
        return self._client.counter.here

    def write_activities(self, drafts: Sequence[ActivityDraft]) -> list[WriteResult]:
        """As the protocol says; our task properties are added to the account on first use."""
        return self._tasks.write(drafts) if drafts else []

    def find_activity(self, draft: ActivityDraft) -> FoundActivity | None:
        """As the protocol says."""
        return self._tasks.find(draft)

    def remove_activity(self, remote_id: str) -> None:
        """As the protocol says; HubSpot keeps it in the recycling bin."""
        self._tasks.remove(remote_id)

    def prepare(self) -> list[str]:
        """As the protocol says: adds the task properties that are missing."""
        return self._tasks.problems()

    def install(self, *, check_only: bool) -> Iterator[Check]:
        """As the protocol says; adds the properties of ``config/hubspot``."""
        yield from Installer(self._client).run(check_only=check_only)
        self._tasks.forget()

    def takes_metrics(self) -> bool:
        """Never: HubSpot has no object of ours for medians."""
        return False

    def write_metrics(self, metrics: Sequence[Metric]) -> list[WriteResult]:
        """Raises ConfigError: there is no place for them."""
        raise ConfigError(f"HubSpot has no place for {len(metrics)} medians")

    def checks(self, now: Callable[[], datetime]) -> Iterator[Check]:
        """As the protocol says."""
        logged_in = True
        journal = self.hearing.journal is not None
        made = Checks(self._client, self._settings, self._mapping, journal)
        for check in made.all(now):
            logged_in = logged_in and not (check.name.endswith("log-in") and check.state == "fail")
            yield check
        if logged_in:
            yield from self.hearing.checks()

    def count(self, name: str) -> int | None:
        """As the protocol says; of companies, contacts and deals. Raises ConnectorError."""
        return self._mirror.count(name)

    def owner_fields(self) -> Sequence[OwnerField]:
        """As the protocol says."""
        return owner_fields(self._client)

    def ensure_properties(self) -> TaskShape:
        """Add the task properties that are missing; says which are there, and why not all.

        Raises ConnectorError when the properties cannot even be read.
        """
        return self._tasks.shape()

    def record_url(self, noun: str, record_id: str) -> str:
        """The record's page; '' for a noun without one or while the account is unknown."""
        type_id, portal = _TYPE_IDS.get(noun), self._portal_id()
        if type_id is None or not portal or not record_id:
            return ""
        if record_id.startswith(LEAD_PREFIX):
            type_id, record_id = _LEAD, record_id.removeprefix(LEAD_PREFIX)
        base = self._settings.portal_url
        return f"{base}/contacts/{portal}/record/{type_id}/{quote(record_id, safe='')}"

    def _portal_id(self) -> str:
        with self._lock:
            if not self._portal and time.monotonic() >= self._ask_portal_at:
                self._ask_portal_at = time.monotonic() + _ASK_AGAIN
                try:
                    self._portal = str(self._client.account().get("portalId") or "")
                    self._notes.drop("account")
                except ConnectorError as error:
                    self._notes.say("account", f"messages carry no link to HubSpot: {error}")
            return self._portal

    def _account_id(self) -> int:
        """The account's number, for those who cannot go on without it. Raises ConnectorError."""
        with self._lock:
            if not self._portal:
                self._portal = str(self._client.account().get("portalId") or "")
            if not self._portal.isdigit():
                raise TemporaryError("HubSpot did not say which account this is")
            return int(self._portal)

    def close(self) -> None:
        """Give back connections."""
        self.hearing.close()
        self._client.close()


def _machine_time() -> datetime:
    return datetime.now(UTC)
