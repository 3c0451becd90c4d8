"""Clients that we did not write log in to the sandbox by each flow that they know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from simple_salesforce.api import Salesforce as Library
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from connectors.http import CallCounter, Seam, session
from tests.contract.login_kit import CALLBACK, key_and_certificate
from tests.contract.salesforce_kit import PROMPT, Bench, bench
from tests.contract.test_salesforce_node import NODE, _run

BOT = "hotlead-integration@sandbox.example"


def library(org: Bench, domain: str, **how: Any) -> Library:
    """The library, whose https addresses lead to the sandbox."""
    seam = Seam(PROMPT, CallCounter(), {f"{domain}.salesforce.com": org.url})
    seam.hosts[org.url.removeprefix("http://")] = org.url
    return Library(domain=domain, session=session(seam), version="66.0", **how)


def test_simple_salesforce_logs_in_as_the_app_and_by_a_signed_assertion() -> None:
    key, certificate = key_and_certificate()
    with bench() as org:
        org.load()
        org.time = datetime.now(UTC)
        org.box.client_app.certificate = certificate
        pair = {"consumer_key": org.box.client_id}
        for how in (
            {"domain": "acme.my", "consumer_secret": org.box.client_secret},
            {"domain": "login", "username": BOT, "privatekey": key},
        ):
            made = library(org, **pair, **how)
            assert made.query("SELECT Id FROM Account")["totalSize"] == 2
        org.box.client_app.approved.clear()
        with pytest.raises(SalesforceAuthenticationFailed, match="not admin approved"):
            library(org, domain="login", username=BOT, privatekey=key, **pair)


@pytest.mark.node
@pytest.mark.skipif(not NODE.exists(), reason="needs Node: npm ci in tests/node")
def test_jsforce_consents_exchanges_refreshes_and_revokes() -> None:
    with bench() as org:
        org.load()
        given = (org.url, org.box.client_id, org.box.client_secret, CALLBACK)
        seen = _run("salesforce_oauth.mjs", *given)
        assert seen | {"refused": ""} == {
            "state": "s",
            "user": org.box.org.user_id,
            "org": org.box.org.org_id,
            "before": 2,
            "after": 2,
            "refreshes": 1,
            "refused": "",
        }
        assert seen["refused"] == "invalid_grant: expired access/refresh token"
