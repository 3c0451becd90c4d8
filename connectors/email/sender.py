"""Sends messages by SMTP, each once and by a connection of its own, with the standard library."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from pydantic import SecretStr

from connectors.email.addresses import mailbox
from connectors.email.errors import Words
from connectors.email.settings import SmtpSettings
from connectors.errors import ConnectorError, PermanentError

PLAIN = SMTP.clone(cte_type="7bit")
"""Lines end as SMTP has it, and every server can carry them: some lack 8BITMIME."""
_GO_ON, _DONE = 354, range(200, 300)
_DOT = re.compile(rb"^\.", re.MULTILINE)


class Mailer:
    """Sends by one server. A connection a message: there are few of them.

    ``section`` of hotlead.yaml is where errors send the admin.
    """

    def __init__(
        self, settings: SmtpSettings, password: SecretStr | None, section: str = "audit.smtp"
    ) -> None:
        self.settings = settings
        self._password = password
        self._words = Words(settings, section)

    def message(self, to: Sequence[str], subject: str) -> EmailMessage:
        """A message without its text. Raises PermanentError for what is no address."""
        made = EmailMessage(policy=PLAIN)
        made["From"] = Address("Hotlead", addr_spec=self.settings.sender)
        made["To"] = [Address(addr_spec=_checked(one)) for one in to]
        made["Subject"] = one_line(subject)
        made["Date"] = formatdate()
        made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply, please
        made["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
        return made

    def send(self, to: Sequence[str], subject: str, text: str) -> None:
        """Send a plain message to everybody in ``to``; raises as ``post`` does."""
        made = self.message(to, subject)
        made["Message-ID"] = make_msgid(domain=self.settings.sender.rpartition("@")[2])
        made.set_content(text)
        self.post(to, made)

    def post(self, to: Sequence[str], message: EmailMessage) -> None:
        """Send once.

        Raises AuthError, ConfigError, PermanentError when the server refuses it (5xx),
        TemporaryError when nothing was sent, UnclearError when it may have been. Whoever of
        several is refused is named; the others have it then.
        """
        content = _DOT.sub(b"..", message.as_bytes())
        with self.trial() as server:
            server.begin()
            refused = [error for one in to if (error := server.recipient(one)) is not None]
            if len(refused) == len(to):
                raise refused[0]
            server.content(content)
        if refused:
            raise PermanentError("; ".join(map(str, refused)), mend=refused[0].mend)

    @contextmanager
    def trial(self) -> Iterator[Trial]:
        """A connection that is logged in. Raises AuthError, ConfigError, TemporaryError."""
        with self._words.told():
            server = self._connected()
        try:
            yield Trial(server, self._words)
            # What was answered stands, whatever becomes of the good-bye.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
        finally:
            server.close()

    def _connected(self) -> smtplib.SMTP:
        one = self.settings
        if one.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                one.host, one.port, timeout=one.timeout, context=self._context()
            )
        else:
            server = smtplib.SMTP(one.host, one.port, timeout=one.timeout)
        try:
            if one.security == "starttls":
                server.starttls(context=self._context())
            server.ehlo_or_helo_if_needed()
            if one.user and self._password is not None:
                server.login(one.user, self._password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.settings.ca_file is not None:
            context.load_verify_locations(self.settings.ca_file)
        return context


@dataclass(frozen=True, slots=True)
class Trial:
    """A dialogue that sends nothing unless ``content`` is called."""

    server: smtplib.SMTP
    words: Words

    def begin(self) -> None:
        """Say who sends. Raises ConnectorError when the server does not take it."""
        with self.words.told():
            code, said = self.server.mail(self.words.settings.sender)
        if code not in _DONE:
            raise self.words.refusal("sender", code, said)

    def again(self) -> None:
        """Forget the recipients and begin anew: servers allow a hundred of them at least."""
        with self.words.told():
            self.server.rset()
        self.begin()

    def recipient(self, address: str) -> ConnectorError | None:
        """Why the server takes no message for this address; None when it does."""
        with self.words.told():
            code, said = self.server.rcpt(_checked(address))
        return None if code in _DONE else self.words.refusal("recipient", code, said, address)

    def content(self, content: bytes) -> None:
        """Send the message itself; UnclearError when no answer came."""
        with self.words.told():
            code, said = self.server.docmd("DATA")
        if code != _GO_ON:
            raise self.words.refusal("message", code, said)
        try:
            if self.server.sock is not None:
                self.server.sock.settimeout(self.words.settings.accept_timeout)
            self.server.send(content.removesuffix(b"\r\n") + b"\r\n.\r\n")
            code, said = self.server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise self.words.unclear(error) from error
        if code not in _DONE:
            raise self.words.refusal("message", code, said)


def one_line(text: str) -> str:
    """A hostile text as one line that can stand in a header."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(shown.encode("utf-8", "replace").decode().split())


def _checked(address: str) -> str:
    found = mailbox(address)
    if found is None:
        raise PermanentError(
            f"{address!r} is no e-mail address that a message can go to",
            mend="correct it in the CRM or in the policy",
        )
    return found
