"""Keeps ``activities.csv``: one row an activity, written whole and put in place at once."""

from __future__ import annotations

import csv
import fcntl
import io
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.base import ActivityDraft, FoundActivity, WriteResult
from connectors.errors import ConfigError, TemporaryError
from connectors.people_csv.table import delimiter_of

FILE = "activities.csv"
COLUMNS = (
    "key",
    "subject",
    "body",
    "owner",
    "prospect",
    "account",
    "role",
    "reason",
    "due_at",
    "fired_at",
    "completed_at",
    "responded_at",
    "response_source",
    "latency_minutes",
    "working_latency_minutes",
)
_MEND = "close the file in other programs, and check that the folder can be written"


class Activities:
    """The activities of one folder; threads and processes take turns."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()

    def write(self, drafts: Sequence[ActivityDraft]) -> list[WriteResult]:
        """Add or replace a row a draft, by key. All are written or, on an error, none.

        Raises ConfigError when the file is not ours or may not be written, TemporaryError for
        any other failure of the disk.
        """
        with self._ours():
            columns, rows = self._read()
            results = []
            for draft in drafts:
                row = _row(draft)
                results.append(
                    WriteResult(key=draft.key, remote_id=draft.key, created=row["key"] not in rows)
                )
                rows[row["key"]] = {**rows.get(row["key"], {}), **row}
            self._replace(columns, rows)
        return results

    def find(self, draft: ActivityDraft) -> FoundActivity | None:
        """The draft's row as it stands; raises as ``write``."""
        with self._ours():
            row = self._read()[1].get(safe_cell(draft.key))
        if row is None:
            return None
        about = frozenset(row[one] for one in ("prospect", "account") if row.get(one))
        return FoundActivity(
            remote_id=draft.key,
            subject=row.get("subject", ""),
            done=bool(row.get("completed_at")),
            about=about,
        )

    def remove(self, key: str) -> None:
        """Take a row out of the file; raises as ``write``."""
        with self._ours():
            columns, rows = self._read()
            if rows.pop(safe_cell(key), None) is not None:
                self._replace(columns, rows)

    @contextmanager
    def _ours(self) -> Iterator[None]:
        """Nobody else reads or writes the file meanwhile; the disk's errors as connectors'."""
        try:
            with self._lock, _file_lock(self._path.with_name(f".{FILE}.lock")):
                yield
        except PermissionError as error:
            raise ConfigError(f"{FILE} cannot be written: {error.strerror}", mend=_MEND) from error
        except OSError as error:
            what = f"{FILE} cannot be written: {error.strerror}"
            raise TemporaryError(what, mend=_MEND) from error

    def _read(self) -> tuple[list[str], dict[str, dict[str, str]]]:
        """The columns and the rows by key, cells as they stand: they are escaped already."""
        try:
            text = self._path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            return list(COLUMNS), {}
        except UnicodeDecodeError as error:
            raise ConfigError(f"{FILE} is not UTF-8", mend=f"rename {self._path}") from error
        try:
            stream = io.StringIO(text, newline="")
            reader = csv.DictReader(
                stream, delimiter=delimiter_of(text), strict=True, restkey="", restval=""
            )
            rows = {row["key"]: {k: v for k, v in row.items() if k} for row in reader}
        except (csv.Error, KeyError) as error:
            mend = f"rename {self._path}; a new one is begun"
            raise ConfigError(f"{FILE} is not the file that was written here", mend=mend) from error
        added = [name for name in reader.fieldnames or () if name and name not in COLUMNS]
        return [*COLUMNS, *added], rows

    def _replace(self, columns: list[str], rows: dict[str, dict[str, str]]) -> None:
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{FILE}.", text=False)
        try:
            with open(handle, "w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, columns, restval="", lineterminator="\r\n")
                writer.writeheader()
                writer.writerows(rows.values())
                stream.flush()
                os.fsync(stream.fileno())
            if self._path.exists():
                os.chmod(name, self._path.stat().st_mode & 0o777)
            os.replace(name, self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # without it a crash of the machine could undo the renaming
        finally:
            os.close(folder)


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _row(draft: ActivityDraft) -> dict[str, str]:
    return {
        "key": safe_cell(draft.key),
        "subject": safe_cell(draft.subject),
        "body": safe_cell(draft.body),
        "owner": safe_cell(draft.owner_id or ""),
        "prospect": safe_cell(draft.prospect_id or ""),
        "account": safe_cell(draft.account_id or ""),
        "role": safe_cell(draft.role),
        "reason": safe_cell(draft.reason),
        "due_at": _time(draft.due_at),
        "fired_at": _time(draft.fired_at),
        "completed_at": _time(draft.completed_at),
        "responded_at": _time(draft.responded_at),
        "response_source": safe_cell(draft.response_source),
        "latency_minutes": _minutes(draft.latency_minutes),
        "working_latency_minutes": _minutes(draft.working_latency_minutes),
    }


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    clean = "".join(
        character for character in text if character.isprintable() or character in "\n\t"
    )
    # A spreadsheet looks past blanks for the sign, and at full-width forms of it as well.
    risky = clean.lstrip()[:1] in set("=+-@|＝＋－＠") or clean[:1] in ("\t", "\n")
    return f"'{clean}" if risky and clean else clean


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""


def _minutes(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
