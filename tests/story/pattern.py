"""A preset of ``config/`` filled in and at work: real clients, a CRM and a Slack in small.

The worker runs in the test's process, so that a story of an hour costs a fraction of a second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from ruamel.yaml import YAML
from sqlalchemy import Table, select

from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.salesforce import SalesforceSandbox
from connectors.sandbox.serving import Serving
from connectors.sandbox.slack import SlackSandbox
from connectors.sandbox.smtp import SmtpSandbox
from routing.latency import Summary
from routing.nouns import Evidence
from tests.contract.flow_kit import wiped
from tests.story.crm import give_deal, log_contact, our_tasks
from tests.story.seed_team import EDITED, seed_world, write_csv
from tests.story.world import MONDAY
from tests.story.writes import Writes
from worker.clock import SystemClock
from worker.digest import make_digests
from worker.manual import cancel, set_away
from worker.report import latency_summaries
from worker.run import Worker
from worker.secrets import load_secrets
from worker.settings import load_settings
from worker.store.facts import person_by_email
from worker.store.tables import ALERT, SIGNAL
from worker.sync import sync

PLACEHOLDERS = {"manager": "mia", "admin": "ada", "you": "ann"}
_SATURDAY = 5
_OWNED = {
    "salesforce": ("Account", "Contact", "Lead", "Opportunity"),
    "hubspot": ("companies", "contacts", "deals"),
}
_RUNNING = """
slack: {{base_url: "{slack}/api/", ping_seconds: 0.2}}
store: {{url: "{store}"}}
web: {{listen: "127.0.0.1:0"}}
signals: {{require_signature: false}}
clock: {{sweep_seconds: 10000, sync_seconds: 10000, digest_seconds: 10000, audit_seconds: 10000}}
"""
_BY_MAIL = """
email: {{host: 127.0.0.1, port: {port}, security: none, sender: hotlead@team.example}}
"""


@dataclass
class Pattern:
    """One preset at work, on Monday morning. Use as a context manager.

    ``changes`` are texts of the preset that the team has edited, by what they were.
    """

    name: str
    folder: Path
    changes: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Pattern:
        self._stack = ExitStack()
        self.clock = SystemClock()
        self.clock.forward(MONDAY - self.clock.now())
        self.slack = SlackSandbox(self.clock.now)
        self.slack.load(seed_world())
        self.sandbox: Any = None
        self.ids: dict[str, str] = {}
        text = self._filled_in()
        env = {
            "HOTLEAD_SLACK_BOT_TOKEN": self.slack.bot_token,
            "HOTLEAD_SLACK_APP_TOKEN": self.slack.app_token,
        }
        self.mail = SmtpSandbox()
        if "surface: email" in text:
            self._stack.enter_context(self.mail)
            text += _BY_MAIL.format(port=self.mail.port)
            env = {}
        env |= self._crm(text)
        self.config = self.folder / "hotlead.yaml"
        self.config.write_text(self._running(text))
        self.worker = Worker(load_settings(self.config), load_secrets(env), self.clock)
        self._stack.callback(self.worker.stop)
        self.clock.forward(timedelta(minutes=2))  # what was loaded is old enough to be read
        self.read_all()
        self.worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _filled_in(self) -> str:
        """The preset as a team fills it in, CAPITALS and all."""
        text = (files("config") / f"{self.name}.yaml").read_text(encoding="utf-8")
        for before, after in self.changes.items():
            assert before in text, before
            text = text.replace(before, after)
        text = re.sub(
            r"([A-Z]+)@YOUR-COMPANY\.example",
            lambda found: f"{_key(found[1])}@team.example",
            text,
        )
        return re.sub(r"\b([A-Z]+)\.example", lambda found: found[0].lower(), text)

    def _crm(self, text: str) -> dict[str, str]:
        """Start the CRM that the preset names; the secrets by which it is reached."""
        self.crm = str(YAML(typ="safe", pure=True).load(text)["crm"])
        if self.crm == "csv":
            write_csv(self.folder / "crm")
            return {}
        made = SalesforceSandbox if self.crm == "salesforce" else HubspotSandbox
        self.sandbox = made(self.clock.now)
        self.ids = self.sandbox.load(seed_world())
        self.writes = Writes(self.sandbox.app)
        self.crm_server = self._stack.enter_context(Serving(self.writes))
        if self.crm == "hubspot":
            return {"HOTLEAD_HUBSPOT_TOKEN": self.sandbox.token}
        return {
            "HOTLEAD_SALESFORCE_CLIENT_ID": self.sandbox.client_id,
            "HOTLEAD_SALESFORCE_CLIENT_SECRET": self.sandbox.client_secret,
        }

    def _running(self, text: str) -> str:
        """With the addresses of the sandboxes, and without a clock that ticks by itself."""
        slack = self._stack.enter_context(Serving(self.slack.app))
        store = f"sqlite:///{self.folder / 'hotlead.db'}"
        text += _RUNNING.format(slack=slack.url, store=store)
        if self.crm == "salesforce":
            return text.replace("https://YOUR-DOMAIN.my.salesforce.com", self.crm_server.url)
        if self.crm == "hubspot":
            return f'{text}hubspot: {{base_url: "{self.crm_server.url}"}}\n'
        return text

    # What the world does.

    def anew(self) -> Pattern:
        """The next working morning, with nothing sent and everybody in."""
        wiped(self.worker)
        with self.slack.state.lock:
            for channel in self.slack.state.channels.values():
                channel.messages.clear()
        self.clock.forward(_next_morning(self.clock.now()) - self.clock.now())
        with self.worker.store.write() as tx:
            for one in seed_world().people:
                if (who := person_by_email(tx.conn, one.email)) is not None:
                    cancel(tx, who.id, self.clock.now())
        return self

    def read_all(self) -> None:
        """Every source is read: the CRM, and who is away by Slack."""
        assert all(self.worker.sync_all().values())
        self.read_statuses()

    def read_statuses(self) -> None:
        """Who is away by their status in Slack."""
        for reader, one in self.worker.ctx.mirrored:
            if reader is not self.worker.ctx.crm:
                sync(self.worker.ctx, one.name, force=True)

    def signal(self, prospect: str, kind: str = "multi_open", **more: Any) -> None:
        """A signal comes in, by default one that interrupts, and everything due is done."""
        self.clock.forward(timedelta(seconds=2))  # a place gets one message a second
        body: dict[str, Any] = {
            "id": uuid4().hex,
            "source": "test-tracker",
            "type": kind,
            "time": (self.clock.now() - timedelta(seconds=1)).isoformat(),
            "prospect": {"email": prospect},
            "thread": {
                "id": f"t-{prospect}",
                "url": f"https://mail.example/{prospect}",
                "subject": "Pricing follow-up",
            },
            "tier": 1,
        }
        if kind == "multi_open":
            body["count"] = 2
        answer = requests.post(f"{self.worker.url}/v1/signals", json=body | more, timeout=30)
        assert answer.status_code == 202, answer.text
        assert self.worker.settle()

    def wait(self, **time: float) -> None:
        """So much time passes, and everything due is done."""
        self.clock.forward(timedelta(**time))
        make_digests(self.worker.ctx)
        assert self.worker.settle()
        self.clock.forward(timedelta(seconds=2))  # what follows the first message is due then
        assert self.worker.settle()

    def leave(self, *people: str) -> None:
        """These people are entered as away for three days."""
        now = self.clock.now()
        with self.worker.store.write() as tx:
            for key in people:
                who = person_by_email(tx.conn, f"{key}@team.example")
                assert who is not None, key
                start, end = now - timedelta(hours=1), now + timedelta(days=3)
                set_away(tx, who.id, start, end, "ada@team.example", "leave", now)

    def open_deal(self, account: str, owner: str) -> None:
        """An account gets an open deal, and the mirror reads it. On Salesforce."""
        self.sandbox.create(
            "Opportunity",
            Name=f"{account} deal",
            StageName="Negotiation",
            AccountId=self.ids[account],
            OwnerId=self.ids[owner],
            CloseDate=f"{self.clock.now() + timedelta(days=90):%Y-%m-%d}",
        )
        self.clock.forward(timedelta(minutes=2))
        sync(self.worker.ctx, "deals", force=True)

    def give_deal(self, deal: str, owner: str) -> None:
        """A deal gets another owner in the CRM, and the mirror reads it."""
        give_deal(self.sandbox, self.crm, self.ids[deal], self.ids[owner])
        self.clock.forward(timedelta(minutes=2))
        sync(self.worker.ctx, "deals", force=True)

    def press(self, who: str, place: str, action: str) -> None:
        """A person presses a button of a place's latest message, as their screen has it."""
        message = self.messages(place)[-1]
        self.slack.press(f"{who}@team.example", message["channel"], message["ts"], action)

    def contact(self, who: str, prospect: str, kind: str = "call") -> None:
        """A rep's call or e-mail is logged in the CRM, and the mirror reads it."""
        log_contact(
            self.sandbox, self.crm, kind, self.ids[who], self.ids[prospect], self.clock.now()
        )
        self.clock.forward(timedelta(minutes=2))
        for one in self.worker.ctx.crm.objects:
            if one.noun is Evidence:
                sync(self.worker.ctx, one.name, force=True)
        assert self.worker.settle()

    # What people see.

    def messages(self, place: str) -> list[dict[str, Any]]:
        """The messages of a channel (with #) or of a rep's direct messages (by key)."""
        where = place.lstrip("#") if place.startswith("#") else f"{place}@team.example"
        return self.slack.messages(where)

    def shown(self, place: str) -> list[str]:
        """The same, each as one text."""
        return [json.dumps(one, ensure_ascii=False) for one in self.messages(place)]

    def mails(self, address: str) -> list[tuple[str, str]]:
        """The e-mails to an address, in order: the subject, and the text without its HTML."""
        theirs = [one for one in self.mail.messages if one["To"] == address]
        return [(str(one["Subject"]), str(next(one.iter_parts()).get_content())) for one in theirs]

    def told(self) -> dict[str, int]:
        """How many messages each place has; places without any are left out."""
        people = [one.key for one in seed_world().people if one.on_slack]
        places = [*people, "#hot-leads", "#sales-leadership"]
        return {place: number for place in places if (number := len(self.messages(place)))}

    def owners(self) -> list[tuple[str, str]]:
        """Every record of an account, prospect or deal in the CRM, with its owner there."""
        name = "OwnerId" if self.crm == "salesforce" else "hubspot_owner_id"
        key = "Id" if self.crm == "salesforce" else "id"
        return sorted(
            (row[key], str(row.get(name)))
            for kind in _OWNED[self.crm]
            for row in self.sandbox.records(kind)
        )

    def tasks(self) -> list[dict[str, Any]]:
        """The tasks of these alerts in the CRM: key, subject, done, owner, latency."""
        keys = {f"task:{row['id']}" for row in self.rows()}
        return [one for one in our_tasks(self.sandbox, self.crm) if one["key"] in keys]

    def rows(self, table: Table = ALERT) -> list[dict[str, Any]]:
        """All rows of a table."""
        with self.worker.store.read() as conn:
            return [dict(row) for row in conn.execute(select(table)).mappings()]

    def alert(self) -> dict[str, Any]:
        """The only alert."""
        (found,) = self.rows()
        return found

    def outcomes(self) -> list[str]:
        """How each signal ended, in the order of their coming."""
        rows = sorted(self.rows(SIGNAL), key=lambda row: row["received_at"])
        return [str(row["outcome"]) for row in rows]

    def latency(self) -> list[Summary]:
        """What ``hotlead latency`` reports now: the team, then each rep."""
        with self.worker.store.read() as conn:
            return latency_summaries(conn, self.clock.now())


@contextmanager
def patterns(folder: Path) -> Iterator[Callable[[str], Pattern]]:
    """What gives the pattern of a name; each is begun once, when it is first asked for."""
    made: dict[str, Pattern] = {}
    with ExitStack() as stack:

        def give(name: str) -> Pattern:
            if name not in made:
                own = folder / name.replace(" ", "-")
                own.mkdir()
                preset, changes = EDITED.get(name, (name, {}))
                made[name] = stack.enter_context(Pattern(preset, own, changes))
            return made[name]

        yield give


def _next_morning(now: datetime) -> datetime:
    """10:00 in New York on the next day from Monday to Friday."""
    day = now.replace(hour=MONDAY.hour, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return day


def _key(name: str) -> str:
    key = name.lower()
    return PLACEHOLDERS.get(key, key)
