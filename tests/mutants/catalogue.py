"""Every mutant, in the order of the traps."""

from __future__ import annotations

from tests.mutants import of_calling, of_listening, of_reading
from tests.mutants.mutant import NAMES

MUTANTS = tuple(
    sorted(
        (*of_reading.MUTANTS, *of_calling.MUTANTS, *of_listening.MUTANTS),
        key=lambda one: NAMES.index(one.pitfall),
    )
)
