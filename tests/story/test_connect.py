"""An admin connects each system with the real command, as typed; no secret shows anywhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from html import unescape
from pathlib import Path

import requests

from tests.contract.connect_kit import Site, connect, site
from tests.forks import run
from tests.story.stage import free_port
from worker.cli.common import secrets_for
from worker.clock import SystemClock
from worker.run import Worker
from worker.settings import load_settings

ROOT = str(Path(__file__).resolve().parents[2])


def hotlead(
    at: Site, *words: str, typed: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "COLUMNS": "120"} | dict(env or {})
    done = run(*words, cwd=at.folder, env=env, text=typed, timeout=90)
    for name, secret in at.right.items():
        if "." not in name:
            assert secret not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def settings_of(at: Site) -> list[str]:
    return [word for path, value in at.settings.items() for word in ("--set", f"{path}={value}")]


def test_salesforce_from_nothing_to_installed_fields(tmp_path: Path) -> None:
    """The wrong address and the wrong secret are told apart; the bare org gets our fields."""
    with site("salesforce", tmp_path, bare=True) as at:
        at.sandbox.org.metadata.polls = 0
        typed = [
            *("bdr-ae", "https://login.salesforce.com", at.url),  # pattern, wrong, right address
            *("", "", at.sandbox.client_id, "wrong-secret"),  # a user, an app, key, wrong secret
            at.sandbox.client_secret,
            *("y", "y"),  # write it, install it
        ]
        done = hotlead(at, "connect", "salesforce", typed="\n".join([*typed, ""]))
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{at.url}/lightning/setup/ManageExternalClientApplication/home" in done.stdout
        told = [
            "✗ this is the log-in page of all orgs",
            "✗ Salesforce refuses the Consumer Secret. Nothing was written yet.",
            "✗ salesforce writing tasks",
            "+  flow: client_credentials",
            "HOTLEAD_SALESFORCE_CLIENT_ID, HOTLEAD_SALESFORCE_CLIENT_SECRET",
            "Asking Salesforce whether it takes",
            "✓ salesforce writing tasks",
            "Salesforce is connected. Nothing that is needed is missing.",
            "hotlead connect slack",
        ]
        places = [done.stdout.find(text) for text in told]
        assert -1 not in places
        assert places == sorted(places)
        settings = load_settings(at.config)
        assert settings.salesforce is not None
        assert (settings.crm, settings.salesforce.login_url) == ("salesforce", at.url)
        assert at.sandbox.client_secret not in at.config.read_text()


def test_salesforce_by_a_log_in_in_the_browser(tmp_path: Path) -> None:
    """Denied, then forged, then allowed; the refresh token rotates while it is tested."""
    with site("salesforce", tmp_path) as at, Typing(at, "--flow", "refresh_token") as process:
        at.sandbox.client_app.rotate = True
        at.sandbox.client_app.callbacks = (f"http://localhost:{process.port}/callback",)
        at.sandbox.client_app.approved.add(at.sandbox.org.user_id)
        for line in ("bdr-ae", at.url, "", at.sandbox.client_id, at.sandbox.client_secret):
            process.type(line)
        assert process.browse("cancel") == (200, "Back to the terminal")
        process.type("")
        process.expect("✗ the log-in was not allowed there")
        process.type(f"http://localhost:{process.port}/callback?code=x&state=forged")
        process.expect("✗ this is no answer to the log-in that was begun here")
        assert process.browse("save") == (200, "Back to the terminal")
        process.type("")
        process.expect("✓ logged in")
        process.expect("Write it?")
        process.type("y")
        assert process.ends() == 0, process.said
        at.right["token"] = _token(at)
        assert connect(at, "--no-input")[0] == 0
        # Looking costs a refresh, and the token that came with it is the one that is kept.
        assert _token(at) != at.right["token"]
        assert at.right["token"] not in process.said


def _token(at: Site) -> str:
    lines = at.credentials.read_text().splitlines()
    [line] = [one for one in lines if one.startswith("HOTLEAD_SALESFORCE_REFRESH_TOKEN=")]
    return line.partition("=")[2]


class Typing:
    """``hotlead connect`` in a process of its own, typed to as its prompts come."""

    def __init__(self, at: Site, *words: str) -> None:
        self.port = free_port()
        self.said = ""
        command = [sys.executable, "-m", "worker.cli.main", "connect", at.system, *words]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port), "--no-browser"],
            cwd=at.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": ROOT, "COLUMNS": "120"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Typing:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def type(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def expect(self, text: str) -> str:
        """Read until the text was said; the line in which it was."""
        assert self._process.stdout is not None
        line = ""
        while text not in line:
            char = self._process.stdout.read(1)
            assert char, f"{text} was never said: {self.said}"
            self.said += char
            line = "" if line.endswith("\n") else line
            line += char
        return line

    def browse(self, button: str) -> tuple[int, str]:
        """Open the address of the log-in and press a button; what the last page said."""
        self.expect("/services/oauth2/authorize?")
        before = self.said.rpartition("\n")[2]
        address = (before + self.expect("\n").removeprefix(before)).strip()
        page = requests.get(address, timeout=10)
        fields = dict(
            re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
        )
        form = {name: unescape(value) for name, value in fields.items()} | {button: "x"}
        ended = requests.post(address.partition("?")[0], form, timeout=10)
        return ended.status_code, ended.text.partition(":")[0]

    def ends(self) -> int:
        """Read to the end; the exit code."""
        assert self._process.stdout is not None
        self.said += self._process.stdout.read()
        return self._process.wait(timeout=30)


def test_hubspot_without_any_input(tmp_path: Path) -> None:
    """An automation gives the token by the environment, learns of the missing scope, mends it."""
    with site("hubspot", tmp_path) as at:
        at.sandbox.portal.scopes -= {"crm.objects.deals.read"}
        words = ["connect", "hubspot", "--no-input", "--json", "--pattern", "small-team"]
        done = hotlead(at, *words, *settings_of(at), "--install", env=at.right)
        report = json.loads(done.stdout)
        assert (done.returncode, report["ok"]) == (1, False)
        assert all("crm.objects.deals.read" in one["text"] for one in report["missing"])
        assert report["written"] == ["hotlead.yaml"]
        assert "+  flow: token" in done.stderr
        assert {one["state"] for one in report["installed"]} == {"ok"}
        at.sandbox.portal.scopes |= {"crm.objects.deals.read"}
        code, said = connect(at, "--no-input", env=at.right)
        assert code == 0
        assert "Nothing that is needed is missing." in said
        assert "hotlead connect slack" in said


def test_slack_names_the_rep_who_is_not_there(tmp_path: Path) -> None:
    """After the first mirror, whoever of the reps has no Slack user is named, by e-mail."""
    with site("hubspot", tmp_path) as crm, site("slack", tmp_path) as at:
        crm.connected()
        typed = ["", at.right["HOTLEAD_SLACK_APP_TOKEN"], at.right["HOTLEAD_SLACK_BOT_TOKEN"]]
        typed += [at.right["HOTLEAD_SLACK_APP_TOKEN"], "", "y"]
        done = hotlead(at, "connect", "slack", *settings_of(at), typed="\n".join([*typed, ""]))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "✗ this is the app-level token, asked for next" in done.stdout
        assert "nobody is mirrored yet" in done.stdout
        assert "SLACK_BOT_TOKEN" in crm.credentials.read_text()
        _mirror(crm)
        at.sandbox.state.user("ann@team.example").deleted = True
        code, said = connect(at, "--no-input")
        assert code == 1
        assert "admins who are not on Slack, so that the last rung is empty" in said
        assert "ann@team.example" in said
        assert "invite them to Slack" in said


def _mirror(crm: Site) -> None:
    settings = load_settings(crm.config)
    worker = Worker(settings, secrets_for(settings), SystemClock())
    try:
        assert all(worker.sync_all().values())
    finally:
        worker.close()
