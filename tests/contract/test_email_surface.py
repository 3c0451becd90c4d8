"""E-mail as a surface: what a mail server says, what a rep reads, and a worker that sends by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import update

from connectors.base import Button, Card, CardGroup, CardItem
from connectors.email.content import SUBJECT, content, subject_of
from connectors.email.settings import SmtpSettings
from connectors.email.surface import Email
from connectors.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    PermanentError,
    TemporaryError,
    UnclearError,
)
from connectors.sandbox.smtp import SmtpSandbox
from tests.contract.flow_kit import Office, csv_policy, rows
from tests.contract.slack_kit import CARD
from tests.contract.test_drill import beat, begin
from worker.context import Patience
from worker.doctor.examine import examine
from worker.drill.plan import Wish
from worker.drill.report import report_of
from worker.proof.taking_up import why_restart
from worker.run import Worker
from worker.secrets import Secrets, load_secrets
from worker.settings import SettingsError, load_settings, missing_secrets
from worker.store.facts import person_by_email
from worker.store.tables import ALERT_EVENT, DELIVERY, PERSON_SETTING

NOW = timedelta(0)
ANN, BEN = "ann@team.example", "ben@team.example"
HOSTILE = 'Ann <b>"&</b>\r\nBcc: eve@evil.example\x00\u2028\ud800'


@pytest.fixture(scope="module")
def shared() -> Iterator[SmtpSandbox]:
    with SmtpSandbox(user="hotlead", password="right") as made:
        yield made


@pytest.fixture
def mail(shared: SmtpSandbox) -> SmtpSandbox:
    for kept in (shared.messages, shared.envelopes, shared.orders):
        kept.clear()
    for one in (shared.unknown, shared.domains, shared.senders):
        one.clear()
    shared.away = False
    return shared


def section(mail: SmtpSandbox, **more: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": mail.port,
        "security": "none",
        "sender": "hotlead@team.example",
        "user": "hotlead",
        "timeout": 5.0,
    } | more


def surface(mail: SmtpSandbox, password: str = "right", **more: Any) -> Email:
    return Email(SmtpSettings(**section(mail, **more)), SecretStr(password))


def parts(message: EmailMessage) -> tuple[str, str]:
    """The plain text and the HTML."""
    text, html = message.iter_parts()
    return str(text.get_content()), str(html.get_content())


def test_a_card_is_one_message_in_two_forms_with_the_thread_first(mail: SmtpSandbox) -> None:
    subject = "Dana Reed (Acme) opened several times — yours"
    sent = surface(mail).send(ANN, replace(CARD, subject=subject))
    (message,), (envelope,) = mail.messages, mail.envelopes
    assert envelope == ("hotlead@team.example", (ANN,))
    assert (message["To"], message["Subject"]) == (ANN, subject)
    assert message["From"] == "Hotlead <hotlead@team.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == sent.remote_id
    text, html = parts(message)
    thread = "https://mail.example.com/t/1?a=1&b=2"
    assert text.index(thread) < text.index("Assigned rep: Bo Lin")
    assert html.index("https://mail.example.com/t/1?a=1&amp;b=2") < html.index("Bo Lin")
    for needed in ("Proposal", "Waiting for Bo Lin", "There is nothing to press here"):
        assert needed in text, needed
        assert needed in html, needed
    surface(mail).send(ANN, CARD)
    assert mail.messages[1]["Message-ID"] == sent.remote_id, "a second copy can be known as one"
    surface(mail).send(ANN, replace(CARD, key="another"))
    assert mail.messages[2]["Message-ID"] != sent.remote_id
    assert mail.messages[2]["References"] == message["References"], "one alert, one conversation"


def test_no_text_adds_a_header_a_tag_or_a_link(mail: SmtpSandbox) -> None:
    bad = "javascript:alert(1)"
    item = CardItem(text=HOSTILE, status=HOSTILE, links=[(HOSTILE, bad), (HOSTILE, "https://a.b")])
    card = Card(
        key=HOSTILE,
        alert_id="a",
        title=HOSTILE,
        summary=f"{HOSTILE}\n.\n",
        subject=HOSTILE,
        facts=[(HOSTILE, HOSTILE)],
        status=HOSTILE,
        thread_url=bad,
        crm_url='https://crm.example/"><script>',
        buttons=[Button(label=HOSTILE, action="open_thread", url="https://c.d/\r\nX: y")],
        items=[HOSTILE],
        groups=[CardGroup(title=HOSTILE, items=[item])],
        footer=HOSTILE,
    )
    surface(mail).send(ANN, card)
    (message,), (envelope,) = mail.messages, mail.envelopes
    assert envelope[1] == (ANN,)
    assert set(message.keys()) == {
        *("From", "To", "Subject", "Date", "Auto-Submitted", "X-Auto-Response-Suppress"),
        *("Message-ID", "References", "MIME-Version", "Content-Type"),
    }
    text, html = parts(message)
    assert "<b>" not in html
    assert "<script" not in html
    assert "javascript:" not in text + html
    assert "\nBcc" not in text
    assert html.count("<a ") == 2
    for place in (
        "eve@x.example, ann@team.example",
        "a@b\r\nRCPT TO:<c@d.e>",
        "ann",
        "ä@b.example",
    ):
        with pytest.raises(PermanentError, match="is no e-mail address"):
            surface(mail).send(place, CARD)
        assert surface(mail).find_person(place) is None
    assert len(mail.messages) == 1


def test_a_digest_and_a_return_brief_are_lists_and_say_what_they_leave_out(
    mail: SmtpSandbox,
) -> None:
    items = [f"P {number} clicked a link" for number in range(700)]
    made = content(Card(key="d", alert_id="", title="Digest", summary="", items=items))
    assert "- P 499 clicked a link" in made.text
    assert "<li>P 499 clicked a link</li>" in made.html
    assert "… and 200 more" in made.text
    one = CardItem(text="Dana replied", status="waiting", links=[("Open thread", "https://a.b/c")])
    group = CardGroup(title="Acme", items=[one])
    made = content(Card(key="b", alert_id="", title="Back", summary="s", groups=[group], more=3))
    lines = ["Back", "", "s", "", "Acme", "- Dana replied", "  waiting"]
    lines += ["  Open thread: https://a.b/c", "", "… and 3 more"]
    assert made.text.splitlines() == lines
    assert "nothing to press" not in made.text
    assert len(subject_of(replace(CARD, subject="x" * 500))) == SUBJECT
    surface(mail).send(ANN, Card(key="", alert_id="", title="", summary=""))
    assert mail.messages[0]["Subject"] == "Hotlead"


def test_what_the_server_says_is_an_error_of_the_right_type(mail: SmtpSandbox) -> None:
    def refused(**more: Any) -> ConnectorError:
        with pytest.raises(ConnectorError) as caught:
            surface(mail, **more).send(ANN, CARD)
        assert "wrong" not in str(caught.value)
        return caught.value

    assert type(refused(password="wrong")) is AuthError
    assert type(refused(user="")) is AuthError
    assert "email.security" in refused(security="starttls").mend
    mail.senders = {"other@team.example"}
    assert "email.sender" in refused().mend
    mail.senders, mail.domains = set(), {"acme.example"}
    relay = refused()
    assert (type(relay), "relay access denied" in str(relay)) == (ConfigError, True)
    mail.domains, mail.unknown = set(), {ANN}
    nobody = refused()
    assert (type(nobody), "correct the e-mail" in nobody.mend) == (PermanentError, True)
    mail.unknown = set()
    for verb, reply, kind in (
        ("EHLO", "drop", TemporaryError),
        ("AUTH", "454 4.7.0 try later", TemporaryError),
        ("MAIL", "421 4.3.2 closing", TemporaryError),
        ("RCPT", "450 4.2.0 greylisted", TemporaryError),
        ("RCPT", "drop", TemporaryError),
        ("DATA", "drop", TemporaryError),
        ("DATA", "451 4.3.0 queue is full", TemporaryError),
        ("END", "451 4.3.0 try later", TemporaryError),
        ("END", "554 5.7.1 looks like spam", PermanentError),
        ("END", "drop", UnclearError),
        ("END", "keep", UnclearError),
    ):
        mail.orders[:] = [(verb, reply)]
        assert type(refused()) is kind, (verb, reply)
        assert mail.orders == []
    assert len(mail.messages) == 1, "the one that was kept"
    mail.orders[:] = [("QUIT", "421 4.3.2 shutting down")]
    surface(mail).send(ANN, CARD)
    mail.away = True
    assert type(refused()) is TemporaryError
    assert type(refused(port=1)) is TemporaryError
    with pytest.raises(ValidationError, match="is no e-mail address"):
        surface(mail, sender="Hotlead\r\nBcc: x@y.example")


def test_a_look_sends_nothing_and_names_what_is_refused(mail: SmtpSandbox) -> None:
    looked = surface(mail)
    well = [one.state for one in looked.checks(["list@team.example"])]
    assert (well, looked.health()["ok"]) == (["ok", "ok", "ok"], True)
    mail.unknown, mail.senders = {"list@team.example", ANN}, set()
    many = [*(f"p{number}@team.example" for number in range(120)), ANN, "no address"]
    assert looked.known_people(many) == set(many[:120])
    assert [one.state for one in looked.checks(["list@team.example"])] == ["ok", "ok", "fail"]
    mail.senders = {"other@team.example"}
    assert [one.state for one in looked.checks(())] == ["ok", "fail"]
    (log_in,) = surface(mail, "wrong").checks(["list@team.example"])
    assert (log_in.name, log_in.state) == ("email log-in", "fail")
    sick = surface(mail).health()
    assert (sick["ok"], "email.sender" in str(sick["mend"])) == (False, True)
    assert mail.messages == []


# A worker that tells people by e-mail.


def mail_policy(**more: Any) -> dict[str, Any]:
    places = {"claim_channel": "Hot-Leads@team.example", "admins": ["ada@team.example"]}
    return csv_policy() | {"surface": "email", "places": places} | more


@pytest.fixture
def office(tmp_path: Path, sqlite_url: str) -> Iterator[Office]:
    with ExitStack() as stack:
        more = {"HOTLEAD_SMTP_PASSWORD": "right"}
        made = Office(tmp_path, sqlite_url, policy=mail_policy(), more_env=more, on_slack=False)
        yield stack.enter_context(made)


def started(office: Office, mail: SmtpSandbox) -> Worker:
    at_once = Patience(look_again=NOW, first_retry=NOW, longest_retry=NOW)
    slow = {"watchdog_seconds": 3600, "sync_seconds": 3600}
    worker = office.worker(at_once, email=section(mail), clock=slow)
    office.post(worker, office.body())
    assert worker.settle()
    return worker


def test_a_copy_that_was_perhaps_sent_is_sent_again_as_the_same_message(
    office: Office, mail: SmtpSandbox
) -> None:
    mail.orders = [("END", "keep")]
    worker = started(office, mail)
    first, second = mail.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert second["Subject"] == "Dana Reed (Acme) opened several times — yours"
    (row,) = rows(worker, DELIVERY)
    assert (row["state"], row["remote_id"]) == ("sent", second["Message-ID"])


def test_an_address_that_takes_no_mail_is_an_empty_rung_and_the_channel_is_a_list(
    office: Office, mail: SmtpSandbox
) -> None:
    mail.unknown = {ANN, BEN}
    worker = started(office, mail)
    (message,) = mail.messages
    assert message["To"] == "hot-leads@team.example"
    assert message["Subject"] == "Dana Reed (Acme) opened several times — who takes it?"
    said = [row["text"] for row in rows(worker, ALERT_EVENT) if row["kind"] == "unreachable"]
    assert len(said) == 2
    assert "550 5.1.1 no such mailbox" in said[0]


def test_a_server_that_never_answers_is_given_up_after_six_copies_and_the_alert_climbs(
    office: Office, mail: SmtpSandbox
) -> None:
    mail.orders = [("END", "keep")] * 6
    started(office, mail)
    told = [one["To"] for one in mail.messages]
    assert (told.count(ANN), told.count(BEN)) == (6, 1)


def test_a_message_of_a_surface_that_is_no_more_is_given_up_and_the_alert_climbs(
    office: Office, mail: SmtpSandbox
) -> None:
    worker = started(office, mail)
    before = {"state": "pending", "remote_id": "", "sent_at": None, "revision": 0}
    with worker.store.write() as tx:
        tx.conn.execute(update(DELIVERY).values(place=f"slack:person:{ANN}", **before))
    assert worker.settle()
    (old, _) = sorted(rows(worker, DELIVERY), key=lambda row: row["created_at"])
    assert (old["state"], old["error"]) == ("failed", "the surface slack is not set up")
    assert [one["To"] for one in mail.messages] == [ANN, BEN]


def test_doctor_looks_at_the_mail_server_and_at_every_reader(
    office: Office, mail: SmtpSandbox
) -> None:
    worker = started(office, mail)
    mail.unknown = {"mia@team.example"}
    found = {one.name: one for one in examine(worker.settings, secrets(), office.clock)}
    names = ("email log-in", "email sender", "email hot-leads@team.example", "email people")
    assert [found[name].state for name in names] == ["ok", "ok", "ok", "warn"]
    assert "mia@team.example" in found["email people"].text
    assert not [name for name in found if name.startswith("slack")]


def test_a_drill_by_e_mail_asks_for_no_press_and_does_not_say_that_there_was_one(
    office: Office, mail: SmtpSandbox
) -> None:
    worker = started(office, mail)
    mail.messages.clear()
    drill_id = begin(worker, Wish(people=(ANN,)))
    beat(worker)
    (message,) = mail.messages
    text, html = parts(message)
    assert "There is nothing to do" in text
    assert "press" not in text + html
    found = report_of(worker.store, drill_id)
    (ann,) = found.people
    assert (ann["delivery"]["state"], ann["button"]["state"]) == ("sent", "no_button")
    assert (found.over, found.failed, found.counts.pressed) == (True, False, 0)


def test_a_rep_who_chose_e_mail_is_told_by_it_and_the_others_in_slack(
    tmp_path: Path, sqlite_url: str, mail: SmtpSandbox
) -> None:
    policy = csv_policy() | {"rep_choice": {"surfaces": ["email"]}}
    more = {"HOTLEAD_SMTP_PASSWORD": "right"}
    with Office(tmp_path, sqlite_url, policy=policy, more_env=more) as office:
        worker = office.worker(email=section(mail))
        with worker.store.write() as tx:
            who = person_by_email(tx.conn, ANN)
            assert who is not None
            now = office.clock.now()
            values = {"person_id": who.id, "surface": "email", "changed_at": now}
            tx.conn.execute(tx.insert(PERSON_SETTING).values(**values))
        office.post(worker, office.body())
        office.post(worker, office.body("cora@contoso.example"))
        assert worker.settle()
        assert [one["To"] for one in mail.messages] == [ANN]
        assert (len(office.texts("ann")), len(office.texts("cid"))) == (0, 1)


def secrets() -> Secrets:
    return load_secrets({"HOTLEAD_SMTP_PASSWORD": "right"})


def written(folder: Path, policy: dict[str, Any], **sections: Any) -> Path:
    path = folder / "hotlead.yaml"
    whole = {"crm": "csv", "csv": {"folder": "crm"}, "policy": policy} | sections
    path.write_text(json.dumps(whole, indent=1))
    return path


def test_check_refuses_channels_of_another_surface_and_one_that_is_not_set_up(
    tmp_path: Path, mail: SmtpSandbox
) -> None:
    email = section(mail)
    good = load_settings(written(tmp_path, mail_policy(), email=email))
    assert good.policy.places.claim_channel == "hot-leads@team.example"
    assert missing_secrets(good, load_secrets({})) == ["HOTLEAD_SMTP_PASSWORD"]

    def problem(policy: dict[str, Any], **sections: Any) -> str:
        with pytest.raises(SettingsError) as caught:
            load_settings(written(tmp_path, policy, **sections))
        return str(caught.value)

    slack = mail_policy(places={"claim_channel": "#hot-leads", "admins": ["ada@team.example"]})
    said = problem(slack, email=email)
    line = (tmp_path / "hotlead.yaml").read_text().splitlines()
    number = next(at for at, one in enumerate(line, 1) if "#hot-leads" in one)
    assert f"hotlead.yaml:{number}" in said
    assert "'#hot-leads' is no place on the surface email" in said
    assert "the e-mail address of a list" in said
    assert "is no place on the surface slack" in problem(mail_policy(surface="slack"), email=email)
    assert "surface email is not set up" in problem(mail_policy())
    chosen = csv_policy() | {"rep_choice": {"surfaces": ["email"]}}
    assert why_restart(good, {"email"}, good.policy) == ""
    assert "were not set up: email" in why_restart(good, {"slack"}, good.policy)
    assert "add the section 'email'" in problem(chosen)
    both = load_settings(written(tmp_path, chosen, email=email))
    assert "HOTLEAD_SMTP_PASSWORD" in missing_secrets(both, load_secrets({}))
