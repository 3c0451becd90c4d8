"""Replaying a real record: by its own policy nothing differs, by another what should."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from routing.differences import Kind
from routing.policy import Policy
from tests.contract.flow_kit import Office, csv_policy, rows, shared_office
from worker.cli.replay import moment_of, summary
from worker.press import handle_press
from worker.proof.candidate import load_candidate
from worker.proof.replaying import Replay, as_json, count_recorded, replay
from worker.run import Worker
from worker.settings import SettingsError
from worker.store.tables import ALERT, META, POLICY, RECEIPT

POOL = {
    "pools": {
        "round": {
            "members": [{"person": "ann@team.example"}, {"person": "ben@team.example"}],
            "most_open": 2,
        }
    },
    "routes": [
        {"name": "Active deals take turns", "when": {"stage": "active_deal"}, "to": "pool:round"},
        {"name": "Everything else", "to": "claim_channel"},
    ],
}
QUIET = {"priority": {"real_time": ["positive_reply"]}}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory, policy=csv_policy() | POOL) as made:
        yield made


@pytest.fixture(scope="module")
def lived(office: Office) -> Worker:
    """A worker after an hour: turns, joins, an alert that was noise and came again, a digest."""
    worker = office.worker()

    def post(email: str, **more: Any) -> None:
        assert office.post(worker, office.body(email, **more)).status_code == 202
        assert worker.settle()
        office.clock.forward(timedelta(minutes=1))

    for number in range(3):
        post(f"p{number}@acme.example")
    post("p0@acme.example", type="reply", sentiment="positive")
    first = rows(worker, ALERT)[0]
    who = first["rung_place"].rpartition(":")[2].partition("@")[0]
    handle_press(worker.ctx, office.press(who, first["id"], "noise"))
    post("p0@acme.example")
    post("cora@contoso.example", type="click")
    post("nina@north.example")
    return worker


def replayed(worker: Worker, office: Office, **changes: Any) -> Replay:
    rules = Policy.model_validate(worker.ctx.policy.model_dump(mode="json") | changes)
    return replay(worker.store, rules, office.clock.now() - timedelta(hours=2))


def test_the_policy_that_decided_decides_the_same(lived: Worker, office: Office) -> None:
    made = replayed(lived, office)
    assert made.comparison.signals == len(rows(lived, RECEIPT)) == 7
    assert (made.comparison.changed, made.comparison.rule_only) == (0, 0)
    assert made.facts == {"receipt": 7}
    assert made.comparison.before == made.comparison.after
    assert summary(made)[0].endswith("0 would have been decided otherwise.")


def test_by_the_history_alone_it_decides_the_same_too(lived: Worker, office: Office) -> None:
    kept = lived.ctx.policy
    with lived.store.write() as tx:
        tx.conn.execute(delete(POLICY))
    try:
        made = replayed(lived, office)
    finally:
        with lived.store.write() as tx:
            row = {"hash": kept.hash, "body": kept.model_dump(mode="json")}
            tx.conn.execute(POLICY.insert().values(**row, loaded_at=office.clock.now()))
    assert made.facts == {"history": 7}
    assert made.comparison.changed == 0


def test_a_record_that_begins_in_the_middle_knows_what_was_open(
    lived: Worker, office: Office
) -> None:
    since = rows(lived, RECEIPT)[3]["decided_at"]
    made = replay(lived.store, lived.ctx.policy, since)
    assert (made.comparison.signals, made.comparison.changed) == (4, 0)


def test_another_route_tells_others(lived: Worker, office: Office) -> None:
    routes = [{"name": "All to Mia", "to": "person:mia@team.example"}]
    found = replayed(lived, office, routes=routes).comparison
    assert found.kinds[Kind.WHO] >= 5
    assert found.reps["mia@team.example"].gained == found.reps["mia@team.example"].after == 5
    assert found.reps["#hot-leads"].lost == 1
    assert found.alerts_added == found.alerts_removed == 0


def test_less_noise_is_told_with_the_joins_that_have_nothing_to_join(
    lived: Worker, office: Office
) -> None:
    made = replayed(lived, office, **QUIET)
    found = made.comparison
    assert "Noise: 1 of 1 removed. Alerts that were answered: 0 removed." in summary(made)
    assert as_json(made)["noise"]["by_signal"]["multi_open"]["removed"] == 1
    assert (found.alerts_added, found.alerts_removed) == (1, 5)
    assert found.kinds[Kind.WHEN] == 6
    assert Kind.COPIES not in found.kinds
    reply = next(one for one in found.examples if one.after == "ann@team.example")
    assert reply.before == "joins the open alert"


def test_holes_that_open_are_counted(lived: Worker, office: Office) -> None:
    bare = {
        "ladder": [{"to": "assignee"}, {"to": "admin"}],
        "places": {"admins": ["ada@team.example"]},
    }
    routes = [{"name": "Nobody", "to": "person:gone@team.example"}]
    made = replayed(lived, office, routes=routes, **bare)
    assert made.comparison.holes_opened >= 5
    assert made.facts == {"history": 7}
    assert json.loads(json.dumps(as_json(made)))["holes_opened"] == made.comparison.holes_opened


def test_beyond_the_history_the_receipts_are_used_and_it_is_said(
    lived: Worker, office: Office
) -> None:
    begin = META.c.key == "history_from"
    with lived.store.read() as conn:
        kept = conn.execute(META.select().where(begin)).mappings().one()["value"]
    later = (office.clock.now() + timedelta(days=1)).isoformat()
    try:
        with lived.store.write() as tx:
            tx.conn.execute(update(META).where(begin).values(value=later))
        made = replayed(lived, office, backups={"ann@team.example": "new@team.example"})
    finally:
        with lived.store.write() as tx:
            tx.conn.execute(update(META).where(begin).values(value=kept))
    assert made.facts == {"incomplete": 7}
    assert "the history does not go back so far" in summary(made)[-1]


def test_a_candidate_is_a_file_of_rules_or_a_whole_configuration(
    lived: Worker, tmp_path: Path
) -> None:
    rules = csv_policy()
    whole = {"crm": "csv", "csv": {"folder": "crm"}, "policy": rules}
    config, alone = tmp_path / "hotlead.yaml", tmp_path / "new.yaml"
    config.write_text(json.dumps(whole))
    alone.write_text(json.dumps(rules))
    assert load_candidate(config, alone).hash == load_candidate(config, config).hash
    alone.write_text("routs: []\n")
    with pytest.raises(SettingsError, match=r"new\.yaml:1:1: unknown key 'routs'"):
        load_candidate(config, alone)


def test_how_far_back_is_written_as_a_span_or_a_date(lived: Worker, office: Office) -> None:
    now = office.clock.now()
    assert moment_of("2h", now) == now - timedelta(hours=2)
    assert moment_of("2026-11-01", now).isoformat() == "2026-11-01T00:00:00+00:00"
    assert count_recorded(lived.store, moment_of("1m", now)) <= 1
