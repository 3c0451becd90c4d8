"""Runs the demo: builds the stage with progress shown, plays, and serves the page or ends."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

from rich.text import Text

from connectors.sandbox.world import World
from worker.cli.common import UsageError
from worker.cli.output import errors, minutes, print_table
from worker.cli.sync import SyncProgress
from worker.clock import SystemClock
from worker.demo.cast import Cast
from worker.demo.company import demo_policy, demo_world
from worker.demo.export import load_export
from worker.demo.export_files import ExportError
from worker.demo.live import LiveControls
from worker.demo.outcome import outcome
from worker.demo.page import router
from worker.demo.replay import replay
from worker.demo.story import scenes
from worker.logs import log_to_stderr
from worker.report import alert_records, latency_summaries

_ZONE = ZoneInfo("America/New_York")
_PAUSE = 4.0
_MOST_ROWS = 20


def show(crm: str, *, once: bool, json_file: Path | None, data: Path | None, port: int) -> None:
    """The whole demo. Raises UsageError for what a user can mend."""
    log_to_stderr(logging.ERROR)  # what goes wrong on purpose is part of the story
    clock = SystemClock()
    clock.forward(_monday_morning(clock.now()) - clock.now())
    world, policy, signals = _world(data, clock)
    with _cast(crm, world, policy, clock, 0 if once else port) as cast:
        _mirror(cast)
        cast.worker.serve_also(router(LiveControls(cast)))
        cast.start()
        if once:
            _play_once(cast, signals, data is not None)
            _finish(cast, json_file)
        else:
            _play_and_serve(cast, signals, data is not None, json_file)


def _monday_morning(now: datetime) -> datetime:
    """Ten o'clock in New York on the latest Monday, so that everybody in the story is at work."""
    local = now.astimezone(_ZONE)
    monday = local.date() - timedelta(days=local.weekday())
    return datetime.combine(monday, time(10), _ZONE).astimezone(UTC)


def _world(
    data: Path | None, clock: SystemClock
) -> tuple[World, dict[str, Any], list[dict[str, Any]]]:
    if data is None:
        return demo_world(clock.now()), demo_policy(), []
    try:
        export = load_export(data, clock.now())
    except ExportError as error:
        raise UsageError(str(error)) from error
    for note in export.notes:
        errors.print(Text(f"· {note}"), soft_wrap=True)
    return export.world, export.policy, export.signals


@contextmanager
def _cast(
    crm: str, world: World, policy: dict[str, Any], clock: SystemClock, port: int
) -> Iterator[Cast]:
    with errors.status(f"Starting a {crm.capitalize()} and a Slack in small ..."):
        try:
            cast = Cast(crm, world, policy, clock, port)
        except OSError as error:
            raise UsageError(f"cannot start the demo: {error}") from error
    try:
        yield cast
    finally:
        cast.stop()


def _mirror(cast: Cast) -> None:
    with SyncProgress() as progress:
        done = cast.mirror(progress)
    failed = [name for name, complete in done.items() if not complete]
    if failed:
        raise UsageError(f"the mirror is not whole: {', '.join(failed)} could not be read")
    errors.print(f"Mirrored the CRM in {cast.sync_seconds:.1f} s.")


def _say(text: str) -> None:
    errors.print(Text(f"▸ {text}"), soft_wrap=True)


def _play_once(cast: Cast, signals: list[dict[str, Any]], is_export: bool) -> None:
    if is_export:
        replay(cast, signals, _say)
        return
    for scene in scenes(cast):
        _say(scene.tells)
        scene.happens()


def _play_and_serve(
    cast: Cast, signals: list[dict[str, Any]], is_export: bool, json_file: Path | None
) -> None:
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    errors.print()
    errors.print(f"Open [bold]{cast.worker.url}[/bold] and watch. Ctrl-C ends the demo.")
    errors.print()
    if is_export:
        replay(cast, signals, _say)
    else:
        for scene in scenes(cast):
            if ended.wait(_PAUSE):
                break
            _say(scene.tells)
            cast.tell(scene.tells)
            scene.happens()
    cast.tell("The story is told. Now it is your turn: send a signal, or act as the rep.")
    if not ended.is_set():
        _say(f"The story is told; it is your turn now on {cast.worker.url} (Ctrl-C ends)")
    while not ended.wait(0.5):
        continue
    _finish(cast, json_file)


def _finish(cast: Cast, json_file: Path | None) -> None:
    result = outcome(cast)
    if json_file is not None:
        try:
            json_file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            raise UsageError(f"cannot write {json_file}: {error.strerror}") from error
    _print(cast, result)
    if result["undelivered"] or result["unexplained"]:
        raise UsageError("the demo ended with alerts undelivered or signals unexplained")


def _print(cast: Cast, result: dict[str, Any]) -> None:
    with cast.worker.store.read() as conn:
        records = alert_records(conn)[::-1]
    if len(records) > _MOST_ROWS:
        _print_counts(records)
    else:
        _print_alerts(records)
    with cast.worker.store.read() as conn:
        team = latency_summaries(conn, cast.clock.now())[0]
    signals, activities = result["signals"], result["activities"]
    errors.print(
        f"{signals['received']} signals: {signals['alerts']} alerts, {signals['joined']} joined, "
        f"{signals['digest']} for the digest. CRM tasks: {activities['opened']} opened, "
        f"{activities['completed']} completed."
    )
    errors.print(
        f"Median {minutes(team.median)} ({team.answered} answered, {team.unanswered} not). "
        f"Undelivered {result['undelivered']}, unexplained {result['unexplained']}."
    )


def _print_alerts(records: list[dict[str, Any]]) -> None:
    rows = [
        (
            one["prospect_name"],
            one["account"] or "–",
            one["stage"].replace("_", " "),
            _called(one["role"]),
            f"{one['recipient_name']} ({one['rung'].replace('_', ' ')})",
            minutes(one["latency_minutes"]),
        )
        for one in records
    ]
    print_table("Alerts", ("prospect", "account", "stage", "role", "with", "latency"), rows)


def _print_counts(records: list[dict[str, Any]]) -> None:
    """A long run, grouped: how many alerts of which stage reached which role."""
    kinds = Counter(
        (one["stage"].replace("_", " "), _called(one["role"]), one["rung"].replace("_", " "))
        for one in records
    )
    rows = [(*kind, number) for kind, number in sorted(kinds.items())]
    print_table("Alerts", ("stage", "role", "rung", "alerts"), rows)


def _called(role: str) -> str:
    return role.upper() if len(role) <= len("bdr") else role
