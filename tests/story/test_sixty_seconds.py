"""Who owns what and who is away is honoured within a minute of its change in the CRM.

With default settings, by polling alone; and much sooner where the CRM tells of changes. That it is
the mirror which knows is looked at before the signal comes, so that no live read can help.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from routing.nouns import Account, Deal, OutOfOffice
from tests.contract.doctor_kit import policy_for
from tests.story.crm import give_account, give_deal, set_away, user_of
from tests.story.stage import Stage, wait_for
from tests.story.world import small_world
from worker.run import Worker
from worker.secrets import load_secrets
from worker.settings import load_settings
from worker.store.mirror import table_of

MINUTE = timedelta(seconds=60)
APP_SECRET = "5f0e8d2a-sandbox-secret"


@dataclass
class Office:
    """A stage with the worker in this process, and the way in which the CRM tells it of changes."""

    stage: Stage
    worker: Worker
    tell: Callable[[], None]

    def mirrored(self, noun: type[Any], **wanted: Any) -> bool:
        """Whether the mirror holds such a record."""
        table: Table = table_of(noun)
        with self.stage.store.read() as conn:
            query = select(table.c.id).where(*(table.c[key] == it for key, it in wanted.items()))
            return conn.execute(query).first() is not None

    def passes(self, seconds: float) -> None:
        """Time passes, in so far as it has not passed by itself."""
        assert self.worker.settle()
        self.stage.forward(timedelta(seconds=seconds))

    def reaches(self, who: str, prospect: str) -> None:
        """An alert about a prospect comes to a rep."""
        wait_for(f"{prospect} to reach {who}", lambda: prospect in str(self.stage.messages(who)))

    def knows(self, noun: type[Any], **wanted: Any) -> None:
        """The mirror comes to know of it."""
        wait_for(f"{noun.__name__} with {wanted}", lambda: self.mirrored(noun, **wanted))


@pytest.fixture
def offices(tmp_path: Path, sqlite_url: str) -> Iterator[Callable[..., Office]]:
    with ExitStack() as stack:

        def build(crm: str, *, hints: bool) -> Office:
            world = small_world(cid={"backup": "bea"}, bea={"backup": "ben"})
            stage = stack.enter_context(
                Stage(tmp_path, sqlite_url, crm=crm, world=world, policy=policy_for(crm))
            )
            env, tell = stage.environment(), _silent
            if hints and crm == "salesforce":
                service = stack.enter_context(stage.sandbox.events(keep_alive=0.1))
                stage.extra["salesforce"] = {"pubsub_url": service.url}
                stage._write_config()
            if hints and crm == "hubspot":
                sender = stage.sandbox.webhooks(f"{stage.url}/v1/hubspot/webhooks")
                env |= {"HOTLEAD_HUBSPOT_CLIENT_SECRET": APP_SECRET}
                tell = lambda: _taken(sender.send(twice=True))  # noqa: E731
            worker = Worker(load_settings(stage.config), load_secrets(env), stage.clock)
            stack.callback(worker.stop)
            worker.sync_all()
            worker.start()
            if hints and crm == "salesforce":
                wait_for("the topics to be heard", lambda: _heard(stage))
            return Office(stage, worker, tell)

        yield build


def _silent() -> None:
    """The CRM tells nothing, or tells it by itself."""


def _taken(codes: list[int]) -> None:
    assert set(codes) == {204}


def _heard(stage: Stage) -> bool:
    source = stage.health()["hints"]["salesforce change events"]
    return source["connected"] and len(source["positions"]) == len(source["topics"]) == 5


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_by_polling_alone_an_alert_a_minute_later_knows_of_it(
    offices: Callable[..., Office], crm: str
) -> None:
    office = offices(crm, hints=False)
    stage, ids = office.stage, office.stage.ids
    changed = stage.clock.now()
    give_deal(stage.sandbox, crm, ids["d1"], ids["ben"])
    set_away(stage.sandbox, crm, ids["cid"], changed, changed + timedelta(days=2))
    if crm == "hubspot":
        user = user_of(stage.sandbox, ids["bea"])
        stage.sandbox.update("users", user, hs_availability_status="away")
    office.passes(50)  # the reads are due after 45 s, and the clock looks every 5
    office.knows(Deal, id=ids["d1"], owner_id=ids["ben"])
    office.knows(OutOfOffice, person_id=ids["cid"])
    if crm == "hubspot":
        office.knows(OutOfOffice, person_id=ids["bea"])
    assert stage.clock.now() - changed <= MINUTE
    stage.signal("dana@acme.example")
    office.reaches("ben", "Dana")
    covers = "bea" if crm == "salesforce" else "ben"  # who covers for bea in her turn
    stage.signal("cora@contoso.example")
    office.reaches(covers, "Cora")
    stage.signal("nina@north.example")
    office.reaches(covers, "Nina")
    assert not stage.messages("ann")
    assert not stage.messages("cid")


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_where_the_crm_tells_of_changes_they_are_known_in_seconds(
    offices: Callable[..., Office], crm: str
) -> None:
    office = offices(crm, hints=True)
    stage, ids = office.stage, office.stage.ids
    office.passes(6)  # since the last read, which a hint may not follow too closely
    changed = stage.clock.now()
    give_deal(stage.sandbox, crm, ids["d1"], ids["ben"])
    give_account(stage.sandbox, crm, ids["contoso"], ids["bea"])
    if crm == "hubspot":
        set_away(stage.sandbox, crm, ids["ann"], changed, changed + timedelta(days=2))
    office.tell()
    office.knows(Deal, id=ids["d1"], owner_id=ids["ben"])
    wait_for("the new CSM", lambda: _csm(office) == ids["bea"])
    if crm == "hubspot":
        office.knows(OutOfOffice, person_id=ids["ann"])
    assert stage.clock.now() - changed < timedelta(seconds=30)
    stage.signal("dana@acme.example")
    office.reaches("ben", "Dana")
    stage.signal("cora@contoso.example")
    office.reaches("bea", "Cora")
    report = stage.health()
    assert report["ok"] is True
    source = next(one for one in report["hints"].values() if isinstance(one, dict))
    assert source["hints"] >= 2


def _csm(office: Office) -> str:
    table = table_of(Account)
    with office.stage.store.read() as conn:
        query = select(table.c.fields).where(table.c.id == office.stage.ids["contoso"])
        fields = conn.execute(query).scalar_one()
    return str(fields.get("CSM__c") or fields.get("csm_owner"))
