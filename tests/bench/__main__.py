"""``python -m tests.bench``: every measure beside its yardstick, in the same run."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from rich.console import Console

from tests.bench.decisions import measure_decisions
from tests.bench.flow import Size, measure_flow
from tests.bench.mirror import measure_million, measure_mirror
from tests.bench.outcome import Measure, Tell, show

FULL = Size(reps=400, singles=300, stream=600, rounds=2)
CONTACTS = 100_000
QUICK_CONTACTS = 10_000
MILLION = 1_000_000
QUICK = Size(reps=100, singles=50, stream=100, rounds=1)
DECISIONS, QUICK_DECISIONS = 2000, 300


def main() -> None:
    """Measure, print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--decisions", action="store_true", help="only decisions and proofs")
    parser.add_argument("--million", action="store_true", help="only the first load of a million")
    args = parser.parse_args()
    console = Console(stderr=True)
    began = time.monotonic()

    def tell(what: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/]  {what}", highlight=False)

    with tempfile.TemporaryDirectory(prefix="hotlead-bench-") as name:
        folder = Path(name)
        if args.million:
            contacts = MILLION // 10 if args.quick else MILLION
            measures = measure_million(folder / "million", contacts, tell)
        elif args.decisions:
            measures = _decisions(folder, args.quick, tell)
        else:
            measures = _everything(folder, args.quick, tell)
    show(measures, Console())
    tell("done")
    if args.json:
        figures = [one.as_json() for one in measures]
        args.json.write_text(json.dumps({"quick": args.quick, "measures": figures}, indent=1))


def _everything(folder: Path, quick: bool, tell: Tell) -> list[Measure]:
    measures = measure_flow(folder, QUICK if quick else FULL, tell)
    contacts = QUICK_CONTACTS if quick else CONTACTS
    for crm in ("salesforce", "hubspot"):
        measures += measure_mirror(folder / crm, crm, contacts, tell)
    return measures + _decisions(folder, quick, tell)


def _decisions(folder: Path, quick: bool, tell: Tell) -> list[Measure]:
    many, decisions = (CONTACTS, QUICK_DECISIONS) if quick else (MILLION, DECISIONS)
    accounts = QUICK_CONTACTS if quick else CONTACTS
    return measure_decisions(folder / "core", many, decisions, accounts, tell)


if __name__ == "__main__":
    main()
