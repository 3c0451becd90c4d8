"""Whatever happens in a HubSpot account and to the sync, the mirror ends as the account is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from tests.fuzz.converge_kit import PROFILE, Action, Door, histories, opened, served
from tests.fuzz.hubspot_history import HubspotHistory

SYNCS = (
    "passing",
    "step",
    "lag",
    "short_pages",
    "sync_whole",
    "sync_one",
    "sync_while_edited",
    "sync_troubled",
    "sync_crashed",
    "sync_killed",
)
SEEN = (*SYNCS, *HubspotHistory.edits)
HIDDEN = (*SEEN, *HubspotHistory.hidden, "reconcile_one", "reconcile_killed")


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Door, str]]:
    with served() as made:
        yield made


@pytest.fixture(scope="module")
def migrated(_migrated_file: Path) -> Path:
    return _migrated_file


@PROFILE
@given(actions=histories(SEEN))
def test_syncs_alone_bring_every_change_that_hubspot_tells(
    place: tuple[Door, str], migrated: Path, actions: list[Action]
) -> None:
    with opened(HubspotHistory(*place), migrated) as history:
        history.play(actions)
        history.settle()
        history.compare(whole=False)


@PROFILE
@given(actions=histories(HIDDEN))
def test_a_reconcile_brings_what_hubspot_does_not_tell_and_leaves_no_drift(
    place: tuple[Door, str], migrated: Path, actions: list[Action]
) -> None:
    with opened(HubspotHistory(*place), migrated) as history:
        history.play(actions)
        history.settle()
        history.reconcile_all()
        history.compare(whole=True)
        assert {drift.total for drift in history.reconcile_all().values()} == {0}
