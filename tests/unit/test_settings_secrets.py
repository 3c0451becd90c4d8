from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.errors import ConfigError
from tests.unit.test_settings_file import INDENTED, LEAST, written
from worker.credentials import CredentialFile
from worker.secrets import Secrets, SecretsError, load_secrets, store_secrets
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
            "crm: hubspot\nhubspot: {journal: true}\n",
            [
                "HOTLEAD_HUBSPOT_TOKEN",
                "HOTLEAD_HUBSPOT_CLIENT_ID",
                "HOTLEAD_HUBSPOT_CLIENT_SECRET",
                *SLACK,
            ],
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


# The file of credentials

TOKEN, REFRESH = "HOTLEAD_HUBSPOT_TOKEN", "HOTLEAD_SALESFORCE_REFRESH_TOKEN"


@pytest.fixture
def file(tmp_path: Path) -> CredentialFile:
    return CredentialFile(tmp_path / "hotlead.credentials")


def value(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


def test_what_the_environment_lacks_comes_from_the_file(file: CredentialFile) -> None:
    file.put({TOKEN: "pat-1", "HOTLEAD_SLACK_BOT_TOKEN": "xoxb"})
    found = load_secrets({"HOTLEAD_SLACK_APP_TOKEN": "xapp"}, file)
    assert value(found.hubspot_token) == "pat-1"
    assert value(found.slack_bot_token) == "xoxb"
    assert value(found.slack_app_token) == "xapp"
    assert found.notes == ()


def test_the_environment_wins_over_the_file_and_says_so(
    file: CredentialFile, tmp_path: Path
) -> None:
    file.put({TOKEN: "from-file"})
    other = tmp_path / "token"
    other.write_text("from-other-file")
    for env in ({TOKEN: "from-env"}, {f"{TOKEN}_FILE": str(other)}):
        found = load_secrets(env, file)
        assert value(found.hubspot_token) in ("from-env", "from-other-file")
        assert found.notes == (f"{TOKEN} is set in the environment, which wins over {file.path}",)
        assert "from-" not in repr(found)


def test_a_name_in_the_file_that_is_unknown_is_refused_with_the_nearest(
    file: CredentialFile,
) -> None:
    file.put({"HOTLEAD_HUBSPOT_TOKN": "hidden", "SOMETHING": "hidden"})
    with pytest.raises(SecretsError) as caught:
        load_secrets({}, file)
    one, two = caught.value.problems
    assert one.endswith(f"sets HOTLEAD_HUBSPOT_TOKN, which is unknown; did you mean {TOKEN}?")
    assert two.endswith("sets SOMETHING, which is unknown; remove the line")
    assert "hidden" not in str(caught.value)


def test_a_file_that_cannot_be_used_is_told_beside_the_other_problems(
    file: CredentialFile,
) -> None:
    file.put({TOKEN: "x"})
    file.path.chmod(0o644)
    with pytest.raises(SecretsError) as caught:
        load_secrets({"HOTLEAD_SLACK_BOT_TOKEN": ""}, file)
    assert "chmod 600" in caught.value.problems[0]
    assert caught.value.problems[1].startswith("HOTLEAD_SLACK_BOT_TOKEN is empty")


def test_an_empty_line_of_the_file_is_named_by_file_and_name(file: CredentialFile) -> None:
    file.path.write_text(f"{TOKEN}=\n")
    file.path.chmod(0o600)
    with pytest.raises(SecretsError, match=f"hotlead.credentials: {TOKEN} is empty"):
        load_secrets({}, file)


@pytest.mark.parametrize("text", ["-----BEGIN\\nabc\\n-----END", "-----BEGIN\r\nabc\n-----END\n"])
def test_a_key_of_several_lines_may_stand_on_one(file: CredentialFile, text: str) -> None:
    name = "HOTLEAD_SALESFORCE_PRIVATE_KEY"
    assert value(load_secrets({name: text}).salesforce_private_key) == "-----BEGIN\nabc\n-----END"
    file.put({name: text})
    assert value(load_secrets({}, file).salesforce_private_key) == "-----BEGIN\nabc\n-----END"


def test_a_rotated_token_of_the_file_takes_its_place(file: CredentialFile) -> None:
    file.put({REFRESH: "r1", TOKEN: "pat"})
    place = load_secrets({}, file).refresh_token(REFRESH)
    assert value(place.current()) == "r1"
    place.keep("r2")
    again = load_secrets({}, file)
    assert (value(again.salesforce_refresh_token), value(again.hubspot_token)) == ("r2", "pat")
    assert again.notes == ()
    assert "r2" not in f"{place!r}{again!r}"


def test_a_rotated_token_of_the_environment_goes_to_the_file_and_wins_there(
    file: CredentialFile,
) -> None:
    env = {REFRESH: "r1"}
    load_secrets(env, file).refresh_token(REFRESH).keep("r2")
    restarted = load_secrets(env, file)
    assert value(restarted.salesforce_refresh_token) == "r2"
    assert "its successor is taken from" in restarted.notes[0]
    restarted.refresh_token(REFRESH).keep("r3")
    assert value(load_secrets(env, file).salesforce_refresh_token) == "r3"
    assert "r1" not in file.path.read_text()


def test_a_new_token_in_the_environment_wins_again(file: CredentialFile) -> None:
    load_secrets({REFRESH: "r1"}, file).refresh_token(REFRESH).keep("r2")
    found = load_secrets({REFRESH: "r9"}, file)
    assert value(found.salesforce_refresh_token) == "r9"
    assert "wins over" in found.notes[0]
    found.refresh_token(REFRESH).keep("r10")
    assert value(load_secrets({REFRESH: "r9"}, file).salesforce_refresh_token) == "r10"


def test_a_token_that_was_connected_anew_in_the_file_is_no_successor_any_more(
    file: CredentialFile,
) -> None:
    load_secrets({REFRESH: "r1"}, file).refresh_token(REFRESH).keep("r2")
    file.put({REFRESH: "anew", f"{REFRESH}_REPLACES": None})
    assert value(load_secrets({REFRESH: "r1"}, file).salesforce_refresh_token) == "r1"
    assert value(load_secrets({}, file).salesforce_refresh_token) == "anew"


def test_what_an_admin_gives_anew_counts_or_is_said_to_be_overruled(file: CredentialFile) -> None:
    env = {REFRESH: "dead", TOKEN: "pat-env"}
    said = store_secrets(env, file, {REFRESH: "anew", TOKEN: "pat-file"})
    assert said == [f"{TOKEN} is set in the environment, which wins; unset it there"]
    found = load_secrets(env, file)
    assert (value(found.salesforce_refresh_token), value(found.hubspot_token)) == (
        "anew",
        "pat-env",
    )
    assert store_secrets({}, file, {REFRESH: "later"}) == []
    assert value(load_secrets({REFRESH: "dead"}, file).salesforce_refresh_token) == "dead"


def test_another_process_sees_a_rotated_token_at_once(file: CredentialFile) -> None:
    file.put({REFRESH: "r1"})
    ours = load_secrets({}, file).refresh_token(REFRESH)
    theirs = load_secrets({}, CredentialFile(file.path)).refresh_token(REFRESH)
    with ours.turn():
        ours.keep("r2")
    with theirs.turn():
        assert value(theirs.current()) == "r2"


def test_a_token_that_cannot_be_saved_is_a_matter_of_configuration(tmp_path: Path) -> None:
    gone = CredentialFile(tmp_path / "gone" / "c")
    place = load_secrets({REFRESH: "r1"}, gone).refresh_token(REFRESH)
    with place.turn():
        assert value(place.current()) == "r1"
        with pytest.raises(ConfigError, match="cannot be written") as caught:
            place.keep("r2")
    assert "credentials: in hotlead.yaml" in caught.value.mend


SALESFORCE = "crm: salesforce\nsalesforce: {login_url: 'https://a.my.salesforce.com', "
ID = "HOTLEAD_SALESFORCE_CLIENT_ID"


@pytest.mark.parametrize(
    ("head", "needed"),
    [
        (f"{SALESFORCE}flow: jwt, username: a@b.c}}\n", [ID, "HOTLEAD_SALESFORCE_PRIVATE_KEY"]),
        (f"{SALESFORCE}flow: refresh_token}}\n", [ID, REFRESH]),
        (
            "crm: hubspot\nhubspot: {flow: oauth}\n",
            [f"HOTLEAD_HUBSPOT_{one}" for one in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")],
        ),
    ],
)
def test_each_way_to_log_in_needs_its_own_secrets(
    tmp_path: Path, head: str, needed: list[str]
) -> None:
    settings = load_settings(written(tmp_path, f"{head}policy:\n{INDENTED}"))
    assert missing_secrets(settings, load_secrets({})) == needed + SLACK


def test_the_file_is_beside_hotlead_yaml_or_where_the_setting_says(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, LEAST))
    assert settings.credentials == tmp_path / "hotlead.credentials"
    settings = load_settings(written(tmp_path, f"credentials: /run/secrets/hotlead\n{LEAST}"))
    assert settings.credentials == Path("/run/secrets/hotlead")
