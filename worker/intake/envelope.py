"""One HTTP request made into signals.

Three shapes are understood: our own JSON (one signal, an array of them, or ``{"signals": [...]}``),
CloudEvents 1.0 structured and batched, and CloudEvents in ``ce-*`` headers. Every request has a
stated answer:

- the whole request is refused (``IntakeError``): 413 when the body or the batch is too large, 415
  for another content type, 400 for what is not JSON in UTF-8 (repeated keys, NaN, numbers without
  bound and bottomless nesting included), 422 for a shape that holds no signals;
- each signal is then judged by itself: good ones are accepted and bad ones listed with index, path
  and mend. The answer is 202 when at least one is good, else 422 (``Parsed.status``);
- a signal that repeats the (source, id) of an earlier one in the batch is counted, not kept;
- a time without offset, further ahead than the tolerance or older than the limit is refused; one
  within the tolerance becomes the time of receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from routing.nouns import Signal
from worker.intake import cloudevents
from worker.intake.cloudevents import EventError
from worker.intake.json_body import IntakeError, read_json
from worker.intake.models import ProspectIn, SignalIn, ThreadIn, tier_of
from worker.validation import explain, shown

__all__ = ["IntakeError", "Parsed", "Problem", "Rejection", "SignalIn", "parse", "tier_of"]

_MODELS: dict[str, type[BaseModel]] = {"": SignalIn, "prospect": ProspectIn, "thread": ThreadIn}
_MOST_PROBLEMS = 5  # of one signal; more would let a small request cost a large answer


class Limits(Protocol):
    """What ``parse`` asks of the settings."""

    @property
    def max_body_bytes(self) -> int:
        """Longest body, in bytes."""

    @property
    def max_batch(self) -> int:
        """Most signals in one request."""

    @property
    def max_age_days(self) -> float:
        """Oldest signal, in days before receipt."""

    @property
    def future_tolerance_seconds(self) -> float:
        """How far ahead of us a sender's clock may be, in seconds."""


class Problem(BaseModel):
    """What is wrong with one field; ``path`` is dotted and '' for the signal as a whole."""

    path: str
    what: str
    mend: str


class Rejection(BaseModel):
    """A signal that was not accepted. ``index`` counts from 0; ``id`` is '' when unreadable."""

    index: int
    id: str
    problems: list[Problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one request held. ``duplicates`` counts repetitions inside the request."""

    signals: list[Signal] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    duplicates: int = 0

    @property
    def status(self) -> int:
        """The HTTP answer, once the signals are stored."""
        return 202 if self.signals else 422


def parse(
    body: bytes, headers: Mapping[str, str], *, limits: Limits, received_at: datetime
) -> Parsed:
    """The signals of one request. Header names may have any case. Raises IntakeError."""
    if len(body) > limits.max_body_bytes:
        what = f"the body is longer than {limits.max_body_bytes} bytes"
        raise IntakeError(413, what, "send smaller batches")
    items, from_events = _items(body, {name.lower(): value for name, value in headers.items()})
    if len(items) > limits.max_batch:
        what = f"the batch holds {len(items)} signals, more than {limits.max_batch}"
        raise IntakeError(413, what, "send smaller batches")
    if not items:
        raise IntakeError(422, "the batch holds no signals", "send at least one")
    parsed = Parsed()
    seen: set[tuple[str, str]] = set()
    repeated = 0
    for index, item in enumerate(items):
        outcome = _one(item, from_events, limits, received_at)
        if isinstance(outcome, list):
            parsed.rejected.append(Rejection(index=index, id=_id(item), problems=outcome))
        elif (key := (outcome.source, outcome.event_id)) in seen:
            repeated += 1
        else:
            seen.add(key)
            parsed.signals.append(outcome)
    return Parsed(signals=parsed.signals, rejected=parsed.rejected, duplicates=repeated)


def _items(body: bytes, headers: Mapping[str, str]) -> tuple[list[Any], bool]:
    """The raw signals or events, and whether they are CloudEvents."""
    media = _media_type(headers.get("content-type", ""))
    if media == cloudevents.BATCH:
        events = read_json(body)
        if not isinstance(events, list):
            raise IntakeError(422, "the batch is not an array", "send an array of CloudEvents")
        return events, True
    if media == cloudevents.STRUCTURED:
        return [read_json(body)], True
    if "ce-specversion" in headers or "ce-id" in headers:
        return [cloudevents.event_of_binary(headers, body)], True
    return _own_items(read_json(body)), False


def _own_items(value: Any) -> list[Any]:
    if isinstance(value, dict) and "signals" in value:
        if len(value) > 1 or not isinstance(value["signals"], list):
            what = "'signals' is not an array standing alone"
            raise IntakeError(422, what, 'send {"signals": [...]} and nothing beside it')
        return list(value["signals"])
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    raise IntakeError(422, "the body is neither object nor array", "send a signal or a batch")


def _media_type(header: str) -> str:
    """The content type; IntakeError 415 for one that a browser's form could send, or none."""
    media, _, parameters = header.lower().partition(";")
    media = media.strip()
    known = media in ("application/json", cloudevents.STRUCTURED, cloudevents.BATCH)
    charset = parameters.replace(" ", "").replace('"', "").partition("charset=")[2]
    if not known or charset.partition(";")[0] not in ("", "utf-8", "utf8"):
        what = f"the content type {shown(header)!r} is not taken" if header else "no content type"
        raise IntakeError(415, what, "send Content-Type: application/json")
    return media


def _one(
    item: Any, from_event: bool, limits: Limits, received_at: datetime
) -> Signal | list[Problem]:
    try:
        fields = cloudevents.signal_of_event(item, received_at) if from_event else item
        made = SignalIn.model_validate(fields)
    except EventError as error:
        return [Problem(path=error.path, what=error.what, mend=error.mend)]
    except ValidationError as error:
        return _problems(error)
    return _wrong_time(made.time, limits, received_at) or made.to_signal(received_at)


def _problems(error: ValidationError) -> list[Problem]:
    found = []
    errors = error.errors(include_url=False, include_input=False)
    for one in errors[:_MOST_PROBLEMS]:
        parent = ".".join(str(part) for part in one["loc"][:-1])
        model = _MODELS.get(parent)
        names = model.model_fields if model else ()
        what, mend = explain(one, names)
        path = shown(".".join(str(part) for part in one["loc"]))
        found.append(Problem(path=path, what=what, mend=mend))
    return found


def _wrong_time(moment: datetime, limits: Limits, received_at: datetime) -> list[Problem]:
    if (moment - received_at).total_seconds() > limits.future_tolerance_seconds:
        what = f"is more than {limits.future_tolerance_seconds} seconds ahead"
        return [Problem(path="time", what=what, mend="set the sender's clock")]
    if received_at - moment > timedelta(days=limits.max_age_days):
        what = f"is more than {limits.max_age_days} days old"
        return [Problem(path="time", what=what, mend="send signals while they are fresh")]
    return []


def _id(item: Any) -> str:
    value = item.get("id") if isinstance(item, dict) else None
    return shown(value) if isinstance(value, str) else ""
