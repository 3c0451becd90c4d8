"""Associations between records, kept both ways."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.sandbox.hubspot.schema import pair

Ids = tuple[int, ...]
LABELS = {1: "Primary", 2: "Primary", 5: "Primary", 6: "Primary"}


class Links:
    """For each pair of types: from an id to the ids that it is associated with, and as what."""

    def __init__(self) -> None:
        self._ways: dict[tuple[str, str], dict[int, dict[int, Ids]]] = {}

    def of(self, from_type: str, from_id: int, to_type: str) -> dict[int, Ids]:
        """Associated ids with their association type ids, in order of making."""
        return dict(self._ways.get((from_type, to_type), {}).get(from_id, {}))

    def join(self, from_type: str, from_id: int, to_type: str, to_id: int) -> None:
        """Associate, as the one primary of ``from`` where the pair of types knows such a thing.

        Raises KeyError for types that do not associate.
        """
        kinds = pair(from_type, to_type)
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
        kinds = pair(from_type, to_type)
        if kinds is None or kind not in (kinds.there, kinds.primary):
            return False
        if kind == kinds.primary:
            self.join(from_type, from_id, to_type, to_id)
        elif to_id not in self.of(from_type, from_id, to_type):
            self._put(from_type, from_id, to_type, to_id, (kinds.there,), (kinds.back,))
        return True

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
            kinds = pair(from_type, to_type)
            for other in self.of(from_type, old, to_type):
                self.part(from_type, old, to_type, other)
                if kinds is not None and other not in self.of(from_type, new, to_type):
                    self._put(from_type, new, to_type, other, (kinds.there,), (kinds.back,))

    def told(self, kinds: Ids) -> Iterator[dict[str, object]]:
        """Association types as version 4 of the API tells them."""
        for kind in kinds:
            yield {"category": "HUBSPOT_DEFINED", "typeId": kind, "label": LABELS.get(kind)}
