"""What every step of the flow is given: the store, the clock, the rules and the outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.base import AbsenceReader, Crm, MirrorObject, Reader, Surface
from routing.policy import Policy
from worker.clock import Clock
from worker.dispatch.base import Dispatch
from worker.store.engine import Store

if TYPE_CHECKING:
    from worker.alarms import Alarms
    from worker.budget.governor import Governor
    from worker.claim import Claim
    from worker.fresh.guard import Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things may take before they are looked at again."""

    lease: timedelta = timedelta(seconds=60)
    """A message or task in the act of being sent; after it the outcome counts as unclear."""
    look_again: timedelta = timedelta(seconds=3)
    """After an unclear outcome, before the other side is searched."""
    first_retry: timedelta = timedelta(seconds=2)
    longest_retry: timedelta = timedelta(minutes=10)
    identity: timedelta = timedelta(hours=12)
    unknown_identity: timedelta = timedelta(minutes=10)
    reconcile: timedelta = timedelta(hours=24)
    """Between two reads of an object from end to end."""
    history: timedelta = timedelta(days=90)
    """How long the past values of facts are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One worker's means. Steps take it first and keep nothing of their own."""

    store: Store
    clock: Clock
    policy: Policy
    dispatch: Dispatch
    crm: Crm
    surfaces: Mapping[str, Surface]
    patience: Patience = field(default_factory=Patience)
    guard: Guard | None = None
    """Reads stale facts live before a decision; without one the mirror alone counts."""
    governor: Governor | None = None
    """Sets the pace of polling; without one each object is read at its own interval."""
    alarms: Alarms | None = None
    """Other ways to an admin than the surface; None where none is set up."""
    silent_after: timedelta = timedelta(minutes=10)
    """Messages that wait for so long, while none gets through, are told by another way."""
    reading: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    """The objects that this worker reads just now: records so far, and the total if known."""
    absences: Sequence[AbsenceReader] = ()
    """What tells of absences beside the CRM."""
    claims: dict[str, Claim] = field(default_factory=dict)
    """Messages claimed by the transaction that made them, until their jobs begin."""

    @property
    def mirrored(self) -> list[tuple[Reader, MirrorObject]]:
        """Every object that is mirrored with its reader; the CRM's first, in its own order."""
        readers: tuple[Reader, ...] = (self.crm, *self.absences)
        return [(reader, one) for reader in readers for one in reader.objects]


def retry_delay(patience: Patience, attempts: int) -> timedelta:
    """Doubling from the first retry up to the longest."""
    doubled: timedelta = patience.first_retry * 2 ** min(max(attempts - 1, 0), 16)
    return min(doubled, patience.longest_retry)
