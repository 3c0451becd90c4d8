"""The routes of a proposal: one a stage class, around what the present policy has of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from routing.conditions import When
from routing.policy import Policy, Route
from routing.terms import StageClass

_ASKED: Mapping[StageClass, Sequence[str]] = {
    StageClass.PROSPECTING: ("bdr", "ae"),
    StageClass.ACTIVE_DEAL: ("ae",),
    StageClass.CUSTOMER: ("csm", "am", "ae"),
}
_NAMES = {
    StageClass.PROSPECTING: "Prospecting",
    StageClass.ACTIVE_DEAL: "Active deals",
    StageClass.CUSTOMER: "Customers",
}


def asked(roles: Iterable[str], *, claimed: bool) -> dict[StageClass, tuple[str, ...]]:
    """The roles that each stage class asks for, in order.

    Where a channel claims what nobody holds, a prospect without a BDR goes there and not to
    the AE.
    """
    there = set(roles)
    found = {}
    for stage, names in _ASKED.items():
        mine = tuple(name for name in names if name in there)
        if stage is StageClass.PROSPECTING and claimed and "bdr" in there:
            mine = ("bdr",)
        found[stage] = mine
    return found


def propose_routes(present: Policy, roles: Mapping[StageClass, Sequence[str]]) -> tuple[Route, ...]:
    """The present routes of its own, then one a stage class, then the present last one.

    A route by stage alone gives way; its watchers and ladder go over to the new one.
    """
    claims = present.places.claim_channel is not None
    *before, last = present.routes
    kept = [one for one in before if not _by_stage_alone(one)]
    taken = {one.name for one in (*kept, last)}
    made = []
    for stage, names in roles.items():
        if not names:
            continue
        to = (*names, *(("claim_channel",) if claims else ()))
        old = next((one for one in before if _by_stage_alone(one) and _is_of(one, stage)), None)
        name = f"{_NAMES[stage]} go{'es' if stage is StageClass.PROSPECTING else ''} to the "
        name += names[0].upper()
        made.append(
            Route(
                name=name if name not in taken else f"{name} (proposed)",
                when=When(stage=(stage,)),
                to=to,
                watchers=old.watchers if old else (),
                ladder=old.ladder if old else None,
            )
        )
    return (*kept, *made, last)


def roles_of(routes: Iterable[Route]) -> set[str]:
    """Every name that these routes go to or are watched by."""
    return {name for one in routes for name in (*one.to, *one.watchers)}


def _by_stage_alone(route: Route) -> bool:
    return not route.goes_on and set(route.when.written) == {"stage"}


def _is_of(route: Route, stage: StageClass) -> bool:
    return stage in (route.when.stage or ())
