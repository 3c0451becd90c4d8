"""Whom the policy can reach, and who of them gets a test message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from routing.nouns import (
    Account,
    Deal,
    GroupMember,
    MirrorRecord,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Territory,
)
from routing.policy import Policy
from tests.unit.routing_kit import NOW
from worker.drill.plan import NobodyError, Target, Wish, plan
from worker.proof.team import team_of
from worker.reach import Reach, reach
from worker.store.engine import Store
from worker.store.mirror import Read, upsert


def person(key: str, **more: Any) -> Person:
    return Person(id=key, email=f"{key}@team.example", name=key.capitalize(), **more)


PEOPLE = (
    person("ann", manager_id="mia", backup_id="ben", department="West"),
    person("ben", backup_id="bob"),
    person("bob", backup_id="ben"),
    person("cid", role_name="CSM"),
    person("dee"),
    person("eve"),
    person("fay"),
    person("gus"),
    person("hal", active=False),
    person("ivy"),
    person("mia"),
    person("ned"),
    person("ada"),
    replace(person("joe"), email=""),
    Person(id="q", email="", name="Inbound", queue=True),
)
RECORDS: tuple[MirrorRecord, ...] = (
    *PEOPLE,
    Account(id="a1", name="Acme", owner_id="ivy", fields={"CSM__c": "cid", "BDR__c": "joe"}),
    Account(id="a2", name="Busy", owner_id="hal", fields={"CSM__c": "cid"}),
    Deal(id="d1", name="Open", stage_id="s", account_id="a1", owner_id="ann"),
    Deal(id="d2", name="Won", stage_id="w", owner_id="ned", is_closed=True, is_won=True),
    Prospect(id="p1", kind="lead", email="l@x.example", name="L", owner_id="q"),
    RoleHolding(id="h1", person_id="dee", role="Overlay", account_id="a1"),
    RoleHolding(id="h2", person_id="ned", role="Other", account_id="a1"),
    Territory(id="t1", name="West"),
    Territory(id="t2", name="Old", active=False),
    GroupMember(id="g1", group_id="t1", person_id="eve", role="SDR"),
    GroupMember(id="g2", group_id="t2", person_id="ned", role="SDR"),
    GroupMember(id="g3", group_id="q", person_id="fay"),
)
RULES: dict[str, Any] = {
    "roles": {
        "ae": ["owner:deal", "owner:account", "owner:prospect"],
        "csm": ["field:account.CSM__c"],
        "bdr": ["field:account.BDR__c", "territory:SDR"],
        "overlay": ["team:overlay"],
    },
    "pools": {"inbound": {"members": [{"person": "gus@team.example"}, {"person": "no@x.example"}]}},
    "named_accounts": [
        {"account": "Acme", "rep": "ann@team.example", "backup": "bob@team.example"}
    ],
    "routes": [
        {"name": "Copies", "when": {"stage": "customer"}, "to": "overlay", "continue": True},
        {"name": "Deals", "when": {"stage": "active_deal"}, "to": ["named_rep", "ae"]},
        {"name": "Customers", "when": {"stage": "customer"}, "to": ["csm", "queue:Inbound"]},
        {"name": "Rest", "to": ["bdr", "pool:inbound"], "watchers": ["#wins", "#watch"]},
    ],
    "ladder": [{"to": "assignee"}, {"to": "backup"}, {"to": "manager"}, {"to": "admin"}],
    "places": {"claim_channel": "#hot-leads", "admins": ["ada@team.example", "ext@x.example"]},
}


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    made = Store(sqlite_url)
    with made.write() as tx:
        for noun in {type(one) for one in RECORDS}:
            some = [one for one in RECORDS if type(one) is noun]
            upsert(tx, noun, noun.__name__, some, Read(1, NOW), NOW)
    yield made
    made.close()


def found_in(store: Store, **changes: Any) -> tuple[Reach, tuple[Target, ...]]:
    return planned(store, Wish(), **changes)


def planned(store: Store, wish: Wish, **changes: Any) -> tuple[Reach, tuple[Target, ...]]:
    policy = Policy.model_validate_json(json.dumps(RULES | changes))
    with store.read() as conn:
        team = team_of(conn, policy, NOW)
        found = reach(conn, policy, team)
    return found, plan(found, team, policy, NOW, wish)


def test_everybody_is_found_with_why(store: Store) -> None:
    found, _ = found_in(store)
    why = {key: "; ".join(one.why) for key, one in found.people.items()}
    assert why == {
        "ann": "ae of 1 deal; named rep of Acme",
        "ben": "backup of Ann, Bob",
        "bob": "named backup for Acme; backup of Ben",
        "cid": "csm of 2 accounts",
        "dee": "overlay of 1 account, who gets copies",
        "eve": "bdr of 1 territory",
        "fay": "queue Inbound",
        "gus": "pool inbound",
        "ivy": "ae of 1 account",
        "joe": "bdr of 1 account",
        "mia": "manager of Ann",
        "ada": "admin of the policy",
    }, "and neither who is gone nor who holds what no route asks for"
    assert found.unknown == {
        "ext@x.example": ["admin of the policy"],
        "no@x.example": ["member of the pool inbound"],
    }
    assert found.channels == {
        "#hot-leads": ["claim channel"],
        "#wins": ["watcher of Rest"],
        "#watch": ["watcher of Rest"],
    }


def test_backups_and_managers_are_told_only_where_a_rung_asks_for_them(store: Store) -> None:
    found, _ = found_in(store, ladder=[{"to": "assignee"}, {"to": "admin"}])
    assert not {"ben", "mia"} & found.people.keys()


def test_who_cannot_be_told_is_named_with_the_mend(store: Store) -> None:
    _, targets = found_in(store)
    trouble = {one.name: (one.problem, one.mend) for one in targets if one.problem}
    assert trouble == {
        "Joe": (
            "has no e-mail address in the CRM",
            "enter the e-mail that they use in chat with their CRM user",
        ),
        "no@x.example": (
            "the CRM has no active user with this e-mail",
            "correct no@x.example in the policy, or give it to the CRM user",
        ),
    }
    (external,) = [one for one in targets if one.name == "ext@x.example"]
    assert external.gets_message, "an admin is told by address, whether the CRM knows them or not"


def test_filters_choose_and_a_typing_error_is_named(store: Store) -> None:
    def names(**wish: Any) -> list[str]:
        return [one.name for one in planned(store, Wish(**wish))[1]]

    assert names(people=("Ann@team.example",)) == ["Ann"]
    assert names(teams=("west",)) == ["Ann"]
    assert names(teams=("CSM", "inbound")) == ["Cid", "Fay", "Gus"]
    assert names(teams=("mia",)) == ["Ann"]
    assert names(channels=("wins",)) == ["#wins"]
    assert names(people=("ann@team.example",), channels=("#wins",)) == ["Ann", "#wins"]
    assert "no@x.example" in names(people=("no@x.example",))
    for wish, said in (
        (Wish(people=("who@x.example",)), "who@x.example is nobody whom the policy can reach"),
        (Wish(teams=("East",)), "no team is called East; there are: CSM"),
        (Wish(channels=("east",)), "the policy names no channel #east; it names: #hot-leads"),
    ):
        with pytest.raises(NobodyError, match=said):
            planned(store, wish)


def test_whoever_the_ladder_would_pass_over_is_left_alone(store: Store) -> None:
    hour = timedelta(hours=1)
    away = OutOfOffice(
        id="o", person_id="ann", starts_at=NOW - hour, ends_at=NOW + hour, source="crm"
    )
    with store.write() as tx:
        upsert(tx, OutOfOffice, "ooo", [away], Read(2, NOW), NOW)
    _, (ann,) = planned(store, Wish(people=("ann@team.example",)))
    assert "out of office until" in ann.skipped
    assert not ann.gets_message
    _, (ann,) = planned(store, Wish(people=("ann@team.example",), everyone=True))
    assert ann.gets_message


def test_those_who_would_be_told_next_come_from_the_ladder(store: Store) -> None:
    _, targets = found_in(store)
    behind = {one.name: [rung["name"] for rung in one.rungs] for one in targets}
    assert behind["Ann"] == ["Ben", "Mia", "Ada"]
    assert behind["Ben"] == ["Bob", "Ada"]
    assert behind["Mia"] == [], "a manager is the last to be asked but for the admin"
