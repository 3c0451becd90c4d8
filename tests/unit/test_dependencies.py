"""What we build upon is bounded where it may break us, and locked for whoever installs it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
BOUNDED = ("apscheduler", "hubspot-api-client", "simple-salesforce", "slack-sdk", "urllib3")
"""Whose next great version may take away what our connectors call."""


def requirements(*, extras: bool = False) -> dict[str, Requirement]:
    """What we need, or what our extras need besides, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    more = [one for some in project["optional-dependencies"].values() for one in some]
    made = [Requirement(one) for one in (more if extras else project["dependencies"])]
    return {one.name: one for one in made}


def locked(name: str) -> dict[str, str]:
    """The versions of a lock, each with a hash."""
    found: dict[str, str] = {}
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith(("#", "--")):
            name, _, rest = line.partition("==")
            assert "--hash=sha256:" in rest, f"{name} is locked without a hash"
            found[canonicalize_name(name.partition("[")[0])] = rest.split()[0].rstrip(";")
    return found


@pytest.mark.pitfall("R13", "a new release of a library takes away what another one calls")
@pytest.mark.parametrize("name", BOUNDED)
def test_r13_a_library_that_may_break_us_ends_before_its_next_great_version(name: str) -> None:
    kinds = {one.operator for one in requirements()[name].specifier}
    assert "<" in kinds
    assert ">=" in kinds


@pytest.mark.pitfall("R13", "urllib3 2.6.0 lacks the getheaders that HubSpot's client calls")
def test_r13_the_release_that_broke_hubspot_s_client_is_never_installed() -> None:
    allowed = requirements()["urllib3"].specifier
    assert not allowed.contains("2.6.0")
    assert allowed.contains(locked("requirements.lock")["urllib3"])


@pytest.mark.pitfall("R13", "two installations of one version run on different libraries")
@pytest.mark.parametrize(
    ("lock", "extras"), [("requirements.lock", False), ("requirements-dev.lock", True)]
)
def test_r13_whatever_is_required_is_locked_to_a_version_that_is_allowed(
    lock: str, extras: bool
) -> None:
    versions = locked(lock)
    for name, one in requirements(extras=extras).items():
        version = versions.get(canonicalize_name(name))
        assert version is not None, f"{name} is not in {lock}"
        assert one.specifier.contains(version), f"{name} is locked to {version}, not {one}"
