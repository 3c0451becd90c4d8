"""Slack statuses as a source of absences, against the Slack sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr, ValidationError

from connectors.errors import ConfigError
from connectors.slack.settings import SlackSecrets, SlackSettings
from connectors.slack.status import SlackStatus
from routing.nouns import Account, OutOfOffice, Person
from tests.contract.flow_kit import Office, make_office, office, rows
from tests.contract.slack_kit import BO, EVA, GONE, Kit, workspace
from tests.waiting import until
from worker.run import Worker
from worker.store.mirror import table_of
from worker.store.tables import RECEIPT
from worker.sync import sync

__all__ = ["make_office", "office"]

PEOPLE = [Person(id=f"id-{one}", email=one, name=one) for one in (BO, EVA, GONE)]
Made = Callable[..., SlackStatus]


@pytest.fixture
def kit() -> Iterator[Kit]:
    with workspace() as made:
        yield made


@pytest.fixture
def reader(kit: Kit) -> Iterator[Made]:
    made: list[SlackStatus] = []

    def build(people: list[Person] = PEOPLE, **more: object) -> SlackStatus:
        settings = SlackSettings.model_validate({"base_url": f"{kit.url}/api", **more})
        secrets = SlackSecrets(bot_token=SecretStr(kit.sandbox.bot_token))
        made.append(SlackStatus(settings, secrets, lambda: people, kit.clock.now))
        return made[-1]

    yield build
    for one in made:
        one.close()


def away(reader: SlackStatus) -> list[OutOfOffice]:
    """What one whole read tells."""
    pages = list(reader.read("slack_status", None))
    assert pages[-1].watermark
    return [one for page in pages for one in page.records if isinstance(one, OutOfOffice)]


def test_an_emoji_with_an_end_is_an_absence_until_then(kit: Kit, reader: Made) -> None:
    ends = kit.clock.now() + timedelta(days=2)
    kit.sandbox.set_status(BO, "Lisbon", ":palm_tree::skin-tone-3:", int(ends.timestamp()))
    (one,) = away(reader())
    assert one.person_id == f"id-{BO}"
    assert one.source == "slack"
    assert one.ends_at == ends.replace(microsecond=0)
    assert one.starts_at <= kit.clock.now() < one.ends_at
    assert "Lisbon" in one.note


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("OOO until Monday", True),
        ("Out of office", True),
        ("vacationing", True),
        ("on parental leave", True),
        ("back from vacation", False),
        ("In a meeting", False),
        ("Working remotely", False),
        ("", False),
    ],
)
def test_a_text_means_away_or_not(kit: Kit, reader: Made, text: str, *, means: bool) -> None:
    kit.sandbox.set_status(BO, text, ":speech_balloon:")
    assert bool(away(reader())) is means


def test_a_status_without_an_end_counts_while_it_is_seen(kit: Kit, reader: Made) -> None:
    kit.sandbox.set_status(BO, "", ":palm_tree:")
    status = reader()
    (first,) = away(status)
    assert timedelta(hours=1) < first.ends_at - kit.clock.now() <= timedelta(hours=2)
    kit.clock.by += timedelta(hours=3)
    (later,) = away(status)
    assert (later.id, later.ends_at - first.ends_at) == (first.id, timedelta(hours=3))
    kit.sandbox.set_status(BO, "")
    assert away(status) == []


def test_a_status_that_has_ended_is_none(kit: Kit, reader: Made) -> None:
    past = kit.clock.now() - timedelta(minutes=1)
    kit.sandbox.set_status(BO, "", ":palm_tree:", int(past.timestamp()))
    assert away(reader()) == []


def test_words_and_emoji_are_the_admins_to_choose(kit: Kit, reader: Made) -> None:
    kit.sandbox.set_status(BO, "gone fishing", ":fish:")
    assert away(reader()) == []
    assert away(reader(away_emoji=["fish"]))
    assert away(reader(away_pattern="fishing$"))
    with pytest.raises(ValidationError, match="no regular expression"):
        reader(away_pattern="(")


def test_all_members_cost_a_call_a_thousand(kit: Kit, reader: Made) -> None:
    for number in range(1_200):
        kit.sandbox.state.add_user(f"u{number}", f"U {number}", f"u{number}@example.com")
    kit.sandbox.set_status("u1199@example.com", "ooo")
    kit.sandbox.set_status("u7@example.com", "ooo")
    people = [Person(id="last", email="U1199@example.com", name="Last")]
    status = reader(people)
    before = len(kit.sandbox.calls)
    assert [one.person_id for one in away(status)] == ["last"]
    assert [one.method for one in kit.sandbox.calls[before:]] == ["users.list"] * 2


def test_a_lacking_scope_is_named_and_noted(kit: Kit, reader: Made) -> None:
    kit.sandbox.set_status(BO, "", ":palm_tree:")
    status = reader()
    for scope in ("users:read", "users:read.email"):
        kit.sandbox.scopes = frozenset(kit.sandbox.scopes - {scope})
        with pytest.raises(ConfigError, match=scope):
            away(status)
        assert scope in status.notes[0]
        (check,) = status.checks()
        assert check.state == "fail"
        kit.sandbox.scopes |= {scope}
    assert away(status)
    assert status.notes == []
    (check,) = status.checks()
    assert (check.state, check.text) == ("ok", "the Slack status of 2 of 3 people is read")


def seen(worker: Worker) -> None:
    """Read the statuses to their end, after the worker's own read if that is under way."""
    until(lambda: sync(worker.ctx, "slack_status", force=True), "a read of the statuses")


