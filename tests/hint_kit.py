"""What hints are heard with in tests: positions in a dict, and a listener that ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.base import Hint, HintSource
from tests.waiting import PATIENCE, until


@dataclass
class Ear:
    """Hears one source in a thread; ``told`` is what it was told, in order."""

    source: HintSource
    kept: dict[str, str] = field(default_factory=dict)
    told: list[Hint] = field(default_factory=list)
    error: Exception | None = None
    signs: set[str] = field(default_factory=set)
    """Topics that gave a sign of life since the listening began."""

    def get(self, topic: str) -> str | None:
        """As the protocol of positions says."""
        return self.kept.get(topic) or None

    def put(self, topic: str, position: str) -> None:
        """As the protocol of positions says."""
        self.kept[topic] = position
        self.signs.add(topic)

    @property
    def objects(self) -> list[str]:
        """The objects hinted at so far, each once, in order."""
        return list(dict.fromkeys(name for hint in self.told for name in hint.objects))

    @property
    def records(self) -> list[str]:
        """The ids told so far, each once, in order."""
        return list(dict.fromkeys(one for hint in self.told for one in hint.records))

    def wait_for(self, record_id: str) -> None:
        """Until a record was told of."""
        until(lambda: record_id in self.records or self.error, f"a hint about {record_id}")
        assert self.error is None

    def _hears(self) -> bool:
        """Whether every topic that is subscribed to is really heard."""
        health = self.source.health()
        topics = health.get("topics", [])
        assert isinstance(topics, list)
        return bool(health["connected"]) and self.signs >= set(topics)

    @contextmanager
    def listening(self, *, connected: bool = True) -> Iterator[Ear]:
        """Listen meanwhile; from the moment on in which changes are heard."""
        ended = threading.Event()
        self.signs.clear()

        def run() -> None:
            try:
                self.source.listen(self.told.append, self, ended)
            except Exception as error:
                self.error = error

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            if connected:
                until(lambda: self._hears() or self.error, "a connection")
                assert self.error is None
            yield self
        finally:
            ended.set()
            thread.join(PATIENCE)
            assert not thread.is_alive()
