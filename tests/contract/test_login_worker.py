"""The worker's adapters over the file of credentials: restarts, processes side by side, doctor."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner, Result

from connectors.base import Check, Crm
from connectors.errors import AuthError
from connectors.hubspot import HubspotSecrets
from connectors.hubspot import login as hubspot_login
from connectors.oauth import Grant, pkce_pair
from connectors.salesforce import SalesforceSecrets
from connectors.salesforce import login as salesforce_login
from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.salesforce import SalesforceSandbox
from connectors.sandbox.serving import Serving
from tests.contract.doctor_kit import only
from tests.contract.login_kit import CALLBACK, consent
from tests.unit.test_settings_file import INDENTED, written
from tests.unit.test_settings_secrets import SLACK
from worker.adapters import crm_for
from worker.cli.main import command_line
from worker.clock import SystemClock
from worker.credentials import CredentialFile
from worker.doctor.credentials import credential_checks
from worker.secrets import (
    HUBSPOT_REFRESH_TOKEN,
    SALESFORCE_REFRESH_TOKEN,
    SIGNALS_SECRET,
    SecretsError,
    load_secrets,
)
from worker.secrets import NAMES as NAMES_OF_ALL
from worker.settings import Settings, load_settings

NAMES = {"salesforce": SALESFORCE_REFRESH_TOKEN, "hubspot": HUBSPOT_REFRESH_TOKEN}


@dataclass
class Connected:
    """A CRM that was connected by a person's consent, and whose refresh tokens rotate."""

    crm: str
    box: Any
    config: Path
    token: str = ""
    env: dict[str, str] = field(default_factory=dict)
    _made: list[Crm] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return load_settings(self.config)

    @property
    def file(self) -> CredentialFile:
        return CredentialFile(self.settings.credentials)

    def process(self) -> Crm:
        """The CRM as a freshly started process makes it."""
        settings = self.settings
        secrets = load_secrets(self.env, CredentialFile(settings.credentials))
        self._made.append(crm_for(settings, secrets, SystemClock()))
        return self._made[-1]

    def end_sessions(self) -> None:
        """No access token is good any more."""
        if self.crm == "salesforce":
            self.box.expire_sessions()
        else:
            self.box.oauth.end_access()

    def kept(self) -> str:
        return self.file.read()[NAMES[self.crm]].get_secret_value()

    def checks(self) -> list[Check]:
        secrets = load_secrets(self.env, self.file)
        return list(credential_checks(self.settings, secrets))

    def close(self) -> None:
        for one in self._made:
            one.close()


def _salesforce(box: SalesforceSandbox, settings: Settings) -> tuple[dict[str, str], Grant]:
    box.client_app.rotate = True
    assert settings.salesforce is not None
    key = pkce_pair()
    url = salesforce_login.authorize_url(
        settings.salesforce, box.client_id, CALLBACK, challenge=key.challenge, state="s"
    )
    keys = {"client_id": box.client_id, "client_secret": box.client_secret}
    grant = salesforce_login.exchange_code(
        settings.salesforce,
        SalesforceSecrets.model_validate(keys),
        settings.http,
        code=consent(url)["code"],
        redirect_uri=CALLBACK,
        verifier=key.verifier,
    )
    return _named("SALESFORCE", keys), grant


def _hubspot(box: HubspotSandbox, settings: Settings) -> tuple[dict[str, str], Grant]:
    app = box.oauth.app
    app.rotate = True
    keys = {"client_id": app.client_id, "client_secret": app.client_secret}
    url = hubspot_login.authorize_url(settings.hubspot, app.client_id, CALLBACK, state="s")
    grant = hubspot_login.exchange_code(
        settings.hubspot,
        HubspotSecrets.model_validate(keys),
        settings.http,
        code=consent(url)["code"],
        redirect_uri=CALLBACK,
    )
    return _named("HUBSPOT", keys), grant


def _named(system: str, keys: dict[str, str]) -> dict[str, str]:
    return {f"HOTLEAD_{system}_{name.upper()}": value for name, value in keys.items()}


@pytest.fixture(params=["salesforce", "hubspot"])
def connected(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connected]:
    crm = str(request.param)
    now = SystemClock().now
    box: Any = SalesforceSandbox(now) if crm == "salesforce" else HubspotSandbox(now)
    with Serving(box.app) as server:
        section = {
            "salesforce": {"login_url": server.url, "flow": "refresh_token"},
            "hubspot": {"base_url": server.url, "portal_url": server.url, "flow": "oauth"},
        }[crm]
        head = f"crm: {crm}\n{crm}: {json.dumps(section)}\n"
        made = Connected(crm, box, written(tmp_path, f"{head}policy:\n{INDENTED}"))
        connect = _salesforce if crm == "salesforce" else _hubspot
        made.env, grant = connect(box, made.settings)
        assert grant.refresh_token is not None
        made.token = grant.refresh_token.get_secret_value()
        yield made
        made.close()


def works(crm: Crm) -> bool:
    """Whether a read comes to its end."""
    return list(crm.read("stages", None))[-1].watermark is not None


def test_a_token_of_the_file_rotates_in_the_file(connected: Connected) -> None:
    connected.file.put({NAMES[connected.crm]: connected.token})
    assert works(connected.process())
    rotated = connected.kept()
    assert rotated != connected.token
    assert stat.S_IMODE(connected.file.path.stat().st_mode) == 0o600
    assert works(connected.process())  # a restart goes on from there
    assert connected.kept() != rotated


