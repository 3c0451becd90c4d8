"""Associations between records, kept both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.sandbox.hubspot.schema import Pair, standard_pairs, turned

Ids = tuple[int, ...]
PRIMARY = {1, 2, 5, 6, 25, 26, 578, 579}
HUBSPOT, USER = "HUBSPOT_DEFINED", "USER_DEFINED"


@dataclass(frozen=True, slots=True)
class Label:
    """A label that the account gave to associations of two types, one way."""

    from_type: str
    to_type: str
    kind: int
    text: str | None


class Links:
    """For each pair of types: from an id to the ids that it is associated with, and as what."""

    def __init__(self) -> None:
        self._ways: dict[tuple[str, str], dict[int, dict[int, Ids]]] = {}
        self._pairs = standard_pairs()
        self._labels: dict[int, Label] = {}
        self._last = 0

    def pair(self, from_type: str, to_type: str) -> Pair | None:
        """The association ids as seen from ``from_type``; None where the two do not associate."""
        found = self._pairs.get((from_type, to_type))
        if found is not None:
            return found
        other = self._pairs.get((to_type, from_type))
        return None if other is None else turned(other)

    def known_way(self, from_type: str, to_type: str) -> bool:
        """Whether this is the way round in which the pair of types is defined."""
        return (from_type, to_type) in self._pairs

    def define(self, from_type: str, to_type: str) -> Pair:
        """Let two types associate, as the account defines it for its own types."""
        there, back = self._new_ids()
        self._labels[there] = Label(from_type, to_type, there, None)
        self._labels[back] = Label(to_type, from_type, back, None)
        self._pairs[from_type, to_type] = Pair(there, back)
        return self._pairs[from_type, to_type]

    def define_label(self, from_type: str, to_type: str, text: str) -> int:
        """A new label for associations of two types; its type id as seen from ``from_type``."""
        there, back = self._new_ids()
        self._labels[there] = Label(from_type, to_type, there, text)
        self._labels[back] = Label(to_type, from_type, back, text)
        return there

    def _new_ids(self) -> tuple[int, int]:
        """The account's own ids are counted beside HubSpot's; in here they are negative."""
        self._last -= 2
        return self._last + 1, self._last

    def of(self, from_type: str, from_id: int, to_type: str) -> dict[int, Ids]:
        """Associated ids with their association type ids, in order of making."""
        return dict(self._ways.get((from_type, to_type), {}).get(from_id, {}))

    def join(self, from_type: str, from_id: int, to_type: str, to_id: int) -> None:
        """Associate, as the one primary of ``from`` where the pair of types knows such a thing.

        Raises KeyError for types that do not associate.
        """
        kinds = self.pair(from_type, to_type)
        if kinds is None:
            raise KeyError((from_type, to_type))
        there: Ids = (kinds.there,)
        back: Ids = (kinds.back,)
        if kinds.primary is not None and kinds.primary_back is not None:
            there, back = (kinds.primary, kinds.there), (kinds.primary_back, kinds.back)
            for other in self.of(from_type, from_id, to_type):
                self._put(from_type, from_id, to_type, other, (kinds.there,), (kinds.back,))
        self._put(from_type, from_id, to_type, to_id, there, back)

    def join_as(self, from_type: str, from_id: int, to_type: str, to_id: int, kind: int) -> bool:
        """Associate under one association type id; False when the pair does not know it."""
        kinds = self.pair(from_type, to_type)
        if kinds is None or not self.knows(from_type, to_type, kind):
            return False
        if kind == kinds.primary:
            self.join(from_type, from_id, to_type, to_id)
            return True
        if to_id not in self.of(from_type, from_id, to_type):
            self._put(from_type, from_id, to_type, to_id, (kinds.there,), (kinds.back,))
        if kind != kinds.there:
            self._mark(from_type, from_id, to_type, to_id, kind)
        return True

    def knows(self, from_type: str, to_type: str, kind: int) -> bool:
        """Whether an association type id may be used between two types."""
        kinds, label = self.pair(from_type, to_type), self._labels.get(kind)
        named = label is not None and (label.from_type, label.to_type) == (from_type, to_type)
        return kinds is not None and (named or kind in (kinds.there, kinds.primary))

    @staticmethod
    def own_id(category: object, kind: int) -> int:
        """How an association type of the API is counted in here."""
        return -kind if category == USER else kind

    def category(self, kind: int) -> str:
        """Who defined an association type."""
        return USER if kind < 0 else HUBSPOT

    def labels(self, from_type: str, to_type: str) -> list[Ids]:
        """Every association type id between two types, each by itself."""
        kinds = self.pair(from_type, to_type)
        own = [kinds.there] if kinds else []
        own += [kinds.primary] if kinds and kinds.primary is not None else []
        named = [
            one.kind
            for one in self._labels.values()
            if (one.from_type, one.to_type) == (from_type, to_type) and one.kind not in own
        ]
        return [(kind,) for kind in (*own, *named)]

    def _mark(self, from_type: str, from_id: int, to_type: str, to_id: int, kind: int) -> None:
        there = self.of(from_type, from_id, to_type)[to_id]
        back = self.of(to_type, to_id, from_type)[from_id]
        if kind not in there:
            # The two directions of a label have neighbouring ids.
            self._put(from_type, from_id, to_type, to_id, (*there, kind), (*back, _other(kind)))

    def _put(
        self, from_type: str, from_id: int, to_type: str, to_id: int, there: Ids, back: Ids
    ) -> None:
        ways = self._ways
        ways.setdefault((from_type, to_type), {}).setdefault(from_id, {})[to_id] = there
        ways.setdefault((to_type, from_type), {}).setdefault(to_id, {})[from_id] = back

    def part(self, from_type: str, from_id: int, to_type: str, to_id: int) -> None:
        """Take an association away."""
        self._ways.get((from_type, to_type), {}).get(from_id, {}).pop(to_id, None)
        self._ways.get((to_type, from_type), {}).get(to_id, {}).pop(from_id, None)

    def forget(self, kind: str, record_id: int) -> None:
        """Take all associations of a record away."""
        for from_type, to_type in [way for way in self._ways if way[0] == kind]:
            for other in self.of(from_type, record_id, to_type):
                self.part(from_type, record_id, to_type, other)

    def move(self, kind: str, old: int, new: int) -> None:
        """Hand a record's associations on to another."""
        for from_type, to_type in [way for way in self._ways if way[0] == kind]:
            kinds = self.pair(from_type, to_type)
            for other in self.of(from_type, old, to_type):
                self.part(from_type, old, to_type, other)
                if kinds is not None and other not in self.of(from_type, new, to_type):
                    self._put(from_type, new, to_type, other, (kinds.there,), (kinds.back,))

    def told(self, kinds: Ids) -> Iterator[dict[str, object]]:
        """Association types as version 4 of the API tells them."""
        for kind in kinds:
            named = self._labels.get(kind)
            text = named.text if named else ("Primary" if kind in PRIMARY else None)
            yield {"category": self.category(kind), "typeId": abs(kind), "label": text}


def _other(kind: int) -> int:
    return kind - 1 if kind % 2 else kind + 1
