"""Sends one plain message by SMTP, with the standard library alone."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from pydantic import SecretStr

from connectors.email.settings import SmtpSettings
from connectors.errors import AuthError, PermanentError, TemporaryError

_TEMPORARY = range(400, 500)


class Mailer:
    """Sends by one server. A connection a message: there are few of them."""

    def __init__(self, settings: SmtpSettings, password: SecretStr | None) -> None:
        self._settings = settings
        self._password = password

    def send(self, to: Sequence[str], subject: str, text: str) -> None:
        """Send a message to everybody in ``to``.

        Raises AuthError, PermanentError when the server refuses it (RFC 5321, 5xx),
        TemporaryError when it may pass later. Whoever of several is refused is named.
        """
        message = EmailMessage()
        message["From"] = self._settings.sender
        message["To"] = ", ".join(to)
        message["Subject"] = " ".join(subject.split())
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._settings.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply, please
        message.set_content(text)
        try:
            with self._connected() as server:
                refused = server.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            raise AuthError(
                f"the mail server does not let {self._settings.user} in ({_said(error)})",
                mend="check audit.smtp.user and HOTLEAD_SMTP_PASSWORD",
            ) from error
        except smtplib.SMTPRecipientsRefused as error:
            raise PermanentError(
                f"the mail server refuses {', '.join(error.recipients)}"
            ) from error
        except smtplib.SMTPResponseException as error:
            kind = TemporaryError if error.smtp_code in _TEMPORARY else PermanentError
            raise kind(f"the mail server refuses the message ({_said(error)})") from error
        except ssl.SSLCertVerificationError as error:
            raise PermanentError(
                f"the certificate of {self._settings.host} is not to be trusted: "
                f"{error.verify_message}",
                mend="name its certificate in audit.smtp.ca_file",
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise PermanentError(f"the mail server cannot do what is asked: {error}") from error
        except (OSError, smtplib.SMTPException) as error:
            name = f"{self._settings.host}:{self._settings.port}"
            raise TemporaryError(f"the mail server {name} does not answer: {error}") from error
        if refused:
            raise PermanentError(f"the mail server refuses {', '.join(sorted(refused))}")

    def _connected(self) -> smtplib.SMTP:
        one = self._settings
        if one.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                one.host, one.port, timeout=one.timeout, context=self._context()
            )
        else:
            server = smtplib.SMTP(one.host, one.port, timeout=one.timeout)
        try:
            if one.security == "starttls":
                server.starttls(context=self._context())
            if one.user and self._password is not None:
                server.login(one.user, self._password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._settings.ca_file is not None:
            context.load_verify_locations(self._settings.ca_file)
        return context


def _said(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return f"{error.smtp_code} {said}"[:200]
