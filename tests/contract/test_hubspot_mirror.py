"""What each mirrored object yields, read from the sandbox through the real client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import AuthError, ConfigError
from connectors.hubspot.records import COMPANY
from routing.nouns import Account, Deal, OutOfOffice, Person, Prospect, Stage
from tests.contract.hubspot_kit import START, Copy, Kit, running


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as started:
        yield started


def one(kit: Kit, name: str, key: str, **settings: Any) -> object:
    return Copy(kit.connector(**settings), name).sync()[kit.ids[key]]


def user_of(kit: Kit, key: str) -> str:
    rows = kit.sandbox.records("users")
    return next(row["id"] for row in rows if row.get("hubspot_owner_id") == kit.ids[key])


def test_a_person_is_an_owner_joined_with_its_user(kit: Kit) -> None:
    person = one(kit, "people", "bo")
    assert isinstance(person, Person)
    assert (person.email, person.name, person.role_name) == ("bo@team.test", "Bo Lin", "West")
    assert (person.manager_id, person.backup_id) == (kit.ids["mia"], kit.ids["eva"])
    assert (person.title, person.time_zone) == ("Account Executive", "America/New_York")
    assert person.active
    assert not person.queue


@pytest.mark.pitfall("R3", "an owner who left is in another list")
def test_an_archived_owner_is_an_inactive_person(kit: Kit) -> None:
    person = one(kit, "people", "ex")
    assert isinstance(person, Person)
    assert not person.active


def test_a_user_without_owner_id_is_joined_by_user_id_and_then_by_e_mail(kit: Kit) -> None:
    kit.sandbox.update("users", user_of(kit, "bo"), hubspot_owner_id="")
    eva = user_of(kit, "eva")
    kit.sandbox.update("users", eva, hubspot_owner_id="", hs_internal_user_id="")
    rows = Copy(kit.connector(), "people").sync()
    for key, title in (("bo", "Account Executive"), ("eva", "BDR")):
        person = rows[kit.ids[key]]
        assert isinstance(person, Person)
        assert person.title == title


def test_working_hours_become_weekdays_and_minutes(kit: Kit) -> None:
    hours = [
        {"days": "MONDAY_TO_FRIDAY", "startMinute": 540, "endMinute": 1020},
        {"days": "SATURDAY", "startMinute": 600, "endMinute": 720},
    ]
    kit.sandbox.update("users", user_of(kit, "bo"), hs_working_hours=json.dumps(hours))
    person = one(kit, "people", "bo")
    assert isinstance(person, Person)
    week = [[day, 540, 1020] for day in range(5)]
    assert json.loads(person.working_hours) == [*week, [5, 600, 720]]


def test_manager_and_backup_may_live_in_other_properties(kit: Kit) -> None:
    person = one(kit, "people", "bo", manager_property="hlr_backup_owner")
    assert isinstance(person, Person)
    assert person.manager_id == kit.ids["eva"]


def test_without_the_users_scope_people_still_come_and_a_note_says_what_is_off(kit: Kit) -> None:
    kit.sandbox.portal.scopes -= {"crm.objects.users.read"}
    connector = kit.connector()
    assert len(Copy(connector, "people").sync()) == 5
    assert Copy(connector, "out_of_office").sync() == {}
    assert "crm.objects.users.read" in connector.notes[0]
    kit.sandbox.portal.scopes |= {"crm.objects.users.read"}
    Copy(connector, "people").sync()
    assert connector.notes == []


def test_a_noted_absence_is_one_interval_though_the_user_is_away_too(kit: Kit) -> None:
    rows = list(Copy(kit.connector(), "out_of_office").sync().values())
    assert len(rows) == 1
    assert isinstance(rows[0], OutOfOffice)
    assert rows[0].person_id == kit.ids["cy"]
    assert (rows[0].starts_at, rows[0].ends_at) == (
        START - timedelta(hours=2),
        START + timedelta(days=3),
    )


def test_away_without_an_interval_is_an_absence_until_it_is_taken_back(kit: Kit) -> None:
    user = user_of(kit, "bo")
    kit.sandbox.update("users", user, hs_availability_status="away")
    copy = Copy(kit.connector(), "out_of_office")
    away = copy.sync()[f"{kit.ids['bo']}:away"]
    assert isinstance(away, OutOfOffice)
    assert away.starts_at == START
    assert away.ends_at > START
    kit.sandbox.update("users", user, hs_availability_status="available")
    assert f"{kit.ids['bo']}:away" not in copy.sync()


def test_absences_that_make_no_sense_are_counted_and_stop_nothing(kit: Kit) -> None:
    now = int(START.timestamp())
    spans = [
        {"startTimestamp": 17303796000, "endTimestamp": 17304084000},
        {"startTimestamp": now, "endTimestamp": now + 3600},
        {"startTimestamp": "soon", "endTimestamp": None},
        "next week",
    ]
    bo, eva = user_of(kit, "bo"), user_of(kit, "eva")
    kit.sandbox.portal.tables["users"].live[int(eva)].props["hs_out_of_office_hours"] = "{oops"
    kit.sandbox.portal.tables["users"].live[int(bo)].props["hs_out_of_office_hours"] = json.dumps(
        spans
    )
    connector = kit.connector()
    rows = [one for one in Copy(connector, "out_of_office").sync().values()]
    mine = [row for row in rows if isinstance(row, OutOfOffice) and row.person_id == kit.ids["bo"]]
    assert [(row.starts_at, row.ends_at) for row in mine] == [(START, START + timedelta(hours=1))]
    assert connector.notes == ["4 out-of-office entries of HubSpot users make no sense"]


def test_stages_keep_their_order_and_say_which_are_closed_and_won(kit: Kit) -> None:
    rows = [row for row in Copy(kit.connector(), "stages").sync().values()]
    stages = [row for row in rows if isinstance(row, Stage)]
    assert [(s.label, s.position, s.is_closed, s.is_won) for s in stages] == [
        ("Appointment Scheduled", 0, False, False),
        ("Proposal", 1, False, False),
        ("Closed Won", 2, True, True),
        ("Closed Lost", 3, True, False),
    ]


def test_a_company_carries_the_fields_that_the_policy_reads(kit: Kit) -> None:
    account = one(kit, "companies", "acme", account_fields=("bdr_owner", "csm_owner"))
    assert isinstance(account, Account)
    assert account.fields == {"bdr_owner": kit.ids["eva"], "csm_owner": kit.ids["cy"]}
    assert (account.name, account.domain, account.kind) == ("Acme", "acme.test", "lead")
    assert account.owner_id == kit.ids["bo"]


def test_a_customer_without_owner_and_with_a_parent(kit: Kit) -> None:
    account = one(kit, "companies", "sub")
    assert isinstance(account, Account)
    assert (account.kind, account.owner_id) == ("customer", None)
    assert account.parent_id == kit.ids["acme"]


def test_a_configured_field_that_does_not_exist_is_noted_by_name(kit: Kit) -> None:
    connector = kit.connector(account_fields=("csm_owner", "tier"))
    rows = Copy(connector, "companies").sync()
    account = rows[kit.ids["acme"]]
    assert isinstance(account, Account)
    assert set(account.fields) == {"csm_owner"}
    assert connector.notes == [
        "companies have no property tier: what the policy reads there is empty"
    ]


def test_a_contact_with_and_without_company(kit: Kit) -> None:
    rows = Copy(kit.connector(), "contacts").sync()
    dana, lou = rows[kit.ids["dana"]], rows[kit.ids["lou"]]
    assert isinstance(dana, Prospect)
    assert isinstance(lou, Prospect)
    assert (dana.email, dana.name, dana.kind) == ("dana@acme.test", "Dana Reed", "contact")
    assert dana.account_id == kit.ids["acme"]
    assert (lou.account_id, lou.company) == (None, "Free Inc")


@pytest.mark.pitfall("R10", "a number holds a list of numbers")
def test_r10_a_number_that_is_a_list_is_no_reference(kit: Kit) -> None:
    contact = kit.sandbox.create(
        "contacts", email="x@x.test", associatedcompanyid="3092727991;3881228353"
    )
    prospect = Copy(kit.connector(), "contacts").sync()[contact]
    assert isinstance(prospect, Prospect)
    assert prospect.account_id is None


def test_a_deal_belongs_to_its_primary_company(kit: Kit) -> None:
    deal = one(kit, "deals", "big")
    assert isinstance(deal, Deal)
    assert deal.account_id == kit.ids["acme"]
    assert (deal.amount, deal.is_closed, deal.is_won) == (1200.5, False, False)
    kit.sandbox.link("deals", kit.ids["big"], "companies", kit.ids["sub"])
    deal = one(kit, "deals", "big")
    assert isinstance(deal, Deal)
    assert deal.account_id == kit.ids["sub"]


def test_a_won_deal_is_closed_and_won(kit: Kit) -> None:
    deal = one(kit, "deals", "old")
    assert isinstance(deal, Deal)
    assert (deal.is_closed, deal.is_won) == (True, True)
    assert deal.closed_at == START - timedelta(days=9)


def test_participants_of_deals_follow_what_the_deals_become(kit: Kit) -> None:
    copy = Copy(kit.connector(), "deal_contacts")
    both = {f"{kit.ids[deal]}:{kit.ids['dana']}" for deal in ("big", "old")}
    assert set(copy.sync()) == both
    kit.clock.forward(minutes=1)
    won = next(stage.id for stage in kit.sandbox.portal.pipeline.stages if stage.closed)
    kit.sandbox.update("deals", kit.ids["big"], dealstage=won)
    assert set(copy.sync()) == both


@pytest.mark.pitfall("R4", "an association changes and moves no stamp")
def test_r4_a_participant_who_leaves_an_open_deal_is_gone_though_the_deal_did_not_change(
    kit: Kit,
) -> None:
    copy = Copy(kit.connector(open_deal_minutes=5), "deal_contacts")
    copy.sync()
    kit.clock.forward(hours=2)  # a newer deal takes the watermark, and its overlap, past the old
    kit.sandbox.create("deals", dealname="newer", dealstage="x")
    copy.sync()
    kit.sandbox.unlink("deals", kit.ids["big"], "contacts", kit.ids["dana"])
    kit.sandbox.link("deals", kit.ids["big"], "contacts", kit.ids["lou"])
    kit.clock.forward(minutes=6)
    copy.sync()
    assert f"{kit.ids['big']}:{kit.ids['lou']}" in copy.rows
    assert f"{kit.ids['big']}:{kit.ids['dana']}" not in copy.rows


def test_a_company_that_is_joined_to_an_open_deal_is_seen_though_the_deal_did_not_change(
    kit: Kit,
) -> None:
    copy = Copy(kit.connector(open_deal_minutes=5), "deals")
    copy.sync()
    kit.clock.forward(hours=2)
    kit.sandbox.create("deals", dealname="newer", dealstage="x")
    kit.sandbox.link("deals", kit.ids["big"], "companies", kit.ids["sub"])
    deal = copy.sync()[kit.ids["big"]]
    assert isinstance(deal, Deal)
    assert deal.account_id == kit.ids["sub"]


@pytest.mark.pitfall("R4", "associations are paged for each record")
def test_r4_associations_beyond_one_page_are_all_followed(kit: Kit) -> None:
    kit.sandbox.portal.association_page = 3
    for number in range(8):
        contact = kit.sandbox.create("contacts", email=f"c{number}@x.test")
        kit.sandbox.link("deals", kit.ids["big"], "contacts", contact)
    rows = Copy(kit.connector(), "deal_contacts").sync()
    assert len([one for one in rows if one.startswith(f"{kit.ids['big']}:")]) == 9


def test_a_scope_that_nothing_works_without_is_an_error_that_names_it(kit: Kit) -> None:
    kit.sandbox.portal.scopes -= {"crm.objects.companies.read"}
    with pytest.raises(ConfigError, match=r"crm\.objects\.companies\.read") as caught:
        Copy(kit.connector(), "companies").sync()
    assert "Add the scope" in caught.value.mend


def test_a_wrong_token_is_an_auth_error_and_is_not_told(kit: Kit) -> None:
    connector = kit.connector(token="pat-na1-wrong-and-secret")
    with pytest.raises(AuthError) as caught:
        Copy(connector, "people").sync()
    assert "wrong-and-secret" not in f"{caught.value} {caught.value.mend} {connector!r}"


def test_links_lead_to_the_record_in_the_account(kit: Kit) -> None:
    connector = kit.connector()
    assert connector.record_url("prospect", "7").endswith("/contacts/21939747/record/0-1/7")
    assert connector.record_url("person", "7") == ""
    assert kit.calls("/account-info/v3/details") == 1


def test_without_an_answer_there_is_no_link_and_no_error(kit: Kit) -> None:
    kit.fault("status", "/account-info", times=-1, status=500)
    connector = kit.connector()
    assert connector.record_url("prospect", "7") == ""
    assert connector.notes


def test_every_property_that_is_asked_for_exists(kit: Kit) -> None:
    known = kit.sandbox.portal.tables["companies"].properties
    assert set(COMPANY) <= set(known)


def test_the_whole_company_costs_few_calls(kit: Kit) -> None:
    connector = kit.connector()
    Copy(connector, "contacts").sync()
    assert connector.api_calls == 3
