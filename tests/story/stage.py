"""The stage on which stories play: the real process, the sandbox around it, a clock that moves.

The sandboxes run in the test's process; the worker is ``hotlead run`` in a process of its own.
Both read the clock from one file.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import requests
from sqlalchemy import select

from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.salesforce import SalesforceSandbox
from connectors.sandbox.serving import Serving
from connectors.sandbox.slack import SlackSandbox
from connectors.sandbox.world import World
from tests.forks import Process
from tests.story.crm import log_contact, our_tasks
from tests.story.world import MONDAY, small_policy, small_world
from worker.clock import FileClock
from worker.intake.signature import sign
from worker.outbox import due
from worker.store.engine import Store
from worker.store.tables import ACTIVITY, ALERT, DELIVERY, WATERMARK

Found = TypeVar("Found")
SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
_PATIENCE = 45.0


def wait_for(what: str, look: Callable[[], Found | None], seconds: float = _PATIENCE) -> Found:
    """What ``look`` finds, as soon as it finds something; AssertionError after ``seconds``."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(pause)
        pause = min(1.3 * pause, 0.1)


@dataclass
class Stage:
    """Use as a context manager; ``start`` runs the worker and waits until it has mirrored."""

    folder: Path
    store_url: str
    crm: str = "salesforce"
    world: World = field(default_factory=small_world)
    policy: dict[str, Any] = field(default_factory=small_policy)
    start_at: datetime = MONDAY
    extra: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Stage:
        self._stack = ExitStack()
        self._clock_file = self.folder / "clock"
        self._offset = 0.0
        self.clock = FileClock(self._clock_file)
        self.process: Process | None = None
        self.forward(self.start_at - self.clock.now())
        self.slack = SlackSandbox(self.clock.now)
        self.slack.load(self.world)
        made = SalesforceSandbox if self.crm == "salesforce" else HubspotSandbox
        self.sandbox: Any = made(self.clock.now)
        self.ids: dict[str, str] = self.sandbox.load(self.world)
        self.crm_server = self._stack.enter_context(Serving(self.sandbox.app))
        self.slack_server = self._stack.enter_context(Serving(self.slack.app))
        self.forward(timedelta(minutes=2))  # what was loaded is old enough to be read
        self.store = Store(self.store_url)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._write_config()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.store.close()
        self._stack.close()

    # The worker's process.

    def start(self) -> None:
        """Run the worker and wait until the mirror is whole and buttons are heard."""
        self.launch()
        wait_for("the whole mirror", self._mirrored)
        wait_for("a Slack socket", lambda: self.health()["surfaces"]["slack"]["ok"])

    def launch(self) -> None:
        """Run the worker and wait until it answers."""
        self.process = self.process_of(self.config)
        wait_for(f"the worker to answer ({self.log_tail()})", self._answers)

    def process_of(self, config: Path) -> Process:
        """A worker with this configuration, and the log of the stage."""
        log = self.folder / "worker.log"
        words = ("run", "-c", str(config))
        return Process(*words, env=self.environment(), cwd=self.folder, stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill the worker as a power cut would."""
        if self.process is not None:
            self.process.kill()

    def stop(self) -> int | None:
        """Ask the worker to end; its exit code."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def log_tail(self) -> str:
        """The end of the worker's log."""
        path = self.folder / "worker.log"
        return path.read_text()[-1500:] if path.exists() else ""

    def health(self) -> dict[str, Any]:
        """The health report."""
        report: dict[str, Any] = requests.get(f"{self.url}/healthz", timeout=10).json()
        return report

    # Time.

    def forward(self, by: timedelta) -> None:
        """Let time pass, once the work in hand is done, as it would be in so much time."""
        if self.process is not None and self.process.poll() is None:
            wait_for("the work in hand", self.quiet)
        self._offset += by.total_seconds()
        fresh = self._clock_file.with_suffix(f".{uuid4().hex}")
        fresh.write_text(repr(self._offset))
        fresh.replace(self._clock_file)

    # What the world does.

    def signal(self, prospect: str, kind: str = "multi_open", **more: Any) -> requests.Response:
        """A signal comes in, signed."""
        return self.post(self.signal_body(prospect, kind, **more))

    def signal_body(self, prospect: str, kind: str = "multi_open", **more: Any) -> dict[str, Any]:
        """A signal as our own envelope; by default one that interrupts."""
        body: dict[str, Any] = {
            "id": uuid4().hex,
            "source": "test-tracker",
            "type": kind,
            "time": (self.clock.now() - timedelta(seconds=1)).isoformat(),
            "prospect": {"email": prospect, "name": ""},
            "thread": {
                "id": f"thread-{prospect}",
                "url": f"https://mail.example/{prospect}",
                "subject": "Pricing follow-up",
            },
        }
        if kind == "multi_open":
            body |= {"tier": 1, "count": 2}
        return body | more

    def post(self, body: Any) -> requests.Response:
        """Anything sent to the signals route, signed."""
        raw = json.dumps(body).encode()
        headers = sign(SECRET, f"msg_{uuid4().hex}", self.clock.now(), raw)
        headers["content-type"] = "application/json"
        return requests.post(f"{self.url}/v1/signals", data=raw, headers=headers, timeout=30)

    def press(self, who: str, message: dict[str, Any], action: str) -> None:
        """A rep presses a button of a message."""
        buttons = [
            element
            for block in message["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
        ]
        found = next(one for one in buttons if action in one["action_id"])
        self.slack.press(
            f"{who}@team.example", message["channel"], message["ts"], found["action_id"]
        )

    def press_stale(self, who: str, message: dict[str, Any], action: str) -> None:
        """A rep presses a button that their screen still shows although the message changed."""
        self.slack.press(f"{who}@team.example", message["channel"], message["ts"], action)

    def log_contact(self, kind: str, who: str, prospect: str) -> None:
        """A rep mails or calls a prospect, and the CRM logs it."""
        log_contact(
            self.sandbox, self.crm, kind, self.ids[who], self.ids[prospect], self.clock.now()
        )

    # What people see.

    def messages(self, place: str) -> list[dict[str, Any]]:
        """The messages of a channel (by name) or of a person's DM (by key)."""
        if place.startswith("#"):
            return self.slack.messages(place.lstrip("#"))
        return self.slack.messages(f"{place}@team.example")

    def expect_message(self, place: str, containing: str = "", number: int = 1) -> dict[str, Any]:
        """The ``number``-th message of a place, once it is there and says so."""

        def look() -> dict[str, Any] | None:
            found = self.messages(place)
            if len(found) < number:
                return None
            message = found[number - 1]
            return message if containing in json.dumps(message, ensure_ascii=False) else None

        return wait_for(f"message {number} in {place} with “{containing}”", look)

    def alerts(self) -> list[dict[str, Any]]:
        """All alerts, oldest first, straight from the store."""
        with self.store.read() as conn:
            rows = conn.execute(select(ALERT).order_by(ALERT.c.fired_at)).mappings()
            return [dict(row) for row in rows]

    def expect_alert(self, **wanted: Any) -> dict[str, Any]:
        """The only alert, once it has these values."""

        def look() -> dict[str, Any] | None:
            found = self.alerts()
            if not found:
                return None
            fits = all(found[-1][name] == value for name, value in wanted.items())
            return found[-1] if fits else None

        return wait_for(f"an alert with {wanted}; log: {self.log_tail()[-600:]}", look)

    def tasks(self) -> list[dict[str, Any]]:
        """Our tasks in the CRM, as plain words: key, subject, done, owner, latency."""
        return our_tasks(self.sandbox, self.crm)

    def expect_task(self, *, done: bool) -> dict[str, Any]:
        """The only task of ours, once it is open or completed."""

        def look() -> dict[str, Any] | None:
            found = self.tasks()
            return found[0] if found and found[0]["done"] is done else None

        return wait_for(f"a task with done={done}", look)

    # Inner works.

    def quiet(self) -> bool:
        """Nothing is due now, and no call is under way whose outcome is still to be known."""
        now = self.clock.now()
        with self.store.read() as conn:
            for table in (DELIVERY, ACTIVITY):
                waits = (table.c.next_attempt_at > now) | (table.c.error != "")
                query = select(table.c.state).where(due(table), ~waits)
                if conn.execute(query.limit(1)).first() is not None:
                    return False
        return True

    def _mirrored(self) -> bool:
        with self.store.read() as conn:
            rows = conn.execute(select(WATERMARK.c.finished_at)).all()
        return bool(rows) and all(row[0] is not None for row in rows)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the worker ended: {self.log_tail()}"
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code in (200, 503)
        except requests.ConnectionError:
            return False

    def environment(self) -> dict[str, str]:
        """What the worker's process finds in its environment: clock and secrets."""
        keys = (
            {"HOTLEAD_HUBSPOT_TOKEN": self.sandbox.token}
            if self.crm == "hubspot"
            else {
                "HOTLEAD_SALESFORCE_CLIENT_ID": self.sandbox.client_id,
                "HOTLEAD_SALESFORCE_CLIENT_SECRET": self.sandbox.client_secret,
            }
        )
        return keys | {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),  # this tree, whatever is installed
            "HOTLEAD_CLOCK_FILE": str(self._clock_file),
            "HOTLEAD_SLACK_BOT_TOKEN": self.slack.bot_token,
            "HOTLEAD_SLACK_APP_TOKEN": self.slack.app_token,
            "HOTLEAD_SIGNALS_SECRET": SECRET,
        }

    def _write_config(self) -> None:
        settings: dict[str, Any] = {
            "crm": self.crm,
            "slack": {"base_url": f"{self.slack_server.url}/api/"},
            "store": {"url": self.store_url},
            "web": {"listen": f"127.0.0.1:{self.port}"},
            "policy": self.policy,
        }
        if self.crm == "salesforce":
            settings["salesforce"] = {"login_url": self.crm_server.url}
        else:
            settings["hubspot"] = {"base_url": self.crm_server.url}
        for section, values in self.extra.items():
            settings[section] = settings.get(section, {}) | values
        self.config = self.folder / "hotlead.yaml"
        self.config.write_text(json.dumps(settings))  # JSON is YAML


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
