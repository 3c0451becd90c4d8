"""``/metrics`` in Prometheus' text format.

The figures are of the store, which all workers share: scrape one of them. No label tells of a
person or a prospect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from sqlalchemy import ColumnElement, Connection, case, cast, func, select
from sqlalchemy.types import Float

from worker.budget.pace import State
from worker.budget.report import budget_report
from worker.context import Context
from worker.fresh.report import freshness_report
from worker.mirror_health import mirror_health
from worker.schedule import Schedule
from worker.store.mirror import table_of
from worker.store.tables import ALERT, DELIVERY, SIGNAL
from worker.web.health import outbox_report

BUCKETS = (1, 5, 15, 60, 300, 600, 3600, 7200, 14_400, 21_600, 86_400)
"""Upper bounds of latencies, in seconds; the odds of a reply fall with each of them."""


def metrics_router(ctx: Context, schedule: Schedule) -> APIRouter:
    """The route."""
    router = APIRouter()
    registry = CollectorRegistry()
    registry.register(_Figures(ctx, schedule))

    @router.get(
        "/metrics", tags=["health"], summary="Figures for Prometheus", response_class=Response
    )
    def metrics(request: Request) -> Response:
        """Mirror, budget of calls, freshness, outbox, alerts, latencies and clock, in figures."""
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), media_type=kind)

    return router


class _Figures:
    """Reads the store at each scrape."""

    def __init__(self, ctx: Context, schedule: Schedule) -> None:
        self._ctx = ctx
        self._schedule = schedule

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering reads nothing."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family."""
        yield from self._mirror()
        yield from self._budget()
        yield from self._freshness()
        yield from self._flow()
        yield from self._clock()

    def _mirror(self) -> Iterator[Metric]:
        health = mirror_health(self._ctx)
        with self._ctx.store.read() as conn:
            held = {one.name: _held(conn, one.noun, one.name) for _, one in self._ctx.mirrored}
        yield _gauge(
            "hotlead_mirror_age_seconds",
            "Since the object was last read to its end.",
            {name: one["age_seconds"] for name, one in health.items()},
        )
        yield _gauge("hotlead_mirror_records", "Living records of the object.", held)
        yield _gauge(
            "hotlead_mirror_ok",
            "1 when the object's last read succeeded and is not too old.",
            {name: one["ok"] for name, one in health.items()},
        )
        drift = GaugeMetricFamily(
            "hotlead_mirror_drift_records",
            "What the last reconcile mended.",
            labels=("object", "kind"),
        )
        for name, one in health.items():
            for kind in ("missing", "stale", "extra"):
                if one["drift"] is not None:
                    drift.add_metric((name, kind), float(one["drift"][kind]))
        yield drift

    def _budget(self) -> Iterator[Metric]:
        report = budget_report(self._ctx)
        made = "Requests that this worker made to the CRM since its start."
        yield CounterMetricFamily("hotlead_crm_requests", made, value=self._ctx.crm.api_calls)
        for name, text in (
            ("used", "Calls of the day that all apps of the CRM account have used."),
            ("most", "Calls that the CRM allows in a day."),
            ("remaining", "Calls of the day that are left."),
            ("left_for_polling", "Calls of the day that polling may still use."),
            ("pace", "How many times the interval between two reads is stretched."),
        ):
            if report.get(name) is not None:
                yield GaugeMetricFamily(f"hotlead_crm_calls_{name}", text, value=report[name])
        forecast = report.get("forecast_of_objects", {})
        yield _gauge("hotlead_crm_calls_forecast", "Calls a day that polling takes.", forecast)
        states = {one.value: one.value == report["state"] for one in State}
        yield _gauge("hotlead_crm_calls_state", "1 for the present state.", states, "state")

    def _freshness(self) -> Iterator[Metric]:
        report = freshness_report(self._ctx)
        for name, text in (
            ("live_reads", "Live reads made because facts were stale."),
            ("live_read_failures", "Live reads that failed or were not answered in time."),
            ("changed_recipients", "Decisions that a live read gave another recipient."),
            ("not_refreshed", "Decisions made on stale facts that could not be refreshed."),
        ):
            yield CounterMetricFamily(f"hotlead_{name}", text, value=report[name])
        yield GaugeMetricFamily(
            "hotlead_decisions_waiting", "For a live read.", value=report["waiting"]
        )
        opened = report["circuit"]["state"] == "open"
        text = "1 while the CRM is not asked."
        yield GaugeMetricFamily("hotlead_live_circuit_open", text, value=opened)

    def _flow(self) -> Iterator[Metric]:
        outbox = outbox_report(self._ctx)
        waiting = {name: one["waiting"] for name, one in outbox.items()}
        late = {name: one["late_seconds"] for name, one in outbox.items()}
        yield _gauge("hotlead_outbox_waiting", "Rows that wait.", waiting, "outbox")
        yield _gauge("hotlead_outbox_late_seconds", "Of the oldest row.", late, "outbox")
        with self._ctx.store.read() as conn:
            yield _counts(conn, "hotlead_signals", "By outcome.", SIGNAL.c.outcome)
            yield _counts(
                conn, "hotlead_deliveries", "By kind and state.", DELIVERY.c.kind, DELIVERY.c.state
            )
            yield _counts(
                conn, "hotlead_alerts", "By class and state.", ALERT.c.signal_class, ALERT.c.state
            )
            yield _histogram(
                conn,
                "hotlead_alert_delivered_seconds",
                "From the signal to the first message.",
                _seconds(conn, ALERT.c.fired_at, ALERT.c.delivered_at),
            )
            yield _histogram(
                conn,
                "hotlead_alert_response_seconds",
                "From the signal to the response.",
                ALERT.c.latency_minutes * 60.0,
            )

    def _clock(self) -> Iterator[Metric]:
        jobs = self._schedule.health()
        yield _gauge(
            "hotlead_clock_job_ok",
            "1 when the job comes round and succeeds.",
            {name: one["ok"] for name, one in jobs.items()},
            "job",
        )
        yield _gauge(
            "hotlead_clock_job_age_seconds",
            "Since the job last ended.",
            {name: one["last_finished_seconds_ago"] for name, one in jobs.items()},
            "job",
        )


