"""A card becomes a message that Slack always accepts and that calls upon nobody by accident."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.base import ACTIONS, Button, Card, CardGroup, CardItem
from connectors.sandbox.slack.blockkit import check_blocks
from connectors.sandbox.slack.chat import LONGEST_BLOCKS
from connectors.sandbox.slack.pings import pings
from connectors.slack.blocks import LONGEST_TEXT, blocks, message
from connectors.slack.text import clean, length, link, mrkdwn, plain, web_url
from tests.contract.slack_kit import CARD, card

SCHEMA = (
    Path(__file__).resolve().parents[2].parent / "shared/reference/slack/schema"
) / "KnownBlock.schema.json"

HOSTILE = [
    "<!channel>",
    "<!here|here>",
    "<!everyone>",
    "<@U0123456789>",
    "<!subteam^S0123456789>",
    "@channel and @here and #general",
    "*bold* _it_ ~gone~ `code` ```block```",
    "> quoted",
    "a\nb\r\nStatus: claimed",
    "\x00\x07\u202e\ud800",
    "👩‍👩‍👧‍👦" * 400,
    "אבג דהו",
    "&amp; <b>&lt;",
    "x" * 5000,
    "&" * 5000,
    "",
    "   ",
]

anything = st.one_of(
    st.sampled_from(HOSTILE), st.text(), st.text(alphabet="<>!@#*_~`&|U0 \n", max_size=60)
)
urls = st.one_of(anything, st.sampled_from(["https://x.test/a b|c>d", "http://[", "javascript:1"]))
entries = st.builds(
    CardItem,
    text=anything,
    status=anything,
    links=st.lists(st.tuples(anything, urls), max_size=4),
    button=st.one_of(
        st.none(), st.builds(Button, label=anything, action=st.sampled_from(ACTIONS), url=urls)
    ),
    alert_id=anything,
)
cards = st.builds(
    Card,
    key=st.uuids().map(str),
    alert_id=anything,
    title=anything,
    summary=anything,
    facts=st.lists(st.tuples(anything, anything), max_size=40),
    status=anything,
    thread_url=urls,
    crm_url=urls,
    buttons=st.lists(
        st.builds(
            Button,
            label=anything,
            action=st.sampled_from(ACTIONS),
            style=st.sampled_from(["", "primary", "danger", "green"]),
            url=st.one_of(st.just(""), urls),
            choices=st.one_of(st.just(()), st.lists(st.tuples(anything, anything), max_size=3)),
        ),
        max_size=30,
    ),
    footer=anything,
    items=st.lists(anything, max_size=100),
    groups=st.lists(
        st.builds(CardGroup, title=anything, items=st.lists(entries, max_size=4)), max_size=8
    ),
    more=st.integers(0, 5),
)


def called(made: dict[str, Any]) -> list[str]:
    """Whom the sandbox would notify, entities undone as a careless reader would."""
    undone = json.loads(
        json.dumps(made).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    )
    loud = pings(undone["text"], undone["blocks"])
    return loud + pings(made["text"], made["blocks"])


@settings(deadline=None)
@given(cards)
def test_any_card_keeps_every_limit_and_calls_nobody(one: Card) -> None:
    made = message(one)
    check_blocks(made["blocks"])
    assert made["text"].strip()
    assert length(made["text"]) <= LONGEST_TEXT
    assert called(made) == []
    json.dumps(made, ensure_ascii=False).encode()


@pytest.mark.shared
@pytest.mark.skipif(not SCHEMA.exists(), reason="the shared reference folder is not there")
@settings(max_examples=40, deadline=None)
@example(CARD)
@given(cards)
def test_any_card_keeps_to_slacks_published_schema(one: Card) -> None:
    check = validator()
    for block in blocks(one):
        check.validate(block)


@functools.cache
def validator() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_in_every_place_calls_nobody(text: str) -> None:
    made = message(
        card(
            title=text,
            summary=text,
            facts=((text, text),),
            status=text,
            footer=text,
            items=(text,),
            buttons=(Button(label=text, action="claim"),),
        )
    )
    check_blocks(made["blocks"])
    assert called(made) == []


def test_a_mention_calls_upon_that_person_and_only_when_it_is_an_address() -> None:
    made = message(card(mention="U0123456789", title="<!here>"))
    assert pings(made["text"], made["blocks"]) == ["@U0123456789"]
    assert called(message(card(mention="!channel"))) == []


def test_marks_lose_their_meaning_and_addresses_stay_fit_to_copy() -> None:
    assert mrkdwn("*a* _b_ ~c~ `d`", 100) == "∗a∗ ˍbˍ ∼c∼ ˋdˋ"
    assert mrkdwn("dana_reed@acme.com", 100) == "dana_reed@acme.com"
    assert mrkdwn("> a > b", 100) == "› a &gt; b"
    assert mrkdwn("R&D <b>", 100) == "R&amp;D &lt;b&gt;"


def test_text_that_would_forge_a_second_line_stays_on_one() -> None:
    assert clean("Dana\r\n\u2028Status:\tclaimed\u202e") == "Dana Status: claimed"


def test_what_is_too_long_ends_with_an_ellipsis_and_cuts_no_entity() -> None:
    assert plain("x" * 200, 150) == "x" * 149 + "…"
    assert mrkdwn("&" * 100, 21) == "&amp;" * 4 + "…"
    assert length(plain("😀" * 100, 150)) <= 150


def test_only_web_addresses_become_links() -> None:
    assert web_url("javascript:alert(1)") == ""
    assert web_url("http://[") == ""
    assert web_url("https://x.test/a b|c>d?q=1&r=ü") == "https://x.test/a%20b%7Cc%3Ed?q=1&r=%C3%BC"
    assert link("https://x.test/?a=1&b=2", "a|b>", 100) == "<https://x.test/?a=1&amp;b=2|a¦b&gt;>"
    assert link("ftp://x.test", "a", 100) == ""


def test_the_thread_link_comes_first_and_is_the_one_primary_button() -> None:
    claim = Button(label="Claim", action="claim", style="primary")
    elements = blocks(card(buttons=(claim,)))[-2]["elements"]
    assert [one["action_id"] for one in elements] == ["open_thread", "claim"]
    assert [one.get("style") for one in elements] == ["primary", None]
    assert elements[0]["url"] == CARD.thread_url
    assert elements[1]["value"] == "alert-1"


def test_a_card_without_buttons_has_no_actions_and_keeps_its_links() -> None:
    made = blocks(card(buttons=()))
    assert "actions" not in {block["type"] for block in made}
    texts = [element["text"] for element in made[-1]["elements"]]
    assert "<https://mail.example.com/t/1?a=1&amp;b=2|Open thread>" in texts
    assert "<https://crm.example.com/003|Open in CRM>" in texts


def test_a_digest_of_thousands_says_how_many_more_there_are() -> None:
    made = blocks(Card(key="d", alert_id="", title="Digest", summary="", items=["x" * 400] * 5000))
    check_blocks(made)
    shown = sum(block["text"]["text"].count("•") for block in made[1:-1])
    assert made[-1]["text"]["text"] == f"… and {5000 - shown} more"


def test_a_brief_of_hundreds_keeps_within_one_message_and_counts_the_rest() -> None:
    take = Button(label="Acknowledge", action="acknowledge")
    some = [
        CardItem(text="x" * 400, links=[("Open", "https://x.test/1")], button=take, alert_id=str(n))
        for n in range(3)
    ]
    groups = [CardGroup(title=f"Account {n}", items=some) for n in range(60)]
    made = blocks(Card(key="b", alert_id="", title="Back", summary="", groups=groups, more=7))
    check_blocks(made)
    shown = [block for block in made if "accessory" in block]
    assert [one["accessory"]["value"] for one in shown[:4]] == ["0", "1", "2", "0"]
    assert shown[0]["text"]["text"].startswith("*Account 0*\n•")
    assert "Account" not in shown[1]["text"]["text"]
    assert made[-1]["text"]["text"] == f"… and {187 - len(shown)} more"
    assert len(json.dumps(made)) < LONGEST_BLOCKS


def test_a_digest_of_long_lines_is_no_longer_than_slack_takes() -> None:
    made = blocks(Card(key="d", alert_id="", title="D", summary="", items=["ä" * 500] * 900))
    assert len(json.dumps(made, ensure_ascii=False)) < LONGEST_BLOCKS


def test_an_empty_card_is_still_a_message() -> None:
    made = message(Card(key="", alert_id="", title="", summary=""))
    check_blocks(made["blocks"])
    assert made["text"] == "Hotlead"


MENU = Button(label="Snooze", action="snooze", choices=(("30m", "30 minutes"), ("1h", "1 hour")))


def test_a_menu_forgets_what_was_chosen_when_the_status_is_another() -> None:
    ids = []
    for status in ("waiting", "snoozed", "snoozed"):
        (found,) = [
            one for one in blocks(card(buttons=(MENU,), status=status)) if "block_id" in one
        ]
        ids.append(found["block_id"])
    assert ids[0] != ids[1] == ids[2]


def test_menus_come_after_the_buttons_and_carry_the_alert_with_each_choice() -> None:
    plain_one = Button(label="Not mine", action="not_mine")
    (found,) = [one for one in blocks(card(buttons=(MENU, plain_one))) if "elements" in one][:1]
    assert [one["action_id"] for one in found["elements"]] == ["open_thread", "not_mine", "snooze"]
    select = found["elements"][-1]
    assert (select["type"], select["placeholder"]["text"]) == ("static_select", "Snooze")
    assert [one["value"] for one in select["options"]] == [
        f"30m:{CARD.alert_id}",
        f"1h:{CARD.alert_id}",
    ]
