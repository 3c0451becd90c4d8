"""The JSON Schema of hotlead.yaml, by which editors complete and check it.

It is made of the models themselves. Besides, the policy may be the name of a file of its own, and
may include the files of teams.
"""

from __future__ import annotations

import json
from typing import Any

from worker.settings import Settings

SCHEMA = "hotlead.schema.json"
_INCLUDE = {
    "description": "Files of teams: routes, named_accounts, roles, backups, pools, account_lists.",
    "items": {"type": "string"},
    "type": "array",
}
_LISTED = ("Route", "When", "Times", "Matching", "Snooze")
"""Where a list of one may be written without its brackets."""


def schema() -> dict[str, Any]:
    """The schema as plain values."""
    made = Settings.model_json_schema()
    policy = made["$defs"]["Policy"]
    policy["properties"]["include"] = _INCLUDE
    # Routes, for one, may all come from included files.
    policy["anyOf"] = [
        {"required": policy.pop("required")},
        {"required": ["include"]},
    ]
    for name in _LISTED:
        made["$defs"][name]["properties"] = _one_or_many(made["$defs"][name]["properties"])
    snooze = policy["properties"]["snooze"]
    choices = made["$defs"]["Snooze"]["properties"]["choices"]["anyOf"]
    policy["properties"]["snooze"] = {"anyOf": [{"$ref": "#/$defs/Snooze"}, *choices]} | {
        name: value for name, value in snooze.items() if name not in ("$ref", "allOf")
    }
    made["properties"]["policy"] = {
        "anyOf": [
            {"$ref": "#/$defs/Policy"},
            {"type": "string", "description": "The policy's own file, relative to this one."},
        ]
    }
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hotlead.yaml",
        "description": "The configuration of Hotlead.",
    }
    return head | {name: value for name, value in made.items() if name not in head}


def _one_or_many(part: Any) -> Any:
    if isinstance(part, list):
        return [_one_or_many(one) for one in part]
    if not isinstance(part, dict):
        return part
    inner = {name: _one_or_many(value) for name, value in part.items()}
    if inner.get("type") != "array":
        return inner
    about = {name: inner.pop(name) for name in ("description", "default") if name in inner}
    return about | {"anyOf": [inner, inner["items"]]}


def schema_text() -> str:
    """The schema as the text of a file."""
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"
