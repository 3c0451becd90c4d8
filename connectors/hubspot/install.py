"""Installs our properties in an account: what is missing of ``config/hubspot`` is added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.base import Check
from connectors.checking import probe
from connectors.hubspot.client import Client
from connectors.hubspot.evidence import KEY
from connectors.hubspot.properties import Ensured, ensure, may_add

_KINDS = {
    "tasks": "each task is found again by a mark in its subject, and carries no latency",
    "users": "no manager or backup comes from HubSpot; backups may also stand in the policy",
}
"""Each object type that gets properties, and what is so without them."""


@dataclass(frozen=True, slots=True)
class Installer:
    """Installs into one account."""

    client: Client

    def run(self, *, check_only: bool) -> Iterator[Check]:
        """A check for each object type, as it is done. Never raises ConnectorError."""
        for kind in _KINDS:
            yield from self._probed(kind, check_only=check_only)

    def _probed(self, kind: str, *, check_only: bool) -> Iterator[Check]:
        return probe(_name(kind), lambda: self._kind(kind, check_only=check_only))

    def _kind(self, kind: str, *, check_only: bool) -> Iterator[Check]:
        found = ensure(self.client, kind, create=not check_only)
        if found.missing and check_only:
            may_add(self.client, kind)
            said = f"would be added to {kind}: {', '.join(found.missing)}"
            yield Check(name=_name(kind), state="ok", text=said)
        elif found.missing:
            yield _refused(kind, found)
        else:
            yield Check(name=_name(kind), state="ok", text=f"{kind} have every property of ours")
        if kind == "tasks" and KEY in found.there and not found.there[KEY].get("hasUniqueValue"):
            said = f"HubSpot does not keep {KEY} unique on tasks; a task is looked for before it"
            said += " is written again"
            yield Check(name="hubspot install key", state="warn", text=said)


def _name(kind: str) -> str:
    return f"hubspot install {kind}"


def _refused(kind: str, found: Ensured) -> Check:
    """What could not be added; where the account allows no more, that is no failure."""
    text = f"{kind} are without {', '.join(found.missing)}: {found.why}. {_KINDS[kind]}"
    needed = bool(found.mend) and kind == "tasks"
    return Check(name=_name(kind), state="fail" if needed else "warn", text=text, mend=found.mend)
