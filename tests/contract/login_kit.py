"""What the log-in tests of both CRMs share: a key pair, a person with a browser, a kept token."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from connectors.errors import ConfigError
from connectors.oauth import RefreshToken

CALLBACK = "http://localhost:8371/callback"


@functools.cache
def key_and_certificate() -> tuple[str, str]:
    """A private key and the certificate that belongs to it, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hotlead")])
    made = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(made)
        .not_valid_after(made + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def consent(url: str, button: str = "save") -> dict[str, str]:
    """Open the address, press a button on the page; what the callback is told."""
    page = requests.get(url, timeout=5, allow_redirects=False)
    if page.status_code == 200:
        fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
        form = {unescape(name): unescape(value) for name, value in fields} | {button: "x"}
        target = urlsplit(url)._replace(query="").geturl()
        page = requests.post(target, form, timeout=5, allow_redirects=False)
    assert page.status_code == 302, page.text
    where = page.headers["Location"]
    assert where.startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}


class Shelf(RefreshToken):
    """A kept token that fails to be saved on order, and tells in which order things happened."""

    def __init__(self, token: str | None, events: list[str] | None = None) -> None:
        self.token = token
        self.full = False
        self.events = events if events is not None else []
        self.overtaken_by: str | None = None
        """What another process saves while this one asks."""

    def current(self) -> SecretStr | None:
        return None if self.token is None else SecretStr(self.token)

    def keep(self, token: str) -> None:
        if self.full:
            raise ConfigError("the disk is full", mend="make room")
        self.events.append("saved")
        self.token = token

    @contextmanager
    def turn(self) -> Iterator[None]:
        yield
