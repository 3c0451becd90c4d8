"""The words of a team's sentences: what is given, and whom it never or always reaches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import product
from math import prod
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from routing.conditions import Bounds, Emails, FieldRef, Texts, Tiers, When
from routing.nouns import Sentiment, SignalKind
from routing.policy_parts import MultiOpen
from routing.supposing import Supposed
from routing.terms import (
    SOME,
    Channel,
    ClockTime,
    Email,
    SignalClass,
    StageClass,
    Strict,
    Whole,
    listed,
)

_SOME_DAYS = 92
_MOST_WORLDS = 200
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
Signals = Annotated[tuple[SignalClass, ...], BeforeValidator(listed), *SOME]
Stages = Annotated[tuple[StageClass, ...], BeforeValidator(listed), *SOME]
Kinds = Annotated[tuple[SignalKind, ...], BeforeValidator(listed), *SOME]
Sentiments = Annotated[tuple[Sentiment, ...], BeforeValidator(listed), *SOME]
Times = Annotated[tuple[ClockTime, ...], BeforeValidator(listed), *SOME]


def _numbers(value: object) -> object:
    return [value] if isinstance(value, int | float) else value


Confidences = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1)], ...], BeforeValidator(_numbers), *SOME
]
_CHOOSING = (
    *("account_list", "account_kind", "named_account", "territory"),
    *("amount", "pipeline", "deal_stage"),
)
_SUPPOSED = (
    *("kind", "tier", "confidence", "sentiment", "language", "sending_rep"),
    *("title", "contact_role"),
)


class MadeUpDeal(Strict):
    """The open deal of an invented account."""

    stage: str = Field("", description="The label of its stage.")
    amount: float | None = None
    pipeline: str = ""
    owner: Email | None = None
    fields: dict[str, str] = Field(default_factory=dict)


class MadeUp(Strict):
    """An account that is invented for one sentence. Values that are e-mails stand for people."""

    name: str = "An invented account"
    domain: str = ""
    owner: Email | None = None
    kind: str = ""
    fields: dict[str, str] = Field(default_factory=dict)
    territory: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    deal: MadeUpDeal | None = None


class Given(Strict):
    """What a sentence is about: each condition that is written must hold.

    Those of accounts and their deals choose among the accounts of the mirror, as they do in a
    route; those of the signal, the prospect and the moment are supposed, each of several in turn.
    """

    stage: Stages | Literal["any"] | None = Field(
        None, description="As if accounts were in it; left out: the stage that each is in now."
    )
    present: bool = Field(False, description="Only accounts that are in the stage now.")
    account: Texts | None = Field(None, description="Names, domains or ids of accounts.")
    account_list: Texts | None = None
    account_kind: Texts | None = None
    named_account: bool | None = None
    territory: Texts | None = None
    amount: Bounds | None = Field(None, description="Of the deal that counts.")
    pipeline: Texts | None = Field(None, description="Its pipeline, by id.")
    deal_stage: Texts | None = Field(None, description="Its stage, by label.")
    field: dict[FieldRef, Texts] | None = Field(
        None, description="Fields of the account or deal; prospect.NAME is supposed."
    )
    made_up: MadeUp | None = Field(None, description="An invented account, and none of the mirror.")
    signal: Signals | Literal["any"] = "any"
    kind: Kinds | None = Field(None, description="What is reported.")
    tier: Tiers | None = None
    confidence: Confidences | None = None
    sentiment: Sentiments | None = None
    language: Texts | None = None
    sending_rep: Emails | None = None
    known_prospect: bool | None = Field(None, description="Whether the CRM knows the prospect.")
    title: Texts | None = None
    contact_role: Texts | None = None
    away: Annotated[tuple[Email, ...], BeforeValidator(listed)] = ()
    day: date | None = Field(None, description="Today, when left out.")
    days: Whole = Field(1, ge=1, le=_SOME_DAYS, description="So many days from then.")
    time: Times | None = Field(None, description="Times of day of the policy's zone; else noon.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        other = next((one for one in self.field or {} if one.startswith("person.")), None)
        if other is not None:
            raise ValueError(f"field: {other} is of the sending rep; name a sending_rep who has it")
        if self.present and self.stage is None:
            raise ValueError("present: no stage is named; name one, or leave present out")
        of_prospect = self.title or self.contact_role or self._prospect_fields()
        if self.known_prospect is False and of_prospect:
            raise ValueError(
                "known_prospect: nobody whom the CRM does not know has a title, role or field; "
                "leave one of them out"
            )
        if prod(len(values) for _, values in self._alternatives()) > _MOST_WORLDS:
            raise ValueError(
                f"kind: more than {_MOST_WORLDS} combinations are given; make it several sentences"
            )
        if not any(
            one.signal(signal, _ANY_TIME, MultiOpen())
            for one in self.supposed()
            for signal in (SignalClass if self.signal == "any" else self.signal)
        ):
            raise ValueError("signal: no signal is all of this at once; correct one of them")
        return self

    @property
    def choosing(self) -> When:
        """The conditions that choose accounts, as a route would have them."""
        values: dict[str, Any] = {name: getattr(self, name) for name in _CHOOSING}
        of_records = {
            name: wanted
            for name, wanted in (self.field or {}).items()
            if not name.startswith("prospect.")
        }
        return When(**values, field=of_records or None)

    def supposed(self) -> Iterator[Supposed]:
        """Everything that is to be supposed, one after the other; at least one."""
        alternatives = self._alternatives()
        names = [name for name, _ in alternatives]
        for values in product(*(values for _, values in alternatives)):
            chosen = dict(zip(names, values, strict=True))
            fields = tuple((name, chosen.pop(f"prospect.{name}")) for name in self._field_names())
            yield Supposed(**chosen, fields=fields, known_prospect=bool(self.known_prospect))

    def _alternatives(self) -> list[tuple[str, tuple[Any, ...]]]:
        written = [(name, getattr(self, name)) for name in _SUPPOSED if getattr(self, name)]
        return [*written, *self._prospect_fields().items()]

    def _prospect_fields(self) -> dict[str, tuple[str, ...]]:
        fields = self.field or {}
        return {name: values for name, values in fields.items() if name.startswith("prospect.")}

    def _field_names(self) -> list[str]:
        return [name.removeprefix("prospect.") for name in self._prospect_fields()]


class Reach(Strict):
    """Whom a sentence names; several are alternatives."""

    role: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (), description="A role, pool:NAME, queue:NAME or named_rep."
    )
    person: Annotated[tuple[Email, ...], BeforeValidator(listed)] = ()
    channel: Annotated[tuple[Channel, ...], BeforeValidator(listed)] = ()
    or_backup: bool = Field(False, description="Or whoever covers for them.")
    rung: Literal["first", "any"] = Field("first", description="Told first, or on any rung.")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not (self.role or self.person or self.channel):
            raise ValueError("role: nobody is named; name a role, person or channel")
        return self


class Sentence(Strict):
    """One test: what is said, of what, and whom it never or always reaches."""

    say: str = Field(min_length=1)
    given: Given = Given()
    never: Reach | None = None
    always: Reach | None = None

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        if (self.never is None) is (self.always is None):
            raise ValueError("never: write never or always, and not both")
        return self

    @property
    def reach(self) -> Reach:
        """Whom it is about."""
        found = self.always or self.never
        assert found is not None  # noqa: S101 - held by the validator
        return found


class Sentences(Strict):
    """The file."""

    tests: Annotated[tuple[Sentence, ...], *SOME]
