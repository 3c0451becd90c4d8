"""Reads a SOQL text. What the grammar lacks the sandbox refuses as MALFORMED_QUERY."""

from __future__ import annotations

from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import VisitError

from connectors.sandbox.salesforce.errors import Refusal, at
from connectors.sandbox.salesforce.soql.tree import (
    Comparison,
    Junction,
    Name,
    Order,
    Query,
    Value,
)

_GRAMMAR = r"""
start: "SELECT"i _selection "FROM"i sobject [where] [order] [limit] [offset]
_selection: count | fields
count: "COUNT"i "(" ")"
fields: NAME ("," NAME)*
sobject: NAME
where: "WHERE"i _logic
_logic: _unit | both | either
both: _unit ("AND"i _unit)+
either: _unit ("OR"i _unit)+
_unit: negated | "(" _logic ")" | comparison | membership
negated: "NOT"i _unit
comparison: NAME OPERATOR value
membership: NAME [EXCEPT] "IN"i "(" value ("," value)* ")"
order: "ORDER"i "BY"i ordering ("," ordering)*
ordering: NAME [DIRECTION] ["NULLS"i NULLS]
limit: "LIMIT"i COUNT
offset: "OFFSET"i COUNT
value: STRING | DATETIME | DATE | NUMBER | RANGE | TRUE | FALSE | NULL

EXCEPT: "NOT"i
OPERATOR: "=" | "!=" | "<>" | "<=" | ">=" | "<" | ">" | /LIKE\b/i
DIRECTION: /(ASC|DESC)\b/i
NULLS: /(FIRST|LAST)\b/i
TRUE: /TRUE\b/i
FALSE: /FALSE\b/i
NULL: /NULL\b/i
COUNT: /\d+/
NAME: /[a-z_]\w*(\.[a-z_]\w*)*/i
STRING: /'(?:[^'\\\n]|\\.)*'/
DATETIME.3: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)/i
DATE.2: /\d{4}-\d\d-\d\d/
NUMBER: /[-+]?\d+(\.\d+)?/
RANGE.2: /(TODAY|YESTERDAY|TOMORROW|(LAST|NEXT)_N_DAYS:\d+)\b/i
%import common.WS
%ignore WS
"""
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "N": "\n", "R": "\r", "T": "\t"}
_KINDS = {
    "STRING": "string",
    "DATETIME": "datetime",
    "DATE": "date",
    "NUMBER": "number",
    "RANGE": "range",
    "TRUE": "boolean",
    "FALSE": "boolean",
    "NULL": "null",
}


def parse(text: str) -> Query:
    """The query that a text says. Raises Refusal MALFORMED_QUERY."""
    try:
        tree = _parser().parse(text)
        query: Query = _Reader(text).transform(tree)
    except UnexpectedInput as error:
        raise _malformed(text, error) from error
    except VisitError as error:
        if isinstance(error.orig_exc, Refusal):
            raise error.orig_exc from error
        raise
    return query


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=True)


def _malformed(text: str, error: UnexpectedInput) -> Refusal:
    position = int(error.pos_in_stream or 0)
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        position = len(text)
    if not 0 <= position < len(text):
        return at(text, len(text), "unexpected token: '<EOF>'", "MALFORMED_QUERY")
    word = str(token) if token else text[position:].split(None, 1)[0]
    return at(text, position, f"unexpected token: '{word}'", "MALFORMED_QUERY")


def unescape(text: str) -> str:
    """What a quoted literal means; ``\\%`` and ``\\_`` stay as LIKE reads them."""
    out: list[str] = []
    characters = iter(text[1:-1])
    for one in characters:
        if one != "\\":
            out.append(one)
            continue
        after = next(characters)
        out.append(f"\\{after}" if after in "%_" else _ESCAPES.get(after, after))
    return "".join(out)


def _name(token: Token) -> Name:
    return Name(str(token), token.start_pos or 0)


@v_args(inline=True)
class _Reader(Transformer[Token, Any]):
    """Turns the parse tree into a ``Query``, bottom up."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def start(self, fields: Any, sobject: Name, where: Any, order: Any, *ends: Any) -> Query:
        limit, offset = ends
        return Query(
            text=self._text,
            fields=fields,
            sobject=sobject,
            where=where,
            order=order or (),
            limit=limit,
            offset=offset or 0,
        )

    def count(self) -> tuple[Name, ...]:
        return ()

    def fields(self, *names: Token) -> tuple[Name, ...]:
        return tuple(_name(one) for one in names)

    def sobject(self, name: Token) -> Name:
        return _name(name)

    def where(self, condition: Any) -> Any:
        return condition

    def both(self, *parts: Any) -> Junction:
        return Junction("and", parts)

    def either(self, *parts: Any) -> Junction:
        return Junction("or", parts)

    def negated(self, part: Any) -> Junction:
        return Junction("not", (part,))

    def comparison(self, field: Token, operator: Token, value: Value) -> Comparison:
        word = str(operator).upper()
        return Comparison(_name(field), "!=" if word == "<>" else word, value)

    def membership(self, field: Token, negation: Token | None, *values: Value) -> Comparison:
        return Comparison(_name(field), "NOT IN" if negation else "IN", tuple(values))

    def order(self, *parts: Order) -> tuple[Order, ...]:
        return parts

    def ordering(self, field: Token, direction: Token | None, nulls: Token | None) -> Order:
        down = direction is not None and direction.upper() == "DESC"
        last = None if nulls is None else nulls.upper() == "LAST"
        return Order(_name(field), down, last)

    def limit(self, count: Token) -> int:
        return int(count)

    def offset(self, count: Token) -> int:
        if int(count) > 2000:
            message = "Maximum SOQL offset allowed is 2000"
            raise Refusal(400, "NUMBER_OUTSIDE_VALID_RANGE", message)
        return int(count)

    def value(self, token: Token) -> Value:
        kind = _KINDS[token.type]
        text = str(token)
        meaning: Any = text
        if kind == "string":
            meaning = unescape(text)
        elif kind == "number":
            meaning = float(text) if "." in text else int(text)
        elif kind == "boolean":
            meaning = token.type == "TRUE"
        elif kind == "null":
            meaning = None
        return Value(kind, meaning, text, token.start_pos or 0)
