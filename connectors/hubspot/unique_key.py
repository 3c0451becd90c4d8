"""Looks whether the account really keeps our key on tasks unique, by asking it for two of one key.

HubSpot has no transactions: whatever was made of the two is deleted again.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from connectors.base import Check
from connectors.errors import ConfigError, PermanentError
from connectors.hubspot.client import Client
from connectors.hubspot.errors import ConflictError
from connectors.hubspot.evidence import KEY
from connectors.hubspot.reading import Reader
from connectors.hubspot.values import Row

_NAME = "hubspot unique key"


def unique_key(client: Client, at: str) -> Iterator[Check]:
    """One check; ``at`` is a moment (epoch ms) that the tasks are due at. Raises ConnectorError."""
    key = f"doctor:{uuid4().hex}"
    api = client.writing.crm.objects.batch_api
    properties = {
        "hs_task_subject": "Hotlead looks whether its key is unique",
        "hs_timestamp": at,
        KEY: key,
    }
    body = {"inputs": [{"properties": properties}] * 2}
    made: list[Row] = []
    refused: PermanentError | None = None
    try:
        answer = client.put("writing two tasks of one key", api.create, "tasks", body)
        made = answer.get("results") or []
    except ConfigError:
        raise
    except PermanentError as error:
        refused = error
    made += Reader(client).by_key("tasks", [KEY], [key], KEY)
    if made:
        ids = sorted({str(one["id"]) for one in made})
        inputs = {"inputs": [{"id": one} for one in ids]}
        client.put("deleting the tasks of the look", api.archive, "tasks", inputs)
    yield _told(refused)


def _told(refused: PermanentError | None) -> Check:
    if isinstance(refused, ConflictError):
        said = f"a second task with the same {KEY} is refused, so no alert has two tasks"
        return Check(name=_NAME, state="ok", text=said)
    if refused is None:
        said = f"{KEY} is said to be unique, but two tasks with the same one could be made"
        mend = f"delete the property {KEY} of tasks, and let Hotlead add it anew"
        return Check(name=_NAME, state="fail", text=said, mend=mend)
    said = f"whether {KEY} is unique could not be seen, as the task was refused: {refused}"
    return Check(name=_NAME, state="fail", text=said, mend=refused.mend)
