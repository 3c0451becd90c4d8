"""The histories that are too rare to wait for, each by its name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select

from connectors.base import Crm, Page
from connectors.sandbox.faults import Fault
from connectors.sandbox.salesforce.times import stamp
from routing.mapping import NOTHING_MORE
from routing.nouns import Prospect, RoleHolding
from tests.fuzz.converge_kit import Door, History, opened, served
from tests.fuzz.hubspot_history import HubspotHistory
from tests.fuzz.salesforce_history import SalesforceHistory
from tests.waiting import until
from worker.reconcile import Drift, drift_report, reconcile, reconcile_due
from worker.store.mirror import table_of
from worker.store.tables import DRIFT, WATERMARK
from worker.sync import sync, sync_all

ALL_WELL = Drift()
_PROSPECT = table_of(Prospect)


@pytest.fixture
def place() -> Iterator[tuple[Door, str]]:
    with served() as made:
        yield made


@pytest.fixture
def org(place: tuple[Door, str], _migrated_file: Path) -> Iterator[SalesforceHistory]:
    with opened(SalesforceHistory(*place), _migrated_file) as history:
        sync_all(history.ctx)
        history.settle()
        yield cast(SalesforceHistory, history)


@pytest.fixture
def account(place: tuple[Door, str], _migrated_file: Path) -> Iterator[HubspotHistory]:
    with opened(HubspotHistory(*place), _migrated_file) as history:
        sync_all(history.ctx)
        history.settle()
        yield cast(HubspotHistory, history)


def watermark(history: History, name: str) -> dict[str, Any]:
    with history.ctx.store.read() as conn:
        row = conn.execute(select(WATERMARK).where(WATERMARK.c.object == name)).mappings().one()
    return {key: row[key] for key in ("mark", "finished_at", "records", "error", "lease_until")}


def called(org: SalesforceHistory, **changes: Any) -> str:
    about = {"WhoId": org.ids["cat"], "TaskSubtype": "Call", "Status": "Completed"}
    return org.box.create("Task", Subject="Called", **(about | changes))


# What the CRM tells, and the sync must see.


@pytest.mark.parametrize("change", [{"Status": "Deferred"}, {"WhoId": None}])
def test_a_call_that_no_longer_proves_anything_goes(
    org: SalesforceHistory, change: dict[str, Any]
) -> None:
    task = called(org)
    sync(org.ctx, "tasks", force=True)
    assert set(org.held("tasks", ())) == {task}
    org.forward(minutes=30)
    org.box.update("Task", task, **change)
    sync(org.ctx, "tasks", force=True)
    assert org.held("tasks", ()) == {}


@pytest.mark.parametrize("change", [{"IsAllDayEvent": True}, {"WhoId": None}])
def test_a_meeting_that_no_longer_proves_anything_goes(
    org: SalesforceHistory, change: dict[str, Any]
) -> None:
    about = {"WhoId": org.ids["cat"], "DurationInMinutes": 30, "StartDateTime": stamp(org.time)}
    event = org.box.create("Event", Subject="Met", **about)
    org.forward(minutes=30)
    sync_all(org.ctx)
    assert set(org.held("events", ())) == {event}
    org.box.update("Event", event, **change)
    sync(org.ctx, "events", force=True)
    assert org.held("events", ()) == {}


def test_what_was_merged_into_a_record_that_was_archived_since_is_gone(
    account: HubspotHistory,
) -> None:
    account.box.merge("contacts", account.ids["dana"], account.ids["lou"])
    account.box.archive("contacts", account.ids["dana"])
    account.settle()
    assert account.held("contacts", ()) == {}


def test_a_team_member_vanishes_although_the_clock_was_put_back(org: SalesforceHistory) -> None:
    member = {"AccountId": org.ids["acme"], "UserId": org.ids["ann"], "TeamMemberRole": "CSM"}
    made = org.box.create("AccountTeamMember", **member)
    sync(org.ctx, "account_team", force=True)
    assert set(org.held("account_team", ())) == {made}
    org.box.delete("AccountTeamMember", made)
    org.skew = timedelta(hours=-1)
    org.forward(minutes=1)
    sync(org.ctx, "users", force=True)  # any answer tells what time it is in the org
    for _ in range(2):  # changes and deletions are read in turns
        sync(org.ctx, "account_team", force=True)
    assert org.held("account_team", ()) == {}


def test_a_reader_that_was_thought_dead_writes_nothing_over_its_successor(
    org: SalesforceHistory,
) -> None:
    successor: list[dict[str, Any]] = []

    def asleep(name: str, records: int, total: int | None) -> None:
        if not successor:
            org.forward(minutes=4)  # longer than the lease
            org.box.update("Contact", org.ids["cat"], Title="New")
            assert sync(org.ctx, "contacts", force=True)
            successor.append(watermark(org, "contacts"))

    for number in range(5):
        org.box.create("Contact", LastName=f"Many {number}")
    assert sync(org.ctx, "contacts", force=True, progress=asleep) is False
    assert [watermark(org, "contacts")] == successor
    assert org.held("contacts", ("title",))[org.ids["cat"]] == ("New",)


# What the CRM tells nobody, and a reconcile must see.


def drifted(org: SalesforceHistory, contact: str = "cat") -> None:
    """One record missing, one stale, one too many in the mirror of contacts."""
    for number in range(5):
        org.box.create("Contact", LastName=f"More {number}")
    gone = org.box.create("Contact", LastName="Gone")
    back = org.box.create("Contact", LastName="Back")
    org.settle()
    org.box.delete("Contact", back)
    org.settle()
    org.box.org.table("Contact").rows[back]["IsDeleted"] = False  # no stamp moves
    org.box.delete("Contact", gone)
    org.box.purge("Contact", gone)
    org.box.org.table("Contact").rows[org.ids[contact]]["Title"] = "Unseen"  # nor here
    org.settle()


@pytest.mark.pitfall("R1", "what was missed once is missed for ever")
def test_a_reconcile_mends_and_counts_what_nobody_told(
    org: SalesforceHistory, caplog: pytest.LogCaptureFixture
) -> None:
    drifted(org)
    before = watermark(org, "contacts")
    with caplog.at_level(logging.WARNING, logger="worker.reconcile"):
        found = reconcile(org.ctx, "contacts", force=True)
    assert found == Drift(missing=1, stale=1, extra=1)
    assert "1 missing, 1 stale, 1 extra" in caplog.text
    org.compare(whole=True)
    kept = drift_report(org.ctx)["contacts"]
    assert kept | {"age_seconds": 0.0} == {
        "age_seconds": 0.0,
        "missing": 1,
        "stale": 1,
        "extra": 1,
        "error": "",
    }
    after = watermark(org, "contacts")
    assert (after["error"], after["lease_until"]) == ("", None)
    assert after["finished_at"] >= before["finished_at"]
    assert reconcile(org.ctx, "contacts", force=True) == ALL_WELL


def test_a_reconcile_mends_the_mirror_on_both_databases(
    place: tuple[Door, str], store_url: str
) -> None:
    org = SalesforceHistory(*place)
    org.open(store_url)
    sync_all(org.ctx)
    drifted(org)
    assert reconcile(org.ctx, "contacts", force=True) == Drift(missing=1, stale=1, extra=1)
    org.compare(whole=True)
    org.close()


class Overtaken:
    """A CRM whose answers to whole reads arrive only after something else has happened."""

    def __init__(self, crm: Crm, meanwhile: Callable[[], None]) -> None:
        self._crm = crm
        self._meanwhile = meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:
        """As the CRM's."""
        for page in self._crm.read(name, watermark):
            if watermark is None:
                self._meanwhile()
            yield page


