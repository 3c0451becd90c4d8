"""Singer taps as peers: each reads the objects that we mirror, field by field the same."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.processes import ROOT

_VENVS = ROOT / ".venv-taps"
_RUN = ROOT / "tests" / "bench" / "taps" / "run_tap.py"
_DISCOVER_SECONDS = 120.0
_READ_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader did with one object."""

    records: int
    seconds: float
    calls: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of a tap, and the object of ours that it stands beside.

    ``fields`` are those that the object is mirrored with, as the tap calls them, in one text.
    """

    ours: str
    name: str
    fields: str


STREAMS: Mapping[str, Sequence[Stream]] = {
    "salesforce": (
        Stream("accounts", "Account", "Name OwnerId Type ParentId Website"),
        Stream("contacts", "Contact", "Name Email AccountId OwnerId Title"),
        Stream(
            "deals",
            "Opportunity",
            "Name StageName AccountId OwnerId IsClosed IsWon CloseDate Amount",
        ),
    ),
    "hubspot": (
        Stream(
            "companies",
            "companies",
            "property_name property_domain property_lifecyclestage property_hubspot_owner_id "
            "property_hs_parent_company_id",
        ),
        Stream(
            "contacts",
            "contacts",
            "property_email property_firstname property_lastname property_jobtitle "
            "property_company property_associatedcompanyid property_hubspot_owner_id",
        ),
        Stream(
            "deals",
            "deals",
            "property_dealname property_dealstage property_pipeline property_amount "
            "property_closedate property_hubspot_owner_id property_hs_is_closed "
            "property_hs_is_closed_won associations",
        ),
    ),
}
_EVERY: Mapping[str, Sequence[str]] = {
    "salesforce": ("Id", "SystemModstamp", "IsDeleted"),
    "hubspot": (),
}


class TapError(RuntimeError):
    """A tap failed; the text has the end of its log."""


class Tap:
    """One tap in an environment of its own, pointed at a sandbox. ``config`` is its settings."""

    def __init__(self, crm: str, url: str, config: Mapping[str, str], folder: Path) -> None:
        self.crm = crm
        self._url = url
        self._venv = _VENVS / crm
        self._folder = folder
        folder.mkdir()
        said = {**config, "start_date": "2000-01-01T00:00:00Z"}
        (folder / "config.json").write_text(json.dumps(said))

    @property
    def installed(self) -> bool:
        """Whether ``make bench`` could install it."""
        return (self._venv / "ready").exists()

    def read(self) -> dict[str, Reading]:
        """What it took to read each object, by our name. Raises TapError."""
        self._run(_DISCOVER_SECONDS, "--discover")
        catalog = json.loads((self._folder / "out.jsonl").read_text())
        found = {}
        for stream in STREAMS[self.crm]:
            chosen = choose(catalog, stream, _EVERY[self.crm])
            (self._folder / "catalog.json").write_text(json.dumps(chosen))
            self._run(_READ_SECONDS)
            took = json.loads((self._folder / "took.json").read_text())
            found[stream.ours] = Reading(self._records(stream.name), **took)
        return found

    def _run(self, seconds: float, *more: str) -> None:
        log = self._folder / "tap.log"
        told = [
            str(self._venv / "bin" / "python"),
            str(_RUN),
            self.crm,
            self._url,
            str(self._folder),
            *more,
        ]
        with log.open("wb") as stream:
            done = subprocess.run(told, stdout=stream, stderr=stream, timeout=seconds, check=False)
        if done.returncode != 0:
            raise TapError(
                f"tap-{self.crm} ended with {done.returncode}: {log.read_text()[-2000:]}"
            )

    def _records(self, name: str) -> int:
        with (self._folder / "out.jsonl").open(encoding="utf-8") as lines:
            messages = (json.loads(line) for line in lines)
            return sum(one["type"] == "RECORD" and one["stream"] == name for one in messages)


def choose(catalog: dict[str, Any], stream: Stream, every: Sequence[str]) -> dict[str, Any]:
    """The catalog with this stream and these fields of it selected, and nothing else.

    Raises TapError when the tap found no such stream or field.
    """
    entry = next((one for one in catalog["streams"] if one["stream"] == stream.name), None)
    if entry is None:
        raise TapError(f"the tap found no stream {stream.name}")
    wanted = {*stream.fields.split(), *every}
    missing = wanted - set(entry["schema"]["properties"])
    if missing:
        raise TapError(f"the tap found no {', '.join(sorted(missing))} in {stream.name}")
    metadata = [_selected(one, wanted) for one in entry["metadata"]]
    return {"streams": [{**entry, "metadata": metadata}]}


def _selected(entry: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    path, said = entry["breadcrumb"], dict(entry["metadata"])
    if path:
        return {**entry, "metadata": said | {"selected": path[-1] in wanted}}
    keys = said.get("valid-replication-keys")
    if keys:
        said |= {"replication-method": "INCREMENTAL", "replication-key": keys[0]}
    return {**entry, "metadata": said | {"selected": True}}
