"""The parts of a policy: each is strict by itself. Units are minutes and local wall-clock times."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from routing.conditions import Texts, When
from routing.terms import (
    MONTH,
    SOME,
    TOMORROW,
    Channel,
    ClockTime,
    Day,
    Email,
    RungKind,
    SignalClass,
    SnoozeChoice,
    Span,
    StageClass,
    Strict,
    Whole,
    ZoneName,
    listed,
    span_minutes,
)

Source = Literal["manual", "crm", "field", "calendar", "slack", "holiday"]
"""Who says that a person is away; ``crm`` is the CRM's own out of office."""
Interruption = Literal["real_time", "digest", "silent"]


class StageRule(Strict):
    """An account is of this ``stage`` when every condition that is written holds."""

    stage: StageClass
    open_deal_in: tuple[str, ...] | None = Field(None, description="Labels of deal stages.")
    open_deal_not_in: tuple[str, ...] | None = Field(None, description="Labels of deal stages.")
    won_deal: bool | None = None
    account_kind: tuple[str, ...] | None = Field(
        None, description="Patterns of the account's type or lifecycle stage, like 'Customer*'."
    )

    @property
    def always(self) -> bool:
        """Whether the rule has no condition."""
        return self.model_dump(exclude={"stage"}, exclude_none=True) == {}


class Route(Strict):
    """Where signals go that meet ``when``: the first of ``to`` that has a holder is assigned.

    ``to`` holds names of roles, ``pool:NAME``, ``queue:NAME``, ``named_rep``, ``person:E-MAIL``
    or ``claim_channel``; ``watchers`` also channels. With ``continue`` those of ``to`` get a copy
    and the routes that follow are looked at; exactly one route assigns.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    name: str = Field(min_length=1)
    when: When = When()
    to: Annotated[tuple[str, ...], BeforeValidator(listed), *SOME]
    watchers: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (), description="Who gets a copy and is not asked to act: roles, people, #channels."
    )
    goes_on: bool = Field(False, alias="continue", description="Copy, and look further.")
    ladder: str | None = Field(None, description="Name of a ladder in ladders.")


class Suppression(Strict):
    """Signals that disturb nobody: kept and explained."""

    name: str = Field(min_length=1, description="Why, as the receipt says it.")
    when: When


class NamedAccount(Strict):
    """A hard assignment. ``account`` is a name, a domain or a record id."""

    account: str = Field(min_length=1)
    rep: Email
    backup: Email | None = None

    @model_validator(mode="after")
    def _covered_by_another(self) -> Self:
        if self.backup == self.rep:
            raise ValueError(
                f"backup: {self.rep} cannot be their own backup; name somebody else, or nobody"
            )
        return self


class PoolMember(Strict):
    """A person of a pool: of twice the ``weight``, twice the alerts."""

    person: Email
    weight: Whole = Field(1, ge=1, le=100)
    most_open: Whole | None = Field(None, ge=1, description="Open alerts at a time.")
    most_a_day: Whole | None = Field(None, ge=1, description="Alerts in 24 hours.")


class Pool(Strict):
    """People who take turns; who is away or has enough is passed over."""

    members: Annotated[tuple[PoolMember, ...], *SOME]
    most_open: Whole | None = Field(None, ge=1, description="For members without their own.")
    most_a_day: Whole | None = Field(None, ge=1, description="For members without their own.")


class Matching(Strict):
    """How a prospect without an account finds one: by the e-mail's domain, by company name."""

    by: Annotated[tuple[Literal["domain", "name"], ...], BeforeValidator(listed)] = (
        "domain",
        "name",
    )
    least_confidence: float = Field(0.7, ge=0, le=1)
    public_domains: tuple[str, ...] = Field(
        (), description="Domains besides the usual mail hosts that say nothing of a company."
    )


class Rung(Strict):
    """One step of the ladder: who is told, and how many working minutes they have."""

    to: RungKind
    wait: Whole = Field(30, ge=0, le=MONTH, description="Working minutes before the next.")


