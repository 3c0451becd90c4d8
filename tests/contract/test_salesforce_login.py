"""Each way to log in to Salesforce, what a refresh token lives through, and every refusal."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from pydantic import SecretStr, ValidationError

from connectors.errors import AuthError, ConfigError, ConnectorError, LimitError, TemporaryError
from connectors.oauth import Grant, RefreshToken, RefusedGrantError, pkce_pair
from connectors.salesforce import SalesforceSecrets, SalesforceSettings
from connectors.salesforce.crm import Salesforce
from connectors.salesforce.login import assertion, audience, authorize_url, exchange_code, log_in
from connectors.salesforce.login_errors import refused
from connectors.sandbox.faults import Fault
from connectors.sandbox.salesforce.apps import ClientApp
from tests.contract.login_kit import CALLBACK, Shelf, consent, key_and_certificate
from tests.contract.salesforce_kit import PROMPT, START, Bench, bench, records

BOT = "hotlead-integration@sandbox.example"
TOKEN_PATH = "/services/oauth2/token"


@pytest.fixture(scope="module")
def house() -> Iterator[Bench]:
    """One org for all: these tests change who may log in, and no record."""
    with bench() as made:
        made.load()
        yield made


@pytest.fixture
def org(house: Bench) -> Bench:
    """The org with its app as it was when it was made."""
    box = house.box
    fresh = ClientApp(client_id=box.client_id, client_secret=box.client_secret)
    fresh.certificate = key_and_certificate()[1]
    fresh.approved.add(box.org.user_id)
    for one in fields(fresh):
        setattr(box.client_app, one.name, getattr(fresh, one.name))
    box.faults.clear()
    box.expire_sessions()
    box.revoke_consents()
    box.org.is_sandbox = False
    box.org.table("User").rows[box.org.user_id]["IsActive"] = True
    house.time = START
    return house


def app(org: Bench) -> ClientApp:
    return org.box.client_app


def settings(org: Bench, flow: str, **more: Any) -> SalesforceSettings:
    given = {"login_url": org.url, "flow": flow, "username": BOT} | more
    return SalesforceSettings.model_validate(given)


def secrets(org: Bench, refresh: RefreshToken | None = None, **more: str) -> SalesforceSecrets:
    given: dict[str, Any] = {
        "client_id": org.box.client_id,
        "client_secret": org.box.client_secret,
        "private_key": key_and_certificate()[0],
    } | more
    return SalesforceSecrets(
        **{name: SecretStr(value) for name, value in given.items()}, refresh_token=refresh
    )


def connector(org: Bench, refresh: RefreshToken) -> Salesforce:
    made = Salesforce(settings(org, "refresh_token"), secrets(org, refresh), PROMPT)
    org._made.append(made)
    return made


def connected(org: Bench, **more: Any) -> Grant:
    """What an admin's consent gives."""
    key = pkce_pair()
    chosen = settings(org, "refresh_token")
    url = authorize_url(chosen, org.box.client_id, CALLBACK, challenge=key.challenge, state="s1")
    back = consent(url)
    assert back["state"] == "s1"
    return exchange_code(
        chosen,
        secrets(org),
        PROMPT,
        **{
            "code": back["code"],
            "redirect_uri": CALLBACK,
            "verifier": key.verifier,
            **more,
        },
    )


def refresh_of(grant: Grant) -> str:
    assert grant.refresh_token is not None
    return grant.refresh_token.get_secret_value()


# What works


@pytest.mark.parametrize("flow", ["client_credentials", "jwt", "refresh_token"])
def test_each_flow_reads_records_and_logs_in_again_when_its_session_ends(
    org: Bench, flow: str
) -> None:
    shelf = Shelf(refresh_of(connected(org)) if flow == "refresh_token" else None)
    crm = Salesforce(settings(org, flow), secrets(org, shelf), PROMPT)
    org._made.append(crm)
    before = org.box.logins
    assert len(records(crm, "accounts")) == 2
    org.box.expire_sessions()
    assert len(records(crm, "accounts")) == 2
    assert org.box.logins - before == 2


def test_a_log_in_says_where_who_and_what_for(org: Bench) -> None:
    grant = log_in(settings(org, "jwt"), secrets(org), PROMPT)
    assert (grant.instance_url, grant.account) == (org.url, org.box.org.org_id)
    assert (grant.user, grant.scopes) == (org.box.org.user_id, ("api",))


