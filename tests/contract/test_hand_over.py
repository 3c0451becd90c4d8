"""An open alert follows its account: who has it changes, and the clock runs on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.contract.flow_kit import (
    MakeOffice,
    Office,
    csv_policy,
    make_office,
    office,
    only_alert,
    rows,
    worker,
)
from tests.story.world import MONDAY
from worker.escalate import escalate
from worker.hand_over import review
from worker.press import handle_press
from worker.run import Worker
from worker.store.tables import ALERT_EVENT, ALERT_HOLDER, RECEIPT, REVIEW

__all__ = ["make_office", "office", "worker"]


def fire(office: Office, worker: Worker) -> str:
    office.post(worker, office.body())
    assert worker.settle()
    return str(only_alert(worker)["id"])


def change_acme(office: Office, worker: Worker, *, stage: str = "active_deal", ae: str) -> None:
    """The CRM's Acme has another stage or another AE, and the mirror has read it."""
    path = office.folder / "crm" / "accounts.csv"
    head, *lines = path.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("Acme,")]
    acme = f"Acme,acme.example,{stage},bea@team.example,{ae}@team.example,cid@team.example"
    path.write_text("\n".join([head, *kept, acme]) + "\n")
    worker.sync_all()
    office.clock.forward(timedelta(seconds=6))
    assert worker.settle()


def events(worker: Worker, kind: str) -> list[str]:
    return [row["text"] for row in rows(worker, ALERT_EVENT) if row["kind"] == kind]


def stretches(worker: Worker) -> list[tuple[Any, ...]]:
    with worker.store.read() as conn:
        found = conn.execute(ALERT_HOLDER.select().order_by(ALERT_HOLDER.c.id)).mappings()
        return [(row["name"], row["how"], row["minutes"]) for row in found]


def test_a_new_owner_gets_the_alert_and_the_old_message_says_so(
    office: Office, worker: Worker
) -> None:
    fire(office, worker)
    before = only_alert(worker)
    office.clock.forward(timedelta(minutes=10))
    change_acme(office, worker, ae="ben")
    alert = only_alert(worker)
    assert (alert["assignee_name"], alert["rung"], alert["state"]) == ("Ben", 0, "fired")
    assert alert["fired_at"] == before["fired_at"]
    (of_ben,) = office.texts("ben")
    assert "Ben is the AE" in of_ben
    assert "Acknowledge" in of_ben
    (of_ann,) = office.texts("ann")
    assert "Handed over to Ben" in of_ann
    assert "Acknowledge" not in of_ann
    assert len(office.texts("#sales-leadership")) == 1
    (text,) = events(worker, "handed_over")
    assert text.startswith("handed over from Ann to Ben: Ben is the AE")
    receipts = {row["outcome"] for row in rows(worker, RECEIPT)}
    assert receipts == {"alert", "hand_over"}
    office.post(worker, office.body(type="rep_call", time=office.clock.now().isoformat()))
    assert worker.settle()
    (ann, ben) = stretches(worker)
    assert (ann[:2], ben[:2]) == (("Ann", "fired"), ("Ben", "handed_over"))
    assert 10 <= ann[2] < 11
    assert abs(ann[2] + ben[2] - only_alert(worker)["latency_minutes"]) < 0.1


def test_a_new_stage_hands_over_and_the_ladder_begins_anew(office: Office, worker: Worker) -> None:
    alert_id = fire(office, worker)
    office.clock.forward(timedelta(minutes=16))
    assert worker.settle()
    assert only_alert(worker)["rung_name"] == "Ben"
    change_acme(office, worker, ae="ann", stage="customer")
    alert = only_alert(worker)
    assert (alert["rung_name"], alert["stage_class"], alert["role"]) == ("Cid", "customer", "csm")
    assert alert["due_at"] > office.clock.now() + timedelta(minutes=14)
    assert "Handed over to Cid" in office.texts("ben")[0]
    office.clock.forward(timedelta(minutes=16))
    escalate(worker.ctx, alert_id)
    assert worker.settle()
    assert only_alert(worker)["rung_kind"] == "coverage_channel"


def test_whoever_is_on_it_keeps_it_until_their_claim_expires(
    office: Office, worker: Worker
) -> None:
    alert_id = fire(office, worker)
    handle_press(worker.ctx, office.press("ann", alert_id, "acknowledge"))
    change_acme(office, worker, ae="ben")
    change_acme(office, worker, ae="ben")
    assert only_alert(worker)["assignee_name"] == "Ann"
    assert events(worker, "kept") == ["by the CRM it is Ben's now, but Ann is on it and keeps it"]
    assert office.texts("ben") == []
    office.clock.forward(timedelta(minutes=121))
    assert worker.settle()
    alert = only_alert(worker)
    assert (alert["assignee_name"], alert["state"]) == ("Ben", "fired")
    assert len(office.texts("ben")) == 1