Ladder = Annotated[tuple[Rung, ...], *SOME]


class WorkingHours(Strict):
    """The default week. A person's own hours and time zone, where the CRM has them, win."""

    time_zone: ZoneName = "UTC"
    days: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
    start: ClockTime = time(9)
    end: ClockTime = time(18)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError("end: is not later than start; end the day by '23:59' at the latest")
        if not self.days:
            raise ValueError("days: no day is named; name one, like mon")
        return self


class Holidays(Strict):
    """Public holidays by region, such as US, US-CA or DE-BY. Nobody works on theirs."""

    region: str | None = Field(None, description="Of everybody without their own.")
    people: dict[Email, str] = Field({}, description="Regions of single people.")
    field: str | None = Field(None, description="Mapped person field that holds the region.")
    except_names: tuple[str, ...] = Field((), description="Holidays that do not count.")


class Availability(Strict):
    """Which sources say who is away, and what a source is worth that was not read lately."""

    precedence: tuple[Source, ...] = ("manual", "crm", "field", "calendar", "slack", "holiday")
    unknown: Literal["ask", "pass_over"] = Field(
        "ask", description="What an unread source means: ask all the same and say so, or not."
    )
    stale_minutes: Whole = Field(30, ge=1, le=MONTH, description="Age at which a source is stale.")
    off_hours: Literal["wait", "pass_over"] = Field(
        "wait", description="Outside their hours people are asked and their time stands still."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.precedence)) != len(self.precedence):
            raise ValueError("precedence: a source is named twice; name each once")
        return self


class MultiOpen(Strict):
    """How many opens of which tiers on one thread within how many minutes make a multi-open."""

    opens: Whole = Field(2, ge=2)
    tiers: tuple[Annotated[int, Field(ge=1, le=5)], ...] = (1, 2)
    within_minutes: Whole = Field(60, ge=1, le=MONTH)


class Priority(Strict):
    """What interrupts a rep at once; everything else waits for the digest."""

    real_time: tuple[SignalClass, ...] = (SignalClass.MULTI_OPEN, SignalClass.POSITIVE_REPLY)
    multi_open: MultiOpen = MultiOpen()


class RepChoice(Strict):
    """What reps may set for themselves."""

    surfaces: tuple[str, ...] = Field((), description="Surfaces besides the policy's own.")
    always_real_time: tuple[SignalClass, ...] = Field(
        (), description="These interrupt whatever a rep has chosen."
    )
    may_silence: tuple[SignalClass, ...] = (
        SignalClass.OPEN,
        SignalClass.VISIT,
        SignalClass.CLICK,
    )
    quiet_hours: bool = True


class Snooze(Strict):
    """How an alert may be put off; as a list, the choices alone."""

    choices: Annotated[tuple[SnoozeChoice, ...], BeforeValidator(listed), *SOME] = (
        "30m",
        "1h",
        "tomorrow",
    )
    longest: Span = Field("4d", description="Nobody puts an alert off for longer at a time.")
    times: Whole = Field(3, ge=1, le=100, description="How often a person may put one alert off.")

    @model_validator(mode="after")
    def _within_the_longest(self) -> Self:
        if len(set(self.choices)) != len(self.choices):
            raise ValueError("choices: one is named twice; name each once")
        most = span_minutes(self.longest)
        for one in self.choices:
            if one != TOMORROW and span_minutes(one) > most:
                raise ValueError(
                    f"choices: {one} is beyond longest, which is {self.longest}; "
                    "shorten the choice or raise longest"
                )
        return self


class Places(Strict):
    """Channels and people that the rungs refer to."""

    claim_channel: Channel | None = None
    coverage_channel: Channel | None = None
    watch_channel: Channel | None = Field(None, description="Sees a copy of every alert.")
    admins: Annotated[tuple[Email, ...], *SOME] = Field(
        description="Told when nobody else is left."
    )


AccountLists = dict[str, Texts]
"""Names, domains or record ids of accounts, by the list's name."""
