"""What is switched off and why, one note a topic, gone when the topic is well again."""

from __future__ import annotations

import threading


class Notes:
    """``shown`` is the list that people read; it is changed in place."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self._by_topic: dict[str, str] = {}
        self._lock = threading.Lock()

    def say(self, topic: str, text: str) -> None:
        """Set the note of a topic."""
        with self._lock:
            self._by_topic[topic] = text
            self.shown[:] = list(self._by_topic.values())

    def drop(self, topic: str) -> None:
        """Take the note of a topic away."""
        with self._lock:
            self._by_topic.pop(topic, None)
            self.shown[:] = list(self._by_topic.values())
