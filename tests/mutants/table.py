"""The table of docs/pitfalls.md: trap, cure, where it is, and what holds it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import NAMES, ROOT, marked

PAGE = ROOT / "docs" / "pitfalls.md"
_BEGIN, _END = "<!-- table -->\n", "<!-- end of table -->\n"


def table() -> str:
    """The table as it must stand in the page."""
    return "".join(f"{line}\n" for line in _lines())


def written() -> str:
    """The table that stands in the page."""
    return PAGE.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0]


def write_table() -> None:
    """Put the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    PAGE.write_text(f"{before}{_BEGIN}{table()}{_END}{rest.partition(_END)[2]}", encoding="utf-8")


def _lines() -> Iterator[str]:
    known = list(marked())
    yield "| | trap | without this cure the test fails | cure in | test |"
    yield "|---|---|---|---|---|"
    for name in NAMES:
        for one in (one for one in known if one.pitfall == name):
            held = [made for made in MUTANTS if made.pitfall == name and one.id in made.tests]
            cures = "; ".join(dict.fromkeys(made.cure for made in held))
            files = ", ".join(dict.fromkeys(f"`{made.file}`" for made in held))
            path, _, function = one.id.partition("::")
            test = f"`{path.removeprefix('tests/')}`: {function.removeprefix('test_')}"
            yield f"| {name} | {one.trap} | {cures} | {files} | {test} |"
