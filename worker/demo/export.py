"""Makes a world out of a CRM export: what the files say, and what has to be invented beside it.

The export knows accounts, agents, managers and deals. Contacts, BDRs and CSMs are made by fixed
rules, and every made thing is named in ``notes``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
from worker.demo.export_files import ExportError, ExportFiles, Opportunity, read_export
from worker.demo.export_notes import notes_about
from worker.demo.export_people import ADMIN, Staff, people_of
from worker.demo.made import contact_of, slug, slugs
from worker.demo.policy import stage_policy

__all__ = ["Export", "ExportError", "load_export"]

_TURNS = ("Prospecting", "Engaging", "Won")
_HOME = "United States"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Export:
    """A world and what fits it: ``policy`` as the section of a settings file, ``notes`` as plain
    sentences about dirt and about everything made, ``signals`` as bodies for the signals route."""

    world: World
    policy: dict[str, Any]
    notes: list[str]
    signals: list[dict[str, Any]]


_STAGES = (
    WorldStage(key="Prospecting", label="Prospecting", probability=10),
    WorldStage(key="Engaging", label="Engaging", probability=50),
    WorldStage(key="Won", label="Won", is_closed=True, is_won=True, probability=100),
    WorldStage(key="Lost", label="Lost", is_closed=True, probability=0),
)


def load_export(folder: Path, now: datetime) -> Export:
    """The export in ``folder`` as of ``now`` (aware), which dates absences and signals alone.

    The same files give the same world, whatever the machine. Raises ExportError with file, row,
    column and mend.
    """
    files = read_export(folder)
    routed = _routed(files)
    away = _goes_away(files, routed)
    people, staff = people_of(files, away, now)
    by_key = {person.key: person for person in people}
    domains = slugs(sorted(files.companies))
    accounts = _accounts(files, staff, domains)
    contacts = _contacts(domains)
    world = World(
        people=tuple(people),
        accounts=tuple(accounts),
        contacts=tuple(contacts.values()),
        stages=_STAGES,
        deals=tuple(_deals(files, routed)),
    )
    backups = {one.email: by_key[one.backup].email for one in people if one.backup}
    return Export(
        world=world,
        policy=stage_policy(by_key[ADMIN].email, backups),
        notes=notes_about(files, routed, world, away),
        signals=[
            _signal(
                domains[name], contact, by_key[routed[name].agent] if name in routed else None, now
            )
            for name, contact in contacts.items()
        ],
    )


def _routed(files: ExportFiles) -> dict[str, Opportunity]:
    """The one deal that each account's contact takes part in, stages taking turns by name.

    An account without a deal in the stage whose turn it is takes the next stage that it has; of
    several deals in the stage the latest counts.
    """
    by_account: dict[str, dict[str, list[Opportunity]]] = defaultdict(lambda: defaultdict(list))
    for deal in files.deals:
        by_account[deal.account][deal.stage].append(deal)
    routed: dict[str, Opportunity] = {}
    for turn, account in enumerate(sorted(files.companies)):
        for step in range(len(_TURNS)):
            deals = by_account[account][_TURNS[(turn + step) % len(_TURNS)]]
            if deals:
                routed[account] = max(deals, key=_latest)
                break
    return routed


def _latest(deal: Opportunity) -> tuple[datetime, str]:
    return deal.closed or deal.engaged or _LONG_AGO, deal.id


def _goes_away(files: ExportFiles, routed: dict[str, Opportunity]) -> str | None:
    """The busiest of the agents who own a routed active deal; None when there is none."""
    owners = {deal.agent for deal in routed.values() if deal.stage == "Engaging"}
    busy = Counter(deal.agent for deal in files.deals)
    return max(sorted(owners), key=lambda name: busy[name], default=None)


def _offices(files: ExportFiles) -> dict[str, str]:
    """The office that most deals of an account come from; the first by name of several."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for deal in files.deals:
        counts[deal.account][files.agents[deal.agent].office] += 1
    return {
        account: max(sorted(offices), key=lambda office: offices[office])
        for account, offices in counts.items()
    }


def _accounts(
    files: ExportFiles, staff: Mapping[str, Staff], domains: Mapping[str, str]
) -> list[WorldAccount]:
    """BDRs take turns over the accounts of their office; accounts abroad have nobody."""
    offices = _offices(files)
    turns: Counter[str] = Counter()
    accounts = []
    for name in domains:
        company = files.companies[name]
        here = staff.get(offices.get(name, "")) if company.country == _HOME else None
        bdr = here.bdrs[turns[offices[name]] % len(here.bdrs)] if here else None
        if here:
            turns[offices[name]] += 1
        accounts.append(
            WorldAccount(
                key=name,
                name=name,
                domain=f"{domains[name]}.example",
                bdr=bdr,
                csm=here.csm if here else None,
                parent=company.parent or None,
                country=company.country,
            )
        )
    return accounts


def _contacts(domains: Mapping[str, str]) -> dict[str, WorldContact]:
    contacts = {}
    for account, domain in domains.items():
        name, title = contact_of(account)
        contacts[account] = WorldContact(
            key=f"contact of {account}",
            name=name,
            email=f"{slug(name, '.')}@{domain}.example",
            title=title,
            account=account,
        )
    return contacts


def _deals(files: ExportFiles, routed: dict[str, Opportunity]) -> Iterable[WorldDeal]:
    part = {deal.id: f"contact of {account}" for account, deal in routed.items()}
    for deal in files.deals:
        words = (deal.account, deal.product, deal.id)
        yield WorldDeal(
            key=deal.id,
            name=" ".join(word for word in words if word),
            stage=deal.stage,
            account=deal.account or None,
            owner=deal.agent,
            amount=files.prices[deal.product] if deal.value is None else deal.value,
            created=deal.engaged,
            closed=deal.closed,
            contacts=(part[deal.id],) if deal.id in part else (),
        )


def _signal(
    thread: str, contact: WorldContact, sender: WorldPerson | None, now: datetime
) -> dict[str, Any]:
    """Two opens that the tracker already counted together, enough to interrupt a rep."""
    body: dict[str, Any] = {
        "id": f"open-{thread}",
        "source": "export",
        "type": "multi_open",
        "time": (now - timedelta(minutes=1)).isoformat(),
        "prospect": {"email": contact.email, "name": contact.name},
        "thread": {
            "id": f"thread-{thread}",
            "url": f"https://mail.example/thread-{thread}",
            "subject": "Pricing follow-up",
        },
        "tier": 1,
        "count": 2,
    }
    return body if sender is None else body | {"sending_rep": sender.email}
