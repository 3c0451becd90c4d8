"""Installs our metadata in an org: each part is checked by the org before it is deployed.

Fields come first, since all else is of use only with them. What an org may refuse without harm
(reports, the object for medians, the dashboard) is a part of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.base import Check
from connectors.errors import AuthError, ConfigError, ConnectorError
from connectors.salesforce.activity_fields import MEND, PERMISSION_SET
from connectors.salesforce.client import Client
from connectors.salesforce.deploying import Refusal, deploy, own_id
from connectors.salesforce.errors import DoubledError, from_row
from connectors.salesforce.package import shipped
from connectors.salesforce.settings import SalesforceSettings

SHIPPED_PREFIX = "HLR_"
_BY_HAND = (
    "let an admin deploy config/salesforce with the Salesforce CLI, as docs/connect-salesforce.md "
    "says; deploying needs the permission Modify Metadata Through Metadata API Functions"
)
_ASSIGN = "Setup › Users › the integration user › Permission Set Assignments › {}"


@dataclass(frozen=True, slots=True)
class Part:
    """A package folder of ``config/salesforce``, those it builds upon, and whether tasks need it.

    ``grants`` is the API name and the label of the permission set that our own user needs for it.
    """

    folder: str
    text: str
    needs: tuple[str, ...] = ()
    needed: bool = False
    grants: tuple[str, str] | None = None


PARTS = (
    Part(
        "main",
        "the fields on tasks and their permission sets",
        needed=True,
        grants=("Hotlead_Integration", PERMISSION_SET),
    ),
    Part("reports", "the report Alert to response", needs=("main",)),
    Part(
        "metrics",
        "the object for medians and its reports",
        needs=("main",),
        grants=("Hotlead_Metrics", "Hotlead Metrics"),
    ),
    Part("dashboard", "the dashboard Hotlead response time", needs=("main", "metrics")),
    Part("median", "the report with the median by Salesforce itself", needs=("main",)),
)


@dataclass(frozen=True, slots=True)
class Installer:
    """Installs into one org as the user that is logged in."""

    client: Client
    settings: SalesforceSettings
    task_problems: Callable[[], list[str]]
    """Looks anew at what keeps tasks from being written."""
    poll_seconds: float

    def run(self, *, check_only: bool) -> Iterator[Check]:
        """A check for each part, as it is done. Never raises ConnectorError."""
        name = "salesforce install"
        if self.settings.field_prefix != SHIPPED_PREFIX:
            prefix = self.settings.field_prefix
            text = f"the fields that are shipped begin with {SHIPPED_PREFIX}, not with {prefix}"
            mend = f"make them by hand, or set salesforce.field_prefix to {SHIPPED_PREFIX}"
            yield Check(name=name, state="fail", text=text, mend=mend)
            return
        try:
            yield from self._parts(check_only=check_only)
        except AuthError as error:
            yield Check(name=name, state="fail", text=str(error), mend=error.mend)
        except ConfigError as error:
            yield Check(name=name, state="fail", text=str(error), mend=_BY_HAND)
        except ConnectorError as error:
            mend = error.mend or "run this again when Salesforce answers"
            yield Check(name=name, state="fail", text=str(error), mend=mend)

    def _parts(self, *, check_only: bool) -> Iterator[Check]:
        there: set[str] = set()
        for part in PARTS:
            if not there.issuperset(part.needs):
                yield _left_out(part, [one for one in part.needs if one not in there])
                continue
            refused = self._deploy(part, check_only=check_only)
            yield from _told(part, refused, check_only=check_only)
            if not refused:
                there.add(part.folder)
            elif part.needed:
                return
        if not check_only:
            yield from self._assign([one for one in PARTS if one.folder in there])
            yield self._usable()

    def _deploy(self, part: Part, *, check_only: bool) -> list[Refusal]:
        # A check changes nothing, so what the part builds upon must be in its zip.
        trial = shipped(*part.needs, part.folder).zipped(self.settings.api_version)
        refused = deploy(self.client, trial, check_only=True, poll_seconds=self.poll_seconds)
        if refused or check_only:
            return refused
        real = shipped(part.folder).zipped(self.settings.api_version)
        return deploy(self.client, real, check_only=False, poll_seconds=self.poll_seconds)

    def _assign(self, parts: Sequence[Part]) -> Iterator[Check]:
        """Give our own user its permission sets, or say how that is done."""
        for part in parts:
            if part.grants is None:
                continue
            name, label = part.grants
            check = f"salesforce permission set {name}"
            try:
                said = self._assigned(name)
            except ConnectorError as error:
                mend = _ASSIGN.format(label)
                text = f"the permission set {label} could not be assigned to our user: {error}"
                state: Literal["warn", "fail"] = "fail" if part.needed else "warn"
                yield Check(name=check, state=state, text=text, mend=mend)
                continue
            yield Check(name=check, state="ok", text=f"our user {said} the permission set {label}")

    def _assigned(self, name: str) -> str:
        """What was done. Raises ConnectorError."""
        user = own_id(self.client)
        # Both are ours: an id that the org gave, and a name of config/salesforce.
        where = f"AssigneeId = '{user}' AND PermissionSet.Name = '{name}'"
        asked = f"SELECT Id FROM PermissionSetAssignment WHERE {where}"  # noqa: S608
        if self.client.query(asked)["records"]:
            return "has"
        sought = f"SELECT Id FROM PermissionSet WHERE Name = '{name}'"  # noqa: S608
        found = self.client.query(sought)["records"]
        record = {"AssigneeId": user, "PermissionSetId": found[0]["Id"] if found else ""}
        [answer] = self.client.create("PermissionSetAssignment", [record], all_or_none=True)
        if answer.get("success"):
            return "was given"
        refused = from_row(answer.get("errors") or [])
        if isinstance(refused, DoubledError):  # an answer that was lost gave it already
            return "has"
        raise refused

    def _usable(self) -> Check:
        """Whether our user sees the fields now. Raises ConnectorError."""
        name = "salesforce writing tasks"
        found = self.task_problems()
        if found:
            text = " ".join(one.removesuffix(MEND).strip() for one in found)
            return Check(name=name, state="fail", text=text, mend=MEND)
        return Check(name=name, state="ok", text="tasks can be written, with every field")


def _told(part: Part, refused: Sequence[Refusal], *, check_only: bool) -> Iterator[Check]:
    name = f"salesforce install {part.folder}"
    if not refused:
        said = "would be taken" if check_only else "deployed"
        yield Check(name=name, state="ok", text=f"{said}: {part.text}")
    for one in refused:
        text = f"Salesforce refuses {one.component} ({part.text}): {one.problem}"
        yield Check(name=name, state="fail" if part.needed else "warn", text=text, mend=one.mend)


def _left_out(part: Part, missing: Sequence[str]) -> Check:
    text = f"left out: {part.text}, which needs what was refused ({', '.join(missing)})"
    return Check(name=f"salesforce install {part.folder}", state="warn", text=text)
