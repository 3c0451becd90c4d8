"""Reads a request body as JSON, more strictly than the standard library does."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from worker.validation import shown


class IntakeError(Exception):
    """The request as a whole is refused: ``status`` is the HTTP answer, ``mend`` what to do."""

    def __init__(self, status: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.mend = mend


def read_json(body: bytes) -> Any:
    """The value that ``body`` holds.

    Raises IntakeError 400 for anything but one JSON value in UTF-8 whose objects name each key
    once and whose numbers are finite.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_number,
        )
    except UnicodeDecodeError as error:
        raise IntakeError(
            400, f"the body is not UTF-8 at byte {error.start}", "send the JSON text as UTF-8"
        ) from error
    except RecursionError as error:
        raise IntakeError(
            400, "the body is nested too deeply", "send the fields of the envelope and no more"
        ) from error
    except json.JSONDecodeError as error:
        raise IntakeError(
            400,
            f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}",
            "send one JSON object or array",
        ) from error
    except ValueError as error:  # an integer with more digits than Python converts
        raise IntakeError(
            400, "the body holds a number that is too large", "send numbers of ordinary size"
        ) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise IntakeError(
            400, f"an object has the key {shown(twice)!r} twice", "name each key once"
        )
    return made


def _constant(name: str) -> NoReturn:
    raise IntakeError(400, f"{name} is not a JSON number", "leave the field out instead")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise IntakeError(
            400, f"the number {shown(text)} is too large", "send numbers of ordinary size"
        )
    return value
