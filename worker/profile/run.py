"""Makes a proposal for the org that a configuration names: gathers, reads what is lacking, asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Connection

from connectors.base import OwnerField
from routing.policy import Policy
from worker.adapters import crm_for
from worker.clock import Clock
from worker.profile.gather import gather, is_empty, taking_part
from worker.profile.measure import Case
from worker.profile.proposal import Proposal, propose
from worker.profile.values import Holders, mirrored_holders, read_values
from worker.proof.team import accounts_of, team_of
from worker.secrets import Secrets
from worker.settings import Settings
from worker.store.engine import Store
from worker.sync import Progress


class NothingMirroredError(Exception):
    """There is no mirror yet from which anything could be proposed."""


def profile(
    settings: Settings,
    secrets: Secrets,
    store: Store,
    clock: Clock,
    progress: Progress = lambda *_: None,
) -> Proposal:
    """The proposal. Changes neither the CRM nor the mirror.

    Raises ConnectorError when the CRM cannot be asked, NothingMirroredError.
    """
    with store.read() as conn:
        if is_empty(conn):
            raise NothingMirroredError
    crm = crm_for(settings, secrets, clock)
    try:
        fields = list(crm.owner_fields())
    finally:
        crm.close()
    with store.read() as conn:
        holders = dict(mirrored_holders(conn, fields))
    lacking = [one for one in fields if _is_lacking(one, holders)]
    values, read = read_values(settings, secrets, clock, lacking, progress)
    with store.read() as conn:
        team = team_of(conn, settings.policy, clock.now())
        facts = gather(conn, settings.crm, team, fields, {**holders, **read})
        return propose(
            facts,
            _cases(conn, settings.policy),
            team,
            settings.policy,
            clock.now(),
            values,
            _counting(progress, facts.accounts),
        )


def _cases(conn: Connection, policy: Policy) -> Iterator[Case]:
    """Every account with the deals of its prospects, where the policy asks for those."""
    groups: Iterator[tuple[str, list[frozenset[str]]]] = iter(())
    if policy.deals_of == "prospect_then_account":
        groups = taking_part(conn)
    waiting = next(groups, None)
    for facts in accounts_of(conn):
        # Both come in the order of the accounts' ids, as the store sorts them.
        mine: list[frozenset[str]] = []
        if waiting is not None and waiting[0] == facts.account.id:
            mine, waiting = waiting[1], next(groups, None)
        yield facts, mine


def _is_lacking(one: OwnerField, holders: Holders) -> bool:
    """Whether the CRM has values of a field that the mirror does not hold."""
    return one.noun != "prospect" and one.filled != 0 and f"{one.noun}.{one.name}" not in holders


def _counting(progress: Progress, total: int) -> Callable[[int], None]:
    def count(number: int) -> None:
        if number % 500 == 0 or number == total:
            progress("asking who holds which role", number, total)

    return count
