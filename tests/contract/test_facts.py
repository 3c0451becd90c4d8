"""The facts of one decision beyond owner and stage: matched accounts, groups, turns, holidays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from routing.nouns import (
    Account,
    Deal,
    DealContact,
    GroupMember,
    Person,
    Prospect,
    Signal,
    SignalKind,
    Territory,
    TerritoryAccount,
)
from routing.policy import Policy
from routing.snapshot import Load, Snapshot
from tests.unit.routing_kit import POLICY
from worker.proof.record import suffices
from worker.regions import UnknownRegionError, check_region
from worker.store.engine import Store
from worker.store.facts import snapshot_as_of, snapshot_for
from worker.store.history import begin_history
from worker.store.mirror import Read, tombstone, upsert
from worker.store.tables import ALERT

NOW = datetime(2026, 12, 23, 12, 0, tzinfo=UTC)
RECORDS: tuple[Any, ...] = (
    Person(id="u1", email="ann@team.example", name="Ann", fields={"Region__c": "DE-BY"}),
    Person(id="u2", email="ben@team.example", name="Ben"),
    Person(id="q1", email="", name="New Leads", queue=True),
    Account(id="a1", name="Acme, Inc.", domain="acme.example", owner_id="u1"),
    Account(id="a2", name="Zeta GmbH", fields={"SE__c": "u2"}),
    Prospect(id="c1", kind="contact", email="dana@acme.example", name="Dana", account_id="a1"),
    Prospect(id="l1", kind="lead", email="leo@gmail.com", name="Leo", company="The ZETA"),
    Deal(id="d1", name="Deal", stage_id="s1", account_id="a1"),
    DealContact(id="r1", deal_id="d1", prospect_id="c1", role="Decision Maker"),
    Territory(id="t1", name="West"),
    TerritoryAccount(id="ta1", territory_id="t1", account_id="a1"),
    GroupMember(id="g1", group_id="t1", person_id="u2", role="AE"),
    GroupMember(id="g2", group_id="q1", person_id="u1"),
)
RULES: dict[str, Any] = {
    "roles": {"local": ["territory:AE"]},
    "pools": {"round": {"members": [{"person": "ann@team.example"}], "most_open": 3}},
    "routes": [{"name": "all", "to": ["local", "pool:round", "queue:new leads", "claim_channel"]}],
    "holidays": {"region": "US", "field": "Region__c", "except_names": ["Christmas Eve"]},
}


def rules(**more: Any) -> Policy:
    return Policy.model_validate({**POLICY, **RULES, **more})


def signal(email: str) -> Signal:
    return Signal(
        source="s",
        event_id="1",
        kind=SignalKind.OPEN,
        prospect_email=email,
        occurred_at=NOW,
        received_at=NOW,
    )


@pytest.fixture
def mirrored(store: Store) -> Store:
    with store.write() as tx:
        begin_history(tx, NOW - timedelta(hours=2))
        for record in RECORDS:
            read = Read(1, NOW - timedelta(hours=2))
            upsert(tx, type(record), type(record).__name__, [record], read, read.at)
    return store


def facts(store: Store, email: str, policy: Policy | None = None, now: datetime = NOW) -> Snapshot:
    with store.read() as conn:
        return snapshot_for(conn, signal(email), policy or rules(), now)


def test_territories_queues_and_roles_in_deals_are_facts(mirrored: Store) -> None:
    found = facts(mirrored, "dana@acme.example")
    assert found.contact_roles == {"d1": "Decision Maker"}
    assert [one.name for one in found.territories] == ["West"]
    assert {(one.group_id, one.person_id) for one in found.group_members} == {
        ("t1", "u2"),
        ("q1", "u1"),
    }
    assert {"u1", "u2", "q1"} <= found.people.keys()


@pytest.mark.pitfall("R3", "what was deleted in the CRM still gets alerts")
@pytest.mark.parametrize(
    ("gone", "left"),
    [
        ((GroupMember, "g1"), lambda found: ("t1", "u2") not in _members(found)),
        ((Account, "a1"), lambda found: found.account is None),
        ((Prospect, "c1"), lambda found: found.prospect is None),
        ((Deal, "d1"), lambda found: not found.deals),
        ((DealContact, "r1"), lambda found: found.contact_roles == {}),
        ((Person, "u1"), lambda found: "u1" not in found.people),
    ],
    ids=lambda one: one[1] if isinstance(one, tuple) else "",
)
def test_r3_what_is_deleted_in_the_crm_routes_nobody(
    mirrored: Store, gone: tuple[type[Any], str], left: Callable[[Snapshot], bool]
) -> None:
    assert not left(facts(mirrored, "dana@acme.example"))
    noun, record_id = gone
    with mirrored.write() as tx:
        assert tombstone(tx, noun, noun.__name__, [record_id], Read(2, NOW), NOW)
    assert left(facts(mirrored, "dana@acme.example"))


def _members(found: Snapshot) -> set[tuple[str, str]]:
    return {(one.group_id, one.person_id) for one in found.group_members}


def test_what_no_rule_asks_for_is_not_read(mirrored: Store) -> None:
    plain = Policy.model_validate(POLICY)
    found = facts(mirrored, "dana@acme.example", plain)
    assert (found.territories, found.group_members, found.turns, found.holidays) == ((), (), {}, {})


@pytest.mark.parametrize(
    ("email", "account", "confidence"),
    [
        ("new@acme.example", "a1", 0.9),
        ("new@eu.acme.example", "a1", 0.8),
        ("leo@gmail.com", "a2", 0.75),
        ("nobody@gmail.com", None, None),
    ],
)
def test_who_has_no_account_is_matched_with_one(
    mirrored: Store, email: str, account: str | None, confidence: float | None
) -> None:
    found = facts(mirrored, email)
    assert (found.account.id if found.account else None) == account
    assert (found.match.confidence if found.match else None) == confidence


def test_turns_and_loads_count_what_is_open_now_and_of_a_day(mirrored: Store) -> None:
    ages = {"A": (1, None), "B": (30, None), "C": (2, 1), "D": (40, 39), "E": (20 * 24, None)}
    for key, (hours, closed) in ages.items():
        add_alert(mirrored, key, hours, closed)
    found = facts(mirrored, "dana@acme.example")
    assert found.loads == {"u1": Load(open=3, today=2)}
    assert found.turns == {"round": {"u1": 4}, "queue:new leads": {}}
    with mirrored.read() as conn:
        before = NOW - timedelta(hours=1, minutes=30)
        then = snapshot_as_of(conn, signal("dana@acme.example"), rules(), before)
    assert then.loads == {"u1": Load(open=3, today=1)}


def add_alert(store: Store, key: str, hours: float, closed: float | None) -> None:
    texts = ("signal_class", "stage_class", "role", "route", "reason", "prospect_email")
    values: dict[str, Any] = dict.fromkeys(
        (*texts, "prospect_name", "rung_kind", "rung_name", "rung_place", "policy_hash"), ""
    )
    values |= dict.fromkeys(("stage_label", "prospect_kind", "account_name", "deal_name"), "")
    values |= dict.fromkeys(("thread_id", "thread_url", "subject", "sending_rep"), "")
    values |= dict.fromkeys(("assignee_name", "holder_name", "ladder", "response_kind"), "")
    closed_at = None if closed is None else NOW - timedelta(hours=closed)
    values |= {"id": key, "dedup_key": key, "open": closed is None, "state": "fired", "week": {}}
    values |= {"declined": [], "round": 0, "rung": 0, "version": 1, "revision": 1}
    values |= {"assignee_id": "u1", "turn": "round", "closed_at": closed_at}
    values |= {"fired_at": NOW - timedelta(hours=hours)}
    with store.write() as tx:
        tx.conn.execute(ALERT.insert().values(values))


def test_each_has_the_holidays_of_their_own_region(mirrored: Store) -> None:
    found = facts(mirrored, "dana@acme.example").holidays
    christmas, second, epiphany = date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 6)
    assert {one.day for one in found["u2"]} >= {christmas}
    assert {one.day for one in found["u1"]} >= {christmas, second, epiphany}
    assert second not in {one.day for one in found["u2"]}
    assert "Christmas Eve" not in {one.name for days in found.values() for one in days}


def test_a_region_that_nobody_knows_is_refused_with_the_mend() -> None:
    for region in ("XX", "US-ZZ", "Bavaria"):
        with pytest.raises(UnknownRegionError, match="write one like US, US-CA or DE-BY"):
            check_region(region)
    check_region("de-by")


def test_all_of_it_can_be_had_as_of_an_earlier_moment(mirrored: Store) -> None:
    emails = ("dana@acme.example", "new@acme.example", "leo@gmail.com")
    before = [facts(mirrored, email) for email in emails]
    later = NOW + timedelta(hours=1)
    with mirrored.write() as tx:
        read = Read(2, later)
        changed = Account(id="a1", name="Other", domain="other.example", owner_id="u2")
        upsert(tx, Account, "Account", [changed], read, later)
        for noun, key in ((TerritoryAccount, "ta1"), (GroupMember, "g2"), (DealContact, "r1")):
            assert tombstone(tx, noun, noun.__name__, [key], read, later) == 1
    assert facts(mirrored, emails[0], now=later) != before[0]
    assert facts(mirrored, emails[1], now=later).account is None
    with mirrored.read() as conn:
        again = [snapshot_as_of(conn, signal(email), rules(), NOW) for email in emails]
    assert again == before


NAMED = tuple(f"r{number}@team.example" for number in range(60))
"""Reps whom a policy names."""


def test_of_a_policy_that_names_thousands_only_those_are_read_who_can_be_reached(
    mirrored: Store,
) -> None:
    people = [Person(id=f"n{number}", email=one, name=one) for number, one in enumerate(NAMED)]
    people.append(Person(id="u1", email="ann@team.example", name="Ann", backup_id="n50"))
    with mirrored.write() as tx:
        upsert(tx, Person, "Person", people, Read(2, NOW), NOW)
    rows = [{"account": f"Other {n}", "rep": NAMED[n], "backup": NAMED[n + 1]} for n in range(20)]
    mine = {"account": "acme.example", "rep": NAMED[30], "backup": NAMED[40]}
    chain = {NAMED[40]: NAMED[41], NAMED[41]: NAMED[42], NAMED[42]: NAMED[43]}
    many = rules(
        named_accounts=[*rows, mine],
        backups={**chain, NAMED[43]: NAMED[44], NAMED[50]: NAMED[51], NAMED[1]: NAMED[2]},
    )
    found = facts(mirrored, "dana@acme.example", many)
    named = {one for one in found.people if one.startswith("n")}
    assert named == {"n30", "n40", "n41", "n42", "n43", "n44", "n50", "n51"}
    assert {one for one in facts(mirrored, "leo@gmail.com", many).people if one[0] == "n"} == {
        "n50",
        "n51",
    }


def test_a_receipt_holds_what_another_policy_asks_only_if_its_backups_lead_no_further() -> None:
    chain = {NAMED[0]: NAMED[1], NAMED[1]: NAMED[2]}
    row = {"account": "Acme", "rep": NAMED[0]}
    then = rules(backups=chain, named_accounts=[row])
    assert suffices(then, rules(backups=chain, named_accounts=[row], snooze_minutes=5))
    assert suffices(then, rules(backups={NAMED[0]: NAMED[1]}))
    assert not suffices(then, rules(backups={NAMED[0]: NAMED[2]}))
    assert not suffices(then, rules(named_accounts=[row, {"account": "Zeta", "rep": NAMED[1]}]))
    assert not suffices(then, rules(places=POLICY["places"] | {"admins": [NAMED[9]]}))
