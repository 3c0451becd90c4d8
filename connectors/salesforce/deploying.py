"""One deploy of metadata: hands it over, waits for its end, and says what was refused and why."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from connectors.errors import TemporaryError
from connectors.salesforce.client import Client

POLL_SECONDS, LONGEST_SECONDS = 2.0, 600.0
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """One component that the org would not take: what it is, the org's own words, our mend."""

    component: str
    problem: str
    mend: str


def deploy(
    client: Client, zipped: bytes, *, check_only: bool, poll_seconds: float = POLL_SECONDS
) -> list[Refusal]:
    """Deploy, all or nothing; what was refused, empty when all went well.

    Raises ConnectorError; ConfigError when our user may not deploy at all.
    """
    deploy_id = client.deploy(zipped, check_only=check_only)
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        result = client.deployed(deploy_id)
        if result.get("done"):
            return _refusals(result)
        if time.monotonic() > deadline:
            raise TemporaryError(
                f"Salesforce has not ended the deploy {deploy_id} after ten minutes",
                mend="see Setup › Deployment Status, and run this again when it has ended",
            )
        time.sleep(poll_seconds)


def _refusals(result: dict[str, Any]) -> list[Refusal]:
    details = result.get("details") or {}
    failures = details.get("componentFailures") or []
    found = [_refusal(one) for one in failures if isinstance(one, dict)]
    if found or result.get("success"):
        return found
    said = str(result.get("errorMessage") or result.get("status") or "no reason given")
    return [Refusal("the deploy", said[:_LONGEST], _mend(said))]


def _refusal(failure: dict[str, Any]) -> Refusal:
    kind, name = failure.get("componentType"), failure.get("fullName") or failure.get("fileName")
    problem = " ".join(str(failure.get("problem") or "").split())[:_LONGEST]
    return Refusal(f"{kind or 'file'} {name}", problem, _mend(problem))


_ABOVE = "the org's limit is reached: delete what is not used, or ask Salesforce for more"
_TAKEN = "something of this name is there: rename it, or leave this part out"
_MENDS = (
    ("Median", "nothing to do: the medians are in hotlead latency and in the object HLR_Metric__c"),
    ("no CustomField named", "deploy config/salesforce/main first, or with it"),
    ("no CustomObject named", "deploy config/salesforce/metrics first, or with it"),
    ("no Report named", "deploy config/salesforce/metrics first, or with it"),
    ("dynamic dashboard", "the org allows no more of them: make it by hand, to run as one user"),
    ("already", _TAKEN),
    ("duplicate", _TAKEN),
    ("maximum", _ABOVE),
    ("limit", _ABOVE),
)


def _mend(problem: str) -> str:
    said = problem.lower()
    found = (mend for words, mend in _MENDS if words.lower() in said)
    usual = "deploy this part by hand with the Salesforce CLI, as docs/connect-salesforce.md says"
    return next(found, usual)
