"""Runs the proof of coverage over the mirror and says what it found, with places in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from routing.coverage import Coverage, Progress, cover
from routing.coverage_findings import Finding, findings, heat
from routing.nouns import Account
from routing.policy import Policy
from worker.proof.team import accounts_of, team_of
from worker.settings import read_whole
from worker.store.engine import Store
from worker.store.mirror import table_of
from worker.store.tables import IDENTITY

_LEAST_DAYS, _MOST_DAYS = 1, 92
_NOON = time(12)
_FEW = 0.1
"""Below this share of the accounts a cell of the heat map is outlined and not filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof and its findings."""

    coverage: Coverage
    findings: Sequence[Finding]

    @property
    def holes(self) -> int:
        """How many findings are holes."""
        return sum(one.is_hole for one in self.findings)


def prove(
    store: Store,
    policy: Policy,
    now: datetime,
    *,
    days: int = 30,
    present_only: bool = False,
    progress: Progress = lambda _: None,
) -> Proof:
    """Ask of every account of the mirror who would be told on each of the next days."""
    if not _LEAST_DAYS <= days <= _MOST_DAYS:
        raise ValueError(f"{days} days cannot be looked at; ask for 1 to {_MOST_DAYS}")
    moments = noons(policy, now, days)
    with store.read() as conn:
        # Of days to come: the sources will be read until then.
        team = replace(team_of(conn, policy, now), sources={}, own_sources={})
        unreachable = conn.execute(select(IDENTITY.c.email).where(IDENTITY.c.address == ""))
        strangers = [row[0] for row in unreachable]
        coverage = cover(accounts_of(conn), team, policy, moments, progress)
    found = findings(coverage, team, policy, strangers, present_only=present_only)
    return Proof(coverage=coverage, findings=found)


def noons(policy: Policy, now: datetime, days: int) -> list[datetime]:
    """Noon of each of the next working days of the team, in its own time zone."""
    hours = policy.working_hours
    zone = ZoneInfo(hours.time_zone)
    today = now.astimezone(zone).date()
    every = (today + timedelta(days=number) for number in range(days))
    return [datetime.combine(one, _NOON, zone).astimezone(UTC) for one in every]


def count_accounts(store: Store) -> int:
    """How many accounts there are to look at."""
    table = table_of(Account)
    with store.read() as conn:
        query = select(func.count()).select_from(table).where(table.c.deleted_at.is_(None))
        return int(conn.execute(query).scalar_one())


class Places:
    """Where the policy says what: the line of a finding's path."""

    def __init__(self, config: Path) -> None:
        _, self._origins = read_whole(config)

    def line(self, path: Sequence[str | int]) -> str:
        """``file:line`` of the nearest thing that the file has."""
        file, inner = self._origins.of(("policy", *path))
        row, _ = file.place(inner, key=inner in file.keys)
        return f"{file.name}:{row}"


def as_json(proof: Proof, places: Places) -> dict[str, Any]:
    """The whole of it for programs. Groups list their accounts; days are ISO dates."""
    coverage = proof.coverage
    return {
        "ok": proof.holes == 0,
        "policy": coverage.policy_hash,
        "accounts": coverage.accounts,
        "days": [day.isoformat() for day in coverage.days],
        "holes": proof.holes,
        "findings": [_finding_json(one, places) for one in proof.findings],
        "groups": [
            {
                "accounts": group.accounts,
                "sample": group.sample,
                "stage": group.stage.value if group.stage else None,
                "told": [
                    {
                        "stage": stage.value,
                        "signal": signal.value,
                        "recipients": [one.address if one else None for one in told],
                    }
                    for (stage, signal), told in group.told.items()
                ],
            }
            for group in coverage.groups
        ],
    }


def _finding_json(finding: Finding, places: Places) -> dict[str, Any]:
    return {
        "kind": finding.kind.value,
        "text": finding.text,
        "mend": finding.mend,
        "line": places.line(finding.path),
        "accounts": finding.accounts,
        "samples": finding.samples,
        "stages": sorted(one.value for one in finding.stages),
        "signals": sorted(one.value for one in finding.signals),
        "days": sorted(day.isoformat() for day in finding.days),
    }


def when(days: set[date], of: int) -> str:
    """Days as a person says them: “every day”, “3 days from 2026-12-21”, “2026-12-24”."""
    if len(days) == of:
        return "every day"
    first = min(days)
    if len(days) == 1:
        return first.isoformat()
    return f"{len(days)} days from {first.isoformat()}"


def heat_rows(proof: Proof) -> list[dict[str, Any]]:
    """The rows of the heat map: a stage and signal each, with a cell a day."""
    rows = []
    for (stage, signal), days in heat(proof.coverage).items():
        cells = []
        for day, counts in zip(proof.coverage.days, days, strict=True):
            total = sum(counts.values())
            worst = max(counts, key=lambda kind: (_WORSE[kind.value], counts[kind]), default=None)
            shares = {kind.value: number for kind, number in counts.items()}
            few = worst is not None and counts[worst] < _FEW * total
            cells.append(
                {
                    "day": day,
                    "total": total,
                    "worst": worst.value if worst else "",
                    "counts": shares,
                    "few": few,
                }
            )
        rows.append({"stage": stage.value, "signal": signal.value, "cells": cells})
    return rows


_WORSE = {
    "assignee": 0,
    "remind": 0,
    "backup": 1,
    "claim_channel": 2,
    "coverage_channel": 3,
    "manager": 4,
    "admin": 5,
}
"""How bad it is when the first to be told is on such a rung."""
