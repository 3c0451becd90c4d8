"""A mutant, and what the marks on the tests say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = tuple(f"R{number}" for number in range(1, 17))
"""The traps that other connectors fell into, as docs/pitfalls.md names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One cure taken away.

    ``cure`` says in words what is taken away; ``old`` stands exactly once in ``file`` and becomes
    ``new``. Each of ``tests`` (``path::function``) must fail then.
    """

    pitfall: str
    cure: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, text: str) -> str:
        """The text without the cure. Raises ValueError when it is not there exactly once."""
        times = text.count(self.old)
        if times != 1:
            raise ValueError(
                f"{self.pitfall}, {self.cure}: the text to take away stands {times} times in "
                f"{self.file}, and must stand there once. Write the mutant anew for what the cure "
                f"is now. It was:\n{self.old}"
            )
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Marked:
    """A test that is marked ``pitfall(name, trap)``."""

    id: str
    pitfall: str
    trap: str


def marked(root: Path = ROOT) -> Iterator[Marked]:
    """Every marked test, as the files say it."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        if "node_modules" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        if "mark.pitfall" not in text:
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                test = f"{path.relative_to(root).as_posix()}::{node.name}"
                yield from (Marked(test, *told) for told in _marks(node))


def _marks(node: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    for one in node.decorator_list:
        if isinstance(one, ast.Call) and ast.unparse(one.func) == "pytest.mark.pitfall":
            name, trap = (ast.literal_eval(given) for given in one.args)
            yield str(name), str(trap)
