"""By which ways HubSpot tells us of changes, of those that there are secrets for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connectors.base import Check, HintSource, Webhook
from connectors.checking import probe
from connectors.http import CallCounter, HttpSettings
from connectors.hubspot import journal, webhooks
from connectors.hubspot.app_client import AppClient
from connectors.hubspot.settings import HubspotSecrets, HubspotSettings

_NO_SECRET = "HOTLEAD_HUBSPOT_CLIENT_SECRET"  # noqa: S105 - a name
_NO_ID = "HOTLEAD_HUBSPOT_CLIENT_ID"


class Hearing:
    """Webhooks with the app's secret; the journal with its id as well."""

    def __init__(
        self,
        settings: HubspotSettings,
        secrets: HubspotSecrets,
        http: HttpSettings,
        counter: CallCounter,
        portal: Callable[[], int],
    ) -> None:
        self._settings = settings
        self.journal: journal.Journal | None = None
        key, secret = secrets.client_id, secrets.client_secret
        if settings.journal and key is not None and secret is not None:
            client = AppClient(settings, key, secret, http, counter)
            self.journal = journal.Journal(settings, client, portal)
        self.webhook = webhooks.Webhooks(secret, settings.settle_seconds) if secret else None

    @property
    def sources(self) -> Sequence[HintSource]:
        """What is to be listened to."""
        return (self.journal,) if self.journal else ()

    @property
    def webhooks(self) -> Sequence[Webhook]:
        """The routes that HubSpot may call."""
        return (self.webhook,) if self.webhook else ()

    def checks(self) -> Iterator[Check]:
        """Which ways are open, and what is missing for the others."""
        name = webhooks.NAME
        if self.webhook is not None:
            text = f"calls of {webhooks.PATH} are believed when the app's secret signed them"
        else:
            text = f"off, as {_NO_SECRET} is not set: changes are seen by polling"
        yield Check(name=name, state="ok", text=text)
        if self.journal is not None:
            yield from probe(journal.NAME, self.journal.checks)
            return
        why = f"{_NO_ID} or {_NO_SECRET} is not set"
        if self._settings.journal is True:
            mend = "set both, or hubspot.journal: auto"
            yield Check(name=journal.NAME, state="fail", text=f"wanted, but {why}", mend=mend)
            return
        why = why if self._settings.journal else "the configuration says so"
        text = f"off, as {why}: changes are seen by polling"
        yield Check(name=journal.NAME, state="ok", text=text)

    def close(self) -> None:
        """Give back connections."""
        if self.journal is not None:
            self.journal.close()