def test_the_address_of_the_consent_holds_the_challenge_and_not_the_verifier(org: Bench) -> None:
    key = pkce_pair()
    url = authorize_url(
        settings(org, "refresh_token"), "id", CALLBACK, challenge=key.challenge, state="s"
    )
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked == {
        "response_type": "code",
        "client_id": "id",
        "redirect_uri": CALLBACK,
        "scope": "api refresh_token",
        "state": "s",
        "code_challenge": key.challenge,
        "code_challenge_method": "S256",
    }
    assert key.verifier.get_secret_value() not in f"{url} {key!r}"


def test_an_app_without_a_secret_is_asked_for_none(org: Bench) -> None:
    app(org).require_secret = False
    chosen, key = settings(org, "refresh_token"), pkce_pair()
    url = authorize_url(chosen, org.box.client_id, CALLBACK, challenge=key.challenge, state="s")
    public = SalesforceSecrets(client_id=SecretStr(org.box.client_id))
    code = consent(url)["code"]
    grant = exchange_code(
        chosen, public, PROMPT, code=code, redirect_uri=CALLBACK, verifier=key.verifier
    )
    shelf = Shelf(refresh_of(grant))
    again = public.model_copy(update={"refresh_token": shelf})
    assert log_in(chosen, again, PROMPT).instance_url == org.url


def test_threads_whose_session_expires_refresh_once(org: Bench) -> None:
    app(org).rotate = True
    shelf = Shelf(refresh_of(connected(org)))
    crm = connector(org, shelf)
    records(crm, "accounts")
    before = org.box.logins
    org.box.expire_sessions()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: len(records(crm, "accounts")), range(8)))
    assert found == [2] * 8
    assert org.box.logins - before == 1
    assert shelf.events == ["saved", "saved"]


# A refresh token that rotates


def test_a_rotated_token_is_saved_before_the_new_session_is_used(org: Bench) -> None:
    app(org).rotate = True
    shelf = Shelf(refresh_of(connected(org)))
    seen: list[str] = shelf.events
    crm = connector(org, shelf)
    crm._client._http.hooks["response"].append(
        lambda answer, **_: seen.append(urlsplit(answer.url).path.split("/")[2])
    )
    records(crm, "stages")
    assert seen[:2] == ["oauth2", "saved"]
    assert set(seen[2:]) == {"data"}


def test_a_crash_between_save_and_use_costs_one_more_log_in(org: Bench) -> None:
    app(org).rotate = True
    shelf = Shelf(refresh_of(connected(org)))
    log_in(settings(org, "refresh_token"), secrets(org, shelf), PROMPT)  # saved, never used
    crm = connector(org, shelf)
    assert len(records(crm, "accounts")) == 2


def test_a_crash_before_the_save_is_told_with_its_mend(org: Bench) -> None:
    app(org).rotate = True
    shelf = Shelf(refresh_of(connected(org)))
    org.box.faults.order(Fault(kind="reset_after", path=TOKEN_PATH))
    with pytest.raises(RefusedGrantError) as caught:
        records(connector(org, shelf), "accounts")
    assert "expired access/refresh token" in str(caught.value)
    assert "hotlead connect salesforce" in caught.value.mend


def test_a_token_that_cannot_be_saved_is_not_used_and_not_lost(org: Bench) -> None:
    app(org).rotate = True
    old = refresh_of(connected(org))
    shelf = Shelf(old)
    shelf.full = True
    crm = connector(org, shelf)
    calls = org.box.org.calls
    with pytest.raises(ConfigError, match="the disk is full"):
        records(crm, "accounts")
    assert (org.box.org.calls, shelf.token) == (calls, old)
    shelf.full = False
    assert len(records(crm, "accounts")) == 2
    assert shelf.token != old


def test_a_token_that_another_process_rotated_is_read_again(org: Bench) -> None:
    app(org).rotate = True
    shelf = Shelf(refresh_of(connected(org)))
    other = Shelf(shelf.token)
    crm = connector(org, shelf)
    log_in(settings(org, "refresh_token"), secrets(org, other), PROMPT)
    stale, newer = shelf.token, other.token
    answers = iter([stale, newer])
    shelf.current = lambda: SecretStr(str(next(answers)))  # type: ignore[method-assign]
    assert len(records(crm, "accounts")) == 2


