"""No secret shows: not in logs at the most talkative, not in errors, not in what objects show.

Every value that crosses the wire at a token endpoint counts as one, in whichever direction.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import SecretStr

from connectors.errors import ConnectorError
from connectors.http import HttpSettings
from connectors.hubspot import HubspotSecrets, HubspotSettings
from connectors.hubspot import login as hubspot_login
from connectors.hubspot.crm import Hubspot
from connectors.oauth import pkce_pair
from connectors.salesforce import SalesforceSecrets, SalesforceSettings
from connectors.salesforce import login as salesforce_login
from connectors.salesforce.crm import Salesforce
from connectors.sandbox.faults import App, Fault
from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.salesforce import SalesforceSandbox
from connectors.sandbox.serving import Serving
from tests.contract.hubspot_kit import START
from tests.contract.login_kit import CALLBACK, Shelf, consent, key_and_certificate
from worker.credentials import CredentialFile
from worker.secrets import load_secrets

HTTP = HttpSettings(connect_timeout=2, read_timeout=5, tries=2, longest_wait=0.05)
BOT = "hotlead-integration@sandbox.example"
OPEN = {
    "grant_type", "redirect_uri", "scope", "scopes", "instance_url", "id", "token_type",
    "issued_at", "expires_in", "hub_id", "user_id", "signature", "error", "error_description",
    "status", "message", "correlationId", "client_id",
}  # fmt: skip


def overheard(app: App, secrets: set[str]) -> App:
    """The application, whose token endpoint is listened to."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if not str(scope.get("path", "")).endswith("/token"):
            await app(scope, receive, send)
            return

        async def hear() -> Any:
            message = await receive()
            pairs = dict(parse_qsl(message.get("body", b"").decode()))
            secrets.update(value for name, value in pairs.items() if name not in OPEN)
            return message

        async def tell(message: Any) -> None:
            if message["type"] == "http.response.body" and message.get("body", b"")[:1] == b"{":
                found = json.loads(message["body"])
                secrets.update(str(value) for name, value in found.items() if name not in OPEN)
            await send(message)

        headers = dict(scope["headers"])
        basic = headers.get(b"authorization", b"").decode().removeprefix("Basic ")
        secrets.update({basic} - {""})
        await app(scope, hear, tell)

    return serve


@contextmanager
def telling(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[Callable[[], Any]], None]]:
    """Runs things that may fail; keeps all that they log and raise."""
    caplog.set_level(logging.DEBUG)

    def run(act: Callable[[], Any]) -> None:
        try:
            logging.getLogger("test").debug("gave %r", act())
        except ConnectorError as error:
            logging.getLogger("test").debug("failed, mend %s", error.mend, exc_info=True)
            for line in traceback.format_exception(error):
                logging.getLogger("test").debug(line)

    yield run


def judged(caplog: pytest.LogCaptureFixture, secrets: set[str], *shown: object) -> None:
    text = caplog.text + "".join(f"{one!r} {getattr(one, '__dict__', '')!r}" for one in shown)
    assert len(text) > 2_000
    assert len(secrets) >= 5
    assert {one for one in secrets if one in text} == set()


