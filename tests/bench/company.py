"""The company of the bench: as many reps, accounts and prospects as a measure asks for."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from connectors.sandbox.world import (
    World,
    WorldAccount,
    WorldContact,
    WorldDeal,
    WorldPerson,
    WorldStage,
)

SECRET = "whsec_" + "YmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaA=="
PEOPLE_OF_WORLD = 50
CONTACTS_OF_ACCOUNT = 20
EDITED = "Chief Procurement Officer"
"""The title that an edited contact has."""


def rep_email(number: int) -> str:
    """The e-mail of a rep."""
    return f"rep{number}@team.example"


def prospect_email(number: int) -> str:
    """The e-mail of a prospect."""
    return f"prospect{number}@account{number}.example"


def slack_world(reps: int) -> World:
    """The reps as Slack sees them."""
    return World(people=tuple(_person(number) for number in range(reps)))


def _person(number: int) -> WorldPerson:
    return WorldPerson(
        key=f"rep{number}",
        name=f"Rep {number}",
        email=rep_email(number),
        role="AE",
        time_zone="UTC",
    )


def write_csv_crm(folder: Path, reps: int, prospects: int) -> None:
    """A CSV folder in which prospect n belongs to account n, and that to rep n modulo ``reps``."""
    folder.mkdir()
    people = ([f"Rep {number}", rep_email(number), "AE"] for number in range(reps))
    _table(folder / "people.csv", ["name", "email", "role"], people)
    accounts = (
        [f"Account {n}", f"account{n}.example", "active_deal", rep_email(n % reps)]
        for n in range(prospects)
    )
    _table(folder / "accounts.csv", ["name", "domain", "stage", "ae"], accounts)
    contacts = (
        [prospect_email(n), f"Prospect Number {n}", f"Account {n}"] for n in range(prospects)
    )
    _table(folder / "contacts.csv", ["email", "name", "account"], contacts)


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def policy(ae_source: str) -> dict[str, Any]:
    """One role, a whole ladder, no copies: each alert is one message to one rep."""
    return {
        "roles": {"ae": [ae_source]},
        "routes": [
            {"name": "Active deals to the AE", "when": {"stage": "active_deal"}, "to": "ae"},
            {"name": "Everything else", "to": "claim_channel"},
        ],
        "ladder": [
            {"to": "assignee", "wait": 60},
            {"to": "backup", "wait": 60},
            {"to": "manager", "wait": 60},
            {"to": "admin", "wait": 60},
        ],
        "places": {"claim_channel": "#hot-leads", "admins": [rep_email(0)]},
        "working_hours": {"time_zone": "UTC", "start": "00:00", "end": "23:59"},
    }


def write_settings(folder: Path, slack_url: str, port: int, **crm: Any) -> Path:
    """A configuration; ``crm`` holds the key ``crm``, its section and ``ae_source``."""
    source = crm.pop("ae_source")
    path = folder / "hotlead.yaml"
    settings: dict[str, Any] = {
        **crm,
        "slack": {"base_url": f"{slack_url}/api/"},
        "web": {"listen": f"127.0.0.1:{port}"},
        "clock": {"sync_seconds": 1.0},  # so that the first read begins soon
        "policy": policy(source),
    }
    path.write_text(json.dumps(settings))  # JSON is YAML
    return path


def large_world(contacts: int) -> World:
    """A CRM of so many contacts, twenty an account, a deal for every fourth account."""
    accounts = max(1, contacts // CONTACTS_OF_ACCOUNT)
    return World(
        people=tuple(_person(number) for number in range(PEOPLE_OF_WORLD)),
        accounts=tuple(
            WorldAccount(
                key=f"account{n}",
                name=f"Account {n}",
                domain=f"account{n}.example",
                owner=f"rep{n % PEOPLE_OF_WORLD}",
            )
            for n in range(accounts)
        ),
        contacts=tuple(
            WorldContact(
                key=f"prospect{n}",
                name=f"Given{n} Family{n}",
                email=prospect_email(n),
                title="Head of Procurement",
                account=f"account{n % accounts}",
                owner=f"rep{n % PEOPLE_OF_WORLD}",
            )
            for n in range(contacts)
        ),
        stages=(
            WorldStage(key="open", label="Proposal"),
            WorldStage(key="won", label="Won", is_closed=True, is_won=True, probability=100),
        ),
        deals=tuple(
            WorldDeal(
                key=f"deal{n}",
                name=f"Deal {n}",
                stage="open",
                account=f"account{n}",
                owner=f"rep{n % PEOPLE_OF_WORLD}",
                amount=1000.0,
            )
            for n in range(0, accounts, 4)
        ),
    )
