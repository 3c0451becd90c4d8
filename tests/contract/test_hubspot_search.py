"""What a search finds and refuses, and how much may be asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.serving import Serving
from tests.contract.hubspot_kit import SECRET, Copy, Kit, MovedClock, ask, found, running


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as started:
        yield started


def condition(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    one = {"propertyName": name, "operator": operator, **more}
    return {"filterGroups": [{"filters": [one if value is None else {**one, "value": value}]}]}


@pytest.mark.parametrize(
    ("body", "total"),
    [
        (condition("email", "EQ", "DANA@acme.test"), 1),
        (condition("email", "NEQ", "dana@acme.test"), 1),
        (condition("company", "HAS_PROPERTY"), 1),
        (condition("company", "NOT_HAS_PROPERTY"), 1),
        (condition("firstname", "IN", values=["dana", "nobody"]), 1),
        (condition("firstname", "NOT_IN", values=["dana", "nobody"]), 1),
        (condition("email", "CONTAINS_TOKEN", "acme"), 1),
        (condition("email", "CONTAINS_TOKEN", "ac*"), 1),
        (condition("associatedcompanyid", "GT", "5"), 1),
        (condition("createdate", "BETWEEN", "0", highValue="9999999999999"), 2),
        (condition("lastmodifieddate", "LT", "0"), 0),
        ({"filterGroups": [condition("firstname", "EQ", one)["filterGroups"][0] for one in
                           ("dana", "lou")]}, 2),
    ],
)  # fmt: skip
def test_what_a_search_finds(kit: Kit, body: Any, total: int) -> None:
    assert found(kit, body).json()["total"] == total


@pytest.mark.parametrize(
    "body",
    [
        condition("nonsense", "EQ", "1"),
        condition("email", "LIKE", "x"),
        condition("company", "HAS_PROPERTY", "x"),
        condition("lastmodifieddate", "GT", "soon"),
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [condition("email", "EQ", "x")["filterGroups"][0]["filters"][0]] * 0,
         "limit": 201},
        {"after": "9900", "limit": 200},
        {"sorts": [{"propertyName": "nonsense", "direction": "ASCENDING"}]},
        {"query": "x" * 3100},
    ],
)  # fmt: skip
def test_what_a_search_refuses(kit: Kit, body: Any) -> None:
    answer = found(kit, body)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["correlationId"]


def test_ids_are_compared_as_numbers_and_sorted_as_texts(kit: Kit) -> None:
    for number in range(60):
        kit.sandbox.create("contacts", email=f"s{number}@x.test")
    body = condition("hs_object_id", "GT", "0") | {
        "limit": 200,
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
    }
    ids = [row["id"] for row in found(kit, body).json()["results"]]
    assert ids == sorted(ids)
    assert ids != sorted(ids, key=int)
    body = condition("hs_object_id", "GT", "99999")
    assert found(kit, body).json()["total"] == len([one for one in ids if int(one) > 99999])


def test_answers_tell_the_limits_and_searches_do_not(kit: Kit) -> None:
    headers = ask(kit, "GET", "/crm/v3/owners").headers
    assert headers["X-HubSpot-RateLimit-Max"] == "190"
    assert headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert not [name for name in found(kit, {}).headers if "ratelimit" in name.lower()]


@pytest.mark.parametrize(
    ("policy", "calls", "searching"),
    [("SECONDLY", 5, True), ("TEN_SECONDLY_ROLLING", 190, False), ("DAILY", 50, False)],
)
def test_the_limiter_refuses_the_call_too_many(policy: str, calls: int, searching: bool) -> None:
    with running(enforce_limits=True) as kit:
        kit.sandbox.limits.daily = 50 if policy == "DAILY" else 9999

        def call() -> Any:
            return found(kit, {}) if searching else ask(kit, "GET", "/crm/v3/owners")

        assert {call().status_code for _ in range(calls)} == {200}
        refused = call()
        assert refused.status_code == 429
        assert refused.json()["policyName"] == policy
        assert refused.json()["errorType"] == "RATE_LIMIT"
        kit.clock.forward(days=1)
        assert call().status_code == 200


def test_the_connector_lives_within_the_real_limits() -> None:
    sandbox = HubspotSandbox(lambda: datetime.now(UTC), token=SECRET, enforce_limits=True)
    sandbox.limits.in_ten_seconds, sandbox.limits.ten_seconds = 25, 2000
    for number in range(900):
        sandbox.create("contacts", email=f"c{number}@x.test")
    with Serving(sandbox.app) as serving:
        kit = Kit(sandbox, MovedClock(), serving.url)
        connector = kit.connector(searches_per_second=4)
        for _ in range(2):
            copy = Copy(connector, "contacts")
            assert len(copy.sync()) == 900
            copy.sync()
        connector.close()
    assert sandbox.limits.refused == 0
