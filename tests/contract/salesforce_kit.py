"""A small company in a Salesforce sandbox, its server, and the real connector in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from connectors.base import ActivityDraft, Page
from connectors.http import HttpSettings
from connectors.salesforce import SalesforceSecrets, SalesforceSettings
from connectors.salesforce.crm import Salesforce
from connectors.sandbox.salesforce import SalesforceSandbox
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

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
PROMPT = HttpSettings(connect_timeout=2, read_timeout=5, tries=3, longest_wait=0.05)

COMPANY = World(
    people=(
        WorldPerson(key="mia", name="Mia Moss", email="Mia@seller.example", role="Manager"),
        WorldPerson(
            key="ann",
            name="Ann Ames",
            email="ann@seller.example",
            role="AE",
            team="West",
            manager="mia",
            backup="ben",
            time_zone="America/Los_Angeles",
        ),
        WorldPerson(key="ben", name="Ben Ball", email="ben@seller.example", role="BDR"),
        WorldPerson(
            key="old", name="Olive Old", email="olive@seller.example", role="AE", active=False
        ),
    ),
    accounts=(
        WorldAccount(key="acme", name="Acme", domain="acme.example", owner="ann", bdr="ben"),
        WorldAccount(key="zeta", name="Zeta", domain="zeta.example", parent="acme"),
    ),
    contacts=(
        WorldContact(key="cat", name="Cat Cole", email="Cat@acme.example", account="acme"),
        WorldContact(key="leo", name="Leo Lund", email="leo@new.example", company="New Co"),
    ),
    stages=(
        WorldStage(key="open", label="Prospecting"),
        WorldStage(key="won", label="Won", is_closed=True, is_won=True, probability=100),
        WorldStage(key="lost", label="Lost", is_closed=True, probability=0),
    ),
    deals=(
        WorldDeal(
            key="deal",
            name="Acme 2026",
            stage="open",
            account="acme",
            owner="ann",
            amount=1200.5,
            contacts=("cat",),
        ),
        WorldDeal(
            key="past",
            name="Acme 2025",
            stage="won",
            account="acme",
            owner="old",
            created=datetime(2025, 1, 5, tzinfo=UTC),
            closed=datetime(2025, 3, 1, tzinfo=UTC),
        ),
    ),
)


class Bench:
    """A sandbox with a clock to move, its server, and connectors to it."""

    def __init__(self, *, bare: bool = False) -> None:
        self.time = START
        self.box = SalesforceSandbox(lambda: self.time, bare=bare)
        self.url = ""
        self.ids: dict[str, str] = {}
        self._made: list[Salesforce] = []

    def load(self, world: World = COMPANY) -> dict[str, str]:
        """Fill the org."""
        self.ids = self.box.load(world)
        return self.ids

    def crm(
        self, http: HttpSettings = PROMPT, mapping: Mapping = NOTHING_MORE, **settings: Any
    ) -> Salesforce:
        """A connector to the org."""
        usual = {
            "login_url": self.url,
            "account_fields": ("BDR__c", "CSM__c"),
            "bulk_poll_seconds": 0.01,
        }
        chosen = usual | settings
        secrets = SalesforceSecrets.model_validate(
            {"client_id": self.box.client_id, "client_secret": self.box.client_secret}
        )
        made = Salesforce(SalesforceSettings.model_validate(chosen), secrets, http, mapping)
        self._made.append(made)
        return made

    def forward(self, **span: float) -> None:
        """Let time pass in the org."""
        self.time += timedelta(**span)

    def token(self) -> str:
        """A session of our own, for talking to the API without the connector."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.box.client_id,
            "client_secret": self.box.client_secret,
        }
        found = requests.post(f"{self.url}/services/oauth2/token", form, timeout=5)
        return str(found.json()["access_token"])

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One call of the API behind ``/services/data/v66.0/``."""
        headers = {"Authorization": f"Bearer {self.token()}"} | options.pop("headers", {})
        url = f"{self.url}/services/data/v66.0/{path}"
        return requests.request(method, url, headers=headers, timeout=5, **options)

    def query(self, soql: str, **options: Any) -> Any:
        """The answer to a query."""
        return self.call("GET", "query", params={"q": soql}, **options).json()

    def ids_of(self, soql: str) -> list[str]:
        """The ids that a query finds, in order."""
        return [row["Id"] for row in self.query(soql)["records"]]

    def close(self) -> None:
        """Close every connector."""
        for crm in self._made:
            crm.close()


@contextmanager
def bench(*, bare: bool = False) -> Iterator[Bench]:
    """A running, empty bench; ``bare``: nothing of ours is deployed in it."""
    made = Bench(bare=bare)
    with Serving(made.box.app) as server:
        made.url = server.url
        try:
            yield made
        finally:
            made.close()


def read_all(crm: Salesforce, name: str, watermark: str | None = None) -> tuple[list[Page], str]:
    """Every page of a read, and the watermark at its end."""
    pages = list(crm.read(name, watermark))
    assert [page.watermark is None for page in pages] == [True] * (len(pages) - 1) + [False]
    return pages, pages[-1].watermark or ""


def settled(org: Bench, crm: Salesforce, name: str, **span: float) -> str:
    """A watermark that everything so far is well behind; then the span passes, and is known."""
    read_all(crm, name)
    org.forward(minutes=25)
    crm.count("users")
    mark = read_all(crm, name)[1]
    org.forward(minutes=12)
    crm.count("users")
    mark = read_all(crm, name, mark)[1]
    org.forward(**span)
    crm.count("users")
    return mark


def records(crm: Salesforce, name: str, watermark: str | None = None) -> list[Any]:
    """Every record of a read."""
    pages, _ = read_all(crm, name, watermark)
    return [record for page in pages for record in page.records]


def draft(key: str = "task:1", **changes: Any) -> ActivityDraft:
    """A task to write."""
    values: dict[str, Any] = {
        "key": key,
        "subject": "Answer Cat Cole",
        "body": "Opened the pricing twice.",
        "owner_id": None,
        "prospect_id": None,
        "prospect_kind": "contact",
        "account_id": None,
        "deal_id": None,
        "due_at": START + timedelta(hours=4),
        "fired_at": START,
        "role": "ae",
        "reason": "owner of the deal",
    }
    return ActivityDraft(**(values | changes))
