"""The envelope's models: what a sender may write, as OpenAPI shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict

from routing.nouns import Sentiment, Signal, SignalKind
from routing.priority import tier_for
from worker.intake.fields import Email, Identifier, Language, Link, Moment, Name, Subject

_SCHEMAS = "#/components/schemas/{model}"


def share_of(confidence: float) -> float:
    """Confidence as a share of 1. Up to 1 it is one already; above, it counts in hundredths."""
    return confidence if confidence <= 1 else confidence / 100


def tier_of(confidence: float) -> int:
    """The tier, 1 (surest) to 5, of a confidence of 0-1 or 0-100: cuts at 80, 60, 40 and 20."""
    return tier_for(share_of(confidence))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProspectIn(_Strict):
    """The person who engaged."""

    email: Email = Field(description="E-mail address; compared in lower case.")
    name: Name = Field("", description="Name as it should be shown.")


class ThreadIn(_Strict):
    """The conversation that the prospect engaged with."""

    id: Name = Field(
        "", description="The tracker's id of the thread; signals of one thread belong together."
    )
    url: Link = Field("", description="Where the rep opens the thread in one click.")
    subject: Subject = Field("", description="Subject line.")


class SignalIn(_Strict):
    """One engagement event about one prospect; unique by (source, id)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "evt_8841",
                    "source": "tracker",
                    "type": "open",
                    "time": "2026-05-25T14:03:00Z",
                    "prospect": {"email": "ann@example.com", "name": "Ann Lee"},
                    "thread": {
                        "id": "t_17",
                        "url": "https://mail.example.com/t/17",
                        "subject": "Pricing follow-up",
                    },
                    "sending_rep": "sam@ourfirm.example",
                    "tier": 1,
                }
            ]
        }
    )

    id: Identifier = Field(description="The source's id of this event.")
    source: Identifier = Field(description="Who reports: the tracker's name.")
    type: SignalKind = Field(description="What happened.")
    time: Moment = Field(description="When it happened, with an offset from UTC.")
    prospect: ProspectIn
    thread: ThreadIn = ThreadIn()
    sending_rep: Email | None = Field(None, description="E-mail of the rep who sent the thread.")
    tier: Annotated[int, Strict()] | None = Field(
        None, ge=1, le=5, description="Confidence tier, 1 is surest; wins over confidence."
    )
    confidence: Annotated[float, Strict()] | None = Field(
        None, ge=0, le=100, allow_inf_nan=False, description="0-1 or 0-100; gives the tier."
    )
    sentiment: Sentiment | None = Field(None, description="How a reply reads.")
    language: Language = Field("", description="Language of the thread, such as de or pt-BR.")
    count: Annotated[int, Strict()] = Field(
        1, ge=1, le=10_000, description="How many times, where the tracker counts itself."
    )

    def to_signal(self, received_at: datetime) -> Signal:
        """The record that is stored. A time after ``received_at`` (aware) becomes that."""
        tier = self.tier
        if tier is None and self.confidence is not None:
            tier = tier_of(self.confidence)
        return Signal(
            source=self.source,
            event_id=self.id,
            kind=self.type,
            prospect_email=self.prospect.email,
            occurred_at=min(self.time, received_at),
            received_at=received_at,
            tier=tier,
            confidence=None if self.confidence is None else share_of(self.confidence),
            sentiment=self.sentiment,
            prospect_name=self.prospect.name,
            thread_id=self.thread.id,
            thread_url=self.thread.url,
            subject=self.thread.subject,
            sending_rep=self.sending_rep or "",
            count=self.count,
            language=self.language,
        )


class SignalBatch(_Strict):
    """Several signals in one request; each is judged by itself."""

    signals: list[SignalIn]


def openapi_schemas() -> dict[str, Any]:
    """The schemas of the envelope for ``components.schemas`` of an OpenAPI document, by name."""
    schema = SignalBatch.model_json_schema(ref_template=_SCHEMAS)
    return {**schema.pop("$defs"), "SignalBatch": schema}


def openapi_body() -> dict[str, Any]:
    """The ``requestBody`` of the signals route; its references need ``openapi_schemas``."""
    one = {"$ref": _SCHEMAS.format(model="SignalIn")}
    batch = {"$ref": _SCHEMAS.format(model="SignalBatch")}
    event = {"type": "object", "required": ["specversion", "id", "source", "type"]}
    own = {"oneOf": [one, batch, {"type": "array", "items": one}]}
    return {
        "required": True,
        "content": {
            "application/json": {"schema": own},
            "application/cloudevents+json": {"schema": event},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "items": event}},
        },
    }
