"""Which fields name a person, and how full they are, by each CRM's own metadata."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.base import OwnerField
from connectors.errors import AuthError
from connectors.people_csv import connect as people_csv
from connectors.people_csv.settings import CsvSettings
from connectors.sandbox.hubspot.schema import Property
from connectors.sandbox.hubspot.stamps import to_ms
from tests.contract.hubspot_kit import running
from tests.contract.salesforce_kit import bench


def told(fields: Sequence[OwnerField]) -> dict[str, int | None]:
    return {f"{one.noun}.{one.name}": one.filled for one in fields}


def test_salesforce_look_ups_to_users() -> None:
    """Custom ones of all four objects, counted by one call; those the org keeps are left out."""
    with bench() as org:
        ids = org.load()
        org.box.org.add_field("Opportunity", "SE__c reference(User) cun")
        org.box.org.add_field("Opportunity", "Region__c string(40) cun")
        org.box.org.add_field("Account", "Partner__c reference(Account) cun")
        org.box.org.add_field("Account", "Hidden__c reference(User) cunF")
        for sobject in ("Contact", "Lead"):
            org.box.org.add_field(sobject, "SDR__c reference(User) cun")
        org.box.update("Opportunity", ids["deal"], SE__c=ids["ann"])
        org.box.update("Contact", ids["cat"], SDR__c=ids["ben"])
        org.box.update("Lead", ids["leo"], SDR__c=ids["ben"])
        crm = org.crm()
        before = crm.api_calls
        found = crm.owner_fields()
        assert told(found) == {
            "account.BDR__c": 1,
            "account.CSM__c": 0,
            "account.Hidden__c": None,  # the org lets nobody filter by it
            "deal.SE__c": 1,
            "prospect.SDR__c": 2,
        }
        assert [one.label for one in found if one.name == "SE__c"] == ["SE"]
        assert crm.api_calls - before == 6  # a log-in, four describes, one batch of counts


def test_hubspot_properties_that_hold_an_owner() -> None:
    """HubSpot's own, archived ones and those that hold several owners are left out."""
    with running() as kit:
        portal = kit.sandbox.portal
        more = {
            "deals": [
                Property(name="se_owner", label="SE", type="enumeration", owner=True, own=False),
                Property(name="seats", type="number", own=False),
            ],
            "contacts": [
                Property(name="sdr", label="SDR", type="enumeration", owner=True, own=False),
                Property(
                    name="helpers",
                    type="enumeration",
                    field_type="checkbox",
                    owner=True,
                    own=False,
                ),
                Property(name="gone", type="enumeration", owner=True, own=False),
            ],
        }
        for kind, properties in more.items():
            for one in properties:
                portal.define(portal.table(kind), one)
        portal.table("contacts").drop("gone", to_ms(kit.clock.at))
        found = kit.connector().owner_fields()
        assert told(found) == {
            "account.bdr_owner": 1,
            "account.csm_owner": 1,
            "deal.se_owner": 0,
            "prospect.sdr": 0,
        }
        assert {one.name: one.label for one in found}["se_owner"] == "SE"


def test_hubspot_without_a_scope_tells_of_the_others() -> None:
    with running() as kit:
        kit.sandbox.portal.scopes -= {"crm.objects.deals.read", "crm.objects.contacts.read"}
        assert told(kit.connector().owner_fields()) == {
            "account.bdr_owner": 1,
            "account.csm_owner": 1,
        }


def test_a_refused_log_in_is_no_empty_answer() -> None:
    with running() as kit, pytest.raises(AuthError):
        kit.connector(token="pat-wrong").owner_fields()


def test_csv_columns(tmp_path: Path) -> None:
    """The role columns, and one of one's own that holds e-mails of people alone."""
    (tmp_path / "people.csv").write_text("name,email\nAnn,ann@t.example\nBo,bo@t.example\n")
    (tmp_path / "accounts.csv").write_text(
        "name,owner,bdr,csm,backup,am,segment\n"
        "Acme,Ann,Bo,,Ann,bo@t.example,bo@t.example\n"
        "Bolt,Ann,Ann,,,,enterprise\n"
    )
    found = people_csv(CsvSettings(folder=tmp_path)).owner_fields()
    assert told(found) == {"account.bdr": 2, "account.am": 1}
