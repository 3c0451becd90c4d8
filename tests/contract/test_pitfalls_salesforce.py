"""Traps of Salesforce and of simple-salesforce that no other test holds; see docs/pitfalls.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.errors import TemporaryError
from connectors.http import HttpSettings
from connectors.sandbox.faults import Fault
from connectors.sandbox.serving import Serving
from tests.contract.salesforce_kit import START, Bench, bench, draft, read_all, records

QUERIES = "/services/data/v66.0/queryAll"


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


@pytest.mark.pitfall("R1", "a page that comes again and again makes an endless loop")
def test_r1_a_page_that_comes_again_is_an_error_and_no_loop(org: Bench) -> None:
    crm = org.crm()
    _, mark = read_all(crm, "leads")
    row = {"Id": org.ids["leo"], "SystemModstamp": "2026-11-23T14:00:00.000+0000"}
    page = {"totalSize": 9, "done": False, "records": [row], "nextRecordsUrl": "/none"}
    org.box.faults.order(Fault(kind="status", status=200, body=page, path=QUERIES, times=3))
    with pytest.raises(TemporaryError, match="same page twice"):
        list(crm.read("leads", mark))


@pytest.mark.pitfall("R11", "a first read that silently begins two years ago")
def test_r11_a_first_read_reaches_back_to_the_beginning() -> None:
    with bench() as org:
        org.time = START - timedelta(days=3650)
        org.load()
        org.time = START
        crm = org.crm()
        assert {one.id for one in records(crm, "accounts")} == {org.ids["acme"], org.ids["zeta"]}
        assert {one.id for one in records(crm, "deals")} == {org.ids["deal"], org.ids["past"]}


@pytest.mark.pitfall("R9", "the library's own default is an API version of years ago")
def test_r9_every_call_goes_to_the_version_of_the_settings() -> None:
    paths: list[str] = []
    made = Bench()

    async def seen(scope, receive, send):  # type: ignore[no-untyped-def]
        paths.append(scope["path"])
        await made.box.app(scope, receive, send)

    with Serving(seen) as server:
        made.url = server.url
        made.load()
        crm = made.crm()
        records(crm, "accounts")
        crm.write_activities([draft(owner_id=made.ids["ann"])])
        made.close()
    called = {path.split("/")[3] for path in paths if path.startswith("/services/data/")}
    assert called == {"v66.0"}


@pytest.mark.pitfall("R7", "the library's writes take no time limit at all")
def test_r7_a_write_that_is_never_answered_is_given_up(org: Bench) -> None:
    org.crm().write_activities([draft("task:0", owner_id=org.ids["ann"])])
    crm = org.crm(HttpSettings(read_timeout=3, tries=1, longest_wait=0.01))
    path = "/services/data/v66.0/composite"
    org.box.faults.order(Fault(kind="latency", seconds=8.0, path=path, method="PATCH"))
    [result] = crm.write_activities([draft("task:1", owner_id=org.ids["ann"])])
    assert isinstance(result.error, TemporaryError)
