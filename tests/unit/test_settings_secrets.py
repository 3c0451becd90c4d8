from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_settings_file import INDENTED, LEAST, written
from worker.secrets import Secrets, SecretsError, load_secrets
from worker.settings import load_settings, missing_secrets, signature_required

SIGNING = "whsec_" + "bmV3bmV3bmV3bmV3bmV3bmV3bmV3"


def refusal(env: dict[str, str]) -> list[str]:
    with pytest.raises(SecretsError) as caught:
        load_secrets(env)
    return caught.value.problems


def test_nothing_set_is_nothing_found() -> None:
    assert load_secrets({}) == Secrets()


def test_a_secret_is_read_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("xoxb-2\n", encoding="utf-8")
    found = load_secrets(
        {"HOTLEAD_HUBSPOT_TOKEN": "pat-1", "HOTLEAD_SLACK_BOT_TOKEN_FILE": str(file)}
    )
    assert found.hubspot_token is not None
    assert found.slack_bot_token is not None
    assert found.hubspot_token.get_secret_value() == "pat-1"
    assert found.slack_bot_token.get_secret_value() == "xoxb-2"


def test_no_value_shows_in_the_repr() -> None:
    found = load_secrets({"HOTLEAD_HUBSPOT_TOKEN": "pat-1", "HOTLEAD_SIGNALS_SECRET": SIGNING})
    assert "pat-1" not in repr(found)
    assert SIGNING not in repr(found)


def test_both_forms_at_once_are_refused(tmp_path: Path) -> None:
    env = {"HOTLEAD_HUBSPOT_TOKEN": "pat-1", "HOTLEAD_HUBSPOT_TOKEN_FILE": str(tmp_path / "x")}
    (line,) = refusal(env)
    assert line.startswith("HOTLEAD_HUBSPOT_TOKEN and HOTLEAD_HUBSPOT_TOKEN_FILE are both set")


def test_every_unusable_secret_is_listed_and_none_is_shown(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text(" \n", encoding="utf-8")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfehidden")
    found = refusal(
        {
            "HOTLEAD_SALESFORCE_CLIENT_ID": "",
            "HOTLEAD_SALESFORCE_CLIENT_SECRET_FILE": str(tmp_path / "nowhere"),
            "HOTLEAD_HUBSPOT_TOKEN_FILE": str(empty),
            "HOTLEAD_SLACK_BOT_TOKEN": "hid\nden",
            "HOTLEAD_SLACK_APP_TOKEN_FILE": str(binary),
            "HOTLEAD_SIGNALS_SECRET": "hidden!",
        }
    )
    assert [line.split()[0].rstrip(":") for line in found] == [
        "HOTLEAD_SALESFORCE_CLIENT_ID",
        "HOTLEAD_SALESFORCE_CLIENT_SECRET_FILE",
        "HOTLEAD_HUBSPOT_TOKEN_FILE",
        "HOTLEAD_SLACK_BOT_TOKEN",
        "HOTLEAD_SLACK_APP_TOKEN_FILE",
        "HOTLEAD_SIGNALS_SECRET",
    ]
    assert "hidden" not in " ".join(found)


def test_a_secret_file_may_not_be_a_folder_or_a_nonsense_path(tmp_path: Path) -> None:
    assert "cannot be read" in refusal({"HOTLEAD_HUBSPOT_TOKEN_FILE": str(tmp_path)})[0]
    assert refusal({"HOTLEAD_HUBSPOT_TOKEN_FILE": "a\x00b"})


SLACK = ["HOTLEAD_SLACK_BOT_TOKEN", "HOTLEAD_SLACK_APP_TOKEN"]


@pytest.mark.parametrize(
    ("head", "needed"),
    [
        ("crm: csv\ncsv: {folder: x}\n", SLACK),
        ("crm: hubspot\n", ["HOTLEAD_HUBSPOT_TOKEN", *SLACK]),
        (
            "crm: salesforce\nsalesforce: {login_url: 'https://a.my.salesforce.com'}\n",
            ["HOTLEAD_SALESFORCE_CLIENT_ID", "HOTLEAD_SALESFORCE_CLIENT_SECRET", *SLACK],
        ),
        (
            "crm: hubspot\nsignals: {require_signature: true}\n",
            ["HOTLEAD_HUBSPOT_TOKEN", *SLACK, "HOTLEAD_SIGNALS_SECRET"],
        ),
        (
            "crm: hubspot\nweb: {listen: '0.0.0.0:80', behind_proxy: true}\n",
            ["HOTLEAD_HUBSPOT_TOKEN", *SLACK, "HOTLEAD_SIGNALS_SECRET"],
        ),
    ],
)
def test_what_this_configuration_lacks_is_named(
    tmp_path: Path, head: str, needed: list[str]
) -> None:
    settings = load_settings(written(tmp_path, f"{head}policy:\n{INDENTED}"))
    assert missing_secrets(settings, load_secrets({})) == needed
    values = {name: SIGNING for name in needed}
    assert missing_secrets(settings, load_secrets(values)) == []


def test_a_signature_is_required_as_soon_as_there_is_a_secret_unless_said_otherwise(
    tmp_path: Path,
) -> None:
    with_secret = load_secrets({"HOTLEAD_SIGNALS_SECRET": SIGNING})
    plain = load_settings(written(tmp_path, LEAST))
    assert signature_required(plain, with_secret)
    assert not signature_required(plain, Secrets())
    never = load_settings(written(tmp_path, f"signals: {{require_signature: false}}\n{LEAST}"))
    assert not signature_required(never, with_secret)
