"""Looks whether the org really keeps our key on tasks unique, by asking it for two of one key.

Both are to be made or neither, so that where the key works nothing is left behind. Where both are
made all the same, they are deleted again.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from connectors.base import Check
from connectors.salesforce.client import Client
from connectors.salesforce.errors import DoubledError, from_row

_NAME = "salesforce unique key"
_ROLLED_BACK = "ALL_OR_NONE_OPERATION_ROLLED_BACK"


def unique_key(client: Client, field: str) -> Iterator[Check]:
    """One check. Raises ConnectorError."""
    record = {"Subject": "Hotlead looks whether its key is unique", field: f"doctor:{uuid4().hex}"}
    answers = client.create("Task", [record, record], all_or_none=True)
    made = [str(one["id"]) for one in answers if one.get("success")]
    if made:
        yield from _both_made(client, field, made)
        return
    errors = [error for one in answers for error in one.get("errors") or ()]
    told = [one for one in errors if one.get("statusCode") != _ROLLED_BACK]
    refused = from_row(told)
    if isinstance(refused, DoubledError):
        said = f"a second task with the same {field} is refused, so no alert has two tasks"
        yield Check(name=_NAME, state="ok", text=said)
        return
    text = f"whether {field} is unique could not be seen, as the task itself was refused: {refused}"
    yield Check(name=_NAME, state="fail", text=text, mend=refused.mend)


def _both_made(client: Client, field: str, made: list[str]) -> Iterator[Check]:
    left = [
        task for task, one in zip(made, client.delete(made), strict=True) if not one.get("success")
    ]
    text = f"{field} is not unique: two tasks with the same one could be made"
    if left:
        text += f", and {' and '.join(left)} could not be deleted again"
    mend = f"make {field} a unique external id, as config/salesforce has it"
    yield Check(name=_NAME, state="fail", text=text, mend=mend)
