"""SOQL in the sandbox: what it finds, and what it refuses in the vendor's words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.salesforce_kit import Bench, bench


@pytest.fixture(scope="module")
def org() -> Iterator[Bench]:
    with bench() as made:
        ids = made.load()
        made.box.create(
            "Contact",
            LastName="O'Neil",
            Email="oneil@acme.example",
            AccountId=ids["zeta"],
            Title="50% Owner_x",
        )
        yield made


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Name = 'cat cole'", ["Cat Cole"]),
        ("Name != 'Cat Cole'", ["O'Neil"]),
        ("LastName = 'O\\'Neil'", ["O'Neil"]),
        ("Title = null", ["Cat Cole"]),
        ("Title != null", ["O'Neil"]),
        ("Title = ''", ["Cat Cole"]),
        ("Title != 'Buyer'", ["Cat Cole", "O'Neil"]),
        ("Title LIKE '50\\% owner\\_%'", ["O'Neil"]),
        ("Title LIKE '50\\% owner_'", []),
        ("Email LIKE '%@ACME.example'", ["Cat Cole", "O'Neil"]),
        ("Account.Name = 'Zeta'", ["O'Neil"]),
        ("Account.Owner.Name LIKE 'Ann%'", ["Cat Cole"]),
        ("Account.Name IN ('Zeta', 'Acme') AND NOT Title = null", ["O'Neil"]),
        ("Account.Name NOT IN ('Zeta')", ["Cat Cole"]),
        ("(Title = null OR Name = 'O\\'Neil') AND IsDeleted = false", ["Cat Cole", "O'Neil"]),
        ("CreatedDate = TODAY", ["Cat Cole", "O'Neil"]),
        ("CreatedDate < TODAY", []),
        ("CreatedDate >= YESTERDAY AND CreatedDate <= LAST_N_DAYS:3", ["Cat Cole", "O'Neil"]),
        ("SystemModstamp >= 2026-11-23T15:00:00+01:00", ["Cat Cole", "O'Neil"]),
        ("SystemModstamp > 2026-11-23T14:00:00Z", []),
        ("SystemModstamp <= 2026-11-23T14:00:00.999Z", ["Cat Cole", "O'Neil"]),
        ("Id = '003000000000000'", []),
    ],
)
def test_a_where_finds_what_it_says(org: Bench, where: str, names: list[str]) -> None:
    found = org.query(f"SELECT Name FROM Contact WHERE {where} ORDER BY Name")
    assert [row["Name"] for row in found["records"]] == names


def test_names_of_fields_and_objects_are_read_in_any_case(org: Bench) -> None:
    [row] = org.query("select NAME, account.NAME from CONTACT where name like 'cat%'")["records"]
    assert (row["Name"], row["Account"]["Name"]) == ("Cat Cole", "Acme")
    assert row["attributes"]["type"] == "Contact"
    assert row["Account"]["attributes"]["url"].endswith(org.ids["acme"])


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("Title", ["Cat Cole", "O'Neil"]),
        ("Title NULLS LAST", ["O'Neil", "Cat Cole"]),
        ("Title DESC", ["O'Neil", "Cat Cole"]),
        ("Account.Name DESC", ["O'Neil", "Cat Cole"]),
        ("Account.Name DESC, Id LIMIT 1", ["O'Neil"]),
        ("Name LIMIT 1 OFFSET 1", ["O'Neil"]),
    ],
)
def test_an_order_by_puts_them_so(org: Bench, order: str, names: list[str]) -> None:
    found = org.query(f"SELECT Name FROM Contact ORDER BY {order}")
    assert [row["Name"] for row in found["records"]] == names


def test_a_count_counts(org: Bench) -> None:
    found = org.query("SELECT COUNT() FROM Contact WHERE Title = null")
    assert found == {"totalSize": 1, "done": True, "records": []}


def test_an_owner_of_several_kinds_has_a_name_and_a_type(org: Bench) -> None:
    [row] = org.query("SELECT Owner.Name, Owner.Type FROM Lead")["records"]
    assert (row["Owner"]["Name"], row["Owner"]["Type"]) == ("Hotlead Integration", "User")


@pytest.mark.parametrize(
    ("soql", "code", "said"),
    [
        ("SELECT Nope FROM Contact", "INVALID_FIELD", "No such column 'Nope' on entity 'Contact'"),
        (
            "SELECT Id FROM Contact WHERE Account.Nope = 'x'",
            "INVALID_FIELD",
            "No such column 'Nope' on entity 'Account'",
        ),
        (
            "SELECT Boss.Name FROM Contact",
            "INVALID_FIELD",
            "Didn't understand relationship 'Boss' in field path",
        ),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported"),
        (
            "SELECT Id FROM OutOfOffice WHERE IsEnabled = true",
            "INVALID_FIELD",
            "field 'IsEnabled' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Task WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Task ORDER BY Description",
            "INVALID_FIELD",
            "field 'Description' can not be sorted in a query call",
        ),
        (
            "SELECT Id FROM Contact WHERE SystemModstamp > '2026-11-23T00:00:00Z'",
            "INVALID_FIELD",
            "must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE SystemModstamp > 2026-11-23",
            "INVALID_FIELD",
            "must be of type dateTime",
        ),
        (
            "SELECT Id FROM Contact WHERE SystemModstamp > 2026-13-23T00:00:00Z",
            "INVALID_FIELD",
            "must be of type dateTime",
        ),
        (
            "SELECT Id FROM Contact WHERE Name = 5",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE Id = 'x'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: x",
        ),
        ("SELECT Id FROM Contact WHERE Name = 'O'Neil'", "MALFORMED_QUERY", "unexpected token"),
        ('SELECT Id FROM Contact WHERE Name = "x"', "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Contact WHERE Name IN ()", "MALFORMED_QUERY", "unexpected token: ')'"),
        (
            "SELECT Id FROM Contact WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
            "MALFORMED_QUERY",
            "unexpected token: 'OR'",
        ),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT * FROM Contact", "MALFORMED_QUERY", "unexpected token: '*'"),
        ("SELECT Id, Id FROM Contact", "MALFORMED_QUERY", "duplicate field selected: Id"),
        (
            "SELECT Id, (SELECT Id FROM Nopes) FROM Account",
            "INVALID_TYPE",
            "Didn't understand relationship 'Nopes' in FROM part of query call",
        ),
        (
            "SELECT Id FROM Contact LIMIT 1 OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset allowed is 2000",
        ),
    ],
)
def test_what_the_vendor_refuses_is_refused(org: Bench, soql: str, code: str, said: str) -> None:
    answer = org.call("GET", "query", params={"q": soql})
    [error] = answer.json()
    assert (answer.status_code, error["errorCode"]) == (400, code)
    assert said in error["message"]


def test_a_refusal_points_at_the_place(org: Bench) -> None:
    [error] = org.query("SELECT Id, Nope FROM Contact")
    lines = error["message"].split("\n")
    assert lines[1:4] == [
        "SELECT Id, Nope FROM Contact",
        "           ^",
        "ERROR at Row:1:Column:12",
    ]


def test_a_stretch_of_the_stamps_finds_the_same_as_looking_at_every_row() -> None:
    with bench() as org:
        ids = []
        for number in range(60):
            ids.append(org.box.create("Contact", LastName=f"C{number:02}"))
            if number % 4 == 3:
                org.forward(seconds=1)
        stamp = "2026-11-23T14:00:05Z"
        ordered = org.ids_of("SELECT Id FROM Contact ORDER BY LastName")
        assert ordered == ids
        behind = f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{ids[21]}'))"
        soql = "SELECT Id FROM Contact WHERE {} ORDER BY SystemModstamp, Id{}"
        assert org.ids_of(soql.format(behind, "")) == ids[22:]
        assert org.ids_of(soql.format(behind, " LIMIT 3")) == ids[22:25]
        # The same test, told so that no stretch can be seen in it.
        blind = f"NOT (NOT {behind})"
        assert org.ids_of(soql.format(blind, "")) == ids[22:]
        early = f"SystemModstamp >= 2026-11-23T14:00:01Z AND SystemModstamp < {stamp}"
        assert org.ids_of(soql.format(early, "")) == ids[4:20]
