"""A worker's mirror before a CRM sandbox whose history hypothesis writes.

An action is ``(name, a, b)``: a method of the history and two numbers that say which record and
which change. Histories differ by CRM; what happens to the sync is the same for both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select

from connectors.base import Crm, MirrorObject
from connectors.http import HttpSettings
from connectors.sandbox.faults import App, Fault, Faults, Receive, Scope, Send
from connectors.sandbox.serving import Serving
from routing.policy import Policy
from tests.story.world import small_policy
from worker.context import Context
from worker.dispatch.in_process import InProcess
from worker.reconcile import Drift, prepare_reconcile, reconcile
from worker.store.engine import Store
from worker.store.mirror import table_of
from worker.sync import prepare_mirror, sync, sync_all

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
IMPATIENT = HttpSettings(connect_timeout=2, read_timeout=5, tries=2, longest_wait=0)
MINUTES = (0.0, 0.4, 3.0, 9.0, 12.0, 45.0, 300.0)
SKEWS = (0.0, 0.0, -1.0, 1.0, -90.0, 90.0)
Action = tuple[str, int, int]
Rows = dict[str, tuple[Any, ...]]
"""What an object holds: by record id the values that are compared."""
Item = TypeVar("Item")

settings.register_profile(
    "steady",
    max_examples=20,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile(
    "search", settings.get_profile("steady"), max_examples=250, derandomize=False
)
PROFILE = settings.get_profile(os.environ.get("HOTLEAD_FUZZ", "steady"))
"""The same histories each time; ``HOTLEAD_FUZZ=search`` looks for new ones."""


def histories(names: Sequence[str]) -> st.SearchStrategy[list[Action]]:
    """Lists of actions with these names."""
    number = st.integers(0, 99)
    return st.lists(st.tuples(st.sampled_from(names), number, number), min_size=8, max_size=24)


class Crash(BaseException):
    """Ends the process in the middle of a read."""


class Death:
    """Ends the process at a statement or commit of the store, or while the CRM answers a call.

    A dead process writes nothing any more, not even that it broke off: its leases stay behind.
    """

    def __init__(self, engine: Engine, door: Door) -> None:
        self._door = door
        self._statements: int | None = None
        self._calls: int | None = None
        event.listen(engine, "before_cursor_execute", self._at_statement)
        event.listen(engine, "commit", self._at_statement)

    @contextmanager
    def after(self, *, statements: int | None = None, calls: int | None = None) -> Iterator[None]:
        """Die after so many statements, or while so many calls and one are answered."""
        self._statements, self._calls = statements, calls
        self._door.heard = self._at_call
        try:
            with suppress(Crash):
                yield
        finally:
            self._statements = self._calls = None
            self._door.heard = lambda: None

    def _at_statement(self, *_: object) -> None:
        if self._statements is None:
            return
        if self._statements <= 0:
            raise Crash
        self._statements -= 1

    def _at_call(self) -> None:
        if self._calls is None:
            return
        if self._calls <= 0:
            self._statements = 0
            return
        self._calls -= 1


class HandClock:
    """The worker's clock, moved by hand."""

    at = START

    def now(self) -> datetime:
        """The present moment."""
        return self.at


