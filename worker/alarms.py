"""Other ways to an admin than the surface: e-mail, a web address, a command.

They carry what the surface may be unable to: that the audit found something missing, and that the
surface itself delivers nothing.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from connectors.email.sender import Mailer
from connectors.errors import ConnectorError, PermanentError, TemporaryError
from connectors.http import CallCounter, HttpSettings, Seam, session
from worker.secrets import Secrets
from worker.sections import AuditSettings

log = logging.getLogger(__name__)
_PASSED_ON = ("PATH", "HOME", "LANG", "TZ", "SYSTEMROOT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What is said: ``state`` is 'wrong' or 'well'; one ``key`` for both."""

    key: str
    state: str
    text: str

    @property
    def title(self) -> str:
        """A subject line."""
        return "Hotlead needs a look" if self.state == "wrong" else "Hotlead is well again"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the admins; ``tell`` raises ConnectorError."""

    name: str
    tell: Callable[[Alarm], None]


class Alarms:
    """All ways that are set up. ``failed`` keeps each way's last error, for the health page."""

    def __init__(self, ways: Sequence[Way] = ()) -> None:
        self.ways = tuple(ways)
        self.failed: dict[str, str] = {}

    def tell(self, alarm: Alarm) -> bool:
        """Tell it by every way; whether one of them took it."""
        taken = False
        for way in self.ways:
            try:
                way.tell(alarm)
            except ConnectorError as error:
                self.failed[way.name] = f"{error} {error.mend}".strip()
                log.error("an alarm did not get through by %s: %s", way.name, error)
            else:
                self.failed.pop(way.name, None)
                taken = True
        return taken


def alarms_for(
    settings: AuditSettings, secrets: Secrets, http: HttpSettings, admins: Sequence[str]
) -> Alarms:
    """The ways of the settings; e-mail goes to ``admins`` unless it is told to whom."""
    ways: list[Way] = []
    if settings.smtp is not None:
        mailer = Mailer(settings.smtp, secrets.smtp_password)
        to = settings.to or tuple(admins)
        ways.append(Way("smtp", lambda one: mailer.send(to, one.title, one.text)))
    if settings.webhook:
        post = _poster(settings.webhook, http)
        ways.append(Way("webhook", post))
    if settings.command:
        command = settings.command
        ways.append(Way("command", lambda one: _run(command, settings.timeout, one)))
    return Alarms(ways)


def _poster(url: str, http: HttpSettings) -> Callable[[Alarm], None]:
    client = session(Seam(http, CallCounter()))

    def post(alarm: Alarm) -> None:
        # `text` is what chat systems' incoming webhooks show.
        body: dict[str, Any] = {"text": f"{alarm.title}: {alarm.text}"}
        body |= {"key": alarm.key, "state": alarm.state}
        try:
            answer = client.post(url, json=body, allow_redirects=False)
        except requests.RequestException as error:
            # The address may carry a token, so that the error's own words are not repeated.
            raise TemporaryError(f"audit.webhook: {type(error).__name__}") from error
        if answer.status_code >= 300:
            raise TemporaryError(f"audit.webhook answered {answer.status_code}")

    return post


def _run(command: Sequence[str], timeout: float, alarm: Alarm) -> None:
    """The text is given on standard input, so that nothing of it is ever an argument."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    given = json.dumps({"key": alarm.key, "state": alarm.state, "text": alarm.text})
    try:
        done = subprocess.run(  # noqa: S603 - the admin's own command, without a shell
            list(command),
            input=given,
            text=True,
            capture_output=True,
            timeout=timeout,
            env=kept,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TemporaryError(f"audit.command took longer than {timeout:g} s") from error
    except OSError as error:
        raise PermanentError(
            f"audit.command cannot be run: {error.strerror}", mend="check its path"
        ) from error
    if done.returncode:
        raise TemporaryError(f"audit.command ended with {done.returncode}: {done.stderr[-200:]}")