def test_a_status_sends_the_next_alert_to_the_backup_and_the_receipt_names_slack(
    office: Office,
) -> None:
    worker = office.worker()
    ends = int((office.clock.now() + timedelta(hours=5)).timestamp())
    office.slack.set_status("ann@team.example", "Dentist", ":face_with_thermometer:", ends)
    seen(worker)
    office.post(worker, office.body())
    assert worker.settle()
    assert len(office.texts("ben")) == 1
    assert office.texts("ann") == []
    (receipt,) = rows(worker, RECEIPT)
    said = json.dumps(receipt["decision"])
    until = datetime.fromtimestamp(ends, UTC)
    assert f"is out of office until {until:%Y-%m-%d %H:%M} UTC (slack)" in said

    office.slack.set_status("ann@team.example", "")
    seen(worker)
    (row,) = rows(worker, table_of(OutOfOffice))
    assert row["deleted_at"] is not None
    office.post(worker, office.body("p1@acme.example"))
    assert worker.settle()
    assert len(office.texts("ann")) == 1


def test_an_unread_slack_says_so_and_hides_nobody(office: Office) -> None:
    worker = office.worker()
    seen(worker)
    office.slack.scopes = frozenset(office.slack.scopes - {"users:read"})
    assert not sync(worker.ctx, "slack_status", force=True)  # nor can the clock's own read
    office.clock.forward(timedelta(hours=1))
    office.post(worker, office.body())
    assert worker.settle()
    assert len(office.texts("ann")) == 1
    (receipt,) = rows(worker, RECEIPT)
    assert "slack was not read" in json.dumps(receipt["decision"])


def test_nobody_covers_who_is_on_the_same_leave(make_office: Callable[..., Office]) -> None:
    office = make_office()
    for who in ("ann", "ben"):
        office.slack.set_status(f"{who}@team.example", "Company offsite: OOO")
    worker = office.worker()
    office.post(worker, office.body())
    assert worker.settle()
    assert (office.texts("ann"), office.texts("ben")) == ([], [])
    assert len(office.texts("#hot-leads")) == 1
    owners = {one["id"]: one["owner_id"] for one in rows(worker, table_of(Account))}
    assert set(owners.values()) == {None}  # roles are columns here, and stay as they are
    csv = (office.folder / "crm" / "accounts.csv").read_text()
    assert "Acme,acme.example,active_deal,bea@team.example,ann@team.example" in csv
