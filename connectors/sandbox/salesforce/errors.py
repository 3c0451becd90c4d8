"""Refusals in the vendor's own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refusal(Exception):
    """An error answer: HTTP status, ``errorCode``, message and the fields it is about."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = list(fields)

    def body(self) -> list[dict[str, Any]]:
        """The error as a whole answer."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            error["fields"] = self.fields
        return [error]

    def row(self) -> dict[str, Any]:
        """The error as one row's in the answer to a collection."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields}


def not_found(message: str = "The requested resource does not exist") -> Refusal:
    """Nothing at this address."""
    return Refusal(404, "NOT_FOUND", message)


def no_such_column(name: str, sobject: str) -> Refusal:
    """A write that names a field which the object has not."""
    message = f"No such column '{name}' on sobject of type {sobject}"
    return Refusal(400, "INVALID_FIELD", message, ())


def at(text: str, position: int, message: str, code: str) -> Refusal:
    """A refusal of a query, pointing at the place as the vendor does."""
    start = max(0, position - 40)
    excerpt = " ".join(text[start : position + 40].split("\n"))
    caret = " " * (position - start) + "^"
    where = f"ERROR at Row:1:Column:{position + 1}"
    return Refusal(400, code, f"\n{excerpt}\n{caret}\n{where}\n{message}")
