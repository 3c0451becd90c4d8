"""Every trap that other connectors fell into has a test, and every such test a mutant."""

from __future__ import annotations

import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import NAMES, ROOT, Mutant, marked
from tests.mutants.table import table, written

MARKED = list(marked())


@pytest.mark.parametrize("name", NAMES)
def test_every_trap_has_a_test_with_a_sentence_and_a_mutant(name: str) -> None:
    assert [one for one in MARKED if one.pitfall == name and " " in one.trap]
    assert [one for one in MUTANTS if one.pitfall == name]


def test_marks_name_known_traps() -> None:
    assert {one.pitfall for one in MARKED} == set(NAMES)


def test_what_a_mutant_takes_away_stands_there_once() -> None:
    wrong = []
    for one in MUTANTS:
        try:
            one.applied((ROOT / one.file).read_text(encoding="utf-8"))
        except ValueError as error:
            wrong.append(str(error))
    assert wrong == []


def test_the_tests_of_a_mutant_bear_the_mark_of_its_trap() -> None:
    known = {(one.id, one.pitfall) for one in MARKED}
    named = {(test, one.pitfall) for one in MUTANTS for test in one.tests}
    assert named - known == set()


def test_every_marked_test_fails_without_some_cure() -> None:
    caught = {(test, one.pitfall) for one in MUTANTS for test in one.tests}
    assert {(one.id, one.pitfall) for one in MARKED} - caught == set()


def test_a_cure_that_was_written_anew_is_an_error_that_says_so() -> None:
    mutant = Mutant(pitfall="R1", cure="x", file="a.py", old="gone", new="", tests=())
    with pytest.raises(ValueError, match=r"stands 0 times in a\.py"):
        mutant.applied("something else")


def test_the_page_of_traps_is_up_to_date() -> None:
    assert written() == table(), "run: python -m tests.mutants --write"
