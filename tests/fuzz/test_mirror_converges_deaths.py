"""A sync that dies, wherever it stands, and two that are at work at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from sqlalchemy import select

from tests.contract.flow_kit import csv_policy
from tests.fuzz.converge_kit import Door, History, opened, served
from tests.fuzz.hubspot_history import HubspotHistory
from tests.fuzz.salesforce_history import SalesforceHistory
from tests.waiting import PATIENCE
from worker.mirror_health import mirror_health
from worker.reconcile import reconcile
from worker.store.engine import Store
from worker.store.tables import WATERMARK
from worker.sync import sync, sync_all

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"salesforce": (SalesforceHistory, "contacts"), "hubspot": (HubspotHistory, "contacts")}


@pytest.fixture
def place() -> Iterator[tuple[Door, str]]:
    with served() as made:
        yield made


@pytest.fixture(params=list(KINDS))
def history(
    request: pytest.FixtureRequest, place: tuple[Door, str], _migrated_file: Path
) -> Iterator[History]:
    make = KINDS[request.param][0]
    with opened(make(*place), _migrated_file) as made:
        sync_all(made.ctx)
        made.settle()
        yield made


def mark(store: Store, name: str) -> dict[str, Any]:
    with store.read() as conn:
        row = conn.execute(select(WATERMARK).where(WATERMARK.c.object == name)).mappings().one()
    return {key: row[key] for key in ("mark", "finished_at", "error")}


@pytest.mark.pitfall("R1", "a dead sync has moved the watermark")
def test_wherever_a_sync_dies_the_watermark_stays_and_the_next_one_brings_everything(
    history: History,
) -> None:
    """Before each statement, each commit and each call of one sync, one after the other."""
    for where in ("statements", "calls"):
        for at in count():
            history.play([("edit_contact", at, at), ("bulk_edit", at, at), ("edit_deal", at, 1)])
            before = mark(history.ctx.store, "contacts")
            done = False
            with history.death.after(**{where: at}):
                done = sync(history.ctx, "contacts", force=True)
            if done:
                break
            assert mark(history.ctx.store, "contacts") == before
            history.forward(minutes=4)
            assert sync(history.ctx, "contacts", force=True)
            columns, expected = history.truth(whole=False)["contacts"]
            history.forward(minutes=13)
            assert sync(history.ctx, "contacts", force=True)
            assert history.held("contacts", columns) == expected
        assert at > (8 if where == "statements" else 0)


def test_a_reconcile_that_dies_anywhere_is_made_again(history: History) -> None:
    for at in range(0, 60, 9):
        history.play([("purge", at, at), ("edit_contact", at, at)])
        with history.death.after(statements=at):
            reconcile(history.ctx, "contacts", force=True)
        history.forward(minutes=4)
    history.settle()
    history.reconcile_all()
    history.compare(whole=True)


def test_of_two_workers_at_once_one_reads_an_object_and_nothing_is_written_twice(
    place: tuple[Door, str], store_url: str
) -> None:
    org = SalesforceHistory(*place)
    org.open(store_url)
    second = replace(org.ctx, store=Store(store_url))
    together = threading.Barrier(2)
    won: list[dict[str, bool]] = []
    failed: list[BaseException] = []

    def work(ctx: Any) -> None:
        try:
            for turn in range(3):
                together.wait(PATIENCE)
                won.append(sync_all(ctx))
                if ctx is second and turn:
                    reconcile(ctx, "contacts", force=True)
        except BaseException as error:
            failed.append(error)
            together.abort()

    for number in range(7):
        org.box.create("Contact", LastName=f"Many {number}")
    threads = [threading.Thread(target=work, args=(ctx,)) for ctx in (org.ctx, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failed == []
    for name in won[0]:
        assert any(done[name] for done in won), name
    org.settle()
    org.compare(whole=True)
    second.store.close()
    org.close()


@contextmanager
def hotlead(folder: Path, org: SalesforceHistory, url: str) -> Iterator[subprocess.Popen[str]]:
    """``hotlead sync --once`` in a process of its own."""
    config = folder / "hotlead.yaml"
    settings = {"crm": "salesforce", "salesforce": {"login_url": url}, "policy": csv_policy()}
    config.write_text(json.dumps(settings))
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOTLEAD_SALESFORCE_CLIENT_ID": org.box.client_id,
        "HOTLEAD_SALESFORCE_CLIENT_SECRET": org.box.client_secret,
        "HOTLEAD_SLACK_BOT_TOKEN": "xoxb-none",
        "HOTLEAD_SLACK_APP_TOKEN": "xapp-none",
    }
    command = [sys.executable, "-m", "worker.cli.main", "sync", "--once", "-c", str(config)]
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_process_killed_in_the_middle_of_its_first_load_has_read_nothing_to_its_end(
    place: tuple[Door, str], tmp_path: Path
) -> None:
    org = SalesforceHistory(*place)
    for number in range(20):
        org.box.create("Contact", LastName=f"Many {number}")
    there, go_on = threading.Event(), threading.Event()

    def heard() -> None:
        asked = [path for _, path in place[0].log if "FROM Contact " in unquote_plus(path)]
        if not there.is_set() and len(asked) == 3:  # a count, a page, and then another
            there.set()
            go_on.wait(PATIENCE)

    place[0].heard = heard
    with hotlead(tmp_path, org, place[1]) as process:
        assert there.wait(2 * PATIENCE), sorted(
            {path.partition("?")[0] for _, path in place[0].log}
        )
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
    go_on.set()
    store = Store(f"sqlite:///{tmp_path / 'hotlead.db'}")
    with store.read() as conn:
        rows = conn.execute(select(WATERMARK)).mappings().all()
    store.close()
    [contacts] = [row for row in rows if row["lease_until"] is not None]
    assert (contacts["object"], contacts["started_at"] is None) == ("contacts", False)
    assert (contacts["mark"], contacts["finished_at"], contacts["records"]) == (None, None, 0)


def test_how_far_a_read_is_shows_while_it_lasts(history: History) -> None:
    seen: list[Any] = []

    def look(name: str, records: int, total: int | None) -> None:
        seen.append(mirror_health(history.ctx)[name]["reading"])

    history.play([("bulk_edit", 0, 1)])
    assert sync(history.ctx, "contacts", force=True, progress=look)
    assert seen[-1]["records"] >= 1
    assert mirror_health(history.ctx)["contacts"]["reading"] is None
