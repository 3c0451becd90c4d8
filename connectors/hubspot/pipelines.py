"""The deal pipelines, the archived ones too: deals may still stand in a stage that is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from connectors.errors import PermanentError
from connectors.hubspot.client import Client
from connectors.hubspot.values import Row

ARCHIVED_EVERY = timedelta(hours=6)


class Pipelines:
    """Reads pipelines. Serves several threads."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._archived: tuple[datetime, list[Row]] | None = None
        self._lock = threading.Lock()

    def all(self) -> list[Row]:
        """Every pipeline with its stages; archived ones first, so that a living stage wins."""
        api = self._client.reading.crm.pipelines.pipelines_api
        page = self._client.get("reading the deal pipelines", api.get_all, "deals")
        living: list[Row] = page.get("results") or []
        return [*self._gone(living), *living]

    def _gone(self, living: Sequence[Row]) -> list[Row]:
        now = self._now()
        with self._lock:
            if self._archived is None or abs(now - self._archived[0]) > ARCHIVED_EVERY:
                self._archived = now, self._read_gone(living)
            return self._archived[1]

    def _read_gone(self, living: Sequence[Row]) -> list[Row]:
        try:
            found = self._ask("/crm/v3/pipelines/deals")
            for one in living:
                path = f"/crm/v3/pipelines/deals/{quote(str(one['id']), safe='')}/stages"
                found.append({**one, "stages": self._ask(path)})
        except PermanentError:
            return []  # an account that does not tell them: a stage that is gone has no label
        return [{**one, "archived": True} for one in found]

    def _ask(self, path: str) -> list[Row]:
        """The archived ones of a list; the client has lost the parameter for it."""
        api = self._client.reading.crm.pipelines.pipelines_api.api_client
        page = self._client.get(
            "reading the archived pipelines",
            api.call_api,
            path,
            "GET",
            query_params=[("archived", "true")],
            header_params={"Accept": "application/json"},
            auth_settings=["oauth2"],
        )
        return [one for one in page.get("results") or [] if one.get("archived")]
