"""The routing rules as an admin writes them: one strict model, no defaults that hide anybody.

An unknown key, a route list without a catch-all or a ladder that cannot end is an error, so that
a policy that loads can always name somebody. Units are minutes and local wall-clock times.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import time
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from routing.conditions import When as When
from routing.mapping import NOTHING_MORE, Mapping
from routing.policy_checks import PolicyError, problems_of
from routing.policy_parts import AccountLists, Availability, Holidays, Ladder, Matching, Pool
from routing.policy_parts import MultiOpen as MultiOpen
from routing.policy_parts import NamedAccount as NamedAccount
from routing.policy_parts import Places as Places
from routing.policy_parts import Priority as Priority
from routing.policy_parts import RepChoice as RepChoice
from routing.policy_parts import Route as Route
from routing.policy_parts import Rung as Rung
from routing.policy_parts import Snooze as Snooze
from routing.policy_parts import StageRule as StageRule
from routing.policy_parts import Suppression as Suppression
from routing.policy_parts import WorkingHours as WorkingHours
from routing.terms import DAYS as DAYS
from routing.terms import MONTH, SOME, ClockTime, Email, RoleSource, Strict, Whole
from routing.terms import NO_ZONE as NO_ZONE
from routing.terms import RungKind as RungKind
from routing.terms import SignalClass as SignalClass
from routing.terms import StageClass as StageClass


def _choices_alone(value: object) -> object:
    return {"choices": value} if isinstance(value, str | list | tuple) else value


class Policy(Strict):
    """All routing rules of a team."""

    stage_classes: tuple[StageRule, ...] = (
        StageRule(stage=StageClass.ACTIVE_DEAL, open_deal_not_in=("Prospecting",)),
        StageRule(stage=StageClass.CUSTOMER, won_deal=True),
        StageRule(stage=StageClass.CUSTOMER, account_kind=("customer*",)),
        StageRule(stage=StageClass.PROSPECTING),
    )
    mapping: Mapping = Field(NOTHING_MORE, description="Further fields and objects of the CRM.")
    deals_of: Literal["prospect_then_account", "account"] = "prospect_then_account"
    roles: dict[str, Annotated[tuple[RoleSource, ...], *SOME]] = Field(default_factory=dict)
    named_accounts: tuple[NamedAccount, ...] = ()
    account_lists: AccountLists = Field(default_factory=dict)
    pools: dict[str, Pool] = Field(default_factory=dict)
    matching: Matching = Matching()
    suppress: tuple[Suppression, ...] = ()
    routes: Annotated[tuple[Route, ...], *SOME]
    backups: dict[Email, Email] = Field(default_factory=dict)
    ladder: Ladder
    ladders: dict[str, Ladder] = Field(
        {}, description="Ladders for single signal classes, by their name, or for routes."
    )
    places: Places
    surface: Literal["slack", "email"] = Field(
        "slack", description="Where people are told, unless a rep chose another."
    )
    priority: Priority = Priority()
    rep_choice: RepChoice = RepChoice()
    working_hours: WorkingHours = WorkingHours()
    holidays: Holidays = Holidays()
    availability: Availability = Availability()
    digest_at: ClockTime = time(17)
    return_brief: Literal["on", "off"] = Field(
        "on", description="Tell reps in their first hour back what went to their cover."
    )
    one_alert_per: Literal["prospect", "thread"] = "prospect"
    snooze: Annotated[Snooze, BeforeValidator(_choices_alone)] = Snooze()
    acknowledged_wait: Whole = Field(
        120, ge=1, le=MONTH, description="Working minutes from an acknowledgement to re-opening."
    )

    @model_validator(mode="before")
    @classmethod
    def _as_it_was_written_once(cls, given: Any) -> Any:
        """``snooze_minutes: 30`` is what ``snooze: [30m]`` was before there were choices."""
        if not isinstance(given, dict) or "snooze_minutes" not in given or "snooze" in given:
            return given
        kept = {key: value for key, value in given.items() if key != "snooze_minutes"}
        return kept | {"snooze": {"choices": [f"{given['snooze_minutes']}m"], "longest": "30d"}}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        problems = [*problems_of(self)]
        if problems:
            raise PolicyError(problems)
        return self

    @cached_property
    def hash(self) -> str:
        """A short fingerprint: equal policies, equal hashes."""
        # Sorted, because a store may give the keys back in an order of its own.
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def named_by_key(self) -> dict[str, tuple[int, NamedAccount]]:
        """Each named account, with its place in the list, by its key in lower case."""
        rows = [(row.account.lower(), (at, row)) for at, row in enumerate(self.named_accounts)]
        return dict(reversed(rows))

    def ladder_named(self, name: str) -> Sequence[Rung]:
        """The ladder of this name; the usual one for '' and for a name that is no more."""
        return self.ladders.get(name, self.ladder)

    def wait_of(self, ladder: str, rung: int) -> int:
        """The working minutes of a rung of a ladder; 0 for the last resort."""
        rungs = self.ladder_named(ladder)
        return rungs[rung].wait if rung < len(rungs) else 0

    def ladder_name(self, route: Route, signal_class: SignalClass) -> str:
        """The name of the ladder that an alert climbs: the route's, else the signal class's."""
        if route.ladder is not None:
            return route.ladder
        return signal_class.value if signal_class.value in self.ladders else ""