def test_salesforce_shows_none_by_any_flow(caplog: pytest.LogCaptureFixture) -> None:
    box = SalesforceSandbox(lambda: START, client_secret="the-consumer-secret")
    key, box.client_app.certificate = key_and_certificate()
    box.client_app.rotate = True
    secrets = {box.client_secret, key, *key.splitlines()[1:-1]}
    with Serving(overheard(box.app, secrets)) as server, telling(caplog) as run:
        pkce, shelf = pkce_pair(), Shelf(None)
        keys = SalesforceSecrets(
            client_id=SecretStr(box.client_id),
            client_secret=SecretStr(box.client_secret),
            private_key=SecretStr(key),
            refresh_token=shelf,
        )

        def settings(flow: str) -> SalesforceSettings:
            given = {"login_url": server.url, "flow": flow, "username": BOT}
            return SalesforceSettings.model_validate(given)

        url = salesforce_login.authorize_url(
            settings("refresh_token"),
            box.client_id,
            CALLBACK,
            challenge=pkce.challenge,
            state="s",
        )
        code = consent(url)["code"]

        def exchange() -> object:
            grant = salesforce_login.exchange_code(
                settings("refresh_token"),
                keys,
                HTTP,
                code=code,
                redirect_uri=CALLBACK,
                verifier=pkce.verifier,
            )
            shelf.token = grant.refresh_token.get_secret_value() if grant.refresh_token else None
            return grant

        run(exchange)
        run(exchange)  # the code is used up
        for flow in ("client_credentials", "jwt", "refresh_token"):
            crm = Salesforce(settings(flow), keys, HTTP)
            run(lambda crm=crm: list(crm.read("stages", None)))  # type: ignore[misc]
            box.expire_sessions()
            box.faults.order(Fault(kind="reset_before", path="/services/oauth2", times=1))
            run(lambda crm=crm: list(crm.read("stages", None)))  # type: ignore[misc]
            box.expire_sessions()
            for status in (400, 500):
                told = {"error": "x", "error_description": f"{code} {box.client_secret}"}
                box.faults.order(
                    Fault(kind="status", path="/services/oauth2", status=status, body=told, times=2)
                )
                run(lambda crm=crm: list(crm.read("stages", None)))  # type: ignore[misc]
                box.faults.clear()
            run(lambda crm=crm: [one.text for one in crm.checks(lambda: START)])  # type: ignore[misc]
            crm.close()
        bad = keys.model_copy(update={"private_key": SecretStr(key[:200])})
        run(lambda: salesforce_login.log_in(settings("jwt"), bad, HTTP))
        judged(caplog, secrets - {code}, keys, crm, crm._client, pkce)


def test_hubspot_shows_none_by_any_flow(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    box = HubspotSandbox(lambda: START, token="pat-na1-that-is-secret")
    app = box.oauth.app
    app.rotate = True
    file = CredentialFile(tmp_path / "hotlead.credentials")
    secrets = {box.token, app.client_secret}
    with Serving(overheard(box.app, secrets)) as server, telling(caplog) as run:

        def settings(flow: str) -> HubspotSettings:
            given = {"base_url": server.url, "portal_url": server.url, "flow": flow}
            return HubspotSettings.model_validate(given)

        url = hubspot_login.authorize_url(settings("oauth"), app.client_id, CALLBACK, state="s")
        code = consent(url)["code"]
        keys = HubspotSecrets(
            token=SecretStr(box.token),
            client_id=SecretStr(app.client_id),
            client_secret=SecretStr(app.client_secret),
        )

        def exchange() -> object:
            grant = hubspot_login.exchange_code(
                settings("oauth"), keys, HTTP, code=code, redirect_uri=CALLBACK
            )
            if grant.refresh_token is not None:
                file.put({"HOTLEAD_HUBSPOT_REFRESH_TOKEN": grant.refresh_token})
            return grant

        run(exchange)
        run(exchange)
        place = load_secrets({}, file).refresh_token("HOTLEAD_HUBSPOT_REFRESH_TOKEN")
        keys = keys.model_copy(update={"refresh_token": place})
        for flow in ("token", "oauth"):
            crm = Hubspot(settings(flow), keys, HTTP, now=lambda: START)
            run(lambda crm=crm: list(crm.read("stages", None)))  # type: ignore[misc]
            box.oauth.end_access()
            box.faults.order(Fault(kind="reset_before", path="/oauth", times=1))
            run(lambda crm=crm: list(crm.read("stages", None)))  # type: ignore[misc]
            box.oauth.end_access()
            told = {"status": "BAD", "message": f"about {app.client_secret}"}
            box.faults.order(Fault(kind="status", path="/oauth", status=400, body=told, times=2))
            run(lambda crm=crm: list(crm.read("stages", None)))  # type: ignore[misc]
            box.faults.clear()
            run(lambda crm=crm: [one.text for one in crm.checks(lambda: START)])  # type: ignore[misc]
            crm.close()
        secrets |= {value.get_secret_value() for value in file.read().values()}
        judged(caplog, secrets - {code}, keys, crm, crm._client, place, file)