def test_a_token_that_was_revoked_is_told_once_and_not_hammered(org: Bench) -> None:
    crm = connector(org, Shelf(refresh_of(connected(org))))
    records(crm, "accounts")
    org.box.revoke_consents()
    org.box.expire_sessions()
    before = crm.api_calls
    with pytest.raises(RefusedGrantError):
        records(crm, "accounts")
    assert crm.api_calls - before == 2


def test_threads_whose_token_was_revoked_ask_once(org: Bench) -> None:
    crm = connector(org, Shelf(refresh_of(connected(org))))
    records(crm, "stages")
    org.box.revoke_consents()
    org.box.expire_sessions()
    before = crm.api_calls

    def attempt(_: int) -> str:
        with pytest.raises(RefusedGrantError) as caught:
            records(crm, "stages")
        return caught.value.mend

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(attempt, range(8)))) == 1
    assert crm.api_calls - before <= 8 + 1


def test_wrong_credentials_are_not_tried_in_a_row_but_new_ones_at_once(org: Bench) -> None:
    app(org).rotate = True
    shelf = Shelf("dead")
    crm = connector(org, shelf)
    for _ in range(3):
        with pytest.raises(RefusedGrantError):
            records(crm, "stages")
    assert crm.api_calls == 1
    shelf.token = refresh_of(connected(org))
    assert records(crm, "stages")


def test_no_token_at_all_is_told_without_a_call(org: Bench) -> None:
    crm = connector(org, Shelf(None))
    with pytest.raises(AuthError, match="no refresh token"):
        records(crm, "accounts")
    assert crm.api_calls == 0


# What is refused, and what to click


def _no_run_as(made: Bench) -> None:
    app(made).run_as = False


def _not_approved(made: Bench) -> None:
    app(made).approved.clear()


def _all_permitted(made: Bench) -> None:
    app(made).approved.clear()
    app(made).permitted = "all"


def _inactive(made: Bench) -> None:
    made.box.org.table("User").rows[made.box.org.user_id]["IsActive"] = False


def _addresses(made: Bench) -> None:
    app(made).relaxed_addresses = False


def _no_certificate(made: Bench) -> None:
    app(made).certificate = ""


def _no_flow(made: Bench) -> None:
    app(made).flows.clear()


def _is_sandbox(made: Bench) -> None:
    made.box.org.is_sandbox = True


@pytest.mark.parametrize(
    ("flow", "break_it", "said", "mend"),
    [
        ("client_credentials", _no_run_as, "no client credentials user", "Run As"),
        ("client_credentials", _no_flow, "no client credentials user", "Enable Client Credentials"),
        ("client_credentials", _not_approved, "invalid_app_access", "Permitted Users"),
        ("client_credentials", _inactive, "inactive user", "activate"),
        ("client_credentials", _addresses, "ip restricted", "Relax IP restrictions"),
        ("jwt", _not_approved, "invalid_app_access", "pre-authorized"),
        ("jwt", _all_permitted, "hasn't approved this consumer", "pre-authorized"),
        ("jwt", _inactive, "inactive user", "activate"),
        ("jwt", _no_certificate, "invalid assertion", "certificate"),
        ("jwt", _no_flow, "invalid assertion", "certificate"),
    ],
)
def test_what_the_org_refuses_comes_with_what_to_click(
    org: Bench, flow: str, break_it: Any, said: str, mend: str
) -> None:
    break_it(org)
    with pytest.raises(AuthError) as caught:
        log_in(settings(org, flow), secrets(org), PROMPT)
    assert said in str(caught.value)
    assert mend in caught.value.mend
    assert org.box.client_secret not in f"{caught.value} {caught.value.mend}"


@pytest.mark.parametrize(
    ("flow", "more", "said", "mend"),
    [
        ("client_credentials", {"client_id": "x"}, "invalid_client_id", "consumer key"),
        ("client_credentials", {"client_secret": "x"}, "invalid_client:", "consumer secret"),
        ("jwt", {"client_id": "x"}, "invalid_client_id", "consumer key"),
    ],
)
def test_wrong_credentials_are_named(
    org: Bench, flow: str, more: dict[str, Any], said: str, mend: str
) -> None:
    with pytest.raises(AuthError) as caught:
        log_in(settings(org, flow), secrets(org, **more), PROMPT)
    assert said in str(caught.value)
    assert mend in caught.value.mend


