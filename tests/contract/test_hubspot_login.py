"""Both ways to log in to HubSpot: renewal, rotation, refusals, and dated paths."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from pydantic import SecretStr

from connectors.errors import AuthError, ConfigError, ConnectorError, LimitError, TemporaryError
from connectors.hubspot import HubspotSecrets, HubspotSettings
from connectors.hubspot.crm import Hubspot
from connectors.hubspot.login import OPTIONAL_SCOPES, SCOPES, authorize_url, exchange_code
from connectors.hubspot.login_errors import refused
from connectors.hubspot.wire import dated
from connectors.oauth import Grant, RefreshToken, RefusedGrantError
from connectors.sandbox.hubspot.versions import numbered
from tests.contract.hubspot_kit import HTTP, Copy, Kit, ask, draft, running
from tests.contract.login_kit import CALLBACK, Shelf, consent

TOKEN_PATH = "/oauth/2026-03/token"


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as started:
        yield started


def settings(kit: Kit, **more: Any) -> HubspotSettings:
    given = {
        "base_url": kit.url,
        "portal_url": kit.url,
        "flow": "oauth",
        "searches_per_second": 10_000,
        "archive_minutes": 0,
    }
    return HubspotSettings(**(given | more))


def secrets(kit: Kit, refresh: RefreshToken | None = None, **more: str) -> HubspotSecrets:
    app = kit.sandbox.oauth.app
    given = {"client_id": app.client_id, "client_secret": app.client_secret} | more
    return HubspotSecrets(
        client_id=SecretStr(given["client_id"]),
        client_secret=SecretStr(given["client_secret"]),
        refresh_token=refresh,
    )


def installed(kit: Kit, **more: Any) -> Grant:
    """What an admin who installs the app gives us."""
    url = authorize_url(settings(kit), kit.sandbox.oauth.app.client_id, CALLBACK, state="s1")
    back = consent(url)
    assert back["state"] == "s1"
    given = {"code": back["code"], "redirect_uri": CALLBACK} | more
    return exchange_code(settings(kit), secrets(kit), HTTP, **given)


def shelf_of(kit: Kit) -> Shelf:
    grant = installed(kit)
    assert grant.refresh_token is not None
    return Shelf(grant.refresh_token.get_secret_value())


def connector(kit: Kit, shelf: RefreshToken | None, **more: Any) -> Hubspot:
    made = Hubspot(settings(kit, **more), secrets(kit, shelf), HTTP, now=kit.clock)
    kit.made.append(made)
    return made


def companies(crm: Hubspot) -> int:
    return len(Copy(crm, "companies").sync())


# What works


def test_an_installed_app_says_where_it_is_and_what_it_may(kit: Kit) -> None:
    grant = installed(kit)
    assert grant.account == "21939747"
    assert set(grant.scopes) == {*SCOPES, *OPTIONAL_SCOPES}
    assert grant.expires_in == 1800


def test_an_optional_scope_that_the_account_lacks_is_left_out(kit: Kit) -> None:
    kit.sandbox.portal.scopes -= {"sales-email-read"}
    assert set(installed(kit).scopes) == {*SCOPES, *OPTIONAL_SCOPES} - {"sales-email-read"}


def test_the_address_names_both_kinds_of_scopes(kit: Kit) -> None:
    url = authorize_url(HubspotSettings(), "id", CALLBACK, state="s")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith("https://app.hubspot.com/oauth/authorize?")
    assert asked == {
        "client_id": "id",
        "redirect_uri": CALLBACK,
        "scope": " ".join(SCOPES),
        "optional_scope": " ".join(OPTIONAL_SCOPES),
        "state": "s",
    }


def test_an_access_token_is_renewed_before_its_half_hour_is_over(kit: Kit) -> None:
    crm = connector(kit, shelf_of(kit))
    assert companies(crm) == 2
    kit.clock.forward(minutes=24)
    assert companies(crm) == 2
    assert kit.sandbox.oauth.refreshes == 2  # of the installation, and of the first call
    kit.clock.forward(minutes=2)
    assert companies(crm) == 2
    assert kit.sandbox.oauth.refreshes == 3


def test_an_access_token_that_is_refused_is_renewed_once(kit: Kit) -> None:
    crm = connector(kit, shelf_of(kit))
    assert companies(crm) == 2
    kit.sandbox.oauth.end_access()
    assert companies(crm) == 2
    crm.write_activities([draft()])
    assert kit.sandbox.oauth.refreshes == 3


def test_a_write_whose_token_is_refused_happens_once(kit: Kit) -> None:
    crm = connector(kit, shelf_of(kit))
    crm.write_activities([draft("task:1")])
    kit.sandbox.oauth.end_access()
    (result,) = crm.write_activities([draft("task:2")])
    assert (result.error, result.created) == (None, True)
    assert len(kit.tasks()) == 2


@pytest.mark.pitfall("R9", "each thread renews the token, and all but one are refused")
def test_threads_whose_token_expires_together_renew_it_once(kit: Kit) -> None:
    kit.sandbox.oauth.app.rotate = True
    shelf = shelf_of(kit)
    crm = connector(kit, shelf)
    companies(crm)
    kit.sandbox.oauth.end_access()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: companies(crm), range(8)))
    assert found == [2] * 8
    assert kit.sandbox.oauth.refreshes == 3
    assert shelf.events == ["saved", "saved"]


@pytest.mark.parametrize("version", ["v1", "v3", "2026-03", "2026-09"])
def test_every_version_of_the_endpoint_gives_tokens_and_refuses(kit: Kit, version: str) -> None:
    shelf = shelf_of(kit)
    crm = connector(kit, shelf, oauth_version=version)
    assert companies(crm) == 2
    shelf.token = "na1-of-long-ago"
    kit.sandbox.oauth.end_access()
    with pytest.raises(RefusedGrantError) as caught:
        companies(crm)
    assert "BAD_REFRESH_TOKEN" in str(caught.value)
    assert "hotlead connect hubspot" in caught.value.mend


def test_a_token_that_stays_needs_no_log_in(kit: Kit) -> None:
    crm = kit.connector()
    assert companies(crm) == 2
    assert kit.sandbox.oauth.refreshes == 0


def test_the_official_client_takes_the_endpoint_for_hubspot_s(kit: Kit) -> None:
    from hubspot import HubSpot
    from hubspot.oauth import ApiException

    app = kit.sandbox.oauth.app
    api = HubSpot(host=kit.url).oauth.tokens_api
    given = {"client_id": app.client_id, "client_secret": app.client_secret}
    code = consent(authorize_url(settings(kit), app.client_id, CALLBACK, state="s"))["code"]
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    first = api.create(**grant, **given)
    again = api.create(grant_type="refresh_token", refresh_token=first.refresh_token, **given)
    assert (again.token_type, again.expires_in) == ("bearer", 1800)
    assert again.refresh_token == first.refresh_token
    answer = ask(kit, "GET", "/crm/v3/owners", token=again.access_token)
    assert answer.status_code == 200
    kit.clock.forward(minutes=31)
    answer = ask(kit, "GET", "/crm/v3/owners", token=again.access_token)
    assert (answer.status_code, answer.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    with pytest.raises(ApiException) as caught:
        api.create(**grant, **given)
    assert caught.value.status == 400
    assert "BAD_AUTH_CODE" in str(caught.value.body)


# A refresh token that rotates


def test_a_rotated_token_is_saved_before_the_access_token_is_used(kit: Kit) -> None:
    kit.sandbox.oauth.app.rotate = True
    shelf = shelf_of(kit)
    shelf.full = True
    crm = connector(kit, shelf)
    before = dict(kit.sandbox.calls)
    with pytest.raises(ConfigError, match="the disk is full"):
        companies(crm)
    assert kit.sandbox.calls == before
    shelf.full = False
    assert companies(crm) == 2


def test_a_crash_between_save_and_use_costs_one_more_renewal(kit: Kit) -> None:
    kit.sandbox.oauth.app.rotate = True
    shelf = shelf_of(kit)
    connector(kit, shelf)._client._login.token()  # saved, never used
    assert companies(connector(kit, shelf)) == 2


def test_a_crash_before_the_save_is_told_with_its_mend(kit: Kit) -> None:
    kit.sandbox.oauth.app.rotate = True
    crm = connector(kit, shelf_of(kit))
    kit.fault("reset_after", TOKEN_PATH)
    with pytest.raises(TemporaryError):
        companies(crm)
    with pytest.raises(RefusedGrantError) as caught:
        companies(crm)
    assert "install the app again" in caught.value.mend


def test_a_token_that_another_process_rotated_is_read_again(kit: Kit) -> None:
    kit.sandbox.oauth.app.rotate = True
    shelf = shelf_of(kit)
    other = Shelf(shelf.token)
    connector(kit, other)._client._login.token()
    answers = iter([shelf.token, other.token])
    shelf.current = lambda: SecretStr(str(next(answers)))  # type: ignore[method-assign]
    assert companies(connector(kit, shelf)) == 2


# What is refused, and what to do


def test_an_app_that_was_taken_out_is_told(kit: Kit) -> None:
    crm = connector(kit, shelf_of(kit))
    companies(crm)
    kit.sandbox.oauth.uninstall()
    with pytest.raises(RefusedGrantError) as caught:
        companies(crm)
    assert "Connected apps" in caught.value.mend


def test_a_fresh_token_that_is_refused_is_no_endless_matter(kit: Kit) -> None:
    crm = connector(kit, shelf_of(kit))
    kit.fault("status", "/crm/", status=401, body={"message": "no"}, times=-1)
    with pytest.raises(AuthError) as caught:
        companies(crm)
    assert "just given" in caught.value.mend
    assert kit.sandbox.oauth.refreshes == 3


def test_a_dead_token_is_not_tried_in_a_row_but_a_new_one_at_once(kit: Kit) -> None:
    shelf = Shelf("na1-dead")
    crm = connector(kit, shelf)
    for _ in range(3):
        with pytest.raises(RefusedGrantError):
            companies(crm)
    assert crm.api_calls == 1
    shelf.token = shelf_of(kit).token
    assert companies(crm) == 2


def test_no_refresh_token_is_told_without_a_call(kit: Kit) -> None:
    for shelf in (None, Shelf(None)):
        crm = connector(kit, shelf)
        with pytest.raises(AuthError, match="no refresh token"):
            companies(crm)
        assert crm.api_calls == 0


@pytest.mark.parametrize(
    ("more", "code"),
    [({"client_id": "x"}, "BAD_CLIENT_ID"), ({"client_secret": "hush"}, "BAD_CLIENT_SECRET")],
)
def test_wrong_credentials_are_named(kit: Kit, more: dict[str, Any], code: str) -> None:
    crm = Hubspot(settings(kit), secrets(kit, shelf_of(kit), **more), HTTP, now=kit.clock)
    kit.made.append(crm)
    with pytest.raises(AuthError, match=code) as caught:
        companies(crm)
    assert "HOTLEAD_HUBSPOT_CLIENT_SECRET" in caught.value.mend
    assert "hush" not in f"{caught.value}"


def test_a_code_is_good_once_and_for_its_redirect(kit: Kit) -> None:
    with pytest.raises(ConfigError, match="BAD_REDIRECT_URI"):
        installed(kit, redirect_uri="http://localhost:1/x")
    with pytest.raises(RefusedGrantError, match="BAD_AUTH_CODE"):
        installed(kit, code="x")


def test_an_installation_that_is_refused_comes_back_as_such(kit: Kit) -> None:
    url = authorize_url(settings(kit), kit.sandbox.oauth.app.client_id, CALLBACK, state="s")
    assert consent(url, "cancel")["error"] == "access_denied"


@pytest.mark.pitfall("R6", "the token endpoint throttles too")
def test_a_throttled_log_in_waits_its_time_or_is_handed_on(kit: Kit) -> None:
    crm = connector(kit, shelf_of(kit))
    kit.fault("status", TOKEN_PATH, status=429, headers={"Retry-After": "0"}, body={})
    assert companies(crm) == 2
    kit.sandbox.oauth.end_access()
    kit.fault("status", TOKEN_PATH, status=429, headers={"Retry-After": "60"}, body={}, times=-1)
    with pytest.raises(LimitError):
        companies(crm)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, None, TemporaryError),
        (429, {}, LimitError),
        (404, {"status": "error", "message": "resource not found"}, ConfigError),
        (410, {"status": "error"}, ConfigError),
        (400, "<html>", ConfigError),
        (400, {"error": "invalid_grant"}, RefusedGrantError),
        (400, {"error": "invalid_request", "message": "missing refresh token"}, RefusedGrantError),
        (400, {"error": "invalid_client"}, AuthError),
        (400, {"error": "invalid_scope"}, ConfigError),
        (403, {"status": "SOMETHING_NEW"}, AuthError),
    ],
)
def test_a_refusal_is_read_by_its_codes(status: int, body: Any, kind: type[ConnectorError]) -> None:
    found = refused(status, body, {"Retry-After": "7"})
    assert type(found) is kind
    if isinstance(found, ConfigError):
        assert found.mend


def test_a_refusal_that_quotes_what_was_sent_is_cleaned() -> None:
    told = {"status": "BAD_AUTH_CODE", "message": "hush-hush expired"}
    assert "hush" not in str(refused(400, told, {}, hidden=["hush-hush"]))


def test_doctor_s_first_check_fails_with_any_log_in_that_fails(kit: Kit) -> None:
    shelf = shelf_of(kit)
    shelf.full = kit.sandbox.oauth.app.rotate = True
    gone = connector(kit, shelf_of(kit))
    kit.fault("status", TOKEN_PATH, status=410, body={"status": "error"})
    for crm in (gone, connector(kit, shelf), connector(kit, Shelf("na1-dead"))):
        (only,) = crm.checks(kit.clock)
        assert (only.name, only.state) == ("hubspot log-in", "fail")
        assert only.mend
    well = {one.name: one.state for one in connector(kit, shelf_of(kit)).checks(kit.clock)}
    assert well["hubspot OAuth version"] == "ok"


# Dated paths


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
@pytest.mark.pitfall("R9", "API versions are written into the library's paths")
def test_one_setting_moves_every_call_to_a_dated_path(kit: Kit, version: str) -> None:
    kit.fault("status", "/crm/v", status=410, body={}, times=-1)
    kit.fault("status", "/account-info/v", status=410, body={}, times=-1)
    crm = kit.connector(api_version=version)
    assert all(Copy(crm, one.name).sync() is not None for one in crm.objects)
    assert companies(crm) == 2
    (result,) = crm.write_activities([draft(prospect_id=kit.ids["dana"])])
    assert result.error is None
    assert crm.record_url("account", "1").endswith("/record/0-2/1")


def test_a_date_that_there_is_not_leads_nowhere(kit: Kit) -> None:
    assert ask(kit, "GET", "/crm/objects/2026-09/contacts").status_code == 200
    assert ask(kit, "GET", "/crm/objects/2025-01/contacts").status_code == 404
    answer = requests.post(f"{kit.url}/oauth/2025-01/token", {"grant_type": "x"}, timeout=5)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/contacts?limit=1",
        "/crm/v3/objects/contacts/search",
        "/crm/v3/owners",
        "/crm/v3/owners/?archived=true",
        "/crm/v3/pipelines/deals",
        "/crm/v3/properties/tasks/groups",
        "/crm/v4/associations/deals/contacts/batch/read",
        "/crm/v4/objects/contacts/1/associations/deals",
        "/account-info/v3/details",
        "/account-info/v3/api-usage/daily/private-apps",
    ],
)
def test_a_path_has_its_dated_twin(path: str) -> None:
    twin = dated(path, "2026-09")
    assert "/v" not in twin
    assert twin.count("/2026-09") == 1
    bare = path.partition("?")[0]
    assert numbered(twin.partition("?")[0]) == bare
    assert (dated(path, "v3"), dated(twin, "2026-09")) == (path, twin)
