"""What changes without a stamp, or in its shape: formulas, names, types, fields, long queries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from connectors.errors import TemporaryError
from connectors.salesforce.queries import LONGEST
from connectors.sandbox.faults import Fault
from routing.mapping import Mapping
from routing.nouns import Deal
from routing.policy import Policy
from tests.contract.salesforce_kit import Bench, bench, read_all, records, settled
from tests.fuzz.converge_kit import HandClock
from tests.story.world import small_policy
from worker.context import Context
from worker.dispatch.in_process import InProcess
from worker.store.engine import Store
from worker.store.mirror import table_of
from worker.sync import prepare_mirror, sync

SCORE = "Score__c double(18, 2) n"
SCORED = Mapping.model_validate({"fields": {"deal": ["Score__c"]}})


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


@pytest.mark.pitfall("R2", "a formula changes and moves no stamp")
def test_r2_formulas_are_read_on_their_own_timer_with_a_warning(org: Bench) -> None:
    score = {"now": 1.0}
    org.box.org.add_field("Opportunity", SCORE, lambda _row: score["now"])
    crm = org.crm(mapping=SCORED, formula_minutes=30)
    assert {one.fields["Score__c"] for one in records(crm, "deals")} == {"1.0"}
    _, mark = read_all(crm, "deals")
    assert [note for note in crm.notes if "Score__c is worked out by Salesforce" in note]
    score["now"] = 2.0
    org.forward(minutes=20)
    pages, mark = read_all(crm, "deals", mark)
    assert [page.fields for page in pages if page.fields] == []
    org.forward(minutes=11)
    crm.count("users")
    pages, mark = read_all(crm, "deals", mark)
    # Of open deals alone, and their formula alone.
    assert [page.fields for page in pages if page.fields] == [
        {org.ids["deal"]: {"Score__c": "2.0"}}
    ]
    assert {name for page in pages for name in page.refreshed} == {"Score__c"}
    assert [record for page in pages for record in page.records] == []
    before = crm.api_calls
    read_all(crm, "deals", mark)
    assert crm.api_calls - before == 1


def test_who_is_away_by_a_formula_is_seen_with_the_next_turn_of_the_timer(org: Bench) -> None:
    away = {"now": False}
    org.box.org.add_field("User", "OOO__c boolean n", lambda _row: away["now"])
    crm = org.crm(mapping=Mapping.model_validate({"absence": {"flag": "OOO__c"}}))
    mark = settled(org, crm, "away_users", minutes=40)
    away["now"] = True
    people = {row["Id"] for row in org.box.records("User")}
    assert {one.person_id for one in records(crm, "away_users", mark)} == people


def test_formulas_of_a_large_object_come_by_a_bulk_job(org: Bench) -> None:
    org.box.org.add_field("Account", SCORE, lambda row: len(row["Name"]))
    crm = org.crm(account_fields=("Score__c",), bulk_above=1)
    _, mark = read_all(crm, "accounts")
    org.forward(minutes=31)
    crm.count("users")
    pages, _ = read_all(crm, "accounts", mark)
    told: dict[str, Any] = {}
    for page in pages:
        told |= page.fields
    assert told == {
        org.ids["acme"]: {"Score__c": "4.0"},
        org.ids["zeta"]: {"Score__c": "4.0"},
    }


def test_a_role_that_is_renamed_arrives_with_the_next_turn_of_the_timer(org: Bench) -> None:
    crm = org.crm()
    mark = settled(org, crm, "users", minutes=40)
    [role] = [row["Id"] for row in org.box.records("UserRole") if row["Name"] == "AE West"]
    org.box.update("UserRole", role, Name="AE Pacific")
    found = records(crm, "users", mark)
    assert [(one.id, one.role_name) for one in found] == [(org.ids["ann"], "AE Pacific")]


@pytest.mark.pitfall("R2", "a name of another record changes and moves no stamp")
def test_a_company_that_is_renamed_arrives_at_its_contacts(org: Bench) -> None:
    crm = org.crm()
    mark = settled(org, crm, "contacts", minutes=40)
    org.box.update("Account", org.ids["acme"], Name="Acme Global")
    assert [one.company for one in records(crm, "contacts", mark)] == ["Acme Global"]


@pytest.mark.pitfall("R10", "the list of fields is that of the first day")
def test_r10_a_field_that_is_added_later_is_found_within_a_day_and_read_for_all(
    org: Bench,
) -> None:
    crm = org.crm(mapping=SCORED)
    _, mark = read_all(crm, "deals")
    assert [note for note in crm.notes if "Score__c" in note]
    org.box.org.add_field("Opportunity", "Score__c double(18, 2) cun")
    org.box.update("Opportunity", org.ids["past"], Score__c=4)
    org.forward(days=1, minutes=1)
    crm.count("users")
    deals = {one.id: one for one in records(crm, "deals", mark)}
    assert set(deals) == {org.ids["deal"], org.ids["past"]}
    assert deals[org.ids["past"]].fields == {"Score__c": "4"}
    assert crm.notes == []


@pytest.mark.pitfall("R10", "a number holds what is none")
def test_r10_a_value_that_does_not_fit_its_type_is_empty_and_counted(org: Bench) -> None:
    org.box.org.add_field("Opportunity", "Score__c double(18, 2) cun")
    for table, name, value in (
        ("opportunity", "Score__c", "3092727991;3881228353"),
        ("opportunity", "Amount", "a lot"),
    ):
        row = org.box.org.tables[table].rows[org.ids["deal"]]
        org.box.org.tables[table].put(row | {name: value})
    crm = org.crm(mapping=SCORED)
    deals = {one.id: one for one in records(crm, "deals")}
    assert (deals[org.ids["deal"]].fields, deals[org.ids["deal"]].amount) == ({}, None)
    [note] = crm.notes
    assert "1 of Amount, 1 of Score__c" in note


@pytest.mark.pitfall("R8", "a query takes longer than the org allows")
def test_r8_a_query_that_takes_too_long_is_asked_for_half_the_time_and_half_again() -> None:
    with bench() as org:
        org.load()
        for number in range(40):
            org.forward(minutes=5)
            org.box.create("Contact", LastName=f"C{number}", AccountId=org.ids["acme"])
        crm = org.crm()
        crm.count("users")
        slow = [
            {"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running too long"}
        ]
        path = "/services/data/v66.0/queryAll"
        org.box.faults.order(Fault(kind="status", status=400, body=slow, path=path, times=20))
        pages, mark = read_all(crm, "contacts")
        seen = [one.id for page in pages for one in page.records]
        assert len(seen) == len(set(seen)) == 41
        assert mark


@pytest.mark.pitfall("R8", "a part is taken for the whole after a timeout")
def test_r8_a_query_that_always_takes_too_long_moves_no_watermark(org: Bench) -> None:
    slow = [{"errorCode": "QUERY_TIMEOUT", "message": "Your query took too long"}]
    path = "/services/data/v66.0/queryAll"
    org.box.faults.order(Fault(kind="status", status=400, body=slow, path=path, times=-1))
    pages = org.crm().read("contacts", None)
    with pytest.raises(TemporaryError):
        list(pages)


def test_a_query_that_is_too_long_for_an_address_is_asked_in_parts() -> None:
    with bench() as org:
        org.load()
        names = [f"A_Field_With_A_Rather_Long_Name_{number:03}__c" for number in range(600)]
        for name in names:
            org.box.org.add_field("Opportunity", f"{name} string(20) cun")
        values = {names[0]: "first", names[299]: "middle", names[-1]: "last"}
        org.box.update("Opportunity", org.ids["deal"], **values)
        assert sum(map(len, names)) > LONGEST
        crm = org.crm(mapping=Mapping.model_validate({"fields": {"deal": names}}))
        deals = {one.id: one for one in records(crm, "deals")}
        assert deals[org.ids["deal"]].fields == values
        assert len(deals) == 2


def test_the_worker_brings_formulas_up_to_date_and_nothing_else(org: Bench, store: Store) -> None:
    score = {"now": 1.0}
    org.box.org.add_field("Opportunity", SCORE, lambda _row: score["now"])
    crm = org.crm(mapping=SCORED)
    clock = HandClock()
    ctx = Context(
        store=store,
        clock=clock,
        policy=Policy.model_validate(small_policy()),
        dispatch=InProcess(),
        crm=crm,
        surfaces={},
    )
    prepare_mirror(store, crm, clock.at)
    table = table_of(Deal)

    def held() -> dict[str, dict[str, Any]]:
        with store.read() as conn:
            return {row["id"]: dict(row) for row in conn.execute(select(table)).mappings()}

    assert sync(ctx, "deals", force=True)
    org.forward(minutes=20)
    assert sync(ctx, "deals", force=True)
    before = held()
    score["now"] = 2.0
    org.forward(minutes=20)
    crm.count("users")
    assert sync(ctx, "deals", force=True)
    after = held()
    changed = {one for one in after if after[one]["fields"] != before[one]["fields"]}
    assert changed == {org.ids["deal"]}
    assert after[org.ids["deal"]]["fields"] == {"Score__c": "2.0"}
    assert after[org.ids["deal"]]["name"] == before[org.ids["deal"]]["name"]
