"""The folder behind the CRM protocol."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from connectors.base import (
    ActivityDraft,
    Check,
    FoundActivity,
    HintSource,
    Metric,
    MirrorObject,
    OwnerField,
    Page,
    Webhook,
    WriteResult,
)
from connectors.errors import ConfigError, TemporaryError
from connectors.live import LivePart, LiveQuestion, Usage
from connectors.people_csv.activities import Activities
from connectors.people_csv.checks import checks
from connectors.people_csv.live import live_parts
from connectors.people_csv.profile import owner_fields
from connectors.people_csv.records import SHAPES, Records, read_folder
from connectors.people_csv.settings import CsvSettings
from routing.nouns import Account, OutOfOffice, Person, Prospect

_PAGE = 1000


class PeopleCsv:
    """A folder of CSV files as a CRM. Ids are e-mail addresses, domains and names."""

    def __init__(self, settings: CsvSettings) -> None:
        if not settings.folder.is_dir():
            raise ConfigError(
                f"there is no folder {settings.folder}", mend="create it, or correct csv.folder"
            )
        self.name = "csv"
        self.objects: Sequence[MirrorObject] = (
            MirrorObject(name="people", noun=Person, full=True, every=30),
            MirrorObject(name="accounts", noun=Account, full=True, every=30),
            MirrorObject(name="contacts", noun=Prospect, full=True, every=30),
            MirrorObject(name="out_of_office", noun=OutOfOffice, full=True, every=30),
        )
        self.notes: list[str] = []
        self.hint_sources: Sequence[HintSource] = ()
        self.webhooks: Sequence[Webhook] = ()
        self._folder: Path = settings.folder
        self._most_bytes = settings.largest_file_mb * 1_000_000
        self._activities = Activities(settings.folder)
        self._lock = threading.Lock()
        self._stamp = ""
        self._records = Records()

    @property
    def api_calls(self) -> int:
        """Always 0: files are read, nobody is called."""
        return 0

    def prepare(self) -> list[str]:
        """Always empty: activities.csv is made with its first row."""
        return []

    def install(self, *, check_only: bool) -> Iterator[Check]:  # noqa: ARG002
        """As the protocol says: there is nothing to install."""
        said = "activities.csv is made with its first row"
        yield Check(name="csv install", state="ok", text=said)

    def takes_metrics(self) -> bool:
        """Never: ``hotlead latency`` has the medians."""
        return False

    def write_metrics(self, metrics: Sequence[Metric]) -> list[WriteResult]:
        """Raises ConfigError: there is no place for them."""
        raise ConfigError(f"a CSV folder has no place for {len(metrics)} medians")

    def checks(self, now: Callable[[], datetime]) -> Iterator[Check]:  # noqa: ARG002
        """As the protocol says; there is nothing to log in to."""
        return checks(self._folder, lambda: self._current()[0])

    def count(self, name: str) -> int | None:
        """As the protocol says. Raises ConfigError or TemporaryError, as ``read``."""
        return len(getattr(self._current()[0], name))

    def owner_fields(self) -> Sequence[OwnerField]:
        """As the protocol says; raises as ``read``."""
        return owner_fields(self._current()[0])

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:  # noqa: ARG002
        """Yield the pages of all records of object ``name``; every object is a full one.

        Raises ConfigError before the first page when any file of the folder is broken,
        TemporaryError when one was being written.
        """
        if name not in {one.name for one in self.objects}:
            raise ConfigError(f"a CSV folder has no object {name!r}")
        records, stamp = self._current()
        found = getattr(records, name)
        starts = range(0, max(len(found), 1), _PAGE)
        for start in starts:
            last = start == starts[-1]
            yield Page(
                records=found[start : start + _PAGE],
                watermark=stamp if last else None,
                total=len(found),
            )

    def read_live(self, question: LiveQuestion) -> list[LivePart]:
        """As the protocol says; raises as ``read``."""
        return list(live_parts(self._current()[0], question))

    def day_usage(self) -> Usage | None:
        """Always None: files have no limits."""
        return None

    @property
    def calls_here(self) -> int:
        """Always 0: files are read, nobody is called."""
        return 0

    def write_activities(self, drafts: Sequence[ActivityDraft]) -> list[WriteResult]:
        """Add or replace a row of activities.csv a draft; the key is the id.

        Raises ConfigError or TemporaryError with nothing written.
        """
        return self._activities.write(drafts)

    def find_activity(self, draft: ActivityDraft) -> FoundActivity | None:
        """As the protocol says."""
        return self._activities.find(draft)

    def remove_activity(self, remote_id: str) -> None:
        """As the protocol says; the row goes from the file."""
        self._activities.remove(remote_id)

    def record_url(self, noun: str, record_id: str) -> str:  # noqa: ARG002
        """Always '': a file has no page for a record."""
        return ""

    def close(self) -> None:
        """Nothing is held open."""

    def _current(self) -> tuple[Records, str]:
        """The records and what they were read from; read again only when a file changed."""
        with self._lock:
            stamp = self._look()
            if stamp != self._stamp:
                records = read_folder(self._folder, self._most_bytes)
                if self._look() != stamp:
                    raise TemporaryError(f"{self._folder} changed while it was read", retry_after=5)
                self._records, self._stamp, self.notes = records, stamp, records.notes
            return self._records, self._stamp

    def _look(self) -> str:
        stamps = []
        for shape in SHAPES:
            try:
                found = (self._folder / shape.file).stat()
                stamps.append((shape.file, found.st_mtime_ns, found.st_size, found.st_ino))
            except FileNotFoundError:
                stamps.append((shape.file, 0, 0, 0))
            except OSError as error:
                what = f"{shape.file} cannot be read: {error.strerror}"
                raise TemporaryError(what, mend="check its permissions") from error
        return hashlib.sha256(repr(stamps).encode()).hexdigest()
