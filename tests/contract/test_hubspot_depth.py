"""Leads, collaborators, teams, stages that are gone, messages: what they yield and cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.errors import LimitError
from connectors.sandbox.hubspot.portal import Owner
from connectors.sandbox.hubspot.schema import Pipeline, Stage
from routing.nouns import DealContact, Evidence, GroupMember, Person, Prospect, RoleHolding
from routing.nouns import Stage as StageNoun
from tests.contract.hubspot_kit import Copy, Kit, running

WHEN = {"hs_timestamp": "2026-11-23T08:00:00.000Z"}


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as started:
        yield started


def lead(kit: Kit, made: str) -> Prospect:
    found = Copy(kit.connector(), "leads").sync()[f"lead:{made}"]
    assert isinstance(found, Prospect)
    return found


def test_a_lead_has_its_contact_its_company_and_its_owner(kit: Kit) -> None:
    links: dict[str, str | list[str]] = {
        "contacts": kit.ids["dana"],
        "companies": kit.ids["acme"],
    }
    made = kit.sandbox.create("leads", links, hs_lead_name="Dana", hubspot_owner_id=kit.ids["eva"])
    found = lead(kit, made)
    assert (found.kind, found.email, found.name) == ("lead", "dana@acme.test", "Dana")
    assert (found.account_id, found.owner_id) == (kit.ids["acme"], kit.ids["eva"])
    assert (found.company, found.converted_to) == ("Acme", None)
    assert kit.calls("/crm/v4/associations/leads/contacts/batch/read") == 0
    assert kit.connector().record_url("prospect", found.id).endswith(f"/record/0-136/{made}")


def test_a_qualified_lead_became_its_contact(kit: Kit) -> None:
    links: dict[str, str | list[str]] = {"contacts": kit.ids["dana"]}
    stage = {"hs_pipeline_stage_category_v2": "QUALIFIED"}
    made = kit.sandbox.create("leads", links, hs_lead_name="Dana", **stage)
    assert lead(kit, made).converted_to == kit.ids["dana"]


def test_a_lead_whose_properties_say_nothing_is_asked_for_its_associations(kit: Kit) -> None:
    made = kit.sandbox.create("leads", hs_lead_name="Old")
    with kit.sandbox.portal.lock:
        for to, key in (("contacts", "dana"), ("companies", "acme")):
            kit.sandbox.portal.links.join("leads", int(made), to, int(kit.ids[key]))
    stage = {"hs_pipeline_stage_category": "QUALIFIED"}
    kit.sandbox.update("leads", made, **stage)
    found = lead(kit, made)
    assert (found.account_id, found.converted_to) == (kit.ids["acme"], kit.ids["dana"])


def test_without_the_leads_scope_a_note_names_it_and_nothing_is_lost(kit: Kit) -> None:
    kit.sandbox.create("leads", {"contacts": kit.ids["dana"]}, hs_lead_name="Dana")
    crm = kit.connector()
    copy = Copy(crm, "leads")
    kit.sandbox.portal.scopes -= {"crm.objects.leads.read"}
    assert copy.sync() == {}
    assert "crm.objects.leads.read" in crm.notes[0]
    kit.sandbox.portal.scopes |= {"crm.objects.leads.read"}
    assert len(copy.sync()) == 1
    assert crm.notes == []


def test_collaborators_of_a_deal_hold_a_role_until_they_leave(kit: Kit) -> None:
    big, bo, eva = (kit.ids[key] for key in ("big", "bo", "eva"))
    kit.sandbox.update("deals", big, hs_all_collaborator_owner_ids=f"{bo};{eva}")
    copy = Copy(kit.connector(), "deal_collaborators")
    rows = [row for row in copy.sync().values() if isinstance(row, RoleHolding)]
    assert {(row.person_id, row.deal_id, row.role) for row in rows} == {
        (bo, big, "Collaborator"),
        (eva, big, "Collaborator"),
    }
    kit.clock.forward(minutes=1)
    kit.sandbox.update("deals", big, hs_all_collaborator_owner_ids=eva)
    assert set(copy.sync()) == {f"deal:{big}:{eva}"}


def test_a_label_of_the_account_is_the_role_of_a_participant(kit: Kit) -> None:
    kit.sandbox.link("deals", kit.ids["big"], "contacts", kit.ids["lou"], label="Champion")
    rows = Copy(kit.connector(), "deal_contacts").sync()
    row = rows[f"{kit.ids['big']}:{kit.ids['lou']}"]
    assert isinstance(row, DealContact)
    assert row.role == "Champion"


def owner(kit: Kit, key: str) -> Owner:
    return kit.sandbox.portal.owners[int(kit.ids[key])]


def test_the_primary_team_is_the_role_and_every_team_a_membership(kit: Kit) -> None:
    owner(kit, "bo").other_teams = ("Renewals",)
    crm = kit.connector()
    person = Copy(crm, "people").sync()[kit.ids["bo"]]
    assert isinstance(person, Person)
    assert person.role_name == "West"
    rows = [row for row in Copy(crm, "teams").sync().values() if isinstance(row, GroupMember)]
    mine = {row.role: row.group_id for row in rows if row.person_id == kit.ids["bo"]}
    assert set(mine) == {"West", "Renewals"}
    assert {row.person_id for row in rows if row.group_id == mine["West"]} == {
        kit.ids["bo"],
        kit.ids["mia"],
    }


def test_a_queue_is_a_person_nobody_can_ask_and_a_locked_user_is_inactive(kit: Kit) -> None:
    owner(kit, "eva").type = "QUEUE"
    rows = kit.sandbox.records("users")
    mine = next(row["id"] for row in rows if row.get("hubspot_owner_id") == kit.ids["bo"])
    kit.sandbox.update("users", mine, hs_deactivated="true")
    people = Copy(kit.connector(), "people").sync()
    queue, locked = people[kit.ids["eva"]], people[kit.ids["bo"]]
    assert isinstance(queue, Person)
    assert isinstance(locked, Person)
    assert (queue.queue, queue.active) == (True, True)
    assert (locked.queue, locked.active) == (False, False)


def test_people_absences_and_teams_share_what_they_read(kit: Kit) -> None:
    crm = kit.connector(archive_minutes=10)
    copies = [Copy(crm, name) for name in ("people", "out_of_office", "teams")]
    for copy in copies:
        copy.sync()
    kit.clock.forward(seconds=45)
    before = crm.api_calls
    for copy in copies:
        copy.sync()
    assert crm.api_calls == before + 2


@pytest.mark.pitfall("R3", "an owner who left still gets alerts")
def test_somebody_who_leaves_is_inactive_at_once(kit: Kit) -> None:
    copy = Copy(kit.connector(archive_minutes=10), "people")
    copy.sync()
    kit.clock.forward(seconds=45)
    owner(kit, "bo").archived = True
    person = copy.sync()[kit.ids["bo"]]
    assert isinstance(person, Person)
    assert not person.active
    kit.clock.forward(seconds=45)
    owner(kit, "bo").archived = False
    person = copy.sync()[kit.ids["bo"]]
    assert isinstance(person, Person)
    assert person.active


def test_stages_of_every_pipeline_come_the_archived_ones_too(kit: Kit) -> None:
    portal = kit.sandbox.portal
    portal.pipeline.stages.append(Stage("77", "Old way", False, 0.1, archived=True))
    renewals = Pipeline("renewals", "Renewals", [Stage("88", "Due", False, 0.5)])
    gone = Pipeline("gone", "Gone", [Stage("99", "Lost for good", True, 0.0)], archived=True)
    portal.more_pipelines += [renewals, gone]
    rows = Copy(kit.connector(), "stages").sync()
    stages = {row.id: row for row in rows.values() if isinstance(row, StageNoun)}
    assert {key: stages[key].active for key in ("77", "88", "99")} == {
        "77": False,
        "88": True,
        "99": False,
    }
    assert stages["88"].pipeline_id == "renewals"
    assert len(stages) == 7


@pytest.mark.parametrize(
    ("name", "props", "expected"),
    [
        ("communications", {"hs_communication_channel_type": "WHATS_APP"}, (True, False)),
        ("meetings", {"hs_meeting_source": "MEETINGS_PUBLIC"}, (False, False)),
        ("meetings", {"hs_meeting_source": "CRM_UI"}, (True, False)),
        ("emails", {"hs_object_source": "AUTOMATION_PLATFORM"}, (True, True)),
        ("calls", {"hs_object_source": "SEQUENCES"}, (True, True)),
    ],
)
def test_what_a_rep_did_and_what_not(
    kit: Kit, name: str, props: dict[str, str], expected: tuple[bool, bool]
) -> None:
    kit.sandbox.create(name, {"contacts": kit.ids["dana"]}, **WHEN, **props)
    [found] = Copy(kit.connector(), name).sync().values()
    assert isinstance(found, Evidence)
    assert (found.outbound, found.automated) == expected
    if name == "communications":
        assert (found.kind, found.subject) == ("message", "Whats app")


def test_evidence_whose_contact_is_joined_a_moment_later_is_seen(kit: Kit) -> None:
    made = kit.sandbox.create("calls", None, **WHEN)
    copy = Copy(kit.connector(), "calls")
    assert copy.sync() == {}
    kit.clock.forward(seconds=60)
    kit.sandbox.link("calls", made, "contacts", kit.ids["dana"])
    assert len(copy.sync()) == 1
    kit.clock.forward(minutes=6)
    copy.sync()
    before = copy.connector.api_calls
    copy.sync()
    assert copy.connector.api_calls == before + 1


def test_a_restored_record_comes_back_with_the_next_look_into_the_bin(kit: Kit) -> None:
    copy = Copy(kit.connector(archive_minutes=10), "companies")
    kit.clock.forward(hours=2)
    kit.sandbox.create("companies", name="A later change")
    kit.sandbox.archive("companies", kit.ids["sub"])
    assert kit.ids["sub"] not in copy.sync()
    kit.sandbox.restore("companies", kit.ids["sub"])
    kit.clock.forward(minutes=11)
    assert kit.ids["sub"] in copy.sync()


def test_a_full_bin_is_looked_through_less_often(kit: Kit) -> None:
    kit.sandbox.portal.most_rows = 1
    for number in range(60):
        kit.sandbox.archive("companies", kit.sandbox.create("companies", name=f"{number}"))
    copy = Copy(kit.connector(archive_minutes=1), "companies")
    copy.sync()
    path = "/crm/v3/objects/companies"
    before = kit.calls(path)
    kit.clock.forward(minutes=2)
    copy.sync()
    assert kit.calls(path) == before
    kit.clock.forward(minutes=5)
    copy.sync()
    assert kit.calls(path) > before


@pytest.mark.pitfall("R6", "each client paces itself, and the account is throttled")
def test_r6_searches_of_all_clients_of_an_account_share_one_bucket(kit: Kit) -> None:
    kit.sandbox.limits.enforced = True
    crms = [kit.connector(searches_per_second=50) for _ in range(3)]
    clients = [one._client for one in crms]
    assert len({id(one._pace) for one in clients}) == 1
    kit.sandbox.limits.searches_a_second = 0
    with pytest.raises(LimitError) as caught:
        Copy(crms[0], "contacts").sync()
    assert caught.value.retry_after is not None
    assert timedelta(seconds=caught.value.retry_after) <= timedelta(seconds=10)
