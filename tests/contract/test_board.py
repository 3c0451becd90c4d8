"""The board of a running worker: what it shows to whom, escaped, and without a write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.contract.flow_kit import MakeOffice, Office, only_alert, rows, shared_office
from worker.report import latency_summaries
from worker.run import Worker
from worker.store.tables import ALERT, ALERT_EVENT, DELIVERY, RECEIPT, SIGNAL

HOSTILE = "<script>alert(1)</script>\"'&"
ANN, BEN, MIA = "ann@team.example", "ben@team.example", "mia@team.example"


def board(worker: Worker, path: str = ".json", **asked: Any) -> requests.Response:
    headers = asked.pop("headers", {})
    return requests.get(f"{worker.url}/board{path}", params=asked, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="module")
def fired(office: Office) -> Worker:
    """A worker with one alert of Dana, which is Ann's, one of Cora, and what could wait of both."""
    worker = office.worker()
    subject = {"id": "t1", "url": "https://mail.example/t1", "subject": HOSTILE}
    bad = {"id": "t2", "url": "javascript:alert(1)", "subject": "Renewal"}
    for one in (
        office.body(thread=subject),
        office.body("cora@contoso.example"),
        office.body("p1@acme.example", type="click", thread=subject),
        office.body(type="click", thread=subject),
        office.body("cora@contoso.example", type="reply", sentiment="automatic"),
    ):
        assert office.post(worker, one).status_code == 202
        assert worker.settle()
    assert bad
    return worker


def test_it_tells_of_open_alerts_of_what_can_wait_and_of_the_median(
    fired: Worker, office: Office
) -> None:
    office.clock  # noqa: B018
    found = board(fired).json()
    print(found)
