"""When HubSpot stops to support the versions of its API that we call.

A dated version comes out in its month and is supported for eighteen. The numbered ones end on
dates that HubSpot announced:
https://developers.hubspot.com/changelog/legacy-apis-and-legacy-apps-whats-going-unsupported-and-when
https://developers.hubspot.com/docs/developer-tooling/platform/versioning
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from connectors.base import Check
from connectors.hubspot.settings import HubspotSettings

SUPPORTED_MONTHS = 18
NOTICE = timedelta(days=90)
"""How long before the end an admin is told."""
_ENDS = {
    "oauth v1": date(2027, 2, 16),
    "oauth v3": date(2027, 9, 1),
    # Associations are v4 and end first; objects, owners, pipelines and properties (v3) later.
    "v3": date(2027, 3, 30),
}


def end_of(version: str) -> date:
    """The day from which a version is no longer supported; ValueError for one that is none."""
    if version in _ENDS:
        return _ENDS[version]
    year, month = (int(part) for part in version.removeprefix("oauth ").split("-"))
    months = year * 12 + month - 1 + SUPPORTED_MONTHS
    return date(months // 12, months % 12 + 1, 1)


def version_checks(
    settings: HubspotSettings, today: date, *, journal: bool = False
) -> Iterator[Check]:
    """Whether what we call is supported, and for how long."""
    called = [("hubspot API version", settings.api_version, "hubspot.api_version")]
    if settings.flow == "oauth":
        name = f"oauth {settings.oauth_version}"
        called.append(("hubspot OAuth version", name, "hubspot.oauth_version"))
    if journal:
        version = settings.journal_version.removesuffix("-beta")
        called.append(("hubspot journal version", version, "hubspot.journal_version"))
    for name, version, setting in called:
        yield _check(name, version, setting, today)


def _check(name: str, version: str, setting: str, today: date) -> Check:
    end = end_of(version)
    shown = "v3 (v4 for associations)" if version == "v3" else version.removeprefix("oauth ")
    mend = f"set {setting} to a later date, such as {_newest(today)}, and run hotlead doctor again"
    if today >= end:
        text = f"{shown} is no longer supported by HubSpot since {end} and may fail at any time"
        return Check(name=name, state="warn", text=text, mend=mend)
    if today >= end - NOTICE:
        text = f"{shown} is supported by HubSpot until {end} only"
        return Check(name=name, state="warn", text=text, mend=mend)
    return Check(name=name, state="ok", text=f"{shown} (supported until {end})")


def _newest(today: date) -> str:
    """The latest version that is out: they come in March and September."""
    if today.month >= 10:
        return f"{today.year}-09"
    return f"{today.year}-03" if today.month >= 4 else f"{today.year - 1}-09"
