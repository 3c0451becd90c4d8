"""A running HubSpot sandbox, the connector that talks to it, and a small company."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from connectors.base import ActivityDraft, Page
from connectors.http import HttpSettings
from connectors.hubspot import HubspotSecrets, HubspotSettings
from connectors.hubspot.crm import Hubspot
from connectors.sandbox.faults import Fault
from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.serving import Serving
from connectors.sandbox.world import (
    World,
    WorldAccount,
    WorldContact,
    WorldDeal,
    WorldPerson,
    WorldStage,
)
from routing.mapping import NOTHING_MORE, Mapping
from routing.nouns import MirrorRecord

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = "pat-na1-sandbox"
HTTP = HttpSettings(connect_timeout=2, read_timeout=5, tries=3, longest_wait=2)
STAGES = (
    WorldStage(key="new", label="Appointment Scheduled", probability=20),
    WorldStage(key="offer", label="Proposal", probability=60),
    WorldStage(key="won", label="Closed Won", is_closed=True, is_won=True, probability=100),
    WorldStage(key="lost", label="Closed Lost", is_closed=True, probability=0),
)


class MovedClock:
    """A time that moves by hand."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        """Let time pass; arguments as of timedelta."""
        self.at += timedelta(**by)


AWAY = (START - timedelta(hours=2), START + timedelta(days=3))
WORLD = World(
    people=(
        WorldPerson(key="mia", name="Mia Cole", email="Mia@Team.test", role="Manager", team="West"),
        WorldPerson(
            key="bo",
            name="Bo Lin",
            email="bo@team.test",
            role="AE",
            title="Account Executive",
            team="West",
            manager="mia",
            backup="eva",
        ),
        WorldPerson(key="eva", name="Eva Stone", email="eva@team.test", role="BDR", manager="mia"),
        WorldPerson(key="cy", name="Cy Dean", email="cy@team.test", role="CSM", away=(AWAY,)),
        WorldPerson(key="ex", name="Ex Rep", email="ex@team.test", role="AE", active=False),
    ),
    accounts=(
        WorldAccount(key="acme", name="Acme", domain="acme.test", owner="bo", bdr="eva", csm="cy"),
        WorldAccount(key="sub", name="Acme Sub", domain="sub.test", kind="Customer", parent="acme"),
    ),
    contacts=(
        WorldContact(key="dana", name="Dana Reed", email="Dana@Acme.test", account="acme"),
        WorldContact(key="lou", name="Lou Free", email="lou@free.test", company="Free Inc"),
    ),
    stages=STAGES,
    deals=(
        WorldDeal(
            key="big",
            name="Big deal",
            stage="offer",
            account="acme",
            owner="bo",
            amount=1200.5,
            contacts=("dana",),
        ),
        WorldDeal(
            key="old",
            name="Old deal",
            stage="won",
            account="sub",
            closed=START - timedelta(days=9),
            contacts=("dana",),
        ),
    ),
)


@dataclass
class Kit:
    """A served sandbox, its clock, the ids of the world in it, and a connector."""

    sandbox: HubspotSandbox
    clock: MovedClock
    url: str
    ids: dict[str, str] = field(default_factory=dict)
    made: list[Hubspot] = field(default_factory=list)

    def connector(
        self,
        *,
        token: str = SECRET,
        http: HttpSettings = HTTP,
        mapping: Mapping = NOTHING_MORE,
        client_id: str | None = None,
        client_secret: str | None = None,
        **more: Any,
    ) -> Hubspot:
        """A connector; searches are not paced unless asked for. Id and secret are of an app."""
        settings = HubspotSettings(
            **{"base_url": self.url, "searches_per_second": 10_000, "archive_minutes": 0, **more}
        )
        secrets = HubspotSecrets.model_validate(
            {"token": token, "client_id": client_id, "client_secret": client_secret}
        )
        self.made.append(Hubspot(settings, secrets, http, now=self.clock, mapping=mapping))
        return self.made[-1]

    def fault(self, kind: str, path: str, **more: Any) -> None:
        """Order a fault for calls whose path begins so."""
        self.sandbox.faults.order(Fault(kind=kind, path=path, **more))

    def tasks(self) -> list[dict[str, str]]:
        """All tasks in the CRM."""
        return self.sandbox.records("tasks")

    def calls(self, path: str) -> int:
        """How often a path was called."""
        return self.sandbox.calls.get(path, 0)


@contextmanager
def running(world: World = WORLD, **more: Any) -> Iterator[Kit]:
    """A sandbox with this world in it, served."""
    clock = MovedClock()
    sandbox = HubspotSandbox(clock, token=SECRET, **more)
    ids = sandbox.load(world)
    with Serving(sandbox.app) as serving:
        kit = Kit(sandbox, clock, serving.url, ids)
        try:
            yield kit
        finally:
            for one in kit.made:
                one.close()


@dataclass
class Copy:
    """What a mirror of one object holds, kept as the worker keeps it."""

    connector: Hubspot
    name: str
    rows: dict[str, MirrorRecord] = field(default_factory=dict)
    mark: str | None = None
    pages: list[Page] = field(default_factory=list)

    def sync(self) -> dict[str, MirrorRecord]:
        """Read once from the watermark on."""
        thing = next(one for one in self.connector.objects if one.name == self.name)
        self.pages = []
        mark: str | None = None
        seen: set[str] = set()
        for page in self.connector.read(self.name, self.mark):
            self.pages.append(page)
            self.rows.update({row.id: row for row in page.records})
            seen.update(row.id for row in page.records)
            for gone in page.deleted:
                self.rows.pop(gone, None)
            for one in [*self.rows.values()]:
                if getattr(one, "deal_id", None) in page.all_of_deals and one.id not in seen:
                    del self.rows[one.id]
            mark = page.watermark or mark
        assert mark is not None
        self.mark = mark
        if thing.full:
            self.rows = {key: row for key, row in self.rows.items() if key in seen}
        return self.rows

    @property
    def read(self) -> int:
        """Records in the last read."""
        return sum(len(page.records) for page in self.pages)


def draft(key: str = "task:1", **more: Any) -> ActivityDraft:
    """A task to write."""
    given: dict[str, Any] = {
        "key": key,
        "subject": "Dana Reed opened 'Pricing' twice",
        "body": "Bo owns the deal\nThread: https://mail.test/?a=1&b=2",
        "owner_id": None,
        "prospect_id": None,
        "prospect_kind": "contact",
        "account_id": None,
        "deal_id": None,
        "due_at": START + timedelta(hours=4),
        "fired_at": START,
        "role": "ae",
        "reason": "Bo owns the open deal",
    }
    return ActivityDraft(**{**given, **more})


def ask(kit: Kit, method: str, path: str, body: Any = None, token: str = SECRET) -> Any:
    """One request as any client could make it."""
    return requests.request(
        method,
        kit.url + path,
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=5,
    )


def found(kit: Kit, body: Any, kind: str = "contacts") -> Any:
    """One search."""
    return ask(kit, "POST", f"/crm/v3/objects/{kind}/search", body)
