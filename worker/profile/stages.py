"""Proposes the stage classes: by the names of stages and types, and by who owns the deals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from routing.policy import StageRule
from routing.terms import StageClass
from worker.profile.facts import OrgFacts, StageUse
from worker.profile.sizes import many
from worker.profile.words import is_customer, is_early, is_renewal, was_customer

_FEW = 5
"""Of fewer open deals the owners say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLine:
    """One rule of the stage classes, and what in the CRM speaks for it."""

    rule: StageRule
    why: str


def propose_stages(facts: OrgFacts) -> tuple[StageLine, ...]:
    """The rules in order; the last has no condition."""
    return (*_by_deals(facts), *_by_type(facts), _otherwise(facts))


def _by_deals(facts: OrgFacts) -> Iterable[StageLine]:
    there = [one for one in facts.stages if not one.closed and (one.active or one.open_deals)]
    early = [one for one in there if not is_renewal(one.label) and _is_early(one, facts)]
    renewals = [one for one in there if is_renewal(one.label)]
    if there:
        aside = tuple(one.label for one in (*early, *renewals))
        real = sum(one.open_deals for one in there if one.label not in aside)
        why = many(real, "open deal")
        if early:
            others = sum(one.open_deals for one in early)
            why += f"; {f'{others:,} more' if others else 'none'} in {_listed(early)}"
        rule = StageRule(stage=StageClass.ACTIVE_DEAL, open_deal_not_in=aside)
        yield StageLine(rule=rule, why=why)
    if renewals:
        labels = tuple(one.label for one in renewals)
        rule = StageRule(stage=StageClass.CUSTOMER, open_deal_in=labels)
        deals = many(sum(one.open_deals for one in renewals), "open deal")
        yield StageLine(rule=rule, why=f"{deals} about what customers have")


def _is_early(stage: StageUse, facts: OrgFacts) -> bool:
    """By its name, or because BDRs own the deals in it."""
    theirs = stage.open_deals >= _FEW and facts.most_are(stage.owners) == "bdr"
    return is_early(stage.label) or theirs


def _by_type(facts: OrgFacts) -> Iterable[StageLine]:
    gone = _patterns(facts, was_customer)
    if gone:
        rule = StageRule(stage=StageClass.PROSPECTING, account_kind=gone)
        were = many(sum(n for kind, n in facts.kinds.items() if was_customer(kind)), "account")
        yield StageLine(rule=rule, why=f"{were} that used to be customers")
    if facts.won_accounts or any(one.won for one in facts.stages):
        rule = StageRule(stage=StageClass.CUSTOMER, won_deal=True)
        why = f"{many(facts.won_accounts, 'account')} with a won deal"
        yield StageLine(rule=rule, why=why)
    kinds = _patterns(facts, is_customer)
    if kinds:
        rule = StageRule(stage=StageClass.CUSTOMER, account_kind=kinds)
        are = many(sum(n for kind, n in facts.kinds.items() if is_customer(kind)), "account")
        yield StageLine(rule=rule, why=f"{are} of such a type")


def _otherwise(facts: OrgFacts) -> StageLine:
    why = "everything else"
    if not facts.stages:
        why += "; the CRM has no deal stages"
    return StageLine(rule=StageRule(stage=StageClass.PROSPECTING), why=why)


def _patterns(facts: OrgFacts, fits: Callable[[str], bool]) -> tuple[str, ...]:
    """The types in use that fit; 'Customer*' where every type that begins so does."""
    found: dict[str, None] = {}
    for kind in facts.kinds:
        if not fits(kind):
            continue
        first = kind.split()[0]
        alike = [one for one in facts.kinds if one.casefold().startswith(first.casefold())]
        whole = fits(first) and first.isalpha() and all(fits(one) for one in alike)
        found[f"{first}*" if whole else re.sub(r"([*?[])", r"[\1]", kind)] = None
    return tuple(found)


def _listed(stages: Sequence[StageUse]) -> str:
    return ", ".join(one.label for one in stages)
