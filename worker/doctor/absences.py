"""Looks at every source that says who is away."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack

from connectors.base import Check
from worker.absences import absences_for
from worker.clock import Clock
from worker.secrets import Secrets
from worker.settings import Settings
from worker.store.engine import Store


def absence_checks(
    settings: Settings, secrets: Secrets, store: Store, clock: Clock, mute: Collection[str] = ()
) -> Iterator[Check]:
    """The checks of each reader beside the CRM; the CRM's own absences are of its mirror.

    Readers named in ``mute`` are known not to answer and are not asked.
    """
    with ExitStack() as stack:
        for reader in absences_for(settings, secrets, store, clock.now):
            stack.callback(reader.close)
            if reader.name not in mute:
                yield from reader.checks()
