"""The sandbox's describes say of each field what a real org's describes say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.salesforce.ids import make_id, whole_id, with_checksum
from connectors.sandbox.salesforce.objects import objects
from tests.contract.salesforce_kit import Bench, bench

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "salesforce"
REAL = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Event", "User")
SAME = (
    "type",
    "soapType",
    "length",
    "precision",
    "scale",
    "digits",
    "createable",
    "updateable",
    "nillable",
    "defaultedOnCreate",
    "filterable",
    "sortable",
    "groupable",
    "calculated",
    "custom",
    "unique",
    "externalId",
    "idLookup",
    "nameField",
    "namePointing",
    "polymorphicForeignKey",
    "restrictedPicklist",
    "relationshipName",
)

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"needs the reference folder {SHARED.name} beside the checkout"
)


@pytest.fixture(scope="module")
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


def _real(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SHARED / "describe" / f"{name}.json").read_text())
    return found


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize("name", REAL)
def test_every_field_agrees_with_the_real_describe(org: Bench, name: str) -> None:
    real = _real(name)
    ours = org.call("GET", f"sobjects/{name}/describe").json()
    fields = {field["name"]: field for field in real["fields"]}
    wrong = [
        (one["name"], key, one[key], fields[one["name"]][key])
        for one in ours["fields"]
        if not one["custom"]
        for key in SAME
        if key in fields[one["name"]] and one[key] != fields[one["name"]][key]
    ]
    assert wrong == []
    for one in ours["fields"]:
        if not one["custom"]:
            assert set(one["referenceTo"]) <= set(fields[one["name"]]["referenceTo"])
            if name != "User":  # whose describe is from an older version
                assert set(one) == set(fields[one["name"]])
    for key in ("keyPrefix", "createable", "updateable", "deletable", "queryable", "undeletable"):
        assert (key, ours[key]) == (key, real[key])
    if name != "User":
        assert set(real) <= set(ours)  # some real ones are from before the newest keys
    real_children = {
        (one["childSObject"], one["field"]): one["relationshipName"]
        for one in real["childRelationships"]
    }
    for one in ours["childRelationships"]:
        place = one["childSObject"], one["field"]
        if place in real_children and place[0] != "EmailMessage":
            assert (place, one["relationshipName"]) == (place, real_children[place])


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize(
    "name", ["OutOfOffice", "AccountTeamMember", "OpportunityTeamMember", "Task"]
)
def test_every_documented_field_that_we_have_is_of_the_documented_type(name: str) -> None:
    documented = json.loads((SHARED / "doc-fields.json").read_text())[name]["fields"]
    ours = objects()[name.lower()]
    for one in documented:
        column = ours.column(one["name"])
        if column is None:
            continue
        assert (one["name"], column.type) == (one["name"], one["type"].lower())
        if "props" in one:
            assert (one["name"], column.filterable) == (one["name"], "Filter" in one["props"])
            assert (one["name"], column.createable) == (one["name"], "Create" in one["props"])
            assert (one["name"], column.updateable) == (one["name"], "Update" in one["props"])


@pytest.mark.shared
@needs_shared
def test_the_list_of_objects_has_the_real_key_prefixes(org: Bench) -> None:
    real = {one["name"]: one for one in _real("Global")["sobjects"]}
    ours = org.call("GET", "sobjects").json()
    assert (ours["encoding"], ours["maxBatchSize"]) == ("UTF-8", 200)
    for one in ours["sobjects"]:
        if (real.get(one["name"]) or {}).get("keyPrefix"):
            for key in ("keyPrefix", "createable", "updateable", "deletable", "labelPlural"):
                assert (one["name"], one[key]) == (one["name"], real[one["name"]][key])


@pytest.mark.shared
@needs_shared
def test_ids_have_the_checksum_that_real_ids_have() -> None:
    found = 0
    for name in REAL[:4]:
        for one in _real(name)["recordTypeInfos"]:
            record_id = one["recordTypeId"]
            assert with_checksum(record_id[:15]) == record_id
            found += 1
    assert found


def test_later_ids_sort_after_earlier_ones() -> None:
    made = [make_id("003", number) for number in (1, 9, 10, 61, 62, 63, 3843, 3844, 10**9)]
    assert made == sorted(made)
    assert all(whole_id(one) == one and whole_id(one[:15]) == one for one in made)


@pytest.mark.parametrize("text", ["", "003", "003Hl0000000001", None, 5, "003Hl0000000001ABC"])
def test_what_is_no_id_is_not_taken_for_one(text: object) -> None:
    whole = whole_id(text)
    assert whole is None or (isinstance(text, str) and whole[:15] == text)
