"""E-mail as the worker sees it: a place is an address, and what was sent stays as it is."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from pydantic import SecretStr

from connectors.base import Abilities, ButtonPress, Card, Check, Question, Sent
from connectors.email.addresses import mailbox
from connectors.email.checks import checks, refused
from connectors.email.content import LONGEST_TEXT, content
from connectors.email.sender import Mailer
from connectors.email.settings import SmtpSettings
from connectors.errors import ConnectorError, PermanentError

HEALTH_SECONDS = 60.0
AT_ONCE = 50


class Email:
    """The surface. ``remote_id`` is the Message-ID, which follows from the card's key."""

    name = "email"
    abilities = Abilities(
        can_update=False,
        has_buttons=False,
        can_find=False,
        longest_text=LONGEST_TEXT,
        seconds_between=0.0,
        called="e-mail",
        invite="give the CRM user an e-mail address that your mail server takes",
    )

    def __init__(self, settings: SmtpSettings, password: SecretStr | None) -> None:
        self._mailer = Mailer(settings, password, "email")
        self._lock = threading.Lock()
        self._health: dict[str, object] = {}
        self._asked = -HEALTH_SECONDS

    def find_person(self, email: str) -> str | None:
        """The address itself; None when no message can go there."""
        return mailbox(email)

    def known_people(self, emails: Sequence[str]) -> set[str]:
        """Those whom the server does not refuse; it may take any address of other domains."""
        good = [one for one in emails if mailbox(one)]
        if not good:
            return set()
        with self._mailer.trial() as server:
            return set(good) - set(refused(server, good, AT_ONCE))

    def find_email(self, address: str) -> str | None:
        """The address itself."""
        return mailbox(address)

    def send(self, place: str, card: Card) -> Sent:
        """Send once; UnclearError when it was given away and not answered.

        A second copy has the same Message-ID, by which mail systems know it.
        """
        said = content(card)
        message = self._mailer.message([place], said.subject)
        message["Message-ID"] = self._id(card.key)
        if card.alert_id:
            message["References"] = self._id(f"alert {card.alert_id}")
        message.set_content(said.text)
        message.add_alternative(said.html, subtype="html")
        self._mailer.post([place], message)
        return Sent(remote_id=str(message["Message-ID"]))

    def _id(self, key: str) -> str:
        domain = self._mailer.settings.sender.rpartition("@")[2]
        return f"<{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:32]}@{domain}>"

    def update(self, remote_id: str, card: Card) -> None:  # noqa: ARG002
        """Cannot be; raises PermanentError."""
        raise PermanentError("an e-mail that was sent cannot be changed")

    def find(self, place: str, key: str, since: datetime) -> Sent | None:  # noqa: ARG002
        """Cannot be: SMTP only sends. Raises PermanentError."""
        raise PermanentError("an e-mail that was sent cannot be looked for")

    def tell(self, press: ButtonPress, text: str) -> None:  # noqa: ARG002
        """There are no presses; raises PermanentError."""
        raise PermanentError("an e-mail has no buttons")

    def ask(self, press: ButtonPress, question: Question) -> None:  # noqa: ARG002
        """There are no presses; raises PermanentError."""
        raise PermanentError("an e-mail has no buttons")

    def listen(self, on_press: Callable[[ButtonPress], None]) -> None:
        """Nothing is ever pressed, so that there is nothing to hear."""

    def checks(self, channels: Sequence[str]) -> Iterator[Check]:
        """As the protocol says."""
        return checks(self._mailer, channels)

    def health(self) -> dict[str, object]:
        """``ok``, ``server``, ``problem``, ``mend``. Asks the server at most once a minute."""
        with self._lock:
            if not self._health or time.monotonic() - self._asked > HEALTH_SECONDS:
                self._health = self._looked()
                self._asked = time.monotonic()
            return dict(self._health)

    def _looked(self) -> dict[str, object]:
        one = self._mailer.settings
        report: dict[str, object] = {"ok": True, "problem": "", "mend": ""}
        report["server"] = f"{one.host}:{one.port}"
        try:
            with self._mailer.trial() as server:
                server.begin()
        except ConnectorError as error:
            report |= {"ok": False, "problem": str(error), "mend": error.mend}
        return report

    def close(self) -> None:
        """Nothing is kept open."""
