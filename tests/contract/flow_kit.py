"""A Worker in this process: a CSV folder as its CRM, the Slack sandbox, a clock moved by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from sqlalchemy import Table, delete, select

from connectors.base import ButtonPress
from connectors.sandbox.serving import Serving
from connectors.sandbox.slack import SlackSandbox
from tests.story.world import MONDAY, small_policy, small_world
from tests.waiting import until
from worker.clock import SystemClock
from worker.context import Patience
from worker.intake.signature import sign
from worker.run import Worker
from worker.secrets import load_secrets
from worker.settings import load_settings
from worker.store.tables import (
    ACTIVITY,
    ALERT,
    ALERT_EVENT,
    ALERT_HOLDER,
    DELIVERY,
    DESTINATION,
    DIGEST,
    OUTSIDER,
    PRESS,
    RECEIPT,
    RESPONSE,
    RETURN_BRIEF,
    REVIEW,
    ROUTED_PAST,
    SIGNAL,
)

SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
OTHER_SECRET = "whsec_" + "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhl"
_TEAM = (
    ("Bea", "BDR", "mia@team.example", ""),
    ("Ann", "AE", "mia@team.example", "ben@team.example"),
    ("Ben", "AE", "mia@team.example", ""),
    ("Cid", "CSM", "mia@team.example", ""),
    ("Mia", "Manager", "", ""),
    ("Ada", "Admin", "", ""),
)
ACCOUNTS = (
    ("North", "north.example", "prospecting"),
    ("Acme", "acme.example", "active_deal"),
    ("Contoso", "contoso.example", "customer"),
)


def write_crm(folder: Path, contacts: int = 3) -> None:
    """The team's CSV files: Bea, Ann and Cid hold the roles; contacts of Acme p0 to pN."""
    folder.mkdir(exist_ok=True)
    people = [
        f"{name},{name.lower()}@team.example,{role},{manager},{backup}"
        for name, role, manager, backup in _TEAM
    ]
    roles = "bea@team.example,ann@team.example,cid@team.example"
    accounts = [f"{name},{domain},{stage},{roles}" for name, domain, stage in ACCOUNTS]
    named = [
        "nina@north.example,Nina North,North",
        "dana@acme.example,Dana Reed,Acme",
        "cora@contoso.example,Cora Blue,Contoso",
    ]
    many = [f"p{number}@acme.example,P {number},Acme" for number in range(contacts)]
    _write(folder / "people.csv", "name,email,role,manager,backup", people)
    _write(folder / "accounts.csv", "name,domain,stage,bdr,ae,csm", accounts)
    _write(folder / "contacts.csv", "email,name,account", [*named, *many])


def _write(path: Path, header: str, lines: list[str]) -> None:
    path.write_text("\n".join([header, *lines]) + "\n")


def csv_policy() -> dict[str, Any]:
    """The small team's policy, with the roles in the columns of the CSV files."""
    roles = {role: [f"field:account.{role}"] for role in ("bdr", "ae", "csm")}
    return small_policy() | {"roles": roles}


