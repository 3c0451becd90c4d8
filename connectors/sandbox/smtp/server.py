"""A mail server in small: SMTP with STARTTLS and AUTH PLAIN, which keeps what it is given.

It answers by RFC 5321 and RFC 4954: 503 out of order, 530 before STARTTLS or AUTH, 535 for a wrong
password, 550 for a mailbox that it does not have, 553 for a sender who is not the log-in's, 554 for
a domain that it does not relay to, 452 for too many recipients; and of a message 550 for bare line
feeds, 554 for bytes that only 8BITMIME allows, 500 for a line that is too long.
"""

from __future__ import annotations

import base64
import binascii
import socketserver
import ssl
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

_MOST = 1_000_000
_MOST_TO = 100
_LONGEST_LINE = 1000


class SmtpSandbox:
    """Use as a context manager; ``port`` is where it listens on 127.0.0.1.

    ``tls`` makes STARTTLS necessary, ``user`` a login. ``away`` drops every connection;
    ``unknown`` are mailboxes that it refuses; ``senders`` and ``domains``, where they are not
    empty, the only ones that it sends for and relays to. ``orders`` are verbs (END is the end of
    a message) with the reply of the next time; "drop" hangs up, "keep" keeps the message first.
    """

    def __init__(
        self, tls: ssl.SSLContext | None = None, user: str = "", password: str = ""
    ) -> None:
        self.tls, self.user, self.password = tls, user, password
        self.away = False
        self.unknown: set[str] = set()
        self.senders: set[str] = set()
        self.domains: set[str] = set()
        self.orders: list[tuple[str, str]] = []
        self.messages: list[EmailMessage] = []
        self.envelopes: list[tuple[str, tuple[str, ...]]] = []

    def __enter__(self) -> SmtpSandbox:
        sandbox = self

        class Handler(_Session):
            def setup(self) -> None:
                self.sandbox = sandbox
                super().setup()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Session(socketserver.StreamRequestHandler):
    sandbox: SmtpSandbox

    def handle(self) -> None:
        if self.sandbox.away:
            return
        self.greeted = self.secure = self.known = False
        self.sender, self.to = "", list[str]()
        self._say("220 sandbox ESMTP")
        while line := self.rfile.readline(2000):
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            act = getattr(self, f"do_{verb.lower()}", None)
            ordered = self._ordered(verb.upper())
            if ordered == "drop":
                return
            if ordered:
                self._say(ordered)
            elif act is None:
                self._say("500 5.5.2 unrecognized command")
            elif act(rest):
                return

    def _ordered(self, verb: str) -> str:
        for number, (when, reply) in enumerate(self.sandbox.orders):
            if when == verb:
                del self.sandbox.orders[number]
                return reply
        return ""

    def _say(self, *lines: str) -> None:
        *first, last = lines
        whole = [f"{one[:3]}-{one[4:]}" for one in first] + [last]
        self.wfile.write("".join(f"{one}\r\n" for one in whole).encode())

    def do_ehlo(self, name: str) -> None:
        self.greeted = True
        can = ["250 SIZE 1000000"]
        if self.sandbox.tls is not None and not self.secure:
            can.append("250 STARTTLS")
        elif self.sandbox.user:
            can.append("250 AUTH PLAIN")
        self._say(f"250 hello {name}", *can)

    def do_helo(self, name: str) -> None:
        self.greeted = True
        self._say(f"250 hello {name}")

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # under TLS another than the server knows of

    def do_starttls(self, _: str) -> bool:
        if self.sandbox.tls is None or self.secure:
            self._say("503 5.5.1 TLS is not to be had")
            return False
        self._say("220 go ahead")
        try:
            wrapped: Any = self.sandbox.tls.wrap_socket(self.connection, server_side=True)
        except (ssl.SSLError, OSError):
            return True  # the client does not trust us
        self.rfile.close()
        self.wfile.close()
        self.connection = wrapped
        self.rfile, self.wfile = wrapped.makefile("rb"), wrapped.makefile("wb", 0)
        self.greeted, self.secure = False, True
        return False

    def do_auth(self, rest: str) -> None:
        kind, _, given = rest.partition(" ")
        if self.sandbox.tls is not None and not self.secure:
            self._say("530 5.7.0 must issue a STARTTLS command first")
        elif kind.upper() != "PLAIN":
            self._say("504 5.5.4 unrecognized authentication type")
        else:
            self.known = self._is_right(given)
            self._say("235 2.7.0 ok" if self.known else "535 5.7.8 credentials invalid")

    def _is_right(self, given: str) -> bool:
        try:
            parts = base64.b64decode(given).decode().split("\0")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return parts[-2:] == [self.sandbox.user, self.sandbox.password]

    def do_mail(self, rest: str) -> None:
        if not self.greeted:
            self._say("503 5.5.1 EHLO first")
        elif self.sandbox.tls is not None and not self.secure:
            self._say("530 5.7.0 must issue a STARTTLS command first")
        elif self.sandbox.user and not self.known:
            self._say("530 5.7.0 authentication required")
        elif self.sandbox.senders and _address(rest) not in self.sandbox.senders:
            self._say("553 5.7.1 sender address rejected: not owned by user")
        else:
            self.sender, self.to = _address(rest), []
            self._say("250 2.1.0 ok")

    def do_rcpt(self, rest: str) -> None:
        if not self.sender:
            self._say("503 5.5.1 MAIL first")
        elif _address(rest) in self.sandbox.unknown:
            self._say("550 5.1.1 no such mailbox")
        elif self.sandbox.domains and _address(rest).partition("@")[2] not in self.sandbox.domains:
            self._say("554 5.7.1 relay access denied")
        elif len(self.to) >= _MOST_TO:
            self._say("452 4.5.3 too many recipients")
        else:
            self.to.append(_address(rest))
            self._say("250 2.1.5 ok")

    def do_data(self, _: str) -> bool:
        if not self.to:
            self._say("503 5.5.1 RCPT first")
            return False
        self._say("354 end with a dot")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return self._kept(lines)

    def _kept(self, lines: list[bytes]) -> bool:
        """Keep or refuse a message; whether to hang up."""
        ordered = self._ordered("END")
        refused = ordered if ordered not in ("", "keep") else _refusal(lines)
        if refused == "drop":
            return True
        if refused:
            self._say(refused)
            return False
        self.sandbox.messages.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self.sandbox.envelopes.append((self.sender, tuple(self.to)))
        self.sender, self.to = "", []
        if ordered == "keep":
            return True
        self._say("250 2.0.0 kept")
        return False

    def do_rset(self, _: str) -> None:
        self.sender, self.to = "", []
        self._say("250 2.0.0 ok")

    def do_noop(self, _: str) -> None:
        self._say("250 2.0.0 ok")

    def do_quit(self, _: str) -> bool:
        self._say("221 2.0.0 bye")
        return True


def _refusal(lines: list[bytes]) -> str:
    """Why a message is not taken; '' when it is."""
    if sum(map(len, lines)) > _MOST:
        return "552 5.3.4 message too big"
    if any(not line.endswith(b"\r\n") or b"\r" in line[:-2] for line in lines):
        return "550 5.6.11 bare line feeds are not allowed"
    if any(len(line) > _LONGEST_LINE for line in lines):
        return "500 5.5.2 line too long"
    if not b"".join(lines).isascii():
        return "554 5.6.1 8BITMIME was not offered"
    return ""


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0].lower()
