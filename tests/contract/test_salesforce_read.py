"""The connector reads a Salesforce org: what each record becomes, page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import ConfigError, ConnectorError
from connectors.sandbox.faults import Fault
from connectors.sandbox.world import World, WorldAccount, WorldContact
from routing.nouns import Account, Deal, Person, Prospect
from tests.contract.salesforce_kit import START, Bench, bench, read_all, records


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


def test_users_become_people_with_their_role_manager_and_backup(org: Bench) -> None:
    people: dict[str, Person] = {one.name: one for one in records(org.crm(), "users")}
    ann = people["Ann Ames"]
    assert ann.id == org.ids["ann"]
    assert ann.email == "ann@seller.example"
    assert ann.role_name == "AE West"
    assert (ann.manager_id, ann.backup_id) == (org.ids["mia"], org.ids["ben"])
    assert ann.time_zone == "America/Los_Angeles"
    assert people["Mia Moss"].email == "mia@seller.example"
    assert people["Olive Old"].active is False


def test_a_user_that_nobody_can_log_in_as_is_not_active(org: Bench) -> None:
    people = {one.id: one for one in records(org.crm(), "users")}
    assert people[org.box.org.user_id].active is False


def test_queues_become_people_that_are_queues(org: Bench) -> None:
    queue = org.box.create("Group", Name="Inbound", Type="Queue")
    org.box.create("Group", Name="Everybody", Type="Regular")
    found = records(org.crm(), "queues")
    assert [(one.id, one.queue) for one in found] == [(queue, True)]


def test_accounts_carry_the_fields_that_the_policy_reads(org: Bench) -> None:
    accounts: dict[str, Account] = {one.name: one for one in records(org.crm(), "accounts")}
    acme, zeta = accounts["Acme"], accounts["Zeta"]
    assert (acme.domain, acme.owner_id) == ("acme.example", org.ids["ann"])
    assert acme.fields == {"BDR__c": org.ids["ben"]}
    assert zeta.parent_id == acme.id
    assert zeta.owner_id == org.box.org.user_id


def test_a_field_that_the_org_lacks_is_left_out_with_a_note(org: Bench) -> None:
    crm = org.crm(account_fields=("BDR__c", "SDR_Owner__c"))
    assert len(records(crm, "accounts")) == 2
    assert [note for note in crm.notes if "SDR_Owner__c" in note]


def test_contacts_and_leads_become_prospects(org: Bench) -> None:
    crm = org.crm()
    [cat] = records(crm, "contacts")
    [leo] = records(crm, "leads")
    assert (cat.kind, cat.email, cat.company) == ("contact", "cat@acme.example", "Acme")
    assert cat.account_id == org.ids["acme"]
    assert (leo.kind, leo.email, leo.company) == ("lead", "leo@new.example", "New Co")


def test_a_converted_lead_says_which_contact_it_became(org: Bench) -> None:
    org.box.convert(org.ids["leo"], org.ids["acme"], org.ids["cat"])
    leo: Prospect = records(org.crm(), "leads")[0]
    assert (leo.converted_to, leo.account_id) == (org.ids["cat"], org.ids["acme"])


def test_a_lead_may_belong_to_a_queue(org: Bench) -> None:
    queue = org.box.create("Group", Name="Inbound", Type="Queue")
    org.box.update("Lead", org.ids["leo"], OwnerId=queue)
    assert records(org.crm(), "leads")[0].owner_id == queue


def test_deals_refer_to_stages_by_their_api_name(org: Bench) -> None:
    crm = org.crm()
    deals: dict[str, Deal] = {one.name: one for one in records(crm, "deals")}
    stages = {one.id: one for one in records(crm, "stages")}
    assert [stages[one].position for one in ("Prospecting", "Won", "Lost")] == [1, 2, 3]
    past, now = deals["Acme 2025"], deals["Acme 2026"]
    assert (past.is_closed, past.is_won, past.stage_id) == (True, True, "Won")
    assert past.closed_at == datetime(2025, 3, 1, tzinfo=UTC)
    assert (now.is_closed, now.closed_at, now.amount) == (False, None, 1200.5)


def test_contact_roles_become_deal_contacts(org: Bench) -> None:
    [part] = records(org.crm(), "deal_contacts")
    assert (part.deal_id, part.prospect_id) == (org.ids["deal"], org.ids["cat"])


def test_teams_become_role_holdings(org: Bench) -> None:
    org.box.create(
        "AccountTeamMember",
        AccountId=org.ids["acme"],
        UserId=org.ids["ben"],
        TeamMemberRole="BDR",
    )
    org.box.create(
        "OpportunityTeamMember",
        OpportunityId=org.ids["deal"],
        UserId=org.ids["ann"],
        TeamMemberRole="AE",
    )
    crm = org.crm()
    [bdr], [ae] = records(crm, "account_team"), records(crm, "deal_team")
    assert (bdr.account_id, bdr.person_id, bdr.role) == (org.ids["acme"], org.ids["ben"], "BDR")
    assert (ae.deal_id, ae.person_id, ae.role) == (org.ids["deal"], org.ids["ann"], "AE")


@pytest.mark.parametrize(
    ("name", "feature"),
    [
        ("account_team", "account_teams"),
        ("deal_team", "opportunity_teams"),
        ("out_of_office", "out_of_office"),
    ],
)
def test_what_the_org_has_switched_off_is_one_empty_page_and_a_note(
    org: Bench, name: str, feature: str
) -> None:
    org.box.features.discard(feature)
    crm = org.crm()
    pages, watermark = read_all(crm, name)
    assert [(list(page.records), page.watermark) for page in pages] == [([], watermark)]
    assert len(crm.notes) == 1
    org.box.features.add(feature)
    read_all(crm, name, watermark)
    assert crm.notes == []


def test_an_object_that_must_be_there_is_an_error_when_it_is_not(org: Bench) -> None:
    del org.box.org.objects["account"]
    with pytest.raises(ConfigError) as caught:
        list(org.crm().read("accounts", None))
    assert "Account" in str(caught.value)
    assert caught.value.mend


def test_a_read_asks_again_from_the_beginning_when_it_has_new_fields(org: Bench) -> None:
    _, mark = read_all(org.crm(account_fields=()), "accounts")
    org.forward(days=1)
    _, mark = read_all(org.crm(account_fields=()), "accounts", mark)
    assert records(org.crm(account_fields=()), "accounts", mark) == []
    assert len(records(org.crm(account_fields=("BDR__c",)), "accounts", mark)) == 2


@pytest.mark.parametrize("mark", ["nonsense", "[]", '{"until": 5}', "{}"])
def test_a_watermark_that_cannot_be_read_means_reading_all(org: Bench, mark: str) -> None:
    assert len(records(org.crm(), "accounts", mark)) == 2


def test_an_unknown_object_is_refused(org: Bench) -> None:
    with pytest.raises(ConfigError):
        list(org.crm().read("invoices", None))


def test_a_page_that_fails_leaves_the_watermark_where_it_was() -> None:
    with bench() as org:
        org.load(_many(450))
        crm = org.crm(page_size=200)
        pages = crm.read("contacts", None)
        first = next(pages)
        assert (len(first.records), first.watermark, first.total) == (200, None, 450)
        org.box.faults.order(Fault(kind="status", status=500, path="/services/data", times=-1))
        with pytest.raises(ConnectorError):
            list(pages)


@pytest.mark.pitfall("R12", "an object is held in memory before its first record is kept")
def test_pages_are_made_one_at_a_time_and_none_is_larger_than_the_page_size() -> None:
    with bench() as org:
        org.load(_many(20_000))
        crm = org.crm()
        before = crm.api_calls
        pages = crm.read("contacts", None)
        first = next(pages)
        assert crm.api_calls - before <= 4  # log-in, describe, count, one page
        sizes = [len(page.records) for page in pages]
        assert max(sizes) <= 2000
        assert sum(sizes) + len(first.records) == 20_000


def test_record_urls_lead_into_lightning(org: Bench) -> None:
    crm = org.crm()
    url = crm.record_url("account", org.ids["acme"])
    assert url == f"{org.url}/lightning/r/Account/{org.ids['acme']}/view"
    assert crm.record_url("stage", "Prospecting") == ""
    assert crm.record_url("prospect", "003/../../logout") == ""


def _many(count: int) -> World:
    accounts = (WorldAccount(key="a", name="Acme", domain="acme.example"),)
    contacts = tuple(
        WorldContact(key=f"c{n}", name=f"Con {n}", email=f"c{n}@acme.example", account="a")
        for n in range(count)
    )
    return World(accounts=accounts, contacts=contacts)


def test_the_watermark_is_a_json_text_behind_the_clock_of_the_org(org: Bench) -> None:
    _, mark = read_all(org.crm(behind_seconds=60), "accounts")
    until = datetime.fromisoformat(json.loads(mark)["until"])
    assert START - timedelta(minutes=2) < until <= START - timedelta(minutes=1)
