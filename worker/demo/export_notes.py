"""Says in plain sentences what was found in a CRM export and what was made beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from connectors.sandbox.world import World
from worker.demo.export_files import ExportFiles, Opportunity


def notes_about(
    files: ExportFiles,
    routed: Mapping[str, Opportunity],
    world: World,
    away: str | None,
) -> list[str]:
    """One sentence each, the export's dirt first, then everything made."""
    return [*_found(files), *_made(files, routed, world, away)]


def _found(files: ExportFiles) -> list[str]:
    notes = [
        f"Read {len(files.companies)} accounts, {len(files.agents)} agents with "
        f"{len({agent.manager for agent in files.agents.values()})} managers and "
        f"{len(files.deals)} deals."
    ]
    lonely = sum(not deal.account for deal in files.deals)
    if lonely:
        notes.append(f"{lonely} deals name no account and are kept without one.")
    for (written, known), count in sorted(files.respelled.items()):
        notes.append(f"{count} deals spell the product “{known}” as “{written}”; both are one.")
    idle = sorted(files.agents.keys() - {deal.agent for deal in files.deals})
    if idle:
        notes.append(f"{len(idle)} agents have no deals and are kept: {', '.join(idle)}.")
    unpriced = sum(deal.value is None for deal in files.deals)
    if unpriced:
        notes.append(f"{unpriced} deals have no value and carry the list price of their product.")
    children = sum(bool(company.parent) for company in files.companies.values())
    if children:
        notes.append(f"{children} accounts are subsidiaries of another account.")
    return notes


def _made(
    files: ExportFiles,
    routed: Mapping[str, Opportunity],
    world: World,
    away: str | None,
) -> list[str]:
    stages = Counter(deal.stage for deal in routed.values())
    turns = ", ".join(f"{count} in {stage}" for stage, count in sorted(stages.items()))
    roles = Counter(person.role for person in world.people)
    offices = {agent.office for agent in files.agents.values()}
    unowned = sum(account.bdr is None for account in world.accounts)
    notes = [
        f"Made {len(world.contacts)} contacts, one an account; each takes part in one deal of the "
        f"account: {turns}.",
        f"Made {roles['BDR']} BDRs and {roles['CSM']} CSMs for the {len(offices)} regional "
        "offices; an account belongs to the office that most of its deals come from.",
        "Made one admin, who is told when nobody else is left: "
        f"{', '.join(person.name for person in world.people if person.role == 'Admin')}.",
        "Agents own their deals as AEs; each agent's manager is also the backup. Offices got "
        "the time zones of their part of the United States.",
    ]
    if unowned:
        notes.append(
            f"{unowned} accounts have no BDR and no CSM, as they lie outside the United States "
            "or have no deals: their prospecting and customer alerts go to the claim channel."
        )
    if away is not None:
        count = sum(deal.agent == away for deal in files.deals)
        notes.append(
            f"{away}, who owns {count} deals, is out of office for the run; "
            f"{files.agents[away].manager} covers."
        )
    return notes
