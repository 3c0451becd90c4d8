"""What the sync asks a CRM for when little or nothing has changed, by the sandbox's own log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fuzz.converge_kit import Door, History, opened, served
from tests.fuzz.hubspot_history import HubspotHistory
from tests.fuzz.salesforce_history import SalesforceHistory
from worker.sync import sync, sync_all

BEHIND = timedelta(minutes=11, seconds=2)
"""The overlap, how far the watermark stays behind, and the whole seconds of HTTP dates."""
_LOW = re.compile(r"SystemModstamp >= (\S+?Z)")


@pytest.fixture
def place() -> Iterator[tuple[Door, str]]:
    with served() as made:
        yield made


@pytest.fixture(scope="session")
def migrated(_migrated_file: Path) -> Path:
    return _migrated_file


def calls(place: tuple[Door, str], history: History, name: str) -> list[str]:
    """The paths of one read of one object."""
    before = len(place[0].log)
    assert sync(history.ctx, name, force=True)
    return [path for _, path in place[0].log[before:]]


def soql(path: str) -> str:
    return parse_qs(urlsplit(path).query)["q"][0]


def test_an_unchanged_cycle_of_salesforce_costs_one_call_an_object(
    place: tuple[Door, str], migrated: Path
) -> None:
    history = SalesforceHistory(*place)
    with opened(history, migrated):
        history.box.org.page_size = 2000
        sync_all(history.ctx)
        history.settle()
        for one in history.crm.objects:
            assert (one.name, len(calls(place, history, one.name))) == (one.name, 1)


def test_no_page_of_salesforce_is_read_twice_and_none_beyond_the_overlap(
    place: tuple[Door, str], migrated: Path
) -> None:
    history = SalesforceHistory(*place)
    with opened(history, migrated):
        sync_all(history.ctx)
        history.settle()
        for turn in range(4):
            last = history.time
            history.forward(minutes=2)
            history.bulk_edit(turn, turn)
            queries = [soql(path) for path in calls(place, history, "contacts")]
            assert len(set(queries)) == len(queries)
            [low, *_] = [datetime.fromisoformat(one) for one in _LOW.findall(queries[0])]
            assert low >= last - BEHIND


def test_an_unchanged_cycle_of_hubspot_costs_one_call_an_object_at_most(
    place: tuple[Door, str], migrated: Path
) -> None:
    history = HubspotHistory(*place)
    with opened(history, migrated):
        history.box.portal.most_rows = 1000
        for number in range(5):
            history.log(number, 2 * number)
        sync_all(history.ctx)
        history.settle()
        sync_all(history.ctx)
        cost = {one.name: len(calls(place, history, one.name)) for one in history.crm.objects}
    assert {name: count for name, count in cost.items() if count > 1} == {}
    assert cost["people"] == cost["out_of_office"] == cost["deal_contacts"] == 1
