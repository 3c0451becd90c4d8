"""``make mutants``: takes each cure away in a copy of the tree and demands that its tests fail.

``--only R5 R7`` looks at some traps alone; ``--list`` shows the mutants; ``--write`` writes the
table of docs/pitfalls.md. Ends with 1 when a mutant survives, or a test fails without one.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import NAMES, ROOT, Mutant
from tests.mutants.table import write_table

_LIMIT = 600
"""Seconds for the tests of one mutant; one that hangs is caught, for its test did not pass."""
_CAUGHT, _HUNG = "caught", "hung"
"""A test that hangs without its cure has failed as well, but a slow machine looks like it."""
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "__pycache__", ".*_cache", ".hypothesis", "*.pyc"
)
_FAILED = re.compile(r"^FAILED ([^\s\[]+)", re.M)
_BROKEN = re.compile(r"^ERROR ([^\s\[]+)", re.M)


def main(given: Sequence[str] | None = None) -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(given)
    if options.write:
        write_table()
        return 0
    chosen = [one for one in MUTANTS if one.pitfall in options.only]
    if options.list:
        print("\n".join(f"{one.pitfall:4} {one.file}: {one.cure}" for one in chosen))
        return 0
    with tempfile.TemporaryDirectory(prefix="hotlead-mutants-") as folder:
        return _run(chosen, Path(folder) / "tree")


def _run(mutants: Sequence[Mutant], tree: Path) -> int:
    shutil.copytree(ROOT, tree, ignore=_LEFT_OUT, symlinks=True)
    every = sorted({test for one in mutants for test in one.tests})
    print(f"{len(mutants)} mutants; first the {len(every)} tests without any ...", flush=True)
    code, text = _tests(tree, every)
    if code != 0:
        print(text[-6000:])
        print("Tests fail without any mutant: mend them first.")
        return 1
    wrong = []
    for number, one in enumerate(mutants, 1):
        begun = time.monotonic()
        said = _look(one, tree, number)
        took = time.monotonic() - begun
        print(f"{said:9} {one.pitfall:4} {took:5.0f} s  {one.cure}", flush=True)
        if said not in (_CAUGHT, _HUNG):
            wrong.append(one)
    print(f"{len(mutants) - len(wrong)} of {len(mutants)} mutants are caught by their tests.")
    return 1 if wrong else 0


def _look(mutant: Mutant, tree: Path, number: int) -> str:
    """In a word: whether each of its tests fails, or what is wrong."""
    file = tree / mutant.file
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(mutant.applied(before), encoding="utf-8")
        # Python tells by second and size whether what it compiled is still good.
        _stamp(file, number)
        code, text = _tests(tree, mutant.tests)
    finally:
        file.write_text(before, encoding="utf-8")
        _stamp(file, -number)
    if code is None:
        return _HUNG
    failed = set(_FAILED.findall(text))
    spared = [one for one in mutant.tests if one not in failed]
    if spared:
        broken = _BROKEN.findall(text)
        print(text[-3000:] if broken else f"  passes without the cure: {', '.join(spared)}")
        return "BROKEN" if broken else "SURVIVED"
    return _HUNG if "Failed: Timeout" in text else _CAUGHT


def _stamp(file: Path, number: int) -> None:
    when = time.time() + 10 * number
    os.utime(file, (when, when))


def _tests(tree: Path, tests: Sequence[str]) -> tuple[int | None, str]:
    """The exit code, None when they took too long, and what pytest said."""
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "--tb=line"]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    try:
        ran = subprocess.run(
            [*command, *tests],
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
        )
    except subprocess.TimeoutExpired as error:
        return None, str(error)
    return ran.returncode, ran.stdout + ran.stderr


if __name__ == "__main__":
    sys.exit(main())
