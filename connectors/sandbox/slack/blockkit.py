"""Refuses the blocks that Slack refuses, with Slack's ``invalid_blocks`` body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.sandbox.slack.state import SlackError

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
_STYLES = ("primary", "danger")
_OTHER_ELEMENTS = ("select", "picker", "overflow")
_KNOWN_BLOCKS = (
    "actions",
    "context",
    "divider",
    "header",
    "image",
    "input",
    "section",
)


class _Fault(Exception):
    """What is wrong and the JSON pointer to it."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(what)
        self.where = where


def check_blocks(blocks: Any, *, most: int = MESSAGE_BLOCKS) -> list[dict[str, Any]]:
    """The blocks themselves, each with a ``block_id``; SlackError when one is refused."""
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    try:
        if len(blocks) > most:
            raise _Fault(f"no more than {most} items allowed", "/blocks")
        seen: set[str] = set()
        return [_block(block, f"/blocks/{n}", n, seen) for n, block in enumerate(blocks)]
    except _Fault as fault:
        note = f"{fault} [json-pointer:{fault.where}]"
        raise SlackError(
            "invalid_blocks", errors=[note], response_metadata={"messages": [f"[ERROR] {note}"]}
        ) from None


def _block(block: Any, at: str, number: int, seen: set[str]) -> dict[str, Any]:
    if not isinstance(block, dict):
        raise _Fault("must be an object", at)
    kind = block.get("type")
    if kind not in _KNOWN_BLOCKS:
        raise _Fault(f"unsupported type: {kind}", f"{at}/type")
    block_id = block.get("block_id")
    if block_id is not None:
        _string(block_id, f"{at}/block_id", 255)
        if block_id in seen:
            raise _Fault("block_id already exists", f"{at}/block_id")
        seen.add(block_id)
    check = _CHECKS.get(str(kind))
    if check is not None:
        check(block, at)
    return {"block_id": f"b{number:02d}{len(seen):02d}", **block}


def _header(block: dict[str, Any], at: str) -> None:
    _text(block.get("text"), f"{at}/text", 150, kinds=("plain_text",))


def _section(block: dict[str, Any], at: str) -> None:
    if "text" not in block and "fields" not in block:
        raise _Fault("missing required field: text", at)
    if "text" in block:
        _text(block["text"], f"{at}/text", 3000)
    for where, one in _items(block, at, "fields", 10):
        _text(one, where, 2000)
    if "accessory" in block:
        _element(block["accessory"], f"{at}/accessory")


def _context(block: dict[str, Any], at: str) -> None:
    if "elements" not in block:
        raise _Fault("missing required field: elements", at)
    for where, one in _items(block, at, "elements", 10):
        if isinstance(one, dict) and one.get("type") == "image":
            _image(one, where)
        else:
            _text(one, where, 2000)


def _actions(block: dict[str, Any], at: str) -> None:
    if "elements" not in block:
        raise _Fault("missing required field: elements", at)
    seen: set[str] = set()
    for where, one in _items(block, at, "elements", 25):
        action_id = _element(one, where)
        if action_id in seen:
            raise _Fault("action_id already exists", f"{where}/action_id")
        if action_id:
            seen.add(action_id)


def _element(one: Any, at: str) -> str:
    if not isinstance(one, dict):
        raise _Fault("must be an object", at)
    kind = one.get("type")
    if kind == "image":
        _image(one, at)
        return ""
    if "action_id" in one:
        _string(one["action_id"], f"{at}/action_id", 255)
    if kind == "button":
        _button(one, at)
    elif kind == "static_select":
        _static_select(one, at)
    elif not isinstance(kind, str) or not kind.endswith(_OTHER_ELEMENTS):
        raise _Fault(f"unsupported type: {kind}", f"{at}/type")
    return str(one.get("action_id", ""))


def _button(one: dict[str, Any], at: str) -> None:
    _text(one.get("text"), f"{at}/text", 75, kinds=("plain_text",))
    if "value" in one:
        _string(one["value"], f"{at}/value", 2000)
    if "url" in one:
        _string(one["url"], f"{at}/url", 3000)
        if not one["url"].startswith(("https://", "http://", "mailto:", "slack://")):
            raise _Fault("must be a valid URL", f"{at}/url")
    if "style" in one and one["style"] not in _STYLES:
        raise _Fault("value is not one of the allowed ones", f"{at}/style")


def _static_select(one: dict[str, Any], at: str) -> None:
    if "placeholder" in one:
        _text(one["placeholder"], f"{at}/placeholder", 150, kinds=("plain_text",))
    if "options" not in one and "option_groups" not in one:
        raise _Fault("missing required field: options", at)
    for where, option in _items(one, at, "options", 100):
        if not isinstance(option, dict):
            raise _Fault("must be an object", where)
        _text(option.get("text"), f"{where}/text", 75)
        if "value" not in option:
            raise _Fault("missing required field: value", where)
        _string(option["value"], f"{where}/value", 150)


def _input(block: dict[str, Any], at: str) -> None:
    if "label" not in block:
        raise _Fault("missing required field: label", at)
    _text(block["label"], f"{at}/label", 2000, kinds=("plain_text",))
    element = block.get("element")
    if not isinstance(element, dict):
        raise _Fault("missing required field: element", at)
    if element.get("type") != "plain_text_input":
        _element(element, f"{at}/element")
        return
    if "placeholder" in element:
        _text(element["placeholder"], f"{at}/element/placeholder", 150, kinds=("plain_text",))
    longest = element.get("max_length", 3000)
    if not isinstance(longest, int) or not 1 <= longest <= 3000:
        raise _Fault("must be between 1 and 3000", f"{at}/element/max_length")


def _image(one: dict[str, Any], at: str) -> None:
    _string(one.get("image_url"), f"{at}/image_url", 3000)
    _string(one.get("alt_text"), f"{at}/alt_text", 2000)


def _items(block: dict[str, Any], at: str, name: str, most: int) -> Iterator[tuple[str, Any]]:
    if name not in block:
        return
    values = block[name]
    if not isinstance(values, list):
        raise _Fault("must be an array", f"{at}/{name}")
    if not values:
        raise _Fault("must provide at least 1 item", f"{at}/{name}")
    if len(values) > most:
        raise _Fault(f"no more than {most} items allowed", f"{at}/{name}")
    for number, value in enumerate(values):
        yield f"{at}/{name}/{number}", value


def _text(
    one: Any, at: str, longest: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")
) -> None:
    if not isinstance(one, dict):
        raise _Fault("missing required field: text", at)
    if one.get("type") not in kinds:
        raise _Fault(f"unsupported type: {one.get('type')}", f"{at}/type")
    _string(one.get("text"), f"{at}/text", longest)
    if one["type"] == "mrkdwn" and "emoji" in one:
        raise _Fault("invalid additional property: emoji", at)
    if one["type"] == "plain_text" and "verbatim" in one:
        raise _Fault("invalid additional property: verbatim", at)


def _string(value: Any, at: str, longest: int) -> None:
    if not isinstance(value, str):
        raise _Fault("must be a string", at)
    if not value.strip():
        raise _Fault("must be more than 0 characters", at)
    # Counted as a browser counts, so that a message that passes here passes the stricter reading.
    if len(value.encode("utf-16-le", "surrogatepass")) // 2 > longest:
        raise _Fault(f"must be less than {longest + 1} characters", at)


_CHECKS = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "input": _input,
}
