"""The admin hears by another way: Slack away, a mail server with TLS, a web address, a command."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr, ValidationError

from connectors.email.sender import Mailer
from connectors.email.settings import SmtpSettings
from connectors.errors import AuthError, ConfigError, ConnectorError, PermanentError, TemporaryError
from connectors.http import HttpSettings
from connectors.sandbox.faults import Fault
from connectors.sandbox.serving import Serving
from connectors.sandbox.smtp import SmtpSandbox
from tests.contract.flow_kit import Office, rows
from worker.alarms import Alarm, alarms_for
from worker.run import Worker
from worker.secrets import Secrets
from worker.sections import AuditSettings
from worker.store.tables import NOTICE, SIGNAL
from worker.watchdog import watch

WRONG = Alarm(key="audit", state="wrong", text="two signals ended nowhere")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def mail(certificate: Path) -> Iterator[SmtpSandbox]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with SmtpSandbox(context, "hotlead", "right") as made:
        yield made


def smtp(mail: SmtpSandbox, certificate: Path | None, **more: Any) -> SmtpSettings:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": mail.port,
        "sender": "hotlead@team.example",
        "user": "hotlead",
        "timeout": 5.0,
        "ca_file": certificate,
    }
    return SmtpSettings(**values | more)


def test_a_message_goes_out_by_starttls_with_a_login(mail: SmtpSandbox, certificate: Path) -> None:
    mailer = Mailer(smtp(mail, certificate), SecretStr("right"))
    mailer.send(["ada@team.example"], "Look\nBcc: x@evil.example", "A line.\n.\nAnother é.")
    (made,) = mail.messages
    assert (made["To"], made["Subject"]) == ("ada@team.example", "Look Bcc: x@evil.example")
    assert made["Bcc"] is None
    assert made.get_content().splitlines() == ["A line.", ".", "Another é."]


def test_what_a_mail_server_may_say_is_an_error_with_its_type(
    mail: SmtpSandbox, certificate: Path
) -> None:
    def send(settings: SmtpSettings, password: str = "right") -> type[ConnectorError]:
        with pytest.raises(ConnectorError) as caught:
            Mailer(settings, SecretStr(password)).send(["ada@team.example"], "x", "y")
        assert password not in str(caught.value)
        return type(caught.value)

    good = smtp(mail, certificate)
    assert send(good, "wrong") is AuthError
    assert send(smtp(mail, None)) is ConfigError  # nobody vouches for the certificate
    assert send(smtp(mail, certificate, user="")) is AuthError  # 530, a login is needed
    mail.unknown = {"ada@team.example"}
    assert send(good) is PermanentError
    mail.away = True
    assert send(good) is TemporaryError
    assert mail.messages == []
    with pytest.raises(ValidationError, match="in the clear"):
        SmtpSettings(host="smtp.acme.com", security="none", sender="a@b.example")


def test_a_command_gets_the_alarm_on_its_standard_input(tmp_path: Path) -> None:
    said = tmp_path / "said.json"
    script = f"import sys; open({str(said)!r}, 'w').write(sys.stdin.read())"
    good = AuditSettings(command=(sys.executable, "-c", script))
    assert alarms_for(good, Secrets(), HttpSettings(), ()).tell(WRONG)
    assert '"state": "wrong"' in said.read_text()
    for command in ((sys.executable, "-c", "raise SystemExit(3)"), ("/no/such/command",)):
        bad = alarms_for(AuditSettings(command=command), Secrets(), HttpSettings(), ())
        assert not bad.tell(WRONG)
        assert bad.failed["command"]


def test_an_address_gets_the_alarm_and_its_token_is_never_told() -> None:
    heard: list[Any] = []
    app, answers = FastAPI(), [500, 200]

    @app.post("/hook/t0ken")
    async def hook(request: Request) -> Response:
        heard.append(await request.json())
        return Response(status_code=answers.pop(0))

    with Serving(app) as server:
        settings = AuditSettings(webhook=f"{server.url}/hook/t0ken")
        made = alarms_for(settings, Secrets(), HttpSettings(), ())
        assert not made.tell(WRONG)
        assert "t0ken" not in str(made.failed) + repr(settings)
        assert made.tell(WRONG)
    assert heard[-1] == {
        "text": "Hotlead needs a look: two signals ended nowhere",
        "key": "audit",
        "state": "wrong",
    }


@pytest.fixture
def office(tmp_path: Path, sqlite_url: str) -> Iterator[Office]:
    with ExitStack() as stack:
        yield stack.enter_context(Office(tmp_path, sqlite_url))


def looked(office: Office, worker: Worker, **by: float) -> None:
    """Time passes, and the watchdog looks twice with a minute between."""
    office.clock.forward(timedelta(**by))
    watch(worker.ctx)
    office.clock.forward(timedelta(minutes=1, seconds=1))
    watch(worker.ctx)


def told(mail: SmtpSandbox, about: str) -> str:
    """The lines of all messages about this."""
    lines = [str(one.get_content()) for one in mail.messages]
    return "".join(" ".join(line.split()) + "\n" for line in lines if about in line)


def test_slack_is_away_and_the_admin_hears_it_by_e_mail_once_and_when_it_is_back(
    office: Office,
) -> None:
    with SmtpSandbox() as mail:
        ways = {
            "silent_minutes": 10,
            "smtp": {
                "host": "127.0.0.1",
                "port": mail.port,
                "security": "none",
                "sender": "hotlead@team.example",
            },
        }
        worker = office.worker(audit=ways, clock={"watchdog_seconds": 3600, "sync_seconds": 3600})
        office.slack.faults.order(Fault(kind="status", path="/api/chat", status=503, times=-1))
        office.post(worker, office.body())
        looked(office, worker, minutes=5)
        # Undelivered for two minutes: that is the audit's. The surface is silent only later.
        assert "1 alerts have reached nobody" in told(mail, "audit")
        assert mail.messages[0]["To"] == "ada@team.example"
        assert told(mail, "got through") == ""
        looked(office, worker, minutes=6)
        looked(office, worker, minutes=6)
        assert told(mail, "audit").count("\n") == told(mail, "got through").count("\n") == 1
        assert "Nothing has got through to slack for 10 minutes" in told(mail, "got through")
        health = requests.get(f"{worker.url}/healthz", timeout=30)
        assert health.status_code == 503
        keys = {one["key"]: one["told"] is not None for one in health.json()["incidents"]}
        assert keys["audit"] and keys["surface:slack"]  # noqa: PT018 - one thing
        assert health.json()["alarms"] == {"smtp": ""}

        office.slack.faults.clear()
        office.clock.forward(timedelta(minutes=11))
        assert worker.settle()
        watch(worker.ctx)
        assert told(mail, "well again what was wrong with the audit")
        assert told(mail, "well again what was wrong with the surface:slack")
        assert not [row for row in rows(worker, NOTICE) if row["key"] in ("audit", "surface:slack")]


def test_a_signal_that_ended_nowhere_is_told_even_without_another_way(office: Office) -> None:
    worker = office.worker(clock={"watchdog_seconds": 3600, "sync_seconds": 3600})
    office.post(worker, office.body(type="click"))
    assert worker.settle()
    with worker.store.write() as tx:
        tx.conn.execute(SIGNAL.update().values(outcome="alert", alert_id=None))
    looked(office, worker, minutes=5)
    assert any("1 accepted signals ended nowhere" in text for text in office.texts("ada"))
