"""One deploy of metadata: hands it over, waits for its end, and says what was refused and why."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from connectors.errors import TemporaryError
from connectors.salesforce.client import Client

if TYPE_CHECKING:
    from simple_salesforce.api import Salesforce as Library

POLL_SECONDS, LONGEST_SECONDS = 2.0, 600.0
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """One component that the org would not take: what it is, the org's own words, our mend."""

    component: str
    problem: str
    mend: str


def own_id(client: Client) -> str:
    """The id of the user that we are logged in as; '' when the org does not say."""
    resources = client.call(lambda library: _object(library.restful("")))
    return str(resources.get("identity") or "").rpartition("/")[2]


def deploy(
    client: Client, zipped: bytes, *, check_only: bool, poll_seconds: float = POLL_SECONDS
) -> list[Refusal]:
    """Deploy, all or nothing; what was refused, empty when all went well.

    Raises ConnectorError; ConfigError when our user may not deploy at all.
    """
    deploy_id = client.call(lambda library: _begin(library, zipped, check_only), writing=True)
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        result = client.call(lambda library: _standing(library, deploy_id))
        if result.get("done"):
            return _refusals(result)
        if time.monotonic() > deadline:
            raise TemporaryError(
                f"Salesforce has not ended the deploy {deploy_id} after ten minutes",
                mend="see Setup › Deployment Status, and run this again when it has ended",
            )
        time.sleep(poll_seconds)


def _begin(library: Library, zipped: bytes, check_only: bool) -> str:
    """Hand the zip over, all of it or nothing; the id to ask for its outcome by."""
    from simple_salesforce.util import exception_handler

    options = {
        "checkOnly": check_only,
        "ignoreWarnings": False,
        "rollbackOnError": True,
        "singlePackage": True,
    }
    parts: dict[str, tuple[str | None, str | bytes, str]] = {
        "json": (None, json.dumps({"deployOptions": options}), "application/json"),
        "file": ("deploy.zip", zipped, "application/zip"),
    }
    # The library would send its own content type, without the boundary of the parts.
    headers = {"Authorization": library.headers["Authorization"]}
    address = f"{library.base_url}metadata/deployRequest"
    answer = library.session.post(address, headers=headers, files=parts)
    if answer.status_code >= 300:
        exception_handler(answer, "metadata/deployRequest")
    return str(_object(answer.json())["id"])


def _standing(library: Library, deploy_id: str) -> dict[str, Any]:
    path, asked = f"metadata/deployRequest/{deploy_id}", {"includeDetails": "true"}
    return _object(_object(library.restful(path, asked)).get("deployResult"))


def _object(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise requests.exceptions.InvalidJSONError("not an object")
    return found


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
