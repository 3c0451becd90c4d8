"""The webhooks journal: subscribed to, read entry by entry, resumed, and begun anew when lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.errors import AuthError, ConfigError, TemporaryError
from connectors.hubspot import journal
from connectors.sandbox.hubspot.journal import SCOPES
from tests.contract.hubspot_kit import Kit, running
from tests.hint_kit import Ear
from tests.waiting import until


@pytest.fixture
def kit() -> Iterator[Kit]:
    with running() as made:
        made.sandbox.oauth.app.developer_scopes = SCOPES
        yield made


def source(kit: Kit, **more: Any) -> journal.Journal:
    app = kit.sandbox.oauth.app
    given = {"client_id": app.client_id, "client_secret": app.client_secret}
    made = kit.connector(**{"journal_seconds": 0.02, **given, **more})
    [found] = made.hint_sources
    assert isinstance(found, journal.Journal)
    return found


def change_owner(kit: Kit, deal: str = "big", to: str = "eva") -> str:
    kit.sandbox.update("deals", kit.ids[deal], hubspot_owner_id=kit.ids[to])
    return kit.ids[deal]


def begun(kit: Kit, **more: Any) -> Ear:
    """A listener that has its subscriptions and its place."""
    heard = Ear(source(kit, **more))
    with heard.listening():
        change_owner(kit, to="cy")
        until(lambda: heard.kept, "a place in the journal")
    heard.told.clear()
    return heard


def test_it_subscribes_by_itself_and_only_to_what_is_missing(kit: Kit) -> None:
    one = source(kit)
    assert len(one.missing()) == len(journal.wanted(kit.connector()._settings))
    assert one.subscribe() == len(kit.sandbox.journal.subscriptions) == 5
    assert one.subscribe() == 0
    kit.sandbox.journal.subscriptions.popitem()
    assert one.subscribe() == 1


def test_a_subscription_that_tells_too_little_is_missing(kit: Kit) -> None:
    one = source(kit)
    one.subscribe()
    for made in kit.sandbox.journal.subscriptions.values():
        if made["objectTypeId"] == "0-115":
            made["properties"] = []
    assert [it.type_id for it in one.missing()] == ["0-115"]


def test_an_owner_change_an_absence_and_a_participant_are_told(kit: Kit) -> None:
    heard = begun(kit)
    with heard.listening():
        heard.wait_for(change_owner(kit))
        assert "deals" in heard.objects
        [user] = [u for u in kit.sandbox.records("users") if u["hs_email"] == "bo@team.test"]
        kit.sandbox.update("users", user["id"], hs_availability_status="away")
        heard.wait_for(user["id"])
        assert {"people", "out_of_office"} <= set(heard.objects)
        kit.sandbox.link("deals", kit.ids["big"], "contacts", kit.ids["lou"])
        until(lambda: "deal_contacts" in heard.objects, "a participant")


def test_it_goes_on_where_it_was_and_misses_nothing(kit: Kit) -> None:
    first = begun(kit)
    missed = change_owner(kit, "old", "bo")
    later = Ear(source(kit), kept=dict(first.kept))
    with later.listening():
        later.wait_for(missed)


def test_a_place_older_than_three_days_is_given_up_and_all_is_read(kit: Kit) -> None:
    first = begun(kit)
    kit.clock.forward(days=4)
    later = Ear(source(kit), kept=dict(first.kept))
    with later.listening():
        until(lambda: {"deals", "people", "contacts"} <= set(later.objects), "a read of all")
        change_owner(kit, "old", "bo")  # the first entry there is says only where we are
        until(lambda: later.kept != first.kept, "a new place")
        heard = change_owner(kit, "big", "bo")
        later.wait_for(heard)


def test_without_its_scopes_it_says_which(kit: Kit) -> None:
    kit.sandbox.oauth.app.developer_scopes = frozenset()
    heard = Ear(source(kit))
    with heard.listening(connected=False):
        until(lambda: heard.error, "a refusal")
    assert isinstance(heard.error, ConfigError)
    assert "developer.webhooks_journal.read" in str(heard.error) + heard.error.mend


def test_wrong_keys_are_a_matter_of_the_log_in(kit: Kit) -> None:
    heard = Ear(source(kit, client_secret="wrong"))
    with heard.listening(connected=False):
        until(lambda: heard.error, "a refusal")
    assert isinstance(heard.error, AuthError)
    assert "wrong" not in str(heard.error)
    assert "HOTLEAD_HUBSPOT_CLIENT_SECRET" in heard.error.mend


def test_a_token_that_has_ended_is_replaced_in_line(kit: Kit) -> None:
    heard = begun(kit)
    with heard.listening():
        heard.wait_for(change_owner(kit))
        kit.sandbox.oauth.end_access()
        heard.wait_for(change_owner(kit, "old", "bo"))


def test_a_file_that_cannot_be_fetched_is_asked_for_again(kit: Kit) -> None:
    heard = begun(kit)
    kit.fault("status", "/_sandbox/journal", status=403)
    with heard.listening(connected=False):
        missed = change_owner(kit)
        until(lambda: heard.error, "a refusal")
    assert isinstance(heard.error, TemporaryError)
    heard.error = None
    with heard.listening():
        heard.wait_for(missed)


@pytest.mark.parametrize("body", ["no json", "[]", "{}", '{"journalEvents": [1, null]}'])
def test_a_file_that_makes_no_sense_does_no_harm(kit: Kit, body: str) -> None:
    heard = begun(kit)
    kit.fault("status", "/_sandbox/journal", status=200, body=body)
    with heard.listening(connected=False):
        change_owner(kit)
        until(lambda: heard.error or kit.sandbox.faults.carried_out, "the file to be fetched")
    assert heard.error is None or isinstance(heard.error, TemporaryError)
    heard.error = None
    with heard.listening():
        heard.wait_for(change_owner(kit, "old", "bo"))


def test_changes_of_other_accounts_are_no_business_of_ours(kit: Kit) -> None:
    heard = begun(kit)
    event = {"portalId": 1, "objectTypeId": "0-1", "objectId": 5, "action": "UPDATE"}
    kit.fault("status", "/_sandbox/journal", status=200, body={"journalEvents": [event]})
    with heard.listening():
        place = dict(heard.kept)
        change_owner(kit)
        until(lambda: heard.kept != place, "the entry to be read")
        heard.wait_for(change_owner(kit, "old", "bo"))
    assert "5" not in heard.records


def test_hubspot_away_is_for_later(kit: Kit) -> None:
    heard = begun(kit)
    kit.fault("reset_before", "/webhooks-journal", times=-1)
    with heard.listening(connected=False):
        until(lambda: heard.error, "a broken connection")
    assert isinstance(heard.error, TemporaryError)


def test_doctor_looks_and_changes_nothing(kit: Kit) -> None:
    app = kit.sandbox.oauth.app

    def found(**more: Any) -> Any:
        given = {"client_id": app.client_id, "client_secret": app.client_secret, **more}
        checks = kit.connector(**given).checks(kit.clock)
        return next(one for one in checks if one.name == journal.NAME)

    assert (found().state, len(kit.sandbox.journal.subscriptions)) == ("warn", 0)
    source(kit).subscribe()
    assert found().state == "ok"
    app.developer_scopes = frozenset()
    assert found().state == "ok"
    assert "off" in found().text
    assert found(journal=True).state == "fail"
    assert "configuration" in found(journal=False).text
    assert found(client_id=None, journal=True).state == "fail"
