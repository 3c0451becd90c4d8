"""Incremental reads of Salesforce: nothing missed, nothing lost, deletes seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.errors import ConnectorError
from connectors.salesforce.crm import Salesforce
from connectors.sandbox.faults import Fault
from connectors.sandbox.world import World, WorldAccount, WorldContact
from tests.contract.salesforce_kit import Bench, bench, read_all, records


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


def _settled(org: Bench, crm: Salesforce, name: str) -> str:
    """A watermark of which everything so far is well behind."""
    read_all(crm, name)
    org.forward(minutes=25)
    return read_all(crm, name)[1]


def test_only_what_changed_since_the_watermark_is_read_again(org: Bench) -> None:
    crm = org.crm()
    mark = _settled(org, crm, "accounts")
    assert records(crm, "accounts", mark) == []
    org.forward(minutes=5)
    org.box.update("Account", org.ids["zeta"], Type="Customer - Direct")
    [zeta] = records(crm, "accounts", mark)
    assert (zeta.name, zeta.kind) == ("Zeta", "Customer - Direct")


def test_a_cycle_with_nothing_changed_costs_one_call(org: Bench) -> None:
    crm = org.crm()
    marks = {one.name: read_all(crm, one.name)[1] for one in crm.objects}
    org.forward(minutes=25)
    for name, mark in marks.items():
        before = crm.api_calls
        read_all(crm, name, mark)
        assert (name, crm.api_calls - before) == (name, 1)


@pytest.mark.pitfall("R1", "a stamp from before the watermark becomes visible after it")
def test_a_commit_that_becomes_visible_late_is_caught_by_the_overlap(org: Bench) -> None:
    crm = org.crm(overlap_minutes=10)
    mark = _settled(org, crm, "contacts")
    stamped = org.time
    org.forward(minutes=9)
    _, mark = read_all(crm, "contacts", mark)
    # The transaction began before that read and is seen only now, with the old stamp.
    now, org.time = org.time, stamped
    late = org.box.create("Contact", LastName="Late", AccountId=org.ids["acme"])
    org.time = now
    assert late in [one.id for one in records(crm, "contacts", mark)]


@pytest.mark.pitfall("R1", "the latest stamp is not the latest change")
def test_the_watermark_stays_behind_the_org_s_clock(org: Bench) -> None:
    crm = org.crm(overlap_minutes=0, behind_seconds=60)
    mark = _settled(org, crm, "contacts")
    org.forward(seconds=-30)  # a stamp of half a minute ago, seen after the read
    late = org.box.create("Contact", LastName="Late", AccountId=org.ids["acme"])
    org.forward(seconds=30)
    assert late in [one.id for one in records(crm, "contacts", mark)]


@pytest.mark.pitfall("R3", "a query does not show what was deleted")
def test_deleted_records_are_told(org: Bench) -> None:
    crm = org.crm()
    mark = _settled(org, crm, "leads")
    org.box.delete("Lead", org.ids["leo"])
    pages, _ = read_all(crm, "leads", mark)
    assert [(list(page.records), list(page.deleted)) for page in pages] == [([], [org.ids["leo"]])]


def test_what_hangs_on_a_deleted_account_is_told_as_well(org: Bench) -> None:
    crm = org.crm()
    marks = {name: _settled(org, crm, name) for name in ("contacts", "deals", "deal_contacts")}
    org.box.delete("Account", org.ids["acme"])
    gone = {
        name: [one for page in read_all(crm, name, mark)[0] for one in page.deleted]
        for name, mark in marks.items()
    }
    assert set(gone["contacts"]) == {org.ids["cat"]}
    assert set(gone["deals"]) == {org.ids["deal"], org.ids["past"]}


@pytest.mark.pitfall("R3", "the loser of a merge stays")
def test_a_merge_takes_the_loser_away_and_shows_the_winner(org: Bench) -> None:
    crm = org.crm()
    twin = org.box.create("Contact", LastName="Cole", AccountId=org.ids["acme"])
    mark = _settled(org, crm, "contacts")
    org.box.merge("Contact", org.ids["cat"], twin)
    pages, _ = read_all(crm, "contacts", mark)
    assert [one for page in pages for one in page.deleted] == [twin]


def test_a_record_taken_out_of_the_recycle_bin_comes_back(org: Bench) -> None:
    crm = org.crm()
    org.box.delete("Lead", org.ids["leo"])
    mark = _settled(org, crm, "leads")
    org.box.undelete("Lead", org.ids["leo"])
    assert [one.id for one in records(crm, "leads", mark)] == [org.ids["leo"]]


@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.pitfall("R3", "a row goes and leaves nothing in the recycle bin")
def test_a_team_member_that_vanishes_without_a_trace_is_told_within_two_reads(
    org: Bench, turn: int
) -> None:
    crm = org.crm()
    member = org.box.create(
        "AccountTeamMember", AccountId=org.ids["acme"], UserId=org.ids["ben"], TeamMemberRole="BDR"
    )
    mark = _settled(org, crm, "account_team")
    for _ in range(turn):
        mark = read_all(crm, "account_team", mark)[1]
    org.box.delete("AccountTeamMember", member)
    org.forward(minutes=1)
    crm.count("users")  # any answer tells what time it is in the org
    assert org.query("SELECT Id FROM AccountTeamMember")["records"] == []
    gone = []
    for _ in range(2):
        before = crm.api_calls
        pages, mark = read_all(crm, "account_team", mark)
        assert crm.api_calls - before == 1
        gone += [one for page in pages for one in page.deleted]
    assert gone == [member]


def test_deletions_from_before_the_org_s_memory_are_left_to_the_reconcile(org: Bench) -> None:
    crm = org.crm()
    mark = _settled(org, crm, "account_team")
    _, mark = read_all(crm, "account_team", mark)
    org.forward(days=20)
    crm.count("users")
    _, mark = read_all(crm, "account_team", mark)
    assert any("next reconcile" in note for note in crm.notes)
    org.forward(minutes=10)
    _, mark = read_all(crm, "account_team", mark)
    _, mark = read_all(crm, "account_team", mark)
    assert not any("next reconcile" in note for note in crm.notes)


def test_a_list_of_deletions_that_is_too_long_is_read_in_halves(org: Bench) -> None:
    crm = org.crm()
    member = {"AccountId": org.ids["acme"], "UserId": org.ids["ben"]}
    made = [
        org.box.create("AccountTeamMember", TeamMemberRole=role, **member)
        for role in ("BDR", "AE", "CSM")
    ]
    mark = _settled(org, crm, "account_team")
    for one in made:
        org.forward(minutes=5)
        org.box.delete("AccountTeamMember", one)
    org.box.org.longest_list = 1
    org.forward(minutes=1)
    _, mark = read_all(crm, "account_team", mark)
    pages, _ = read_all(crm, "account_team", mark)
    assert set(pages[0].deleted) == set(made)


@pytest.mark.pitfall("R1", "a bulk edit gives more rows than a page one stamp")
def test_a_bulk_edit_with_one_stamp_over_several_pages_is_read_whole_and_once() -> None:
    with bench() as org:
        org.load(_many(1000))  # all within one second
        crm = org.crm(page_size=200)
        pages, mark = read_all(crm, "contacts")
        seen = [one.id for page in pages for one in page.records]
        assert len(seen) == len(set(seen)) == 1000
        org.forward(minutes=25)
        _, mark = read_all(crm, "contacts", mark)
        for one in seen:
            org.box.update("Contact", one, Title="Buyer")
        again = records(crm, "contacts", mark)
        assert sorted(one.id for one in again) == sorted(seen)
        assert {one.title for one in again} == {"Buyer"}


@pytest.mark.pitfall("R1", "a short page is taken for the last")
def test_short_pages_of_the_org_lose_nothing() -> None:
    with bench() as org:
        org.load(_many(700))
        org.box.org.page_size = 150  # the org decides, whatever the client asked for
        found = records(org.crm(), "contacts")
        assert len({one.id for one in found}) == len(found) == 700


@pytest.mark.pitfall("R1", "a busy object is read for ever")
def test_records_that_change_while_they_are_read_are_neither_lost_nor_endless() -> None:
    with bench() as org:
        org.load(_many(600))
        crm = org.crm(page_size=200)
        org.forward(hours=1)
        seen: dict[str, Any] = {}
        pages = crm.read("contacts", None)
        mark = None
        for number, page in enumerate(pages):
            assert number < 20
            seen |= {one.id: one for one in page.records}
            org.forward(minutes=1)
            for one in list(
                page.records
            ):  # somebody edits what has just been read, again and again
                org.box.update("Contact", one.id, Title=f"Edited {number}")
            mark = page.watermark
        assert len(seen) == 600
        assert mark is not None
        seen |= {one.id: one for one in records(crm, "contacts", mark)}
        titles = {row["Id"]: row.get("Title", "") for row in org.box.records("Contact")}
        assert {one.id: one.title for one in seen.values()} == titles


def test_a_read_that_breaks_off_is_made_good_by_the_next_from_the_old_watermark() -> None:
    with bench() as org:
        org.load(_many(600))
        crm = org.crm(page_size=200)
        mark = _settled(org, crm, "contacts")
        for row in org.box.records("Contact"):
            org.box.update("Contact", row["Id"], Title="Buyer")
        pages = crm.read("contacts", mark)
        next(pages)
        org.box.faults.order(Fault(kind="reset_before", times=-1))
        with pytest.raises(ConnectorError):
            list(pages)
        org.box.faults.clear()
        assert len(records(crm, "contacts", mark)) == 600


def _many(count: int) -> World:
    accounts = (WorldAccount(key="a", name="Acme", domain="acme.example"),)
    contacts = tuple(
        WorldContact(key=f"c{n}", name=f"Con {n}", email=f"c{n}@acme.example", account="a")
        for n in range(count)
    )
    return World(accounts=accounts, contacts=contacts)
