"""What a rep may choose for themselves, by the policy, and what is refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from routing.policy import Policy
from routing.snapshot import Preference
from routing.terms import SignalClass
from worker.store.people_facts import preference_from
from worker.store.tables import PERSON_SETTING

_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class RefusedChoiceError(ValueError):
    """The choice is not to be had; the text says why and what can be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a rep asks for; None leaves a choice as it is. ``reset`` follows the policy again
    in all that is not asked for."""

    real_time: str | None = None
    digest: str | None = None
    silent: str | None = None
    quiet: str | None = None
    surface: str | None = None
    reset: bool = False


def own_choices(conn: Connection, person_id: str) -> Preference:
    """What the person has chosen."""
    mine = select(PERSON_SETTING).where(PERSON_SETTING.c.person_id == person_id)
    row = conn.execute(mine).mappings().first()
    return Preference() if row is None else preference_from(row)


def wished(own: Preference, wish: Wish, policy: Policy) -> Preference:
    """The choices after the wish. Raises RefusedChoiceError."""
    if wish.reset:
        own = Preference()
    own = _classes(own, wish, policy)
    if wish.quiet is not None:
        own = replace(own, quiet=_quiet(wish.quiet, policy))
    if wish.surface is not None:
        own = replace(own, surface=_surface(wish.surface, policy))
    return own


def in_words(own: Preference, policy: Policy) -> list[tuple[str, str]]:
    """How each signal class reaches the person, and the rest, as (what, how)."""
    told = [(one.value, _how(one, own, policy)) for one in SignalClass]
    quiet = "–"
    if own.quiet is not None:
        quiet = f"{_clock(own.quiet[0])}-{_clock(own.quiet[1])}, on their own clock"
        quiet += "" if policy.rep_choice.quiet_hours else " (the policy allows none now)"
    return [*told, ("quiet hours", quiet), ("surface", own.surface or policy.surface)]


def _how(one: SignalClass, own: Preference, policy: Policy) -> str:
    rule = policy.rep_choice
    if one in rule.always_real_time:
        return "real time (the policy has it so)"
    if one in own.silent:
        return "silent" if one in rule.may_silence else "digest (the policy has it told)"
    if own.real_time is not None:
        return "real time" if one in own.real_time else "digest"
    return "real time" if one in policy.priority.real_time else "digest"


def _classes(own: Preference, wish: Wish, policy: Policy) -> Preference:
    """Each class that is asked for goes where it is wanted; the others stay."""
    if wish.real_time is None and wish.digest is None and wish.silent is None:
        return own
    now, later, never = (_named(one) for one in (wish.real_time, wish.digest, wish.silent))
    twice = (now & later) | (now & never) | (later & never)
    if twice:
        raise RefusedChoiceError(f"{_listed(twice)} is asked for twice; name each class once")
    rule = policy.rep_choice
    fixed = (later | never) & set(rule.always_real_time)
    if fixed:
        raise RefusedChoiceError(
            f"the policy has {_listed(fixed)} always in real time (rep_choice.always_real_time)"
        )
    loud = never - set(rule.may_silence)
    if loud:
        allowed = _listed(rule.may_silence) or "nothing"
        raise RefusedChoiceError(
            f"the policy does not let {_listed(loud)} be silenced (rep_choice.may_silence has "
            f"{allowed}); choose --digest for it"
        )
    before = policy.priority.real_time if own.real_time is None else own.real_time
    urgent = (set(before) | now) - later - never
    silent = (set(own.silent) | never) - now - later
    return replace(
        own,
        real_time=tuple(one for one in SignalClass if one in urgent),
        silent=tuple(one for one in SignalClass if one in silent),
    )


def _named(text: str | None) -> set[SignalClass]:
    names = [one.strip().replace("-", "_") for one in (text or "").split(",") if one.strip()]
    known = {one.value for one in SignalClass}
    for name in names:
        if name not in known:
            raise RefusedChoiceError(f"{name!r} is no signal class; there are {_listed(known)}")
    return {SignalClass(name) for name in names}


def _quiet(text: str, policy: Policy) -> tuple[int, int] | None:
    if text in ("", "none"):
        return None
    if not policy.rep_choice.quiet_hours:
        raise RefusedChoiceError("the policy allows no quiet hours (rep_choice.quiet_hours: false)")
    found = _QUIET.fullmatch(text)
    if found is None:
        raise RefusedChoiceError(f"{text!r} are no quiet hours; write them like 18:00-08:00")
    first, second, third, fourth = (int(one) for one in found.groups())
    start, end = first * 60 + second, third * 60 + fourth
    if start == end:
        raise RefusedChoiceError("quiet hours that end where they begin are none; say --quiet none")
    return start, end


def _surface(name: str, policy: Policy) -> str:
    if name in ("", "none", policy.surface):
        return ""
    offered = policy.rep_choice.surfaces
    if name not in offered:
        more = _listed((policy.surface, *offered))
        raise RefusedChoiceError(
            f"the policy does not offer the surface {name!r} (rep_choice.surfaces); there is {more}"
        )
    return name


def _listed(names: Sequence[str] | set[str] | set[SignalClass]) -> str:
    return ", ".join(sorted(str(one) for one in names))


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
