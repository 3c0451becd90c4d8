"""A Salesforce org behind the CRM protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

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
from connectors.checking import probe
from connectors.errors import ConfigError
from connectors.http import HttpSettings
from connectors.live import LivePart, LiveQuestion, Usage
from connectors.salesforce import events, profile
from connectors.salesforce.checks import Checks
from connectors.salesforce.client import Client
from connectors.salesforce.deploying import POLL_SECONDS
from connectors.salesforce.errors import MissingFieldError, MissingObjectError
from connectors.salesforce.fields import Choice, Fields
from connectors.salesforce.install import Installer
from connectors.salesforce.live import Live
from connectors.salesforce.metrics import Metrics
from connectors.salesforce.objects import Source, sources
from connectors.salesforce.reading import Reading, changed, count, whole
from connectors.salesforce.settings import SalesforceSecrets, SalesforceSettings
from connectors.salesforce.tidy import Oddities, Tidy
from connectors.salesforce.writing import Writing
from routing.mapping import NOTHING_MORE, Mapping

_PAGES = {
    "001": "Account",
    "003": "Contact",
    "005": "User",
    "006": "Opportunity",
    "00Q": "Lead",
    "00T": "Task",
    "00U": "Event",
}


class Salesforce:
    """One org. Serves several threads."""

    def __init__(
        self,
        settings: SalesforceSettings,
        secrets: SalesforceSecrets,
        http: HttpSettings,
        mapping: Mapping = NOTHING_MORE,
    ) -> None:
        self.name = "salesforce"
        self._settings = settings
        self._sources = sources(settings.account_fields, settings.field_prefix, mapping)
        self.objects: Sequence[MirrorObject] = tuple(one.mirrored for one in self._sources.values())
        self.notes: list[str] = []
        self._noted: dict[str, str] = {}
        self._odd: dict[str, Oddities] = {}
        self._client = Client(settings, secrets, http)
        self._longest_wait = http.longest_wait
        self._fields = Fields(self._client)
        self._metrics = Metrics(self._client, self._fields, settings.field_prefix)
        self._writing = Writing(self._client, self._fields, settings.field_prefix)
        self._events = self._change_events(http) if events.wanted(settings) else None
        self.hint_sources: Sequence[HintSource] = (self._events,) if self._events else ()
        self.webhooks: Sequence[Webhook] = ()

    def _change_events(self, http: HttpSettings) -> events.ChangeEvents:
        return events.ChangeEvents(
            self._client, self._settings, self._sources.values(), http.read_timeout, self._note
        )

    @property
    def api_calls(self) -> int:
        """HTTP requests made so far, log-ins included."""
        return self._client.counter.total

    def prepare(self) -> list[str]:
        """As the protocol says: looks for our fields on tasks; metadata is an admin's to deploy."""
        return self._writing.problems()

    def install(self, *, check_only: bool) -> Iterator[Check]:
        """As the protocol says; deploys ``config/salesforce``."""
        poll = min(POLL_SECONDS, self._longest_wait)
        installer = Installer(self._client, self._settings, self._writing.problems, poll)
        return installer.run(check_only=check_only)

    def takes_metrics(self) -> bool:
        """As the protocol says: whether the object for medians is installed and ours to write."""
        return self._metrics.there()

    def write_metrics(self, metrics: Sequence[Metric]) -> list[WriteResult]:
        """As the protocol says."""
        return self._metrics.write(metrics)

    def checks(self, now: Callable[[], datetime]) -> Iterator[Check]:
        """As the protocol says."""
        made = Checks(self._client, self._fields, self._settings, tuple(self._sources.values()))
        logged_in = True
        for check in made.all(now, self.prepare, self.takes_metrics):
            logged_in = logged_in and not (check.name.endswith("log-in") and check.state == "fail")
            yield check
        if logged_in:
            yield from probe(events.NAME, lambda: events.checks(self._events, self._settings))

    def count(self, name: str) -> int | None:
        """As the protocol says; None for what is mirrored in part only. Raises ConnectorError."""
        return count(self._client, self._sources[name])

    def owner_fields(self) -> Sequence[OwnerField]:
        """As the protocol says."""
        return profile.owner_fields(self._client, self._fields)

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:
        """Yield the pages of object ``name`` changed since ``watermark`` (None: all of it).

        An optional object that the org lacks yields one empty page and a note. Raises
        ConnectorError; the pages that came before are good, and no watermark came with them.
        """
        source = self._sources.get(name)
        if source is None:
            raise ConfigError(f"Salesforce has no mirror object {name!r}")
        begun = False
        try:
            for page in self._pages(source, watermark):
                begun = True
                yield page
        except MissingObjectError:
            self._fields.forget(source.sobject)
            if begun or not source.feature:
                raise
            said = f"{source.feature}: off, as this org has no {source.sobject} or hides it"
            self._note(source.name, said)
            yield Page(watermark="{}", since=self._client.now())
        except MissingFieldError as error:
            self._fields.forget(source.sobject)
            if begun or not source.soft:
                raise
            self._note(source.name, f"{source.feature}: off, as {error}")
            yield Page(watermark="{}", since=self._client.now())

    def read_live(self, question: LiveQuestion) -> list[LivePart]:
        """As the protocol says."""
        return Live(self._client, self._fields, self._sources).read(question)

    def day_usage(self) -> Usage | None:
        """As the protocol says; every answer tells it, so that no call is needed."""
        told = self._client.usage
        return None if told is None else Usage(used=told[0], most=told[1])

    @property
    def calls_here(self) -> int:
        """As the protocol says."""
        return self._client.counter.here

    def write_activities(self, drafts: Sequence[ActivityDraft]) -> list[WriteResult]:
        """Create or update one task a draft, idempotent by key; a result for each, in order.

        Raises ConnectorError only with nothing written: ConfigError when the org lacks the field
        that holds the key, AuthError, TemporaryError.
        """
        if not drafts:
            return []
        results = self._writing.write(drafts)
        missing = self._writing.missing
        said = f"tasks are written without {', '.join(missing)}, which the org lacks or locks"
        self._note("writing", said if missing else "")
        return results

    def find_activity(self, draft: ActivityDraft) -> FoundActivity | None:
        """As the protocol says."""
        return self._writing.find(draft)

    def remove_activity(self, remote_id: str) -> None:
        """As the protocol says; Salesforce keeps it in the recycle bin."""
        self._writing.remove(remote_id)

    def record_url(self, noun: str, record_id: str) -> str:  # noqa: ARG002
        """The record's page in Lightning; '' for records that have none."""
        sobject = _PAGES.get(record_id[:3])
        if sobject is None or not record_id.isalnum():
            return ""
        return f"{self._client.instance_url}/lightning/r/{sobject}/{record_id}/view"

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def _pages(self, source: Source, watermark: str | None) -> Iterator[Page]:
        choice = self._fields.select(source)
        missing = ", ".join(choice.missing)
        said = f"{source.sobject}: without {missing}, which the org lacks or hides"
        self._note(source.name, said if missing else "")
        self._note(f"{source.name} formulas", self._formulas(source, choice))
        if watermark is None:
            self._odd.pop(source.name, None)
        odd = self._odd.setdefault(source.name, Oddities(source.sobject))
        reading = Reading(self._client, self._settings, source, choice, Tidy(choice.kinds, odd))
        if source.full:
            yield from whole(reading)
        else:
            yield from changed(reading, watermark)
        self._note(f"{source.name} values", odd.said())
        self._note(f"{source.name} read", "; ".join(reading.notes))

    def _formulas(self, source: Source, choice: Choice) -> str:
        if not choice.formulas or source.recent:
            return ""
        return (
            f"{source.sobject}: {', '.join(choice.formulas)} is worked out by Salesforce, which "
            f"tells nobody when it changes: read every {self._settings.formula_minutes} minutes"
        )

    def _note(self, about: str, said: str) -> None:
        """Keep one note for each thing; an empty one takes it back."""
        noted = {key: value for key, value in self._noted.items() if key != about}
        self._noted = noted | {about: said} if said else noted
        self.notes = list(self._noted.values())
