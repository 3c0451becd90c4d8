"""The HTTP interface against its own OpenAPI document, on a served worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contract.flow_kit import Office, shared_office
from worker.run import Worker

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory, signed=False) as made:
        yield made


@pytest.fixture(scope="module")
def worker(office: Office) -> Worker:
    return office.worker()


@pytest.fixture(scope="module")
def api(worker: Worker) -> Any:
    return schemathesis.openapi.from_url(f"{worker.url}/openapi.json")


# Schemathesis draws from ``random`` in its own strategies, which is nothing that we could mend.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_whatever_comes_in_has_an_answer_that_the_document_states(
    api: Any, data: st.DataObject
) -> None:
    case = data.draw(api["/v1/signals"]["POST"].as_strategy())
    case.call_and_validate(checks=CHECKS, timeout=30)


def test_the_health_page_answers_as_the_document_states(api: Any) -> None:
    api["/healthz"]["GET"].Case().call_and_validate(checks=CHECKS, timeout=30)


def test_the_document_names_every_answer_of_the_signals_route(worker: Worker) -> None:
    document = requests.get(f"{worker.url}/openapi.json", timeout=10).json()
    responses = document["paths"]["/v1/signals"]["post"]["responses"]
    assert set(responses) == {"202", "400", "401", "413", "415", "422", "503"}