class Door:
    """One served address behind which the sandbox is changed from example to example."""

    def __init__(self) -> None:
        self.app: App | None = None
        self.log: list[tuple[str, str]] = []
        """Method and path with query of every request."""
        self.heard: Callable[[], None] = lambda: None
        """Called for each request before it is answered."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        if scope["type"] == "http":
            query = scope.get("query_string", b"").decode()
            self.log.append((scope["method"], f"{scope['path']}?{query}"))
            self.heard()
        await self.app(scope, receive, send)


@contextmanager
def served() -> Iterator[tuple[Door, str]]:
    """A door, and its address."""
    door = Door()
    with Serving(door) as serving:
        yield door, serving.url


class History:
    """What happens to one CRM and one mirror of it. Subclasses say what the CRM's users do."""

    crm: Crm
    faults: Faults
    paths: Sequence[str] = ("/",)
    """What faults are ordered for."""
    edits: Sequence[str] = ()
    """The actions of the CRM's users that the sync alone must see."""
    hidden: Sequence[str] = ()
    """The actions of which the CRM tells nobody: a reconcile must see them."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.time = START
        self.skew = timedelta(0)
        self.clock = HandClock()

    def open(self, url: str) -> None:
        """Begin with an empty mirror."""
        policy = Policy.model_validate(small_policy())
        self.ctx = Context(
            store=Store(url),
            clock=self.clock,
            policy=policy,
            dispatch=InProcess(),
            crm=self.crm,
            surfaces={},
        )
        prepare_mirror(self.ctx.store, self.crm, self.time)
        prepare_reconcile(self.ctx.store, self.crm, self.time)
        self.death = Death(self.ctx.store.engine, self.door)

    def connect(self) -> None:
        """Start the worker's adapter, which remembers nothing of the one before."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back the store and the connections."""
        self.crm.close()
        self.ctx.store.close()

    def play(self, actions: Sequence[Action]) -> None:
        """One after the other."""
        for name, a, b in actions:
            getattr(self, name)(a, b)

    def edit(self, a: int, b: int) -> None:
        """Any one thing that a user of the CRM does."""
        self.play([(pick(self.edits, a), b, a + b)])

    def passing(self, a: int, b: int) -> None:
        """Time passes."""
        self.forward(minutes=pick(MINUTES, a) + b / 60)

    def step(self, a: int, b: int) -> None:
        """Somebody sets the clock of the worker's machine."""
        self.skew = timedelta(minutes=pick(SKEWS, a))
        self.forward()

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.time += timedelta(**span)
        self.clock.at = self.time + self.skew

    def sync_whole(self, a: int, b: int) -> None:
        """A sync of everything."""
        sync_all(self.ctx)

    def sync_one(self, a: int, b: int) -> None:
        """A sync of one object."""
        sync(self.ctx, pick(self.crm.objects, a).name, force=True)

    def sync_while_edited(self, a: int, b: int) -> None:
        """A sync between whose pages the CRM's users go on."""
        edits = iter([(pick(self.edits, a + turn), b + turn, a * b + turn) for turn in range(4)])

        def meanwhile(name: str, records: int, total: int | None) -> None:
            self.play([action for action in [next(edits, None)] if action is not None])

        sync(self.ctx, pick(self.crm.objects, b).name, force=True, progress=meanwhile)

    def sync_troubled(self, a: int, b: int) -> None:
        """A sync that breaks off at the call ``a`` by an error of the CRM or of the net."""
        self._troubled(a, b, lambda: sync_all(self.ctx))

    def sync_crashed(self, a: int, b: int) -> None:
        """A sync that ends with the process, at some page of some object."""
        sync_crash = crash_after(a % 4)
        with suppress(Crash):
            sync(self.ctx, pick(self.crm.objects, b).name, force=True, progress=sync_crash)

    def sync_killed(self, a: int, b: int) -> None:
        """A sync whose process dies at any statement or call; another takes over later."""
        self._killed(a, b, lambda: sync_all(self.ctx))

    def reconcile_killed(self, a: int, b: int) -> None:
        """A reconcile whose process dies at any statement or call."""
        name = pick(self._incremental, a).name
        self._killed(b, a, lambda: reconcile(self.ctx, name, force=True))

    def _killed(self, a: int, b: int, act: Callable[[], object]) -> None:
        when = {"calls": a % 25} if b % 3 == 0 else {"statements": (a * b + a) % 150}
        with self.death.after(**when):
            act()
        self.crm.close()
        self.connect()
        self.ctx = replace(self.ctx, crm=self.crm)
        if b % 2:
            self.forward(minutes=4)  # beyond the leases of the dead

    def reconcile_one(self, a: int, b: int) -> None:
        """A reconcile of one object, well or troubled."""
        name = pick(self._incremental, a).name
        if b % 2:
            reconcile(self.ctx, name, force=True)
        else:
            self._troubled(b // 2, a, lambda: reconcile(self.ctx, name, force=True))

    @property
    def _incremental(self) -> list[MirrorObject]:
        return [one for one in self.crm.objects if not one.full]

    def _troubled(self, a: int, b: int, act: Callable[[], object]) -> None:
        trouble: Mapping[str, Any] = pick(
            (
                {"kind": "status", "status": 500, "body": {"message": "internal error"}},
                {"kind": "status", "status": 429, "body": {"message": "too many requests"}},
                {"kind": "status", "status": 503, "body": "down for maintenance"},
                {"kind": "reset_before"},
                {"kind": "reset_after"},
            ),
            b,
        )
        times = -1 if b % 3 else 1
        self.faults.order(Fault(path=pick(self.paths, a + b), skip=a % 30, times=times, **trouble))
        act()
        self.faults.clear()

    def settle(self) -> None:
        """Time passes beyond every overlap and timer, and undisturbed syncs follow."""
        for _ in range(2):
            self.forward(minutes=31)
            read = sync_all(self.ctx)
            assert all(read.values()), [name for name, done in read.items() if not done]

    def reconcile_all(self) -> dict[str, Drift]:
        """A whole reconcile, undisturbed."""
        found = {one.name: reconcile(self.ctx, one.name, force=True) for one in self._incremental}
        assert all(drift is not None for drift in found.values()), found
        return {name: drift for name, drift in found.items() if drift is not None}

    def held(self, name: str, columns: Sequence[str]) -> Rows:
        """The living rows of an object in the mirror."""
        thing = next(one for one in self.crm.objects if one.name == name)
        table = table_of(thing.noun)
        wanted = [table.c.id, *(table.c[column] for column in columns)]
        query = select(*wanted).where(table.c.object == name, table.c.deleted_at.is_(None))
        with self.ctx.store.read() as conn:
            return {row[0]: tuple(row[1:]) for row in conn.execute(query)}

    def truth(self, *, whole: bool) -> dict[str, tuple[Sequence[str], Rows]]:
        """For each object the columns to compare and what the CRM holds in them.

        Without ``whole`` only what the CRM tells by its stamps, lists and timers.
        """
        raise NotImplementedError

    def compare(self, *, whole: bool) -> None:
        """The mirror holds what the CRM holds, no more and no less."""
        for name, (columns, expected) in self.truth(whole=whole).items():
            assert (name, self.held(name, columns)) == (name, expected)


@contextmanager
def opened(history: History, migrated: Path) -> Iterator[History]:
    """The history with a store of its own."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "hotlead.db"
        shutil.copyfile(migrated, path)
        history.open(f"sqlite:///{path}")
        try:
            yield history
        finally:
            history.close()


def pick(of: Sequence[Item], number: int) -> Item:
    """One of them."""
    return of[number % len(of)]


def crash_after(pages: int) -> Callable[[str, int, int | None], None]:
    """A progress report that ends the process after so many pages."""
    left = [pages]

    def report(name: str, records: int, total: int | None) -> None:
        if left[0] == 0:
            raise Crash
        left[0] -= 1

    return report
