"""Reads values by the type that the org gives them; one that does not fit is empty and counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from connectors.salesforce.values import Row

_NUMBERS = frozenset({"int", "double", "currency", "percent", "long"})
_WRITTEN = _NUMBERS | {"boolean"}
"""What a CSV must write as text and is none."""
_FLAGS = frozenset({"IsDeleted", "IsActive"})
"""Fields of every parent that are yes or no; a description tells of an object's own alone."""
_COMPOUND = frozenset({"address", "location", "complexvalue", "anyType"})


class Oddities:
    """How many values of which fields of an object did not fit their type."""

    def __init__(self, sobject: str) -> None:
        self._sobject = sobject
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, field: str) -> None:
        """One more."""
        with self._lock:
            self._counts[field] += 1

    def said(self) -> str:
        """A sentence about them; '' when there are none."""
        with self._lock:
            counts = sorted(self._counts.items())
        if not counts:
            return ""
        each = ", ".join(f"{number:,} of {name}" for name, number in counts)
        return f"{self._sobject}: values that do not fit their type were left out: {each}"


class Tidy:
    """Puts the rows of one read right."""

    def __init__(self, kinds: Mapping[str, str], odd: Oddities) -> None:
        self._odd = odd
        self._kinds = kinds
        self._checked = {name: kind for name, kind in kinds.items() if kind in _EXPECTED}

    def row(self, row: Row) -> Row:
        """A row of a JSON answer, emptied of what does not fit."""
        for name, kind in self._checked.items():
            value = row.get(name)
            if value is None:
                continue
            fits = isinstance(value, _EXPECTED[kind])
            if not fits or (kind in _NUMBERS and isinstance(value, bool)):
                self._odd.count(name)
                row[name] = None
        return row

    def from_csv(self, names: Sequence[str]) -> Callable[[Sequence[str]], Row]:
        """What makes a row as its JSON would be out of the cells of a line under these names."""
        plain = [(place, name) for place, name in enumerate(names) if "." not in name]
        below = [(place, name.split(".")) for place, name in enumerate(names) if "." in name]
        typed = [name for _, name in plain if self._kinds.get(name) in _WRITTEN]

        def made(cells: Sequence[str]) -> Row:
            row: Row = {name: cells[place] or None for place, name in plain}
            for name in typed:
                if row[name] is not None:
                    row[name] = self._typed(name, str(row[name]))
            for place, path in below:
                value: object = cells[place] or None
                if path[-1] in _FLAGS and value is not None:
                    value = cells[place].lower() == "true"
                _put(row, path, value)
            return row

        return made

    def _typed(self, name: str, cell: str) -> object:
        kind = self._kinds[name]
        if kind == "boolean":
            if cell.lower() in ("true", "false"):
                return cell.lower() == "true"
        else:
            try:
                return int(cell) if kind == "int" else float(cell)
            except ValueError:
                pass
        self._odd.count(name)
        return None


def _put(row: Row, path: Sequence[str], value: object) -> None:
    """Set the value at the end of a path such as ``UserRole.Name``."""
    *steps, last = path
    for step in steps:
        inner = row.get(step)
        if not isinstance(inner, dict):
            inner = row[step] = {}
        row = inner
    row[last] = value


_EXPECTED: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    **dict.fromkeys(_NUMBERS, (int, float)),
    **dict.fromkeys(("id", "reference", "date", "datetime", "time"), (str,)),
    **dict.fromkeys(("string", "textarea", "picklist", "email", "phone", "url"), (str,)),
    **dict.fromkeys(("combobox", "multipicklist", "encryptedstring"), (str,)),
    **dict.fromkeys(_COMPOUND, (str,)),
}
