"""Property values are texts and not always what their type promises."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.hubspot import values

AT = datetime(2026, 11, 23, 8, 19, 53, 250000, tzinfo=UTC)


def row(value: object) -> dict[str, object]:
    return {"properties": {"p": value}}


@pytest.mark.parametrize("text", ["2026-11-23T08:19:53.250Z", "1795421993250"])
def test_a_time_is_read_in_both_spellings(text: str) -> None:
    assert values.moment(row(text), "p") == AT


@pytest.mark.parametrize("text", [None, "", "soon", "99999999999999999999", "2026-13-40"])
def test_a_time_that_is_none_is_none(text: str | None) -> None:
    assert values.moment(row(text), "p") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("12.5", 12.5), ("", None), ("1;2", None), ("nan", None), ("inf", None), (None, None)],
)
def test_a_number_or_nothing(value: str | None, expected: float | None) -> None:
    assert values.number(row(value), "p") == expected


@pytest.mark.parametrize(("value", "expected"), [("77", "77"), ("7;8", None), ("", None)])
def test_a_reference_is_one_id(value: str, expected: str | None) -> None:
    assert values.reference(row(value), "p") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1795421993250, AT),
        (1795421993, AT.replace(microsecond=0)),
        ("1795421993250", AT),
        (17303796000, None),
        (0, None),
        (None, None),
        (True, None),
        (float("inf"), None),
        ("soon", None),
    ],
)
def test_an_absence_is_in_milliseconds_or_by_mistake_in_seconds(
    value: object, expected: datetime | None
) -> None:
    assert values.absence_moment(value) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "",
        "{}",
        "oops",
        '[{"days":"SOMEDAY","startMinute":1,"endMinute":2}]',
        '[{"days":"MONDAY","startMinute":700,"endMinute":2}]',
        '[{"days":"MONDAY","startMinute":"9","endMinute":17}]',
        "[7]",
    ],
)
def test_odd_working_hours_are_none_at_all(text: str) -> None:
    assert values.working_hours(text) == ""


def test_every_day_is_seven_days() -> None:
    text = '[{"days":"EVERY_DAY","startMinute":0,"endMinute":1440}]'
    assert values.working_hours(text).count("[") == 8


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "", "A" * 300])
def test_an_unknown_time_zone_is_none(name: str) -> None:
    assert values.time_zone(name) == ""
