"""The bench asks a tap for the very fields that we mirror, and says when it has them not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.singer import Stream, TapError, choose


def catalog() -> dict[str, Any]:
    def field(name: str) -> dict[str, Any]:
        return {"breadcrumb": ["properties", name], "metadata": {"inclusion": "available"}}

    contact = {
        "stream": "Contact",
        "schema": {"properties": {"Id": {}, "Name": {}, "Phone": {}}},
        "metadata": [
            {"breadcrumb": [], "metadata": {"valid-replication-keys": ["SystemModstamp"]}},
            *map(field, ("Id", "Name", "Phone")),
        ],
    }
    return {"streams": [contact, {**contact, "stream": "Lead"}]}


def test_one_stream_and_its_fields_are_chosen() -> None:
    found = choose(catalog(), Stream("contacts", "Contact", "Name"), ("Id",))
    (entry,) = found["streams"]
    whole, *fields = (one["metadata"] for one in entry["metadata"])
    assert whole["selected"] is True
    assert whole["replication-key"] == "SystemModstamp"
    assert [one["selected"] for one in fields] == [True, True, False]


@pytest.mark.parametrize(
    ("stream", "missing"),
    [(Stream("deals", "Opportunity", "Name"), "Opportunity"), (Stream("x", "Lead", "Fax"), "Fax")],
)
def test_a_tap_that_lacks_something_is_no_silent_zero(stream: Stream, missing: str) -> None:
    with pytest.raises(TapError, match=missing):
        choose(catalog(), stream, ())
