"""A worker over a Salesforce in small whose sync stands still, with a clock moved by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from sqlalchemy import Table, select

from connectors.sandbox.faults import Fault
from connectors.sandbox.salesforce import SalesforceSandbox
from connectors.sandbox.serving import Serving
from connectors.sandbox.slack import SlackSandbox
from connectors.sandbox.world import World
from tests.story.world import MONDAY, small_policy, small_world
from tests.waiting import until
from worker.clock import SystemClock
from worker.run import Worker
from worker.secrets import load_secrets
from worker.settings import load_settings
from worker.store.tables import ALERT, ALERT_EVENT, RECEIPT
from worker.store.tallies import tallies

HOUR = timedelta(hours=1)


@dataclass
class Desk:
    """The worker, and what is outside of it."""

    worker: Worker
    clock: SystemClock
    crm: SalesforceSandbox
    slack: SlackSandbox
    ids: dict[str, str]

    def post(self, *emails: str, **more: Any) -> requests.Response:
        """Multi-opens of these prospects, in one request."""
        bodies = [self._body(email) | more for email in emails]
        return requests.post(f"{self.worker.url}/v1/signals", json=bodies, timeout=30)

    def _body(self, email: str) -> dict[str, Any]:
        return {
            "id": uuid4().hex,
            "source": "test-tracker",
            "type": "multi_open",
            "time": (self.clock.now() - timedelta(seconds=1)).isoformat(),
            "prospect": {"email": email},
            "thread": {"id": f"t-{email}", "url": f"https://mail.example/{email}"},
            "tier": 1,
            "count": 2,
        }

    def told(self, place: str, number: int = 1) -> None:
        """Wait until a rep (by key) or a channel (with #) has so many messages."""
        where = place.lstrip("#") if place.startswith("#") else f"{place}@team.example"
        until(lambda: len(self.slack.messages(where)) >= number, f"{number} messages in {place}")

    def rows(self, table: Table = ALERT) -> list[dict[str, Any]]:
        """All rows of a table."""
        with self.worker.store.read() as conn:
            return [dict(row) for row in conn.execute(select(table)).mappings()]

    def events(self) -> list[str]:
        """The timelines of all alerts."""
        return [row["text"] for row in self.rows(ALERT_EVENT)]

    def notes(self) -> str:
        """What the last receipt notes."""
        until(lambda: self.rows(RECEIPT), "a receipt")
        return "; ".join(self.rows(RECEIPT)[-1]["decision"]["notes"])

    def counts(self) -> dict[str, int]:
        """The tallies."""
        with self.worker.store.read() as conn:
            return tallies(conn)

    def hang(self, seconds: float = 2.5) -> None:
        """The CRM takes so long for every answer."""
        self.crm.faults.order(Fault(kind="latency", seconds=seconds, times=-1))

    def down(self) -> None:
        """The CRM refuses every call."""
        self.crm.faults.order(Fault(kind="status", status=503, times=-1))

    def data_calls(self) -> int:
        """Calls of the CRM's API so far."""
        return self.crm.org.calls


@dataclass
class Setting:
    """What a desk is made of."""

    folder: Path
    store_url: str
    world: World = field(default_factory=small_world)
    sections: dict[str, Any] = field(default_factory=dict)


MakeDesk = Callable[..., Desk]


@contextmanager
def desks(folder: Path, store_url: str) -> Iterator[MakeDesk]:
    """What makes desks; keyword arguments are those of ``Setting``."""
    with ExitStack() as stack:
        yield lambda **more: stack.enter_context(desk(Setting(folder, store_url, **more)))


@contextmanager
def desk(setting: Setting) -> Iterator[Desk]:
    """A worker that has mirrored everything and whose sync then stands still."""
    clock = SystemClock()
    clock.forward(MONDAY - clock.now())
    crm, slack = SalesforceSandbox(clock.now), SlackSandbox(clock.now)
    ids = crm.load(setting.world)
    slack.load(setting.world)
    with ExitStack() as stack:
        crm_server = stack.enter_context(Serving(crm.app))
        slack_server = stack.enter_context(Serving(slack.app))
        settings: dict[str, Any] = {
            "crm": "salesforce",
            "salesforce": {"login_url": crm_server.url},
            "http": {"tries": 1, "read_timeout": 10},
            "slack": {"base_url": f"{slack_server.url}/api/", "ping_seconds": 0.2},
            "store": {"url": setting.store_url},
            "web": {"listen": "127.0.0.1:0"},
            "clock": {
                "sweep_seconds": 0.2,
                "sync_seconds": 10_000,
                "budget_seconds": 10_000,
                "watchdog_seconds": 10_000,
                "reconcile_hours": 10_000,
            },
            "freshness": {"limit_seconds": 20},
            "policy": small_policy(),
        }
        for name, values in setting.sections.items():
            settings[name] = settings.get(name, {}) | values
        path = setting.folder / f"{uuid4().hex}.yaml"
        path.write_text(json.dumps(settings))  # JSON is YAML
        env = {
            "HOTLEAD_SLACK_BOT_TOKEN": slack.bot_token,
            "HOTLEAD_SLACK_APP_TOKEN": slack.app_token,
            "HOTLEAD_SALESFORCE_CLIENT_ID": crm.client_id,
            "HOTLEAD_SALESFORCE_CLIENT_SECRET": crm.client_secret,
        }
        worker = Worker(load_settings(path), load_secrets(env), clock)
        stack.callback(worker.stop)
        clock.forward(timedelta(minutes=2))  # what was loaded is old enough to be read
        assert all(worker.sync_all().values())
        worker.start()
        yield Desk(worker, clock, crm, slack, ids)
