"""The sandbox answers the further forms of SOQL as an org does: groups, joins, dates, children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.salesforce_kit import Bench, bench


@pytest.fixture(scope="module")
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        made.box.create("Contact", LastName="Zorn", AccountId=made.ids["acme"], Title="CEO")
        yield made


def rows(org: Bench, soql: str) -> list[dict[str, Any]]:
    """The records, without the attributes of the topmost."""
    found = org.query(soql)
    assert isinstance(found, dict), found
    return [{key: row[key] for key in row if key != "attributes"} for row in found["records"]]


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        ("SELECT COUNT(Id) FROM Opportunity", [{"expr0": 2}]),
        ("SELECT COUNT(Id) n FROM Opportunity WHERE IsWon = true", [{"n": 1}]),
        (
            "SELECT StageName, COUNT(Id) n, MAX(Amount) FROM Opportunity GROUP BY StageName "
            "ORDER BY StageName",
            [
                {"StageName": "Prospecting", "n": 1, "expr0": 1200.5},
                {"StageName": "Won", "n": 1, "expr0": None},
            ],
        ),
        (
            "SELECT Account.Name, COUNT(Id) FROM Contact GROUP BY Account.Name "
            "HAVING COUNT(Id) > 1",
            [{"Name": "Acme", "expr0": 2}],
        ),
        ("SELECT COUNT_DISTINCT(AccountId) a FROM Contact", [{"a": 1}]),
        ("SELECT SUM(Amount) s, AVG(Amount) a FROM Opportunity", [{"s": 1200.5, "a": 1200.5}]),
        (
            "SELECT CALENDAR_YEAR(CloseDate) y, COUNT(Id) n FROM Opportunity "
            "GROUP BY CALENDAR_YEAR(CloseDate) ORDER BY CALENDAR_YEAR(CloseDate) DESC LIMIT 1",
            [{"y": 2027, "n": 1}],
        ),
        (
            "SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity)",
            [{"Name": "Acme"}],
        ),
        (
            "SELECT Name FROM Account WHERE Id NOT IN "
            "(SELECT AccountId FROM Opportunity WHERE IsWon = true)",
            [{"Name": "Zeta"}],
        ),
        ("SELECT a.Name FROM Account a WHERE a.Name LIKE 'Z%'", [{"Name": "Zeta"}]),
        ("SELECT Name FROM Account USING SCOPE everything WHERE Name = 'Zeta'", [{"Name": "Zeta"}]),
        ("SELECT Name FROM Account WHERE Name = 'Zeta' FOR VIEW", [{"Name": "Zeta"}]),
        ("SELECT toLabel(Type) FROM Account LIMIT 1", [{"Type": "Prospect"}]),
        ("SELECT Name FROM Contact WHERE CreatedDate = THIS_WEEK AND Title = 'CEO'", ["Zorn"]),
        ("SELECT Name FROM Contact WHERE CreatedDate = LAST_QUARTER", []),
        ("SELECT Name FROM Contact WHERE CreatedDate > LAST_N_WEEKS:2 AND Title != null", ["Zorn"]),
        ("SELECT Name FROM Contact WHERE DAY_ONLY(CreatedDate) = 2026-11-22", []),
        (
            "SELECT Name, (SELECT LastName FROM Contacts WHERE Title = 'CEO') FROM Account "
            "ORDER BY Name",
            ["Acme", "Zeta"],
        ),
    ],
)
def test_a_query_finds_what_it_says(org: Bench, soql: str, expected: list[Any]) -> None:
    found: list[Any] = rows(org, soql)
    if expected and isinstance(expected[0], str):
        found = [row["Name"] for row in found]
    assert found == expected


def test_children_come_in_an_answer_of_their_own(org: Bench) -> None:
    acme, zeta = rows(org, "SELECT Id, (SELECT LastName FROM Contacts) FROM Account ORDER BY Name")
    assert (acme["Contacts"]["totalSize"], acme["Contacts"]["done"]) == (2, True)
    assert [one["LastName"] for one in acme["Contacts"]["records"]] == ["Cole", "Zorn"]
    assert zeta["Contacts"] is None


def test_all_fields_are_those_of_the_describe(org: Bench) -> None:
    [row] = rows(org, "SELECT FIELDS(ALL) FROM Account LIMIT 1")
    described = org.call("GET", "sobjects/Account/describe").json()["fields"]
    assert set(row) == {one["name"] for one in described}


@pytest.mark.parametrize(
    ("soql", "code", "said"),
    [
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "grouped or aggregated: Name"),
        ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY", "does not support aggregate operator"),
        (
            "SELECT CreatedDate, COUNT(Id) FROM Account GROUP BY CreatedDate",
            "INVALID_FIELD",
            "can not be grouped in a query call",
        ),
        (
            "SELECT TYPEOF What WHEN Account THEN Phone END FROM Event",
            "MALFORMED_QUERY",
            "unexpected token: 'WHEN'",
        ),
        ("SELECT Id FROM Account ALL ROWS", "MALFORMED_QUERY", "unexpected token: 'ROWS'"),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT Name FROM Contact)",
            "MALFORMED_QUERY",
            "should point to the same object type",
        ),
        (
            "SELECT Id FROM Account WHERE Type INCLUDES ('Prospect')",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on picklist field",
        ),
        (f"SELECT Id FROM Account WHERE Name = '{'x' * 100_000}'", "URI_TOO_LONG", "Too Long"),
        ("SELECT NOPE(Id) FROM Account", "MALFORMED_QUERY", "unexpected token: 'NOPE'"),
    ],
)
def test_what_the_vendor_refuses_is_refused(org: Bench, soql: str, code: str, said: str) -> None:
    [error] = org.call("GET", "query", params={"q": soql}).json()
    assert error["errorCode"] == code
    assert said in error["message"]


def test_days_are_those_of_the_user_who_asks() -> None:
    with bench() as org:
        org.forward(hours=13)  # 2026-11-24T03:00Z, still the 23rd where the integration user lives
        org.box.create("Contact", LastName="Late")
        today = "SELECT Name FROM Contact WHERE CreatedDate = TODAY"
        assert [row["Name"] for row in rows(org, today)] == ["Late"]
        org.forward(hours=6)
        assert rows(org, today) == []


def test_a_formula_is_worked_out_at_each_look_and_moves_no_stamp() -> None:
    with bench() as org:
        ids = org.load()
        people = org.box.org.tables["user"].rows
        org.box.org.add_field(
            "Account", "Boss__c string(80) n", lambda row: people[row["OwnerId"]].get("Title")
        )
        described = org.call("GET", "sobjects/Account/describe").json()["fields"]
        assert [one["name"] for one in described if one["calculated"]] == ["Boss__c"]
        before = org.query("SELECT Boss__c, SystemModstamp FROM Account WHERE Name = 'Acme'")
        org.forward(minutes=5)
        org.box.update("User", ids["ann"], Title="Chief")
        after = org.query("SELECT Boss__c, SystemModstamp FROM Account WHERE Boss__c = 'Chief'")
        [old], [new] = before["records"], after["records"]
        assert (old["Boss__c"], new["Boss__c"]) == (None, "Chief")
        assert old["SystemModstamp"] == new["SystemModstamp"]
        [error] = org.call(
            "PATCH", f"sobjects/Account/{ids['acme']}", json={"Boss__c": "me"}
        ).json()
        assert error["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
