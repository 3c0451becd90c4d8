"""Change events over real gRPC: heard at once, resumed after a restart, begun anew when lost."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.errors import ConfigError, TemporaryError
from connectors.salesforce import events
from connectors.salesforce.events import GLOBAL_URL, topics
from connectors.salesforce.objects import sources
from connectors.salesforce.settings import SalesforceSettings
from tests.contract.salesforce_kit import Bench, bench
from tests.hint_kit import Ear
from tests.waiting import until

if TYPE_CHECKING:
    from connectors.sandbox.salesforce.change_events import Bus

pytest.importorskip("grpc", reason="needs the extra: pip install 'hotlead[events]'")

FIVE = ["Account", "Contact", "Lead", "Opportunity", "User"]


@pytest.fixture
def org() -> Iterator[Bench]:
    with bench() as made:
        made.load()
        yield made


@pytest.fixture
def service(org: Bench) -> Iterator[Any]:
    with org.box.events(keep_alive=0.1) as made:
        yield made


def bus(org: Bench) -> Bus:
    assert org.box.bus is not None
    return org.box.bus


def ear(org: Bench, service: Any, **settings: Any) -> Ear:
    [source] = org.crm(pubsub_url=service.url, **settings).hint_sources
    return Ear(source)


def test_every_kind_of_change_is_told_with_its_record(org: Bench, service: Any) -> None:
    with ear(org, service).listening() as heard:
        made = org.box.create("Account", Name="New")
        heard.wait_for(made)
        assert heard.told[-1].objects == ("accounts",)
        org.box.update("Opportunity", org.ids["deal"], OwnerId=org.ids["ben"])
        heard.wait_for(org.ids["deal"])
        org.box.delete("Contact", org.ids["cat"])
        heard.wait_for(org.ids["cat"])
        told = len(heard.told)
        org.box.undelete("Contact", org.ids["cat"])
        until(lambda: len(heard.told) > told, "an undelete")
        org.box.update("User", org.ids["ann"], ManagerId=org.ids["ben"])
        heard.wait_for(org.ids["ann"])
    assert set(heard.objects) >= {"accounts", "deals", "contacts", "users"}


def test_an_event_about_many_records_is_one_hint(org: Bench, service: Any) -> None:
    with ear(org, service).listening() as heard:
        bus(org).publish("Account", "GAP_UPDATE", [f"001{n:015}" for n in range(300)])
        until(lambda: heard.told, "a hint")
    assert len(heard.told) == 1
    assert len(heard.records) == 300


def test_a_storm_flows_in_portions_that_were_asked_for(org: Bench, service: Any) -> None:
    with ear(org, service).listening() as heard:
        for number in range(450):
            bus(org).publish("Account", "UPDATE", [f"001{number:015}"])
        until(lambda: len(heard.records) == 450, "all of them")


def test_a_listener_goes_on_where_it_was_when_it_stopped(org: Bench, service: Any) -> None:
    first = ear(org, service)
    with first.listening():
        org.box.update("Account", org.ids["acme"], Name="One")
        first.wait_for(org.ids["acme"])
        until(lambda: len(first.kept) == len(FIVE), "a sign of life of every topic")
    org.box.update("Account", org.ids["zeta"], Name="Two")
    later = ear(org, service)
    later.kept = dict(first.kept)
    with later.listening():
        later.wait_for(org.ids["zeta"])
    assert org.ids["acme"] not in later.records  # it was told before


def test_a_position_older_than_what_is_kept_is_given_up_and_all_is_read(
    org: Bench, service: Any
) -> None:
    first = ear(org, service)
    with first.listening():
        org.box.update("Account", org.ids["acme"], Name="One")
        first.wait_for(org.ids["acme"])
    org.box.update("Account", org.ids["acme"], Name="Two")
    org.forward(hours=73)
    later = ear(org, service)
    later.kept = dict(first.kept)
    with later.listening():
        until(lambda: "accounts" in later.objects, "a read of all accounts")
        assert later.told[0].records == ()
        topic = "/data/AccountChangeEvent"
        until(lambda: later.kept[topic] not in ("", first.kept[topic]), "a place of now")
        org.box.update("Account", org.ids["zeta"], Name="Three")
        later.wait_for(org.ids["zeta"])


@pytest.mark.parametrize("kept", ["garbage", "AAAA", "////////////"])
def test_a_position_that_is_none_of_the_bus_does_no_harm(
    org: Bench, service: Any, kept: str
) -> None:
    heard = ear(org, service)
    heard.kept = {"/data/AccountChangeEvent": kept}
    with heard.listening():
        until(
            lambda: heard.kept["/data/AccountChangeEvent"] not in ("", kept),
            "a position of the bus",
        )
        org.box.update("Account", org.ids["acme"], Name="One")
        heard.wait_for(org.ids["acme"])


def test_an_object_that_is_not_selected_is_a_note_and_no_error(org: Bench) -> None:
    with org.box.events(keep_alive=0.1, selected=["Account", "User"]) as service:
        crm = org.crm(pubsub_url=service.url)
        heard = Ear(crm.hint_sources[0])
        with heard.listening():
            until(lambda: crm.notes, "a note")
            assert "Contact, Lead, Opportunity" in crm.notes[0]
            org.box.update("Account", org.ids["acme"], Name="One")
            heard.wait_for(org.ids["acme"])
            health = crm.hint_sources[0].health()
        assert health["topics"] == ["/data/AccountChangeEvent", "/data/UserChangeEvent"]
        assert "/data/LeadChangeEvent" in health["refused"]  # type: ignore[operator]


def test_a_topic_that_is_refused_late_leaves_the_others_alone(org: Bench, service: Any) -> None:
    service.closed.add("/data/LeadChangeEvent")
    heard = ear(org, service)
    with heard.listening(connected=False):
        until(lambda: "/data/LeadChangeEvent" in str(heard.source.health()["refused"]), "a refusal")
        until(lambda: len(heard.signs) == len(FIVE) - 1, "the others")
        org.box.update("Account", org.ids["acme"], Name="One")
        heard.wait_for(org.ids["acme"])
    assert heard.error is None


def test_a_session_that_has_ended_is_renewed_by_the_next_try(org: Bench, service: Any) -> None:
    crm = org.crm(pubsub_url=service.url)
    crm.read("stages", None).__next__()
    org.box.expire_sessions()
    heard = Ear(crm.hint_sources[0])
    logins = org.box.logins
    with heard.listening():  # the look at the org's id met the ended session and logged in again
        org.box.update("Account", org.ids["acme"], Name="One")
        heard.wait_for(org.ids["acme"])
        org.box.expire_sessions()
        service.cut()
        until(lambda: heard.error, "the end of the stream")
    assert isinstance(heard.error, TemporaryError)
    heard.error = None
    with heard.listening():
        org.box.update("Account", org.ids["zeta"], Name="Two")
        heard.wait_for(org.ids["zeta"])
    assert org.box.logins == logins + 2


def test_a_service_that_goes_away_is_told_and_nothing_is_lost(org: Bench, service: Any) -> None:
    heard = ear(org, service)
    with heard.listening():
        org.box.update("Account", org.ids["acme"], Name="One")
        heard.wait_for(org.ids["acme"])
        service.cut()
        until(lambda: heard.error, "the end of the stream")
    assert isinstance(heard.error, TemporaryError)
    assert "UNAVAILABLE" in str(heard.error) or "ended" in str(heard.error)
    org.box.update("Account", org.ids["zeta"], Name="Two")
    heard.error = None
    with heard.listening():
        heard.wait_for(org.ids["zeta"])


def test_silence_is_no_life(org: Bench, service: Any) -> None:
    heard = ear(org, service, change_event_silence=0.5)
    with heard.listening():
        service.deaf = True
        until(lambda: heard.error, "an end to the waiting")
    assert "silent" in str(heard.error)


def test_a_service_that_is_not_there_is_for_later(org: Bench) -> None:
    heard = Ear(org.crm(pubsub_url="http://127.0.0.1:9").hint_sources[0])
    with heard.listening(connected=False):
        until(lambda: heard.error, "a refusal")
    assert isinstance(heard.error, TemporaryError)


def test_an_event_that_cannot_be_read_still_says_that_something_changed(
    org: Bench, service: Any
) -> None:
    with ear(org, service).listening() as heard:
        topic = "/data/AccountChangeEvent"
        bus(org).put(topic, bus(org).schema_id(topic), b"\xff\xff\xff")
        until(lambda: heard.told, "a hint")
    assert heard.objects == ["accounts"]
    assert heard.records == []


def test_doctor_names_the_objects_that_are_worth_selecting(org: Bench) -> None:
    with org.box.events(selected=["Account", "User", "Task"]) as service:
        crm = org.crm(pubsub_url=service.url)
        [check] = [one for one in crm.checks(lambda: org.time) if one.name == events.NAME]
    assert check.state == "warn"
    assert "Contact, Lead, Opportunity" in check.mend
    assert "Event" in check.text
    assert "Event" not in check.mend.replace("Change Data Capture", "")


def test_doctor_is_content_with_the_five_that_are_free(org: Bench, service: Any) -> None:
    crm = org.crm(pubsub_url=service.url)
    [check] = [one for one in crm.checks(lambda: org.time) if one.name == events.NAME]
    assert (check.state, check.mend) == ("ok", "")


def test_doctor_tells_a_service_that_cannot_be_reached(org: Bench) -> None:
    for wanted, state in (("auto", "warn"), (True, "fail")):
        crm = org.crm(pubsub_url="http://127.0.0.1:9", change_events=wanted)
        [check] = [one for one in crm.checks(lambda: org.time) if one.name == events.NAME]
        assert check.state == state


def test_by_itself_it_listens_to_real_orgs_only(org: Bench) -> None:
    assert org.crm().hint_sources == ()
    assert org.crm(change_events=False, pubsub_url=GLOBAL_URL).hint_sources == ()
    real = SalesforceSettings(login_url="https://acme.my.salesforce.com")
    assert events.wanted(real)
    [check] = [one for one in org.crm().checks(lambda: org.time) if one.name == events.NAME]
    assert check.state == "ok"
    assert "off" in check.text


def test_a_topic_is_made_for_each_object_that_can_be_heard() -> None:
    made = topics(sources((), "HLR_").values())
    assert made["/data/OpportunityChangeEvent"] == ("deals",)
    assert not {"/data/OutOfOfficeChangeEvent", "/data/GroupChangeEvent"} & set(made)


def test_plain_http_is_for_this_machine_alone() -> None:
    with pytest.raises(ValueError, match="https"):
        SalesforceSettings(
            login_url="https://acme.my.salesforce.com", pubsub_url="http://elsewhere.example:7443"
        )


def test_the_generated_code_is_that_of_the_proto(tmp_path: Path) -> None:
    if importlib.util.find_spec("grpc_tools") is None:
        pytest.skip("needs grpcio-tools")
    from grpc_tools import protoc

    root = Path(events.__file__).parents[2]
    source = "connectors/salesforce/pubsub/pubsub.proto"
    assert protoc.main(["protoc", f"-I{root}", f"--python_out={tmp_path}", str(root / source)]) == 0
    made = (tmp_path / source).with_name("pubsub_pb2.py").read_text()
    kept = (root / source).with_name("pubsub_pb2.py").read_text()

    def described(text: str) -> str:
        return next(line for line in text.splitlines() if "AddSerializedFile" in line)

    assert described(made) == described(kept)


def test_without_the_extra_the_mend_is_named(
    org: Bench, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "grpc" else found(name)
    )
    assert not events.wanted(SalesforceSettings(login_url="https://acme.my.salesforce.com"))
    heard = ear(org, service, change_events=True)
    with heard.listening(connected=False):
        until(lambda: heard.error, "a refusal")
    assert isinstance(heard.error, ConfigError)
    assert "hotlead[events]" in heard.error.mend
