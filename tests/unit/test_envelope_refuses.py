from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.test_envelope_accepts import BATCH, JSON, NOW, STRUCTURED, event, parsed, signal
from worker.intake.envelope import IntakeError
from worker.intake.models import openapi_body, openapi_schemas


def refused(value: Any, headers: dict[str, str] | None = None, **limits: int) -> IntakeError:
    with pytest.raises(IntakeError) as caught:
        parsed(value, headers, **limits)
    assert caught.value.mend
    return caught.value


def path_of(value: Any, headers: dict[str, str] | None = None) -> str:
    found = parsed(value, headers)
    assert found.status == 422
    assert found.signals == []
    (rejection,) = found.rejected
    assert all(problem.mend for problem in rejection.problems)
    return rejection.problems[0].path


def test_a_body_over_the_limit_is_413() -> None:
    assert refused([signal()] * 50, max_body_bytes=1000).status == 413


def test_a_batch_over_the_limit_is_413() -> None:
    assert refused([signal(), signal(id="e2")], max_batch=1).status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"id": NaN}',
        b'{"confidence": Infinity}',
        b'{"confidence": 1e999}',
        b'{"id": "a", "id": "b"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"count": ' + b"9" * 10_000 + b"}",
        b'{"id": "a"} {"id": "b"}',
        b"a=1&b=2",
    ],
)
def test_what_is_not_strict_json_is_400(body: bytes) -> None:
    assert refused(body).status == 400


@pytest.mark.parametrize("value", [1, "text", None, True, [], {"signals": []}, {"signals": {}}])
def test_a_shape_that_holds_no_signals_is_422(value: Any) -> None:
    assert refused(value).status == 422


def test_something_beside_signals_is_422() -> None:
    assert refused({"signals": [signal()], "source": "x"}).status == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"x": "y"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/cloudevents+avro"},
    ],
)
def test_another_content_type_is_415(headers: dict[str, str]) -> None:
    assert refused(signal(), headers).status == 415


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"id": ""}, "id"),
        ({"id": "  "}, "id"),
        ({"id": "a\x00"}, "id"),
        ({"id": "\ud800"}, "id"),
        ({"id": "x" * 201}, "id"),
        ({"id": 7}, "id"),
        ({"source": "s" * 201}, "source"),
        ({"type": "glance"}, "type"),
        ({"type": ["open"]}, "type"),
        ({"time": "2026-05-25T13:00:00"}, "time"),
        ({"time": 1614265330}, "time"),
        ({"time": "1614265330"}, "time"),
        ({"time": "soon"}, "time"),
        ({"time": "0001-01-01T00:00:00+23:00"}, "time"),
        ({"time": (NOW + timedelta(seconds=301)).isoformat()}, "time"),
        ({"time": (NOW - timedelta(days=31)).isoformat()}, "time"),
        ({"prospect": None}, "prospect"),
        ({"prospect": {"name": "Ann"}}, "prospect.email"),
        ({"prospect": {"email": "ann"}}, "prospect.email"),
        ({"prospect": {"email": "Ann <a@b.example>"}}, "prospect.email"),
        ({"prospect": {"email": "a@b.example\nBcc: c@d.example"}}, "prospect.email"),
        ({"prospect": {"email": "a" * 250 + "@b.example"}}, "prospect.email"),
        ({"prospect": {"email": "a@b.example", "name": "n" * 201}}, "prospect.name"),
        ({"thread": {"url": "javascript:alert(1)"}}, "thread.url"),
        ({"thread": {"url": "https://"}}, "thread.url"),
        ({"thread": {"url": "https://[x"}}, "thread.url"),
        ({"thread": {"url": "https://a.example/|<b>\n"}}, "thread.url"),
        ({"thread": {"url": "https://a.example/" + "x" * 2000}}, "thread.url"),
        ({"thread": {"subject": "s" * 301}}, "thread.subject"),
        ({"sending_rep": "sam"}, "sending_rep"),
        ({"tier": 0}, "tier"),
        ({"tier": 6}, "tier"),
        ({"tier": "1"}, "tier"),
        ({"tier": True}, "tier"),
        ({"confidence": -0.1}, "confidence"),
        ({"confidence": 101}, "confidence"),
        ({"confidence": 10**400}, "confidence"),
        ({"confidence": "high"}, "confidence"),
        ({"count": 0}, "count"),
        ({"count": 10**30}, "count"),
        ({"sentiment": "angry"}, "sentiment"),
        ({"teir": 1}, "teir"),
    ],
)
def test_a_bad_field_is_422_with_its_path(changes: dict[str, Any], path: str) -> None:
    assert path_of(signal(**changes)) == path


def test_a_misspelt_field_is_answered_with_the_right_one() -> None:
    (rejection,) = parsed(signal(prospect={"emial": "a@b.example"})).rejected
    mends = {problem.path: problem.mend for problem in rejection.problems}
    assert mends["prospect.emial"] == "did you mean 'email'?"
    assert mends["prospect.email"] == "add 'email'"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": None}, "specversion"),
        ({"data": "text"}, "data"),
        ({"data": None}, "data"),
        ({"data": None, "data_base64": "%%%"}, "data_base64"),
        ({"data": None, "data_base64": 5}, "data_base64"),
        ({"type": "com.other.thing"}, "type"),
        ({"id": ""}, "id"),
    ],
)
def test_a_cloudevent_that_is_no_signal_is_422_with_its_path(
    changes: dict[str, Any], path: str
) -> None:
    assert path_of(event(**changes), STRUCTURED) == path


def test_a_cloudevents_batch_that_is_no_array_is_422() -> None:
    assert refused(event(), BATCH).status == 422


def test_an_event_sent_as_plain_json_is_not_taken_for_a_signal() -> None:
    assert parsed(event(), JSON).status == 422


def test_answers_can_be_written_as_json_whatever_was_sent() -> None:
    nasty = "\ud800\x00\u202e" * 100
    found = parsed([{**signal(), "id": nasty, nasty: 1}, {"thread": {nasty: nasty}}])
    for rejection in found.rejected:
        json.dumps(rejection.model_dump(), ensure_ascii=False).encode()
        assert len(rejection.id) <= 80


def test_every_reference_of_the_openapi_body_is_in_the_schemas() -> None:
    schemas = openapi_schemas()
    text = json.dumps([schemas, openapi_body()])
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(schemas)
    assert "$defs" not in text
