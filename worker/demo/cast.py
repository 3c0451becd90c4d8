"""The demo's worker and outside world, and the verbs with which a story is told.

Signals go in over HTTP, buttons over Slack's socket, responses through the CRM: nothing here
reaches around the product.
"""

from __future__ import annotations

import base64
import json
import secrets as random_secrets
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from sqlalchemy import func, select

from connectors.sandbox.world import World
from worker.clock import SystemClock
from worker.demo.outside import Outside, evidence_objects
from worker.intake.signature import sign
from worker.outbox import next_due
from worker.run import Worker
from worker.secrets import load_secrets
from worker.settings import load_settings
from worker.store.tables import ALERT
from worker.sync import Progress, sync

_SOON = timedelta(minutes=10)


class Cast:
    """Everybody on the demo's stage. ``start`` after making it, ``stop`` at the end."""

    def __init__(
        self, crm: str, world: World, policy: dict[str, Any], clock: SystemClock, port: int
    ) -> None:
        self.clock = clock
        self._folder = tempfile.TemporaryDirectory(prefix="hotlead-demo-")
        self._secret = "whsec_" + base64.b64encode(random_secrets.token_bytes(32)).decode()
        self.outside = Outside(crm, world, clock)
        clock.forward(timedelta(seconds=5))  # what was loaded is now old enough to be read
        config = Path(self._folder.name) / "hotlead.yaml"
        settings = self.outside.settings() | {"policy": policy}
        settings["web"] = {"listen": f"127.0.0.1:{port}"}
        settings["clock"] = {"sweep_seconds": 0.3, "sync_seconds": 1}
        config.write_text(json.dumps(settings))  # JSON is YAML
        env = self.outside.environment() | {"HOTLEAD_SIGNALS_SECRET": self._secret}
        self.worker = Worker(load_settings(config), load_secrets(env), clock)
        self.sync_seconds = 0.0
        self.told = ""
        """The latest sentence of the story."""

    def mirror(self, progress: Progress | None = None) -> dict[str, bool]:
        """Bring the mirror up to date; remembers how long it took."""
        began = time.monotonic()
        done = self.worker.sync_all(progress)
        self.sync_seconds = time.monotonic() - began
        return done

    def tell(self, text: str) -> None:
        """Let the page say what is happening."""
        self.told = text

    def start(self) -> None:
        """Serve, deliver, listen."""
        self.worker.start()

    def stop(self) -> None:
        """End everything and leave nothing behind."""
        self.worker.stop()
        self.outside.stop()
        self._folder.cleanup()

    def signal(self, prospect: str, kind: str, **more: Any) -> dict[str, Any]:
        """A tracker reports something about a prospect (by e-mail); the worker's answer."""
        return self.signals([self.envelope(prospect, kind, **more)])

    def envelope(self, prospect: str, kind: str, **more: Any) -> dict[str, Any]:
        """One signal as the tracker writes it."""
        subject = more.pop("subject", "Pricing follow-up")
        thread = prospect.replace("@", "-at-")
        return {
            "id": uuid4().hex,
            "source": "demo-tracker",
            "type": kind,
            "time": self.clock.now().isoformat(),
            "prospect": {"email": prospect, "name": ""},
            "thread": {
                "id": thread,
                "url": f"https://mail.example/thread/{thread}",
                "subject": subject,
            },
        } | more

    def signals(self, batch: list[dict[str, Any]]) -> dict[str, Any]:
        """A tracker reports a batch over HTTP, signed."""
        body = json.dumps({"signals": batch}).encode()
        headers = sign(self._secret, f"msg_{uuid4().hex}", self.clock.now(), body)
        answer = requests.post(
            f"{self.worker.url}/v1/signals",
            data=body,
            headers=headers | {"content-type": "application/json"},
            timeout=60,
        )
        said: dict[str, Any] = answer.json()
        return said

    def forward(self, by: timedelta) -> None:
        """Let time pass, and let the worker act on it."""
        self.clock.forward(by)
        self.settle()

    def settle(self, timeout: float = 120.0) -> bool:
        """Until nothing is due; short waits (a channel's pace, a retry) pass at once."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self.worker.settle(max(0.1, deadline - time.monotonic())):
                return False
            waits = next_due(self.worker.ctx, self.clock.now() + _SOON)
            if waits is None:
                return True
            self.clock.forward(max(waits - self.clock.now(), timedelta(milliseconds=1)))
        return False

    def press(self, email: str, alert_id: str, action: str, choice: str = "") -> bool:
        """A rep presses a button of an alert where they can see it; False when they see none."""
        user = self.outside.slack.user_id(email)
        value = f"{choice}:{alert_id}" if choice else alert_id
        for message in reversed(self.outside.slack.messages()):
            mine = message["channel_user"] in ("", user)
            if mine and value in _values(message, action):
                before = self._count_presses(alert_id)
                where = (message["channel"], message["ts"])
                self.outside.slack.press(user, *where, action, choice)
                return self.wait(partial(self._pressed_since, alert_id, before))
        return False

    def write(self, email: str, alert_id: str, words: str) -> bool:
        """A rep writes into the form before them; False when there is none."""
        if not self.wait(lambda: self.outside.slack.asked(email) is not None):
            return False
        before = self._count_presses(alert_id)
        self.outside.slack.submit(email, words)
        return self.wait(partial(self._pressed_since, alert_id, before))

    def respond(self, kind: str, person_id: str, prospect_id: str) -> None:
        """A rep mails or calls the prospect; the CRM logs it and the mirror reads it."""
        self.outside.log_contact(kind, person_id, prospect_id, self.clock.now())
        self.clock.forward(timedelta(seconds=3))
        self.read_responses()

    def read_responses(self) -> None:
        """Have the mirror look for responses now, as a hint from the CRM would."""
        for name in evidence_objects(self.worker.ctx.crm.objects):
            sync(self.worker.ctx, name, force=True)
        self.settle()

    def alert_of(self, prospect: str) -> dict[str, Any] | None:
        """The latest alert about a prospect."""
        query = (
            select(ALERT)
            .where(ALERT.c.prospect_email == prospect)
            .order_by(ALERT.c.fired_at.desc())
            .limit(1)
        )
        with self.worker.store.read() as conn:
            row = conn.execute(query).mappings().first()
            return dict(row) if row else None

    def _pressed_since(self, alert_id: str, before: int) -> bool:
        return self._count_presses(alert_id) > before

    def _count_presses(self, alert_id: str) -> int:
        from worker.store.tables import PRESS

        query = select(func.count()).select_from(PRESS).where(PRESS.c.alert_id == alert_id)
        with self.worker.store.read() as conn:
            return int(conn.execute(query).scalar_one())

    def wait(self, look: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Until something is so, and then until nothing is due; False when it did not come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if look():
                return self.settle()
            time.sleep(0.02)
        return False


def _values(message: dict[str, Any], action: str) -> list[str]:
    """What a message's button carries, or each choice of its menu."""
    elements = [
        element
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == action
    ]
    options = [one["value"] for element in elements for one in element.get("options", [])]
    # A menu without a choice takes its first, which any of its values stands for.
    plain = [value.partition(":")[2] for value in options]
    return [*(element.get("value", "") for element in elements), *options, *plain]
