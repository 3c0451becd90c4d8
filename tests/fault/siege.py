"""A story under fire: workers are killed and started again while people and trackers go on."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Table, select

from connectors.sandbox.world import World, WorldContact
from tests.forks import Process
from tests.story.stage import SECRET, Stage, free_port, wait_for
from tests.story.world import small_world
from worker.intake.signature import sign
from worker.store.tables import ACTIVITY, ALERT, DELIVERY, PRESS, SIGNAL, WATERMARK

REPS = ("ann", "ben", "cid", "bea", "mia", "ada")
BUTTONS = ("acknowledge", "claim", "not_mine", "snooze")
_QUIET = 120.0


def crowded_world(contacts: int = 10) -> World:
    """The small team with more contacts, so that there is always somebody without an alert."""
    world = small_world()
    more = tuple(
        WorldContact(key=f"p{n}", name=f"P {n}", email=f"p{n}@acme.example", account="acme")
        for n in range(contacts)
    )
    return replace(world, contacts=(*world.contacts, *more))


@dataclass
class Siege:
    """Workers on one stage, in ``slots`` of which each has a port and a configuration."""

    stage: Stage
    seed: int
    slots: int = 1
    accepted: set[str] = field(default_factory=set)
    kills: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.urls: list[str] = []
        self.configs: list[Path] = []
        self.workers: dict[int, Process] = {}
        self.unanswered: list[dict[str, Any]] = []
        base = json.loads(self.stage.config.read_text())
        for slot in range(self.slots):
            listen = f"127.0.0.1:{free_port()}"
            path = self.stage.folder / f"slot{slot}.yaml"
            path.write_text(json.dumps(base | {"web": {"listen": listen}}))
            self.configs.append(path)
            self.urls.append(f"http://{listen}")

    def __enter__(self) -> Siege:
        return self

    def __exit__(self, *_: object) -> None:
        for slot in range(self.slots):
            self.kill(slot)

    # Lives and deaths.

    def start(self, slot: int) -> None:
        """Run a worker in this slot, without waiting for it."""
        self.workers[slot] = self.stage.process_of(self.configs[slot])

    def kill(self, slot: int) -> None:
        """Kill the worker of this slot as a power cut would, and wait until it is gone."""
        worker = self.workers.pop(slot, None)
        if worker is not None:
            worker.kill()

    def rage(self, kills: int, shortest: float, longest: float) -> None:
        """Play the story and kill ``kills`` workers, each after a life of so many seconds."""
        self.start(0)
        wait_for("the whole mirror", self._mirrored)
        pause = threading.Event()
        while self.kills < kills:
            for slot in range(self.slots):
                if slot not in self.workers:
                    self.start(slot)
            ends = time.monotonic() + self.rng.uniform(shortest, longest)
            while time.monotonic() < ends:
                self.act()
                pause.wait(0.02)
            self.kill(self.rng.randrange(self.slots))
            self.kills += 1

    def _mirrored(self) -> bool:
        marks = self.rows(WATERMARK)
        return bool(marks) and all(row["finished_at"] for row in marks)

    # What the world does meanwhile.

    def act(self) -> None:
        """One thing happens."""
        what = self.rng.choices(("signal", "press", "contact", "time"), (6, 3, 2, 3))[0]
        if what == "signal":
            self.send()
        elif what == "press":
            self.press()
        elif what == "contact":
            self.contact()
        else:
            seconds = self.rng.choice((1, 5, 20, 60, 61, 180))
            self.stage.forward(timedelta(seconds=seconds))

    def send(self) -> None:
        """A tracker reports; what was not answered is reported again, as trackers do."""
        prospect = self.rng.choice(self.stage.world.contacts).email
        self.unanswered.append(self.stage.signal_body(prospect))
        self.unanswered = [one for one in self.unanswered if not self.taken(one)]

    def taken(self, body: dict[str, Any]) -> bool:
        """Post one signal to any worker; whether it was answered 202."""
        raw = json.dumps(body).encode()
        headers = sign(SECRET, f"msg_{body['id']}", self.stage.clock.now(), raw)
        headers["content-type"] = "application/json"
        url = f"{self.rng.choice(self.urls)}/v1/signals"
        try:
            answer = requests.post(url, data=raw, headers=headers, timeout=2)
        except requests.RequestException:
            return False
        if answer.status_code != 202:
            return False
        self.accepted.add(body["id"])
        return True

    def press(self) -> None:
        """Somebody presses a button of one of the messages that they see."""
        messages = [one for one in self.stage.slack.messages() if '"claim"' in json.dumps(one)]
        messages += [one for one in self.stage.slack.messages() if one["channel_user"]]
        if messages:
            message, action = self.rng.choice(messages), self.rng.choice(BUTTONS)
            who = message["channel_user"] or f"{self.rng.choice(REPS)}@team.example"
            with suppress(LookupError):  # this message has no such button now
                self.stage.slack.press(who, message["channel"], message["ts"], action)

    def contact(self) -> None:
        """A rep calls a prospect, and the CRM logs it."""
        prospect = self.rng.choice(self.stage.world.contacts).key
        self.stage.log_contact("call", self.rng.choice(REPS), prospect)

    # The end of the story.

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """All rows of a table."""
        with self.stage.store.read() as conn:
            return [dict(row) for row in conn.execute(select(table)).mappings()]

    def come_to_rest(self) -> None:
        """Leave the workers alone, answer every alert, and wait until all is written."""
        for slot in range(self.slots):
            if slot not in self.workers:
                self.start(slot)
        wait_for("every signal to be taken", self._all_taken, _QUIET)
        wait_for("every signal to be decided", lambda: not self._undecided(), _QUIET)
        self.stage.forward(timedelta(seconds=2))
        for contact in self.stage.world.contacts:
            self.stage.log_contact("call", "ann", contact.key)
        wait_for("all to come to rest", self._rests, _QUIET)

    def _all_taken(self) -> bool:
        self.unanswered = [one for one in self.unanswered if not self.taken(one)]
        return not self.unanswered

    def _undecided(self) -> list[dict[str, Any]]:
        return [row for row in self.rows(SIGNAL) if not row["outcome"]]

    def _rests(self) -> bool:
        self.stage.forward(timedelta(seconds=15))
        waiting = [row for table in (DELIVERY, ACTIVITY) for row in self.rows(table) if _due(row)]
        return not waiting and not any(row["open"] for row in self.rows(ALERT))

    def check(self) -> None:
        """Nothing was lost and nothing was doubled."""
        signals = {row["event_id"]: row for row in self.rows(SIGNAL)}
        assert self.accepted <= set(signals)
        assert {row["outcome"] for row in signals.values()} <= {"alert", "join", "digest"}
        deliveries = self.rows(DELIVERY)
        shown = Counter(one["metadata"]["event_payload"]["key"] for one in self._messages())
        assert shown == Counter(row["id"] for row in deliveries if row["state"] == "sent")
        assert {row["state"] for row in deliveries} == {"sent"}
        alerts = self.rows(ALERT)
        escalated = [row for row in deliveries if row["rung"] > 0]
        assert min(len(alerts), len(escalated), len(self.rows(PRESS))) > 0  # it was the story
        assert all(row["delivered_at"] and row["responded_at"] for row in alerts)
        tasks = Counter(task["key"] for task in self.stage.tasks())
        assert tasks == Counter(row["key"] for row in self.rows(ACTIVITY))
        assert len(tasks) == len(alerts)
        assert all(task["done"] and task["latency"] is not None for task in self.stage.tasks())

    def _messages(self) -> list[dict[str, Any]]:
        return [one for one in self.stage.slack.messages() if one["metadata"]]


def _due(row: dict[str, Any]) -> bool:
    return row["state"] != "failed" and bool(
        row["state"] != "sent" or row["revision"] < row["wanted"]
    )
