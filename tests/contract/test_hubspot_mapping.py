"""The further properties and custom objects that the policy's mapping names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from connectors.errors import TemporaryError
from routing.mapping import AbsenceFields, ExtraFields, HoldingObject, Mapping
from routing.nouns import Account, Deal, OutOfOffice, Person, Prospect, RoleHolding
from tests.contract.hubspot_kit import START, Copy, Kit, running

RENEWALS = "holdings_renewal_csm"


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as started:
        yield started


def fields(**named: tuple[str, ...]) -> Mapping:
    return Mapping(fields=ExtraFields(**named))


def user_of(kit: Kit, key: str) -> str:
    rows = kit.sandbox.records("users")
    return next(row["id"] for row in rows if row.get("hubspot_owner_id") == kit.ids[key])


def test_each_noun_carries_the_properties_that_the_policy_names(kit: Kit) -> None:
    sandbox, ids = kit.sandbox, kit.ids
    for kind in ("companies", "deals", "contacts", "leads", "users"):
        sandbox.define(kind, "segment")
    sandbox.update("companies", ids["acme"], segment="A")
    sandbox.update("deals", ids["big"], segment="D")
    sandbox.update("contacts", ids["dana"], segment="C")
    sandbox.update("users", user_of(kit, "bo"), segment="U")
    lead = sandbox.create("leads", {"contacts": ids["dana"]}, segment="L", hs_lead_name="Dana")
    names = ("segment",)
    crm = kit.connector(mapping=fields(account=names, deal=names, prospect=names, person=names))
    wanted = {
        "companies": (ids["acme"], "A"),
        "deals": (ids["big"], "D"),
        "contacts": (ids["dana"], "C"),
        "leads": (f"lead:{lead}", "L"),
        "people": (ids["bo"], "U"),
    }
    for name, (key, value) in wanted.items():
        row = Copy(crm, name).sync()[key]
        assert isinstance(row, Account | Deal | Prospect | Person)
        assert (name, row.fields) == (name, {"segment": value})
    assert crm.notes == []


@pytest.mark.pitfall("R10", "a property holds what its type does not promise")
def test_r10_a_value_that_is_not_what_its_property_promises_is_empty_and_counted(kit: Kit) -> None:
    kit.sandbox.define("companies", "seats", "number")
    kit.sandbox.define("companies", "vip", "bool")
    kit.sandbox.define("companies", "since", "date")
    bad = {"seats": "3092727991;3881228353", "vip": "maybe", "since": "long ago"}
    kit.sandbox.update("companies", kit.ids["acme"], **bad, csm_owner="1;2")
    names = ("seats", "vip", "since", "csm_owner")
    crm = kit.connector(mapping=fields(account=names))
    copy = Copy(crm, "companies")
    row = copy.sync()[kit.ids["acme"]]
    assert isinstance(row, Account)
    assert row.fields == dict.fromkeys(names, "")
    assert "1 of companies hold no sense in seats: taken as empty" in crm.notes
    assert len(crm.notes) == 4
    kit.clock.forward(minutes=1)
    good = {"seats": "12", "vip": "true", "since": "2026-01-31", "csm_owner": kit.ids["cy"]}
    kit.sandbox.update("companies", kit.ids["acme"], **good)
    row = copy.sync()[kit.ids["acme"]]
    assert isinstance(row, Account)
    assert row.fields == good
    assert crm.notes == []


@pytest.mark.pitfall("R2", "a calculated property changes and moves no stamp")
def test_r2_a_calculated_property_is_warned_about_and_read_on_its_own_timer(kit: Kit) -> None:
    kit.sandbox.define("companies", "score", "number", formula="1 + 1")
    kit.sandbox.recalculate("companies", kit.ids["acme"], score="1")
    crm = kit.connector(mapping=fields(account=("score",)), calculated_minutes=60)
    copy = Copy(crm, "companies")
    copy.sync()
    assert "HubSpot works out score of companies" in crm.notes[0]
    kit.clock.forward(hours=2)
    kit.sandbox.create("companies", name="Much later")
    copy.sync()
    kit.sandbox.recalculate("companies", kit.ids["acme"], score="2")
    kit.clock.forward(minutes=30)
    assert value(copy, kit, "score") == "1"
    kit.clock.forward(minutes=31)
    assert value(copy, kit, "score") == "2"


def value(copy: Copy, kit: Kit, name: str) -> str | None:
    row = copy.sync()[kit.ids["acme"]]
    assert isinstance(row, Account)
    return row.fields.get(name)


@pytest.mark.pitfall("R10", "the list of properties is that of the first day")
def test_r10_a_property_that_goes_or_comes_is_noted_and_everything_read_anew(kit: Kit) -> None:
    kit.sandbox.define("companies", "segment")
    kit.sandbox.update("companies", kit.ids["acme"], segment="A")
    crm = kit.connector(mapping=fields(account=("segment",)))
    copy = Copy(crm, "companies")
    assert value(copy, kit, "segment") == "A"
    kit.clock.forward(hours=25)
    kit.sandbox.create("companies", name="Much later")
    kit.sandbox.drop_property("companies", "segment")
    assert value(copy, kit, "segment") is None
    assert "companies have no property segment" in crm.notes[0]
    kit.clock.forward(hours=2)
    kit.sandbox.define("companies", "segment")
    assert value(copy, kit, "segment") == "A"
    assert crm.notes == []


def test_definitions_are_looked_up_once_a_day(kit: Kit) -> None:
    crm = kit.connector(mapping=fields(account=("csm_owner",)))
    copy = Copy(crm, "companies")
    for _ in range(20):
        copy.sync()
        kit.clock.forward(hours=1)
    assert kit.calls("/crm/v3/properties/companies") == 1
    kit.clock.forward(hours=6)
    copy.sync()
    assert kit.calls("/crm/v3/properties/companies") == 2


# Absences that a team notes in properties of its own.


def absences(kit: Kit, absence: AbsenceFields, **props: str) -> list[OutOfOffice]:
    for name, type_ in (("away", "bool"), ("away_from", "date"), ("away_until", "date")):
        kit.sandbox.define("users", name, type_)
    kit.sandbox.update("users", user_of(kit, "bo"), **props)
    rows = Copy(kit.connector(mapping=Mapping(absence=absence)), "out_of_office").sync()
    return [
        row
        for row in rows.values()
        if isinstance(row, OutOfOffice) and row.person_id == kit.ids["bo"]
    ]


SPAN = AbsenceFields(starts="away_from", ends="away_until")
FLAG = AbsenceFields(flag="away", ends="away_until")


def test_days_are_those_of_the_persons_zone_and_the_last_one_counts(kit: Kit) -> None:
    [row] = absences(kit, SPAN, away_from="2026-11-24", away_until="2026-11-25")
    assert row.starts_at == datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert row.ends_at == datetime(2026, 11, 26, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("absence", "props", "count"),
    [
        (SPAN, {}, 0),
        (SPAN, {"away_from": "2026-11-26", "away_until": "2026-11-24"}, 0),
        (SPAN, {"away_from": "someday", "away_until": "2026-11-24"}, 0),
        (SPAN, {"away_until": "2026-11-30"}, 1),
        (FLAG, {"away": "false", "away_until": "2026-11-30"}, 0),
        (FLAG, {"away": "true", "away_until": "2026-11-30"}, 1),
        (FLAG, {"away": "true"}, 1),
        (FLAG, {"away_until": "2026-11-30"}, 0),
    ],
)
def test_when_properties_say_that_somebody_is_away(
    kit: Kit, absence: AbsenceFields, props: dict[str, str], count: int
) -> None:
    found = absences(kit, absence, **props)
    assert len(found) == count
    assert all(row.starts_at <= START < row.ends_at for row in found)


# Custom objects.


def renewals(kit: Kit, **given: Any) -> Mapping:
    """The account has renewals, each with its CSM; the mapping that reads them."""
    sandbox = kit.sandbox
    sandbox.portal.define_object("renewal", "Renewal", "Renewals")
    sandbox.portal.links.define("renewal", "companies")
    sandbox.portal.links.define("renewal", "deals")
    for name in ("csm", "company_ref", "duty"):
        sandbox.define("renewal", name)
    return Mapping(holdings=(HoldingObject(object="renewal", person="csm", **given),))


def roles(copy: Copy) -> set[tuple[str, str, str | None, str | None]]:
    return {
        (row.person_id, row.role, row.account_id, row.deal_id)
        for row in copy.sync().values()
        if isinstance(row, RoleHolding)
    }


def test_a_custom_object_gives_roles_by_property(kit: Kit) -> None:
    ids = kit.ids
    mapping = renewals(kit, account="company_ref", role_field="duty")
    given = {"csm": ids["cy"], "company_ref": ids["acme"], "duty": "Renewals"}
    made = kit.sandbox.create("renewal", None, name="One", **given)
    kit.sandbox.create("renewal", name="Nobody's", company_ref=ids["acme"], duty="Renewals")
    crm = kit.connector(mapping=mapping)
    copy = Copy(crm, RENEWALS)
    assert roles(copy) == {(ids["cy"], "Renewals", ids["acme"], None)}
    kit.clock.forward(minutes=1)
    kit.sandbox.update("renewal", made, csm=ids["bo"])
    assert roles(copy) == {(ids["bo"], "Renewals", ids["acme"], None)}
    kit.clock.forward(minutes=1)
    kit.sandbox.update("renewal", made, csm="")
    assert roles(copy) == set()


@pytest.mark.parametrize("name", ["renewal", "p21939747_renewal", "Renewals"])
def test_a_custom_object_gives_roles_by_association(kit: Kit, name: str) -> None:
    ids = kit.ids
    renewals(kit, account="companies", role="CSM")
    holding = HoldingObject(object=name, person="csm", account="companies", role="CSM")
    made = kit.sandbox.create("renewal", {"companies": ids["acme"]}, name="One", csm=ids["cy"])
    crm = kit.connector(mapping=Mapping(holdings=(holding,)))
    copy = Copy(crm, f"holdings_{name}_csm".lower())
    assert roles(copy) == {(ids["cy"], "CSM", ids["acme"], None)}
    kit.sandbox.archive("renewal", made)
    assert roles(copy) == set()


def test_an_association_that_changes_is_seen_on_a_timer(kit: Kit) -> None:
    ids = kit.ids
    mapping = renewals(kit, deal="deals", role="CSM")
    made = kit.sandbox.create("renewal", {"deals": ids["old"]}, name="One", csm=ids["cy"])
    copy = Copy(kit.connector(mapping=mapping), RENEWALS)
    assert roles(copy) == {(ids["cy"], "CSM", None, ids["old"])}
    kit.sandbox.unlink("renewal", made, "deals", ids["old"])
    kit.sandbox.link("renewal", made, "deals", ids["big"])
    kit.clock.forward(minutes=61)
    assert roles(copy) == {(ids["cy"], "CSM", None, ids["big"])}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"object": "contract", "person": "csm", "account": "companies"}, "custom object contract"),
        ({"object": "renewal", "person": "rep", "account": "companies"}, "no property rep"),
        ({"object": "renewal", "person": "csm", "account": "client"}, "no property client"),
    ],
)
def test_what_a_holding_lacks_is_noted_and_stops_nothing(
    kit: Kit, given: dict[str, str], said: str
) -> None:
    renewals(kit, account="companies", role="CSM")
    holding = HoldingObject.model_validate({**given, "role": "CSM"})
    crm = kit.connector(mapping=Mapping(holdings=(holding,)))
    assert roles(Copy(crm, crm.objects[-1].name)) == set()
    assert said in crm.notes[0]


@pytest.mark.parametrize("scope", ["crm.schemas.custom.read", "crm.objects.custom.read"])
def test_without_a_scope_for_custom_objects_it_is_named_until_it_is_there(
    kit: Kit, scope: str
) -> None:
    mapping = renewals(kit, account="companies", role="CSM")
    kit.sandbox.create("renewal", {"companies": kit.ids["acme"]}, name="One", csm=kit.ids["cy"])
    kit.sandbox.portal.scopes -= {scope}
    crm = kit.connector(mapping=mapping)
    copy = Copy(crm, RENEWALS)
    assert roles(copy) == set()
    assert scope in crm.notes[0]
    kit.sandbox.portal.scopes |= {scope}
    assert len(roles(copy)) == 1
    assert crm.notes == []


def test_a_failing_custom_object_is_an_error_and_not_switched_off(kit: Kit) -> None:
    mapping = renewals(kit, account="companies", role="CSM")
    kit.fault("status", "/crm-object-schemas/v3/schemas", times=-1, status=500)
    with pytest.raises(TemporaryError):
        Copy(kit.connector(mapping=mapping), RENEWALS).sync()


def test_the_mapping_in_the_guide_is_one(kit: Kit) -> None:
    guide = Path(__file__).parents[2] / "docs" / "connect-hubspot.md"
    [block] = [one for one in guide.read_text().split("```") if one.startswith("yaml\npolicy:")]
    found = YAML(typ="safe").load(block.removeprefix("yaml"))["policy"]["mapping"]
    mapping = Mapping.model_validate(found)
    assert mapping.holdings[0].object == "renewal"
    crm = kit.connector(mapping=mapping)
    assert crm.objects[-1].name == RENEWALS
