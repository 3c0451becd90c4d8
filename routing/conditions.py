"""What a rule may ask of a signal and its facts: each condition that is written must hold.

Texts are patterns (``Enterprise``, ``VP *``), compared without regard to case; several of one
condition are alternatives.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from routing.nouns import Sentiment, SignalKind
from routing.terms import (
    SOME,
    ClockTime,
    Day,
    Email,
    SignalClass,
    StageClass,
    Strict,
    ZoneName,
    listed,
)

_FIELD = re.compile(r"(account|deal|prospect|person)\.[A-Za-z]\w*")


def _tier(value: int) -> int:
    if not 1 <= value <= 5:
        raise ValueError(f"{value} is no tier; tiers go from 1 (surest) to 5")
    return value


def _field(name: str) -> str:
    if not _FIELD.fullmatch(name):
        raise ValueError(
            f"{name!r} is no field; write account.NAME, deal.NAME or prospect.NAME, or person.NAME "
            "of the sending rep"
        )
    return name


Texts = Annotated[tuple[str, ...], BeforeValidator(listed), *SOME]
Emails = Annotated[tuple[Email, ...], BeforeValidator(listed), *SOME]
Tiers = Annotated[tuple[Annotated[int, AfterValidator(_tier)], ...], BeforeValidator(listed)]
FieldRef = Annotated[str, AfterValidator(_field)]


class Bounds(Strict):
    """A number from ``at_least`` on and ``below`` a limit; one of them may be left out."""

    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.at_least is None and self.below is None:
            raise ValueError("at_least: name at_least, below, or both")
        if None not in (self.at_least, self.below) and self.below <= self.at_least:  # type: ignore[operator]
            raise ValueError("below: is not above at_least, so nothing fits; correct one of them")
        return self

    def holds(self, number: float | None) -> bool:
        """Whether the number lies within; what is not known does not."""
        if number is None:
            return False
        low = self.at_least is None or number >= self.at_least
        return low and (self.below is None or number < self.below)

    def covers(self, other: Bounds) -> bool:
        """Whether every number that fits ``other`` fits this."""
        low = self.at_least is None or (
            other.at_least is not None and other.at_least >= self.at_least
        )
        return low and (
            self.below is None or (other.below is not None and other.below <= self.below)
        )


class Times(Strict):
    """Local times of day, on some days; ``start`` later than ``end`` goes past midnight."""

    days: Annotated[tuple[Day, ...], BeforeValidator(listed)] = ()
    start: ClockTime | None = None
    end: ClockTime | None = None
    time_zone: ZoneName | None = Field(None, description="The policy's own, when left out.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.start is None) is not (self.end is None):
            raise ValueError("start: name both start and end, or neither")
        if self.start is None and not self.days:
            raise ValueError("days: name days, or start and end, or all of them")
        return self


class When(Strict):
    """Conditions of a rule; each one that is written must hold."""

    stage: Annotated[tuple[StageClass, ...] | None, BeforeValidator(listed)] = None
    signal: Annotated[tuple[SignalClass, ...] | None, BeforeValidator(listed)] = None
    named_account: bool | None = None
    known_prospect: bool | None = None
    kind: Annotated[tuple[SignalKind, ...] | None, BeforeValidator(listed)] = None
    tier: Tiers | None = None
    confidence: Bounds | None = Field(None, description="From 0 to 1.")
    sentiment: Annotated[tuple[Sentiment, ...] | None, BeforeValidator(listed)] = None
    language: Texts | None = Field(None, description="Language of the thread, such as de.")
    sending_rep: Emails | None = None
    pipeline: Texts | None = Field(None, description="Id of the deal's pipeline.")
    deal_stage: Texts | None = Field(None, description="Label of the deal's stage.")
    amount: Bounds | None = Field(None, description="Of the deal, in its own currency.")
    field: dict[FieldRef, Texts] | None = Field(
        None, description="Values of mapped fields, such as account.Segment__c: [Enterprise]."
    )
    account_kind: Texts | None = Field(None, description="The account's type or lifecycle stage.")
    territory: Texts | None = Field(None, description="Name of a territory of the account.")
    account_list: Texts | None = Field(None, description="Name of a list in account_lists.")
    title: Texts | None = Field(None, description="The prospect's job title.")
    contact_role: Texts | None = Field(None, description="The prospect's role in the deal.")
    time: Times | None = None

    @property
    def written(self) -> dict[str, Any]:
        """The conditions that are written, by name."""
        return {
            name: value
            for name in type(self).model_fields
            if (value := getattr(self, name)) is not None
        }

    @property
    def always(self) -> bool:
        """Whether there is no condition."""
        return not self.written

    def covers(self, other: When) -> bool:
        """Whether whatever meets ``other`` surely meets this: then a later ``other`` is dead."""
        theirs = other.written
        return all(
            name in theirs and _covers(value, theirs[name]) for name, value in self.written.items()
        )


def _covers(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, Bounds):
        return ours.covers(theirs)
    if isinstance(ours, dict):
        return all(name in theirs and _covers(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, tuple):
        lowered = {str(one).casefold() for one in ours}
        return "*" in lowered or {str(one).casefold() for one in theirs} <= lowered
    return bool(ours == theirs)
