"""Changing a setting of hotlead.yaml and nothing else of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from worker.connect.config_file import PATTERNS, ConfigFile, preset
from worker.connect.yaml_edit import UneditableError, with_setting
from worker.settings import SettingsError, load_settings

ORG = {"crm": "salesforce", "salesforce.login_url": "https://acme.my.salesforce.com"}


def edited(text: str, values: dict[str, str]) -> str:
    for path, value in values.items():
        text = with_setting(text, path, value, behind="crm")
    return text


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("values", [ORG, {"crm": "hubspot", "hubspot.flow": "token"}])
def test_a_preset_changes_in_the_lines_of_the_settings_alone(
    pattern: str, values: dict[str, str], tmp_path: Path
) -> None:
    before = preset(pattern)
    after = edited(before, values)
    gone = set(before.splitlines()) - set(after.splitlines())
    assert {line.split(":")[0].strip() for line in gone} <= {"crm", "login_url"}
    new = len(after.splitlines()) - len(before.splitlines())
    assert new <= 2
    path = tmp_path / "hotlead.yaml"
    path.write_text(before)
    settings = load_settings(path, after)
    assert settings.crm == values["crm"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "crm: hubspot   # ours\n\n# the rules\npolicy: p.yaml\n",
            "crm: salesforce   # ours\nsalesforce:\n  login_url: https://acme.my.salesforce.com\n"
            "\n# the rules\npolicy: p.yaml\n",
        ),
        (
            "salesforce:   # the org\n\npolicy: p.yaml\ncrm: salesforce\n",
            "salesforce:   # the org\n  login_url: https://acme.my.salesforce.com\n\n"
            "policy: p.yaml\ncrm: salesforce\n",
        ),
        (
            "crm: 'salesforce'\nsalesforce: {api_version: \"66.0\"}\n",
            "crm: 'salesforce'\nsalesforce: {api_version: \"66.0\", "
            '"login_url": "https://acme.my.salesforce.com"}\n',
        ),
        (
            "crm: salesforce\nsalesforce: {}\n",
            'crm: salesforce\nsalesforce: {"login_url": "https://acme.my.salesforce.com"}\n',
        ),
        (
            '{"crm": "hubspot", "policy": {"a": [1, {"b": "#c"}]}}',
            '{"crm": salesforce, "policy": {"a": [1, {"b": "#c"}]}, '
            '"salesforce": {"login_url": "https://acme.my.salesforce.com"}}',
        ),
        (
            "crm: salesforce\r\nsalesforce:\r\n  page_size: 200\r\n  # below\r\nstore: {}\r\n",
            "crm: salesforce\r\nsalesforce:\r\n  page_size: 200\r\n"
            "  login_url: https://acme.my.salesforce.com\r\n  # below\r\nstore: {}\r\n",
        ),
        (
            "policy: |\n  a: 1\n",
            "policy: |\n  a: 1\ncrm: salesforce\nsalesforce:\n"
            "  login_url: https://acme.my.salesforce.com\n",
        ),
    ],
)
def test_whatever_the_style_of_the_file(before: str, after: str) -> None:
    changed = before
    for path, value in ORG.items():
        changed = with_setting(changed, path, value, behind="crm")
    assert changed == after


@pytest.mark.parametrize("value", ["a: b", "yes # no", "[x", "off", "1.0", "", "'", "é – ü", "- a"])
def test_any_text_comes_back_as_it_was_given(value: str) -> None:
    for before in ("crm: x\n", '{"crm": "x"}', "crm: x\nhubspot: {}\n"):
        after = with_setting(before, "hubspot.name", value, behind="crm")
        found = YAML(typ="safe", pure=True).load(after)["hubspot"]["name"]
        assert found == value


@pytest.mark.parametrize("before", ["crm: [a]\n", "crm:\n  a: 1\n", "crm: |\n  text\n", "- a\n"])
def test_what_cannot_be_changed_safely_is_refused(before: str) -> None:
    with pytest.raises(UneditableError):
        with_setting(before, "crm", "salesforce")


def test_a_file_that_cannot_be_changed_names_the_line_to_write(tmp_path: Path) -> None:
    path = tmp_path / "hotlead.yaml"
    path.write_text("crm: salesforce\nsalesforce: |\n  text\n")
    with pytest.raises(SettingsError, match=r"login_url.*by hand"):
        ConfigFile(path).changed({"salesforce.login_url": "https://acme.my.salesforce.com"})


def test_writing_keeps_the_mode_and_a_symbolic_link(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("crm: csv\n")
    real.chmod(0o640)
    link = tmp_path / "hotlead.yaml"
    link.symlink_to(real)
    config = ConfigFile(link)
    config.write(config.changed({"crm": "hubspot"}))
    assert link.is_symlink()
    assert real.read_text() == "crm: hubspot\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hotlead.yaml", "real.yaml"]


def test_the_diff_of_a_new_file_is_against_its_pattern(tmp_path: Path) -> None:
    config = ConfigFile(tmp_path / "hotlead.yaml", "solo")
    after = config.changed({"crm": "hubspot"})
    assert config.differs(after)
    assert config.diff(after).splitlines()[-3:-1] == ["+crm: hubspot", " csv:"]
    assert not config.path.exists()
