"""The route that a CRM calls: what it answers, which address it believes, and what it counts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import select

from connectors.hubspot.webhooks import NAME, PATH, Webhooks, signature
from connectors.sandbox.serving import Serving
from tests.contract.hint_office import Desk, Telling
from worker.hints import Hints
from worker.listening import Listening
from worker.sections import WebSettings
from worker.store.engine import Store
from worker.store.tables import HINT, HINT_SOURCE
from worker.web.crm_webhooks import webhook_router

SECRET = "5f0e8d2a-sandbox-secret"
EVENT = {"subscriptionType": "contact.propertyChange", "objectId": 7}
PUBLIC = "https://hotlead.acme.example/crm"


@dataclass
class Door:
    """The served route and what stands behind it."""

    desk: Desk
    url: str

    def call(self, body: bytes, known_as: str = "", secret: str = SECRET) -> requests.Response:
        """A signed call to the route by the address that the caller knows."""
        stamp = str(int(self.desk.clock.now().timestamp() * 1000))
        headers = {
            "X-HubSpot-Signature-V3": signature(
                secret, "POST", known_as or self.url + PATH, body, stamp
            ),
            "X-HubSpot-Request-Timestamp": stamp,
        }
        return requests.post(self.url + PATH, data=body, headers=headers, timeout=10)

    def row(self) -> dict[str, Any]:
        """What is stored of the webhooks."""
        self.desk.hints.store_told()
        with self.desk.store.read() as conn:
            return dict(conn.execute(select(HINT_SOURCE)).mappings().one())

    def hinted(self) -> set[str]:
        """The objects that were hinted at."""
        self.desk.hints.store_told()
        with self.desk.store.read() as conn:
            return set(conn.execute(select(HINT.c.object)).scalars())


@contextmanager
def opened(store: Store, folder: Path, public: str = "") -> Iterator[Door]:
    hook = Webhooks(SecretStr(SECRET), 10)
    desk = Desk(store, folder / "crm")
    desk.crm = Telling(desk.folder, webhooks=(hook,))
    desk.ctx = desk.ctx.__class__(
        store=store,
        clock=desk.clock,
        policy=desk.ctx.policy,
        dispatch=desk.ctx.dispatch,
        crm=desk.crm,
        surfaces={},
    )
    desk.hints = Hints(desk.ctx, desk.hints._gap)
    desk.listening = Listening(desk.ctx, desk.hints)
    desk.listening.prepare()
    app = FastAPI()
    web = WebSettings(public_url=public, behind_proxy=bool(public))
    app.include_router(webhook_router(desk.ctx, desk.hints, hook, web))
    with Serving(app) as server:
        yield Door(desk, server.url)


@pytest.fixture
def door(sqlite_store: Store, tmp_path: Path) -> Iterator[Door]:
    with opened(sqlite_store, tmp_path) as made:
        yield made


def test_a_signed_call_is_answered_empty_and_hinted_at(door: Door) -> None:
    answer = door.call(json.dumps([EVENT]).encode())
    assert (answer.status_code, answer.content) == (204, b"")
    assert door.hinted() == {"contacts"}
    assert (door.row()["hints"], door.row()["refused"]) == (1, 0)


def test_a_full_batch_is_answered_long_before_hubspot_gives_up(door: Door) -> None:
    batch = json.dumps([EVENT | {"objectId": number} for number in range(100)]).encode()
    begun = time.monotonic()
    for _ in range(20):
        assert door.call(batch).status_code == 204
    assert (time.monotonic() - begun) / 20 < 1.0
    assert door.row()["hints"] == 2000


def test_forged_calls_are_refused_counted_and_hint_at_nothing(door: Door) -> None:
    for _ in range(3):
        answer = door.call(json.dumps([EVENT]).encode(), secret="forged")
        assert answer.status_code == 401
        assert "sign" in answer.json()["mend"]
    assert requests.post(door.url + PATH, json=[EVENT], timeout=10).status_code == 401
    assert door.hinted() == set()
    assert door.row()["refused"] == 4


def test_a_body_that_is_too_long_is_refused_before_it_is_read(door: Door) -> None:
    answer = door.call(b"[" + b" " * 1_000_001 + b"]")
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


def test_no_json_is_refused_although_it_is_signed(door: Door) -> None:
    assert door.call(b"nothing").status_code == 400


def test_only_post_is_served(door: Door) -> None:
    assert requests.get(door.url + PATH, timeout=10).status_code == 405


def test_behind_a_proxy_the_public_address_is_what_was_signed(
    sqlite_store: Store, tmp_path: Path
) -> None:
    with opened(sqlite_store, tmp_path, public=PUBLIC) as door:
        body = json.dumps([EVENT]).encode()
        assert door.call(body, known_as=PUBLIC + PATH).status_code == 204
        assert door.call(body).status_code == 401


def test_the_health_page_tells_of_the_webhooks(door: Door) -> None:
    door.call(json.dumps([EVENT]).encode())
    door.desk.hints.store_told()
    told = door.desk.listening.health()[NAME]
    assert told["hints"] == 1
    assert told["last_hint_seconds_ago"] == 0


@pytest.mark.parametrize(
    "url", ["hotlead.acme.example", "http://elsewhere.example", "https://a.example/?x=1"]
)
def test_a_public_address_that_cannot_be_right_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        WebSettings(public_url=url)