def test_a_contact_that_was_restored_without_its_account_has_no_company(
    org: SalesforceHistory,
) -> None:
    account = org.box.create("Account", Name="Lost")
    contact = org.box.create("Contact", LastName="Left", AccountId=account)
    org.settle()
    org.box.delete("Account", account)
    org.settle()
    org.box.undelete("Contact", contact)
    org.settle()
    assert org.held("contacts", ("company",))[contact] == ("",)
    org.reconcile_all()
    org.compare(whole=True)


def test_a_reconcile_puts_nothing_old_over_what_a_sync_brought_meanwhile(
    org: SalesforceHistory,
) -> None:
    def meanwhile() -> None:
        org.forward(minutes=1)
        org.box.update("Contact", org.ids["cat"], Title="Chief")
        assert sync(org.ctx, "contacts", force=True)

    overtaken = cast(Crm, Overtaken(org.crm, meanwhile))
    found = reconcile(replace(org.ctx, crm=overtaken), "contacts", force=True)
    assert found == ALL_WELL
    with org.ctx.store.read() as conn:
        rows = conn.execute(select(_PROSPECT.c.title, _PROSPECT.c.deleted_at))
        assert ("Chief", None) in [tuple(row) for row in rows]


def test_a_reconcile_that_breaks_off_takes_nothing_away_and_is_done_again(
    org: SalesforceHistory,
) -> None:
    drifted(org)
    contacts = org.held("contacts", ())
    org.faults.order(Fault(kind="reset_before", path="/services/data", skip=3, times=-1))
    assert reconcile(org.ctx, "contacts", force=True) is None
    org.faults.clear()
    assert set(org.held("contacts", ())) >= set(contacts)
    assert drift_report(org.ctx)["contacts"]["error"]
    org.forward(minutes=11)
    assert reconcile(org.ctx, "contacts") is not None
    org.compare(whole=False)


