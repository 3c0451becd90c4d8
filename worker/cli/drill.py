"""``hotlead drill``: marked test messages to everybody whom the policy can reach."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    UsageError,
    clock,
    need_people,
    opened_store,
)
from worker.cli.drill_output import follow, print_plan, print_report
from worker.cli.output import console, print_json
from worker.cli.shadow import ByOption
from worker.settings import load_settings
from worker.store.engine import Store

if TYPE_CHECKING:
    from worker.drill.asking import Record
    from worker.drill.plan import Target

_UNITS = {"s": 1, "m": 60, "h": 3600}
_LONGEST = 24 * 3600
_TAKE_UP_SECONDS = 20.0
_LOOK_SECONDS = 0.2
StrictOption = Annotated[
    bool, typer.Option("--strict", help="End with 1 when somebody has not pressed, too.")
]
NumberArgument = Annotated[
    int | None, typer.Argument(help="The drill; the latest, if left out.", show_default=False)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the options say; seconds."""

    by: str
    record: str
    write_back: bool
    wait: int
    press: int
    dry_run: bool
    yes: bool


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    drill = typer.Typer(
        invoke_without_command=True,
        epilog="Example: hotlead drill --dry-run   or   hotlead drill --person dana@example.com",
        rich_markup_mode=None,
    )
    _add_drill(drill)
    _add_report(drill)
    _add_stop(drill)
    app.add_typer(drill, name="drill")


def _add_drill(app: typer.Typer) -> None:
    @app.callback()
    def drill(
        ctx: typer.Context,
        config: ConfigOption = DEFAULT_CONFIG,
        person: Annotated[
            list[str] | None, typer.Option(help="Only them.", metavar="E-MAIL")
        ] = None,
        team: Annotated[
            list[str] | None,
            typer.Option(help="Only a role, pool, queue, department, CRM team or manager's team."),
        ] = None,
        channel: Annotated[list[str] | None, typer.Option(help="Only this channel.")] = None,
        everyone: Annotated[
            bool, typer.Option("--everyone", help="Also who is away or has quiet hours now.")
        ] = False,
        record: Annotated[
            str, typer.Option(help="Account, contact or lead that the marked task hangs on.")
        ] = "",
        no_write_back: Annotated[
            bool, typer.Option("--no-write-back", help="Write no task into the CRM.")
        ] = False,
        wait: Annotated[str, typer.Option(help="How long the drill lasts.")] = "10m",
        press_within: Annotated[
            str, typer.Option(help="How long each has to press; half of --wait, if left out.")
        ] = "",
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="List who would get what, and stop.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        strict: StrictOption = False,
        by: ByOption = "",
        as_json: JsonOption = False,
    ) -> None:
        """Send marked test messages to every rep, backup, manager, admin and channel.

        Proves who can be found, told and heard, who stands in for whoever does not press, and
        that the CRM takes tasks. Needs a running worker. Ends with 1 when anybody cannot be
        reached or the CRM refuses.
        """
        if ctx.invoked_subcommand is not None:
            return
        from worker.drill.plan import Wish
        from worker.proof.versions import user

        seconds = _seconds(wait, "--wait")
        asked = _Asked(
            by=by or user(),
            record=record,
            write_back=not no_write_back,
            wait=seconds,
            press=_seconds(press_within, "--press-within") if press_within else seconds // 2,
            dry_run=dry_run,
            yes=yes,
        )
        wish = Wish(
            people=tuple(person or ()),
            teams=tuple(team or ()),
            channels=tuple(channel or ()),
            everyone=everyone,
        )
        with opened_store(config) as store:
            drill_id = _begin(store, config, wish, asked, as_json=as_json)
            if drill_id is not None:
                _finish(store, drill_id, strict=strict, as_json=as_json)


def _add_report(app: typer.Typer) -> None:
    @app.command(epilog="Example: hotlead drill report --follow")
    def report(
        number: NumberArgument = None,
        config: ConfigOption = DEFAULT_CONFIG,
        wait: Annotated[
            bool, typer.Option("--follow", help="Wait until the drill is over.")
        ] = False,
        strict: StrictOption = False,
        as_json: JsonOption = False,
    ) -> None:
        """Say what a drill has proved so far. Ends with 1 as the drill itself does."""
        with opened_store(config) as store:
            drill_id = _number(store, number)
            _finish(store, drill_id, strict=strict, as_json=as_json, wait=wait)


def _add_stop(app: typer.Typer) -> None:
    @app.command(epilog="Example: hotlead drill stop")
    def stop(config: ConfigOption = DEFAULT_CONFIG) -> None:
        """End the drill that is under way: nobody else is told, and the task is removed."""
        from worker.drill.rows import open_drill
        from worker.drill.running import end

        with opened_store(config) as store, store.write() as tx:
            drill = open_drill(tx.conn)
            if drill is None:
                raise UsageError("no drill is under way; hotlead drill begins one")
            end(tx, drill["id"], clock.now())
            said = f"Drill {drill['id']} is ended. hotlead drill report says what it has proved."
            console.print(said, highlight=False)


