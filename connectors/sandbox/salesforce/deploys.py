"""``metadata/deployRequest``: takes a zip, judges it, and lets the org have it."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.salesforce.call import Call, Reply
from connectors.sandbox.salesforce.errors import Refusal, not_found
from connectors.sandbox.salesforce.judging import Failure, Judge
from connectors.sandbox.salesforce.metadata import grant
from connectors.sandbox.salesforce.org import Org

_OPTIONS = frozenset(
    [
        "allowMissingFiles",
        "autoUpdatePackage",
        "checkOnly",
        "ignoreWarnings",
        "performRetrieve",
        "purgeOnDelete",
        "rollbackOnError",
        "runTests",
        "singlePackage",
        "testLevel",
    ]
)
_RIGHTS = (
    "INSUFFICIENT_ACCESS: use of the Metadata API requires a user with the ModifyAllData or "
    "ModifyMetadata permissions"
)


@dataclass(slots=True)
class Deploy:
    """One deploy: how it will end, and how often it is still to be found running."""

    id: str
    options: dict[str, Any]
    started: str
    polls: int
    failures: list[Failure] = field(default_factory=list)
    components: list[tuple[str, str]] = field(default_factory=list)


class Deploys:
    """The deploys of one org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._known: dict[str, Deploy] = {}

    def answer(self, call: Call) -> Reply:
        """Answer everything under ``metadata``. Raises Refusal."""
        match call.parts[1:]:
            case ("deployRequest",):
                call.need("POST")
                return self._begin(call)
            case ("deployRequest", deploy_id):
                call.need("GET")
                return self._status(call, deploy_id)
            case _:
                raise not_found()

    def _begin(self, call: Call) -> Reply:
        if not self._org.metadata.may_deploy:
            raise Refusal(403, "INSUFFICIENT_ACCESS", _RIGHTS)
        if "json" not in call.form or "file" not in call.form:
            message = "Multipart message must include a non-binary part, and a binary part"
            raise Refusal(400, "INVALID_MULTIPART_REQUEST", message)
        options = _options(call.form["json"])
        made = Deploy(self._org.new_id("0Af"), options, self._org.stamp(), self._org.metadata.polls)
        judge = Judge(self._org)
        made.failures, made.components = judge.judge(_files(call.form["file"]))
        if not made.failures and not options.get("checkOnly"):
            judge.apply()
            grant(self._org)
        self._known[made.id] = made
        body = {
            "id": made.id,
            "validatedDeployRequestId": None,
            "deployOptions": options,
            "deployResult": _result(made, running=True),
        }
        return Reply(201, body)

    def _status(self, call: Call, deploy_id: str) -> Reply:
        made = self._known.get(deploy_id)
        if made is None:
            raise Refusal(404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        running = made.polls > 0
        made.polls -= 1
        result = _result(made, running=running)
        if not running and call.query.get("includeDetails") == "true":
            result["details"] = _details(made)
        base = f"{call.base}/metadata/deployRequest/{deploy_id}"
        body = {"id": deploy_id, "url": base, "deployResult": result}
        return Reply(body=body | {"deployOptions": made.options})


def _options(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)["deployOptions"]
        strange = [name for name in found if name not in _OPTIONS]
    except (ValueError, LookupError, TypeError) as error:
        raise Refusal(400, "JSON_PARSER_ERROR", f"deployOptions: {error}") from error
    if strange:
        raise Refusal(400, "JSON_PARSER_ERROR", f'Unrecognized field "{strange[0]}"')
    return dict(found)


def _files(raw: bytes) -> dict[str, bytes]:
    """The files of the zip; none where it is no zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        return {}


def _result(made: Deploy, *, running: bool) -> dict[str, Any]:
    ended = "Failed" if made.failures else "Succeeded"
    return {
        "id": made.id,
        "checkOnly": bool(made.options.get("checkOnly")),
        "createdDate": made.started,
        "done": not running,
        "ignoreWarnings": bool(made.options.get("ignoreWarnings")),
        "numberComponentErrors": 0 if running else len(made.failures),
        "numberComponentsDeployed": 0 if running or made.failures else len(made.components),
        "numberComponentsTotal": len(made.components),
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "rollbackOnError": bool(made.options.get("rollbackOnError")),
        "runTestsEnabled": False,
        "startDate": made.started,
        "status": "InProgress" if running else ended,
        "success": not running and not made.failures,
    }


def _details(made: Deploy) -> dict[str, Any]:
    failures = [
        {
            "changed": False,
            "columnNumber": "1",
            "componentType": one.kind,
            "created": False,
            "createdDate": made.started,
            "deleted": False,
            "fileName": one.file,
            "fullName": one.name,
            "lineNumber": "1",
            "problem": one.problem,
            "problemType": "Error",
            "success": False,
        }
        for one in made.failures
    ]
    successes = [
        {"componentType": kind, "fullName": name, "success": True, "changed": True}
        for kind, name in made.components
    ]
    return {
        "componentFailures": failures,
        "componentSuccesses": [] if made.failures else successes,
        "runTestResult": {"numFailures": 0, "numTestsRun": 0, "totalTime": 0.0},
    }
