"""The guides as data: complete, consistent, and ready for the pastes that people get wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from ruamel.yaml import YAML

from connectors.guiding import Ask, Flow, Guide, filled
from connectors.hubspot import guide as hubspot
from connectors.hubspot.login import OPTIONAL_SCOPES
from connectors.hubspot.login import SCOPES as NEEDED_SCOPES
from worker.connect.guides import SYSTEMS, guide_of
from worker.secrets import NAMES
from worker.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [guide_of(system) for system in SYSTEMS]
FLOWS = [(guide, flow) for guide in GUIDES for flow in guide.flows]
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----"
UUID = "8c4c1b1e-3f8a-4a55-9d0c-0123456789ab"


def asks() -> Iterator[tuple[str, Ask]]:
    for guide, flow in FLOWS:
        for ask in flow.asks():
            yield f"{guide.name} {flow.name} {ask.name}", ask


BY_NAME = dict(asks())


@pytest.mark.parametrize(("guide", "flow"), FLOWS, ids=lambda one: one.name)
def test_a_guide_names_only_secrets_and_settings_that_there_are(guide: Guide, flow: Flow) -> None:
    schema = Settings.model_json_schema()["$defs"]
    section = schema[f"{guide.name.capitalize()}Settings"]["properties"]
    for ask in flow.asks():
        if ask.secret:
            assert ask.name in NAMES
        else:
            assert ask.name.partition(".")[0] == guide.name
            assert ask.name.partition(".")[2] in section
        for pattern in (ask.pattern, *(slip.pattern for slip in ask.slips)):
            re.compile(pattern)
    for path, value in flow.settings.items():
        assert value in section[path.partition(".")[2]]["enum"]
    assert (ROOT / "docs" / guide.document).exists()
    assert not flow.consents or guide.refresh_token in NAMES


@pytest.mark.parametrize(("guide", "flow"), FLOWS, ids=lambda one: one.name)
def test_everything_can_be_filled_in_once_all_is_answered(guide: Guide, flow: Flow) -> None:
    values = {"redirect_uri": "http://localhost:8371/callback"}
    values |= {ask.name.partition(".")[2]: "https://acme.example" for ask in flow.asks()}
    for step in flow.steps:
        assert step.title
        assert step.clicks
        for text in (*(one.url for one in step.links), *(one.text for one in step.pastes)):
            assert filled(text, values) is not None
        for link in step.links:
            assert (filled(link.url, values) or "").startswith("https://")


def test_the_link_to_slack_carries_our_manifest() -> None:
    [link] = guide_of("slack").flows[0].steps[0].links
    parts = urlsplit(link.url)
    given = parse_qs(parts.query)
    manifest = YAML(typ="safe").load(given["manifest_yaml"][0])
    shipped = YAML(typ="safe").load(ROOT / "config/slack-manifest.yaml")
    assert (parts.netloc, given["new_app"]) == ("api.slack.com", ["1"])
    assert manifest == shipped
    assert len(link.url) < 2500


def test_the_scopes_of_hubspot_are_those_of_its_log_in() -> None:
    told = [name for name, _ in hubspot.SCOPES]
    assert sorted(told) == sorted({*NEEDED_SCOPES, *OPTIONAL_SCOPES} - {"oauth"})
    document = (ROOT / "docs/connect-hubspot.md").read_text()
    assert all(f"`{name}`" in document for name in told)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("salesforce client_credentials salesforce.login_url", "https://acme.my.salesforce.com"),
        ("salesforce client_credentials HOTLEAD_SALESFORCE_CLIENT_ID", "3MVG9" + "x" * 80),
        ("salesforce client_credentials HOTLEAD_SALESFORCE_CLIENT_SECRET", "A1" * 32),
        ("salesforce jwt HOTLEAD_SALESFORCE_PRIVATE_KEY", KEY),
        ("salesforce jwt salesforce.username", "hotlead@acme.example.uat"),
        ("hubspot token HOTLEAD_HUBSPOT_TOKEN", f"pat-eu1-{UUID}"),
        ("hubspot oauth HOTLEAD_HUBSPOT_CLIENT_ID", UUID),
        ("hubspot oauth HOTLEAD_HUBSPOT_CLIENT_SECRET", UUID),
        ("slack manifest HOTLEAD_SLACK_BOT_TOKEN", "xoxb-1-2-abc"),
        ("slack manifest HOTLEAD_SLACK_APP_TOKEN", "xapp-1-A0-1-abc"),
    ],
)
def test_what_is_right_is_taken(name: str, text: str) -> None:
    assert BY_NAME[name].complaint(BY_NAME[name].tidy(f"  {text}\n")) == ""


SF_URL = "salesforce client_credentials salesforce.login_url"
SF_ID = "salesforce client_credentials HOTLEAD_SALESFORCE_CLIENT_ID"
SF_SECRET = "salesforce client_credentials HOTLEAD_SALESFORCE_CLIENT_SECRET"
SF_KEY = "salesforce jwt HOTLEAD_SALESFORCE_PRIVATE_KEY"
HS_TOKEN = "hubspot token HOTLEAD_HUBSPOT_TOKEN"
BOT = "slack manifest HOTLEAD_SLACK_BOT_TOKEN"
APP = "slack manifest HOTLEAD_SLACK_APP_TOKEN"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (SF_URL, "https://login.salesforce.com", "log-in page of all orgs"),
        (SF_URL, "test.salesforce.com/", "log-in page of all orgs"),
        (SF_URL, "https://na139.salesforce.com", "instance"),
        (SF_URL, "http://acme.my.salesforce.com", "https://"),
        (SF_URL, "acme", "https://acme.my.salesforce.com"),
        (SF_ID, "0xIHu000000abcDEF", "record id"),
        (SF_ID, "A1" * 32, "Consumer Secret"),
        (SF_SECRET, "3MVG9" + "x" * 80, "Consumer Key"),
        (SF_KEY, "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", "certificate"),
        (SF_KEY, KEY.replace("PRIVATE", "ENCRYPTED PRIVATE"), "password"),
        (SF_KEY, KEY.replace("PRIVATE", "PUBLIC"), "private one"),
        ("salesforce jwt salesforce.username", "0055g00000AbCdEFGH", "record id"),
        (HS_TOKEN, UUID, "2022"),
        (HS_TOKEN, "21939747", "number"),
        (HS_TOKEN, "https://app.hubspot.com/keys", "address"),
        (HS_TOKEN, "C" + "a" * 100, "personal access key"),
        ("hubspot oauth HOTLEAD_HUBSPOT_CLIENT_ID", "1234567", "number"),
        ("hubspot oauth HOTLEAD_HUBSPOT_CLIENT_SECRET", "pat-na1-x", "token of another app"),
        (BOT, "xapp-1-A0-1-abc", "app-level token"),
        (BOT, "xoxp-1-2-3", "user token"),
        (BOT, "xoxe.xoxb-1-2", "rotation"),
        (BOT, "0123456789abcdef0123456789abcdef", "signing secret"),
        (APP, "xoxb-1-2-abc", "bot token"),
        (APP, "xoxp-1-2-3", "another kind"),
        (APP, "0123456789abcdef0123456789abcdef", "signing secret"),
    ],
)
def test_a_typical_wrong_paste_is_told_for_what_it_is(name: str, text: str, says: str) -> None:
    ask = BY_NAME[name]
    complaint = ask.complaint(ask.tidy(text))
    assert says in complaint
    assert len(text) < 12 or text not in complaint


@pytest.mark.parametrize("name", BY_NAME)
def test_nothing_and_nonsense_say_where_the_right_thing_is(name: str) -> None:
    ask = BY_NAME[name]
    for text in ("", "no such thing", "é\x00"):
        assert ask.where in ask.complaint(ask.tidy(text))


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com/", "https://acme.my.salesforce.com"),
        ("https://acme.lightning.force.com/lightning/page/home", "https://acme.my.salesforce.com"),
        (
            "https://acme--uat.sandbox.my.salesforce-setup.com/lightning/setup/OrgDomain/home",
            "https://acme--uat.sandbox.my.salesforce.com",
        ),
        (
            "acme-dev-ed.develop.lightning.force.com",
            "https://acme-dev-ed.develop.my.salesforce.com",
        ),
    ],
)
def test_the_address_of_a_page_of_the_org_becomes_its_domain(text: str, tidied: str) -> None:
    ask = BY_NAME[SF_URL]
    assert ask.tidy(text) == tidied
    assert ask.complaint(tidied) == ""


def test_a_header_pasted_as_a_whole_becomes_its_token() -> None:
    assert BY_NAME[HS_TOKEN].tidy("Authorization: Bearer pat-na1-x") == "pat-na1-x"
