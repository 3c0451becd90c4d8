"""Reads a SOQL text. What the grammar lacks the sandbox refuses as MALFORMED_QUERY."""

from __future__ import annotations

from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import VisitError

from connectors.sandbox.salesforce.errors import Refusal, at
from connectors.sandbox.salesforce.soql.tree import (
    Call,
    Comparison,
    Junction,
    Name,
    Order,
    Query,
    Value,
)

LONGEST = 100_000
"""Characters of one statement."""
_GRAMMAR = r"""
start: query
query: _SELECT items _FROM source [scope] [where] [group] [having] [order] [limit] [offset] [_for]
items: _item ("," _item)*
_item: "(" query ")" | named | call
named: NAME [NAME]
call: NAME "(" [NAME] ")" [NAME]
source: NAME [NAME]
scope: _USING NAME NAME
where: _WHERE _logic
group: _GROUP _BY _operand ("," _operand)*
having: _HAVING _logic
_logic: _unit | both | either
both: _unit (_AND _unit)+
either: _unit (_OR _unit)+
_unit: negated | "(" _logic ")" | comparison | membership | outside
negated: _NOT _unit
comparison: _operand OPERATOR value
membership: _operand IN "(" _members ")"
outside: _operand _NOT IN "(" _members ")"
_members: value ("," value)* | query
_operand: field | function
field: NAME
function: NAME "(" [NAME] ")"
order: _ORDER _BY ordering ("," ordering)*
ordering: _operand [DIRECTION] [_NULLS NULLS]
limit: _LIMIT COUNT
offset: _OFFSET COUNT
_for: _FOR NAME ("," NAME)*
value: STRING | DATETIME | DATE | NUMBER | RANGE | TRUE | FALSE | NULL

_SELECT.3: /SELECT\b/i
_FROM.3: /FROM\b/i
_USING.3: /USING\b/i
_WHERE.3: /WHERE\b/i
_GROUP.3: /GROUP\b/i
_HAVING.3: /HAVING\b/i
_ORDER.3: /ORDER\b/i
_BY.3: /BY\b/i
_LIMIT.3: /LIMIT\b/i
_OFFSET.3: /OFFSET\b/i
_FOR.3: /FOR\b/i
_AND.3: /AND\b/i
_OR.3: /OR\b/i
_NOT.3: /NOT\b/i
_NULLS.3: /NULLS\b/i
IN.3: /(IN|INCLUDES|EXCLUDES)\b/i
OPERATOR: "=" | "!=" | "<>" | "<=" | ">=" | "<" | ">" | /LIKE\b/i
DIRECTION.3: /(ASC|DESC)\b/i
NULLS.3: /(FIRST|LAST)\b/i
TRUE: /TRUE\b/i
FALSE: /FALSE\b/i
NULL: /NULL\b/i
COUNT: /\d+/
NAME: /[a-z_]\w*(\.[a-z_]\w*)*/i
STRING: /'(?:[^'\\\n]|\\.)*'/
DATETIME.3: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)/i
DATE.2: /\d{4}-\d\d-\d\d/
NUMBER: /[-+]?\d+(\.\d+)?/
RANGE.2: /(TODAY|YESTERDAY|TOMORROW|(LAST|THIS|NEXT)_(WEEK|MONTH|(FISCAL_)?(QUARTER|YEAR))|(LAST|NEXT)_90_DAYS|(LAST|NEXT)_N_(DAYS|WEEKS|MONTHS|(FISCAL_)?(QUARTERS|YEARS)):\d+|N_(DAYS|WEEKS|MONTHS|(FISCAL_)?(QUARTERS|YEARS))_AGO:\d+)\b/i
%import common.WS
%ignore WS
"""  # noqa: E501
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
    if len(text) > LONGEST:
        message = f"SOQL statements cannot be longer than {LONGEST} characters."
        raise Refusal(400, "MALFORMED_QUERY", message)
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


def _name(token: Token, alias: Token | None = None) -> Name:
    return Name(str(token), token.start_pos or 0, str(alias or ""))


@v_args(inline=True)
class _Reader(Transformer[Token, Any]):
    """Turns the parse tree into a ``Query``, bottom up."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def start(self, query: Query) -> Query:
        return query

    def query(self, items: Any, sobject: Name, scope: Any, *clauses: Any) -> Query:  # noqa: ARG002
        where, groups, having, order, limit, offset, *_ = clauses
        return Query(
            text=self._text,
            items=items,
            sobject=sobject,
            where=where,
            groups=groups or (),
            having=having,
            order=order or (),
            limit=limit,
            offset=offset or 0,
        )

    def items(self, *items: Any) -> tuple[Any, ...]:
        return items

    def named(self, name: Token, alias: Token | None) -> Name:
        return _name(name, alias)

    def call(self, name: Token, argument: Token | None, alias: Token | None) -> Call:
        inner = _name(argument) if argument is not None else None
        return Call(str(name), name.start_pos or 0, inner, str(alias or ""))

    def field(self, name: Token) -> Name:
        return _name(name)

    def function(self, name: Token, argument: Token | None) -> Call:
        return self.call(name, argument, None)

    def source(self, name: Token, alias: Token | None) -> Name:
        return _name(name, alias)

    def scope(self, word: Token, which: Token) -> str:
        if word.upper() != "SCOPE" or which.upper() not in ("EVERYTHING", "MINE"):
            where = word if word.upper() != "SCOPE" else which
            message = f"unexpected token: '{where}'"
            raise at(self._text, where.start_pos or 0, message, "MALFORMED_QUERY")
        return str(which)

    def where(self, condition: Any) -> Any:
        return condition

    def having(self, condition: Any) -> Any:
        return condition

    def group(self, *operands: Any) -> tuple[Any, ...]:
        return operands

    def both(self, *parts: Any) -> Junction:
        return Junction("and", parts)

    def either(self, *parts: Any) -> Junction:
        return Junction("or", parts)

    def negated(self, part: Any) -> Junction:
        return Junction("not", (part,))

    def comparison(self, field: Any, operator: Token, value: Value) -> Comparison:
        word = str(operator).upper()
        return Comparison(field, "!=" if word == "<>" else word, value)

    def membership(self, field: Any, word: Token, *values: Any) -> Comparison:
        return self._member(field, str(word).upper(), values)

    def outside(self, field: Any, word: Token, *values: Any) -> Comparison:
        return self._member(field, f"NOT {word}".upper(), values)

    def _member(self, field: Any, word: str, values: tuple[Any, ...]) -> Comparison:
        first = values[0]
        return Comparison(field, word, first if isinstance(first, Query) else values)

    def order(self, *parts: Order) -> tuple[Order, ...]:
        return parts

    def ordering(self, field: Any, direction: Token | None, nulls: Token | None) -> Order:
        down = direction is not None and direction.upper() == "DESC"
        last = None if nulls is None else nulls.upper() == "LAST"
        return Order(field, down, last)

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
