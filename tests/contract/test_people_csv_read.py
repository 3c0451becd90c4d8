from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Crm
from connectors.errors import ConfigError
from connectors.people_csv import CsvSettings, connect

Write = Callable[[str, str], None]
PEOPLE = """name,email,role,manager,backup,time_zone,working_hours
Dana Fox,Dana@Ours.example,AE,Max Boss,ben@ours.example,Europe/Berlin,HOURS
Ben Ray,ben@ours.example,BDR,max@ours.example,,America/New_York,
Max Boss,max@ours.example,Manager,,,,
""".replace("HOURS", "Mon-Fri 9:00-17:30; Sat 10:00-12:00")
ACCOUNTS = """name,domain,stage,owner,bdr,ae,csm,Segment
Acme,Acme.example,active deal,dana fox,ben@ours.example,Dana Fox,,Mid "market"
Bolt,,customer,,,,max@ours.example,
Cube,cube.example,,,,,,
""".replace('Mid "market"', '"Mid ""market"""')
CONTACTS = """email,name,account,title
Ann@Acme.example,Ann Lee,acme.example,CFO
bo@bolt.example,Bo,bolt,
cy@free.example,,,
"""
AWAY = """email,starts,ends,note
dana@ours.example,2026-12-24,2026-12-26,Christmas
ben@ours.example,2026-12-24 13:00,2026-12-24 17:00,
max@ours.example,2026-12-24T13:00:00+01:00,2026-12-25,
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(file: str, text: str) -> None:
        (tmp_path / file).write_text(text, encoding="utf-8", newline="")

    put("people.csv", PEOPLE)
    put("accounts.csv", ACCOUNTS)
    put("contacts.csv", CONTACTS)
    put("out_of_office.csv", AWAY)
    return put


@pytest.fixture
def crm(write: Write, tmp_path: Path) -> Crm:
    return connect(CsvSettings(folder=tmp_path))


def records(crm: Crm, name: str) -> list[Any]:
    return [record for page in crm.read(name, None) for record in page.records]


def refusal(crm: Crm) -> str:
    for one in crm.objects:
        with pytest.raises(ConfigError) as caught:
            records(crm, one.name)
        assert caught.value.mend
    return str(caught.value)


def test_people_have_their_email_as_id_and_know_manager_and_backup(crm: Crm) -> None:
    dana, ben, boss = records(crm, "people")
    assert (dana.id, dana.name, dana.role_name) == ("dana@ours.example", "Dana Fox", "AE")
    assert (dana.manager_id, dana.backup_id) == ("max@ours.example", "ben@ours.example")
    assert (ben.manager_id, ben.backup_id, ben.working_hours) == ("max@ours.example", None, "")
    assert dana.working_hours == (
        "[[0, 540, 1050], [1, 540, 1050], [2, 540, 1050], [3, 540, 1050], [4, 540, 1050], "
        "[5, 600, 720]]"
    )
    assert boss.active
    assert boss.time_zone == ""


def test_accounts_hold_stage_by_hand_roles_and_further_columns(crm: Crm) -> None:
    acme, bolt, cube = records(crm, "accounts")
    assert (acme.id, acme.domain, acme.owner_id) == ("acme.example",) * 2 + ("dana@ours.example",)
    assert acme.fields == {
        "stage_class": "active_deal",
        "bdr": "ben@ours.example",
        "ae": "dana@ours.example",
        "segment": 'Mid "market"',
    }
    assert (bolt.id, bolt.owner_id) == ("Bolt", None)
    assert bolt.fields == {"stage_class": "customer", "csm": "max@ours.example"}
    assert cube.fields == {}


def test_contacts_find_their_account_by_domain_or_name(crm: Crm) -> None:
    ann, bo, cy = records(crm, "contacts")
    assert (ann.id, ann.account_id, ann.company) == ("ann@acme.example", "acme.example", "Acme")
    assert (ann.kind, ann.title) == ("contact", "CFO")
    assert bo.account_id == "Bolt"
    assert (cy.account_id, cy.name) == (None, "")


def test_absences_are_in_the_zone_of_the_person_and_a_date_means_the_whole_day(crm: Crm) -> None:
    dana, ben, boss = records(crm, "out_of_office")
    assert dana.starts_at == datetime(2026, 12, 23, 23, 0, tzinfo=UTC)
    assert dana.ends_at == datetime(2026, 12, 26, 23, 0, tzinfo=UTC)
    assert dana.source == "csv"
    assert ben.starts_at == datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
    assert ben.ends_at == datetime(2026, 12, 24, 22, 0, tzinfo=UTC)
    assert boss.starts_at == datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
    assert boss.ends_at == datetime(2026, 12, 26, 0, 0, tzinfo=UTC)


def test_every_object_is_full_and_ends_with_a_watermark(crm: Crm) -> None:
    assert all(one.full for one in crm.objects)
    for one in crm.objects:
        pages = list(crm.read(one.name, None))
        assert [page.watermark is None for page in pages] == [True] * (len(pages) - 1) + [False]
        again = list(crm.read(one.name, pages[-1].watermark))
        assert [page.records for page in again] == [page.records for page in pages]
        assert all(type(record) is one.noun for page in pages for record in page.records)


def test_a_long_file_comes_in_pages_and_only_the_last_has_the_watermark(
    crm: Crm, write: Write
) -> None:
    write("contacts.csv", "email\n" + "".join(f"p{n}@x.example\n" for n in range(2500)))
    pages = list(crm.read("contacts", None))
    assert [len(page.records) for page in pages] == [1000, 1000, 500]
    assert [page.watermark is None for page in pages] == [True, True, False]
    assert {page.total for page in pages} == {2500}


def test_a_changed_file_is_read_again(crm: Crm, write: Write) -> None:
    before = list(crm.read("accounts", None))[-1].watermark
    write("accounts.csv", "name\nOnly One\n")
    write("contacts.csv", "email\n")
    page = list(crm.read("accounts", None))[-1]
    assert [one.name for one in page.records] == ["Only One"]  # type: ignore[union-attr]
    assert page.watermark != before
    assert [page.records for page in crm.read("contacts", None)] == [[]]


def test_a_mended_folder_is_read_after_a_broken_one(crm: Crm, write: Write) -> None:
    write("people.csv", "name\nDana\n")
    refusal(crm)
    write("people.csv", PEOPLE)
    assert len(records(crm, "people")) == 3


@pytest.mark.parametrize("file", ["contacts.csv", "out_of_office.csv"])
def test_a_file_that_may_be_absent_leaves_a_note(crm: Crm, tmp_path: Path, file: str) -> None:
    (tmp_path / file).unlink()
    assert records(crm, file.removesuffix(".csv")) == []
    assert any(file in note for note in crm.notes)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_spreadsheet_may_separate_by_other_signs_and_begin_with_a_mark(
    crm: Crm, tmp_path: Path, separator: str
) -> None:
    text = "\ufeff" + PEOPLE.replace("; Sat 10:00-12:00", "").replace(",", separator)
    (tmp_path / "people.csv").write_text(text.replace("\n", "\r\n"), encoding="utf-8", newline="")
    assert [person.name for person in records(crm, "people")] == ["Dana Fox", "Ben Ray", "Max Boss"]


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("people.csv", "name,mail\nA,a@b.example\n", "people.csv row 1, column email: is missing"),
        ("people.csv", "name,email\nA,ann\n", "people.csv row 2, column email: 'ann' is not"),
        ("people.csv", "name,email\n,a@b.example\n", "people.csv row 2, column name: is empty"),
        ("people.csv", PEOPLE + "X,ben@ours.example\n", "people.csv row 5, column email"),
        ("people.csv", PEOPLE + "\nX,x@ours.example,AE,Mxa Boss\n", "row 6, column manager"),
        ("people.csv", PEOPLE + "X,x@ours.example,,,,Berlin\n", "row 5, column time_zone"),
        ("people.csv", PEOPLE + "X,x@ours.example,,,,,9 to 5\n", "row 5, column working_hours"),
        ("people.csv", "name,email,bakcup\nA,a@b.example,\n", "column bakcup: is an unknown"),
        ("people.csv", "name,email,email\nA,a@b.example,\n", "column email: stands twice"),
        ("people.csv", 'name,email\n"A,a@b.example\n', "people.csv row 2: cannot be read"),
        ("people.csv", "name,email\nA,a@b.example,x\n", "row 2: has 3 cells for 2 columns"),
        ("people.csv", "", "people.csv: the file is empty"),
        ("people.csv", "name,email\nA\x00,a@b.example\n", "people.csv row 2"),
        ("accounts.csv", "name,stage\nAcme,hot\n", "accounts.csv row 2, column stage"),
        ("accounts.csv", "name,domain\nAcme,https://a.b/\n", "accounts.csv row 2, column domain"),
        ("accounts.csv", "name\nAcme\nAcme\n", "accounts.csv row 3, column name"),
        ("accounts.csv", "name,ae\nAcme,Nobody Known\n", "accounts.csv row 2, column ae"),
        ("contacts.csv", "email,account\na@b.example,Acmee\n", "row 2, column account"),
        ("out_of_office.csv", "email,starts,ends\nx@y.example,2026-01-01,2026-01-02\n", "email"),
        ("out_of_office.csv", "email,starts,ends\nMax Boss,1/2/26,2026-01-02\n", "column starts"),
        ("out_of_office.csv", "email,starts,ends\nMax Boss,2026-01-03,2026-01-02\n", "column ends"),
    ],
)  # fmt: skip
def test_a_broken_file_refuses_every_read_and_names_the_place(
    crm: Crm, write: Write, file: str, text: str, place: str
) -> None:
    write(file, text)
    found = refusal(crm)
    assert place in found
    assert "Mend: " in found


def test_a_misspelt_name_is_answered_with_the_right_one(crm: Crm, write: Write) -> None:
    write("contacts.csv", "email,account\na@b.example,Acmee\n")
    assert "'acmee' is unknown" in refusal(crm).lower()
    assert "did you mean 'acme'?" in refusal(crm)


def test_a_name_that_two_people_share_must_be_written_as_email(crm: Crm, write: Write) -> None:
    write("people.csv", PEOPLE + "Ben Ray,ben2@ours.example\n")
    write("accounts.csv", "name,ae\nAcme,Ben Ray\n")
    write("contacts.csv", "email\n")
    assert "is the name of several" in refusal(crm)


def test_at_most_twenty_problems_are_listed(crm: Crm, write: Write) -> None:
    write("contacts.csv", "email\n" + "nobody\n" * 50)
    found = refusal(crm).splitlines()
    assert len(found) == 22
    assert found[-1] == "and 30 more"


def test_a_file_over_the_limit_is_refused(write: Write, tmp_path: Path) -> None:
    write("contacts.csv", "email\n" + "someone@somewhere.example\n" * 50_000)
    small = connect(CsvSettings(folder=tmp_path, largest_file_mb=1))
    assert "larger than" in refusal(small)


def test_a_file_in_another_encoding_is_refused_with_its_row(crm: Crm, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(b"name,email\nA,a@b.example\nJos\xe9,j@b.example\n")
    assert "people.csv row 3: is not UTF-8" in refusal(crm)


def test_a_folder_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        connect(CsvSettings(folder=tmp_path / "nowhere"))


def test_a_file_has_no_page_and_costs_no_calls(crm: Crm) -> None:
    records(crm, "people")
    assert crm.record_url("account", "acme.example") == ""
    assert crm.api_calls == 0
    crm.close()
