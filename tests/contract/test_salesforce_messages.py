"""E-mails of Enhanced Email: each is evidence once, with the direction and time that it had."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.salesforce import writes
from routing.nouns import Evidence
from tests.contract.salesforce_kit import Bench, bench, records, settled

SENT = "2026-11-23T12:34:56Z"


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


def mail(org: Bench, *, task: bool, incoming: bool = False, to: str = "cat", **more: Any) -> str:
    """An e-mail between Ann and a prospect, with or without the task that the org makes of it."""
    about = {"WhoId": org.ids[to], "OwnerId": org.ids["ann"], "Subject": "Email: offer"}
    made_of: dict[str, Any] = {"Incoming": incoming, "MessageDate": SENT, "Subject": "offer"}
    if task:
        made_of["ActivityId"] = org.box.create(
            "Task", Status="Completed", TaskSubtype="Email", **about
        )
    with org.box.org.lock:
        made = writes.create(
            org.box.org, "EmailMessage", {"Status": "3"} | made_of | more, trusted=True
        )
    prospect, rep = ("FromAddress", "ToAddress") if incoming else ("ToAddress", "FromAddress")
    for kind, who in ((prospect, to), (rep, "ann")):
        org.box.create(
            "EmailMessageRelation",
            EmailMessageId=made,
            RelationType=kind,
            RelationId=org.ids[who],
            RelationAddress=f"{who}@mail.example",
        )
    return made


def all_evidence(org: Bench) -> list[Evidence]:
    crm = org.crm()
    found = [one for name in ("tasks", "emails") for one in records(crm, name)]
    assert crm.notes == []
    return found


@pytest.mark.parametrize("incoming", [False, True])
def test_an_e_mail_with_its_task_is_one_piece_of_evidence(org: Bench, incoming: bool) -> None:
    mail(org, task=True, incoming=incoming)
    [one] = all_evidence(org)
    assert (one.kind, one.outbound, one.at) == (
        "email",
        not incoming,
        datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC),
    )
    assert (one.person_id, one.prospect_id) == (org.ids["ann"], org.ids["cat"])


@pytest.mark.parametrize("incoming", [False, True])
def test_an_e_mail_without_a_task_is_evidence_itself(org: Bench, incoming: bool) -> None:
    made = mail(org, task=False, incoming=incoming, to="leo", RelatedToId=org.ids["acme"])
    [one] = all_evidence(org)
    assert (one.id, one.kind, one.outbound, one.subject) == (made, "email", not incoming, "offer")
    assert (one.person_id, one.prospect_id) == (org.ids["ann"], org.ids["leo"])
    assert one.account_id == org.ids["acme"]


@pytest.mark.parametrize("more", [{"Status": "5"}, {"MessageDate": None}])
def test_a_draft_is_no_evidence(org: Bench, more: dict[str, Any]) -> None:
    mail(org, task=False, **more)
    assert all_evidence(org) == []


def test_an_e_mail_to_a_colleague_is_no_evidence(org: Bench) -> None:
    mail(org, task=False, to="ben")
    assert all_evidence(org) == []


def test_a_task_of_a_tool_without_an_e_mail_stays_as_it_is(org: Bench) -> None:
    about = {"WhoId": org.ids["cat"], "OwnerId": org.ids["ann"]}
    org.box.create("Task", Status="Completed", TaskSubtype="Email", **about)
    [one] = all_evidence(org)
    assert one.outbound


def test_an_org_that_hides_e_mails_has_their_tasks_all_the_same(org: Bench) -> None:
    mail(org, task=True)
    del org.box.org.objects["emailmessage"]
    crm = org.crm()
    assert len(records(crm, "tasks")) == 1
    assert records(crm, "emails") == []
    assert [note for note in crm.notes if note.startswith("e-mails without a task: off")]
    before = crm.api_calls
    records(crm, "tasks")
    assert crm.api_calls - before == 2  # count and page: the lack of e-mails is remembered


def test_what_an_e_mail_of_a_task_says_must_be_known_before_the_task_counts(org: Bench) -> None:
    mail(org, task=True, incoming=True)
    mark = settled(org, org.crm(), "tasks")
    [task] = org.box.records("Task")
    org.box.update("Task", task["Id"], Subject="Again")
    crm = org.crm()
    # The look-up of e-mails fails for good: the read fails, and no wrong evidence comes of it.
    down = Fault(kind="status", status=500, path="/services/data/v66.0/query/", times=-1)
    org.box.faults.order(down)
    with pytest.raises(Exception, match="500"):
        list(crm.read("tasks", mark))
