"""The further properties that the policy reads, each parsed by its definition.

What a property holds is not always what its type promises: such a value is empty in the mirror,
and counted in a note.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.hubspot.definitions import Definition, Definitions, is_calculated
from connectors.hubspot.notes import Notes
from connectors.hubspot.settings import HubspotSettings
from connectors.hubspot.values import Row, is_day, number, reference, text, to_moment
from routing.mapping import Mapping as Mapped

MOST_COUNTED = 1000


class Odd:
    """Counts the records whose property makes no sense, and says so in a note."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._ids: dict[tuple[str, str], set[str]] = {}
        self._lock = threading.Lock()

    def see(self, kind: str, name: str, record_id: str, *, well: bool) -> None:
        """Note whether the value of one record made sense."""
        with self._lock:
            ids = self._ids.get((kind, name))
            if well and (ids is None or record_id not in ids):
                return
            ids = self._ids.setdefault((kind, name), set())
            if well:
                ids.discard(record_id)
            elif len(ids) < MOST_COUNTED:
                ids.add(record_id)
            topic = f"values:{kind}:{name}"
            if not ids:
                self._notes.drop(topic)
                return
            many = f"{len(ids)}{' or more' if len(ids) == MOST_COUNTED else ''}"
            self._notes.say(topic, f"{many} of {kind} hold no sense in {name}: taken as empty")


@dataclass(frozen=True, slots=True)
class Fields:
    """Properties of one object type that are mirrored by name."""

    kind: str
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    odd: Odd | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, those that exist."""
        return tuple(self.definitions)

    @property
    def signature(self) -> tuple[str, ...]:
        """What the mirrored values depend on: with another one they are read anew."""
        return tuple(f"{name}:{one.get('type')}" for name, one in self.definitions.items())

    @property
    def calculated(self) -> tuple[str, ...]:
        """Those that HubSpot works out."""
        return tuple(name for name, one in self.definitions.items() if is_calculated(one))

    def of(self, row: Row) -> dict[str, str]:
        """Their values in one row."""
        return {name: self._value(row, name, one) for name, one in self.definitions.items()}

    def _value(self, row: Row, name: str, one: Definition) -> str:
        value = text(row, name).strip()
        well = not value or _makes_sense(row, name, one)
        if self.odd is not None:
            self.odd.see(self.kind, name, str(row.get("id")), well=well)
        return value if well else ""


def _makes_sense(row: Row, name: str, one: Definition) -> bool:
    kind = str(one.get("type") or "")
    if kind == "number":
        return number(row, name) is not None
    if kind == "bool":
        return text(row, name).strip().lower() in ("true", "false")
    if kind in ("date", "datetime"):
        return is_day(text(row, name)) or to_moment(text(row, name).strip()) is not None
    if one.get("referencedObjectType") == "OWNER" and one.get("fieldType") != "checkbox":
        return reference(row, name) is not None
    return True


def wanted_fields(settings: HubspotSettings, mapping: Mapped) -> Mapping[str, Sequence[str]]:
    """The further properties of each object type that the policy names."""
    fields = mapping.fields
    return {
        "companies": (*settings.account_fields, *fields.account),
        "contacts": fields.prospect,
        "leads": fields.prospect,
        "deals": fields.deal,
        "users": fields.person,
    }


class Chosen:
    """Which further properties of each type are read, and the notes about them."""

    def __init__(
        self, known: Definitions, notes: Notes, odd: Odd, wanted: Mapping[str, Sequence[str]]
    ) -> None:
        self._known = known
        self._notes = notes
        self._odd = odd
        self._wanted = wanted

    def of(self, kind: str) -> Fields:
        """Those of ``kind`` that exist; a note names the others. Raises ConnectorError."""
        wanted = tuple(dict.fromkeys(self._wanted.get(kind, ())))
        if not wanted:
            return Fields(kind)
        known = self._known.of(kind, wanted)
        found = Fields(kind, {name: known[name] for name in wanted if name in known}, self._odd)
        # A property of prospects is mostly one of contacts: what leads lack is no news.
        missing = [name for name in wanted if name not in known and kind != "leads"]
        self._tell(
            f"missing:{kind}",
            missing,
            lambda names: f"{kind} have no property {names}: what the policy reads there is empty",
        )
        self._tell(
            f"calculated:{kind}",
            found.calculated,
            lambda names: (
                f"HubSpot works out {names} of {kind}, and tells nobody when the value changes: "
                "they are read anew on a timer (hubspot.calculated_minutes)"
            ),
        )
        return found

    def _tell(self, topic: str, names: Iterable[str], words: Callable[[str], str]) -> None:
        joined = ", ".join(names)
        if joined:
            self._notes.say(topic, words(joined))
        else:
            self._notes.drop(topic)
