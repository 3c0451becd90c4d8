"""The demo page's routes over the live cast: what is refused, and that both CRMs show the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.demo_stage import playing
from worker.demo.cast import Cast

SIGNAL = {"prospect": "naomi@alder.example", "kind": "multi_open", "tier": 1}


@pytest.fixture(scope="module")
def cast() -> Iterator[Cast]:
    with playing("salesforce") as played:
        yield played


def post(cast: Cast, path: str, body: Any, **headers: str) -> requests.Response:
    return requests.post(f"{cast.worker.url}{path}", json=body, headers=headers, timeout=60)


def state(cast: Cast) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{cast.worker.url}/demo/state", timeout=30).json()
    return found


@pytest.mark.parametrize("path", ["/", "/demo/state", "/demo/static/page.js"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[", ""])
def test_a_host_that_is_not_this_machine_is_refused(cast: Cast, path: str, host: str) -> None:
    answer = requests.get(f"{cast.worker.url}{path}", headers={"Host": host}, timeout=30)
    assert answer.status_code in (400, 403)


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1", "[::1]:{port}"])
def test_every_name_of_this_machine_is_answered(cast: Cast, host: str) -> None:
    port = cast.worker.url.rsplit(":", 1)[1]
    headers = {"Host": host.format(port=port)}
    assert requests.get(f"{cast.worker.url}/", headers=headers, timeout=30).status_code == 200


@pytest.mark.parametrize("path", ["signal", "press", "respond", "away", "forward"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_s_page_changes_nothing(
    cast: Cast, path: str, headers: dict[str, str]
) -> None:
    answer = post(cast, f"/demo/{path}", SIGNAL, **headers)
    assert answer.status_code == 403
    assert state(cast)["signals"] == []


def test_a_form_changes_nothing(cast: Cast) -> None:
    for media in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        answer = requests.post(
            f"{cast.worker.url}/demo/forward",
            data=b'{"minutes": 15}',
            headers={"Content-Type": media},
            timeout=30,
        )
        assert answer.status_code == 415


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("signal", SIGNAL | {"kind": "rep_call"}),
        ("signal", SIGNAL | {"tier": 6}),
        ("signal", SIGNAL | {"more": 1}),
        ("press", {"person": "a@b.example", "alert": "x", "action": "open_thread"}),
        ("respond", {"person": "a@b.example", "alert": "x", "kind": "fax"}),
        ("away", {"person": "a@b.example", "hours": 0}),
        ("forward", {"minutes": -5}),
        ("forward", {"minutes": 10**9}),
    ],
)
def test_what_the_page_never_sends_is_refused(cast: Cast, path: str, body: Any) -> None:
    assert post(cast, f"/demo/{path}", body).status_code == 422


def test_what_cannot_be_done_is_said(cast: Cast) -> None:
    asked = {"person": "nobody@kestrelworks.example", "alert": "none", "action": "claim"}
    answer = post(cast, "/demo/press", asked)
    assert answer.status_code == 409
    assert answer.json() == {
        "ok": False,
        "said": "The CRM has no user nobody@kestrelworks.example.",
    }
    answer = post(cast, "/demo/press", asked | {"person": "priya@kestrelworks.example"})
    assert answer.json()["said"] == "This alert is no longer kept."


def test_the_files_are_served_and_nothing_else(cast: Cast) -> None:
    page = requests.get(f"{cast.worker.url}/", timeout=30)
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    for name in ("page.css", "page.js", "dom.js", "flow.js", "detail.js", "slack.js", "words.js"):
        found = requests.get(f"{cast.worker.url}/demo/static/{name}", timeout=30)
        assert found.status_code == 200
    for name in ("page.html", "..%2fpage.py", "nothing.js"):
        assert requests.get(f"{cast.worker.url}/demo/static/{name}", timeout=30).status_code == 404


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_the_visitor_s_deeds_run_through_the_real_flow(crm: str) -> None:
    with playing(crm) as cast:
        assert post(cast, "/demo/away", {"person": "priya@kestrelworks.example", "hours": 8}).ok
        assert post(cast, "/demo/signal", SIGNAL).ok
        shown = state(cast)
        (alert,) = shown["alerts"]
        assert (alert["assignee_name"], alert["rung_name"]) == ("Priya Raman", "Leo Marsh")
        assert alert["ladder"][0]["status"] == "skipped"
        assert alert["ladder"][1]["status"] == "waiting"
        leo = {"person": "leo@kestrelworks.example", "alert": alert["id"]}
        assert post(cast, "/demo/press", leo | {"action": "acknowledge"}).ok
        assert post(cast, "/demo/forward", {"minutes": 15}).ok
        assert post(cast, "/demo/respond", leo | {"kind": "call"}).ok
        shown = state(cast)
        (alert,) = shown["alerts"]
        (task,) = shown["tasks"]
        assert (alert["state"], alert["response_kind"]) == ("responded", "call")
        assert (task["done"], task["owner"]) == (True, "Leo Marsh")
        assert task["latency"] == pytest.approx(alert["latency_minutes"], abs=0.1)
        assert task["latency"] >= 14.9  # the CRM stamps whole seconds
        assert shown["latency"][0]["answered"] == 1
