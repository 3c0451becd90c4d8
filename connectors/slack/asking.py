"""The view that asks a presser for words, and what comes of it."""

from __future__ import annotations

import json

from connectors.base import ButtonPress, Question
from connectors.slack.elements import Block, plain_text
from connectors.slack.text import plain

ASKED = "hotlead_words"
"""The id of our view, of its one input block, and of the input in it."""
VIEW_TITLE = 24


def view(press: ButtonPress, question: Question) -> Block:
    """The view that asks for words; what it is about comes back with them."""
    about = {
        "action": press.action,
        "alert_id": press.alert_id,
        "choice": press.choice,
        "place": press.place,
        "remote_id": press.remote_id,
    }
    return {
        "type": "modal",
        "callback_id": ASKED,
        "private_metadata": json.dumps(about),
        "title": plain_text(plain(question.title, VIEW_TITLE)),
        "submit": plain_text(plain(question.submit, VIEW_TITLE)),
        "close": plain_text("Cancel"),
        "blocks": [
            {
                "type": "input",
                "block_id": ASKED,
                "label": plain_text(plain(question.label, 2000)),
                "element": {
                    "type": "plain_text_input",
                    "action_id": ASKED,
                    "max_length": question.longest,
                    "placeholder": plain_text(plain(question.hint, 150)),
                },
            }
        ],
    }
