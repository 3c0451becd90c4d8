"""Judges a metadata zip as the org would: file by file, in the vendor's words."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.sandbox.salesforce import writes
from connectors.sandbox.salesforce.metadata import (
    ACTIVITY,
    PermissionSet,
    column_of,
    object_of,
)
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.schema import Column, Sobject
from connectors.sandbox.salesforce.wsdl import METADATA, wsdl

_MANIFEST = "package.xml"
_KINDS = {
    "CustomObject": ("objects", ".object"),
    "PermissionSet": ("permissionsets", ".permissionset"),
    "Report": ("reports", ".report"),
    "Dashboard": ("dashboards", ".dashboard"),
}
_FOLDERS = {"Report": "ReportFolder", "Dashboard": "DashboardFolder"}
_ACTIVITY_COLUMNS = frozenset(
    ["ACCOUNT", "ASSIGNED", "CONTACT", "DUE_DATE", "PRIORITY", "STATUS", "SUBJECT"]
)
_OBJECT_COLUMNS = frozenset(["CUST_NAME", "CUST_CREATED_DATE"])


@dataclass(frozen=True, slots=True)
class Failure:
    """One component that is refused, and why."""

    kind: str
    name: str
    file: str
    problem: str


class Judge:
    """Judges one zip, and can then let the org have what it found."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._state = org.metadata
        self._files: dict[str, bytes] = {}
        self._roots: dict[str, ET.Element] = {}
        self._failures: list[Failure] = []
        self._fields: dict[str, Column] = {}
        self._objects: dict[str, Sobject] = {}
        self._sets: dict[str, PermissionSet] = {}
        self._in_folders: dict[str, set[str]] = {"Report": set(), "Dashboard": set()}

    def judge(self, files: dict[str, bytes]) -> tuple[list[Failure], list[tuple[str, str]]]:
        """What is refused, and all (type, name) of the manifest."""
        self._files = files
        if _MANIFEST not in files:
            return [Failure("", _MANIFEST, _MANIFEST, "No package.xml found")], []
        members = list(self._members())
        self._read_objects(members)
        # Dashboards last: they name reports.
        for kind, name in sorted(members, key=lambda one: one[0] == "Dashboard"):
            self._component(kind, name)
        self._unlisted(members)
        return self._failures, members

    def apply(self) -> None:
        """Let the org have it all."""
        state = self._state
        state.fields |= self._fields
        state.objects |= self._objects
        state.sets |= self._sets
        state.reports |= self._in_folders["Report"]
        state.dashboards |= self._in_folders["Dashboard"]
        rows = self._org.tables["permissionset"].rows.values()
        known = {one["Name"] for one in rows}
        for name in self._sets.keys() - known:
            writes.create(self._org, "PermissionSet", {"Name": name, "Label": name}, trusted=True)

    def _members(self) -> Iterator[tuple[str, str]]:
        root = self._parsed(_MANIFEST, "Package", "")
        for types in root.iter(f"{METADATA}types") if root is not None else ():
            kind = types.findtext(f"{METADATA}name") or ""
            if kind != "CustomField" and kind not in _KINDS:
                problem = f"Unknown type name '{kind}' specified in package.xml"
                self._refuse("", _MANIFEST, _MANIFEST, problem)
                continue
            for one in types.iter(f"{METADATA}members"):
                yield kind, one.text or ""

    def _parsed(self, file: str, kind: str, name: str) -> ET.Element | None:
        """The file's root, when it is well and says only what its type knows."""
        if file in self._roots:
            return self._roots[file]
        if file not in self._files:
            said = f"An object '{name}' of type {kind} was named in package.xml, but was not found "
            self._refuse(kind, name, file, said + "in zipped directory")
            return None
        try:
            # The demo and the tests alone talk to a sandbox.
            root = ET.fromstring(self._files[file])  # noqa: S314
        except ET.ParseError as error:
            self._refuse(kind, name, file, f"Error parsing file: {error}")
            return None
        told = root.tag.removeprefix(METADATA)
        wrong = wsdl().wrong(root, kind) if kind != "Package" else []
        if told != kind or wrong:
            what = wrong[0] if wrong else told
            problem = f"Element {{{METADATA[1:-1]}}}{what} invalid at this location in type {kind}"
            self._refuse(kind, name, file, problem)
            return None
        self._roots[file] = root
        return root

    def _read_objects(self, members: list[tuple[str, str]]) -> None:
        """Objects and fields come first: all else may name them."""
        custom = {name for kind, name in members if kind == "CustomObject"}
        named = {name for kind, name in members if kind == "CustomField"}
        for name in sorted(custom | {one.partition(".")[0] for one in named}):
            root = self._parsed(f"objects/{name}.object", "CustomObject", name)
            if root is None:
                continue
            if name in custom:
                self._objects[name] = object_of(name)
            for entry in root.iter(f"{METADATA}fields"):
                column = column_of(entry)
                self._fields[f"{name}.{column.name}"] = column
        everything = self._state.objects.keys() | self._objects.keys()
        if len(everything) > self._state.most_objects:
            for name in sorted(custom):
                problem = "reached maximum number of custom objects"
                self._refuse("CustomObject", name, f"objects/{name}.object", problem)

    def _component(self, kind: str, name: str) -> None:
        if kind == "CustomField":
            if name not in self._fields:
                file = f"objects/{name.partition('.')[0]}.object"
                said = f"An object '{name}' of type CustomField was named in package.xml, but was "
                self._refuse(kind, name, file, said + "not found in zipped directory")
        elif kind == "PermissionSet":
            self._permission_set(name)
        elif kind in _FOLDERS:
            self._in_folder(kind, name)

    def _permission_set(self, name: str) -> None:
        file = f"permissionsets/{name}.permissionset"
        root = self._parsed(file, "PermissionSet", name)
        if root is None:
            return
        made = PermissionSet()
        for one in root.iter(f"{METADATA}objectPermissions"):
            thing = one.findtext(f"{METADATA}object") or ""
            if thing not in self._objects and not self._has_object(thing):
                problem = f"In field: object - no CustomObject named {thing} found"
                self._refuse("PermissionSet", name, file, problem)
            made.objects[thing] = one.findtext(f"{METADATA}allowEdit") == "true"
        for one in root.iter(f"{METADATA}fieldPermissions"):
            thing = one.findtext(f"{METADATA}field") or ""
            if not self._has_field(thing):
                problem = f"In field: field - no CustomField named {thing} found"
                self._refuse("PermissionSet", name, file, problem)
            made.fields[thing] = one.findtext(f"{METADATA}editable") == "true"
        self._sets[name] = made

    def _has_object(self, name: str) -> bool:
        return name in self._state.objects or name.lower() in self._org.objects

    def _has_field(self, name: str) -> bool:
        sobject, _, plain = name.partition(".")
        if plain.endswith("__c"):
            key = f"Activity.{plain}" if sobject in ACTIVITY else name
            if key in self._fields or key in self._state.fields:
                return True
        found = self._org.sobject(sobject)
        return found is not None and found.column(plain) is not None

    def _in_folder(self, kind: str, name: str) -> None:
        place, suffix = _KINDS[kind]
        known = self._in_folders[kind]
        folder, _, inner = name.partition("/")
        if not inner:
            if self._parsed(f"{place}/{folder}-meta.xml", _FOLDERS[kind], folder) is not None:
                known.add(f"{folder}/")
            return
        file = f"{place}/{name}{suffix}"
        held = self._state.reports if kind == "Report" else self._state.dashboards
        if f"{folder}/" not in known | held:
            self._refuse(kind, name, file, f"Cannot find folder:{folder}")
        root = self._parsed(file, kind, name)
        if root is None:
            return
        known.add(name)
        check = self._report if kind == "Report" else self._dashboard
        for problem in check(root):
            self._refuse(kind, name, file, problem)

    def _report(self, root: ET.Element) -> Iterator[str]:
        about = root.findtext(f"{METADATA}reportType") or ""
        holder = about.removeprefix("CustomEntity$")
        if about == "Activity":
            columns = _ACTIVITY_COLUMNS
        elif about != holder and (holder in self._objects or holder in self._state.objects):
            columns = _OBJECT_COLUMNS
        else:
            yield f"reportType: Invalid report type: {about}"
            return
        named = [one.text or "" for one in root.iter(f"{METADATA}field")]
        named += [one.text or "" for one in root.iter(f"{METADATA}column")]
        named += [one.text or "" for one in root.iter(f"{METADATA}dateColumn")]
        fields = self._fields.keys() | self._state.fields.keys()
        for one in dict.fromkeys(named):
            if one not in columns and not (one in fields and one.startswith(f"{holder}.")):
                yield f"field: Invalid field name: {one}"
        sums = {one.text for one in root.iter(f"{METADATA}aggregateTypes")}
        if "Median" in sums and not self._state.median_in_reports:
            yield "aggregateTypes: Invalid aggregate type: Median"

    def _dashboard(self, root: ET.Element) -> Iterator[str]:
        kind = root.findtext(f"{METADATA}dashboardType")
        if kind == "LoggedInUser" and not self._state.dynamic_dashboards:
            yield "You have reached the maximum number of dynamic dashboards"
        reports = self._state.reports | self._in_folders["Report"]
        for one in root.iter(f"{METADATA}report"):
            if one.text not in reports:
                yield f"In field: report - no Report named {one.text} found"

    def _unlisted(self, members: list[tuple[str, str]]) -> None:
        """A file that the manifest does not name is refused."""
        listed = {_MANIFEST}
        for kind, name in members:
            place, suffix = _KINDS.get(kind, _KINDS["CustomObject"])
            holder = name.partition(".")[0] if kind == "CustomField" else name.rstrip("/")
            is_folder = kind in _FOLDERS and "/" not in holder
            listed.add(f"{place}/{holder}-meta.xml" if is_folder else f"{place}/{holder}{suffix}")
        for file in sorted(self._files.keys() - listed):
            if not file.endswith("/"):
                self._refuse("", file, file, "Not in package.xml")

    def _refuse(self, kind: str, name: str, file: str, problem: str) -> None:
        self._failures.append(Failure(kind, name, file, problem))
