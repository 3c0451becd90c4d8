"""Traps of HubSpot and of hubspot-api-client that no other test holds; see docs/pitfalls.md."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from connectors.errors import LimitError, TemporaryError
from connectors.http import HttpSettings
from connectors.live import LiveQuestion
from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.serving import Serving
from connectors.sandbox.world import World
from tests.contract.hubspot_kit import HTTP, SECRET, Copy, Kit, MovedClock, running

SEARCH = "/crm/v3/objects/contacts/search"


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running(World()) as made:
        yield made


@contextmanager
def watched() -> Iterator[tuple[Kit, set[tuple[str, int]]]]:
    """A kit, and the connections that were made to it, by the address of the caller."""
    clock = MovedClock()
    sandbox = HubspotSandbox(clock, token=SECRET)
    ids = sandbox.load(World())
    callers: set[tuple[str, int]] = set()

    async def seen(scope, receive, send):  # type: ignore[no-untyped-def]
        callers.add(tuple(scope["client"]))
        await sandbox.app(scope, receive, send)

    with Serving(seen) as serving:
        made = Kit(sandbox, clock, serving.url, ids)
        yield made, callers
        for one in made.made:
            one.close()


@pytest.mark.pitfall("R7", "the library opens a pool for each API object that is asked for")
def test_r7_twenty_reads_need_one_connection() -> None:
    with watched() as (kit, callers):
        crm = kit.connector()
        for _ in range(20):
            list(crm.read("stages", None))
            list(crm.read("teams", None))
        assert crm.api_calls >= 20
        assert len(callers) == 1


@pytest.mark.pitfall("R13", "threads beyond the pool's size fill the log and lose connections")
def test_r13_as_many_threads_as_the_pool_holds_leave_no_word_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with watched() as (kit, callers), caplog.at_level(logging.DEBUG, "urllib3"):
        kit.sandbox.create("companies", name="Acme")
        crm = kit.connector(http=HTTP.model_copy(update={"pool": 8}))
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: list(crm.read("companies", None)), range(40)))
        assert len(callers) <= 8
    assert [one for one in caplog.messages if "pool is full" in one] == []


@pytest.mark.pitfall("R6", "the library never repeats a POST, and a search is one")
@pytest.mark.parametrize("headers", [{"Retry-After": "0"}, {}], ids=["told", "untold"])
def test_r6_a_search_that_is_throttled_is_made_again(kit: Kit, headers: dict[str, str]) -> None:
    copy = Copy(kit.connector(), "contacts")
    copy.sync()
    made = kit.sandbox.create("contacts", email="a@x.test")
    kit.fault("status", SEARCH, status=429, headers=headers, body={})
    assert set(copy.sync()) == {made}


@pytest.mark.pitfall("R6", "an answer that asks for an hour puts a thread to sleep for it")
def test_r6_a_read_hands_a_long_pause_to_the_worker(kit: Kit) -> None:
    copy = Copy(kit.connector(), "contacts")
    copy.sync()
    kit.fault("status", SEARCH, status=429, headers={"Retry-After": "3"}, body={}, times=1)
    with pytest.raises(LimitError) as caught:
        copy.sync()
    assert caught.value.retry_after == 3


@pytest.mark.pitfall("R4", "a batch takes a hundred records, and once took a thousand")
def test_r4_more_records_than_a_batch_takes_are_read_in_batches(kit: Kit) -> None:
    made = {kit.sandbox.create("contacts", email=f"c{one}@x.test") for one in range(150)}
    [part] = kit.connector().read_live(LiveQuestion(prospects=frozenset(made)))[:1]
    assert {one.id for one in part.records} == made


@pytest.mark.pitfall("R7", "what breaks is no ApiException when the library has a time limit")
def test_r7_a_lost_connection_is_one_of_our_errors(kit: Kit) -> None:
    hasty = HttpSettings(connect_timeout=0.3, read_timeout=0.3, tries=1, longest_wait=0.05)
    crm = kit.connector(http=hasty)
    kit.fault("latency", "/crm", seconds=1.5, times=1)
    with pytest.raises(TemporaryError):
        list(crm.read("stages", None))


@pytest.mark.pitfall("R12", "a large portal is held in memory before its first record is kept")
def test_r12_the_first_page_is_there_before_the_others_are_asked_for(kit: Kit) -> None:
    for one in range(450):
        kit.sandbox.create("contacts", email=f"c{one}@x.test")
    crm = kit.connector()
    pages = crm.read("contacts", None)
    first = next(pages)
    assert len(first.records) == 100
    assert crm.api_calls <= 3
    assert sum(len(page.records) for page in pages) == 350
