"""``hotlead connect`` as typed, in this process: what it asks, refuses, and leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.connect_kit import Site, connect, site
from tests.contract.login_kit import key_and_certificate
from worker.connect.config_file import preset
from worker.settings import SettingsError


@pytest.fixture
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with site(request.param, tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--flow", "jwt"), "manifest"),
        (("--install",), "nothing to install"),
        (("--pattern", "huge"), "small-team"),
        (("--set", "nonsense"), "--set"),
        ((), "input ended"),
        (("--no-input",), "--pattern"),
        (("--no-input", "--pattern", "solo"), "HOTLEAD_SLACK_BOT_TOKEN (or"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    words: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    at = Site("slack", None, "", tmp_path)
    code, said = connect(at, *words)
    assert code == 2
    assert says in said
    assert at.written() == []


def test_a_file_that_no_answer_can_mend_is_told_before_the_first_question(tmp_path: Path) -> None:
    at = Site("salesforce", None, "", tmp_path)
    at.config.write_text("crm: salesforce\npolicy:\n  lader: []\n")
    with pytest.raises(SettingsError, match=r"hotlead.yaml:3:3: unknown key 'lader'"):
        connect(at)
    at.config.write_text("crm: salesforce\n" + preset("small-team").partition("crm: hubspot")[2])
    assert connect(at)[1].startswith("Connect Salesforce")  # what is missing is what is asked for


@pytest.mark.parametrize("at", ["hubspot"], indirect=True)
def test_no_to_the_change_writes_nothing(at: Site) -> None:
    code, said = connect(
        at, "--pattern", "solo", typed=f"\n{at.right['HOTLEAD_HUBSPOT_TOKEN']}\nn\n"
    )
    assert code == 2
    assert "-crm: csv\n  +crm: hubspot" in said
    assert "stopped before anything was written" in said
    assert at.written() == []


@pytest.mark.parametrize("at", ["hubspot"], indirect=True)
def test_a_system_that_is_away_can_be_waited_for_or_left(at: Site) -> None:
    at.settings = {"hubspot.base_url": "http://127.0.0.1:9"}
    token = at.right["HOTLEAD_HUBSPOT_TOKEN"]
    code, said = connect(at, "--pattern", "solo", typed=f"\n{token}\n\nq\n")
    assert code == 1
    assert said.count("HubSpot could not be reached") >= 2
    assert "nothing was written" in said
    assert at.written() == []


@pytest.mark.parametrize("at", ["slack"], indirect=True)
def test_a_wrong_secret_of_the_environment_is_to_be_mended_there(at: Site) -> None:
    env = {"HOTLEAD_SLACK_BOT_TOKEN": "xoxb-wrong"}
    typed = f"\n{at.right['HOTLEAD_SLACK_APP_TOKEN']}\n\n"
    code, said = connect(at, "--pattern", "solo", typed=typed, env=env)
    assert code == 1
    assert "change HOTLEAD_SLACK_BOT_TOKEN in the environment" in said
    assert at.written() == []


@pytest.mark.parametrize("at", ["hubspot"], indirect=True)
def test_what_is_missing_is_mended_and_looked_at_again(at: Site) -> None:
    at.connected()
    scopes = at.sandbox.portal.scopes
    at.sandbox.portal.scopes = scopes - {"crm.objects.companies.read"}
    code, said = connect(at, typed="y\nn\n\nq\n")
    assert code == 1
    assert said.count("✗ hubspot companies") == 2
    assert "→ Add the scope crm.objects.companies.read" in said
    assert "Install this in HubSpot?" in said


@pytest.mark.parametrize("at", ["salesforce"], indirect=True)
def test_salesforce_by_jwt_takes_the_key_from_a_file(at: Site) -> None:
    key, certificate = key_and_certificate()
    at.sandbox.client_app.certificate = certificate
    user = at.sandbox.record("User", at.sandbox.org.user_id)["Username"]
    at.sandbox.client_app.approved.add(at.sandbox.org.user_id)
    path = at.folder / "hotlead.key"
    path.write_text(key)
    at.right["key"] = key.splitlines()[3]
    wrong = at.folder / "hotlead.crt"
    wrong.write_text(certificate)
    typed = [at.url, user, str(wrong), str(at.folder / "nowhere"), str(path), ""]
    typed += [at.sandbox.client_id, "y"]
    code, said = connect(at, "--flow", "jwt", "--pattern", "bdr-ae", typed="\n".join([*typed, ""]))
    assert code == 0, said
    assert "this is the certificate" in said
    assert "cannot be read: No such file" in said
    assert "flow: jwt" in at.config.read_text()
    assert "BEGIN PRIVATE KEY" in at.credentials.read_text()
    assert connect(at, "--no-input")[0] == 0
