"""Looks whether the folder can be read and written to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from connectors.base import Check
from connectors.checking import probe
from connectors.people_csv.records import Records


def checks(folder: Path, read: Callable[[], Records]) -> Iterator[Check]:
    """Every check. ``read`` reads the folder and raises ConnectorError."""
    yield from probe("csv files", lambda: _files(read()))
    name = "csv activities"
    if os.access(folder, os.W_OK | os.X_OK):
        yield Check(name=name, state="ok", text="activities.csv can be written")
    else:
        mend = "let the user that runs Hotlead write there"
        yield Check(name=name, state="fail", text=f"{folder} cannot be written to", mend=mend)


def _files(records: Records) -> Iterator[Check]:
    counts = f"{len(records.people)} people, {len(records.accounts)} accounts, "
    counts += f"{len(records.contacts)} contacts, {len(records.out_of_office)} absences"
    yield Check(name="csv files", state="ok", text=counts)
    for note in records.notes:
        yield Check(name="csv optional files", state="warn", text=note)