def test_an_unknown_user_name_is_one_that_approved_nothing(org: Bench) -> None:
    with pytest.raises(AuthError, match="hasn't approved this consumer"):
        log_in(settings(org, "jwt", username="nobody@x.example"), secrets(org), PROMPT)


def test_a_wrong_audience_is_a_matter_of_configuration(org: Bench) -> None:
    chosen = settings(org, "jwt", audience="https://test.salesforce.com")
    with pytest.raises(ConfigError, match="Audience") as caught:
        log_in(chosen, secrets(org), PROMPT)
    assert "salesforce.audience" in caught.value.mend
    _is_sandbox(org)
    assert log_in(chosen, secrets(org), PROMPT).instance_url == org.url


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_is_wrong_does_not_keep_us_out(org: Bench, hours: int) -> None:
    org.time = datetime.now(UTC).replace(microsecond=0)
    assert log_in(settings(org, "jwt"), secrets(org), PROMPT).user
    org.forward(hours=hours)
    assert log_in(settings(org, "jwt"), secrets(org), PROMPT).user


@pytest.mark.parametrize("key", ["hidden", "-----BEGIN PRIVATE KEY-----\nhidden\n-----END"])
def test_a_key_that_is_none_is_named_and_not_shown(org: Bench, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        log_in(settings(org, "jwt"), secrets(org, private_key=key), PROMPT)
    assert "HOTLEAD_SALESFORCE_PRIVATE_KEY" in str(caught.value)
    assert "hidden" not in f"{caught.value} {caught.value.mend} {caught.value.__context__}"


def test_a_consent_that_is_refused_comes_back_as_such(org: Bench) -> None:
    key = pkce_pair()
    url = authorize_url(
        settings(org, "refresh_token"),
        org.box.client_id,
        CALLBACK,
        challenge=key.challenge,
        state="s",
    )
    assert consent(url, "cancel") == {
        "error": "access_denied",
        "error_description": "end-user denied authorization",
        "state": "s",
    }


def test_a_code_is_good_once_for_its_verifier_its_callback_and_its_time(org: Bench) -> None:
    def attempt(**more: Any) -> ConnectorError:
        with pytest.raises(ConnectorError) as caught:
            connected(org, **more)
        return caught.value

    assert "invalid code verifier" in str(attempt(verifier=pkce_pair().verifier))
    assert "redirect_uri_mismatch" in str(attempt(redirect_uri="http://localhost:8371/other"))
    assert "invalid authorization code" in str(attempt(code="stolen-code"))
    app(org).code_life *= -1
    late = attempt()
    assert "expired authorization code" in str(late)
    assert isinstance(late, RefusedGrantError)
    assert "start the consent again" in late.mend


def test_a_grant_without_a_refresh_token_is_no_connection(org: Bench) -> None:
    app(org).scopes = ("api",)
    chosen, key = settings(org, "refresh_token"), pkce_pair()
    url = authorize_url(
        chosen, org.box.client_id, CALLBACK, challenge=key.challenge, state="s", scopes=("api",)
    )
    code = consent(url)["code"]
    with pytest.raises(ConfigError) as caught:
        exchange_code(
            chosen, secrets(org), PROMPT, code=code, redirect_uri=CALLBACK, verifier=key.verifier
        )
    assert "refresh_token, offline_access" in caught.value.mend


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com"])
def test_client_credentials_need_my_domain(host: str) -> None:
    with pytest.raises(ValidationError, match="My Domain"):
        SalesforceSettings(login_url=f"https://{host}")
    told = {"error": "invalid_grant", "error_description": "request not supported on this domain"}
    found = refused(400, told, {}, flow="client_credentials")
    assert isinstance(found, ConfigError)
    assert "My Domain" in found.mend


def test_the_jwt_flow_needs_a_user_name() -> None:
    with pytest.raises(ValidationError, match="username"):
        SalesforceSettings(login_url="https://a.my.salesforce.com", flow="jwt")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.mil", "https://acme.my.salesforce.mil"),
    ],
)
def test_an_assertion_is_addressed_signed_and_short_lived(
    org: Bench, url: str, wanted: str
) -> None:
    chosen = settings(org, "jwt", login_url=url)
    made = assertion(chosen, secrets(org), org.time)
    head = jwt.get_unverified_header(made)
    claims = jwt.decode(made, options={"verify_signature": False})
    assert head["alg"] == "RS256"
    assert (claims["iss"], claims["sub"], claims["aud"]) == (org.box.client_id, BOT, wanted)
    assert 0 < claims["exp"] - org.time.timestamp() <= 180
    assert audience(chosen) == wanted