def test_a_reconcile_whose_worker_died_is_taken_up_when_its_lease_runs_out(
    org: SalesforceHistory,
) -> None:
    drifted(org)
    with org.ctx.store.write() as tx:
        lease = org.clock.now() + timedelta(minutes=2)
        tx.conn.execute(DRIFT.update().values(lease_until=lease, next_at=org.clock.now()))
    assert reconcile(org.ctx, "contacts") is None
    org.forward(minutes=3)
    assert reconcile(org.ctx, "contacts") is not None


def test_a_reconcile_leaves_evidence_alone_that_is_older_than_its_reach(
    org: SalesforceHistory,
) -> None:
    task = called(org)
    org.settle()
    org.forward(days=60)
    org.settle()
    assert reconcile(org.ctx, "tasks", force=True) == ALL_WELL
    assert set(org.held("tasks", ())) == {task}


def test_evidence_is_kept_while_hubspot_hides_its_object(account: HubspotHistory) -> None:
    account.log(0, 0)
    account.settle()
    emails = account.held("emails", ())
    assert emails
    every = account.box.portal.scopes
    account.box.portal.scopes = frozenset(one for one in every if "email" not in one)
    assert reconcile(account.ctx, "emails", force=True) == ALL_WELL
    assert account.held("emails", ()) == emails


def test_a_restored_record_comes_back_though_the_worker_was_started_anew(
    account: HubspotHistory,
) -> None:
    account.box.create("companies", name="A later change")
    account.settle()
    account.box.archive("companies", account.ids["sub"])
    account.settle()
    account.crm.close()
    account.connect()
    account.box.restore("companies", account.ids["sub"])
    account.settle()
    assert account.ids["sub"] not in account.held("companies", ())
    assert reconcile(account.ctx, "companies", force=True) == Drift(missing=1)
    assert account.ids["sub"] in account.held("companies", ())


def test_what_the_mapping_names_no_longer_gives_nobody_a_role(account: HubspotHistory) -> None:
    account.renew(0, 0)
    account.settle()
    name = account.crm.objects[-1].name
    assert account.held(name, ())
    account.crm.close()
    account.connect(NOTHING_MORE)
    table = table_of(RoleHolding)
    living = select(table.c.id).where(table.c.object == name, table.c.deleted_at.is_(None))
    with account.ctx.store.read() as conn:
        assert conn.execute(living).all() == []
    account.settle()


def test_every_incremental_object_is_reconciled_when_its_time_has_come(
    org: SalesforceHistory,
) -> None:
    done: list[str] = []

    def job(name: str) -> None:
        assert reconcile(org.ctx, name) is not None
        done.append(name)

    dispatch = org.ctx.dispatch
    dispatch.start({"reconcile": job})
    reconcile_due(org.ctx)
    expected = {one.name for one in org.crm.objects if not one.full}
    until(lambda: dispatch.idle(), "the jobs to be done")
    assert set(done) == expected
    reconcile_due(org.ctx)
    until(lambda: dispatch.idle(), "nothing to be done")
    assert len(done) == len(expected)
    org.forward(hours=25)
    reconcile_due(org.ctx)
    until(lambda: dispatch.idle(), "the jobs to be done again")
    dispatch.stop()
    assert len(done) == 2 * len(expected)
