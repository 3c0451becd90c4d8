"""Live reads of an org: one query an object, all of them in one request.

Deals that only the answer made known are asked about in a second request.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.errors import ConnectorError
from connectors.live import LivePart, LiveQuestion, missing
from connectors.salesforce import queries
from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingFieldError, MissingObjectError
from connectors.salesforce.fields import Fields
from connectors.salesforce.source import Source
from connectors.salesforce.values import soql_text
from routing.nouns import (
    Account,
    Deal,
    DealContact,
    MirrorRecord,
    Person,
    Prospect,
    Stage,
)

_MOST_IDS = 200
_MOST_QUERIES = 25
_MOST_ROWS = 500
_ID = re.compile(r"[A-Za-z0-9]{18}|[A-Za-z0-9]{15}")
_PREFIXES = {"User": "005", "Group": "00G", "Contact": "003", "Lead": "00Q", "Account": "001"}


@dataclass(frozen=True, slots=True)
class _Ask:
    """One query: its condition, and what it says about records that do not come.

    ``gone`` are the ids asked for by name; ``column`` and ``values`` as in LivePart.
    """

    source: Source
    where: str
    gone: Collection[str] = ()
    column: str = ""
    values: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Live:
    """Live reads over one client. Every method raises ConnectorError and nothing else."""

    client: Client
    fields: Fields
    sources: Mapping[str, Source]

    def read(self, question: LiveQuestion) -> list[LivePart]:
        """As ``connectors.base.Crm.read_live``."""
        parts = self._answers([ask for one in self._each() for ask in _asks(one, question)])
        more = _further(parts, question)
        if more:
            parts += self._answers([ask for one in self._each() for ask in _asks(one, more)])
        return parts

    def _each(self) -> Iterator[Source]:
        return iter(self.sources.values())

    def _answers(self, asks: Sequence[_Ask]) -> list[LivePart]:
        known = [(ask, query) for ask in asks if (query := self._query(ask))]
        parts: list[LivePart] = []
        for start in range(0, len(known), _MOST_QUERIES):
            some = known[start : start + _MOST_QUERIES]
            found = self.client.together([query for _, query in some])
            for (ask, _), answer in zip(some, found, strict=True):
                if isinstance(answer, MissingObjectError) and ask.source.feature:
                    continue
                if isinstance(answer, ConnectorError):
                    self.fields.forget(ask.source.sobject)
                    raise answer
                parts.append(_part(ask, answer["records"]))
        return parts

    def _query(self, ask: _Ask) -> str:
        source = ask.source
        try:
            columns = queries.columns(source, self.fields.select(source).fields)
        except MissingObjectError:
            if source.feature:
                return ""
            raise
        except MissingFieldError:
            if source.soft:
                return ""
            raise
        where = " AND ".join(f"({one})" for one in (source.where, ask.where) if one)
        # Names are ours or checked settings, values are quoted ids and addresses.
        tests = f" WHERE {where}" if where else ""
        soql = f"SELECT {columns} FROM {source.sobject}{tests}"  # noqa: S608
        return f"{soql} ORDER BY {source.order} LIMIT {_MOST_ROWS}"


def _asks(source: Source, question: LiveQuestion) -> Iterator[_Ask]:
    """The queries that one object is asked for a question, in chunks of ids."""
    if source.noun is Stage:
        if question.stages:
            yield _Ask(source, "")
    elif source.noun in (Person, Account):
        asked = question.people if source.noun is Person else question.accounts
        for ids in _chunks(asked, _PREFIXES.get(source.sobject, "")):
            yield _Ask(source, _in("Id", ids), gone=ids)
    elif source.noun is Prospect:
        yield from _prospects(source, question)
    elif source.noun is Deal:
        yield from _deals(source, question)
    else:
        for column, field, owners in _owned(source, question):
            for ids in _chunks(owners):
                yield _Ask(source, _in(field, ids), column=column, values=ids)


def _prospects(source: Source, question: LiveQuestion) -> Iterator[_Ask]:
    for some in _slices(sorted(question.emails)):
        yield _Ask(source, _in("Email", some))
    for ids in _chunks(question.prospects, _PREFIXES[source.sobject]):
        yield _Ask(source, _in("Id", ids), gone=ids)


def _deals(source: Source, question: LiveQuestion) -> Iterator[_Ask]:
    for ids in _chunks(question.accounts):
        yield _Ask(source, f"{_in('AccountId', ids)} AND (IsClosed = false OR IsWon = true)")
    for ids in _chunks(question.deals):
        yield _Ask(source, _in("Id", ids), gone=ids)


def _owned(source: Source, question: LiveQuestion) -> Iterator[tuple[str, str, Collection[str]]]:
    """By which columns the records of an object belong to what is asked about."""
    asked = {
        "person_id": question.people,
        "prospect_id": question.prospects,
        "account_id": question.accounts,
        "deal_id": question.deals,
    }
    for column, field in source.owned:
        yield column, field, asked[column]


def _further(parts: Sequence[LivePart], question: LiveQuestion) -> LiveQuestion:
    """The deals that the answer names and the question did not."""
    named = set[str]()
    for record in (one for part in parts for one in part.records):
        if isinstance(record, Deal):
            named.add(record.id)
        elif isinstance(record, DealContact) and record.prospect_id in question.prospects:
            named.add(record.deal_id)
    return LiveQuestion(deals=frozenset(named - question.deals))


def _part(ask: _Ask, rows: Sequence[dict[str, object]]) -> LivePart:
    made = (ask.source.make(row) for row in rows)
    records: list[MirrorRecord] = [one for one in made if one is not None]
    cut = len(rows) >= _MOST_ROWS  # of a part that is not whole nothing can be said to be gone
    return LivePart(
        name=ask.source.name,
        records=records,
        gone=() if cut else missing(ask.gone, records),
        column="" if cut else ask.column,
        values=() if cut else ask.values,
    )


def _in(field: str, values: Sequence[str]) -> str:
    return f"{field} IN ({', '.join(soql_text(one) for one in values)})"


def _chunks(ids: Collection[str], prefix: str = "") -> Iterator[Sequence[str]]:
    """The ids that can be ones of an org, for Salesforce refuses a query with any other."""
    good = sorted(one for one in ids if _ID.fullmatch(one) and one.startswith(prefix))
    return _slices(good)


def _slices(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _MOST_IDS):
        yield values[start : start + _MOST_IDS]
