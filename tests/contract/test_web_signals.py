"""Every answer of the signals route, from a served worker."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from tests.contract.flow_kit import Office, rows, shared_office, wiped
from worker.run import Worker
from worker.store.tables import ALERT, RECEIPT, SIGNAL

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
LIMIT = 20_000


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory, signed=False) as made:
        yield made


@pytest.fixture(scope="module")
def served(office: Office) -> Worker:
    return office.worker(signals={"max_body_bytes": LIMIT, "max_batch": 20})


@pytest.fixture
def worker(served: Worker) -> Worker:
    return wiped(served)


def event(office: Office, **more: Any) -> dict[str, Any]:
    body = office.body()
    data = {name: body[name] for name in ("prospect", "thread", "tier", "count")}
    return {
        "specversion": "1.0",
        "id": body["id"],
        "source": "tracker.example",
        "type": "com.hotlead.signal.multi_open",
        "time": body["time"],
        "data": data,
    } | more


def refused(answer: requests.Response, status: int) -> str:
    assert answer.status_code == status
    said = answer.json()
    assert said["error"]
    assert said["mend"]
    return str(said["error"])


def test_a_good_signal_is_202_and_its_decision_is_in_the_store(
    office: Office, worker: Worker
) -> None:
    answer = office.post(worker, office.body())
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    assert [len(rows(worker, table)) for table in (SIGNAL, ALERT, RECEIPT)] == [1, 1, 1]


def test_a_signal_seen_before_is_202_and_changes_nothing(office: Office, worker: Worker) -> None:
    body = office.body()
    office.post(worker, body)
    answer = office.post(worker, body | {"tier": 5, "prospect": {"email": "x@other.example"}})
    assert answer.status_code == 202
    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (0, 1)
    assert answer.json()["signals"][0]["status"] == "duplicate"
    assert [row["prospect_email"] for row in rows(worker, SIGNAL)] == ["dana@acme.example"]


def test_a_batch_with_a_bad_signal_keeps_the_good_ones_and_lists_the_bad(
    office: Office, worker: Worker
) -> None:
    batch = [office.body(), office.body(tier=9), office.body("cora@contoso.example")]
    answer = office.post(worker, {"signals": batch})
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    (rejection,) = answer.json()["rejected"]
    assert (rejection["index"], rejection["id"]) == (1, batch[1]["id"])
    assert rejection["problems"][0]["path"] == "tier"
    assert rejection["problems"][0]["mend"]


def test_a_batch_that_repeats_itself_counts_the_repetition(office: Office, worker: Worker) -> None:
    one = office.body()
    answer = office.post(worker, [one, one]).json()
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)


def test_nothing_good_is_422_with_the_list(office: Office, worker: Worker) -> None:
    answer = office.post(worker, [office.body(type="glance"), {"id": "only"}])
    assert answer.status_code == 422
    assert [one["index"] for one in answer.json()["rejected"]] == [0, 1]
    assert rows(worker, SIGNAL) == []


@pytest.mark.parametrize("value", [b"[]", b'{"signals": []}', b"7", b'"text"', b"null"])
def test_a_body_that_holds_no_signals_is_422(office: Office, worker: Worker, value: bytes) -> None:
    refused(office.post(worker, value), 422)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b'{"id": "a", "id": "b"}',
        b'{"count": NaN}',
        b'{"confidence": 1e999}',
        b"[" * (LIMIT - 1),
        b'{"count": ' + b"9" * 9_000 + b"}",
    ],
)
def test_what_is_not_strict_json_is_400(office: Office, worker: Worker, value: bytes) -> None:
    refused(office.post(worker, value), 400)


@pytest.mark.parametrize(
    "media",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
    ],
)
def test_another_content_type_is_415(office: Office, worker: Worker, media: str) -> None:
    refused(office.post(worker, office.body(), content_type=media), 415)


def test_a_batch_of_the_limit_is_taken_and_one_more_is_413(office: Office, worker: Worker) -> None:
    batch = [{**office.body(), "id": str(number)} for number in range(21)]
    assert "21 signals" in refused(office.post(worker, batch), 413)
    assert rows(worker, SIGNAL) == []
    assert office.post(worker, batch[:20]).json()["accepted"] == 20


def test_a_signal_of_more_than_30_days_is_refused(office: Office, worker: Worker) -> None:
    now = office.clock.now()
    old = office.body(time=(now - timedelta(days=30, minutes=1)).isoformat())
    fresh = office.body(time=(now - timedelta(days=29)).isoformat())
    answer = office.post(worker, [old, fresh])
    assert answer.json()["accepted"] == 1
    assert "30 days old" in json.dumps(answer.json()["rejected"])


def test_a_signal_from_the_future_is_refused_and_a_little_ahead_counts_as_now(
    office: Office, worker: Worker
) -> None:
    now = office.clock.now()
    far = office.body(time=(now + timedelta(minutes=6)).isoformat())
    near = office.body(time=(now + timedelta(minutes=4)).isoformat())
    answer = office.post(worker, [far, near])
    assert answer.json()["accepted"] == 1
    assert "ahead" in json.dumps(answer.json()["rejected"])
    (stored,) = rows(worker, SIGNAL)
    assert stored["occurred_at"] == stored["received_at"]


def test_opens_that_come_in_the_wrong_order_count_in_their_own_window(
    office: Office, worker: Worker
) -> None:
    now = office.clock.now()
    for minutes in (5, 400, 40):
        one = office.body(type="open", time=(now - timedelta(minutes=minutes)).isoformat(), count=1)
        office.post(worker, one)
    outcomes = [row["outcome"] for row in rows(worker, SIGNAL)]
    assert outcomes == ["join", "digest", "alert"]


def test_cloudevents_come_structured_batched_and_in_headers(office: Office, worker: Worker) -> None:
    one = event(office)
    assert office.post(worker, one, content_type=STRUCTURED).status_code == 202
    two = [event(office), event(office, data=None, data_base64=_base64(one["data"]))]
    assert office.post(worker, two, content_type=BATCH).json()["accepted"] == 2
    binary = event(office)
    data = binary.pop("data")
    attributes = {f"ce_{name}": value for name, value in binary.items()}
    assert office.post(worker, data, **attributes).json()["accepted"] == 1
    assert len(rows(worker, SIGNAL)) == 4
    assert len(rows(worker, ALERT)) == 1


def _base64(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def test_a_cloudevent_that_is_no_signal_is_422_with_its_place(
    office: Office, worker: Worker
) -> None:
    answer = office.post(worker, event(office, specversion="0.3"), content_type=STRUCTURED)
    assert answer.status_code == 422
    assert answer.json()["rejected"][0]["problems"][0]["path"] == "specversion"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_405(worker: Worker, method: str) -> None:
    answer = requests.request(method, f"{worker.url}/v1/signals", timeout=10)
    assert answer.status_code == 405


def test_a_hostile_name_pings_nobody_and_breaks_no_message(office: Office, worker: Worker) -> None:
    nasty = "<!channel> *bold* <https://evil.example|click> & \u202e`code`"
    body = office.body(prospect={"email": "n@x.example", "name": nasty})
    body["thread"] |= {"subject": nasty}
    assert office.post(worker, body).status_code == 202
    assert worker.settle()
    messages = office.slack.messages()
    assert messages
    assert [one["pings"] for one in messages] == [[]] * len(messages)
    assert not [text for text in _mrkdwn(messages) if "<https://evil" in text or "<!" in text]


def _mrkdwn(part: Any) -> list[str]:
    """Every text of the messages that Slack reads as markup."""
    if isinstance(part, dict):
        own = [part["text"]] if part.get("type") == "mrkdwn" or "pings" in part else []
        return own + [text for value in part.values() for text in _mrkdwn(value)]
    return [text for one in part for text in _mrkdwn(one)] if isinstance(part, list) else []
