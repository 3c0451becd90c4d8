"""What a proposal says: on a screen for people, as JSON for programs, as CSV to work off."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.people_csv.activities import safe_cell
from routing.terms import StageClass
from worker.profile.flow import stage_rule
from worker.profile.proposal import Proposal
from worker.profile.shares import Failure, RoleShare, place_of
from worker.profile.sizes import many, percent, size
from worker.profile.target import Change

_SAMPLES = 3
_MOST_REASONS = 6
_MOST_USELESS = 4
_STAGES = {
    StageClass.PROSPECTING: "prospecting",
    StageClass.ACTIVE_DEAL: "active deal",
    StageClass.CUSTOMER: "customer",
}


def screen(proposal: Proposal) -> Iterator[str]:
    """The lines for people; at most a screen of them."""
    yield f"Looked at {size(proposal.facts)}."
    yield ""
    yield "Stage classes (the first that fits)"
    for one in proposal.stages:
        rule = stage_rule(one.rule).removeprefix(f"{{stage: {one.rule.stage.value}").strip(", }")
        rule = rule or "everything else"
        why = "" if one.why == "everything else" else f" ({one.why})"
        yield f"  {_STAGES[one.rule.stage]:<13}{rule}{why}"
    there = ", ".join(f"{n:,} {_STAGES[stage]}" for stage, n in proposal.in_stage.items())
    yield f"  Accounts, by themselves or by one of their prospects: {there}"
    yield ""
    yield "Roles: for how many accounts of their stage somebody active holds them"
    for role in proposal.roles:
        share = percent(role.resolved, role.of)
        yield f"  {role.role:<5}{share:>5} of {_whose(role)}: {_chain(role)}"
    yield ""
    yield from _failing(proposal)
    yield from _remarks(proposal)


def _whose(role: RoleShare) -> str:
    if role.over_all:
        return f"all {role.of:,} (none is {_STAGES[role.stage]} now)"
    all_of_them = percent(role.resolved_all, role.of_all)
    return f"{role.of:,} {_STAGES[role.stage]} (of all {all_of_them})"


def _chain(role: RoleShare) -> str:
    """'field:account.CSM__c 71 %, then team:CSM +18 %'."""
    first, *rest = role.sources
    said = [f"{first.source} {percent(first.added, role.of)}"]
    said += [f"then {one.source} +{percent(one.added, role.of)}" for one in rest]
    return ", ".join(said)


def _failing(proposal: Proposal) -> Iterator[str]:
    failures = proposal.failures
    if not failures:
        yield "Every account has somebody in the role that its stage asks for."
        return
    total, failed = proposal.facts.accounts, len({one.account_id for one in failures})
    yield f"Nobody for {failed:,} of {many(total, 'account')} ({percent(failed, total)}):"
    grouped: dict[tuple[str, str], list[Failure]] = defaultdict(list)
    for one in failures:
        grouped[(one.role, one.brief)].append(one)
    ranked = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0]))
    for (role, reason), some in ranked[:_MOST_REASONS]:
        samples = ", ".join(one.account for one in some[:_SAMPLES])
        samples += ", …" if len(some) > _SAMPLES else ""
        yield f"  {len(some):>6,}  {role}: {reason}, as of {samples}"
    if len(ranked) > _MOST_REASONS:
        others = sum(len(some) for _, some in ranked[_MOST_REASONS:])
        yield f"  {others:>6,}  for other reasons; --failing FILE lists them all"


def _remarks(proposal: Proposal) -> Iterator[str]:
    if proposal.admin is not None:
        who = proposal.admin
        yield f"Admin: {who.email} ({who.name}, {who.title or who.role_name or who.profile_name})"
    useless = proposal.useless
    if useless:
        shown = "; ".join(f"{one.source} ({one.role})" for one in useless[:_MOST_USELESS])
        more = len(useless) - _MOST_USELESS
        shown += f" and {more} more" if more > 0 else ""
        yield f"Left out, as they add little or nobody: {shown}"
    for note in proposal.notes:
        yield f"Note: {note}"


def failing_csv(failures: Sequence[Failure], *, claimed: bool) -> str:
    """The accounts that fail, one a line, as cells that no spreadsheet takes for formulas."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(("account_id", "account", "stage", "role", "reason", "details", "instead"))
    for one in failures:
        cells = (one.account_id, one.account, one.stage.value, one.role, one.miss.value)
        instead = one.instead or ("claim channel" if claimed else "the last route")
        writer.writerow([safe_cell(cell) for cell in (*cells, one.reason, instead)])
    return made.getvalue()


def as_json(proposal: Proposal, change: Change) -> dict[str, Any]:
    """All of it for programs."""
    facts = proposal.facts
    return {
        "crm": facts.crm,
        "counts": {
            "accounts": facts.accounts,
            "deals": facts.deals,
            "open_deals": facts.open_deals,
            "prospects": facts.prospects,
            "people": len(facts.people),
            "territories": facts.territories,
        },
        "found": {
            "stages": [
                {
                    "label": one.label,
                    "closed": one.closed,
                    "won": one.won,
                    "active": one.active,
                    "open_deals": one.open_deals,
                }
                for one in facts.stages
            ],
            "account_types": dict(facts.kinds),
            "account_team_roles": dict(facts.account_roles),
            "deal_team_roles": dict(facts.deal_roles),
            "territory_roles": dict(facts.territory_roles),
            "queues": dict(facts.queues),
            "owner_fields": [
                {"noun": one.noun, "name": one.name, "label": one.label, "filled": one.filled}
                for one in facts.fields
            ],
        },
        "stage_classes": [
            {"rule": one.rule.model_dump(mode="json", exclude_none=True), "why": one.why}
            for one in proposal.stages
        ],
        "accounts_by_stage": {stage.value: n for stage, n in proposal.in_stage.items()},
        "roles": [_role_json(one) for one in proposal.roles],
        "left_out": [{"role": one.role, "source": one.source} for one in proposal.useless],
        "failing": [
            {
                "account_id": one.account_id,
                "account": one.account,
                "stage": one.stage.value,
                "role": one.role,
                "reason": one.miss.value,
                "details": one.reason,
                "instead": one.instead,
            }
            for one in proposal.failures
        ],
        "admin": proposal.admin.email if proposal.admin else None,
        "notes": list(proposal.notes),
        "policy": change.policy.hash,
        "diff": list(change.diff),
    }


def _role_json(role: RoleShare) -> dict[str, Any]:
    return {
        "role": role.role,
        "stage": role.stage.value,
        "accounts": role.of,
        "resolved": role.resolved,
        "all_accounts": role.of_all,
        "resolved_of_all": role.resolved_all,
        "measured_over": "all accounts" if role.over_all else "accounts of the stage",
        "sources": [
            {
                "source": one.source,
                "alone": one.alone,
                "added": one.added,
                "chosen": one.why,
                "means": place_of(one.source),
            }
            for one in role.sources
        ],
    }
