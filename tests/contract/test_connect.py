"""Each guide against its sandbox: each answer wrong once, what is missing by name, re-runs."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.contract.connect_kit import NOTHING, Site, ask_of, failed, site
from tests.contract.doctor_kit import only
from tests.contract.login_kit import CALLBACK, consent
from worker.adapters import consent_for, crm_for
from worker.clock import SystemClock
from worker.connect.guided import UnknownNameError
from worker.connect.guides import SYSTEMS
from worker.connect.outcome import Outcome, finished
from worker.secrets import SecretsError, load_secrets
from worker.settings import SettingsError, load_settings

WRONG = [
    ("salesforce", "salesforce.login_url", NOTHING),
    ("salesforce", "HOTLEAD_SALESFORCE_CLIENT_ID", "3MVG9-not-the-key"),
    ("salesforce", "HOTLEAD_SALESFORCE_CLIENT_SECRET", "not-the-secret"),
    ("hubspot", "HOTLEAD_HUBSPOT_TOKEN", "pat-na1-not-the-token"),
    ("slack", "HOTLEAD_SLACK_BOT_TOKEN", "xoxb-not-the-token"),
    ("slack", "HOTLEAD_SLACK_APP_TOKEN", "xapp-not-the-token"),
]


@pytest.fixture
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with site(request.param, tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("at", "name", "text"), WRONG, indirect=["at"], ids=[name for _, name, _ in WRONG]
)
def test_a_wrong_answer_is_named_and_nothing_is_written(at: Site, name: str, text: str) -> None:
    guided = at.answered(**{name: text})
    checks = list(guided.look())
    assert guided.refused(checks)
    assert [blame.asks for blame in guided.blamed(checks)] == [(name,)]
    assert all(text not in f"{one.text} {one.mend}" for one in checks if one.state == "fail")
    assert at.written() == []
    guided.take_back([name])
    assert [ask.name for ask in guided.lacking()] == [name]
    assert guided.give(ask_of(guided, name), at.right[name]) == ""
    assert not guided.refused(list(guided.look()))


@pytest.mark.parametrize("at", SYSTEMS, indirect=True)
def test_what_was_tested_is_stored_with_secrets_for_the_owner_only(at: Site) -> None:
    guided = at.answered()
    assert not guided.refused(list(guided.look()))
    assert at.written() == []
    written = guided.keep()
    assert sorted(path.name for path in written) == ["hotlead.credentials", "hotlead.yaml"]
    assert stat.S_IMODE(at.credentials.stat().st_mode) == 0o600
    settings, text = load_settings(at.config), at.config.read_text()
    for name, answer in at.right.items():
        if "." in name:
            assert answer in text
        else:
            assert answer not in text
            assert f"{name}={answer}" in at.credentials.read_text().splitlines()
    assert at.system == "slack" or settings.crm == at.system
    assert "# Replace what stands in CAPITALS" in text


@pytest.mark.parametrize("at", SYSTEMS, indirect=True)
def test_a_second_run_finds_everything_and_changes_nothing(at: Site) -> None:
    at.connected()
    before = at.config.read_bytes(), at.credentials.read_bytes()
    at.settings = {}
    again = at.guided(pattern="")
    assert again.lacking() == []
    assert not again.anything_new()
    assert not again.refused(list(again.look()))
    assert again.keep() == []
    assert (at.config.read_bytes(), at.credentials.read_bytes()) == before


def test_another_system_s_secrets_and_settings_stay(tmp_path: Path) -> None:
    for system in ("slack", "hubspot"):
        with site(system, tmp_path) as at:
            at.connected()
    text = (tmp_path / "hotlead.credentials").read_text()
    assert all(name in text for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "HUBSPOT_TOKEN"))
    assert load_settings(tmp_path / "hotlead.yaml").slack.base_url.startswith("http://127.0.0.1")


@pytest.mark.parametrize("at", ["slack"], indirect=True)
def test_a_secret_of_the_environment_is_used_and_never_stored(at: Site) -> None:
    env = {"HOTLEAD_SLACK_BOT_TOKEN": at.right["HOTLEAD_SLACK_BOT_TOKEN"]}
    token = at.folder / "app-token"
    token.write_text(at.right["HOTLEAD_SLACK_APP_TOKEN"])
    env["HOTLEAD_SLACK_APP_TOKEN_FILE"] = str(token)
    guided = at.guided(env=env)
    assert [guided.source(ask) for ask in guided.flow.asks()] == ["environment", "environment"]
    assert not guided.refused(list(guided.look()))
    assert [path.name for path in guided.keep()] == ["hotlead.yaml"]
    assert not at.credentials.exists()


@pytest.mark.parametrize("at", ["hubspot"], indirect=True)
def test_a_fresh_refresh_token_replaces_a_dead_one_of_the_environment(at: Site) -> None:
    app, token = at.sandbox.oauth.app, "HOTLEAD_HUBSPOT_REFRESH_TOKEN"
    app.rotate = True
    env = {token: "na1-dead", "HOTLEAD_HUBSPOT_CLIENT_ID": app.client_id}
    env["HOTLEAD_HUBSPOT_CLIENT_SECRET"] = app.client_secret
    at.settings["hubspot.portal_url"] = at.url
    guided = at.guided(env=env, flow="oauth")
    page = consent_for(guided.settings(), guided.secrets())
    code = consent(page.address(CALLBACK, "s", ""))["code"]
    grant = page.exchange(code, CALLBACK, SecretStr(""))
    assert grant.refresh_token is not None
    guided.give_secret(token, grant.refresh_token)
    assert not guided.refused(list(guided.look()))
    guided.keep()
    crm = crm_for(guided.settings(), load_secrets(env, guided.credentials), SystemClock())
    assert list(crm.read("stages", None))
    crm.close()


@pytest.mark.parametrize("at", ["hubspot"], indirect=True)
@pytest.mark.parametrize(
    "scope", ["crm.objects.deals.read", "crm.objects.contacts.write", "crm.objects.owners.read"]
)
def test_a_missing_scope_of_hubspot_is_named_with_its_mend(at: Site, scope: str) -> None:
    at.sandbox.portal.scopes -= {scope}
    guided = at.answered()
    checks = list(guided.look())
    assert not guided.refused(checks)
    guided.keep()
    made = Outcome(guide=guided.guide, flow="token", checks=checks)
    assert any(scope in one.text and scope in one.mend for one in made.missing)
    assert made.as_json()["ok"] is False
    at.sandbox.portal.scopes |= {scope}
    assert failed(list(guided.look())) == {}


@pytest.mark.parametrize("at", ["salesforce"], indirect=True)
def test_a_missing_field_and_object_of_salesforce_are_named(at: Site) -> None:
    org = at.sandbox.org
    del org.objects["task"].columns["hlr_routed_role__c"]
    del org.objects["contact"]
    guided = at.answered()
    checks = list(guided.look())
    assert not guided.refused(checks)
    found = failed(checks)
    assert "HLR_Routed_Role__c" in found["salesforce writing tasks"]
    assert "Contact" in found["salesforce contacts"]
    assert guided.guide.wants_install(checks)


@pytest.mark.parametrize("at", ["slack"], indirect=True)
def test_slack_is_looked_at_for_scopes_channels_and_reps(at: Site) -> None:
    at.sandbox.scopes -= {"im:write"}
    guided = at.answered()
    checks = list(guided.look())
    assert failed(checks) == {"slack scopes": "the app lacks the scopes im:write"}
    people = only(checks, "slack people")
    assert people.state == "warn"
    assert "sync --once" in people.mend
    assert at.sandbox.messages() == []
    assert not (at.folder / "hotlead.db").exists()


@pytest.mark.parametrize("at", ["hubspot"], indirect=True)
def test_what_is_missing_is_installed_and_looked_at_again(at: Site) -> None:
    guided = at.connected()
    assert guided.guide.wants_install(list(guided.look()))
    assert [one.state for one in guided.install(check_only=True)][:1] == ["ok"]
    assert guided.guide.wants_install(list(guided.look()))
    assert {one.state for one in guided.install(check_only=False)} == {"ok"}
    assert not guided.guide.wants_install(list(guided.look()))


@pytest.mark.parametrize("at", ["hubspot"], indirect=True)
def test_what_comes_next_is_said_in_order(at: Site) -> None:
    guided = at.connected()
    made = Outcome(guide=guided.guide, flow="token", checks=list(guided.look()))
    following = [step.command for step in finished(guided, made).following]
    profile = "hotlead sync --once && hotlead profile"
    assert following == ["hotlead connect slack", "hotlead check", profile]


@pytest.mark.parametrize("at", ["hubspot"], indirect=True)
def test_files_that_cannot_be_used_are_named_and_left_alone(at: Site) -> None:
    at.config.write_text("crm: hubspot\npolicy: {lader: []}\n")
    with pytest.raises(SettingsError, match="lader"):
        list(at.answered().look())
    assert at.config.read_text().startswith("crm: hubspot\n")
    at.credentials.write_text("HOTLEAD_HUBSPOT_TOKEN=x\n")
    at.credentials.chmod(0o644)
    with pytest.raises(SecretsError, match="chmod 600"):
        at.guided()


@pytest.mark.parametrize("at", ["salesforce"], indirect=True)
@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("salesforce.login_url", "https://login.salesforce.com", "log-in page"),
        ("hubspot.base_url", "https://x.example", "no setting of Salesforce"),
        ("policy.routes", "x", "no setting of Salesforce"),
        ("HOTLEAD_SALESFORCE_CLIENT_ID", "x", "no setting of Salesforce"),
    ],
)
def test_only_settings_of_the_system_are_set(at: Site, path: str, value: str, says: str) -> None:
    with pytest.raises(UnknownNameError, match=says):
        at.guided().set(path, value)
