"""The traps of reading changes: each test fails without the cure that it names."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import ConnectorError, TemporaryError
from connectors.sandbox.hubspot.stamps import to_ms
from connectors.sandbox.world import World
from routing.nouns import Account, Prospect
from tests.contract.hubspot_kit import Copy, Kit, running

SEARCH = "/crm/v3/objects/contacts/search"


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running(World()) as started:
        yield started


def fill(kit: Kit, count: int, *, apart: float = 0.0, kind: str = "contacts") -> list[str]:
    """Enter contacts, ``apart`` seconds one from the other (0: one bulk edit)."""
    made = []
    for number in range(count):
        made.append(kit.sandbox.create(kind, email=f"c{number}-{kit.clock()}@x.test"))
        kit.clock.forward(seconds=apart)
    return made


def started(kit: Kit, **settings: Any) -> Copy:
    """A copy after its first read, long ago as seen from what comes next."""
    copy = Copy(kit.connector(**settings), "contacts")
    copy.sync()
    kit.clock.forward(hours=1)
    return copy


def test_the_first_read_takes_lists_and_the_next_takes_changes_only(kit: Kit) -> None:
    made = fill(kit, 250, apart=60)
    copy = Copy(kit.connector(), "contacts")
    assert set(copy.sync()) == set(made)
    assert copy.pages[0].total == 250
    kit.clock.forward(hours=1)
    kit.sandbox.update("contacts", made[3], firstname="New")
    row = copy.sync()[made[3]]
    assert isinstance(row, Prospect)
    assert row.name == "New"
    assert copy.read < 15


def test_a_quiet_account_costs_one_call_an_object(kit: Kit) -> None:
    fill(kit, 30, apart=600)
    copy = started(kit, archive_minutes=600)
    before = copy.connector.api_calls
    copy.sync()
    assert copy.connector.api_calls == before + 1


@pytest.mark.pitfall("R1", "a broken read has moved the watermark")
def test_the_watermark_comes_with_the_last_page_only(kit: Kit) -> None:
    fill(kit, 250)
    copy = Copy(kit.connector(), "contacts")
    copy.sync()
    assert [page.watermark is not None for page in copy.pages] == [False] * (
        len(copy.pages) - 1
    ) + [True]


def test_a_read_that_breaks_off_moves_no_watermark_and_loses_nothing(kit: Kit) -> None:
    copy = started(kit)
    made = fill(kit, 450, apart=1)
    kit.fault("latency", SEARCH)
    kit.fault("status", SEARCH, times=3, status=502)
    mark = copy.mark
    with pytest.raises(TemporaryError):
        copy.sync()
    assert copy.mark == mark
    assert set(copy.sync()) == set(made)


@pytest.mark.pitfall("R1", "a bulk edit gives more rows than a page one stamp")
def test_r1_one_stamp_on_more_rows_than_a_page_holds(kit: Kit) -> None:
    copy = started(kit)
    made = [*fill(kit, 5, apart=1), *fill(kit, 700), *fill(kit, 5, apart=1)]
    assert set(copy.sync()) == set(made)


def test_ids_of_different_length_in_one_bulk_edit_are_all_read(kit: Kit) -> None:
    copy = started(kit)
    made = fill(kit, 600)
    assert len({len(one) for one in made}) == 2, "the trap needs ids of 5 and of 6 digits"
    kit.clock.forward(minutes=1)
    for one in made:
        kit.sandbox.update("contacts", one, jobtitle="VP")
    rows = copy.sync()
    assert set(rows) == set(made)
    assert {row.title for row in rows.values() if isinstance(row, Prospect)} == {"VP"}


@pytest.mark.pitfall("R5", "a search ends at 10,000 rows")
def test_r5_more_changes_than_a_search_may_return(kit: Kit) -> None:
    kit.sandbox.portal.search_cap = 400
    copy = started(kit)
    made = fill(kit, 1000, apart=0.25)
    assert set(copy.sync()) == set(made)


@pytest.mark.pitfall("R5", "one stamp stands on more than 10,000 rows")
def test_r5_more_changes_of_one_stamp_than_a_search_may_return(kit: Kit) -> None:
    kit.sandbox.portal.search_cap = 400
    copy = started(kit)
    made = fill(kit, 1000)
    assert set(copy.sync()) == set(made)


def test_short_and_empty_pages_are_not_the_end(kit: Kit) -> None:
    kit.sandbox.portal.short_pages = True
    copy = started(kit)
    made = [*fill(kit, 250, apart=1), *fill(kit, 300, apart=0, kind="contacts")]
    assert set(copy.sync()) == set(made)


@pytest.mark.pitfall("R1", "the search index shows a change minutes later")
def test_r1_a_record_that_shows_up_late_is_found_by_the_overlap(kit: Kit) -> None:
    copy = started(kit)
    late = fill(kit, 1)
    table = kit.sandbox.portal.tables["contacts"]
    table.lag(table.live[int(late[0])], to_ms(kit.clock() + timedelta(minutes=5)), None, 0)
    kit.clock.forward(minutes=4)
    seen = fill(kit, 1, apart=1)
    kit.sandbox.portal.search_lag = timedelta(0)
    assert set(copy.sync()) == set(seen)
    kit.clock.forward(minutes=2)
    assert set(copy.sync()) == {*late, *seen}


@pytest.mark.pitfall("R1", "the search index lags behind the clock")
def test_an_index_that_lags_shows_the_old_value_first_and_the_new_one_in_the_end(
    kit: Kit,
) -> None:
    made = fill(kit, 1)
    copy = started(kit)
    kit.sandbox.portal.search_lag = timedelta(minutes=60)  # far more than the overlap
    kit.sandbox.update("contacts", made[0], firstname="New")
    for _ in range(3):
        kit.clock.forward(minutes=19)
        copy.sync()
    kit.clock.forward(minutes=4)
    row = copy.sync()[made[0]]
    assert isinstance(row, Prospect)
    assert row.name == "New"


def test_edits_while_pages_are_read_push_no_row_out(kit: Kit) -> None:
    copy = started(kit)
    made = fill(kit, 600, apart=1)
    kit.clock.forward(minutes=1)
    pages = copy.connector.read("contacts", copy.mark)
    seen = {row.id for row in next(pages).records}
    for one in made[:150]:
        kit.sandbox.update("contacts", one, firstname="Moved")
    for page in pages:
        seen.update(row.id for row in page.records)
    assert seen == set(made)


def test_a_change_during_the_first_read_is_seen_by_the_second(kit: Kit) -> None:
    made = fill(kit, 150, apart=1)
    copy = Copy(kit.connector(), "contacts")
    pages = copy.connector.read("contacts", None)
    copy.rows.update({row.id: row for row in next(pages).records})
    kit.clock.forward(hours=3)
    kit.sandbox.update("contacts", made[0], firstname="Changed")
    for page in pages:
        copy.mark = page.watermark or copy.mark
    row = copy.sync()[made[0]]
    assert isinstance(row, Prospect)
    assert row.name == "Changed"


@pytest.mark.pitfall("R3", "archiving moves no stamp")
def test_r3_archived_records_go_though_their_stamp_does_not_move(kit: Kit) -> None:
    made = fill(kit, 3)
    copy = started(kit)
    kit.sandbox.archive("contacts", made[1])
    assert set(copy.sync()) == {made[0], made[2]}


def test_the_recycling_bin_is_looked_through_on_its_own_timer(kit: Kit) -> None:
    made = fill(kit, 2)
    copy = Copy(kit.connector(archive_minutes=10), "contacts")
    copy.sync()
    kit.sandbox.archive("contacts", made[0])
    kit.clock.forward(minutes=5)
    assert len(copy.sync()) == 2
    kit.clock.forward(minutes=6)
    assert set(copy.sync()) == {made[1]}


@pytest.mark.pitfall("R3", "the loser of a merge stays")
def test_r3_the_loser_of_a_merge_is_gone_and_its_contacts_follow(kit: Kit) -> None:
    winner = kit.sandbox.create("companies", name="Acme")
    loser = kit.sandbox.create("companies", name="Acme (double)")
    contact = kit.sandbox.create("contacts", {"companies": loser}, email="d@acme.test")
    connector = kit.connector()
    companies, contacts = Copy(connector, "companies"), Copy(connector, "contacts")
    companies.sync()
    contacts.sync()
    kit.clock.forward(hours=1)
    kit.sandbox.merge("companies", winner, loser)
    assert set(companies.sync()) == {winner}
    row = contacts.sync()[contact]
    assert isinstance(row, Prospect)
    assert row.account_id == winner


@pytest.mark.pitfall("R11", "contacts call the stamp by another name")
def test_r11_contacts_and_companies_have_different_names_for_the_same_stamp(kit: Kit) -> None:
    company = kit.sandbox.create("companies", name="Acme")
    copy = Copy(kit.connector(), "companies")
    copy.sync()
    kit.clock.forward(hours=1)
    kit.sandbox.update("companies", company, name="Acme Inc")
    row = copy.sync()[company]
    assert isinstance(row, Account)
    assert row.name == "Acme Inc"


def test_a_watermark_from_elsewhere_means_a_whole_read(kit: Kit) -> None:
    made = fill(kit, 3)
    copy = Copy(kit.connector(), "contacts", mark="2024-01-01T00:00:00Z")
    assert set(copy.sync()) == set(made)


@pytest.mark.parametrize("seed", range(6))
def test_a_random_history_always_ends_in_the_same_mirror(kit: Kit, seed: int) -> None:
    chance = random.Random(seed)
    kit.sandbox.portal.search_cap = 600
    kit.sandbox.portal.short_pages = chance.random() < 0.3
    kit.sandbox.portal.search_lag = timedelta(seconds=chance.choice([0, 0, 45]))
    living = fill(kit, 50, apart=1)
    copy = Copy(kit.connector(), "contacts")
    for turn in range(12):
        for _ in range(chance.randrange(4)):
            act(kit, chance, living, turn)
        kit.clock.forward(seconds=chance.choice([0, 1, 30, 400]))
        if chance.random() < 0.3:
            kit.fault("status", SEARCH, times=3, status=500)
        try:
            copy.sync()
        except ConnectorError:
            kit.sandbox.faults.clear()
    kit.sandbox.faults.clear()
    kit.clock.forward(minutes=2)
    copy.sync()
    wanted = {row["id"]: row.get("firstname", "") for row in kit.sandbox.records("contacts")}
    got = {row.id: row.name for row in copy.rows.values() if isinstance(row, Prospect)}
    assert set(got) == set(wanted)
    assert all(not name or got[one] == name for one, name in wanted.items())


def act(kit: Kit, chance: random.Random, living: list[str], turn: int) -> None:
    kind = chance.choice(["new", "edit", "bulk", "archive", "merge"])
    if kind == "new":
        number = f"{turn}-{chance.random()}"
        living.append(kit.sandbox.create("contacts", email=f"n{number}@x.test"))
    elif kind == "edit":
        kit.sandbox.update("contacts", chance.choice(living), firstname=f"E{turn}")
    elif kind == "bulk":
        for one in living:
            kit.sandbox.update("contacts", one, firstname=f"B{turn}")
    elif kind == "archive":
        kit.sandbox.archive("contacts", living.pop(chance.randrange(len(living))))
    else:
        loser = living.pop(chance.randrange(len(living)))
        kit.sandbox.merge("contacts", chance.choice(living), loser)
    kit.clock.forward(milliseconds=chance.randrange(3))
