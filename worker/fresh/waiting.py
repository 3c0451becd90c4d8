"""Who waits for live reads, and which reads are under way: the state of the guard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.live import LiveQuestion


@dataclass(slots=True)
class Ask:
    """Somebody waits for scopes. ``act`` is called once: with '' when all were read, else why."""

    question: LiveQuestion
    left: set[str]
    deadline: float
    act: Callable[[str], None]


@dataclass(eq=False, slots=True)
class Reading:
    """One call that is under way."""

    keys: frozenset[str]
    question: LiveQuestion
    overdue: bool = False


@dataclass(slots=True)
class Result:
    """What came of it; ``error`` is '' when all went well."""

    reading: Reading
    error: str = ""


@dataclass(slots=True)
class State:
    """Guarded by the condition of the guard."""

    asks: dict[str, Ask] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    acting: set[str] = field(default_factory=set)
    stopping: bool = False
