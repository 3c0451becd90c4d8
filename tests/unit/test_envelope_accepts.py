from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing.nouns import Sentiment, SignalKind
from worker.intake.envelope import Parsed, parse, tier_of
from worker.sections import SignalSettings

NOW = datetime(2026, 5, 25, 14, 0, tzinfo=UTC)
JSON = {"Content-Type": "application/json; charset=utf-8"}


def signal(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "e1",
        "source": "tracker",
        "type": "open",
        "time": "2026-05-25T15:30:00+02:00",
        "prospect": {"email": "Ann@Example.com", "name": "Ann Lee"},
        "thread": {"id": "t1", "url": "https://mail.example.com/t1", "subject": "Pricing"},
        "sending_rep": "Sam@Ours.example",
        "tier": 2,
    }
    return {**made, **changes}


def parsed(value: Any, headers: dict[str, str] | None = None, **limits: int) -> Parsed:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return parse(body, headers or JSON, limits=SignalSettings(**limits), received_at=NOW)  # type: ignore[arg-type]


def test_a_single_signal_becomes_the_noun_in_utc_with_addresses_in_lower_case() -> None:
    (found,) = parsed(signal(sentiment="positive", count=3)).signals
    assert (found.source, found.event_id, found.kind) == ("tracker", "e1", SignalKind.OPEN)
    assert found.prospect_email == "ann@example.com"
    assert found.sending_rep == "sam@ours.example"
    assert found.occurred_at == datetime(2026, 5, 25, 13, 30, tzinfo=UTC)
    assert found.occurred_at.tzinfo is UTC
    assert found.received_at == NOW
    assert (found.thread_id, found.thread_url) == ("t1", "https://mail.example.com/t1")
    assert (found.subject, found.prospect_name) == ("Pricing", "Ann Lee")
    assert (found.tier, found.sentiment, found.count) == (2, Sentiment.POSITIVE, 3)


def test_the_least_envelope_is_enough() -> None:
    least = {key: signal()[key] for key in ("id", "source", "type", "time")}
    (found,) = parsed({**least, "prospect": {"email": "a@b.example"}}).signals
    assert (found.tier, found.confidence, found.sentiment, found.count) == (None, None, None, 1)
    assert (found.thread_id, found.sending_rep, found.subject) == ("", "", "")


@pytest.mark.parametrize(
    "batch", [[signal(), signal(id="e2")], {"signals": [signal(), signal(id="e2")]}]
)
def test_a_batch_may_be_an_array_or_an_object_with_signals(batch: Any) -> None:
    found = parsed(batch)
    assert [one.event_id for one in found.signals] == ["e1", "e2"]
    assert found.status == 202


def test_good_signals_of_a_batch_are_accepted_and_bad_ones_listed() -> None:
    found = parsed([signal(), signal(id="e2", tier=9), "no object", signal(id="e4")])
    assert [one.event_id for one in found.signals] == ["e1", "e4"]
    assert found.status == 202
    assert [(one.index, one.id, one.problems[0].path) for one in found.rejected] == [
        (1, "e2", "tier"),
        (2, "", ""),
    ]


def test_a_repetition_inside_a_batch_is_counted_and_not_kept() -> None:
    found = parsed([signal(), signal(tier=1), signal(source="other")])
    assert [(one.source, one.tier) for one in found.signals] == [("tracker", 2), ("other", 2)]
    assert found.duplicates == 1
    assert found.rejected == []


@pytest.mark.parametrize(
    ("confidence", "tier"),
    [
        (1, 1), (0.8, 1), (0.79, 2), (0.6, 2), (0.59, 3), (0.4, 3), (0.39, 4), (0.2, 4),
        (0.19, 5), (0, 5), (100, 1), (80, 1), (79.9, 2), (60, 2), (40, 3), (20, 4), (19, 5),
    ],
)  # fmt: skip
def test_confidence_gives_the_tier(confidence: float, tier: int) -> None:
    assert tier_of(confidence) == tier
    (found,) = parsed(signal(tier=None, confidence=confidence)).signals
    assert found.tier == tier


def test_a_tier_wins_over_a_confidence_and_the_confidence_is_kept_as_a_share() -> None:
    (found,) = parsed(signal(tier=4, confidence=95)).signals
    assert (found.tier, found.confidence) == (4, 0.95)


def test_a_time_ahead_within_the_tolerance_becomes_the_time_of_receipt() -> None:
    ahead = (NOW + timedelta(seconds=299)).isoformat()
    (found,) = parsed(signal(time=ahead)).signals
    assert found.occurred_at == NOW


def test_control_characters_vanish_from_what_is_shown() -> None:
    name, subject = "Ann\x00 \x1b[31mLee\u202e", "Pri\ncing\ud800 ok"
    (found,) = parsed(
        signal(prospect={"email": "a@b.example", "name": name}, thread={"subject": subject})
    ).signals
    assert found.prospect_name == "Ann [31mLee"
    assert found.subject == "Pri cing ok"


def test_names_in_any_script_stay_as_they_are() -> None:
    name = "Zoë 明 O’Neil 👩‍💻"
    (found,) = parsed(signal(prospect={"email": "a@b.example", "name": name})).signals
    assert found.prospect_name == name


def event(**changes: Any) -> dict[str, Any]:
    own = signal()
    data = {key: own[key] for key in ("prospect", "thread", "sending_rep", "tier")}
    made = {
        "specversion": "1.0",
        "id": "c1",
        "source": "/tracker/eu",
        "type": "com.hotlead.signal.multi_open",
        "time": "2026-05-25T13:00:00Z",
        "traceparent": "an extension",
        "data": data,
    }
    return {**made, **changes}


STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json; charset=UTF-8"}


def test_a_structured_cloudevent_is_a_signal() -> None:
    (found,) = parsed(event(), STRUCTURED).signals
    assert (found.source, found.event_id) == ("/tracker/eu", "c1")
    assert (found.kind, found.tier) == (SignalKind.MULTI_OPEN, 2)


def test_a_batch_of_cloudevents_is_judged_one_by_one() -> None:
    found = parsed([event(), event(id="c2", type="reply"), event(specversion="0.3"), 7], BATCH)
    assert [one.kind for one in found.signals] == [SignalKind.MULTI_OPEN, SignalKind.REPLY]
    assert [(one.index, one.problems[0].path) for one in found.rejected] == [
        (2, "specversion"),
        (3, ""),
    ]


def test_a_binary_cloudevent_has_its_attributes_in_headers() -> None:
    headers = {
        **JSON,
        "CE-SpecVersion": "1.0",
        "ce-id": "b1",
        "ce-source": "tracker%20eu",
        "ce-type": "reply",
        "ce-time": "2026-05-25T13:00:00Z",
    }
    (found,) = parsed(event()["data"], headers).signals
    assert (found.event_id, found.source, found.kind) == ("b1", "tracker eu", SignalKind.REPLY)


def test_a_cloudevent_without_a_time_happened_when_it_was_received() -> None:
    bare = event()
    del bare["time"]
    (found,) = parsed(bare, STRUCTURED).signals
    assert found.occurred_at == NOW


def test_cloudevent_data_may_come_as_base64() -> None:
    bare = event()
    bare["data_base64"] = base64.b64encode(json.dumps(bare.pop("data")).encode()).decode()
    (found,) = parsed(bare, STRUCTURED).signals
    assert found.prospect_email == "ann@example.com"
