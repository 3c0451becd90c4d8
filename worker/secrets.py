"""Secrets: from the environment (``NAME``, or ``NAME_FILE`` with a file's path), else from the
file of credentials beside hotlead.yaml.

The environment wins, and a note says so. A refresh token is the one exception, because it changes
while Hotlead runs: when the CRM replaces one that came from the environment, its successor goes
into the file together with a fingerprint of what it replaces, and wins for as long as the
environment holds that same old token. A new token in the environment wins again.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from connectors.errors import ConfigError
from connectors.oauth import RefreshToken, TokenInMemory
from worker.credentials import CredentialFile, SecretsError
from worker.intake.signature import SecretError, check_secrets

__all__ = ["CredentialFile", "Secrets", "SecretsError", "load_secrets", "store_secrets"]

DEFAULT_CREDENTIALS = "hotlead.credentials"
"""Beside hotlead.yaml, unless the setting ``credentials`` says otherwise."""

SALESFORCE_CLIENT_ID = "HOTLEAD_SALESFORCE_CLIENT_ID"
SALESFORCE_CLIENT_SECRET = "HOTLEAD_SALESFORCE_CLIENT_SECRET"  # noqa: S105 - a name
SALESFORCE_PRIVATE_KEY = "HOTLEAD_SALESFORCE_PRIVATE_KEY"
SALESFORCE_REFRESH_TOKEN = "HOTLEAD_SALESFORCE_REFRESH_TOKEN"  # noqa: S105 - a name
HUBSPOT_TOKEN = "HOTLEAD_HUBSPOT_TOKEN"  # noqa: S105 - a name
HUBSPOT_CLIENT_ID = "HOTLEAD_HUBSPOT_CLIENT_ID"
HUBSPOT_CLIENT_SECRET = "HOTLEAD_HUBSPOT_CLIENT_SECRET"  # noqa: S105 - a name
HUBSPOT_REFRESH_TOKEN = "HOTLEAD_HUBSPOT_REFRESH_TOKEN"  # noqa: S105 - a name
SLACK_BOT_TOKEN = "HOTLEAD_SLACK_BOT_TOKEN"  # noqa: S105 - a name
SLACK_APP_TOKEN = "HOTLEAD_SLACK_APP_TOKEN"  # noqa: S105 - a name
GOOGLE_PRIVATE_KEY = "HOTLEAD_GOOGLE_PRIVATE_KEY"
OUTLOOK_CLIENT_SECRET = "HOTLEAD_OUTLOOK_CLIENT_SECRET"  # noqa: S105 - a name
SIGNALS_SECRET = "HOTLEAD_SIGNALS_SECRET"  # noqa: S105 - a name
SMTP_PASSWORD = "HOTLEAD_SMTP_PASSWORD"  # noqa: S105 - a name
NAMES = (
    SALESFORCE_CLIENT_ID,
    SALESFORCE_CLIENT_SECRET,
    SALESFORCE_PRIVATE_KEY,
    SALESFORCE_REFRESH_TOKEN,
    HUBSPOT_TOKEN,
    HUBSPOT_CLIENT_ID,
    HUBSPOT_CLIENT_SECRET,
    HUBSPOT_REFRESH_TOKEN,
    SLACK_BOT_TOKEN,
    SLACK_APP_TOKEN,
    GOOGLE_PRIVATE_KEY,
    OUTLOOK_CLIENT_SECRET,
    SIGNALS_SECRET,
    SMTP_PASSWORD,
)
"""All that may stand in the file of credentials, but for the fingerprints of refresh tokens."""
_REFRESH = (SALESFORCE_REFRESH_TOKEN, HUBSPOT_REFRESH_TOKEN)
_REPLACES = {name: f"{name}_REPLACES" for name in _REFRESH}
_LINES = frozenset({SALESFORCE_PRIVATE_KEY, GOOGLE_PRIVATE_KEY})
"""Those of several lines; on one line they are written with \\n."""
_MOST_BYTES = 64_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What was found; None where it is nowhere. ``repr`` shows no value.

    ``notes`` are sentences about where something came from that a person might not expect.
    """

    salesforce_client_id: SecretStr | None = None
    salesforce_client_secret: SecretStr | None = None
    salesforce_private_key: SecretStr | None = None
    salesforce_refresh_token: SecretStr | None = None
    hubspot_token: SecretStr | None = None
    hubspot_client_id: SecretStr | None = None
    hubspot_client_secret: SecretStr | None = None
    hubspot_refresh_token: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    google_private_key: SecretStr | None = None
    outlook_client_secret: SecretStr | None = None
    signals_secret: SecretStr | None = None
    smtp_password: SecretStr | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)
    _places: Mapping[str, RefreshToken] = field(default_factory=dict, repr=False, compare=False)

    def refresh_token(self, name: str) -> RefreshToken:
        """Where the refresh token of this name is kept and a rotated one is saved."""
        return self._places.get(name) or TokenInMemory(None)


