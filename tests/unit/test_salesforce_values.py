"""Values of the Salesforce API as the connector reads and writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.errors import ConfigError, PermanentError, TemporaryError, UnclearError
from connectors.salesforce.errors import MissingFieldError, from_row
from connectors.salesforce.values import (
    below,
    domain_of,
    end_of_day,
    moment,
    number,
    soql_text,
    text,
    zone,
)
from connectors.salesforce.watermark import Watermark, fingerprint

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://www.Acme.example/about", "acme.example"),
        ("acme.example", "acme.example"),
        ("WWW.acme.example:8080/x?y", "acme.example"),
        ("http://user@acme.example", "acme.example"),
        ("n/a", ""),
        ("", ""),
        ("http://[broken", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_a_website_as_people_type_it_has_a_domain_or_none(website: object, domain: str) -> None:
    assert domain_of(website) == domain


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2026-11-23T12:00:00.000+0000", NOON),
        ("2026-11-23T12:00:00Z", NOON),
        ("2026-11-23T07:00:00.000-0500", NOON),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_a_time_is_read_or_none(value: object, found: datetime | None) -> None:
    assert moment(value) == found


def test_a_text_from_outside_is_quoted_for_soql() -> None:
    assert soql_text("x' OR Name != '") == "'x\\' OR Name != \\''"
    assert soql_text("a\\") == "'a\\\\'"
    assert soql_text("a\nb") == "'a\\nb'"


def test_values_of_wrong_types_are_nothing_and_no_crash() -> None:
    assert number("3092727991;3881228353") is None
    assert number(True) is None
    assert (text(None), text(False), text(2.5)) == ("", "false", "2.5")
    assert below({"UserRole": None}, "UserRole.Name") is None
    assert below({"UserRole": {"Name": "AE"}}, "UserRole.Name") == "AE"
    assert zone("Nowhere/Land") == zone("UTC") == zone(None) == zone("../../etc/passwd")


def test_a_day_ends_where_the_user_is_even_when_the_clocks_change() -> None:
    assert end_of_day("2026-11-23", zone("UTC")) == datetime(2026, 11, 24, tzinfo=UTC)
    new_york = zone("America/New_York")
    assert end_of_day("2026-10-31", new_york) == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert end_of_day("2026-11-01", new_york) == datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert end_of_day("n/a", new_york) is None


def test_a_watermark_is_read_back_for_the_same_fields_only() -> None:
    mark = Watermark(until=NOON, fields=fingerprint(("Id", "Name")))
    assert Watermark.read(mark.write(), fingerprint(("Id", "Name"))) == mark
    assert Watermark.read(mark.write(), fingerprint(("Id", "Name", "X__c"))) is None
    assert Watermark.read(None, mark.fields) is None


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (["UNABLE_TO_LOCK_ROW"], TemporaryError),
        (["UNABLE_TO_LOCK_ROW", "FIELD_CUSTOM_VALIDATION_EXCEPTION"], ConfigError),
        (["STRING_TOO_LONG", "INVALID_FIELD"], PermanentError),
        (["INVALID_FIELD", "UNABLE_TO_LOCK_ROW"], MissingFieldError),
        (["STRING_TOO_LONG"], PermanentError),
        ([], UnclearError),
    ],
)
def test_of_several_errors_of_one_row_the_most_lasting_counts(
    codes: list[str], kind: type[Exception]
) -> None:
    found = from_row([{"statusCode": code, "message": "words", "fields": []} for code in codes])
    assert type(found) is kind
    assert all(code in str(found) for code in codes)
