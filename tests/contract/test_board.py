"""The board: what it shows of whom, escaped, to this machine alone, and without a write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import update

from routing.nouns import Sentiment, SignalKind
from tests.contract.flow_kit import Office, make_office, office, only_alert, shared_office
from tests.contract.test_flow_decide import signal
from worker.board import NoViewError, as_json, board
from worker.intake.accept import Intake
from worker.run import Worker
from worker.store.tables import ALERT, SIGNAL
from worker.web.board import length, mark

__all__ = ["make_office", "office"]
HOSTILE = "<script>alert(1)</script>\"'&"
ANN, BEN, CID, MIA, ADA = (f"{one}@team.example" for one in ("ann", "ben", "cid", "mia", "ada"))
DANA, CORA, NINA, P0 = (
    "dana@acme.example",
    "cora@contoso.example",
    "nina@north.example",
    "p0@acme.example",
)


def shown(worker: Worker, **asked: str) -> tuple[set[str], set[tuple[str, str]]]:
    """The prospects of the open alerts, and of what can wait with how it ended."""
    found: dict[str, Any] = json.loads(json.dumps(as_json(board(worker.ctx, **asked))))
    assert (found["open_in_all"], found["can_wait_in_all"]) == (
        len(found["open"]),
        len(found["can_wait"]),
    )
    waits = {(one["prospect"], one["outcome"]) for one in found["can_wait"]}
    return {one["prospect"] for one in found["open"]}, waits


def test_each_view_has_what_is_theirs_on_both_databases(office: Office) -> None:
    worker = office.made()
    worker.sync_all()
    intake = Intake(worker.ctx)
    assert shown(worker) == (set(), set())
    office.clock.forward(timedelta(hours=-30))
    intake.accept([signal(office, 0, P0, thread_id="old")]).result(30)  # not of the last 24 hours
    office.clock.forward(timedelta(hours=30))
    came: list[tuple[str, dict[str, Any]]] = [
        (DANA, {"count": 2}),
        (CORA, {"count": 2}),
        (DANA, {"kind": SignalKind.CLICK}),
        (NINA, {"thread_id": "n"}),
        (P0, {"kind": SignalKind.REPLY, "sentiment": Sentiment.AUTOMATIC, "sending_rep": ANN}),
    ]
    for number, (email, more) in enumerate(came, start=1):
        intake.accept([signal(office, number, email, **more)]).result(30)
    intake.stop()
    joined, gathered, explained = (DANA, "join"), (NINA, "digest"), (P0, "explain")
    assert shown(worker) == ({DANA, CORA}, {joined, gathered, explained})
    assert shown(worker, rep=ANN) == ({DANA}, {joined, explained})
    assert shown(worker, rep=CID.upper()) == ({CORA}, set())
    assert shown(worker, team=MIA) == shown(worker)
    assert shown(worker, team=ADA) == (set(), set())
    with worker.store.write() as tx:
        waits = update(ALERT).where(ALERT.c.prospect_email == DANA)
        tx.conn.execute(waits.values(rung_kind="backup", rung_place=f"slack:person:{BEN}"))
    assert shown(worker, rep=BEN) == ({DANA}, {joined})
    with pytest.raises(NoViewError, match=r"x@y\.example"):
        board(worker.ctx, rep="x@y.example")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="module")
def fired(shared: Office) -> Worker:
    """A worker with an alert of Dana that is open for 3 hours, and a click that can wait."""
    worker = shared.worker()
    thread = {"id": "t1", "url": "https://mail.example/t1", "subject": HOSTILE}
    for body in (
        shared.body(thread=thread, prospect={"email": DANA, "name": HOSTILE}),
        shared.body(P0, type="click", thread=thread),
    ):
        assert shared.post(worker, body).status_code == 202
        assert worker.settle()
    shared.clock.forward(timedelta(hours=3))
    assert worker.settle()
    return worker


def get(worker: Worker, path: str, **headers: str) -> requests.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(f"{worker.url}{path}", headers=sent, timeout=30)


def test_the_json_has_who_what_whose_how_long_and_where_to_go(fired: Worker) -> None:
    found = get(fired, "/board.json?rep=ann@team.example").json()
    assert found["view"] == {"title": "Ann", "rep": ANN, "team": None}
    (alert,), (click,) = found["open"], found["can_wait"]
    expected = {
        "prospect": DANA,
        "account": "Acme",
        "title": "🔥 Hot lead",
        "assignee_name": "Ann",
        "holder_name": None,
        "open_minutes": 180,
        "open_working_minutes": 180,
        "thread_url": "https://mail.example/t1",
        "crm_url": None,
        "why_url": f"/alerts/{only_alert(fired)['id']}/why",
    }
    assert {name: alert[name] for name in expected} == expected
    assert alert["happened"].startswith("Opened “<script>")
    assert alert["status"].startswith("⏳ Waiting for")
    assert (click["prospect"], click["outcome"], click["with"]) == (P0, "digest", ANN)
    latency = get(fired, "/board.json").json()["latency"]
    assert (latency["n"], latency["unanswered"], latency["working_median"]) == (1, 1, None)


def test_the_page_is_escaped_and_links_to_web_addresses_alone(fired: Worker) -> None:
    for url, count in (("https://mail.example/t1", 1), ("javascript:alert(1)", 0)):
        with fired.store.write() as tx:
            tx.conn.execute(update(ALERT).values(thread_url=url, prospect_name=HOSTILE))
            tx.conn.execute(update(SIGNAL).values(prospect_name=HOSTILE))
        page = get(fired, "/board")
        assert page.text.count("Open thread") == count
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;" in page.text
        assert "javascript:" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_it_answers_to_this_machine_alone_and_to_no_write(fired: Worker) -> None:
    names = ("base.css", "dom.js", "board.css", "board.js")
    paths = ("/board", "/board.json", "/board/parts", *(f"/board/static/{one}" for one in names))
    for path in paths:
        assert get(fired, path).status_code == 200, path
        assert get(fired, path, host="evil.example").status_code == 403, path
        assert requests.post(fired.url + path, json={}, timeout=30).status_code == 405, path
    for path in ("/board/static/board.html", "/board/static/..%2Fboard.py"):
        assert get(fired, path).status_code == 404


def test_what_the_caller_has_already_is_not_sent_again(fired: Worker) -> None:
    for path in ("/board.json", "/board/parts?team=mia@team.example"):
        first = get(fired, path)
        assert first.headers["cache-control"] == "no-store"
        again = get(fired, path, if_none_match=first.headers["etag"])
        assert (again.status_code, again.content) == (304, b"")
        assert get(fired, path, if_none_match='"other"').status_code == 200


def test_somebody_unknown_is_named_with_what_to_do(fired: Worker) -> None:
    for path in ("/board", "/board.json", "/board/parts"):
        answer = get(fired, f"{path}?rep=<i>@y.example")
        assert answer.status_code == 404
        assert "has the e-mail" in answer.text
    assert "&lt;i&gt;@y.example" in get(fired, "/board?rep=<i>@y.example").text
    assert "Nothing is open." in get(fired, "/board?rep=ada@team.example").text
    assert "Nothing that could wait." in get(fired, "/board?rep=ada@team.example").text


@pytest.mark.parametrize(
    ("minutes", "text", "judged"),
    [
        (0, "0 min", "good"),
        (65, "1 h 5 min", "good"),
        (121, "2 h 1 min", "fair"),
        (360, "6 h", "fair"),
        (361, "6 h 1 min", "bad"),
        (1000, "17 h", "bad"),
    ],
)
def test_a_length_of_working_time_is_told_and_judged(minutes: int, text: str, judged: str) -> None:
    assert (length(minutes), mark(minutes)) == (text, judged)