@dataclass
class Office:
    """The outside of a worker, and the workers in it. Use as a context manager."""

    folder: Path
    store_url: str
    policy: dict[str, Any] = field(default_factory=csv_policy)
    signed: bool = True
    secrets: str = SECRET
    more_env: dict[str, str] = field(default_factory=dict)
    on_slack: bool = True

    def __enter__(self) -> Office:
        self._stack = ExitStack()
        self.clock = SystemClock()
        self.clock.forward(MONDAY - self.clock.now())
        self.slack = SlackSandbox(self.clock.now)
        self.slack.load(small_world())
        self.slack_server = self._stack.enter_context(Serving(self.slack.app))
        write_crm(self.folder / "crm")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def made(
        self, patience: Patience | None = None, *, running: bool = False, **sections: Any
    ) -> Worker:
        """A worker that is not started; keyword arguments change sections of hotlead.yaml."""
        settings: dict[str, Any] = {
            "crm": "csv",
            "csv": {"folder": "crm"},
            "slack": {"base_url": f"{self.slack_server.url}/api/", "ping_seconds": 0.2},
            "store": {"url": self.store_url},
            "web": {"listen": "127.0.0.1:0"},
            "clock": {"sweep_seconds": 0.2, "sync_seconds": 0.2, "digest_seconds": 0.2},
            "signals": {} if self.signed else {"require_signature": False},
            "policy": self.policy,
        }
        for name, values in sections.items():
            settings[name] = settings.get(name, {}) | values
        path = self.folder / f"hotlead-{uuid4().hex}.yaml"
        path.write_text(json.dumps(settings))  # JSON is YAML
        tokens = {
            "HOTLEAD_SLACK_BOT_TOKEN": self.slack.bot_token,
            "HOTLEAD_SLACK_APP_TOKEN": self.slack.app_token,
        }
        env = dict(tokens if self.on_slack else {})
        if self.signed:
            env["HOTLEAD_SIGNALS_SECRET"] = self.secrets
        env |= self.more_env
        worker = Worker(load_settings(path), load_secrets(env), self.clock, patience)
        self._stack.callback(worker.stop if running else worker.close)
        return worker

    def worker(self, patience: Patience | None = None, **sections: Any) -> Worker:
        """A worker that has mirrored everything, serves, and hears buttons."""
        worker = self.made(patience, running=True, **sections)
        worker.sync_all()
        worker.start()
        until(lambda: health_of(worker).status_code == 200, "a worker that is well")
        return worker

    def body(self, email: str = "dana@acme.example", **more: Any) -> dict[str, Any]:
        """A multi-open in our own envelope."""
        return {
            "id": uuid4().hex,
            "source": "test-tracker",
            "type": "multi_open",
            "time": (self.clock.now() - timedelta(seconds=1)).isoformat(),
            "prospect": {"email": email},
            "thread": {"id": f"t-{email}", "url": f"https://mail.example/{email}"},
            "tier": 1,
            "count": 2,
        } | more

    def post(self, worker: Worker, body: Any, **headers: str) -> requests.Response:
        """A request to the signals route, signed; keyword arguments change headers."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        made = {"content-type": "application/json"}
        if self.signed:
            made |= sign(SECRET, f"msg_{uuid4().hex}", self.clock.now(), raw)
        made |= {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.post(f"{worker.url}/v1/signals", data=raw, headers=made, timeout=30)

    def press(
        self,
        who: str,
        alert_id: str,
        action: str,
        *,
        message: dict[str, Any] | None = None,
        by: str = "",
        choice: str = "",
        words: str | None = None,
    ) -> ButtonPress:
        """A press as the surface tells it, in ``message`` or else in the rep's first one.

        ``by`` is the e-mail of somebody who is no rep.
        """
        shown = message or self.slack.messages(f"{who}@team.example")[0]
        channel, ts = shown["channel"], shown["ts"]
        return ButtonPress(
            press_id=f"{alert_id}:{by or who}:{action}:{uuid4().hex}",
            surface="slack",
            address=self.slack.user_id(by or f"{who}@team.example"),
            action=action,
            alert_id=alert_id,
            place=channel,
            remote_id=f"{channel}:{ts}",
            at=self.clock.now(),
            choice=choice,
            words=words,
        )

    def texts(self, place: str) -> list[str]:
        """The messages of a rep (by key) or a channel (with #), each as one text."""
        where = place.lstrip("#") if place.startswith("#") else f"{place}@team.example"
        return [json.dumps(one, ensure_ascii=False) for one in self.slack.messages(where)]


MakeOffice = Callable[..., Office]


def health_of(worker: Worker) -> requests.Response:
    """What ``/healthz`` answers."""
    return requests.get(f"{worker.url}/healthz", timeout=30)


def rows(worker: Worker, table: Table = ALERT) -> list[dict[str, Any]]:
    """All rows of a table."""
    with worker.store.read() as conn:
        return [dict(row) for row in conn.execute(select(table)).mappings()]


def only_alert(worker: Worker) -> dict[str, Any]:
    """The only alert."""
    (alert,) = rows(worker)
    return alert


def wiped(worker: Worker) -> Worker:
    """The worker with a quiet and empty flow, for the next test of a module that shares it."""
    assert worker.settle()
    flow = (ACTIVITY, ALERT, ALERT_EVENT, ALERT_HOLDER, DELIVERY, DESTINATION, DIGEST, PRESS)
    others = (RECEIPT, RESPONSE, REVIEW, OUTSIDER, RETURN_BRIEF, ROUTED_PAST)
    with worker.store.write() as tx:
        for table in (*flow, *others, SIGNAL):
            tx.conn.execute(delete(table))
    return worker


@contextmanager
def shared_office(folders: pytest.TempPathFactory, **more: Any) -> Iterator[Office]:
    """An office on SQLite for a whole module."""
    folder = folders.mktemp("office")
    with Office(folder=folder, store_url=f"sqlite:///{folder / 'hotlead.db'}", **more) as office:
        yield office


@pytest.fixture
def make_office(tmp_path: Path, store_url: str) -> Iterator[MakeOffice]:
    """Builds an office, on both databases; keyword arguments are those of ``Office``."""
    with ExitStack() as stack:
        yield lambda **more: stack.enter_context(Office(tmp_path, store_url, **more))


@pytest.fixture
def office(make_office: MakeOffice) -> Office:
    """An office without workers, on both databases."""
    return make_office()


@pytest.fixture
def worker(office: Office) -> Worker:
    """A worker of ``office`` that is well."""
    return office.worker()
