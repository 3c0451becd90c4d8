"""How fast a CRM is mirrored, in how many calls, and what the worker weighs afterwards."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import company
from tests.bench.flow import Sender, signal_of
from tests.bench.outcome import Measure, Tell
from tests.bench.processes import Child
from tests.bench.singer import STREAMS, Reading, Tap
from tests.bench.worker_process import WorkerProcess, environment, free_port

_SIGNALS = 20
_SECONDS = 240.0
_MILLION_SECONDS = 3000.0
_BOUND = 400.0
"""MiB that a first load of a million contacts may take at most."""
_MIB = 1024 * 1024
_NAMES = {"salesforce": "Salesforce", "hubspot": "HubSpot"}
_EDITS = 1000
_PAGE = {"salesforce": 2000, "hubspot": 200}
"""Changed records that the CRM tells on one page at most."""
_TIMERS, _POLL = 1200.0, 60.0
"""Seconds after which every timer of an hour's third has run, and between two polls."""


@dataclass(frozen=True, slots=True)
class Place:
    """A CRM sandbox with contacts, and a worker's configuration for it."""

    crm: str
    contacts: int
    folder: Path
    server: Child
    slack: Child
    config: Path
    port: int

    @property
    def env(self) -> dict[str, str]:
        """The worker's environment."""
        return environment(self.slack.ready, **self.server.ready["secrets"])

    @property
    def name(self) -> str:
        """The CRM's name as people write it."""
        return _NAMES[self.crm]

    @contextmanager
    def reader(self, way: str, patience: float = _SECONDS) -> Iterator[Child]:
        """A reader that has read everything once; ``way`` is 'sync' or 'bare'."""
        told = ("mirror_reader", way, str(self.config))
        with Child(*told, env=self.env, patience=patience) as child:
            yield child


@contextmanager
def _place(folder: Path, crm: str, contacts: int, *more: str) -> Iterator[Place]:
    folder.mkdir()
    with ExitStack() as stack:
        slack = stack.enter_context(Child("slack_server", str(company.PEOPLE_OF_WORLD)))
        server = stack.enter_context(Child("crm_server", crm, str(contacts), *more))
        section = {"salesforce": "login_url", "hubspot": "base_url"}[crm]
        told = {
            "crm": crm,
            crm: {section: server.ready["url"]},
            "ae_source": "owner:deal",
            # One process makes a million rows while it is asked for them: it may take its time.
            "http": {"read_timeout": 300},
        }
        port = free_port()
        config = company.write_settings(folder, slack.ready["url"], port, **told)
        yield Place(crm, contacts, folder, server, slack, config, port)


def measure_mirror(folder: Path, crm: str, contacts: int, tell: Tell) -> list[Measure]:
    """Records a second and calls of one CRM; for Salesforce the worker's memory, too."""
    tell(f"filling the {_NAMES[crm]} sandbox with {contacts:,} contacts")
    with _place(folder, crm, contacts) as place:
        tell(f"mirroring {place.name} by a bare loop")
        with place.reader("bare") as child:
            bare = _readings(child.ready)
        tell(f"mirroring {place.name} by the worker's sync")
        with place.reader("sync") as child:
            ours = _readings(child.ready)
            measures = _beside_bare(place, ours, bare)
            measures += _beside_tap(place, ours, tell)
            measures += _changes(place, child, tell)
        if crm == "salesforce":
            measures.append(_memory(place, tell))
    return measures


def measure_million(folder: Path, contacts: int, tell: Tell) -> list[Measure]:
    """A first load and an unchanged cycle of a large Salesforce org, and the reader's memory."""
    accounts = contacts // 5
    with _place(folder, "salesforce", contacts, "--accounts", str(accounts)) as place:
        tell(f"mirroring {contacts:,} contacts and {accounts:,} accounts from nothing")
        with place.reader("sync", _MILLION_SECONDS) as child:
            first, peak = _total(_readings(child.ready)), child.ready["peak"]
        if first.records < contacts + accounts:
            raise RuntimeError(f"the sync kept only {first.records:,} records")
        tell("once more, with nothing changed")
        with place.reader("sync", _MILLION_SECONDS) as child:
            again = _readings(child.ready)
        size = (place.config.parent / "hotlead.db").stat().st_size
    what = f"of {contacts:,} contacts and {accounts:,} accounts"
    rate, whole = _rate(first), _total(again)
    return [
        Measure(f"first load {what}, records a second", rate, None, "/s", more=True),
        Measure("peak memory of it, beside the bound", peak / _MIB, _BOUND, "MiB"),
        Measure("the store after it, bytes a record", size / first.records, None, "B"),
        Measure("a cycle with nothing changed, calls", whole.calls, None, ""),
        Measure("the same, seconds", whole.seconds, None, "s"),
    ]


