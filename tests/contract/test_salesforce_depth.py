"""Territories, queues and their members, mapped fields and objects, absences in users' fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.sandbox.salesforce import writes
from routing.mapping import Mapping
from routing.nouns import GroupMember, OutOfOffice
from tests.contract.salesforce_kit import Bench, bench, read_all, records, settled


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


def made_by_org(org: Bench, sobject: str, **fields: Any) -> str:
    """A record that the org itself makes, its read-only fields too."""
    with org.box.org.lock:
        return writes.create(org.box.org, sobject, fields, trusted=True)


def mapping(**parts: Any) -> Mapping:
    return Mapping.model_validate(parts)


def test_people_carry_profile_department_and_the_fields_that_the_policy_names(org: Bench) -> None:
    org.box.org.add_field("User", "Segment__c picklist(40) cun {SMB|Enterprise}")
    org.box.update("User", org.ids["ann"], Department="Sales", Segment__c="SMB")
    crm = org.crm(mapping=mapping(fields={"person": ["Segment__c", "Division__c"]}))
    people = {one.id: one for one in records(crm, "users")}
    ann, ben = people[org.ids["ann"]], people[org.ids["ben"]]
    assert (ann.profile_name, ann.department, ann.fields) == (
        "Standard User",
        "Sales",
        {"Segment__c": "SMB"},
    )
    assert ben.fields == {}
    assert any("Division__c" in note for note in crm.notes)


def test_deals_and_prospects_carry_the_fields_that_the_policy_names(org: Bench) -> None:
    org.box.org.add_field("Opportunity", "Renewal__c boolean cud")
    org.box.org.add_field("Contact", "Score__c double(18, 2) cun")
    org.box.update("Contact", org.ids["cat"], Score__c=7.5)
    fields = {"deal": ["Renewal__c"], "prospect": ["Score__c"], "account": ["Industry"]}
    crm = org.crm(mapping=mapping(fields=fields))
    assert {tuple(one.fields.items()) for one in records(crm, "deals")} == {
        (("Renewal__c", "false"),)
    }
    assert records(crm, "contacts")[0].fields == {"Score__c": "7.5"}
    assert records(crm, "leads")[0].fields == {}
    assert all("Industry" not in note for note in crm.notes)


def test_the_pipeline_of_a_deal_is_its_record_type_where_there_are_any(org: Bench) -> None:
    crm = org.crm()
    assert {one.pipeline_id for one in records(crm, "deals")} == {""}
    assert crm.notes == []
    org.box.org.add_object("RecordType", "012", "Record Types", "DeveloperName string(80) cu")
    org.box.org.add_field("Opportunity", "RecordTypeId reference(RecordType) cun")
    kind = org.box.create("RecordType", Name="New", DeveloperName="New_Business")
    org.box.update("Opportunity", org.ids["deal"], RecordTypeId=kind)
    deals = {one.id: one for one in records(org.crm(), "deals")}
    assert deals[org.ids["deal"]].pipeline_id == "New_Business"


def test_territories_of_the_active_model_have_people_and_accounts(org: Bench) -> None:
    ids: dict[str, str] = {}
    for state in ("Active", "Planning"):
        model = made_by_org(org, "Territory2Model", Name=state, DeveloperName=state, State=state)
        ids[state] = made_by_org(
            org, "Territory2", Name="West", DeveloperName="West", Territory2ModelId=model
        )
        member = {"Territory2Id": ids[state], "UserId": org.ids["ann"]}
        org.box.create("UserTerritory2Association", RoleInTerritory2="AE", **member)
    link = {"Territory2Id": ids["Active"], "AssociationCause": "Territory2Manual"}
    org.box.create("ObjectTerritory2Association", ObjectId=org.ids["acme"], **link)
    org.box.create("ObjectTerritory2Association", ObjectId=org.ids["leo"], **link)
    crm = org.crm()
    [west] = records(crm, "territories")
    assert (west.id, west.name, west.active) == (ids["Active"], "West", True)
    [ann] = records(crm, "territory_members")
    assert (ann.group_id, ann.person_id, ann.role) == (west.id, org.ids["ann"], "AE")
    [acme] = records(crm, "territory_accounts")
    assert (acme.territory_id, acme.account_id) == (west.id, org.ids["acme"])
    assert crm.notes == []


def test_an_org_without_territories_has_them_off_with_a_note(org: Bench) -> None:
    org.box.features.discard("territories")
    crm = org.crm()
    for name in ("territories", "territory_members", "territory_accounts"):
        assert records(crm, name) == []
    assert len(crm.notes) == 3
    assert all(": off, as this org has no" in note for note in crm.notes)


def queue(org: Bench, *members: str) -> str:
    made = org.box.create("Group", Name="Inbound", Type="Queue")
    for one in members:
        org.box.create("GroupMember", GroupId=made, UserOrGroupId=one)
    return made


def people_of(found: list[GroupMember], group: str) -> list[str]:
    return [one.person_id for one in found if one.group_id == group]


def test_a_queue_of_people_costs_one_call(org: Bench) -> None:
    made = queue(org, org.ids["ann"], org.ids["ben"])
    crm = org.crm()
    records(crm, "queues")
    before = crm.api_calls
    assert people_of(records(crm, "queue_members"), made) == [org.ids["ann"], org.ids["ben"]]
    assert crm.api_calls - before == 1


def test_groups_and_roles_in_a_queue_become_their_people(org: Bench) -> None:
    roles = {row["Name"]: row["Id"] for row in org.box.records("UserRole")}
    org.box.update("UserRole", roles["AE West"], ParentRoleId=roles["Manager"])
    below = made_by_org(
        org, "Group", Name="r", Type="RoleAndSubordinates", RelatedId=roles["Manager"]
    )
    only = made_by_org(org, "Group", Name="b", Type="Role", RelatedId=roles["BDR"])
    inner = org.box.create("Group", Name="Inner", Type="Regular")
    outer = org.box.create("Group", Name="Outer", Type="Regular")
    for group, member in ((outer, inner), (inner, only), (inner, outer)):  # round in a circle
        org.box.create("GroupMember", GroupId=group, UserOrGroupId=member)
    first, second = queue(org, below, org.ids["ann"]), queue(org, outer)
    found = records(org.crm(), "queue_members")
    assert set(people_of(found, first)) == {org.ids["mia"], org.ids["ann"]}
    assert len(people_of(found, first)) == 2
    assert people_of(found, second) == [org.ids["ben"]]


RENEWAL = (
    "Account__c reference(Account) cun\nOwner_User__c reference(User) cun\nPart__c string(40) cun"
)


@pytest.mark.parametrize(
    ("named", "role"),
    [({"role": "Renewals"}, "Renewals"), ({"role_field": "Part__c"}, "Renewal Lead")],
)
def test_records_of_a_custom_object_say_who_holds_a_role(
    org: Bench, named: dict[str, str], role: str
) -> None:
    org.box.org.add_object("Renewal__c", "a0R", "Renewals", RENEWAL)
    given = {"Account__c": org.ids["acme"], "Part__c": "Renewal Lead"}
    made = org.box.create("Renewal__c", Owner_User__c=org.ids["ben"], **given)
    nobody = org.box.create("Renewal__c", **given)
    holding = {"object": "Renewal__c", "person": "Owner_User__c", "account": "Account__c"}
    crm = org.crm(mapping=mapping(holdings=[holding | named]))
    [one] = records(crm, "roles_of_Renewal__c")
    assert (one.id, one.person_id, one.account_id, one.role) == (
        made,
        org.ids["ben"],
        org.ids["acme"],
        role,
    )
    mark = settled(org, crm, "roles_of_Renewal__c")
    org.box.update("Renewal__c", nobody, Part__c="Nothing")
    org.box.delete("Renewal__c", made)
    gone = [one for page in read_all(crm, "roles_of_Renewal__c", mark)[0] for one in page.deleted]
    assert set(gone) == {made, nobody}


def test_two_roles_of_one_record_are_two_holdings(org: Bench) -> None:
    org.box.org.add_object("Renewal__c", "a0R", "Renewals", RENEWAL)
    ben = org.ids["ben"]
    made = org.box.create("Renewal__c", Account__c=org.ids["acme"], Owner_User__c=ben)
    holding = {"object": "Renewal__c", "person": "Owner_User__c", "account": "Account__c"}
    both = [holding | {"role": "A"}, holding | {"person": "OwnerId", "role": "B"}]
    crm = org.crm(mapping=mapping(holdings=both))
    names = [one.name for one in crm.objects if one.name.startswith("roles_of")]
    found = [one for name in names for one in records(crm, name)]
    assert [(one.id, one.role) for one in found] == [(made, "A"), (f"{made}:2", "B")]


@pytest.mark.parametrize("lost", ["object", "field"])
def test_a_custom_object_that_is_not_there_is_off_with_a_note(org: Bench, lost: str) -> None:
    if lost == "field":
        org.box.org.add_object("Renewal__c", "a0R", "Renewals", RENEWAL)
    holding = {"object": "Renewal__c", "person": "Nobody__c", "account": "Account__c", "role": "R"}
    crm = org.crm(mapping=mapping(holdings=[holding]))
    assert records(crm, "roles_of_Renewal__c") == []
    [note] = crm.notes
    assert note.startswith("roles from Renewal__c: off")


AWAY = {"flag": "OOO__c", "starts": "OOO_From__c", "ends": "OOO_Until__c"}


@pytest.mark.parametrize(
    ("fields", "given", "expected"),
    [
        (AWAY, {"OOO__c": False, "OOO_Until__c": "2026-12-01"}, None),
        (
            AWAY,
            {"OOO__c": True, "OOO_From__c": "2026-11-24", "OOO_Until__c": "2026-11-27"},
            # Days in Los Angeles, the last one included.
            (datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 28, 8, tzinfo=UTC)),
        ),
        (
            {"flag": "OOO__c"},
            {"OOO__c": True},
            (datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)),
        ),
        (
            {"ends": "OOO_Until__c"},
            {"OOO_Until__c": "2026-11-27"},
            (datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 11, 28, 8, tzinfo=UTC)),
        ),
        ({"ends": "OOO_Until__c"}, {}, None),
        (
            {"starts": "OOO_From__c", "ends": "OOO_Until__c"},
            {"OOO_From__c": "2026-11-28", "OOO_Until__c": "2026-11-24"},
            None,
        ),
    ],
)
def test_fields_of_users_tell_who_is_away(
    org: Bench, fields: dict[str, str], given: dict[str, Any], expected: Any
) -> None:
    for line in ("OOO__c boolean cud", "OOO_From__c date cun", "OOO_Until__c date cun"):
        org.box.org.add_field("User", line)
    org.box.update("User", org.ids["ann"], **given)
    found: list[OutOfOffice] = records(org.crm(mapping=mapping(absence=fields)), "away_users")
    if expected is None:
        assert found == []
        return
    [away] = found
    assert (away.person_id, away.starts_at, away.ends_at) == (org.ids["ann"], *expected)
    assert all(name in away.source for name in fields.values())


def test_an_absence_in_a_user_s_fields_ends_when_the_flag_is_taken_back(org: Bench) -> None:
    org.box.org.add_field("User", "OOO__c boolean cud")
    org.box.update("User", org.ids["ann"], OOO__c=True)
    crm = org.crm(mapping=mapping(absence={"flag": "OOO__c"}))
    assert [one.person_id for one in records(crm, "away_users")] == [org.ids["ann"]]
    mark = settled(org, crm, "away_users")
    org.box.update("User", org.ids["ann"], OOO__c=False)
    pages, _ = read_all(crm, "away_users", mark)
    assert [one for page in pages for one in page.deleted] == [org.ids["ann"]]


def test_fields_that_the_org_lacks_switch_that_source_of_absences_off(org: Bench) -> None:
    crm = org.crm(mapping=mapping(absence={"flag": "OOO__c"}))
    assert records(crm, "away_users") == []
    assert [note for note in crm.notes if note.startswith("out of office from OOO__c")]
