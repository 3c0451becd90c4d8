"""Companies as the mirror holds them, of any size: for measures of decisions and proofs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from routing.nouns import Account, Deal, OutOfOffice, Person, Prospect, Stage
from routing.policy import Policy
from tests.bench.company import CONTACTS_OF_ACCOUNT, prospect_email, rep_email
from tests.bench.outcome import Tell
from worker.store.engine import Store
from worker.store.migrate import migrate
from worker.store.mirror import columns_of, table_of

REPS = 500
DAYS = 30
_TEAM = 10
"""Reps of one manager; the next one in the team is each one's backup."""
_ROWS = 20_000
"""In one transaction; they go past the comparison with what is there, as nothing is."""
Advance = Callable[[int], None]


def policy() -> Policy:
    """Three stages, three roles, a whole ladder, as a middle-sized team has it."""
    return Policy.model_validate(
        {
            "roles": {
                "bdr": ["field:account.bdr", "owner:account"],
                "ae": ["owner:deal", "owner:account"],
                "csm": ["field:account.csm", "owner:account"],
            },
            "routes": [
                {"name": "To the AE", "when": {"stage": "active_deal"}, "to": ["ae"]},
                {"name": "To the CSM", "when": {"stage": "customer"}, "to": ["csm", "ae"]},
                {"name": "To the BDR", "to": ["bdr", "ae", "claim_channel"]},
            ],
            "ladder": [
                {"to": "assignee", "wait": 15},
                {"to": "backup", "wait": 30},
                {"to": "claim_channel", "wait": 60},
                {"to": "manager", "wait": 120},
                {"to": "admin"},
            ],
            "places": {"claim_channel": "#hot-leads", "admins": [rep_email(0)]},
            "working_hours": {"time_zone": "UTC", "start": "00:00", "end": "23:59"},
        }
    )


def with_many_named(rules: Policy, accounts: int) -> Policy:
    """The same with a rep and a backup for each of so many accounts, and a backup for each rep."""
    named = [
        {"account": f"account{n}.example", "rep": rep_email(n % REPS), "backup": rep_email(n % 7)}
        for n in range(accounts)
        if n % REPS != n % 7
    ]
    backups = {rep_email(n): rep_email(n + 1) for n in range(0, REPS - 1, 2)}
    more = {"named_accounts": named, "backups": backups}
    return Policy.model_validate(rules.model_dump(mode="json", by_alias=True) | more)


@contextmanager
def mirrored(
    path: Path, contacts: int, now: datetime, tell: Tell, *, prospects: bool = True
) -> Iterator[Store]:
    """A mirror with 500 reps, twenty contacts an account, and a deal for every fourth account."""
    tell(f"mirroring a made-up company of {contacts // CONTACTS_OF_ACCOUNT:,} accounts")
    accounts = contacts // CONTACTS_OF_ACCOUNT
    store = Store(f"sqlite:///{path}")
    migrate(store)
    parts: list[tuple[type[Any], int, Callable[[int], Any]]] = [
        (Stage, 1, lambda _: Stage(id="open", label="Proposal")),
        (Person, REPS, _person),
        (OutOfOffice, REPS // 20, lambda n: _away(n, now)),
        (Account, accounts, _account),
        (Deal, accounts // 4, lambda n: _deal(n * 4)),
        (Prospect, contacts if prospects else 0, lambda n: _prospect(n, accounts)),
    ]
    with bar("records", sum(size for _, size, _ in parts)) as advance:
        for noun, size, make in parts:
            for start in range(0, size, _ROWS):
                numbers = range(start, min(start + _ROWS, size))
                with store.write() as tx:
                    rows = [_row(noun, make(n), now) for n in numbers]
                    tx.conn.execute(table_of(noun).insert(), rows)
                advance(len(numbers))
    yield store
    store.close()


def _row(noun: type[Any], record: Any, now: datetime) -> dict[str, Any]:
    kept = {name: getattr(record, name) for name in columns_of(noun)}
    about = {"object": noun.__name__.lower(), "seen_at": now, "seen_in": 1, "held_from": now}
    return kept | about | {"deleted_at": None}


def _person(number: int) -> Person:
    boss = number - number % _TEAM
    backup = boss + (number + 1) % _TEAM
    return Person(
        id=f"rep{number}",
        email=rep_email(number),
        name=f"Rep {number}",
        manager_id=f"rep{boss}" if boss != number else None,
        backup_id=f"rep{backup}",
        time_zone="UTC",
    )


def _away(number: int, now: datetime) -> OutOfOffice:
    """Every twentieth rep is on leave, one after the other."""
    start = now + timedelta(days=number % DAYS)
    end = start + timedelta(days=5)
    person = f"rep{number * 20 + 1}"
    return OutOfOffice(
        id=f"away{number}", person_id=person, starts_at=start, ends_at=end, source="crm"
    )


def _account(number: int) -> Account:
    return Account(
        id=f"account{number:07}",
        name=f"Account {number}",
        domain=f"account{number}.example",
        owner_id=f"rep{number % REPS}",
        kind="Customer" if number % 10 == 1 else "",
        fields={"bdr": f"rep{number * 7 % REPS}", "csm": f"rep{number * 3 % REPS}"},
    )


def _deal(number: int) -> Deal:
    return Deal(
        id=f"deal{number:07}",
        name=f"Deal {number}",
        stage_id="open",
        account_id=f"account{number:07}",
        owner_id=f"rep{number * 11 % REPS}",
        amount=1000.0 * (number % 90),
    )


def _prospect(number: int, accounts: int) -> Prospect:
    return Prospect(
        id=f"contact{number:08}",
        kind="contact",
        email=prospect_email(number),
        name=f"Given{number} Family{number}",
        title="Head of Procurement",
        account_id=f"account{number % accounts:07}",
        owner_id=f"rep{number % REPS}",
    )


@contextmanager
def bar(what: str, total: int) -> Iterator[Advance]:
    """A progress bar, on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda number: progress.advance(task, number)