def _readings(told: dict[str, Any]) -> dict[str, Reading]:
    return {name: Reading(**took) for name, took in told["objects"].items()}


def _total(found: dict[str, Reading]) -> Reading:
    return Reading(
        sum(one.records for one in found.values()),
        sum(one.seconds for one in found.values()),
        sum(one.calls for one in found.values()),
    )


def _rate(one: Reading) -> float:
    return one.records / one.seconds


def _beside_bare(place: Place, ours: dict[str, Reading], bare: dict[str, Reading]) -> list[Measure]:
    mine, theirs = _total(ours), _total(bare)
    if mine.records != theirs.records:
        raise RuntimeError(f"the sync kept {mine.records} records, not {theirs.records}")
    rate, calls = _rate(mine), 1000 * mine.calls / mine.records
    other_calls = 1000 * theirs.calls / theirs.records
    what = f"mirror {place.name}"
    return [
        Measure(
            f"{what}, records a second, beside a bare loop", rate, _rate(theirs), "/s", more=True
        ),
        Measure(f"{what}, calls for 1,000 records, beside the same", calls, other_calls, ""),
    ]


def _beside_tap(place: Place, ours: dict[str, Reading], tell: Tell) -> list[Measure]:
    """Our mirroring into SQLite beside the tap's printing, object by object."""
    ready = place.server.ready
    tap = Tap(place.crm, ready["url"], ready["tap"], place.folder / "tap")
    if not tap.installed:
        tell(f"tap-{place.crm} is not installed, so it is not measured: run make bench")
        return []
    tell(f"reading {place.name} by tap-{place.crm}")
    theirs = tap.read()
    measures = []
    for stream in STREAMS[place.crm]:
        mine, other = ours[stream.ours], theirs[stream.ours]
        if mine.records != other.records:
            said = f"tap-{place.crm} read {other.records} {stream.ours}, not {mine.records}"
            raise RuntimeError(said)
        what = f"mirror {place.name} {stream.ours}, records a second, beside tap-{place.crm}"
        measures.append(Measure(what, _rate(mine), _rate(other), "/s", more=True))
    return measures


def _changes(place: Place, reader: Child, tell: Tell) -> list[Measure]:
    """Calls for changes that lie far apart, and for nothing at all, without an hour's timers."""
    edits = min(_EDITS, place.contacts)
    tell(f"{edits:,} contacts of {place.name} change; then nothing")
    _pass(place, reader, _TIMERS)
    place.server.ask(_SECONDS, edit=edits)
    changed = _pass(place, reader, 3 * _POLL)["contacts"]
    with closing(sqlite3.connect(place.config.parent / "hotlead.db")) as store:
        query = "SELECT count(*) FROM prospect WHERE title = ?"
        seen = store.execute(query, (company.EDITED,)).fetchone()[0]
    if seen != edits:
        raise RuntimeError(f"the mirror holds {seen} of {edits} changes")
    _pass(place, reader, _TIMERS)
    still = _pass(place, reader, _POLL)
    least = math.ceil(edits / _PAGE[place.crm])
    dear = max(one.calls for one in still.values())
    return [
        Measure(
            f"{place.name}, calls for {edits:,} changes, beside the least", changed.calls, least, ""
        ),
        Measure(f"{place.name}, calls of an unchanged object at most", dear, 1, ""),
        Measure(
            f"{place.name}, calls of an unchanged cycle, beside one an object",
            _total(still).calls,
            len(still),
            "",
        ),
    ]


def _pass(place: Place, reader: Child, seconds: float) -> dict[str, Reading]:
    """Let time pass on both sides, and read once more."""
    place.server.ask(_SECONDS, later=seconds)
    return _readings(reader.ask(_SECONDS, later=seconds))


def _memory(place: Place, tell: Tell) -> Measure:
    tell("weighing the whole worker: it mirrors from nothing, then takes signals")
    for file in place.config.parent.glob("hotlead.db*"):
        file.unlink()
    with Child("libraries") as child:
        libraries = int(child.ready["peak"])
    with WorkerProcess(place.config, place.port, place.env) as worker:
        worker.wait_for_mirror(_SECONDS)
        sender = Sender(place.port, "/v1/signals")
        for prospect in range(0, 4 * _SIGNALS, 4):  # every fourth account has a deal, so a rep
            sender.send(*signal_of(prospect))
        for _ in range(_SIGNALS):
            place.slack.line(_SECONDS)
        worker.wait_for_quiet()
        sender.close()
        peak = worker.peak_memory()
    name = f"peak memory with {place.contacts:,} contacts, beside its libraries"
    return Measure(name, peak / _MIB, libraries / _MIB, "MiB")