def load_secrets(env: Mapping[str, str], file: CredentialFile | None = None) -> Secrets:
    """Read all secrets. Raises SecretsError listing every one that is set but unusable."""
    problems: list[str] = []
    filed = _filed(file, problems)
    found: dict[str, SecretStr] = {}
    notes: list[str] = []
    for name in NAMES:
        try:
            value, note = _one(name, env, filed, file)
        except SecretsError as error:
            problems.extend(error.problems)
            continue
        if value is not None:
            found[name] = value
        if note:
            notes.append(note)
    signing = found.get(SIGNALS_SECRET)
    if signing is not None:
        try:
            check_secrets(signing.get_secret_value())
        except SecretError as error:
            problems.append(f"{SIGNALS_SECRET} {error}")
    if problems:
        raise SecretsError(problems)
    places = {name: _place(name, env, file, found.get(name)) for name in _REFRESH}
    values = {name.removeprefix("HOTLEAD_").lower(): value for name, value in found.items()}
    return Secrets(**values, notes=tuple(notes), _places=places)


def store_secrets(
    env: Mapping[str, str], file: CredentialFile, values: Mapping[str, str | SecretStr]
) -> list[str]:
    """Put what an admin has just given into the file, all or nothing.

    A new refresh token takes the place of one that the environment holds. Whatever else the
    environment holds goes on to win: a sentence for each such name. Raises SecretsError.
    """
    changes: dict[str, str | SecretStr | None] = dict(values)
    overruled = []
    for name in values:
        held = name in env or f"{name}_FILE" in env
        if name in _REPLACES:
            outer = _from_environment(name, env) if held else None
            changes[_REPLACES[name]] = None if outer is None else _fingerprint(outer)
        elif held:
            overruled.append(f"{name} is set in the environment, which wins; unset it there")
    file.put(changes)
    return overruled


def _filed(file: CredentialFile | None, problems: list[str]) -> Mapping[str, SecretStr]:
    """What the file holds; what it may not hold is a problem."""
    try:
        held = file.read() if file is not None else {}
    except SecretsError as error:
        problems.extend(error.problems)
        return {}
    known = {*NAMES, *_REPLACES.values()}
    for name in held:
        if name not in known:
            near = difflib.get_close_matches(name, NAMES, 1, 0.8)
            mend = f"did you mean {near[0]}?" if near else "remove the line"
            problems.append(f"{file.path if file else ''} sets {name}, which is unknown; {mend}")
    return held


def _one(
    name: str, env: Mapping[str, str], filed: Mapping[str, SecretStr], file: CredentialFile | None
) -> tuple[SecretStr | None, str]:
    """The value that counts, and a note where another one was passed over."""
    outer = _from_environment(name, env)
    inner = filed.get(name)
    where = file.path if file is not None else ""
    if inner is not None:
        inner = _shaped(f"{where}: {name}", name, inner.get_secret_value())
    if outer is None or inner is None:
        return outer or inner, ""
    replaced = filed.get(_REPLACES.get(name, ""))
    if replaced is not None and replaced.get_secret_value() == _fingerprint(outer):
        told = "the CRM has replaced it since, so its successor is taken from"
        return inner, f"{name} is set in the environment, but {told} {where}"
    return outer, f"{name} is set in the environment, which wins over {where}"


def _from_environment(name: str, env: Mapping[str, str]) -> SecretStr | None:
    value, path = env.get(name), env.get(f"{name}_FILE")
    if value is not None and path is not None:
        raise SecretsError([f"{name} and {name}_FILE are both set; unset one"])
    if path is not None:
        return _shaped(f"{name}_FILE", name, _read_file(name, path))
    return None if value is None else _shaped(name, name, value)


def _shaped(shown: str, name: str, value: str) -> SecretStr:
    text = value.strip()
    if not text:
        raise SecretsError([f"{shown} is empty; set it or unset it"])
    if name in _LINES:
        text = text.replace("\\n", "\n").replace("\r\n", "\n")
    if not (text.replace("\n", "") if name in _LINES else text).isprintable():
        raise SecretsError([f"{shown} holds a line break or a control character; copy it again"])
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


def _fingerprint(value: SecretStr) -> str:
    return hashlib.sha256(value.get_secret_value().encode()).hexdigest()


def _place(
    name: str, env: Mapping[str, str], file: CredentialFile | None, value: SecretStr | None
) -> RefreshToken:
    return TokenInMemory(value) if file is None else _TokenInFile(name, env, file)


class _TokenInFile(RefreshToken):
    """A refresh token that the file keeps, or the environment until the CRM replaces it."""

    def __init__(self, name: str, env: Mapping[str, str], file: CredentialFile) -> None:
        self._name = name
        self._env = {one: env[one] for one in (name, f"{name}_FILE") if one in env}
        self._file = file

    def __repr__(self) -> str:
        return f"<{self._name} in {self._file.path}>"

    def current(self) -> SecretStr | None:
        """As the base says."""
        with _as_config():
            return _one(self._name, self._env, self._file.read(), self._file)[0]

    def keep(self, token: str) -> None:
        """As the base says."""
        with _as_config():
            store_secrets(self._env, self._file, {self._name: token})

    @contextmanager
    def turn(self) -> Iterator[None]:
        """As the base says."""
        with _as_config(), self._file.turn():
            yield


@contextmanager
def _as_config() -> Iterator[None]:
    try:
        yield
    except SecretsError as error:
        what, _, mend = str(error).partition("; ")
        raise ConfigError(what, mend=mend) from error
