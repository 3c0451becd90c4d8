"""Secrets from the environment, each by its name or, as ``NAME_FILE``, from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from worker.intake.signature import SecretError, check_secrets

SALESFORCE_CLIENT_ID = "HOTLEAD_SALESFORCE_CLIENT_ID"
SALESFORCE_CLIENT_SECRET = "HOTLEAD_SALESFORCE_CLIENT_SECRET"  # noqa: S105 - a name
HUBSPOT_TOKEN = "HOTLEAD_HUBSPOT_TOKEN"  # noqa: S105 - a name
SLACK_BOT_TOKEN = "HOTLEAD_SLACK_BOT_TOKEN"  # noqa: S105 - a name
SLACK_APP_TOKEN = "HOTLEAD_SLACK_APP_TOKEN"  # noqa: S105 - a name
SIGNALS_SECRET = "HOTLEAD_SIGNALS_SECRET"  # noqa: S105 - a name
_MOST_BYTES = 64_000


class SecretsError(Exception):
    """Secrets are there but cannot be used; ``problems`` names each, never its value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What was found; None where neither form is set. ``repr`` shows no value."""

    salesforce_client_id: SecretStr | None = None
    salesforce_client_secret: SecretStr | None = None
    hubspot_token: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    signals_secret: SecretStr | None = None


def load_secrets(env: Mapping[str, str]) -> Secrets:
    """Read all secrets. Raises SecretsError listing every one that is set but unusable."""
    problems: list[str] = []

    def one(name: str) -> SecretStr | None:
        try:
            return _read(name, env)
        except SecretsError as error:
            problems.extend(error.problems)
            return None

    found = Secrets(
        salesforce_client_id=one(SALESFORCE_CLIENT_ID),
        salesforce_client_secret=one(SALESFORCE_CLIENT_SECRET),
        hubspot_token=one(HUBSPOT_TOKEN),
        slack_bot_token=one(SLACK_BOT_TOKEN),
        slack_app_token=one(SLACK_APP_TOKEN),
        signals_secret=one(SIGNALS_SECRET),
    )
    if found.signals_secret is not None:
        try:
            check_secrets(found.signals_secret.get_secret_value())
        except SecretError as error:
            problems.append(f"{SIGNALS_SECRET} {error}")
    if problems:
        raise SecretsError(problems)
    return found


def _read(name: str, env: Mapping[str, str]) -> SecretStr | None:
    value, file = env.get(name), env.get(f"{name}_FILE")
    if value is not None and file is not None:
        raise SecretsError([f"{name} and {name}_FILE are both set; unset one"])
    if value is None and file is None:
        return None
    if file is not None:
        value, name = _read_file(name, file), f"{name}_FILE"
    text = (value or "").strip()
    if not text:
        raise SecretsError([f"{name} is empty; set it or unset it"])
    if not text.isprintable():
        raise SecretsError([f"{name} holds a line break or a control character; copy it again"])
    return SecretStr(text)


def _read_file(name: str, file: str) -> str:
    try:
        with Path(file).open("rb") as stream:
            return stream.read(_MOST_BYTES).decode()
    except OSError as error:
        what = f"{name}_FILE: {file} cannot be read: {error.strerror}"
        raise SecretsError([f"{what}; check the path and its permissions"]) from error
    except ValueError as error:  # not UTF-8, or a path with a NUL
        raise SecretsError([f"{name}_FILE: {file!r} is no text file in UTF-8"]) from error
