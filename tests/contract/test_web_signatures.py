"""Signed signals: who may send, and what a thief can do with what was sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from tests.contract.flow_kit import (
    OTHER_SECRET,
    SECRET,
    Office,
    rows,
    shared_office,
    wiped,
)
from worker.intake.signature import sign
from worker.run import Worker
from worker.store.tables import SIGNAL


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="module")
def served(office: Office) -> Worker:
    return office.worker()


@pytest.fixture
def worker(served: Worker) -> Worker:
    return wiped(served)


def send(worker: Worker, raw: bytes, headers: dict[str, str]) -> requests.Response:
    named = {"content-type": "application/json", **headers}
    return requests.post(f"{worker.url}/v1/signals", data=raw, headers=named, timeout=30)


def signed(office: Office, raw: bytes, *, secret: str = SECRET, seconds: int = 0) -> dict[str, str]:
    moment = office.clock.now() + timedelta(seconds=seconds)
    return sign(secret, f"msg_{uuid4().hex}", moment, raw)


def raw_of(office: Office) -> bytes:
    return json.dumps(office.body()).encode()


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_401_and_is_named(office: Office, worker: Worker, missing: str) -> None:
    raw = raw_of(office)
    headers = signed(office, raw)
    del headers[missing]
    answer = send(worker, raw, headers)
    assert answer.status_code == 401
    assert missing in answer.json()["error"]
    assert rows(worker, SIGNAL) == []


@pytest.mark.parametrize("part", ["body", "webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_forged_part_is_401(office: Office, worker: Worker, part: str) -> None:
    raw = raw_of(office)
    headers = signed(office, raw)
    if part == "body":
        raw = raw_of(office)
    elif part == "webhook-signature":
        headers[part] = "v1," + "A" * 43 + "="
    else:
        headers[part] = signed(office, raw, seconds=7)[part]
    assert send(worker, raw, headers).status_code == 401
    assert rows(worker, SIGNAL) == []


def test_another_secret_is_401(office: Office, worker: Worker) -> None:
    raw = raw_of(office)
    assert send(worker, raw, signed(office, raw, secret=OTHER_SECRET)).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(-290, 202), (-310, 401), (290, 202), (310, 401)])
def test_a_timestamp_may_be_five_minutes_off_on_either_side(
    office: Office, worker: Worker, seconds: int, status: int
) -> None:
    raw = raw_of(office)
    assert send(worker, raw, signed(office, raw, seconds=seconds)).status_code == status


def test_a_request_that_is_replayed_is_answered_and_changes_nothing(
    office: Office, worker: Worker
) -> None:
    raw = raw_of(office)
    headers = signed(office, raw)
    first, again = send(worker, raw, headers), send(worker, raw, headers)
    assert (first.json()["accepted"], again.json()["accepted"]) == (1, 0)
    assert again.json()["duplicates"] == 1
    office.clock.forward(timedelta(minutes=6))
    assert send(worker, raw, headers).status_code == 401


def test_of_several_signatures_one_good_one_is_enough(office: Office, worker: Worker) -> None:
    raw = raw_of(office)
    headers = signed(office, raw)
    headers["webhook-signature"] = f"v1,AAAA v9,odd {headers['webhook-signature']}"
    assert send(worker, raw, headers).status_code == 202


def test_a_secret_can_be_changed_without_a_gap(tmp_path: Path, sqlite_url: str) -> None:
    with Office(tmp_path, sqlite_url, secrets=f"{OTHER_SECRET} {SECRET}") as office:
        worker = office.worker()
        for secret in (SECRET, OTHER_SECRET):
            raw = raw_of(office)
            assert send(worker, raw, signed(office, raw, secret=secret)).status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-timestamp": "NaN"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-id": "x" * 5000},
        {"webhook-signature": "v1, , , "},
        {"webhook-signature": "v1,é".encode("latin-1").decode("latin-1")},
        {"webhook-signature": "v1,A " * 500},
    ],
)
def test_headers_out_of_shape_are_401(
    office: Office, worker: Worker, headers: dict[str, str]
) -> None:
    raw = raw_of(office)
    assert send(worker, raw, {**signed(office, raw), **headers}).status_code == 401


def test_a_signed_body_that_is_too_long_is_413_and_not_a_wrong_signature(
    office: Office, worker: Worker
) -> None:
    raw = b" " * 1_000_001
    assert send(worker, raw, signed(office, raw)).status_code == 413


def test_a_refusal_tells_nothing_about_the_secret(office: Office, worker: Worker) -> None:
    raw = raw_of(office)
    text = send(worker, raw, {}).text + send(worker, raw, signed(office, b"{}")).text
    assert SECRET not in text
    assert SECRET.removeprefix("whsec_") not in text
