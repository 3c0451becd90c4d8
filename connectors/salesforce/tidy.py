"""Reads values by the type that the org gives them; one that does not fit is empty and counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

from connectors.salesforce.values import Row

_NUMBERS = frozenset({"int", "double", "currency", "percent", "long"})
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

    def texts(self, names: list[str], cells: list[str]) -> Row:
        """A row of a CSV answer, as the JSON of it would be."""
        row: Row = {}
        for name, cell in zip(names, cells, strict=True):
            *steps, last = name.split(".")
            place = row
            for step in steps:
                inner = place.get(step)
                if not isinstance(inner, dict):
                    inner = place[step] = {}
                place = inner
            place[last] = self._typed(name, cell) if cell else None
        return row

    def _typed(self, name: str, cell: str) -> object:
        kind = self._kinds.get(name, "")
        if kind == "boolean" and cell.lower() in ("true", "false"):
            return cell.lower() == "true"
        if kind in _NUMBERS:
            try:
                return int(cell) if kind == "int" else float(cell)
            except ValueError:
                pass
        elif kind != "boolean":
            return cell
        self._odd.count(name)
        return None


_EXPECTED: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    **dict.fromkeys(_NUMBERS, (int, float)),
    **dict.fromkeys(("id", "reference", "date", "datetime", "time"), (str,)),
    **dict.fromkeys(("string", "textarea", "picklist", "email", "phone", "url"), (str,)),
    **dict.fromkeys(("combobox", "multipicklist", "encryptedstring"), (str,)),
    **dict.fromkeys(_COMPOUND, (str,)),
}
