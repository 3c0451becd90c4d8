"""A parsed query. Positions are offsets into its text, for pointing at what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Name:
    """A field, an object or a path, as written."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Value:
    """A literal. ``kind`` is string, number, boolean, null, datetime, date or range."""

    kind: str
    value: Any
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field operator value``; the value of IN and NOT IN is a tuple of literals."""

    field: Name
    operator: str
    value: Value | tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Junction:
    """``and``, ``or`` or ``not`` over conditions."""

    word: str
    parts: tuple[Condition, ...]


Condition = Comparison | Junction


@dataclass(frozen=True, slots=True)
class Order:
    """One part of ORDER BY."""

    field: Name
    down: bool = False
    nulls_last: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One SELECT; ``fields`` is empty for COUNT()."""

    text: str
    fields: tuple[Name, ...]
    sobject: Name
    where: Condition | None = None
    order: tuple[Order, ...] = field(default=())
    limit: int | None = None
    offset: int = 0
