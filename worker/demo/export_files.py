"""Reads the files of a CRM export and refuses, with file, row and column, what it cannot read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path

from connectors.errors import ConnectorError
from connectors.people_csv.table import Problems, Row, Shape, nearest, read_table, shown

STAGES = ("Prospecting", "Engaging", "Won", "Lost")
_ACCOUNTS = Shape(
    file="accounts.csv",
    required=("account", "office_location"),
    optional=("sector", "year_established", "revenue", "employees", "subsidiary_of"),
)
_TEAMS = Shape(file="sales_teams.csv", required=("sales_agent", "manager", "regional_office"))
_PRODUCTS = Shape(file="products.csv", required=("product", "sales_price"), optional=("series",))
_PIPELINE = Shape(
    file="sales_pipeline.csv",
    required=("opportunity_id", "sales_agent", "product", "deal_stage"),
    optional=("account", "engage_date", "close_date", "close_value"),
)
_MOST_BYTES = 100_000_000


class ExportError(Exception):
    """The export cannot be read; the text lists every problem with its place and its mend."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A line of sales_teams.csv."""

    name: str
    manager: str
    office: str


@dataclass(frozen=True, slots=True)
class Company:
    """A line of accounts.csv. ``parent`` is the name of another account or ''."""

    name: str
    country: str
    parent: str


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A line of sales_pipeline.csv. ``account`` is '' where the export has none."""

    id: str
    agent: str
    product: str
    account: str
    stage: str
    engaged: datetime | None
    closed: datetime | None
    value: float | None


@dataclass(slots=True)
class ExportFiles:
    """Everything that the export says. ``respelled`` counts product names that were unified."""

    agents: dict[str, Agent] = field(default_factory=dict)
    companies: dict[str, Company] = field(default_factory=dict)
    prices: dict[str, float] = field(default_factory=dict)
    deals: list[Opportunity] = field(default_factory=list)
    respelled: dict[tuple[str, str], int] = field(default_factory=dict)


def read_export(folder: Path) -> ExportFiles:
    """The export in ``folder``. Raises ExportError."""
    if not folder.is_dir():
        raise ExportError(
            f"{folder} is not a folder. Mend: name the folder that holds accounts.csv, "
            "sales_teams.csv, products.csv and sales_pipeline.csv"
        )
    try:
        return _read(folder, Problems(folder))
    except ConnectorError as error:
        raise ExportError(f"{error}\nMend: {error.mend}") from error


def _read(folder: Path, problems: Problems) -> ExportFiles:
    files = ExportFiles()
    tables = {
        shape.file: read_table(folder, shape, problems, _MOST_BYTES) or []
        for shape in (_ACCOUNTS, _TEAMS, _PRODUCTS, _PIPELINE)
    }
    problems.raise_if_any()
    for row in _distinct(tables["sales_teams.csv"], "sales_agent", problems):
        name = row["sales_agent"]
        files.agents[name] = Agent(name, row["manager"], row["regional_office"])
    _read_companies(tables["accounts.csv"], files, problems)
    for row in _distinct(tables["products.csv"], "product", problems):
        files.prices[row["product"]] = _number(row, "sales_price", problems) or 0.0
    pipeline = _distinct(tables["sales_pipeline.csv"], "opportunity_id", problems)
    if pipeline and not any("account" in row.cells for row in pipeline):
        problems.add("sales_pipeline.csv", 1, "account", "is missing", "add the column")
    for row in pipeline:
        files.deals.append(_deal(row, files, problems))
    problems.raise_if_any()
    return files


def _distinct(rows: list[Row], column: str, problems: Problems) -> list[Row]:
    """The rows, each repeated value of ``column`` noted as a problem."""
    first: dict[str, Row] = {}
    for row in rows:
        if row[column] in first:
            what = f"{shown(row[column])!r} already stands in row {first[row[column]].number}"
            problems.add(row.file, row.number, column, what, "delete one of the two rows")
        first.setdefault(row[column], row)
    return list(first.values())


def _read_companies(rows: list[Row], files: ExportFiles, problems: Problems) -> None:
    distinct = _distinct(rows, "account", problems)
    names = {row["account"] for row in distinct}
    for row in distinct:
        name, parent = row["account"], row["subsidiary_of"]
        if parent:
            _known(row, "subsidiary_of", names - {name}, problems)
        files.companies[name] = Company(name, row["office_location"], parent)
    for row in distinct:
        seen = [row["account"]]
        while (parent := files.companies[seen[-1]].parent) in files.companies:
            if parent in seen:
                what = f"{' → '.join([*seen, parent])} goes round in a circle"
                problems.add(row.file, row.number, "subsidiary_of", what, "empty one of them")
                break
            seen.append(parent)


def _deal(row: Row, files: ExportFiles, problems: Problems) -> Opportunity:
    _known(row, "sales_agent", files.agents, problems)
    _known(row, "deal_stage", STAGES, problems)
    if row["account"]:
        _known(row, "account", files.companies, problems)
    return Opportunity(
        id=row["opportunity_id"],
        agent=row["sales_agent"],
        product=_product(row, files, problems),
        account=row["account"],
        stage=row["deal_stage"],
        engaged=_day(row, "engage_date", problems),
        closed=_day(row, "close_date", problems),
        value=_number(row, "close_value", problems),
    )


def _product(row: Row, files: ExportFiles, problems: Problems) -> str:
    """The product as products.csv spells it; spaces and case do not count."""
    written = row["product"]
    if written in files.prices:
        return written
    folded = {_folded(name): name for name in files.prices}
    known = folded.get(_folded(written))
    if known is None:
        _known(row, "product", files.prices, problems)
        return written
    files.respelled[written, known] = files.respelled.get((written, known), 0) + 1
    return known


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()


def _known(row: Row, column: str, known: Collection[str], problems: Problems) -> None:
    if row[column] not in known:
        mend = nearest(row[column], sorted(known)) or f"use one of: {', '.join(sorted(known)[:6])}"
        what = f"{shown(row[column])!r} is unknown"
        problems.add(row.file, row.number, column, what, mend)


def _number(row: Row, column: str, problems: Problems) -> float | None:
    text = row[column]
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e15:
        what = f"{shown(text)!r} is no amount"
        problems.add(row.file, row.number, column, what, "write a number like 1054.50")
        return None
    return value


def _day(row: Row, column: str, problems: Problems) -> datetime | None:
    if not row[column]:
        return None
    try:
        day = date.fromisoformat(row[column])
    except ValueError:
        what = f"{shown(row[column])!r} is no date"
        problems.add(row.file, row.number, column, what, "write it like 2017-03-01")
        return None
    # Noon, so that the day stays the same day in every office's time zone.
    return datetime.combine(day, time(12), UTC)
