"""A parsed query. Positions are offsets into its text, for pointing at what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Name:
    """A field, an object or a path, as written; ``alias`` where one follows."""

    text: str
    position: int
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """``NAME(argument)``: an aggregate, a date function or FIELDS; ``argument`` None for none."""

    text: str
    position: int
    argument: Name | None = None
    alias: str = ""


Operand = Name | Call


@dataclass(frozen=True, slots=True)
class Value:
    """A literal. ``kind`` is string, number, boolean, null, datetime, date or range."""

    kind: str
    value: Any
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field operator value``; the value of IN and its like is literals or a query."""

    field: Operand
    operator: str
    value: Value | tuple[Value, ...] | Query


@dataclass(frozen=True, slots=True)
class Junction:
    """``and``, ``or`` or ``not`` over conditions."""

    word: str
    parts: tuple[Condition, ...]


Condition = Comparison | Junction


@dataclass(frozen=True, slots=True)
class Order:
    """One part of ORDER BY."""

    field: Operand
    down: bool = False
    nulls_last: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One SELECT. ``items`` are fields, calls and the queries in parentheses."""

    text: str
    items: tuple[Operand | Query, ...]
    sobject: Name
    where: Condition | None = None
    groups: tuple[Operand, ...] = ()
    having: Condition | None = None
    order: tuple[Order, ...] = field(default=())
    limit: int | None = None
    offset: int = 0

    @property
    def counts(self) -> bool:
        """Whether it is a bare COUNT()."""
        only = self.items[0]
        return (
            len(self.items) == 1
            and isinstance(only, Call)
            and only.text.upper() == "COUNT"
            and only.argument is None
        )
