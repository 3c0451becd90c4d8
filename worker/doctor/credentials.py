"""Where the secrets come from, and whether a refresh token that rotates could be saved."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Check
from worker.credentials import CredentialFile, SecretsError
from worker.secrets import Secrets
from worker.settings import Settings, login_flow

_ROTATING = ("refresh_token", "oauth")


def credential_checks(settings: Settings, secrets: Secrets) -> Iterator[Check]:
    """One check of the file of credentials; what it may not be has been refused before."""
    name, file = "credentials", CredentialFile(settings.credentials)
    if login_flow(settings) in _ROTATING:
        try:
            file.prove_writable()
        except SecretsError as error:
            what, _, mend = str(error).partition("; ")
            text = f"a refresh token that the CRM replaces could not be saved: {what}"
            yield Check(name=name, state="fail", text=text, mend=mend)
            return
    held = len(file.read())
    if secrets.notes:
        text = "; ".join(secrets.notes)
        mend = "keep each secret in one place: unset it there, or take the line out here"
        yield Check(name=name, state="warn", text=text, mend=mend)
    elif held:
        text = f"{settings.credentials} can be read by its owner only"
        yield Check(name=name, state="ok", text=text)
    else:
        yield Check(name=name, state="ok", text="all secrets come from the environment")