def _begin(store: Store, config: Path, wish: Any, asked: _Asked, *, as_json: bool) -> int | None:
    """Plan, show, ask, store, and see that a worker takes it up; None for a dry run."""
    from worker.drill import asking
    from worker.drill.rows import open_drill

    policy = load_settings(config).policy
    targets = _planned(store, policy, wish)
    with store.read() as conn:
        other = open_drill(conn)
        record = _record(conn, policy, asked)
    if other is not None and not asked.dry_run:
        raise UsageError(asking.under_way(other))
    if asked.dry_run:
        if as_json:
            about = asdict(record) if record else None
            print_json({"targets": [asdict(one) for one in targets], "task_about": about})
        else:
            print_plan(targets, record)
        return None
    _confirm(targets, asked)
    try:
        drill_id = asking.ask(
            store,
            policy,
            targets,
            record,
            by=asked.by,
            wait=asked.wait,
            press=asked.press,
            now=clock.now(),
        )
    except asking.RefusedError as error:
        raise UsageError(str(error)) from error
    _see_it_taken_up(store, drill_id)
    return drill_id


def _planned(store: Store, policy: Any, wish: Any) -> tuple[Target, ...]:
    from worker.drill.plan import NobodyError, plan
    from worker.proof.team import team_of
    from worker.reach import reach

    now = clock.now()
    with store.read() as conn:
        need_people(conn)
        team = team_of(conn, policy, now)
        found = reach(conn, policy, team)
    try:
        return plan(found, team, policy, now, wish)
    except NobodyError as error:
        raise UsageError(str(error)) from error


def _record(conn: Any, policy: Any, asked: _Asked) -> Record | None:
    from worker.drill.asking import RefusedError, own_record, record_named

    if not asked.write_back:
        if asked.record:
            raise UsageError("--record names what the task hangs on; leave --no-write-back out")
        return None
    try:
        if asked.record:
            return record_named(conn, asked.record)
    except RefusedError as error:
        raise UsageError(str(error)) from error
    return own_record(conn, policy.places.admins)


def _confirm(targets: tuple[Target, ...], asked: _Asked) -> None:
    told = [one for one in targets if one.gets_message]
    people = sum(one.kind == "person" for one in told)
    channels = len(told) - people
    said = f"{people} {'person' if people == 1 else 'people'} and {channels} "
    said += f"{'channel' if channels == 1 else 'channels'} will get a test message"
    if any(one.rungs for one in told):
        said += "; where nobody presses, who stands in gets one, too"
    if asked.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{said}; write --yes to go on without being asked")
    if not typer.confirm(f"{said}. Go on?", err=True):
        raise typer.Abort


def _see_it_taken_up(store: Store, drill_id: int) -> None:
    """Withdraw a drill that no worker begins. Raises UsageError."""
    from worker.drill.rows import get_drill
    from worker.drill.running import end

    deadline = time.monotonic() + _TAKE_UP_SECONDS
    while time.monotonic() < deadline:
        with store.read() as conn:
            drill = get_drill(conn, drill_id)
        if drill is None or drill["state"] != "asked":
            return
        time.sleep(_LOOK_SECONDS)
    with store.write() as tx:
        drill = get_drill(tx.conn, drill_id)
        if drill is None or drill["state"] != "asked":
            return
        end(tx, drill_id, clock.now())
    raise UsageError(
        f"no worker has taken drill {drill_id} up in {_TAKE_UP_SECONDS:.0f} seconds, so it is "
        "withdrawn and nobody was told; start one with hotlead run, and begin again"
    )


def _number(store: Store, number: int | None) -> int:
    from worker.drill.rows import get_drill, latest_drill

    with store.read() as conn:
        found = latest_drill(conn) if number is None else get_drill(conn, number)
    if found is None:
        which = "there was no drill yet" if number is None else f"there is no drill {number}"
        raise UsageError(f"{which}; hotlead drill begins one")
    return int(found["id"])


def _finish(store: Store, drill_id: int, *, strict: bool, as_json: bool, wait: bool = True) -> None:
    """Follow a drill to its end, say what came of it, and end with its code."""
    from worker.drill.report import report_of

    found = follow(store, drill_id) if wait else report_of(store, drill_id)
    if as_json:
        from worker.drill.report import as_json as json_of

        print_json(json_of(found))
    else:
        print_report(found)
    silent = strict and (found.counts.silent or found.counts.warnings)
    if found.failed or silent:
        raise typer.Exit(1)


def _seconds(text: str, option: str) -> int:
    """``90s``, ``10m`` or ``1h`` as seconds."""
    found = re.fullmatch(r"(\d{1,6})([smh])", text.strip().lower())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= seconds <= _LONGEST:
        raise UsageError(f"{option} {text} is no such time; write it like 90s, 10m or 1h")
    return seconds
