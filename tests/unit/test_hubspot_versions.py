from __future__ import annotations

from datetime import date

import pytest

from connectors.hubspot import HubspotSettings
from connectors.hubspot.versions import end_of, version_checks


@pytest.mark.parametrize(
    ("version", "end"),
    [
        ("2026-03", date(2027, 9, 1)),
        ("2026-09", date(2028, 3, 1)),
        ("oauth 2027-03", date(2028, 9, 1)),
        ("oauth v1", date(2027, 2, 16)),
        ("v3", date(2027, 3, 30)),
    ],
)
def test_a_version_ends_eighteen_months_after_it_came_or_when_hubspot_says(
    version: str, end: date
) -> None:
    assert end_of(version) == end


@pytest.mark.parametrize(
    ("given", "today", "states", "said"),
    [
        ({}, date(2026, 11, 27), ["ok"], "v3 (v4 for associations) (supported until 2027-03-30)"),
        ({}, date(2026, 12, 30), ["warn"], "until 2027-03-30 only"),
        ({}, date(2027, 3, 30), ["warn"], "no longer supported"),
        ({"api_version": "2026-09"}, date(2027, 11, 1), ["ok"], "2026-09 (supported until"),
        ({"flow": "oauth"}, date(2026, 11, 27), ["ok", "ok"], "2026-03 (supported"),
        ({"flow": "oauth"}, date(2027, 8, 1), ["warn", "warn"], "2026-03 is supported"),
        (
            {"flow": "oauth", "oauth_version": "v1", "api_version": "2026-09"},
            date(2026, 11, 27),
            ["ok", "warn"],
            "v1 is supported by HubSpot until 2027-02-16 only",
        ),
    ],
)
def test_an_end_that_is_near_is_told(
    given: dict[str, str], today: date, states: list[str], said: str
) -> None:
    found = list(version_checks(HubspotSettings.model_validate(given), today))
    assert [one.state for one in found] == states
    assert said in " ".join(one.text for one in found)
    assert all("hubspot." in one.mend for one in found if one.state == "warn")


def test_the_journal_s_version_is_looked_at_where_it_is_read() -> None:
    found = {
        one.name: one for one in version_checks(HubspotSettings(), date(2027, 7, 1), journal=True)
    }
    assert "hubspot.journal_version" in found["hubspot journal version"].mend
    beta = HubspotSettings(journal_version="2026-09-beta")
    *_, last = version_checks(beta, date(2027, 7, 1), journal=True)
    assert (last.name, last.state) == ("hubspot journal version", "ok")


def test_the_mend_names_a_version_that_is_out() -> None:
    (found,) = version_checks(HubspotSettings(), date(2027, 3, 1))
    assert "such as 2026-09" in found.mend
    (found,) = version_checks(HubspotSettings(), date(2027, 4, 1))
    assert "such as 2027-03" in found.mend