def test_a_token_of_the_environment_survives_a_restart_after_it_rotated(
    connected: Connected,
) -> None:
    connected.env[NAMES[connected.crm]] = connected.token
    for _ in range(3):
        assert works(connected.process())
    found = load_secrets(connected.env, connected.file)
    assert "its successor is taken from" in found.notes[0]


def test_two_processes_that_share_the_file_do_not_put_each_other_out(
    connected: Connected,
) -> None:
    connected.file.put({NAMES[connected.crm]: connected.token})
    one, two = connected.process(), connected.process()
    for _ in range(3):
        connected.end_sessions()
        assert works(one)
        connected.end_sessions()
        assert works(two)


DIES = """
import os, sys, json
from pathlib import Path
from connectors.oauth import RefreshToken
from worker.adapters import crm_for
from worker.clock import SystemClock
from worker.credentials import CredentialFile
from worker.secrets import load_secrets
from worker.settings import load_settings

settings = load_settings(Path(sys.argv[1]))
secrets = load_secrets(json.loads(sys.argv[3]), CredentialFile(settings.credentials))
place = secrets.refresh_token(sys.argv[2])

class Dies(RefreshToken):
    current, turn = place.current, place.turn
    def keep(self, token):
        place.keep(token)
        os._exit(9)

secrets._places[sys.argv[2]] = Dies()
list(crm_for(settings, secrets, SystemClock()).read("stages", None))
"""


def test_a_process_that_dies_between_save_and_use_loses_nothing(connected: Connected) -> None:
    name = NAMES[connected.crm]
    connected.file.put({name: connected.token})
    command = [sys.executable, "-c", DIES, str(connected.config), name]
    done = subprocess.run(
        [*command, json.dumps(connected.env)], timeout=60, check=False, env=dict(os.environ)
    )
    assert done.returncode == 9
    assert connected.kept() != connected.token
    assert works(connected.process())


def test_a_token_that_died_before_its_successor_was_saved_is_told(connected: Connected) -> None:
    name = NAMES[connected.crm]
    connected.file.put({name: connected.token})
    assert works(connected.process())
    connected.file.put({name: connected.token})  # as if the save had never happened
    with pytest.raises(AuthError) as caught:
        works(connected.process())
    assert f"hotlead connect {connected.crm}" in caught.value.mend


def test_doctor_sees_whether_a_rotated_token_could_be_saved(connected: Connected) -> None:
    connected.file.put({NAMES[connected.crm]: connected.token})
    assert only(connected.checks(), "credentials").state == "ok"
    connected.env[NAMES[connected.crm]] = "another"
    said = only(connected.checks(), "credentials")
    assert said.state == "warn"
    assert "wins over" in said.text
    connected.config.write_text(f"credentials: gone/c\n{connected.config.read_text()}")
    said = only(connected.checks(), "credentials")
    assert said.state == "fail"
    assert "could not be saved" in said.text
    assert "credentials: in hotlead.yaml" in said.mend


def test_commands_take_their_secrets_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = written(tmp_path, f"crm: hubspot\npolicy:\n{INDENTED}")
    for name in NAMES_OF_ALL:
        monkeypatch.delenv(name, raising=False)

    def check() -> Result:
        return CliRunner().invoke(command_line(), ["check", "-c", str(config), "--json"])

    missing = json.loads(check().stdout)["missing_secrets"]
    assert missing == ["HOTLEAD_HUBSPOT_TOKEN", *SLACK]
    file = CredentialFile(tmp_path / "hotlead.credentials")
    file.put({name: "hidden" for name in missing})
    done = check()
    assert (done.exit_code, json.loads(done.stdout)["notes"]) == (0, [])
    monkeypatch.setenv(missing[0], "hidden-too")
    (note,) = json.loads(check().stdout)["notes"]
    assert note == f"{missing[0]} is set in the environment, which wins over {file.path}"
    said = CliRunner().invoke(command_line(), ["check", "-c", str(config)]).stdout
    assert note in said
    file.path.chmod(0o644)
    refused = check()
    assert isinstance(refused.exception, SecretsError)
    assert "run: chmod 600" in str(refused.exception)
    assert "hidden" not in f"{done.stdout}{said}{refused.exception}"


def test_send_signal_signs_with_the_secret_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SIGNALS_SECRET, raising=False)
    seen: list[str] = []

    async def intake(request: Request) -> Response:
        seen.append(request.headers.get("webhook-signature", ""))
        return JSONResponse({"signals": []}, 202)

    signal = tmp_path / "signal.json"
    signal.write_text("{}")
    config = tmp_path / "hotlead.yaml"  # not there: its folder is looked into all the same
    with Serving(Starlette(routes=[Route("/v1/signals", intake, methods=["POST"])])) as server:
        words = ["send-signal", str(signal), "-c", str(config), "--url", server.url]
        assert CliRunner().invoke(command_line(), words).exit_code == 0
        secret = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
        CredentialFile(tmp_path / "hotlead.credentials").put({SIGNALS_SECRET: secret})
        assert CliRunner().invoke(command_line(), words).exit_code == 0
    assert [one[:3] for one in seen] == ["", "v1,"]