def test_to_and_fro_in_the_crm_does_not_send_the_alert_to_and_fro(
    office: Office, worker: Worker
) -> None:
    fire(office, worker)
    for ae in ("ben", "ann", "ben", "ann"):
        change_acme(office, worker, ae=ae)
    assert len(events(worker, "handed_over")) == 1
    office.clock.forward(timedelta(minutes=5))
    assert worker.settle()
    assert len(events(worker, "handed_over")) == 2
    assert only_alert(worker)["assignee_name"] == "Ann"
    assert "Told again below" in office.texts("ann")[0]
    assert rows(worker, REVIEW) == []


def test_what_does_not_touch_the_alert_asks_for_no_review(office: Office, worker: Worker) -> None:
    alert_id = fire(office, worker)
    path = office.folder / "crm" / "accounts.csv"
    path.write_text(path.read_text().replace("North,north.example", "North,northwind.example"))
    worker.sync_all()
    assert rows(worker, REVIEW) == []
    before = only_alert(worker)
    review(worker.ctx, alert_id)
    assert only_alert(worker) == before


def test_a_rep_who_leaves_hands_their_alerts_on(office: Office, worker: Worker) -> None:
    fire(office, worker)
    path = office.folder / "crm" / "people.csv"
    head, *lines = path.read_text().splitlines()
    active = [f"{line},{'no' if line.startswith('Ann,') else 'yes'}" for line in lines]
    path.write_text("\n".join([f"{head},active", *active]) + "\n")
    worker.sync_all()
    office.clock.forward(timedelta(seconds=6))
    assert worker.settle()
    assert only_alert(worker)["assignee_id"] is None
    assert "Handed over to #hot-leads" in office.texts("ann")[0]
    assert "Claim" in office.texts("#hot-leads")[0]


def with_ladder(*rungs: tuple[str, int]) -> dict[str, Any]:
    return csv_policy() | {"ladder": [{"to": to, "wait": wait} for to, wait in rungs]}


def test_after_a_claim_that_led_nowhere_the_next_is_asked_and_not_the_claimant(
    make_office: MakeOffice,
) -> None:
    office = make_office(policy=with_ladder(("assignee", 15), ("remind", 15), ("backup", 60)))
    worker = office.worker()
    alert_id = fire(office, worker)
    handle_press(worker.ctx, office.press("ann", alert_id, "acknowledge"))
    office.clock.forward(timedelta(minutes=121))
    assert worker.settle()
    assert only_alert(worker)["rung_name"] == "Ben"
    assert len(office.texts("ann")) == 1
    assert "Passed on to Ben" in office.texts("ann")[0]
    # Ben stands on the last rung: his claim expires too, and it is Ann who is asked anew.
    handle_press(worker.ctx, office.press("ben", alert_id, "acknowledge"))
    office.clock.forward(timedelta(minutes=121))
    assert worker.settle()
    alert = only_alert(worker)
    assert (alert["state"], alert["rung_name"]) == ("fired", "Ann")
    assert len(office.texts("ann")) == 2
    assert [one[:2] for one in stretches(worker)] == [
        ("Ann", "fired"),
        ("Ben", "claimed"),
        ("Ann", "reopened"),
    ]


def test_the_wait_of_a_rung_runs_in_the_week_of_the_person_on_it(make_office: MakeOffice) -> None:
    """Ann works in New York; Ben, her backup, in Los Angeles, where it is not yet day."""
    office = make_office(policy=with_ladder(("assignee", 15), ("backup", 30), ("manager", 60)))
    path = office.folder / "crm" / "people.csv"
    head, *lines = path.read_text().splitlines()
    zones = [f"{line},{'America/Los_Angeles' * line.startswith('Ben,')}" for line in lines]
    path.write_text("\n".join([f"{head},time_zone", *zones]) + "\n")
    worker = office.worker()
    alert_id = fire(office, worker)
    office.clock.forward(timedelta(minutes=16))
    assert worker.settle()
    opens = MONDAY.replace(hour=17)  # 09:00 in Los Angeles
    assert only_alert(worker)["due_at"] == opens + timedelta(minutes=30)
    handle_press(worker.ctx, office.press("ben", alert_id, "acknowledge"))
    assert only_alert(worker)["due_at"] == opens + timedelta(minutes=120)
