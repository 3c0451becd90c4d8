"""What a mail server's words mean: RFC 5321 (replies), 3463 (their classes), 4954 (log-in)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connectors.email.settings import SmtpSettings
from connectors.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    PermanentError,
    TemporaryError,
    UnclearError,
)

_TEMPORARY = range(400, 500)
_LOGIN = (530, 534, 535, 538)
UNCLEAR_TRIES = 6
"""A message of which nobody knows whether it was taken is sent so often at most."""


@dataclass(frozen=True, slots=True)
class Words:
    """Makes errors that name the server and the ``section`` of hotlead.yaml to mend."""

    settings: SmtpSettings
    section: str

    def refusal(self, step: str, code: int, text: bytes | str, whom: str = "") -> ConnectorError:
        """The error for a reply that is no yes. ``step``: login, sender, recipient, message."""
        said = spoken(code, text)
        if code in _TEMPORARY:
            return TemporaryError(f"the mail server puts {whom or 'us'} off ({said})")
        if step == "login" or code in _LOGIN:
            return AuthError(
                f"the mail server does not let {self.settings.user or 'anybody'} in ({said})",
                mend=f"check {self.section}.user and HOTLEAD_SMTP_PASSWORD",
            )
        if step == "sender":
            return ConfigError(
                f"the mail server does not send for {self.settings.sender} ({said})",
                mend=f"name in {self.section}.sender an address that the log-in may send from",
            )
        if step == "recipient" and " 5.7." in f" {said}":
            return ConfigError(
                f"the mail server does not let us send to {whom} ({said})",
                mend="let this log-in send to that address, or name another server",
            )
        if step == "recipient":
            return PermanentError(
                f"the mail server refuses {whom} ({said})",
                mend=f"correct the e-mail {whom} in the CRM or the policy, or open the mailbox",
            )
        return PermanentError(f"the mail server refuses the message ({said})")

    def unclear(self, error: Exception) -> UnclearError:
        """The message went out whole or in part, and no answer came."""
        return UnclearError(
            f"the mail server was given the message and did not answer: {error}",
            tries=UNCLEAR_TRIES,
        )

    @contextmanager
    def told(self) -> Iterator[None]:
        """Translates what the connection raises, while no message is under way."""
        name = f"{self.settings.host}:{self.settings.port}"
        try:
            yield
        except smtplib.SMTPAuthenticationError as error:
            raise self.refusal("login", error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPResponseException as error:
            raise self.refusal("message", error.smtp_code, error.smtp_error) from error
        except ssl.SSLCertVerificationError as error:
            raise ConfigError(
                f"the certificate of {self.settings.host} is not to be trusted: "
                f"{error.verify_message}",
                mend=f"name its certificate in {self.section}.ca_file",
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise ConfigError(
                f"the mail server {name} cannot do what is asked: {error}",
                mend=f"set {self.section}.security and {self.section}.user to what it offers",
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise TemporaryError(f"the mail server {name} does not answer: {error}") from error


def spoken(code: int, text: bytes | str) -> str:
    """A reply on one line."""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(f"{code} {said}".split())[:200]
