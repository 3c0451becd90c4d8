"""The page of the guide: who is let in, that no secret comes out, and a whole run over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract.connect_kit import Site, page_of, site
from tests.waiting import until
from worker.connect.desk import Desk
from worker.connect.page import Page

CLIENT_ID = "8c4c1b1e-3f8a-4a55-9d0c-0123456789ab"
CLIENT_SECRET = "1d9a7c55-0e57-4b0e-8f0a-ba9876543210"


class Caller:
    """Somebody with the address of the page."""

    def __init__(self, url: str, page: Page, desk: Desk) -> None:
        self.url, self.page, self.desk = url, page, desk
        self.http = requests.Session()
        self.heard = ""

    def enter(self) -> requests.Response:
        return self._heard(self.http.get(f"{self.url}/enter?token={self.page.token}", timeout=10))

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        answer = self.http.post(f"{self.url}{path}", json=body, headers=headers, timeout=30)
        return self._heard(answer)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self._heard(self.http.get(f"{self.url}/state", timeout=10)).json()
        return found

    def tested(self) -> dict[str, Any]:
        assert self.post("/test", {}).ok
        until(lambda: self.state()["stage"] != "testing", "the end of the test")
        return self.state()

    def _heard(self, answer: requests.Response) -> requests.Response:
        self.heard += answer.text
        return answer


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site("slack", tmp_path_factory.mktemp("slack")) as made:
        yield made


@pytest.fixture
def caller(at: Site) -> Iterator[Caller]:
    with page_of(at.guided()) as served:
        yield Caller(*served)


def test_the_address_opens_once_and_the_cookie_is_hidden_from_scripts(caller: Caller) -> None:
    address = f"{caller.url}/enter?token={caller.page.token}"
    first = caller.enter()
    assert first.ok
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert caller.http.get(f"{caller.url}/", timeout=10).ok
    again = requests.get(address, timeout=10)
    assert again.status_code == 403
    assert "Set-Cookie" not in again.headers
    assert requests.get(f"{caller.url}/enter?token=", timeout=10).status_code == 403


@pytest.mark.parametrize("path", ["choose", "answer", "consent", "test", "write", "install", "end"])
def test_nobody_else_does_or_sees_anything(caller: Caller, path: str) -> None:
    stranger = requests.Session()
    assert stranger.get(f"{caller.url}/state", timeout=10).status_code == 403
    assert stranger.get(f"{caller.url}/", timeout=10).status_code == 403
    assert stranger.post(f"{caller.url}/{path}", json={}, timeout=10).status_code == 403
    stranger.cookies.set("hotlead_connect", "")
    assert stranger.post(f"{caller.url}/{path}", json={}, timeout=10).status_code == 403
    caller.enter()
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ):
        assert caller.post(f"/{path}", {}, **headers).status_code == 403
    form = caller.http.post(f"{caller.url}/{path}", data={"name": "x"}, timeout=10)
    assert form.status_code == 415
    assert caller.http.get(f"{caller.url}/{path}", timeout=10).status_code == 405
    assert not caller.desk.ended.is_set()


def test_no_secret_ever_comes_out(caller: Caller, at: Site) -> None:
    caller.enter()
    bot, app = at.right.values()
    for name, text in (
        ("HOTLEAD_SLACK_BOT_TOKEN", app),
        ("HOTLEAD_SLACK_BOT_TOKEN", bot),
        ("HOTLEAD_SLACK_APP_TOKEN", app),
    ):
        assert caller.post("/answer", {"name": name, "text": text}).ok
    assert caller.post("/answer", {"name": bot, "text": app}).status_code == 409
    assert caller.post("/answer", {"nam": bot, "text": app}).status_code == 422
    assert caller.post("/answer", {"name": "x", "text": [bot]}).status_code == 422
    raw = caller.http.post(
        f"{caller.url}/answer",
        data=f'{{"name": "{bot}',
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    assert raw.status_code == 422
    assert caller.post("/answer", {"name": "x", "text": "y" * 200_000}).status_code == 413
    assert caller.tested()["stage"] == "to write"
    for secret in (bot, app):
        assert secret not in caller.heard + raw.text
    assert caller.state()["stores"] == list(at.right)


def test_what_is_wrong_is_told_at_the_field_and_forgotten(caller: Caller, at: Site) -> None:
    caller.enter()
    assert caller.post("/test", {}).status_code == 409
    caller.post("/answer", {"name": "HOTLEAD_SLACK_BOT_TOKEN", "text": "xoxb-wrong"})
    caller.post(
        "/answer",
        {"name": "HOTLEAD_SLACK_APP_TOKEN", "text": at.right["HOTLEAD_SLACK_APP_TOKEN"]},
    )
    state = caller.tested()
    assert state["stage"] == "refused"
    asks = {ask["name"]: ask for step in state["steps"] for ask in step["asks"]}
    assert asks["HOTLEAD_SLACK_BOT_TOKEN"]["wrong"] == "Slack refuses the bot token"
    assert asks["HOTLEAD_SLACK_BOT_TOKEN"]["source"] == ""
    assert asks["HOTLEAD_SLACK_APP_TOKEN"]["source"] == "given"
    assert state["open"] == ["Bot User OAuth Token"]
    assert caller.post("/write", {}).status_code == 409
    assert at.written() == []


@pytest.mark.parametrize("path", ["connect.html", "..%2fpage.py", "nothing.js", "%2e%2e/desk.py"])
def test_only_the_files_of_the_page_are_served(caller: Caller, path: str) -> None:
    assert requests.get(f"{caller.url}/static/{path}", timeout=10).status_code == 404
    page = requests.get(f"{caller.url}/static/connect.js", timeout=10)
    assert page.ok
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_hubspot_by_oauth_from_nothing_to_written(tmp_path: Path) -> None:
    with site("hubspot", tmp_path) as at:
        oauth = at.sandbox.oauth.app
        oauth.client_id, oauth.client_secret = CLIENT_ID, CLIENT_SECRET
        at.settings["hubspot.portal_url"] = at.url
        with page_of(at.guided(pattern="")) as served:
            caller = Caller(*served)
            caller.enter()
            oauth.redirects = (f"{caller.url}/callback",)
            caller.post("/choose", {"flow": "oauth"})
            caller.post("/choose", {"pattern": "named-accounts"})
            for name, text in (("ID", CLIENT_ID), ("SECRET", "0" + CLIENT_SECRET[1:])):
                caller.post("/answer", {"name": f"HOTLEAD_HUBSPOT_CLIENT_{name}", "text": text})
            assert caller.state()["open"] == ["the log-in"]
            assert (
                requests.get(f"{caller.url}/callback?code=x&state=y", timeout=9).status_code == 400
            )
            refused = _allowed(caller)
            assert refused.status_code == 400
            assert "HubSpot refuses the Client secret" in unescape(refused.text)
            assert caller.state()["open"] == ["Client secret", "the log-in"]
            caller.post("/answer", {"name": "HOTLEAD_HUBSPOT_CLIENT_SECRET", "text": CLIENT_SECRET})
            assert _allowed(caller).ok
            state = caller.tested()
            assert (state["stage"], state["consented"]) == ("to write", True)
            assert caller.post("/write", {}).ok
            assert caller.state()["install"] is True
            assert caller.post("/install", {}).ok
            until(lambda: caller.state()["stage"] == "written", "the end of the installing")
            assert caller.state()["install"] is False
            assert caller.post("/end", {}).ok
            assert caller.desk.ended.is_set()
            assert caller.desk.outcome is not None
            assert caller.desk.outcome.missing == []
        token = re.search(r"HUBSPOT_REFRESH_TOKEN=(.+)", at.credentials.read_text())
        assert token is not None
        assert token[1] not in caller.heard
        assert "flow: oauth" in at.config.read_text()


def _allowed(caller: Caller) -> requests.Response:
    """The person goes to the vendor's page, allows the app, and comes back without our cookie."""
    address = caller.post("/consent", {}).json()["url"]
    page = requests.get(address, timeout=10)
    fields = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    form = {name: unescape(value) for name, value in fields} | {"save": "x"}
    return requests.post(address.partition("?")[0], form, timeout=10)
