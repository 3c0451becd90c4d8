"""``hotlead who``: how people stand, by which source, and which sources disagree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from worker.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    UsageError,
    clock,
    opened_store,
)
from worker.cli.output import print_json, print_table
from worker.cli.people import moment, on_clock, the_person
from worker.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routing.availability import Availability
    from routing.nouns import Person
    from routing.snapshot import Snapshot


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead who --all --at 2026-12-24T10:00")
    def who(
        email: Annotated[str | None, typer.Argument(help="Whom to look at.")] = None,
        config: ConfigOption = DEFAULT_CONFIG,
        everybody: Annotated[
            bool, typer.Option("--all", help="Everybody who may be told of something.")
        ] = False,
        at: Annotated[
            str | None,
            typer.Option(help="A day or time to come, on the clock of the policy's working hours."),
        ] = None,
        as_json: JsonOption = False,
    ) -> None:
        """Say who can be asked: the state, until when, who says so, and what contradicts it."""
        from routing.availability import availability
        from routing.calendar import week_of
        from worker.proof.team import team_of

        if everybody == (email is not None):
            raise UsageError("say whom: hotlead who EMAIL, or hotlead who --all")
        policy = load_settings(config).policy
        now = clock.now()
        when = now if at is None else moment(at, ZoneInfo(policy.working_hours.time_zone), "--at")
        if when < now and at is not None:
            raise UsageError(f"--at {at} is past; hotlead explain tells of what was")
        with opened_store(config) as store, store.read() as conn:
            snapshot = _as_fresh_then(team_of(conn, policy, now), now, when)
            chosen = _everybody(snapshot) if everybody else [the_person(conn, str(email))]
        rows = [
            (
                one,
                availability(one, snapshot, policy, when),
                week_of(one, policy.working_hours).zone,
            )
            for one in chosen
        ]
        if as_json:
            print_json([_as_json(person, stands) for person, stands, _ in rows])
            return
        title = f"At {on_clock(when, ZoneInfo(policy.working_hours.time_zone))}"
        print_table(
            title,
            ("who", "state", "until", "source", "notes"),
            [_line(person, stands, zone) for person, stands, zone in rows],
        )


def _everybody(snapshot: Snapshot) -> list[Person]:
    found = [one for one in snapshot.people.values() if one.active and one.email and not one.queue]
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))


def _as_fresh_then(snapshot: Snapshot, now: datetime, when: datetime) -> Snapshot:
    """With sources as old at ``when`` as they are now: they will be read until then."""

    def later(sources: Mapping[str, datetime | None]) -> dict[str, datetime | None]:
        return {name: read and read + (when - now) for name, read in sources.items()}

    own = {one: later(sources) for one, sources in snapshot.own_sources.items()}
    return replace(snapshot, sources=later(snapshot.sources), own_sources=own)


def _line(person: Person, stands: Availability, zone: ZoneInfo) -> tuple[object, ...]:
    until = on_clock(stands.until, zone) if stands.until else "–"
    said = stands.notes
    if stands.state.value in ("unknown", "off_hours") and stands.why:
        said = (stands.why, *said)
    name = f"{person.name} <{person.email}>"
    state = stands.state.value.replace("_", " ")
    return (name, state, until, stands.source or "–", "; ".join(said) or "–")


def _as_json(person: Person, stands: Availability) -> dict[str, Any]:
    return {
        "person": person.email,
        "name": person.name,
        "state": stands.state.value,
        "until": stands.until.astimezone(UTC).isoformat() if stands.until else None,
        "source": stands.source,
        "why": stands.why,
        "notes": list(stands.notes),
    }
