"""Webhooks: believed only with a good signature of our time, and never more than a hint."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.base import HookRefusedError
from connectors.hubspot import changes
from connectors.hubspot.webhooks import PATH, Webhooks, signature, verify
from connectors.sandbox.hubspot.feed import hook_events, watch
from connectors.sandbox.hubspot.portal import Change
from tests.contract.hubspot_kit import Kit, running

SECRET = "5f0e8d2a-sandbox-secret"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
URL = "https://hotlead.acme.example/v1/hubspot/webhooks"
VECTORS = (
    Path(__file__).resolve().parents[2].parent / "shared/reference/events/signature-vectors.json"
)
HOOK = Webhooks(SecretStr(SECRET), 10)


def signed(body: bytes, at: datetime = NOW, url: str = URL, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at.timestamp() * 1000))
    return {
        "x-hubspot-signature-v3": signature(secret, "POST", url, body, stamp),
        "x-hubspot-request-timestamp": stamp,
    }


def hinted(*events: dict[str, Any]) -> list[set[str]]:
    body = json.dumps(list(events)).encode()
    return [set(one.objects) for one in HOOK.take("POST", URL, signed(body), body, NOW)]


@pytest.mark.shared
def test_the_published_vectors_are_signed_as_hubspot_signs_them() -> None:
    if not VECTORS.exists():
        pytest.skip("needs the shared reference folder beside the checkout")
    vectors = [one for one in json.loads(VECTORS.read_text()) if one["scheme"] == "hubspot-v3"]
    assert vectors
    for one in vectors:
        made = signature(
            one["secret"], one["method"], one["url"], one["body"].encode(), one["timestamp"]
        )
        assert (made == one["signature"]) is one["valid"]


def test_what_hubspot_decodes_before_it_signs_is_decoded_and_nothing_else() -> None:
    plain = f"{URL}?a=x:y/z?@!$'()*,;&b=%20%25%26"
    coded = f"{URL}?a=x%3Ay%2Fz%3F%40%21%24%27%28%29%2A%2C%3B&b=%20%25%26"
    made = [signature(SECRET, "POST", url, b"[]", "1") for url in (plain, coded, coded.lower())]
    assert len(set(made)) == 1
    assert signature(SECRET, "POST", f"{URL}?b=%20", b"[]", "1") != signature(
        SECRET, "POST", f"{URL}?b= ", b"[]", "1"
    )


@pytest.mark.parametrize(
    ("apart", "good"),
    [
        (timedelta(0), True),
        (timedelta(minutes=-4, seconds=-59), True),
        (timedelta(minutes=4, seconds=59), True),
        (timedelta(minutes=-5, seconds=-1), False),
        (timedelta(minutes=5, seconds=1), False),  # HubSpot's own library lets an hour pass
        (timedelta(hours=1), False),
    ],
)
@pytest.mark.pitfall("R14", "a signature from an hour ahead is believed")
def test_a_time_too_far_from_ours_either_way_is_refused(apart: timedelta, good: bool) -> None:
    headers = signed(b"[]", NOW + apart)
    assert (verify(SECRET, "POST", URL, headers, b"[]", NOW) is None) is good


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "PUT"},
        {"url": URL + "/"},
        {"url": URL.replace("https", "http")},
        {"url": URL + "?a=1"},
        {"body": b"[ ]"},
        {"secret": "another"},
        {"headers": {}},
        {"headers": {"x-hubspot-signature-v3": "", "x-hubspot-request-timestamp": "1"}},
        {"stamp": "soon"},
        {"stamp": "-1"},
        {"stamp": "١٢٣"},
        {"stamp": "9" * 40},
        {"signature": "é"},
        {"signature": "A" * 44},
    ],
)
@pytest.mark.pitfall("R14", "a forged call is believed")
def test_a_call_that_differs_in_anything_is_refused(wrong: dict[str, Any]) -> None:
    headers = signed(b"[]") | wrong.get("headers", {})
    if wrong.get("headers") == {}:
        headers = {}
    if "stamp" in wrong:
        headers["x-hubspot-request-timestamp"] = wrong["stamp"]
    if "signature" in wrong:
        headers["x-hubspot-signature-v3"] = wrong["signature"]
    with pytest.raises(HookRefusedError) as refused:
        Webhooks(SecretStr(wrong.get("secret", SECRET)), 10).take(
            wrong.get("method", "POST"),
            wrong.get("url", URL),
            headers,
            wrong.get("body", b"[]"),
            NOW,
        )
    assert refused.value.status == 401
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("event", "objects"),
    [
        ({"subscriptionType": "contact.creation", "objectId": 1}, {"contacts"}),
        ({"subscriptionType": "contact.propertyChange", "objectId": 1}, {"contacts"}),
        ({"subscriptionType": "company.deletion", "objectId": 1}, {"companies"}),
        (
            {"subscriptionType": "deal.propertyChange", "objectId": 1},
            {"deals", "deal_collaborators"},
        ),
        ({"subscriptionType": "object.propertyChange", "objectTypeId": "0-2"}, {"companies"}),
        (
            {"subscriptionType": "object.propertyChange", "objectTypeId": "0-115"},
            {"people", "out_of_office"},
        ),
        (
            {"subscriptionType": "deal.creation", "objectId": 1},
            {"deals", "deal_contacts", "deal_collaborators"},
        ),
        (
            {"subscriptionType": "deal.associationChange", "associationType": "DEAL_TO_CONTACT"},
            {"deals", "contacts", "deal_contacts", "deal_collaborators"},
        ),
        (
            {
                "subscriptionType": "object.associationChange",
                "fromObjectTypeId": "0-3",
                "toObjectTypeId": "0-2",
            },
            {"deals", "deal_collaborators", "companies"},
        ),
        ({"action": "UPDATE", "objectTypeId": "0-48", "objectId": "7"}, {"calls"}),
    ],
)
def test_each_kind_of_event_hints_at_its_objects(event: dict[str, Any], objects: set[str]) -> None:
    assert hinted(event) == [objects]


def test_the_records_of_a_merge_are_all_told() -> None:
    told = changes.hint(
        {
            "subscriptionType": "contact.merge",
            "objectId": 1,
            "primaryObjectId": 1,
            "newObjectId": 3,
            "mergedObjectIds": [2],
        }
    )
    assert told is not None
    assert set(told.records) == {"1", "2", "3"}


@pytest.mark.parametrize(
    "event",
    [{}, {"subscriptionType": None}, {"subscriptionType": "ticket.creation"}, {"objectTypeId": []}],
)
def test_what_is_not_known_hints_at_nothing(event: dict[str, Any]) -> None:
    assert hinted(event) == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(HookRefusedError) as refused:
        HOOK.take("POST", URL, signed(body), body, NOW)
    assert refused.value.status == 400


@pytest.mark.parametrize("body", [b"null", b"1", b'"a"', b"[1, null, [], {}]", b"{}"])
def test_json_that_holds_no_event_is_taken_and_hints_at_nothing(body: bytes) -> None:
    assert list(HOOK.take("POST", URL, signed(body), body, NOW)) == []


def test_odd_events_never_break_the_reading() -> None:
    rng = random.Random(4)
    odd: list[Any] = [None, 1, "0-3", "deal.", ".", [], {}, "A_TO_B", True, "0-1"]
    keys = ["subscriptionType", "objectTypeId", "fromObjectTypeId", "associationType", "objectId"]
    for _ in range(300):
        event = {key: rng.choice(odd) for key in rng.sample(keys, 3)}
        changes.hint({**event, "mergedObjectIds": rng.choice(odd)})


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as made:
        yield made


@pytest.mark.parametrize("generic", [True, False])
def test_what_the_account_tells_is_understood(kit: Kit, generic: bool) -> None:
    happened: list[Change] = []
    watch(kit.sandbox.portal, happened)
    kit.sandbox.update("deals", kit.ids["big"], hubspot_owner_id=kit.ids["eva"])
    kit.sandbox.unlink("deals", kit.ids["big"], "contacts", kit.ids["dana"])
    kit.sandbox.merge("contacts", kit.ids["dana"], kit.ids["lou"])
    kit.sandbox.archive("companies", kit.ids["sub"])
    kit.sandbox.restore("companies", kit.ids["sub"])
    told = [one for change in happened for one in hook_events(change, generic=generic)]
    found = set().union(*hinted(*told))
    assert {"deals", "contacts", "companies", "deal_contacts"} <= found


def test_doctor_tells_whether_webhooks_are_on(kit: Kit) -> None:
    [off] = [one for one in kit.connector().checks(kit.clock) if one.name == "hubspot webhooks"]
    assert "off" in off.text
    on = kit.connector(client_secret=SECRET)
    [check] = [one for one in on.checks(kit.clock) if one.name == "hubspot webhooks"]
    assert PATH in check.text
    assert [hook.path for hook in on.webhooks] == [PATH]
