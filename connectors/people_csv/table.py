"""Reads one CSV file as a spreadsheet saves it, and collects what is wrong with it."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import ConfigError, TemporaryError

_MOST_LISTED = 20
_LONGEST_SHOWN = 60


class Problems:
    """Everything that is wrong with the folder, so that an admin mends it in one go."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: list[str] = []
        self._more = 0

    def add(self, file: str, row: int | None, column: str, what: str, mend: str) -> None:
        """Note a problem. Rows count as a spreadsheet shows them, the header being row 1."""
        if self.full:
            self._more += 1
            return
        place = file + (f" row {row}" if row else "") + (f", column {column}" if column else "")
        self._lines.append(f"{place}: {what}. Mend: {mend}")

    @property
    def full(self) -> bool:
        """Whether further problems are only counted, so that no mend need be looked for."""
        return len(self._lines) >= _MOST_LISTED

    def raise_if_any(self) -> None:
        """Raise ConfigError when anything was noted: a broken folder is not read at all."""
        if self._lines:
            more = [f"and {self._more} more"] if self._more else []
            raise ConfigError(
                "\n".join(["the CSV folder was not read:", *self._lines, *more]),
                mend=f"correct the files in {self._folder} and save them",
            )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file. ``cells`` maps every column to its text, '' where empty."""

    file: str
    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The columns of a file; further columns may stand beside them."""

    file: str
    required: Sequence[str]
    optional: Sequence[str] = ()
    may_lack: bool = False


def read_table(folder: Path, shape: Shape, problems: Problems, most_bytes: int) -> list[Row] | None:
    """The rows of a file; None when it is not there. What is wrong goes to ``problems``."""
    text = _text(folder / shape.file, shape, problems, most_bytes)
    if text is None:
        return None
    rows: list[Row] = []
    columns: list[str] | None = None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            stripped = [cell.strip() for cell in cells]
            if not any(stripped):
                continue
            if columns is None:
                columns = _header(stripped, number, shape, problems)
            else:
                _check(stripped, columns, number, shape, problems)
                rows.append(Row(shape.file, number, dict(zip(columns, stripped, strict=False))))
    except csv.Error as error:
        mend = "close every quotation mark, and save the file as CSV again"
        problems.add(shape.file, number + 1, "", f"cannot be read: {error}", mend)
    if columns is None:
        what = "the file is empty"
        problems.add(shape.file, None, "", what, f"begin with the line {','.join(shape.required)}")
    return rows


def delimiter_of(text: str) -> str:
    """Comma, semicolon or tab: whichever the first line has most of."""
    first = text.lstrip().partition("\n")[0]
    return max(",;\t", key=first.count)


def nearest(word: str, known: Sequence[str]) -> str:
    """The mend for a word that is not among ``known``."""
    folded = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), folded, n=1)
    return f"did you mean {folded[close[0]]!r}?" if close else ""


def shown(text: str) -> str:
    """A cell, cut and freed of what cannot be printed."""
    clean = "".join(character if character.isprintable() else "?" for character in text)
    return clean if len(clean) <= _LONGEST_SHOWN else clean[: _LONGEST_SHOWN - 1] + "…"


def _text(path: Path, shape: Shape, problems: Problems, most_bytes: int) -> str | None:
    try:
        with path.open("rb") as stream:
            raw = stream.read(most_bytes + 1)
    except FileNotFoundError:
        if not shape.may_lack:
            mend = f"create it with the columns {', '.join(shape.required)}"
            problems.add(shape.file, None, "", "the file is missing", mend)
        return None
    except OSError as error:
        raise TemporaryError(
            f"{shape.file} cannot be read: {error.strerror}", mend="check its permissions"
        ) from error
    if len(raw) > most_bytes:
        mend = "raise csv.largest_file_mb, or connect a CRM"
        problems.add(shape.file, None, "", f"is larger than {most_bytes} bytes", mend)
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        problems.add(shape.file, row, "", "is not UTF-8", "save the file as CSV UTF-8")
        return None


def _header(cells: list[str], number: int, shape: Shape, problems: Problems) -> list[str]:
    columns = [cell.lower().replace(" ", "_").replace("-", "_") for cell in cells]
    known = [*shape.required, *shape.optional]
    for index, column in enumerate(columns):
        if not column:
            what = f"column number {index + 1} has no name"
            problems.add(shape.file, number, "", what, "name it or delete it")
        elif column in columns[:index]:
            problems.add(shape.file, number, shown(column), "stands twice", "delete one of them")
        elif column not in known:
            absent = [name for name in known if name not in columns]
            if mend := nearest(column, absent):
                problems.add(shape.file, number, shown(column), "is an unknown column", mend)
    for column in shape.required:
        if column not in columns:
            problems.add(shape.file, number, column, "is missing", "add the column")
    return columns


def _check(
    cells: list[str], columns: list[str], number: int, shape: Shape, problems: Problems
) -> None:
    if any(cells[len(columns) :]):
        what = f"has {len(cells)} cells for {len(columns)} columns"
        mend = "put a text that holds the separator into quotation marks"
        problems.add(shape.file, number, "", what, mend)
    for column, cell in zip(columns, cells, strict=False):
        if not cell and column in shape.required:
            problems.add(shape.file, number, column, "is empty", "fill it in, or delete the row")
        if not cell.isprintable():
            what = "holds a line break or a control character"
            problems.add(shape.file, number, column, what, "type it on one line again")
