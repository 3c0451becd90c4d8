"""An export with faults is refused with file, row, column and mend; small ones are understood."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from worker.demo.export import ExportError, load_export

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
GOOD = {
    "accounts.csv": (
        "account,office_location,subsidiary_of\nAcme,United States,\nÆsir,Norway,Acme\n"
    ),
    "sales_teams.csv": "sales_agent,manager,regional_office\nAnn Lee,Mia Ray,East\n",
    "products.csv": "product,series,sales_price\nGTX Pro,GTX,4821\n",
    "sales_pipeline.csv": (
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "D1,Ann Lee,GTXPro,Acme,Engaging,2017-01-02,,\n"
        "D2,Ann Lee,GTX Pro,Æsir,Won,2017-01-02,2017-02-03,55\n"
    ),
}


def write(folder: Path, **changed: str | None) -> Path:
    for name, good in GOOD.items():
        text = changed.get(name.removesuffix(".csv"), good)
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(ExportError) as caught:
        load_export(folder, NOW)
    return str(caught.value)


def test_a_small_export_makes_a_world(tmp_path: Path) -> None:
    export = load_export(write(tmp_path), NOW)
    assert [one.name for one in export.world.accounts] == ["Acme", "Æsir"]
    assert {one.role for one in export.world.people} == {"AE", "Manager", "BDR", "CSM", "Admin"}
    assert [deal.amount for deal in export.world.deals] == [4821.0, 55.0]
    assert [deal.name for deal in export.world.deals] == ["Acme GTX Pro D1", "Æsir GTX Pro D2"]


def test_accounts_whose_names_differ_in_punctuation_only_get_different_addresses(
    tmp_path: Path,
) -> None:
    text = "account,office_location\nA B,United States\nA.B,United States\nあ,Japan\nい,Japan\n"
    lone = "opportunity_id,sales_agent,product,account,deal_stage\n"
    export = load_export(write(tmp_path, accounts=text, sales_pipeline=lone), NOW)
    assert len({one.email for one in export.world.contacts}) == 4
    assert len({one.domain for one in export.world.accounts}) == 4
    assert len({one["id"] for one in export.signals}) == 4


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nowhere is not a folder" in refusal(tmp_path / "nowhere")


def test_a_missing_file_is_named_with_its_columns(tmp_path: Path) -> None:
    said = refusal(write(tmp_path, products=None))
    assert "products.csv: the file is missing" in said
    assert "product, sales_price" in said


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    assert "sales_teams.csv row 1, column manager: is missing" in refusal(
        write(tmp_path, sales_teams="sales_agent,regional_office\nAnn Lee,East\n")
    )


@pytest.mark.parametrize(
    ("row", "place", "mend"),
    [
        ("D1,Bob,GTX Pro,Acme,Won,,,", "row 2, column sales_agent: 'Bob'", "Ann Lee"),
        ("D1,Ann Lee,GTX Prro,Acme,Won,,,", "row 2, column product: 'GTX Prro'", "GTX Pro"),
        ("D1,Ann Lee,GTX Pro,Acne,Won,,,", "row 2, column account: 'Acne'", "'Acme'"),
        ("D1,Ann Lee,GTX Pro,Acme,Wonn,,,", "row 2, column deal_stage: 'Wonn'", "'Won'"),
        ("D1,Ann Lee,GTX Pro,Acme,Won,02.03.17,,", "row 2, column engage_date", "2017-03-01"),
        ("D1,Ann Lee,GTX Pro,Acme,Won,,,nan", "row 2, column close_value", "1054.50"),
        (",Ann Lee,GTX Pro,Acme,Won,,,", "row 2, column opportunity_id: is empty", "fill it in"),
        ("D1,Ann Lee,GTX Pro,Acme,Won,,,\nD1,Ann Lee,GTX Pro,,Won,,,", "row 3", "delete one"),
    ],
)
def test_a_bad_row_is_named_with_its_mend(tmp_path: Path, row: str, place: str, mend: str) -> None:
    header = GOOD["sales_pipeline.csv"].splitlines()[0]
    said = refusal(write(tmp_path, sales_pipeline=f"{header}\n{row}\n"))
    assert "sales_pipeline.csv" in said
    assert place in said
    assert mend in said


def test_parents_that_go_round_in_a_circle_are_refused(tmp_path: Path) -> None:
    text = "account,office_location,subsidiary_of\nA,Norway,B\nB,Norway,A\n"
    lone = "opportunity_id,sales_agent,product,account,deal_stage\n"
    said = refusal(write(tmp_path, accounts=text, sales_pipeline=lone))
    assert "goes round in a circle" in said
