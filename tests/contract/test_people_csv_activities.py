from __future__ import annotations

import csv
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.base import ActivityDraft, Crm
from connectors.errors import ConfigError
from connectors.people_csv import CsvSettings, connect

FIRED = datetime(2026, 5, 25, 14, 0, tzinfo=UTC)


def draft(key: str, **changes: Any) -> ActivityDraft:
    fields: dict[str, Any] = {
        "key": key,
        "subject": "Ann opened 'Pricing' twice",
        "body": "first line\nsecond line",
        "owner_id": "dana@ours.example",
        "prospect_id": "ann@acme.example",
        "prospect_kind": "contact",
        "account_id": "acme.example",
        "deal_id": None,
        "due_at": FIRED,
        "fired_at": FIRED,
        "role": "ae",
        "reason": "active deal",
    }
    return ActivityDraft(**{**fields, **changes})


@pytest.fixture
def crm(tmp_path: Path) -> Crm:
    return connect(CsvSettings(folder=tmp_path))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "activities.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def test_an_activity_is_opened_once_and_completed_in_its_own_row(crm: Crm, tmp_path: Path) -> None:
    (first,) = crm.write_activities([draft("k1")])
    assert (first.key, first.remote_id, first.created, first.error) == ("k1", "k1", True, None)
    done = draft(
        "k1",
        completed_at=FIRED,
        responded_at=FIRED,
        response_source="e-mail",
        latency_minutes=42.5,
        working_latency_minutes=0.0,
    )
    again, other = crm.write_activities([done, draft("k2")])
    assert (again.created, other.created) == (False, True)
    one, two = rows(tmp_path)
    assert (one["key"], one["latency_minutes"], one["working_latency_minutes"]) == (
        "k1",
        "42.50",
        "0.00",
    )
    assert one["completed_at"] == "2026-05-25T14:00:00+00:00"
    assert one["body"] == "first line\nsecond line"
    assert (two["key"], two["completed_at"], two["latency_minutes"]) == ("k2", "", "")


def test_the_same_key_twice_in_one_call_is_one_row(crm: Crm, tmp_path: Path) -> None:
    first, second = crm.write_activities([draft("k1"), draft("k1", role="bdr")])
    assert (first.created, second.created) == (True, False)
    assert [row["role"] for row in rows(tmp_path)] == ["bdr"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", '=HYPERLINK("http://x","y")']
)
def test_no_cell_is_a_formula_however_often_the_file_is_written(
    crm: Crm, tmp_path: Path, text: str
) -> None:
    crm.write_activities([draft("k1", subject=text, body=text, reason=text)])
    crm.write_activities([draft("k2")])
    crm.write_activities([draft("k3")])
    found = rows(tmp_path)[0]
    assert found["subject"] == found["body"] == found["reason"] == f"'{text}"


def test_control_characters_do_not_reach_the_file(crm: Crm, tmp_path: Path) -> None:
    crm.write_activities([draft("k1", subject="a\x00b\x1b\ud800c")])
    assert rows(tmp_path)[0]["subject"] == "abc"


def test_a_column_that_a_person_added_stays(crm: Crm, tmp_path: Path) -> None:
    crm.write_activities([draft("k1")])
    path = tmp_path / "activities.csv"
    head, body = path.read_bytes().decode().split("\r\n", 1)
    path.write_bytes(f"{head},seen\r\n{body.rstrip()},by Max\r\n".encode())
    crm.write_activities([draft("k1", role="csm"), draft("k2")])
    assert [(one["role"], one["seen"]) for one in rows(tmp_path)] == [("csm", "by Max"), ("ae", "")]


def test_a_file_that_is_not_ours_is_left_alone(crm: Crm, tmp_path: Path) -> None:
    path = tmp_path / "activities.csv"
    path.write_text("date,what\n2026-01-01,lunch\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        crm.write_activities([draft("k1")])
    assert path.read_text(encoding="utf-8") == "date,what\n2026-01-01,lunch\n"


def test_threads_lose_nothing_of_each_other(crm: Crm, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: crm.write_activities([draft(f"k{n}")]), range(40)))
    assert {row["key"] for row in rows(tmp_path)} == {f"k{n}" for n in range(40)}


def _write_some(folder: str, first: int) -> None:
    crm = connect(CsvSettings(folder=Path(folder)))
    for number in range(first, first + 10):
        crm.write_activities([draft(f"k{number}")])


def test_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started = [
        context.Process(target=_write_some, args=(str(tmp_path), first)) for first in (0, 10, 20)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0, 0]
    assert {row["key"] for row in rows(tmp_path)} == {f"k{n}" for n in range(30)}
    left = {name for name in os.listdir(tmp_path) if not name.endswith(".lock")}
    assert left == {"activities.csv"}
