"""Puts a worker together and runs it: store, connectors, dispatch, clock and web in one process."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI

from connectors.base import ButtonPress
from connectors.errors import ConnectorError
from worker.absences import absences_for
from worker.adapters import crm_for, surfaces_for
from worker.alarms import alarms_for
from worker.audit import audit_job
from worker.brief import make_briefs
from worker.budget.governor import Governor
from worker.clock import Clock
from worker.context import Context, Patience
from worker.decide import decide_signal
from worker.deliver import deliver
from worker.digest import make_digests
from worker.dispatch import dispatch_for
from worker.drill import running as drill
from worker.escalate import escalate
from worker.fresh.guard import Guard
from worker.hand_over import review
from worker.hints import Hints
from worker.history import forget
from worker.intake.accept import Intake
from worker.listening import Listening
from worker.medians import publish, publish_due
from worker.outbox import anything_due, free_leases, sweep
from worker.prepare import Preparation
from worker.press import handle_press
from worker.proof.shadowing import SECONDS as SHADOW_SECONDS
from worker.proof.shadowing import Shadowing
from worker.proof.taking_up import promoted_since, why_restart
from worker.proof.versions import note_version, user
from worker.reconcile import prepare_reconcile, reconcile, reconcile_due
from worker.schedule import Schedule
from worker.secrets import Secrets
from worker.settings import Settings, signature_required
from worker.store.engine import Store, StoreError
from worker.store.migrate import migrate
from worker.store.receipts import keep_policy
from worker.sync import Progress, prepare_mirror, sync, sync_all, sync_due
from worker.watchdog import watch
from worker.web.board import board_router
from worker.web.crm_webhooks import webhook_router
from worker.web.health import health_router
from worker.web.metrics import metrics_router
from worker.web.signals import Door, openapi_of, signals_router
from worker.web.why import why_router
from worker.write_back import write_back

SLOW = frozenset({"sync", "reconcile", "medians"})
_RECONCILE_SECONDS = 60.0
_FORGET_SECONDS = 3600.0
_MEDIANS_SECONDS = 60.0
_LISTEN_RETRY = 30.0
log = logging.getLogger(__name__)


class UnsafeError(StoreError):
    """The configuration would let anybody in."""


class Worker:
    """One running Hotlead. ``start`` returns once it serves; ``stop`` finishes work in hand."""

    def __init__(
        self,
        settings: Settings,
        secrets: Secrets,
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        self.settings = settings
        self._secrets = secrets
        self.store = Store(settings.store.url)
        migrate(self.store)
        every = timedelta(hours=settings.clock.reconcile_hours)
        kept = timedelta(days=settings.store.history_days)
        crm = crm_for(settings, secrets, clock)
        self._governor = Governor(self.store, clock, crm, settings.budget)
        self._guard = Guard(
            self.store, clock, crm, settings.freshness, may_read=self._governor.live_refusal
        )
        self.ctx = Context(
            store=self.store,
            clock=clock,
            policy=settings.policy,
            dispatch=dispatch_for(self.store, slow=SLOW),
            crm=crm,
            surfaces=surfaces_for(settings, secrets),
            patience=replace(patience or Patience(), reconcile=every, history=kept),
            guard=self._guard,
            governor=self._governor,
            absences=absences_for(settings, secrets, self.store, clock.now),
            alarms=alarms_for(
                settings.audit, secrets, settings.http, settings.policy.places.admins
            ),
            silent_after=timedelta(minutes=settings.audit.silent_minutes),
        )
        prepare_mirror(self.store, self.ctx.crm, clock.now(), self.ctx.absences)
        prepare_reconcile(self.store, self.ctx.crm, clock.now() + every)
        with self.store.write() as tx:
            keep_policy(tx, settings.policy, clock.now())
            note_version(tx, settings.policy.hash, "loaded", by=user(), now=clock.now())
        self._preparation = Preparation(self.ctx.crm)
        self._not_taken_up = ""
        self.hints = Hints(self.ctx, timedelta(seconds=settings.clock.hint_gap_seconds))
        self._listening = Listening(self.ctx, self.hints)
        self._ended = threading.Event()
        self._routers: list[APIRouter] = []
        self._server: uvicorn.Server | None = None
        self.url = ""

    def serve_also(self, router: APIRouter) -> None:
        """Serve more routes; before ``start``."""
        self._routers.append(router)

    def sync_all(self, progress: Progress | None = None) -> dict[str, bool]:
        """Bring the whole mirror up to date now."""
        return sync_all(self.ctx, progress)

    def start(self) -> None:
        """Begin to listen, deliver, escalate and serve."""
        if self.store.is_sqlite:
            free_leases(self.ctx)
        self.ctx.dispatch.start(self._jobs())
        self._guard.start()
        self.intake = Intake(self.ctx)
        if self._listening.needed:
            self._listening.prepare()
        self.schedule = self._schedule()
        self.schedule.start()
        sync_due(self.ctx)  # what was never read shall not wait for the clock's first tick
        self._preparation.start()
        for surface in self.ctx.surfaces.values():
            threading.Thread(
                target=self._listen, args=(surface,), name=f"listen-{surface.name}", daemon=True
            ).start()
        self._serve()

    def stop(self) -> None:
        """End in order: the door first, then the clock, then the work in hand."""
        self._ended.set()
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join(timeout=5)
            self._socket.close()
        self.intake.stop()
        self._guard.stop()
        self.schedule.stop()
        self._listening.stop()
        self._preparation.stop()
        self.ctx.dispatch.stop()
        self.close()

    def close(self) -> None:
        """Give back connections; all there is to do for a worker that was never started."""
        for surface in self.ctx.surfaces.values():
            surface.close()
        for reader in (self.ctx.crm, *self.ctx.absences):
            reader.close()
        self.store.close()

    def settle(self, timeout: float = 30.0) -> bool:
        """Wait until nothing is due and nobody is at work; False when it took too long."""
        deadline = time.monotonic() + timeout
        pause = 0.01
        while time.monotonic() < deadline:
            sweep(self.ctx)
            # In this order: each may still hand work to the next.
            if (
                self._guard.idle()
                and self.ctx.dispatch.idle()
                and not anything_due(self.ctx)
                and self._guard.idle()
            ):
                return True
            self._ended.wait(pause)
            pause = min(1.4 * pause, 0.15)  # what waits for a vendor's pace waits for long
        return False

    def wait(self) -> None:
        """Block until ``stop`` or the end of the process."""
        while not self._ended.wait(1.0):
            continue

    def _jobs(self) -> dict[str, Callable[[str], None]]:
        # Each takes the means as they are when it begins: a policy may be taken up in between.
        return {
            "decide": lambda row_id: decide_signal(self.ctx, row_id),
            "deliver": lambda row_id: deliver(self.ctx, row_id),
            "escalate": lambda row_id: escalate(self.ctx, row_id),
            "review": lambda row_id: review(self.ctx, row_id),
            "write_back": lambda row_id: write_back(self.ctx, row_id),
            "drill": lambda row_id: drill.advance(self.ctx, row_id),
            "medians": lambda row_id: publish(self.ctx, row_id),
            "sync": lambda row_id: _ignore(sync(self.ctx, row_id)),
            "reconcile": lambda row_id: _ignore(reconcile(self.ctx, row_id)),
        }

    def _schedule(self) -> Schedule:
        clock = self.settings.clock
        schedule = Schedule(self.ctx)
        schedule.add("sweep", sweep, clock.sweep_seconds)
        schedule.add("sync", sync_due, clock.sync_seconds)
        schedule.add("reconcile", reconcile_due, _RECONCILE_SECONDS)
        schedule.add("history", forget, _FORGET_SECONDS)
        if self._listening.needed:
            schedule.add("hints", self._listening.tend, clock.hint_seconds)
        schedule.add("medians", publish_due, _MEDIANS_SECONDS)
        schedule.add("digest", make_digests, clock.digest_seconds)
        schedule.add("briefs", make_briefs, clock.brief_seconds)
        schedule.add("audit", audit_job, clock.audit_seconds)
        schedule.add("budget", lambda _: self._governor.tick(), clock.budget_seconds)
        schedule.add("watchdog", watch, clock.watchdog_seconds)
        schedule.add("drill", drill.tick, drill.SECONDS)
        schedule.add("policy", lambda _: self.take_up(), clock.policy_seconds)
        schedule.add("shadow", Shadowing().tick, SHADOW_SECONDS)
        return schedule

    def take_up(self) -> None:
        """Clock job: go on by the policy that was promoted, if this worker reads what it needs."""
        present = self.ctx.policy
        with self.store.read() as conn:
            new = promoted_since(conn, present)
        if new is None:
            self._not_taken_up = ""
            return
        why = why_restart(self.settings, self.ctx.surfaces.keys(), new)
        if why:
            said = f"policy {new.hash} was promoted and waits: {why}. Start hotlead run again."
            if said != self._not_taken_up:
                log.warning("%s", said)
            self._not_taken_up = said
            return
        settings = self.settings
        admins = new.places.admins
        alarms = alarms_for(settings.audit, self._secrets, settings.http, admins)
        self.ctx = replace(self.ctx, policy=new, alarms=alarms)
        self.schedule.use(self.ctx)
        self.intake.use(self.ctx)
        log.info(
            "policy %s was promoted and is live from now on (before: %s)", new.hash, present.hash
        )

    def _problems(self) -> list[str]:
        """What an admin must mend or do."""
        waits = [self._not_taken_up] if self._not_taken_up else []
        return [*self._preparation.problems, *waits]

    def _listen(self, surface: Any) -> None:
        """Hear buttons; a surface that is away at the start is tried until it is there."""
        while not self._ended.is_set():
            try:
                surface.listen(self._on_press)
                return
            except ConnectorError as error:
                log.error("cannot hear buttons: %s %s", error, error.mend)
                self._ended.wait(_LISTEN_RETRY)

    def _on_press(self, press: ButtonPress) -> None:
        handle_press(self.ctx, press)

    def app(self) -> FastAPI:
        """The web application."""
        app = FastAPI(title="Hotlead", version="0.1.0", docs_url=None, redoc_url=None)
        secret = self._secrets.signals_secret
        needed = signature_required(self.settings, self._secrets)
        if needed and secret is None:
            raise UnsafeError(
                "signatures are required but HOTLEAD_SIGNALS_SECRET is not set; set it, or say "
                "signals.require_signature: false for a worker that only this machine reaches"
            )
        secrets = secret.get_secret_value() if secret is not None and needed else None
        door = Door(self.intake, self.settings.signals, secrets, self.ctx.clock.now)
        app.include_router(signals_router(door))
        app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
        app.include_router(
            health_router(
                lambda: self.ctx,
                self.schedule,
                self._problems,
                self._listening.health,
            )
        )
        app.include_router(metrics_router(self.ctx, self.schedule))
        app.include_router(why_router(self.store))
        app.include_router(board_router(lambda: self.ctx))
        for hook in self.ctx.crm.webhooks:
            app.include_router(webhook_router(self.ctx, self.hints, hook, self.settings.web))
        for router in self._routers:
            app.include_router(router)
        return app

    def _serve(self) -> None:
        web = self.settings.web
        self._socket = _listening(web.host, web.port)
        port = self._socket.getsockname()[1]
        host = f"[{web.host}]" if ":" in web.host else web.host
        self.url = f"http://{host}:{port}"
        config = uvicorn.Config(
            self.app(),
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="web", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + 15
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"the web server did not start on {web.listen}")
            self._ended.wait(0.01)


def _listening(host: str, port: int) -> socket.socket:
    """A bound socket. Raises OSError, as when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, or asyncio leaves Nagle on and each answer waits 40 ms for an acknowledgement.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except BaseException:
        made.close()
        raise
    return made


def _ignore(_: object) -> None:
    """Jobs answer nothing."""
