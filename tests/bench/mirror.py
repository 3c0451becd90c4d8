"""How fast a CRM is mirrored, in how many calls, and what the worker weighs afterwards."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench import company
from tests.bench.flow import Sender, signal_of
from tests.bench.outcome import Measure, Tell
from tests.bench.processes import Child
from tests.bench.worker_process import WorkerProcess, environment, free_port

_SIGNALS = 20
_SECONDS = 240.0
_MILLION_SECONDS = 3000.0
_BOUND = 400.0
"""MiB that a first load of a million contacts may take at most."""
_MIB = 1024 * 1024
_NAMES = {"salesforce": "Salesforce", "hubspot": "HubSpot"}


def measure_mirror(folder: Path, crm: str, contacts: int, tell: Tell) -> list[Measure]:
    """Records a second and calls of one CRM; for Salesforce the worker's memory, too."""
    folder.mkdir()
    with ExitStack() as stack:
        slack = stack.enter_context(Child("slack_server", str(company.PEOPLE_OF_WORLD)))
        tell(f"filling the {_NAMES[crm]} sandbox with {contacts:,} contacts")
        server = stack.enter_context(Child("crm_server", crm, str(contacts)))
        env = environment(slack.ready, **server.ready["secrets"])
        port = free_port()
        section = {"salesforce": "login_url", "hubspot": "base_url"}[crm]
        told = {"crm": crm, crm: {section: server.ready["url"]}, "ae_source": "owner:deal"}
        config = company.write_settings(folder, slack.ready["url"], port, **told)
        measures = _speed(crm, config, env, tell)
        if crm == "salesforce":
            measures.append(_memory(config, port, env, contacts, slack, tell))
    return measures


def measure_million(folder: Path, contacts: int, tell: Tell) -> list[Measure]:
    """A first load and an unchanged cycle of a large Salesforce org, and the reader's memory."""
    folder.mkdir()
    accounts = contacts // 5
    with ExitStack() as stack:
        slack = stack.enter_context(Child("slack_server", "1"))
        crowd = ("crm_server", "salesforce", str(contacts), "--accounts", str(accounts))
        server = stack.enter_context(Child(*crowd))
        env = environment(slack.ready, **server.ready["secrets"])
        # One process makes a million rows while it is asked for them: it may take its time.
        told = {
            "crm": "salesforce",
            "salesforce": {"login_url": server.ready["url"]},
            "http": {"read_timeout": 300},
        }
        config = company.write_settings(
            folder, slack.ready["url"], free_port(), **told, ae_source="owner:deal"
        )
        tell(f"mirroring {contacts:,} contacts and {accounts:,} accounts from nothing")
        reader = ("mirror_reader", "sync", str(config))
        with Child(*reader, env=env, patience=_MILLION_SECONDS) as child:
            first = child.ready
        if first["records"] < contacts + accounts:
            raise RuntimeError(f"the sync kept only {first['records']:,} records")
        tell("once more, with nothing changed")
        with Child(*reader, env=env, patience=_MILLION_SECONDS) as child:
            again = child.ready
        size = (config.parent / "hotlead.db").stat().st_size
    what = f"of {contacts:,} contacts and {accounts:,} accounts"
    rate = first["records"] / first["seconds"]
    return [
        Measure(f"first load {what}, records a second", rate, None, "/s", more=True),
        Measure("peak memory of it, beside the bound", first["peak"] / _MIB, _BOUND, "MiB"),
        Measure("the store after it, bytes a record", size / first["records"], None, "B"),
        Measure("a cycle with nothing changed, calls", again["calls"], None, ""),
        Measure("the same, seconds", again["seconds"], None, "s"),
    ]


def _speed(crm: str, config: Path, env: dict[str, str], tell: Tell) -> list[Measure]:
    found: dict[str, dict[str, Any]] = {}
    for way, name in (("bare", "a bare loop"), ("sync", "the worker's sync")):
        tell(f"mirroring {_NAMES[crm]} by {name}")
        with Child("mirror_reader", way, str(config), env=env, patience=_SECONDS) as child:
            found[way] = child.ready
    ours, bare = found["sync"], found["bare"]
    if ours["records"] != bare["records"]:
        raise RuntimeError(f"the sync kept {ours['records']} records, not {bare['records']}")
    rates = [one["records"] / one["seconds"] for one in (ours, bare)]
    calls = [1000 * one["calls"] / one["records"] for one in (ours, bare)]
    return [
        Measure(f"mirror {_NAMES[crm]}, records a second", rates[0], rates[1], "/s", more=True),
        Measure(f"mirror {_NAMES[crm]}, calls for 1,000 records", calls[0], calls[1], ""),
    ]


def _memory(
    config: Path, port: int, env: dict[str, str], contacts: int, slack: Child, tell: Tell
) -> Measure:
    tell("weighing the whole worker: it mirrors from nothing, then takes signals")
    (config.parent / "hotlead.db").unlink()
    with Child("libraries") as child:
        libraries = int(child.ready["peak"])
    with WorkerProcess(config, port, env) as worker:
        worker.wait_for_mirror(_SECONDS)
        sender = Sender(port, "/v1/signals")
        for prospect in range(0, 4 * _SIGNALS, 4):  # every fourth account has a deal, so a rep
            sender.send(*signal_of(prospect))
        for _ in range(_SIGNALS):
            slack.line(_SECONDS)
        worker.wait_for_quiet()
        sender.close()
        peak = worker.peak_memory()
    name = f"peak memory with {contacts:,} contacts, beside its libraries"
    return Measure(name, peak / _MIB, libraries / _MIB, "MiB")
