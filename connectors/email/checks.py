"""Looks whether the mail server takes what alerts need, without sending a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from connectors.base import Check
from connectors.checking import probe
from connectors.email.sender import Mailer, Trial
from connectors.errors import ConnectorError, TemporaryError


def checks(mailer: Mailer, channels: Sequence[str]) -> Iterator[Check]:
    """The log-in first; the sender and each address of a channel as far as SMTP tells them."""
    name, one = "email log-in", mailer.settings
    where = f"{one.host}:{one.port}"
    try:
        with mailer.trial():
            pass
    except ConnectorError as error:
        yield Check(name=name, state="fail", text=str(error), mend=error.mend)
        return
    text = f"{where} lets {one.user} in" if one.user else f"{where} answers; no log-in is set"
    yield Check(name=name, state="ok", text=text)
    yield from probe("email sender", partial(_sender, mailer))
    for channel in channels:
        yield from probe(f"email {channel}", partial(_channel, mailer, channel))


def _sender(mailer: Mailer) -> Iterator[Check]:
    with mailer.trial() as server:
        server.begin()
    text = f"the server sends for {mailer.settings.sender}, as far as it says before a message"
    yield Check(name="email sender", state="ok", text=text)


def _channel(mailer: Mailer, channel: str) -> Iterator[Check]:
    with mailer.trial() as server:
        server.begin()
        error = server.recipient(channel)
    if error is not None:
        raise error
    yield Check(name=f"email {channel}", state="ok", text=f"the server takes mail for {channel}")


def refused(server: Trial, addresses: Sequence[str], at_once: int) -> Iterator[str]:
    """Those that the server refuses for good; ``at_once`` of them in one dialogue."""
    for number, address in enumerate(addresses):
        if number % at_once == 0:
            server.again() if number else server.begin()
        error = server.recipient(address)
        if error is not None and not isinstance(error, TemporaryError):
            yield address
