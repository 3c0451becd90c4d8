"""A context with a CRM in memory: what hints do to the watermarks, without a worker around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from connectors.base import HintSource, Webhook
from connectors.live import Usage
from connectors.people_csv.crm import PeopleCsv
from connectors.people_csv.settings import CsvSettings
from routing.policy import Policy
from tests.contract.flow_kit import csv_policy, write_crm
from tests.story.world import MONDAY
from worker.clock import Clock
from worker.context import Context
from worker.dispatch import dispatch_for
from worker.hints import Hints
from worker.listening import Listening
from worker.store.engine import Store
from worker.store.tables import WATERMARK
from worker.sync import prepare_mirror, sync, sync_all

GAP = timedelta(seconds=5)


class HandClock:
    """A time that moves by hand."""

    def __init__(self) -> None:
        self.at = MONDAY

    def now(self) -> datetime:
        """The present moment."""
        return self.at

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.at += timedelta(**by)


class Telling(PeopleCsv):
    """A folder as a CRM that has ways to tell of changes, and a day's calls."""

    def __init__(
        self,
        folder: Path,
        sources: Sequence[HintSource] = (),
        webhooks: Sequence[Webhook] = (),
    ) -> None:
        super().__init__(CsvSettings(folder=folder))
        self.hint_sources = sources
        self.webhooks = webhooks
        self.usage: Usage | None = None
        self.reads: list[str] = []

    def day_usage(self) -> Usage | None:
        """As told."""
        return self.usage

    def read(self, name: str, watermark: str | None) -> Any:
        """Count the read."""
        self.reads.append(name)
        return super().read(name, watermark)


@dataclass
class Desk:
    """The context, its hints, and the hands of the clock."""

    store: Store
    folder: Path
    sources: Sequence[HintSource] = ()
    clock: HandClock = field(default_factory=HandClock)

    def __post_init__(self) -> None:
        write_crm(self.folder)
        self.crm = Telling(self.folder, self.sources)
        clock: Clock = self.clock
        self.ctx = Context(
            store=self.store,
            clock=clock,
            policy=Policy.model_validate(csv_policy()),
            dispatch=dispatch_for(self.store, slow=frozenset({"sync"})),
            crm=self.crm,
            surfaces={},
        )
        prepare_mirror(self.store, self.crm, self.clock.now())
        self.hints = Hints(self.ctx, GAP)
        self.listening = Listening(self.ctx, self.hints)
        self.listening.prepare()

    def mirror(self) -> None:
        """Read everything now."""
        sync_all(self.ctx)
        self.crm.reads.clear()

    def tick(self, seconds: float = 1.0) -> None:
        """A second passes: hints are looked at, and what is due is read."""
        self.clock.forward(seconds=seconds)
        self.hints.look()
        for one in self.crm.objects:
            sync(self.ctx, one.name)

    def due_in(self, name: str) -> float:
        """Seconds until the next read of an object."""
        with self.store.read() as conn:
            query = select(WATERMARK.c.next_at).where(WATERMARK.c.object == name)
            due: datetime = conn.execute(query).scalar_one()
        return (due - self.clock.now()).total_seconds()

    def mark(self, name: str, **values: Any) -> None:
        """Change a watermark's row by hand."""
        with self.store.write() as tx:
            tx.conn.execute(update(WATERMARK).where(WATERMARK.c.object == name).values(values))
