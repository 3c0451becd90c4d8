"""What reps did, as HubSpot logged it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from routing.nouns import Evidence
from tests.contract.hubspot_kit import START, Copy, Kit, running


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as started:
        yield started


def evidence_of(kit: Kit, name: str) -> list[Evidence]:
    rows = Copy(kit.connector(), name).sync().values()
    return [row for row in rows if isinstance(row, Evidence)]


def test_an_e_mail_to_two_contacts_is_two_pieces_of_evidence(kit: Kit) -> None:
    kit.sandbox.create(
        "emails",
        {"contacts": [kit.ids["dana"], kit.ids["lou"]]},
        hs_timestamp="2026-11-23T08:30:00.000Z",
        hs_email_direction="EMAIL",
        hs_email_status="SENT",
        hs_email_subject="Re: Pricing",
        hubspot_owner_id=kit.ids["bo"],
    )
    found = evidence_of(kit, "emails")
    assert {one.prospect_id for one in found} == {kit.ids["dana"], kit.ids["lou"]}
    assert {(one.kind, one.outbound, one.person_id) for one in found} == {
        ("email", True, kit.ids["bo"])
    }
    assert found[0].at == START - timedelta(minutes=30)


@pytest.mark.parametrize(
    ("name", "props", "expected"),
    [
        ("emails", {"hs_email_direction": "INCOMING_EMAIL"}, (False, False)),
        ("emails", {"hs_email_direction": "EMAIL", "hs_sequence_id": "7"}, (True, True)),
        ("emails", {"hs_email_direction": "EMAIL", "hs_email_status": "BOUNCED"}, None),
        ("emails", {"hs_email_direction": "EMAIL", "hs_email_status": "SCHEDULED"}, None),
        ("calls", {"hs_call_direction": "OUTBOUND", "hs_call_status": "COMPLETED"}, (True, False)),
        ("calls", {"hs_call_direction": "INBOUND"}, (False, False)),
        ("calls", {"hs_call_direction": "OUTBOUND", "hs_call_status": "FAILED"}, None),
        ("meetings", {"hs_meeting_outcome": "COMPLETED"}, (True, False)),
        ("meetings", {"hs_meeting_outcome": "CANCELED"}, None),
        ("tasks", {"hs_task_status": "COMPLETED"}, (True, False)),
        ("tasks", {"hs_task_status": "NOT_STARTED"}, None),
        ("tasks", {"hs_task_status": "COMPLETED", "hlr_alert_key": "task:1"}, None),
    ],
)
def test_what_counts_as_evidence(
    kit: Kit, name: str, props: dict[str, str], expected: tuple[bool, bool] | None
) -> None:
    kit.connector().ensure_properties()
    stamp = "2026-11-23T08:00:00.000Z"
    kit.sandbox.create(name, {"contacts": kit.ids["dana"]}, hs_timestamp=stamp, **props)
    found = [(one.outbound, one.automated) for one in evidence_of(kit, name)]
    assert found == ([] if expected is None else [expected])


def test_a_meeting_to_come_is_evidence_of_when_it_was_booked(kit: Kit) -> None:
    kit.sandbox.create(
        "meetings",
        {"contacts": kit.ids["dana"]},
        hs_timestamp="2026-11-25T15:00:00.000Z",
        hs_meeting_start_time="2026-11-25T15:00:00.000Z",
        hs_meeting_outcome="SCHEDULED",
    )
    assert [one.at for one in evidence_of(kit, "meetings")] == [START]


def test_without_the_e_mail_scope_a_note_says_so_and_the_rest_goes_on(kit: Kit) -> None:
    kit.sandbox.portal.scopes -= {"sales-email-read"}
    connector = kit.connector()
    assert Copy(connector, "emails").sync() == {}
    assert "sales-email-read" in connector.notes[0]
    assert Copy(connector, "calls").sync() == {}
