"""The commands as a person types them: help, examples, and errors that name the mend."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.forks import run

COMMANDS = (
    "demo",
    "init",
    "connect",
    "profile",
    "check",
    "doctor",
    "run",
    "sync",
    "who",
    "away",
    "back",
    "settings",
    "signals",
    "send-signal",
    "alerts",
    "latency",
    "coverage",
    "explain",
    "replay",
    "test",
    "shadow",
    "policy",
    "drill",
)
PATTERNS = ("solo", "small-team", "bdr-ae", "named-accounts")


def hotlead(
    *words: str, cwd: Path, env: dict[str, str] | None = None, text: str = ""
) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "COLUMNS": "200"} | (env or {})
    return run(*words, env=env, cwd=cwd, text=text)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, tmp_path: Path) -> None:
    done = hotlead(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert f"Example: hotlead {command}" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_named_and_fails(command: str, tmp_path: Path) -> None:
    done = hotlead(command, "--colour", cwd=tmp_path)
    assert done.returncode == 2
    assert "--colour" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_init_writes_check_accepts(pattern: str, tmp_path: Path) -> None:
    assert hotlead("init", "--pattern", pattern, cwd=tmp_path).returncode == 0
    done = hotlead("check", "--json", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert report["missing_secrets"]
    assert done.returncode == 1
    env = {name: "x" * 40 for name in report["missing_secrets"]}
    done = hotlead("check", cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "Not yet filled in: hotlead.yaml:" in done.stdout
    path = tmp_path / "hotlead.yaml"
    path.write_text(path.read_text().replace("YOUR-", "our-"))
    done = hotlead("check", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ladder:" in done.stdout


def test_a_store_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    hotlead("init", "--pattern", "solo", cwd=tmp_path)
    (tmp_path / "hotlead.db").write_text("this is no database, it is a letter" * 50)
    done = hotlead("alerts", cwd=tmp_path)
    assert done.returncode == 2
    assert "store" in done.stderr
    assert "Traceback" not in done.stderr


def test_init_never_overwrites_unasked(tmp_path: Path) -> None:
    (tmp_path / "hotlead.yaml").write_text("mine")
    done = hotlead("init", "--pattern", "solo", cwd=tmp_path)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert (tmp_path / "hotlead.yaml").read_text() == "mine"
    assert hotlead("init", "--pattern", "solo", "--force", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("command", ["check", "run", "alerts", "latency"])
def test_a_missing_file_is_named_with_the_mend(command: str, tmp_path: Path) -> None:
    done = hotlead(command, "-c", "nowhere.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_file_is_reported_with_line_and_column(tmp_path: Path) -> None:
    hotlead("init", "--pattern", "solo", cwd=tmp_path)
    path = tmp_path / "hotlead.yaml"
    path.write_text(path.read_text().replace("ladder:", "lader:"))
    done = hotlead("check", cwd=tmp_path)
    line = path.read_text()[: path.read_text().index("lader:")].count("\n") + 1
    assert done.returncode == 2
    assert f"hotlead.yaml:{line}:" in done.stderr
    assert "ladder" in done.stderr


def test_run_names_the_secrets_that_are_missing(tmp_path: Path) -> None:
    hotlead("init", "--pattern", "small-team", cwd=tmp_path)
    done = hotlead("run", cwd=tmp_path)
    assert done.returncode == 2
    assert "HOTLEAD_HUBSPOT_TOKEN" in done.stderr
    assert "HOTLEAD_SLACK_BOT_TOKEN" in done.stderr


@pytest.mark.parametrize("words", [("explain", "dana@acme.example"), ("drill", "--dry-run")])
def test_of_an_empty_mirror_nothing_is_said_but_the_mend(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    hotlead("init", "--pattern", "bdr-ae", cwd=tmp_path)
    done = hotlead(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "nobody is mirrored yet; run hotlead sync --once first" in done.stderr


def test_send_signal_says_when_nobody_listens(tmp_path: Path) -> None:
    done = hotlead("send-signal", "-", "--url", "http://127.0.0.1:9", cwd=tmp_path, text="{}")
    assert done.returncode == 2
    assert "hotlead run" in done.stderr


def test_alerts_and_latency_of_a_new_store_are_empty_not_broken(tmp_path: Path) -> None:
    hotlead("init", "--pattern", "solo", cwd=tmp_path)
    assert json.loads(hotlead("alerts", "--json", cwd=tmp_path).stdout) == []
    (team,) = json.loads(hotlead("latency", "--json", cwd=tmp_path).stdout)
    assert team["n"] == 0
    assert team["median"] is None
    assert "No alerts yet" in hotlead("alerts", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--data", "nowhere"), "nowhere"),
        (("--json", "no/such/folder.json"), "no/such"),
        (("--crm", "pipedrive"), "pipedrive"),
        (("--port", "99999"), "--port"),
    ],
)
def test_the_demo_refuses_what_it_cannot_use(
    words: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    done = hotlead("demo", "--once", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