def _gauge(name: str, text: str, values: dict[str, Any], label: str = "object") -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for key, value in values.items():
        if value is not None:
            family.add_metric((key,), float(value))
    return family


def _counts(conn: Connection, name: str, text: str, *columns: ColumnElement[str]) -> Metric:
    # A gauge: rows change from one state to another, so that counts go down, too.
    labels = [str(one.key).replace("signal_", "") for one in columns]
    family = GaugeMetricFamily(name, text, labels=labels)
    rows = conn.execute(select(*columns, func.count()).group_by(*columns))
    for *key, number in rows:
        family.add_metric([str(one) or "undecided" for one in key], float(number))
    return family


def _histogram(
    conn: Connection, name: str, text: str, seconds: ColumnElement[float]
) -> HistogramMetricFamily:
    """One pass over the alerts; those without the end of the span are left out."""
    columns = [func.coalesce(func.sum(case((seconds <= one, 1), else_=0)), 0) for one in BUCKETS]
    total = func.coalesce(func.sum(seconds), 0.0)
    row: Sequence[Any] = conn.execute(
        select(func.count(seconds), total, *columns).where(seconds.is_not(None))
    ).one()
    buckets = [(str(float(b)), float(n)) for b, n in zip(BUCKETS, row[2:], strict=True)]
    family = HistogramMetricFamily(name, text)
    family.add_metric([], [*buckets, ("+Inf", float(row[0]))], sum_value=float(row[1]))
    return family


def _seconds(
    conn: Connection, start: ColumnElement[Any], end: ColumnElement[Any]
) -> ColumnElement[float]:
    if conn.dialect.name == "sqlite":
        days: ColumnElement[float] = func.julianday(end) - func.julianday(start)
        return func.round(days * 86_400.0, 3)
    return cast(func.extract("epoch", end - start), Float)


def _held(conn: Connection, noun: type[Any], name: str) -> int:
    table = table_of(noun)
    living = (table.c.object == name, table.c.deleted_at.is_(None))
    return int(conn.execute(select(func.count()).select_from(table).where(*living)).scalar_one())
