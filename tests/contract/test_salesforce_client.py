"""The connector's sessions and calls against an org that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    LimitError,
    PermanentError,
    TemporaryError,
)
from connectors.http import HttpSettings
from connectors.salesforce import SalesforceSecrets, SalesforceSettings, connect
from connectors.salesforce.crm import Salesforce
from connectors.sandbox.faults import App, Fault, Receive, Scope, Send
from connectors.sandbox.serving import Serving
from tests.contract.salesforce_kit import PROMPT, Bench, bench, read_all, records

DATA = "/services/data"


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


@pytest.mark.pitfall("R9", "a session ends in the middle of a read")
def test_a_session_that_expires_between_pages_is_renewed(org: Bench) -> None:
    for number in range(450):
        org.box.create("Contact", LastName=f"C{number}")
    crm = org.crm(page_size=200)
    pages = crm.read("contacts", None)
    sizes = [len(next(pages).records)]
    org.box.expire_sessions()
    sizes += [len(page.records) for page in pages]
    assert (sizes, org.box.logins) == ([200, 200, 51], 2)


@pytest.mark.pitfall("R9", "each thread logs in when the session ends")
def test_threads_whose_session_expires_together_log_in_once(org: Bench) -> None:
    crm = org.crm()
    read_all(crm, "accounts")
    org.box.expire_sessions()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: len(records(crm, "accounts")), range(8)))
    assert found == [2] * 8
    assert org.box.logins == 2


def test_a_session_refused_for_good_is_an_authentication_error(org: Bench) -> None:
    body = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    org.box.faults.order(Fault(kind="status", status=401, path=DATA, body=body, times=-1))
    with pytest.raises(AuthError):
        records(org.crm(), "accounts")
    assert org.box.logins == 2


@pytest.mark.parametrize("body", [{"error": "unauthorized"}, "<html>no</html>", None, []])
@pytest.mark.pitfall("R9", "the library fails on a 401 that is no list")
def test_a_401_of_any_shape_is_a_401(org: Bench, body: Any) -> None:
    crm = org.crm()
    org.box.faults.order(Fault(kind="status", status=401, path=DATA, body=body))
    assert len(records(crm, "accounts")) == 2
    assert org.box.logins == 2


def test_wrong_credentials_are_an_authentication_error_that_tells_no_secret(org: Bench) -> None:
    secrets = SalesforceSecrets.model_validate(
        {"client_id": org.box.client_id, "client_secret": "hunter2-hunter2"}
    )
    crm = connect(SalesforceSettings(login_url=org.url), secrets, PROMPT)
    with pytest.raises(AuthError) as caught:
        list(crm.read("accounts", None))
    crm.close()
    assert "invalid_client" in str(caught.value)
    assert "hunter2" not in f"{caught.value!r} {caught.value.mend} {secrets!r} {vars(crm)!r}"


@pytest.mark.parametrize("body", [[], "<html>hello</html>", {}, "null"])
def test_a_log_in_address_that_is_no_log_in_is_a_matter_of_configuration(
    org: Bench, body: Any
) -> None:
    org.box.faults.order(
        Fault(kind="status", status=200, path="/services/oauth2", body=body, times=-1)
    )
    with pytest.raises(ConfigError) as caught:
        records(org.crm(), "accounts")
    assert caught.value.mend


def test_a_log_in_that_fails_for_a_moment_is_tried_again(org: Bench) -> None:
    org.box.faults.order(Fault(kind="status", status=503, path="/services/oauth2", body="busy"))
    org.box.faults.order(Fault(kind="reset_before", path="/services/oauth2"))
    assert len(records(org.crm(), "accounts")) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", status=500, path=DATA, body="<html>"),
        Fault(kind="status", status=503, path=DATA, headers={"Retry-After": "0"}),
        Fault(kind="status", status=200, path=DATA, body="<html>a proxy says hello</html>"),
        Fault(kind="status", status=200, path=DATA, body=["not a page"]),
        Fault(kind="status", status=429, path=DATA, body=[], headers={"Retry-After": "0"}),
        Fault(kind="reset_before", path=DATA),
        Fault(kind="reset_after", path=DATA),
        Fault(
            kind="status",
            status=400,
            path=DATA,
            body=[{"errorCode": "QUERY_TIMEOUT", "message": "Your query took too long"}],
        ),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_a_read_that_fails_for_a_moment_is_tried_again(org: Bench, fault: Fault) -> None:
    crm = org.crm()
    read_all(crm, "stages")
    org.box.faults.order(fault)
    assert len(records(crm, "stages")) == 3
    assert org.box.faults.carried_out == 1


@pytest.mark.pitfall("R7", "the library waits for ever")
def test_a_server_that_does_not_answer_is_given_up_in_time(org: Bench) -> None:
    crm = org.crm(HttpSettings(read_timeout=0.2, tries=2, longest_wait=0.01))
    read_all(crm, "stages")
    org.box.faults.order(Fault(kind="latency", seconds=2.0, path=DATA, times=2))
    with pytest.raises(TemporaryError):
        read_all(crm, "stages")


def test_an_org_that_nobody_listens_at_is_a_temporary_error() -> None:
    settings = SalesforceSettings(login_url="http://127.0.0.1:9")
    secrets = SalesforceSecrets.model_validate({"client_id": "x", "client_secret": "y"})
    crm = connect(settings, secrets, PROMPT)
    with pytest.raises(TemporaryError):
        list(crm.read("accounts", None))
    crm.close()


@pytest.mark.pitfall("R6", "the day's calls are used up by trying again")
def test_a_daily_limit_that_is_used_up_is_said_and_not_hammered(org: Bench) -> None:
    crm = org.crm()
    read_all(crm, "stages")
    org.box.org.daily_limit = org.box.org.calls
    before = crm.api_calls
    with pytest.raises(LimitError) as caught:
        read_all(crm, "stages")
    assert caught.value.daily is True
    assert crm.api_calls - before == 1


@pytest.mark.pitfall("R6", "one code means both limits")
def test_too_many_calls_at_once_are_not_the_day_s_limit(org: Bench) -> None:
    crm = org.crm()
    read_all(crm, "stages")
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests exceeded."}]
    org.box.faults.order(Fault(kind="status", status=403, path=DATA, body=body, times=-1))
    with pytest.raises(LimitError) as caught:
        read_all(crm, "stages")
    assert caught.value.daily is False


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("API_DISABLED_FOR_ORG", ConfigError),
        ("INSUFFICIENT_ACCESS", ConfigError),
        ("INVALID_FIELD", ConfigError),
        ("MALFORMED_QUERY", PermanentError),
        ("SOMETHING_NEW", PermanentError),
        ("UNABLE_TO_LOCK_ROW", TemporaryError),
    ],
)
def test_an_error_is_read_by_its_code(org: Bench, code: str, kind: type[ConnectorError]) -> None:
    body = [{"errorCode": code, "message": "words that may change"}]
    org.box.faults.order(
        Fault(kind="status", status=400, path=f"{DATA}/v66.0", body=body, times=-1)
    )
    with pytest.raises(kind) as caught:
        read_all(org.crm(), "stages")
    assert code in str(caught.value)


def test_calls_are_counted_with_log_ins(org: Bench) -> None:
    crm = org.crm()
    assert crm.api_calls == 0
    read_all(crm, "stages")
    assert crm.api_calls == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"login_url": "http://acme.my.salesforce.com"},
        {"login_url": "acme"},
        {"login_url": "https://acme.my.salesforce.com", "account_fields": ["X FROM User"]},
        {"login_url": "https://acme.my.salesforce.com", "api_version": "v66"},
        {"login_url": "https://acme.my.salesforce.com", "field_prefix": "a'b"},
        {"login_url": "https://acme.my.salesforce.com", "page_size": 5000},
        {"login_url": "https://acme.my.salesforce.com", "password": "x"},
    ],
)
@pytest.mark.pitfall("R9", "log-ins by password end in 2027")
def test_settings_that_cannot_be_right_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SalesforceSettings.model_validate(settings)


class Crowd:
    """Counts the calls that are in the org at one time; each stays until the others had time."""

    def __init__(self, inner: App) -> None:
        self._inner = inner
        self._now = 0
        self.most = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._now += 1
        self.most = max(self.most, self._now)
        for _ in range(50):
            await asyncio.sleep(0)
        await self._inner(scope, receive, send)
        self._now -= 1


def test_no_more_calls_at_a_time_than_the_settings_allow(org: Bench) -> None:
    read_all(org.crm(), "accounts")
    crowd = Crowd(org.box.app)
    with Serving(crowd) as serving:
        settings = SalesforceSettings(login_url=serving.url, most_at_once=2)
        keys = SalesforceSecrets(client_id=org.box.client_id, client_secret=org.box.client_secret)
        crm = Salesforce(settings, keys, PROMPT)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: len(records(crm, "accounts")), range(16)))
        crm.close()
    assert found == [2] * 16
    assert crowd.most <= 2
