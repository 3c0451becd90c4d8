"""One playing of a guide: what the admin has answered, what was found, what is to be written.

Nothing is written before it was tried: ``look`` works with the answers as they would be stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from connectors.base import Check
from connectors.guiding import Ask, Blame, Guide
from worker.clock import Clock
from worker.connect.config_file import PATTERNS, ConfigFile
from worker.connect.looking import install, look
from worker.credentials import CredentialFile
from worker.secrets import DEFAULT_CREDENTIALS, Secrets, load_secrets, store_secrets
from worker.settings import Settings, SettingsError, load_settings

Source = Literal["given", "environment", "kept", ""]
"""Where an answer is from: just given, the environment, or a file of an earlier run."""
_LARGEST_KEY = 64_000


class UnknownNameError(Exception):
    """There is no such flow, pattern or setting; the text names those that there are."""


class Guided:
    """The state of a playing; one thread at a time."""

    def __init__(
        self,
        guide: Guide,
        config: Path,
        env: Mapping[str, str],
        clock: Clock,
        *,
        redirect_uri: str = "",
        pattern: str = "",
    ) -> None:
        """Raises SettingsError or SecretsError for files that are there and cannot be used."""
        self.guide = guide
        self.clock = clock
        self.redirect_uri = redirect_uri
        self._env = env
        self._given: dict[str, str] = {}
        self._path = config
        self.choose_pattern(pattern)
        place = str(self.config.value("credentials") or DEFAULT_CREDENTIALS)
        self.credentials = CredentialFile(config.resolve().parent / place)
        self.credentials_shown = config.parent / place
        self._kept = self.credentials.read()
        chosen = str(self.config.value(f"{guide.name}.flow") or "")
        fitting = [one for one in guide.flows if chosen in one.settings.values()]
        self.flow = (fitting or list(guide.flows))[0]

    def choose_pattern(self, pattern: str) -> None:
        """Which preset a file that is not there yet begins as."""
        if pattern and pattern not in PATTERNS:
            raise UnknownNameError(f"there is no pattern {pattern}; use {', '.join(PATTERNS)}")
        self.pattern = pattern
        self.config = ConfigFile(self._path, pattern)

    def choose_flow(self, name: str) -> None:
        """Another way to log in; what was given for both stays given."""
        try:
            self.flow = self.guide.flow(name)
        except KeyError:
            known = ", ".join(one.name for one in self.guide.flows)
            said = f"{self.guide.title} has no flow {name}; use {known}"
            raise UnknownNameError(said) from None

    # Answers.

    def source(self, ask: Ask) -> Source:
        """Where the present answer is from; '' for none."""
        if ask.name in self._given:
            return "given"
        if ask.secret:
            if self._in_environment(ask.name):
                return "environment"
            return "kept" if ask.name in self._kept else ""
        return "kept" if self._setting(ask) else ""

    def shown(self, ask: Ask) -> str:
        """The present answer of a setting; '' for none, and for every secret."""
        return "" if ask.secret else self._given.get(ask.name) or self._setting(ask)

    def give(self, ask: Ask, text: str) -> str:
        """Take an answer. What is wrong with it, without repeating it, or ''."""
        tidied = ask.tidy(text)
        complaint = ask.complaint(tidied)
        if not complaint:
            self._given[ask.name] = tidied
        return complaint

    def give_file(self, ask: Ask, path: str) -> str:
        """Take the text of a file as the answer. What is wrong with it, or ''."""
        try:
            with Path(path).expanduser().open("rb") as stream:
                text = stream.read(_LARGEST_KEY).decode()
        except OSError as error:
            return f"the file cannot be read: {error.strerror}; check the path"
        except ValueError:  # not UTF-8, or no path at all
            return f"this is no text file; {ask.where}"
        return self.give(ask, text)

    def give_secret(self, name: str, value: SecretStr) -> None:
        """Take a secret that no person typed, such as the refresh token of a log-in."""
        self._given[name] = value.get_secret_value()

    def take_back(self, names: Iterable[str]) -> None:
        """Forget answers that turned out wrong."""
        for name in names:
            self._given.pop(name, None)

    def set(self, path: str, value: str) -> None:
        """Take a setting by its path, such as 'hubspot.base_url', of this system only."""
        asks = {ask.name: ask for ask in self.flow.asks() if not ask.secret}
        if path in asks:
            complaint = self.give(asks[path], value)
            if complaint:
                raise UnknownNameError(f"{path}: {complaint}")
        elif path.startswith(f"{self.guide.name}.") and path.count(".") == 1:
            self._given[path] = value
        else:
            raise UnknownNameError(f"{path} is no setting of {self.guide.title}")

    def lacking(self) -> list[Ask]:
        """What is still to be asked."""
        return [ask for ask in self.flow.asks() if not self.source(ask)]

    def consented(self) -> bool:
        """Whether the log-in in the browser has been done, now or earlier."""
        name = self.guide.refresh_token
        return name in self._given or name in self._kept or self._in_environment(name)

    def _in_environment(self, name: str) -> bool:
        return name in self._env or f"{name}_FILE" in self._env

    def values(self) -> dict[str, str]:
        """What the texts of the guide may name."""
        known = {ask.name.partition(".")[2]: self.shown(ask) for ask in self.flow.asks()}
        known["redirect_uri"] = self.redirect_uri
        return {name: value for name, value in known.items() if name and value}

    def _setting(self, ask: Ask) -> str:
        value = str(self.config.value(ask.name) or "")
        return "" if "YOUR-" in value else value  # a preset's own, to be replaced

    def check_file(self) -> None:
        """Raises SettingsError for what is wrong in the file and no answer will mend.

        Before the first question, and with the lines of the file as it is.
        """
        if not self.config.exists:
            return
        examples = {
            ask.name: ask.example
            for ask in self.flow.asks()
            if not ask.secret and not self.shown(ask)
        }
        try:
            load_settings(self.config.path)
        except SettingsError:
            try:
                load_settings(self.config.path, self.config.changed(self.planned() | examples))
            except SettingsError:
                pass
            else:
                return
            raise

    # What is to be written.

    def planned(self) -> dict[str, str]:
        """The settings that will stand in hotlead.yaml, by path."""
        crm = {"crm": self.guide.name} if self.guide.kind == "crm" else {}
        given = {name: value for name, value in self._given.items() if "." in name}
        return crm | given | dict(self.flow.settings)

    def after(self) -> str:
        """What hotlead.yaml will hold. Raises SettingsError."""
        there = {path: self.config.value(path) for path in self.planned()}
        return self.config.changed(
            {path: value for path, value in self.planned().items() if there[path] != value}
        )

    def diff(self) -> str:
        """The change of hotlead.yaml, or of the preset that it begins as; '' for none."""
        return self.config.diff(self.after())

    def anything_new(self) -> bool:
        """Whether there is something to write."""
        return bool(self.new_secrets()) or self.config.differs(self.after())

    def new_secrets(self) -> list[str]:
        """The names of the secrets that will be stored."""
        return [name for name in self._given if "." not in name]

    def settings(self) -> Settings:
        """The settings as they would be. Raises SettingsError."""
        return load_settings(self.config.path, self.after())

    def secrets(self) -> Secrets:
        """The secrets as they would be. Raises SecretsError."""
        given = {name: self._given[name] for name in self.new_secrets()}
        if self.guide.refresh_token not in given:
            return load_secrets(given | dict(self._env), self.credentials)
        # A new refresh token that the vendor replaces while it is tried must not come into the
        # file before the rest of what belongs to it.
        kept = {name: value.get_secret_value() for name, value in self._kept.items()}
        # It also takes the place of one that the environment holds, as it will when it is stored.
        token = self.guide.refresh_token
        env = {
            name: value for name, value in self._env.items() if name not in (token, f"{token}_FILE")
        }
        outer = {name.removesuffix("_FILE") for name in env}
        inner = {name: value for name, value in (kept | given).items() if name not in outer}
        return load_secrets(inner | env)

    def look(self) -> Iterator[Check]:
        """Try it all; changes nothing. Raises SettingsError or SecretsError."""
        secrets = self.secrets()
        try:
            yield from look(self.guide, self.settings(), secrets, self.clock)
        finally:
            name = self.guide.refresh_token
            if name in self._given:
                latest = secrets.refresh_token(name).current()
                self._given[name] = latest.get_secret_value() if latest else self._given[name]

    def install(self, *, check_only: bool) -> Iterator[Check]:
        """Install what ships for the system, by what is stored; raises as ``look`` does."""
        return install(
            self.guide, self.settings(), self.secrets(), self.clock, check_only=check_only
        )

    def blamed(self, checks: Iterable[Check]) -> list[Blame]:
        """Which answers the failed checks speak of, in the order of the checks."""
        return [
            blame
            for check in checks
            if check.state == "fail"
            for blame in self.guide.blames_for(check.name, check.text)
        ]

    def refused(self, checks: Sequence[Check]) -> bool:
        """Whether the answers themselves do not work, so that they are not worth storing."""
        return checks[0].state == "fail" or any(blame.asks for blame in self.blamed(checks))

    def keep(self) -> list[Path]:
        """Write what was given: first the secrets, then the settings. The files written.

        Raises SecretsError or UnwritableError.
        """
        written = []
        secrets = {name: self._given[name] for name in self.new_secrets()}
        if secrets:
            store_secrets(self._env, self.credentials, secrets)
            written.append(self.credentials_shown)
        after = self.after()
        if self.config.differs(after):
            self.config.write(after)
            written.append(self.config.path)
        self.config = ConfigFile(self._path)
        self._kept = self.credentials.read()
        self._given = {}
        return written
