"""Absences by hand and a rep's own choices, as people type them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from routing.nouns import OutOfOffice
from routing.policy import Policy
from routing.snapshot import Preference
from tests.contract.flow_kit import Office, csv_policy, rows, shared_office
from worker.cli.common import UsageError
from worker.cli.main import command_line
from worker.cli.people import moment
from worker.manual import cancel, entered, set_away, set_back
from worker.own_choices import RefusedChoiceError, Wish, wished
from worker.run import Worker
from worker.settings import load_settings
from worker.store.history_tables import PERSON_SETTING_HISTORY
from worker.store.mirror import Read, table_of, upsert
from worker.store.tables import PERSON_SETTING

ANN, BEN = "ann@team.example", "ben@team.example"
NEW_YORK = ZoneInfo("America/New_York")
POLICY = csv_policy() | {
    "rep_choice": {
        "always_real_time": ["positive_reply"],
        "may_silence": ["open", "visit"],
        "surfaces": ["slack"],
    }
}
Typed = Callable[..., Any]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory, policy=POLICY) as made:
        made.clock.forward(datetime.now(UTC) - made.clock.now())  # commands have the real one
        yield made


@pytest.fixture(scope="module")
def worker(office: Office) -> Worker:
    made = office.made(slack={"status": False})
    made.sync_all()
    return made


@pytest.fixture
def typed(office: Office, worker: Worker) -> Typed:
    """Runs a command and gives its JSON."""
    (config,) = Path(office.folder).glob("hotlead-*.yaml")
    assert load_settings(config).policy.hash == worker.settings.policy.hash

    def run(*words: str) -> Any:
        done = CliRunner().invoke(command_line(), [*words, "-c", str(config), "--json"])
        if isinstance(done.exception, UsageError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return json.loads(done.output)

    return run


def test_an_absence_by_hand_ends_by_the_word_that_one_is_back(typed: Typed) -> None:
    made = typed("away", ANN, "--until", "2099-12-24", "--note", "Leave")
    assert made["until"] == "2099-12-25T05:00:00+00:00"  # the midnight after, in New York
    (stands,) = typed("who", ANN)
    assert (stands["state"], stands["until"]) == ("away", made["until"])
    assert stands["source"].startswith("manual:")
    assert [one["note"] for one in typed("away", "--list")] == ["Leave"]
    assert typed("back", ANN)["ended"] == [stands["source"]]
    assert typed("who", ANN)[0]["state"] != "away"
    assert typed("away", "--list") == []
    assert typed("back", ANN) == {"person": ANN, "ended": [], "overruled": [], "until": None}


def test_an_absence_to_come_is_seen_at_its_time_and_can_be_taken_back(typed: Typed) -> None:
    typed("away", ANN, "--from", "2099-01-05", "--until", "2099-01-06T14:00")
    assert typed("who", ANN)[0]["state"] != "away"
    assert typed("who", ANN, "--at", "2099-01-06T13:59")[0]["state"] == "away"
    assert typed("who", ANN, "--at", "2099-01-06T14:00")[0]["state"] == "available"
    states = {one["person"]: one["state"] for one in typed("who", "--all", "--at", "2099-01-05T10")}
    assert (states[ANN], states[BEN], len(states)) == ("away", "available", 6)
    assert len(typed("away", ANN, "--cancel")) == 1
    assert typed("who", ANN, "--at", "2099-01-05T10:00")[0]["state"] == "available"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("away", "an@team.example", "--until", "2099-01-01"), f"did you mean {ANN}"),
        (("away", ANN), "say until when"),
        (("away",), "say who is away"),
        (("away", ANN, "--until", "tomorrow"), "write it like 2026-12-24"),
        (("away", ANN, "--until", "2001-01-01"), "is not after"),
        (("away", ANN, "--from", "2001-01-01", "--until", "2001-01-02"), "is over already"),
        (("back", ANN, "--until", "2001-01-02"), "is over already"),
        (("who",), "say whom"),
        (("who", ANN, "--at", "2001-01-01"), "is past"),
        (("settings", ANN, "--silent", "reply"), "does not let reply be silenced"),
        (("settings", ANN, "--silent", "nonsense"), "is no signal class"),
        (("settings", ANN, "--digest", "positive_reply"), "always in real time"),
        (("settings", ANN, "--digest", "open", "--real-time", "open"), "asked for twice"),
        (("settings", ANN, "--quiet", "6pm"), "write them like 18:00-08:00"),
        (("settings", ANN, "--surface", "fax"), "does not offer the surface"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    typed: Typed, worker: Worker, words: tuple[str, ...], said: str
) -> None:
    before = rows(worker, PERSON_SETTING), rows(worker, table_of(OutOfOffice))
    with pytest.raises(UsageError, match=said):
        typed(*words)
    assert (rows(worker, PERSON_SETTING), rows(worker, table_of(OutOfOffice))) == before


def test_a_rep_sets_their_choices_and_the_past_ones_are_kept(typed: Typed, worker: Worker) -> None:
    words = ("--real-time", "form", "--silent", "open,visit", "--quiet", "18:00-08:00")
    chosen = typed("settings", ANN, *words, "--surface", "slack")["choices"]
    assert (chosen["form"], chosen["open"], chosen["click"]) == ("real time", "silent", "digest")
    assert chosen["multi_open"] == "real time"  # as the policy has it, and not asked for
    assert chosen["quiet hours"].startswith("18:00-08:00")
    assert chosen["surface"] == "slack"
    again = typed("settings", ANN, "--digest", "open", "--quiet", "none")["choices"]
    assert (again["open"], again["visit"], again["quiet hours"]) == ("digest", "silent", "–")
    (row,) = rows(worker, PERSON_SETTING)
    (past,) = rows(worker, PERSON_SETTING_HISTORY)
    assert (past["quiet_from"], past["quiet_until"]) == (1080, 480)
    assert past["held_until"] == row["changed_at"]
    assert typed("settings", ANN, "--reset")["choices"]["visit"] == "digest"


def test_quiet_hours_are_the_policys_to_allow() -> None:
    policy = Policy.model_validate(POLICY | {"rep_choice": {"quiet_hours": False}})
    with pytest.raises(RefusedChoiceError, match="no quiet hours"):
        wished(Preference(), Wish(quiet="18:00-08:00"), policy)


def test_days_and_times_are_of_the_persons_own_clock() -> None:
    winter = moment("2026-12-24", NEW_YORK, "--until", end_of_day=True)
    assert winter == datetime(2026, 12, 25, 5, tzinfo=UTC)
    change = moment("2026-11-01", NEW_YORK, "--until", end_of_day=True)  # a day of 25 hours
    begins = moment("2026-11-01", NEW_YORK, "--from")
    assert change - begins == timedelta(hours=25)
    assert moment("2026-12-24T14:00", NEW_YORK, "--until", end_of_day=True).hour == 19
    assert moment("2026-12-24T14:00+01:00", NEW_YORK, "--until").hour == 13


def test_back_overrules_others_until_they_end_and_away_overrules_back(worker: Worker) -> None:
    now = datetime(2026, 11, 24, 15, tzinfo=UTC)
    days = [now + timedelta(days=one) for one in range(4)]
    crm = OutOfOffice(
        id="crm-1", person_id=BEN, starts_at=days[0], ends_at=days[3], source="csv:out_of_office"
    )
    with worker.store.write() as tx:
        upsert(tx, OutOfOffice, "out_of_office", [crm], Read(9, now), now)
        done = set_back(tx, BEN, days[1], "mia", now)
        assert (done.overruled, done.until) == ((crm,), days[3])
        (word,) = _of_ben(entered(tx.conn, now))
        assert (word.available, word.source) == (True, "manual:mia")
        row = set_away(tx, BEN, days[1], days[2], "mia", "", now)
        held = {one.id: one for one in _of_ben(entered(tx.conn, now))}
        assert held[word.id].ends_at == days[1]
        assert held[row.id].ends_at == days[2]
        assert len(cancel(tx, BEN, now)) == 2
        assert _of_ben(entered(tx.conn, now)) == []


def _of_ben(rows: list[OutOfOffice]) -> list[OutOfOffice]:
    return [one for one in rows if one.person_id == BEN]
