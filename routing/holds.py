"""Whether the conditions of a rule hold, and if not, which one and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from routing.conditions import Bounds, Times, When
from routing.nouns import Account, Signal
from routing.policy import Policy
from routing.priority import tier_of
from routing.roles import named_account
from routing.snapshot import Snapshot
from routing.stages import Standing, label_of
from routing.terms import DAYS, SignalClass


@dataclass(frozen=True, slots=True)
class Case:
    """What conditions are held against."""

    signal: Signal
    signal_class: SignalClass
    snapshot: Snapshot
    where: Standing
    policy: Policy
    now: datetime


def failing(when: When, case: Case) -> str:
    """Why the rule does not hold: the first condition that fails; '' when it holds."""
    for name, wanted in when.written.items():
        why = _CHECKS[name](wanted, case)
        if why:
            return why
    return ""


def _among(what: str, value: str, wanted: Iterable[Any]) -> str:
    """The complaint that the value is none of the wanted patterns; '' when it is one."""
    patterns = [str(one) for one in wanted]
    if value and any(fnmatchcase(value.casefold(), one.casefold()) for one in patterns):
        return ""
    return f"{what} is {value or 'not known'}, not {' or '.join(patterns)}"


def _any_among(what: str, values: Sequence[str], wanted: Iterable[Any]) -> str:
    patterns = list(wanted)
    if any(not _among(what, value, patterns) for value in values):
        return ""
    return _among(what, ", ".join(sorted(values)), patterns)


def _flag(what: str, value: bool, wanted: bool) -> str:
    return "" if value is wanted else f"this is {'' if value else 'no '}{what}"


def _number(what: str, value: float | None, wanted: Bounds) -> str:
    if wanted.holds(value):
        return ""
    low = f"at least {wanted.at_least:g}" if wanted.at_least is not None else ""
    high = f"below {wanted.below:g}" if wanted.below is not None else ""
    shown = "not known" if value is None else f"{value:g}"
    return f"{what} is {shown}, not {' and '.join(one for one in (low, high) if one)}"


def _fields(wanted: dict[str, Sequence[str]], case: Case) -> str:
    for name, patterns in wanted.items():
        why = _among(name, _field(name, case), patterns)
        if why:
            return why
    return ""


def _field(name: str, case: Case) -> str:
    noun, _, field = name.partition(".")
    snapshot = case.snapshot
    records: dict[str, Any] = {
        "account": snapshot.account,
        "deal": case.where.deal,
        "prospect": snapshot.prospect,
        "person": snapshot.by_email(case.signal.sending_rep) if case.signal.sending_rep else None,
    }
    record = records[noun]
    return str(record.fields.get(field, "")) if record is not None else ""


def _lists(wanted: Sequence[str], case: Case) -> str:
    account = case.snapshot.account
    if account is not None:
        for name in wanted:
            if on_list(account, case.policy.account_lists.get(name, ())):
                return ""
    shown = account.name if account is not None else "the account, which is not known,"
    return f"{shown} is not on the list {' or '.join(wanted)}"


def on_list(account: Account, names: Iterable[str]) -> bool:
    """Whether the account is among these names, domains, record ids or patterns of them."""
    own = [one.casefold() for one in (account.id, account.name, account.domain) if one]
    return any(fnmatchcase(mine, name.casefold()) for name in names for mine in own)


def _time(wanted: Times, case: Case) -> str:
    zone = ZoneInfo(wanted.time_zone or case.policy.working_hours.time_zone)
    local = case.now.astimezone(zone)
    said = f"it is {local:%a %H:%M} {local:%Z}"
    if wanted.days and DAYS[local.weekday()] not in wanted.days:
        return f"{said}, and the rule is for {', '.join(wanted.days)}"
    if wanted.start is None or wanted.end is None or _within(local.time(), wanted):
        return ""
    return f"{said}, and the rule is from {wanted.start:%H:%M} to {wanted.end:%H:%M}"


def _within(moment: time, wanted: Times) -> bool:
    start, end = wanted.start or time(), wanted.end or time()
    if start <= end:
        return start <= moment < end
    return moment >= start or moment < end


def _contact_roles(case: Case) -> list[str]:
    deal = case.where.deal
    role = case.snapshot.contact_roles.get(deal.id, "") if deal is not None else ""
    return [role] if role else []


def _tier(wanted: Sequence[int], case: Case) -> str:
    tier = tier_of(case.signal)
    return _among("the tier", "" if tier is None else str(tier), wanted)


def _stage_label(case: Case) -> str:
    return label_of(case.where.deal, case.snapshot) if case.where.deal is not None else ""


def _pipeline(case: Case) -> str:
    deal = case.where.deal
    if deal is None:
        return ""
    stage = case.snapshot.stages.get(deal.stage_id)
    return deal.pipeline_id or (stage.pipeline_id if stage is not None else "")


_CHECKS: dict[str, Callable[[Any, Case], str]] = {
    "stage": lambda wanted, case: _among("the stage", case.where.stage_class.value, wanted),
    "signal": lambda wanted, case: _among("the signal", case.signal_class.value, wanted),
    "named_account": lambda wanted, case: _flag(
        "named account", named_account(case.snapshot, case.policy) is not None, wanted
    ),
    "known_prospect": lambda wanted, case: _flag(
        "prospect of the CRM", case.snapshot.prospect is not None, wanted
    ),
    "kind": lambda wanted, case: _among("the kind", case.signal.kind.value, wanted),
    "tier": _tier,
    "confidence": lambda wanted, case: _number("the confidence", case.signal.confidence, wanted),
    "sentiment": lambda wanted, case: _among(
        "the sentiment", case.signal.sentiment.value if case.signal.sentiment else "", wanted
    ),
    "language": lambda wanted, case: _among("the language", case.signal.language, wanted),
    "sending_rep": lambda wanted, case: _among("the sending rep", case.signal.sending_rep, wanted),
    "pipeline": lambda wanted, case: _among("the pipeline", _pipeline(case), wanted),
    "deal_stage": lambda wanted, case: _among("the deal's stage", _stage_label(case), wanted),
    "amount": lambda wanted, case: _number(
        "the deal's amount", case.where.deal.amount if case.where.deal else None, wanted
    ),
    "field": _fields,
    "account_kind": lambda wanted, case: _among(
        "the account's type", case.snapshot.account.kind if case.snapshot.account else "", wanted
    ),
    "territory": lambda wanted, case: _any_among(
        "the territory", [one.name for one in case.snapshot.territories if one.active], wanted
    ),
    "account_list": _lists,
    "title": lambda wanted, case: _among(
        "the title", case.snapshot.prospect.title if case.snapshot.prospect else "", wanted
    ),
    "contact_role": lambda wanted, case: _any_among(
        "the role in the deal", _contact_roles(case), wanted
    ),
    "time": _time,
}
