from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from worker.intake.envelope import IntakeError, Parsed, parse
from worker.sections import SignalSettings

NOW = datetime(2026, 5, 25, 14, 0, tzinfo=UTC)
LIMITS = SignalSettings()
MEDIA = (
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
)
any_text = st.text(st.characters(), max_size=40)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)
good: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e1",
    "source": "s",
    "type": "open",
    "time": "2026-05-25T13:00:00Z",
    "prospect": {"email": "a@b.example", "name": "A"},
    "thread": {"id": "t", "url": "https://a.example", "subject": "S"},
    "sending_rep": "r@b.example",
    "tier": 1,
    "confidence": 0.5,
    "sentiment": "positive",
    "count": 1,
    "data": {"prospect": {"email": "a@b.example"}},
}


def judged(body: bytes, headers: dict[str, str]) -> Parsed | None:
    """The outcome, after checking that it is one of those that are stated."""
    found: Parsed | None
    try:
        found = parse(body, headers, limits=LIMITS, received_at=NOW)
    except IntakeError as error:
        refused = error
        found = None
    if found is None:
        assert refused.status in (400, 413, 415, 422)
        json.dumps([refused.what, refused.mend], ensure_ascii=False).encode()
        return None
    answer = [rejection.model_dump() for rejection in found.rejected]
    json.dumps(answer, ensure_ascii=False).encode()
    for signal in found.signals:
        assert signal.occurred_at <= NOW
        assert signal.tier is None or 1 <= signal.tier <= 5
        for text in (signal.source, signal.event_id, signal.prospect_name, signal.subject):
            assert "\x00" not in text
            text.encode()
    return found


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(MEDIA))
@example(b"[" * 50_000, MEDIA[0])
@example(b'{"data":' * 50_000, MEDIA[1])
def test_any_bytes_have_a_stated_answer(body: bytes, media: str) -> None:
    judged(body, {"content-type": media})


@settings(deadline=None)
@given(any_json, st.sampled_from(MEDIA))
def test_any_json_has_a_stated_answer(value: Any, media: str) -> None:
    judged(json.dumps(value).encode(), {"content-type": media})


@settings(deadline=None)
@given(st.sampled_from(sorted(good)), any_json, st.sampled_from(MEDIA))
def test_any_value_in_any_field_has_a_stated_answer(key: str, value: Any, media: str) -> None:
    event = {**good, key: value}
    if media == MEDIA[0]:
        event = {name: event[name] for name in good if name not in ("specversion", "data")}
    one = [event] if media == MEDIA[2] else event
    judged(json.dumps(one).encode(), {"content-type": media})


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["prospect", "thread"]), any_json), any_text)
def test_any_nested_value_has_a_stated_answer(changes: dict[str, Any], text: str) -> None:
    event = {key: good[key] for key in good if key not in ("specversion", "data")}
    event["prospect"] = {"email": "a@b.example", "name": text}
    event["thread"] = {"id": text, "subject": text, "url": f"https://a.example/{text}"}
    judged(json.dumps({**event, **changes}).encode(), {"content-type": MEDIA[0]})


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["ce-id", "ce-type", "ce-source", "ce-time"]), any_text))
def test_any_event_header_has_a_stated_answer(attributes: dict[str, str]) -> None:
    headers = {"content-type": MEDIA[0], "ce-specversion": "1.0", **attributes}
    judged(json.dumps(good["data"]).encode(), headers)
