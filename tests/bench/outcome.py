"""What a bench says: one line a measure, each beside its yardstick."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure. ``yardstick`` None: there is nothing to hold it against.

    ``more``: more is better. The ratio is always ours to the yardstick.
    """

    name: str
    ours: float
    yardstick: float | None
    unit: str
    more: bool = False

    @property
    def ratio(self) -> float | None:
        """Ours divided by the yardstick."""
        return self.ours / self.yardstick if self.yardstick else None

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self) | {"ratio": self.ratio}


def percentile(values: Sequence[float], at: float) -> float:
    """The nearest-rank percentile of at least one value."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(at / 100 * len(ordered)) - 1)]


def show(measures: Sequence[Measure], console: Console) -> None:
    """Print the table."""
    table = Table("measure", "unit", box=None, pad_edge=False)
    for name in ("ours", "yardstick", "ratio", "better is"):
        table.add_column(name, justify="right")
    for one in measures:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        beside = "" if one.yardstick is None else _figure(one.yardstick)
        better = "more" if one.more else "less"
        table.add_row(one.name, one.unit, _figure(one.ours), beside, ratio, better)
    console.print(table)


def _figure(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 100 else f"{value:.2f}"