DOCUMENTED = [
    ("invalid_grant", "user hasn't approved this consumer", "pre-authorized"),
    ("invalid_app_access", "user is not admin approved to access this app", "pre-authorized"),
    ("invalid_grant", "no client credentials user enabled", "Run As"),
    ("invalid_grant", "inactive user", "Setup › Users"),
    ("inactive_user", "user is inactive", "Setup › Users"),
    ("inactive_org", "organization is inactive", "org"),
    ("invalid_grant", "inactive organization", "org"),
    ("invalid_grant", "ip restricted", "IP Relaxation"),
    ("invalid_grant", "invalid login hours", "login hours"),
    ("invalid_grant", "expired authorization code", "consent again"),
    ("invalid_grant", "invalid authorization code", "consent again"),
    ("invalid_grant", "invalid code verifier", "consent again"),
    ("invalid_grant", "expired access/refresh token", "connect salesforce"),
    ("invalid_grant", "token validity expired", "clock"),
    ("invalid_grant", "Audience validation failed", "salesforce.audience"),
    ("invalid_grant", "audience is invalid", "salesforce.audience"),
    ("invalid_grant", "invalid assertion", "certificate"),
    ("invalid_client", "invalid client credentials", "CLIENT_SECRET"),
    ("invalid_client_id", "client identifier invalid", "CLIENT_ID"),
    ("redirect_uri_mismatch", "redirect_uri must match configuration", "callback URL"),
    ("unsupported_grant_type", "grant type not supported", "certificate"),
    ("invalid_scope", "the requested scope is invalid", "OAuth Scopes"),
    ("access_denied", "end-user denied authorization", "Allow"),
    ("invalid_grant", "authentication failure", "salesforce.username"),
    ("something_new", "words nobody knows", "salesforce.username"),
]


@pytest.mark.parametrize(("code", "description", "mend"), DOCUMENTED)
def test_every_documented_refusal_has_its_mend(code: str, description: str, mend: str) -> None:
    found = refused(400, {"error": code, "error_description": description}, {}, flow="jwt")
    assert isinstance(found, ConfigError)
    assert code in str(found)
    assert mend in found.mend


def test_a_refusal_that_quotes_what_was_sent_is_cleaned() -> None:
    told = {"error": "invalid_grant", "error_description": "bad token hush-hush\n of yours"}
    found = refused(400, told, {}, flow="refresh_token", hidden=["hush-hush", ""])
    assert str(found).endswith("invalid_grant: bad token … of yours")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, None, TemporaryError),
        (500, {"error": "server_error"}, TemporaryError),
        (400, {"error": "temporarily_unavailable"}, TemporaryError),
        (429, None, LimitError),
        (400, {"error": "invalid_grant", "error_description": "login rate exceeded"}, LimitError),
        (404, "<html>", ConfigError),
        (302, None, ConfigError),
    ],
)
def test_what_is_no_refusal_is_told_apart(
    status: int, body: Any, kind: type[ConnectorError]
) -> None:
    found = refused(status, body, {"Retry-After": "7"}, flow="jwt")
    assert type(found) is kind
    if isinstance(found, LimitError):
        assert found.retry_after == 7


def test_a_revoked_session_and_a_revoked_refresh_token_end(org: Bench) -> None:
    grant = connected(org)
    url = f"{org.url}/services/oauth2/revoke"
    token = grant.access_token.get_secret_value()
    assert requests.post(url, {"token": token}, timeout=5).status_code == 200
    assert requests.post(url, {"token": token}, timeout=5).status_code == 400
    assert requests.post(url, {"token": refresh_of(grant)}, timeout=5).status_code == 200
    with pytest.raises(RefusedGrantError):
        log_in(settings(org, "refresh_token"), secrets(org, Shelf(refresh_of(grant))), PROMPT)
