"""One suite for every CRM: what a live read says is what the CRM holds at that moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Crm
from connectors.errors import ConnectorError, LimitError, TemporaryError
from connectors.live import LivePart, LiveQuestion
from connectors.people_csv.crm import PeopleCsv
from connectors.people_csv.settings import CsvSettings
from connectors.sandbox.faults import Fault
from tests.contract.flow_kit import write_crm
from tests.contract.hubspot_kit import Kit, running
from tests.contract.salesforce_kit import Bench, bench


@dataclass
class Side:
    """One CRM: its ids by what they are for, and how its owner changes things in it."""

    crm: Crm
    ids: dict[str, str]
    email: str
    give_account_to: Callable[[str], None]
    remove_prospect: Callable[[], None]
    new_prospect: Callable[[str], None]


@contextmanager
def _salesforce() -> Iterator[Side]:
    with bench() as made:
        ids = made.load()
        yield Side(
            crm=made.crm(),
            ids=_named(ids, prospect="cat", account="acme", person="ann", other="ben", deal="deal"),
            email="cat@acme.example",
            give_account_to=lambda who: made.box.update("Account", ids["acme"], OwnerId=who),
            remove_prospect=lambda: made.box.delete("Contact", ids["cat"]),
            new_prospect=lambda email: _enter(made, ids["acme"], email),
        )


def _enter(made: Bench, account: str, email: str) -> None:
    made.box.create("Contact", LastName="New", Email=email, AccountId=account)


@contextmanager
def _hubspot() -> Iterator[Side]:
    with running() as kit:
        ids = kit.ids
        yield Side(
            crm=kit.connector(),
            ids=_named(ids, prospect="dana", account="acme", person="cy", other="eva", deal="big"),
            email="dana@acme.test",
            give_account_to=lambda who: kit.sandbox.update(
                "companies", ids["acme"], hubspot_owner_id=who
            ),
            remove_prospect=lambda: kit.sandbox.archive("contacts", ids["dana"]),
            new_prospect=lambda email: _create(kit, ids["acme"], email),
        )


def _create(kit: Kit, company: str, email: str) -> None:
    made = kit.sandbox.create("contacts", email=email)
    kit.sandbox.link("contacts", made, "companies", company)


@contextmanager
def _csv(folder: Path) -> Iterator[Side]:
    write_crm(folder)
    accounts, contacts = folder / "accounts.csv", folder / "contacts.csv"

    def replace(path: Path, old: str, new: str) -> None:
        path.write_text(path.read_text().replace(old, new))

    def give(who: str) -> None:
        others = "North,north.example,\nContoso,contoso.example,\n"
        accounts.write_text(f"name,domain,owner\nAcme,acme.example,{who}\n{others}")

    dana = "dana@acme.example,Dana Reed,Acme\n"
    head = "email,name,account\n"
    yield Side(
        crm=PeopleCsv(CsvSettings(folder=folder)),
        ids={
            "prospect": "dana@acme.example",
            "account": "acme.example",
            "person": "ann@team.example",
            "other": "ben@team.example",
        },
        email="dana@acme.example",
        give_account_to=give,
        remove_prospect=lambda: replace(contacts, dana, ""),
        new_prospect=lambda email: replace(contacts, head, f"{head}{email},New,Acme\n"),
    )


def _named(ids: dict[str, str], **names: str) -> dict[str, str]:
    return {what: ids[key] for what, key in names.items()}


@pytest.fixture(params=["salesforce", "hubspot", "csv"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Side]:
    made = {"salesforce": _salesforce, "hubspot": _hubspot}.get(request.param)
    with made() if made else _csv(tmp_path / "crm") as found:
        yield found


def _records(parts: list[LivePart], *names: str) -> dict[str, Any]:
    wanted = names or tuple(part.name for part in parts)
    return {one.id: one for part in parts if part.name in wanted for one in part.records}


def _gone(parts: list[LivePart]) -> set[str]:
    return {one for part in parts for one in part.gone}


def test_the_owner_of_this_second_is_read(side: Side) -> None:
    question = LiveQuestion(accounts=frozenset([side.ids["account"]]))
    side.crm.read_live(question)
    side.give_account_to(side.ids["other"])
    found = _records(side.crm.read_live(question))[side.ids["account"]]
    assert found.owner_id == side.ids["other"]


def test_parts_name_objects_of_the_mirror_and_their_nouns(side: Side) -> None:
    nouns = {one.name: one.noun for one in side.crm.objects}
    question = LiveQuestion(
        emails=frozenset([side.email]),
        prospects=frozenset([side.ids["prospect"]]),
        accounts=frozenset([side.ids["account"]]),
        deals=frozenset([side.ids["deal"]] if "deal" in side.ids else []),
        people=frozenset([side.ids["person"]]),
        stages=True,
    )
    parts = side.crm.read_live(question)
    assert parts
    for part in parts:
        assert all(type(one) is nouns[part.name] for one in part.records)
    known = set(side.ids.values()) - {side.ids["other"]}
    assert known <= set(_records(parts))
    assert _gone(parts) == set()


def test_the_mirror_and_a_live_read_make_the_same_records(side: Side) -> None:
    question = LiveQuestion(
        prospects=frozenset([side.ids["prospect"]]),
        accounts=frozenset([side.ids["account"]]),
        people=frozenset([side.ids["person"]]),
        stages=True,
    )
    for part in side.crm.read_live(question):
        pages = side.crm.read(part.name, None)
        mirrored = {one.id: one for page in pages for one in page.records}
        for one in part.records:
            assert mirrored[one.id] == one


def test_a_prospect_entered_a_second_ago_is_found_by_e_mail(side: Side) -> None:
    side.new_prospect("late@acme.example")
    parts = side.crm.read_live(LiveQuestion(emails=frozenset(["late@acme.example"])))
    (found,) = _records(parts).values()
    assert found.email == "late@acme.example"
    assert found.account_id == side.ids["account"]


def test_what_was_asked_for_and_is_gone_is_named(side: Side) -> None:
    side.remove_prospect()
    parts = side.crm.read_live(LiveQuestion(prospects=frozenset([side.ids["prospect"]])))
    assert _gone(parts) == {side.ids["prospect"]}


def test_ids_of_another_world_are_no_error(side: Side) -> None:
    odd = frozenset(["Bob", "'; DROP", "", "999999999999"])
    question = LiveQuestion(prospects=odd, accounts=odd, deals=odd, people=odd)
    assert _records(side.crm.read_live(question)) == {}


def test_an_absence_that_ended_early_is_seen_to_be_gone() -> None:
    with running() as kit:
        crm = kit.connector()
        question = LiveQuestion(people=frozenset([kit.ids["cy"]]))
        assert _records(crm.read_live(question), "out_of_office")
        user = next(one for one in kit.sandbox.records("users") if "cy@" in one["hs_email"])
        kit.sandbox.update("users", user["id"], hs_out_of_office_hours="[]")
        kit.sandbox.update("users", user["id"], hs_availability_status="available")
        (part,) = [one for one in crm.read_live(question) if one.name == "out_of_office"]
        assert (list(part.records), part.column, set(part.values)) == (
            [],
            "person_id",
            {kit.ids["cy"]},
        )


@pytest.mark.pitfall("R4", "routing reads the associations of the last sync")
def test_r4_an_association_of_this_second_is_read_although_no_stamp_moved() -> None:
    with running() as kit:
        crm = kit.connector()
        kit.sandbox.unlink("deals", kit.ids["big"], "contacts", kit.ids["dana"])
        kit.sandbox.link("deals", kit.ids["big"], "contacts", kit.ids["lou"])
        question = LiveQuestion(
            prospects=frozenset([kit.ids["lou"], kit.ids["dana"]]),
            deals=frozenset([kit.ids["big"]]),
        )
        parts = crm.read_live(question)
        found = _records(parts, "deal_contacts").values()
        here = [one.prospect_id for one in found if one.deal_id == kit.ids["big"]]
        assert here == [kit.ids["lou"]]
        (part,) = [one for one in parts if one.name == "deal_contacts"]
        assert kit.ids["big"] in part.values


def test_a_whole_account_costs_salesforce_one_request_and_one_for_deals_not_known() -> None:
    with bench() as made:
        ids = made.load()
        crm = made.crm()
        known = LiveQuestion(
            prospects=frozenset([ids["cat"]]),
            accounts=frozenset([ids["acme"]]),
            deals=frozenset([ids["deal"], ids["past"]]),
            people=frozenset([ids["ann"]]),
        )
        crm.read_live(known)
        before = crm.api_calls
        crm.read_live(known)
        assert crm.api_calls - before == 1
        crm.read_live(LiveQuestion(accounts=frozenset([ids["acme"]])))
        assert crm.api_calls - before == 3


def test_an_org_without_a_feature_answers_the_rest() -> None:
    with bench() as made:
        ids = made.load()
        made.box.features.clear()
        question = LiveQuestion(accounts=frozenset([ids["acme"]]), people=frozenset([ids["ann"]]))
        parts = made.crm().read_live(question)
        names = {part.name for part in parts}
        assert {"accounts", "users", "deals"} <= names
        assert not names & {"account_team", "out_of_office"}


def test_a_crm_that_fails_raises_and_answers_nothing() -> None:
    with bench() as made:
        ids = made.load()
        crm = made.crm()
        made.box.faults.order(Fault(kind="status", path="/services/data", status=503, times=-1))
        with pytest.raises(TemporaryError):
            crm.read_live(LiveQuestion(accounts=frozenset([ids["acme"]])))
    with running() as kit:
        kit.fault("status", "/crm", status=500, times=-1)
        with pytest.raises(ConnectorError):
            kit.connector().read_live(LiveQuestion(accounts=frozenset([kit.ids["acme"]])))


def test_the_day_is_told_by_both_and_by_asking_where_headers_do_not() -> None:
    with bench() as made:
        made.load()
        crm = made.crm()
        assert crm.day_usage() is None
        crm.read_live(LiveQuestion(stages=True))
        told = crm.day_usage()
        assert told is not None
        assert told.used > 0
        assert told.seconds_left is None
    with running() as kit:
        told = kit.connector().day_usage()
        assert told is not None
        assert told.most == 625_000
        assert told.seconds_left is not None
        assert 0 < told.seconds_left <= 86_400


def test_a_key_that_may_not_see_the_day_tells_none_and_asks_no_more() -> None:
    with running() as kit:
        path = "/account-info/v3/api-usage/daily/private-apps"
        kit.sandbox.limits.tells_day = False
        body = {"status": "error", "message": "forbidden", "category": "MISSING_SCOPES"}
        kit.fault("status", path, status=403, body=body, times=-1)
        crm = kit.connector()
        assert crm.day_usage() is None
        crm.read_live(LiveQuestion(accounts=frozenset([kit.ids["acme"]])))
        assert crm.day_usage() is None
        assert kit.sandbox.faults.carried_out == 1


def test_a_used_up_day_is_an_error_that_says_so() -> None:
    with running(enforce_limits=True) as kit:
        kit.sandbox.limits.daily = 0
        with pytest.raises(LimitError) as caught:
            kit.connector().read_live(LiveQuestion(accounts=frozenset([kit.ids["acme"]])))
        assert caught.value.daily
