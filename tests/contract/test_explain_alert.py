"""The receipt of a real alert: the command's JSON, “Why me?” in Slack, the page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from routing.terms import SignalClass
from tests.contract.flow_kit import Office, only_alert, rows, shared_office
from worker.press import handle_press
from worker.proof.explaining import as_json, explain_subject
from worker.proof.subjects import NoSubjectError, find_subject
from worker.run import Worker
from worker.store.tables import ALERT_EVENT, RECEIPT, SIGNAL

THREAD = {"id": "t1", "url": "https://mail.example/t1", "subject": "<b>Pricing</b>"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="module")
def fired(office: Office) -> Worker:
    """A worker with one alert of Dana, whom Ann was told of."""
    worker = office.worker()
    assert office.post(worker, office.body(thread=THREAD)).status_code == 202
    assert worker.settle()
    return worker


def test_the_receipt_of_an_alert_by_the_beginning_of_its_id(fired: Worker, office: Office) -> None:
    alert = only_alert(fired)
    with fired.store.read() as conn:
        subject = find_subject(conn, alert["id"][:8])
        [found] = explain_subject(conn, subject, fired.ctx.policy, office.clock.now())
    told = json.loads(json.dumps(as_json(found)))
    assert told["same_when_decided_again"] is True
    assert told["headline"].startswith("Ann (ann@team.example) was told first")
    happened = [one["kind"] for one in told["happened"]]
    assert (happened[0], happened[-1], happened.count("delivered")) == ("fired", "now", 2)
    field = next(one for one in told["facts"] if one["field"] == "ae")
    assert (field["value"], field["record"]) == ("ann@team.example", "account")
    assert field["age_seconds"] < 60


def test_for_an_email_or_an_account_it_is_decided_now_and_nothing_is_written(
    fired: Worker, office: Office
) -> None:
    before = (len(rows(fired, RECEIPT)), len(rows(fired, SIGNAL)), len(rows(fired, ALERT_EVENT)))
    now, policy = office.clock.now(), fired.ctx.policy
    with fired.store.read() as conn:
        by_email = explain_subject(
            conn, find_subject(conn, "Cora@contoso.example"), policy, now, list(SignalClass)
        )
        by_account = {
            text: explain_subject(
                conn, find_subject(conn, text), policy, now, [SignalClass.POSITIVE_REPLY]
            )
            for text in ("Contoso", "contoso.example")
        }
    assert [one.receipt.decision.signal_class for one in by_email] == list(SignalClass)
    assert {one.receipt.decision.steps[0].name for one in by_email} == {"Cid"}
    for [one] in by_account.values():
        assert one.explanation.headline.startswith("Cid (cid@team.example) would be told first")
    after = (len(rows(fired, RECEIPT)), len(rows(fired, SIGNAL)), len(rows(fired, ALERT_EVENT)))
    assert before == after


def test_who_has_an_open_alert_would_join_it(fired: Worker, office: Office) -> None:
    with fired.store.read() as conn:
        [one] = explain_subject(
            conn,
            find_subject(conn, "dana@acme.example"),
            fired.ctx.policy,
            office.clock.now(),
            [SignalClass.FORM],
        )
    assert only_alert(fired)["id"] in one.title


@pytest.mark.parametrize("text", ["nothing", "0123456789", ""])
def test_what_is_not_known_is_named_with_what_to_write(fired: Worker, text: str) -> None:
    with fired.store.read() as conn, pytest.raises(NoSubjectError, match="neither an alert"):
        find_subject(conn, text)


def test_why_me_is_answered_to_the_presser_alone_and_changes_nothing(
    fired: Worker, office: Office
) -> None:
    alert = only_alert(fired)
    [message] = [one for one in office.slack.messages("ann@team.example")]
    [block] = [one for one in message["blocks"] if one["type"] == "actions"]
    assert "why" in [one["action_id"] for one in block["elements"]]
    handle_press(fired.ctx, office.press("ann", alert["id"], "why"))
    told = office.slack.ephemerals[-1]
    assert told["user"] == office.slack.user_id("ann@team.example")
    assert told["text"].startswith("You were told as the assigned rep, 2026-11-23")
    assert "• The route “Active deals to the AE” was taken." in told["text"]
    assert len(told["text"]) <= 3000
    assert only_alert(fired)["version"] == alert["version"]


def test_the_page_tells_it_escaped_and_to_this_machine_alone(fired: Worker) -> None:
    alert = only_alert(fired)
    url = f"{fired.url}/alerts/{alert['id']}/why"
    page = requests.get(url, timeout=30)
    assert page.status_code == 200
    assert "Ann (ann@team.example) was told first" in page.text
    assert "&lt;b&gt;Pricing" in page.text
    assert "<b>" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in ("base.css", "why.css"):
        assert requests.get(f"{fired.url}/alerts/static/{name}", timeout=30).status_code == 200
    assert requests.get(f"{fired.url}/alerts/static/why.html", timeout=30).status_code == 404
    assert requests.get(url, headers={"host": "evil.example"}, timeout=30).status_code == 403
    unknown = requests.get(f"{fired.url}/alerts/<i>/why", timeout=30)
    assert (unknown.status_code, "&lt;i&gt;" in unknown.text) == (404, True)
