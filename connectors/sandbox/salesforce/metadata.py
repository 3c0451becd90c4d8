"""What has been deployed into the org, who was given which permission set, and what that shows.

A field that is deployed is there for nobody until a permission set grants it; only then do
describes, queries and writes of the API's user know it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connectors.sandbox.salesforce import tables
from connectors.sandbox.salesforce.schema import Column, Sobject, columns
from connectors.sandbox.salesforce.table import Table
from connectors.sandbox.salesforce.wsdl import METADATA

if TYPE_CHECKING:
    from connectors.sandbox.salesforce.org import Org

ACTIVITY = ("Task", "Event")
_TYPES = {
    "Text": "string",
    "DateTime": "datetime",
    "Number": "double",
    "Date": "date",
    "Checkbox": "boolean",
    "Lookup": "reference",
}


@dataclass(slots=True)
class PermissionSet:
    """What a permission set grants: field → editable, object → (create and edit)."""

    fields: dict[str, bool] = field(default_factory=dict)
    objects: dict[str, bool] = field(default_factory=dict)


@dataclass(slots=True)
class Metadata:
    """The deployed state, and the switches of what this org refuses.

    ``may_deploy`` and ``may_assign`` are permissions of the API's user; ``most_objects`` is how
    many custom objects the edition allows.
    """

    may_deploy: bool = True
    may_assign: bool = True
    median_in_reports: bool = False
    dynamic_dashboards: bool = True
    most_objects: int = 200
    polls: int = 1
    """How often a deploy is still running when it is asked about."""
    fields: dict[str, Column] = field(default_factory=dict)
    """By ``Object.Field``; those of tasks and events by ``Activity.Field``."""
    objects: dict[str, Sobject] = field(default_factory=dict)
    sets: dict[str, PermissionSet] = field(default_factory=dict)
    reports: set[str] = field(default_factory=set)
    """With their folder; a folder ends in a slash. The same for dashboards."""
    dashboards: set[str] = field(default_factory=set)


def column_of(entry: ET.Element) -> Column:
    """The field of a ``fields`` element of an ``.object`` file."""
    said = {one.tag.removeprefix(METADATA): one.text or "" for one in entry}
    keyed = said.get("externalId") == "true" and said.get("unique") == "true"
    kind = _TYPES[said["type"]]
    return Column(
        name=said["fullName"],
        type=kind,
        length=18 if kind == "reference" else int(said.get("length", 0)),
        precision=int(said.get("precision", 0)),
        scale=int(said.get("scale", 0)),
        flags=("d" if kind == "boolean" else "n") + ("xL" if keyed else ""),
        refers_to=(said["referenceTo"],) if kind == "reference" else (),
    )


def object_of(name: str) -> Sobject:
    """A new custom object, as far as nobody may see its own fields."""
    text = f"{tables.ID}{tables.DELETED}Name string(80) dN\nOwnerId reference(Group, User) cud\n"
    return Sobject(name=name, prefix="a00", plural=name, columns=columns(text + tables.AUDIT))


def hide(org: Org, prefix: str) -> None:
    """Take our fields away from tasks and events: an org in which nothing is deployed."""
    for name in ACTIVITY:
        known = org.objects[name.lower()].columns
        for key in [key for key in known if key.startswith(prefix.lower())]:
            del known[key]


def grant(org: Org) -> None:
    """Let the API's user see and write what its permission sets grant."""
    rows = org.tables["permissionset"].rows
    given = org.tables["permissionsetassignment"].rows.values()
    ids = {one["PermissionSetId"] for one in given if one["AssigneeId"] == org.user_id}
    for one in ids:
        known = org.metadata.sets.get(rows[one]["Name"], PermissionSet())
        for name, editable in known.objects.items():
            _show_object(org, name, editable=editable)
        for name, editable in known.fields.items():
            _show_field(org, name, editable=editable)


def _show_object(org: Org, name: str, *, editable: bool) -> None:
    made = org.metadata.objects.get(name)
    if made is None:
        return
    old = org.tables.get(name.lower())
    shown = replace(
        made,
        createable=editable,
        updateable=editable,
        deletable=False,
        columns=dict(old.sobject.columns if old else made.columns),
    )
    org.objects[name.lower()] = shown
    if old is None:
        org.tables[name.lower()] = Table(shown)
    else:
        old.sobject = shown


def _show_field(org: Org, name: str, *, editable: bool) -> None:
    sobject, _, plain = name.partition(".")
    holder = "Activity" if sobject in ACTIVITY else sobject
    column = org.metadata.fields.get(f"{holder}.{plain}")
    found = org.objects.get(sobject.lower())
    if column is None or found is None:
        return  # a standard field, which the org shows anyhow
    flags = column.flags + ("cu" if editable else "")
    found.columns[plain.lower()] = replace(column, flags=flags)
