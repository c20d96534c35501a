"""The report of all studies: columns, tables, Markdown, CSV and JSON from the same tidy rows."""

import csv
import json

import numpy as np
import pytest

from temporal_interp.evaluation import report
from temporal_interp.evaluation.report import (
    Column,
    as_markdown,
    as_table,
    as_text,
    as_turned_table,
    finite,
    present,
    write_csv,
)

NAME, SCORE = Column("name", "method"), Column("psnr", "PSNR dB", "{:.2f}")
ROWS = [{"name": "ours", "psnr": 30.126}, {"name": "theirs"}]


def cells(table, width=100):
    """The cells of a table, line by line, headings first."""
    lines = as_text([table], width=width).splitlines()
    return [[cell.strip() for cell in line.replace("┃", "│").split("│")[1:-1]] for line in lines if line[0] in "│┃"]


class TestColumn:
    def test_a_value_has_its_format_and_its_deviation(self):
        column = Column("mse", "MSE", "{:.1f}", deviation="mse_std")
        assert column.cell({"mse": 1.25, "mse_std": 0.31}) == "1.2 ± 0.3"
        assert Column("seconds", "s", lambda value: f"{value / 60:.0f} min").cell({"seconds": 120.0}) == "2 min"

    @pytest.mark.parametrize("row", [{}, {"psnr": None}, {"psnr": float("nan")}, {"psnr": np.float64("nan")}])
    def test_what_is_missing_is_a_dash_or_what_the_column_says(self, row):
        assert SCORE.cell(row) == "-"
        assert Column("psnr", "PSNR", missing="").cell(row) == ""

    def test_infinity_and_zero_are_values(self):
        assert SCORE.cell({"psnr": float("inf")}) == "inf"
        assert SCORE.cell({"psnr": 0.0}) == "0.00"

    @pytest.mark.parametrize("study", ["HOLD_OUT", "TABLE_1", "TRACKING", "SLICES", "ABLATION"])
    def test_no_study_shows_a_value_twice(self, study):
        names = [column.name for column in getattr(report, study)]
        assert len(set(names)) == len(names)


class TestTable:
    def test_a_line_for_every_row_without_columns_that_nobody_has(self):
        assert present(ROWS, [NAME, SCORE, Column("ssim", "SSIM")]) == [NAME, SCORE]
        assert cells(as_table(ROWS, [NAME, SCORE, Column("ssim", "SSIM")])) == [
            ["method", "PSNR dB"],
            ["ours", "30.13"],
            ["theirs", "-"],
        ]

    def test_turned_it_has_a_column_for_every_row(self):
        assert cells(as_turned_table(ROWS, [NAME, SCORE])) == [["method", "ours", "theirs"], ["PSNR dB", "30.13", "-"]]

    def test_without_rows_there_is_a_title(self):
        assert "nothing" in as_text([as_table([], [NAME, SCORE], title="nothing", section="name", compact=True)])

    def test_a_line_is_drawn_where_the_section_changes(self):
        rows = [{"name": name, "figures": figures} for name, figures in (("a", "ours"), ("b", "ours"), ("c", "quoted"))]
        lines = as_text([as_table(rows, [NAME], section="figures")]).splitlines()
        assert [line for line in lines if line.startswith("├")] == [lines[-3]]

    def test_a_compact_table_is_never_cut(self):
        rows = [{"name": "a method with a long name", "psnr": 1.0}]
        text = as_text([as_table(rows, [NAME, SCORE], compact=True)], width=20)
        assert "a method with a long name" in text
        assert "│" not in text


class TestMarkdown:
    def test_cells_in_bold_and_bars_escaped(self):
        rows = [{"name": "a|b", "psnr": 2.0}, {"name": "c", "psnr": 3.0}]
        text = as_markdown(rows, [NAME, SCORE], bold=lambda row, column: column is SCORE and row["psnr"] > 2)
        assert text.splitlines() == [
            "| method | PSNR dB |",
            "|---|---:|",
            "| a\\|b | 2.00 |",
            "| c | **3.00** |",
        ]

    def test_a_reason_stands_in_place_of_all_figures(self):
        columns = [NAME, SCORE, Column("ssim", "SSIM")]
        text = as_markdown([{"name": "c", "why": "no luck"}], columns, instead="why")
        assert text.splitlines()[-1] == "| c | no luck |  |"


class TestFiles:
    def test_csv_has_a_column_for_every_name_and_makes_its_folder(self, tmp_path):
        path = tmp_path / "new" / "scores.csv"
        write_csv([{"a": 1, "b": 2}, {"a": 3, "c": 4}], path)
        with path.open(newline="") as file:
            assert list(csv.DictReader(file)) == [{"a": "1", "b": "2", "c": ""}, {"a": "3", "b": "", "c": "4"}]
        assert list(path.parent.iterdir()) == [path]

    def test_json_has_no_nan_and_no_infinity_at_any_depth(self):
        told = finite({"a": float("nan"), "b": [{"c": float("-inf")}, (1.5, "x")]})
        assert json.loads(json.dumps(told, allow_nan=False)) == {"a": None, "b": [{"c": None}, [1.5, "x"]]}
