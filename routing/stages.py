"""Where an account stands: the stage class, and the deal that it was read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from routing.nouns import Deal
from routing.policy import Policy, StageClass, StageRule
from routing.snapshot import Snapshot

BY_HAND = "stage_class"
"""The account field by which a stage is set by hand; it goes before all rules."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """The stage class, the deal that the alert is about, and the sentence that says why.

    The deal is the one that the stage was read from, else the foremost open one, if any.
    """

    stage_class: StageClass
    deal: Deal | None
    why: str


def standing(snapshot: Snapshot, policy: Policy) -> Standing:
    """The first rule of the policy that fits. A stage set by hand on the account goes before."""
    by_hand = snapshot.account.fields.get(BY_HAND, "") if snapshot.account else ""
    by_hand = by_hand.strip().lower().replace(" ", "_")
    deals = _deals_that_count(snapshot, policy)
    nearest = _foremost([deal for deal in deals if not deal.is_closed], snapshot)
    if by_hand in set(StageClass):
        return Standing(StageClass(by_hand), nearest, "set by hand on the account")
    for rule in policy.stage_classes:
        fits, deal, why = _fits(rule, deals, snapshot)
        if fits:
            return Standing(rule.stage, deal or nearest, why)
    raise AssertionError("the policy's last stage rule has no condition")  # held by Policy


def _deals_that_count(snapshot: Snapshot, policy: Policy) -> Sequence[Deal]:
    """The prospect's own deals where one is open or won, else those of the whole account."""
    if policy.deals_of == "prospect_then_account":
        own = [deal for deal in snapshot.deals if deal.id in snapshot.prospect_deals]
        if any(not deal.is_closed or deal.is_won for deal in own):
            return own
    return snapshot.deals


def _fits(
    rule: StageRule, deals: Sequence[Deal], snapshot: Snapshot
) -> tuple[bool, Deal | None, str]:
    deal: Deal | None = None
    why: list[str] = []
    if rule.open_deal_in is not None or rule.open_deal_not_in is not None:
        fitting = [one for one in deals if not one.is_closed and _stage_fits(rule, one, snapshot)]
        deal = _foremost(fitting, snapshot)
        if deal is None:
            return False, None, ""
        why.append(f"the deal “{deal.name}” is open in stage {label_of(deal, snapshot)}")
    if rule.won_deal is not None:
        won = sorted((one for one in deals if one.is_won), key=_latest_won)
        if bool(won) is not rule.won_deal:
            return False, None, ""
        deal = deal or (won[0] if won else None)
        why.append(f"the deal “{won[0].name}” was won" if won else "no deal was won")
    if rule.account_kind is not None:
        kind = snapshot.account.kind if snapshot.account else ""
        if not any(fnmatchcase(kind.lower(), one.lower()) for one in rule.account_kind):
            return False, None, ""
        why.append(f"the account is of type {kind}")
    return True, deal, " and ".join(why) or "nothing more advanced is known"


def _stage_fits(rule: StageRule, deal: Deal, snapshot: Snapshot) -> bool:
    label = label_of(deal, snapshot).casefold()
    if rule.open_deal_in is not None and label not in map(str.casefold, rule.open_deal_in):
        return False
    return rule.open_deal_not_in is None or label not in map(str.casefold, rule.open_deal_not_in)


def label_of(deal: Deal, snapshot: Snapshot) -> str:
    """The stage's label; its id when the stage itself is not mirrored."""
    stage = snapshot.stages.get(deal.stage_id)
    return stage.label if stage else deal.stage_id


def _foremost(deals: Sequence[Deal], snapshot: Snapshot) -> Deal | None:
    """The furthest in its pipeline, then the largest; the name settles ties the same in any CRM."""

    def rank(deal: Deal) -> tuple[int, float, str, str]:
        stage = snapshot.stages.get(deal.stage_id)
        position = stage.position if stage else 0
        return -position, -(deal.amount or 0.0), deal.name, deal.id

    return min(deals, key=rank, default=None)


def _latest_won(deal: Deal) -> tuple[float, float, str, str]:
    closed = deal.closed_at or _LONG_AGO
    return -closed.timestamp(), -(deal.amount or 0.0), deal.name, deal.id
