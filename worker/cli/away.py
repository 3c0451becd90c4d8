"""``hotlead away`` and ``hotlead back``: absences by hand, by a rep or on a rep's behalf."""

from __future__ import annotations

from pathlib import Path
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
from worker.cli.output import console, print_json, print_table
from worker.cli.people import moment, on_clock, the_person, who_asks
from worker.settings import load_settings

if TYPE_CHECKING:
    from routing.nouns import OutOfOffice, Person
    from worker.manual import Back

_WHEN = "A day or a time, on the person's own clock: 2026-12-24 or 2026-12-24T14:00."


def add_to(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command(epilog="Example: hotlead away ann@example.com --until 2026-12-24 --note Leave")
    def away(
        email: Annotated[str | None, typer.Argument(help="Who is away.")] = None,
        config: ConfigOption = DEFAULT_CONFIG,
        since: Annotated[
            str | None, typer.Option("--from", help=f"{_WHEN} Now, if not said.")
        ] = None,
        until: Annotated[
            str | None,
            typer.Option("--until", help=f"{_WHEN} A day is the last day away; a time the return."),
        ] = None,
        note: Annotated[str, typer.Option(help="Why, for those who read the receipt.")] = "",
        everybody: Annotated[
            bool, typer.Option("--list", help="Show what is entered and not over.")
        ] = False,
        cancel: Annotated[
            bool, typer.Option("--cancel", help="Take back what is entered for the person.")
        ] = False,
        as_json: JsonOption = False,
    ) -> None:
        """Enter that somebody is away. Alerts go to their backup from then on; the CRM is not
        changed, and no owner either."""
        if everybody:
            _list(config, as_json=as_json)
            return
        if email is None:
            raise UsageError("say who is away: hotlead away EMAIL --until DAY, or --list")
        if cancel:
            _cancel(config, email, as_json=as_json)
            return
        if until is None:
            raise UsageError("say until when: --until DAY (the last day away) or --until TIME")
        person, row = _enter(config, email, since, until, note)
        if as_json:
            print_json(_as_json(person, row))
            return
        zone = _zone(config, person)
        span = f"from {on_clock(row.starts_at, zone)} until {on_clock(row.ends_at, zone)}"
        console.print(f"{person.name} is away {span}.", markup=False, soft_wrap=True)

    @app.command(epilog="Example: hotlead back ann@example.com")
    def back(
        email: Annotated[str, typer.Argument(help="Who is back.")],
        config: ConfigOption = DEFAULT_CONFIG,
        until: Annotated[
            str | None,
            typer.Option(help=f"{_WHEN} How long this overrules the calendar and others."),
        ] = None,
        as_json: JsonOption = False,
    ) -> None:
        """Enter that somebody is in, whatever the CRM, a calendar or Slack say."""
        person, done = _back(config, email, until)
        if as_json:
            print_json(
                {
                    "person": person.email,
                    "ended": [one.source for one in done.ended],
                    "overruled": [one.source for one in done.overruled],
                    "until": done.until.isoformat() if done.until else None,
                }
            )
        else:
            said = _told(person, done, _zone(config, person))
            console.print(said, markup=False, soft_wrap=True)


def _enter(
    config: Path, email: str, since: str | None, until: str, note: str
) -> tuple[Person, OutOfOffice]:
    from worker.manual import set_away

    now = clock.now()
    with opened_store(config) as store, store.write() as tx:
        person = the_person(tx.conn, email)
        zone = _zone(config, person)
        starts = now if since is None else moment(since, zone, "--from")
        ends = moment(until, zone, "--until", end_of_day=True)
        if ends <= starts:
            raise UsageError(f"--until {until} is not after {on_clock(starts, zone)}; name a later")
        if ends <= now:
            raise UsageError(f"--until {until} is over already; name a day or time to come")
        return person, set_away(tx, person.id, starts, ends, who_asks(), note[:200], now)


def _back(config: Path, email: str, until: str | None) -> tuple[Person, Back]:
    from worker.manual import set_back

    now = clock.now()
    with opened_store(config) as store, store.write() as tx:
        person = the_person(tx.conn, email)
        zone = _zone(config, person)
        tomorrow = f"{now.astimezone(zone):%Y-%m-%d}"
        ends = moment(until or tomorrow, zone, "--until", end_of_day=True)
        if ends <= now:
            raise UsageError(f"--until {until} is over already; name a day or time to come")
        return person, set_back(tx, person.id, ends, who_asks(), now)


def _told(person: Person, done: Back, zone: ZoneInfo) -> str:
    if done.until is not None:
        sources = ", ".join(sorted({one.source for one in done.overruled}))
        return f"{person.name} counts as in until {on_clock(done.until, zone)}, against {sources}."
    if done.ended:
        return f"{person.name} is back."
    return f"Nobody has {person.name} away now; nothing was changed."


def _cancel(config: Path, email: str, *, as_json: bool) -> None:
    from worker.manual import cancel

    with opened_store(config) as store, store.write() as tx:
        person = the_person(tx.conn, email)
        rows = cancel(tx, person.id, clock.now())
    if as_json:
        print_json([_as_json(person, row) for row in rows])
    else:
        console.print(f"{len(rows)} taken back for {person.name}.", markup=False)


def _list(config: Path, *, as_json: bool) -> None:
    from worker.manual import entered
    from worker.store.facts import person as person_of

    now = clock.now()
    with opened_store(config) as store, store.read() as conn:
        found = [(person_of(conn, row.person_id), row) for row in entered(conn, now)]
    if as_json:
        print_json([_as_json(person, row) for person, row in found])
        return
    if not found:
        console.print("Nothing is entered by hand.")
        return
    rows = []
    for person, row in found:
        zone = _zone(config, person)
        name = person.name if person else row.person_id
        state = "in" if row.available else "away"
        span = (on_clock(row.starts_at, zone), on_clock(row.ends_at, zone))
        rows.append((name, state, *span, row.source.partition(":")[2], row.note))
    print_table("By hand", ("who", "state", "from", "until", "entered by", "note"), rows)


def _zone(config: Path, person: Person | None) -> ZoneInfo:
    from routing.calendar import week_of

    return week_of(person, load_settings(config).policy.working_hours).zone


def _as_json(person: Person | None, row: OutOfOffice) -> dict[str, Any]:
    return {
        "person": person.email if person else row.person_id,
        "available": row.available,
        "from": row.starts_at.isoformat(),
        "until": row.ends_at.isoformat(),
        "source": row.source,
        "note": row.note,
    }
