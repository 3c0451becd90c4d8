"""Our own fields on tasks: what we write into, and what an org lacks of it.

``config/salesforce`` ships the same fields as metadata; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.salesforce.errors import MissingObjectError
from connectors.salesforce.fields import Fields

PERMISSION_SET = "Hotlead Integration"
MEND = (
    f"Deploy config/salesforce and assign its permission set {PERMISSION_SET} to the integration "
    "user, as docs/connect-salesforce.md says."
)
KEY = "Alert_Key"


@dataclass(frozen=True, slots=True)
class ActivityField:
    """A field by its plain name, without prefix and ``__c``, and its type in a describe."""

    name: str
    type: str
    length: int = 0


ACTIVITY_FIELDS = (
    ActivityField(KEY, "string", 64),
    ActivityField("Fired_At", "datetime"),
    ActivityField("Responded_At", "datetime"),
    ActivityField("Latency_Minutes", "double"),
    ActivityField("Business_Latency_Minutes", "double"),
    ActivityField("Routed_Role", "string", 20),
    ActivityField("Routing_Reason", "string", 255),
    ActivityField("Response_Source", "string", 30),
)
LENGTHS: Mapping[str, int] = {one.name: one.length for one in ACTIVITY_FIELDS if one.length}


def api_name(prefix: str, name: str) -> str:
    """The field's name in this org."""
    return f"{prefix}{name}__c"


def may_write(described: Mapping[str, Any]) -> bool:
    """Whether the integration user may fill a field when creating and when changing a task."""
    return bool(described.get("createable")) and bool(described.get("updateable"))


def problems(fields: Fields, prefix: str) -> list[str]:
    """What keeps tasks from being written as they should, each with its mend.

    Raises ConnectorError when the org could not be asked.
    """
    try:
        known = fields.of("Task")
    except MissingObjectError:
        return [f"The integration user sees no tasks, so none can be written. {MEND}"]
    if not fields.may_write("Task"):
        return [f"The integration user may not create and edit tasks. {MEND}"]
    absent, locked, odd = [], [], []
    for one in ACTIVITY_FIELDS:
        name = api_name(prefix, one.name)
        described = known.get(name.lower())
        if described is None:
            absent.append(name)
        elif not may_write(described):
            locked.append(name)
        elif not _fits(one, described):
            odd.append(name)
    key_gone = api_name(prefix, KEY) in (*absent, *locked)
    effect = "no task can be written" if key_gone else "tasks are written without it"
    said = [
        ("Task has no {}, or hides it", absent, effect),
        ("The integration user may not edit {} of tasks", locked, effect),
        ("{} of Task is not as config/salesforce has it", odd, "tasks may be refused"),
    ]
    return [
        f"{what.format(', '.join(names))}: {then}. {MEND}" for what, names, then in said if names
    ]


def _fits(one: ActivityField, described: Mapping[str, Any]) -> bool:
    fits = described.get("type") == one.type and int(described.get("length") or 0) >= one.length
    keyed = described.get("externalId") and described.get("unique")
    return fits and bool(keyed or one.name != KEY)
