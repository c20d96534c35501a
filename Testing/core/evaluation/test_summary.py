"""Means over patients and frames, and their tables, CSV and JSON."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from scored_sequences import make_sequence, shift_engine
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.evaluation.evaluate import evaluate
from temporal_interp.evaluation.hold_out import between
from temporal_interp.evaluation.report import as_text, write_csv
from temporal_interp.evaluation.summary import as_json, as_table, as_tables, frame_rows, summarise


@pytest.fixture(scope="module")
def evaluations():
    """A short and a long sequence under both presets."""
    short, long = make_sequence(3, seed=1), make_sequence(5, seed=2)
    engines = [LinearBlend(), shift_engine()]
    return [
        evaluate(short, between(short, 0, 2), engines, preset="both", patient="a"),
        evaluate(long, between(long, 0, 4), engines, preset="both", patient="b"),
    ]


class TestSummary:
    def test_native_means_are_per_patient_and_uvi_means_pool_frames(self, evaluations):
        summary = {(s.preset, s.engine): s for s in summarise(evaluations)}
        assert summary["native", "shift"].patients == 2
        assert summary["native", "shift"].frames == 4
        for preset, pooled in (("native", False), ("uvi", True)):
            psnr = [
                [r.measures["psnr"] for r in e.rows if (r.preset, r.engine) == (preset, "shift")] for e in evaluations
            ]
            expected = np.mean(np.concatenate(psnr)) if pooled else np.mean([np.mean(p) for p in psnr])
            assert summary[preset, "shift"].means["psnr"] == pytest.approx(expected)

    def test_the_table_shows_the_ceiling_below_ncc_and_a_dash_for_what_is_not_there(self, evaluations):
        text = as_text([as_table(summarise(evaluations), title="held out")], width=200)
        lines = [
            [cell.strip() for cell in re.split("[│┃]", line)[1:-1]] for line in text.splitlines() if line[0] in "│┃"
        ]
        table = {line[0]: line[1:] for line in lines}
        assert "held out" in text
        assert table["engine"] == ["nearest endpoint", "linear blend", "shift"] * 2
        assert table["preset"] == ["native"] * 3 + ["uvi"] * 3
        assert list(table).index("NCC ceiling") == list(table).index("NCC") + 1
        assert [cell == "-" for cell in table["folds first"]] == [True, True, False] * 2
        assert [cell == "-" for cell in table["moving dB"]] == [False] * 3 + [True] * 3

    def test_every_preset_has_a_table_of_its_own(self, evaluations):
        native, uvi = (as_text([table]) for table in as_tables(summarise(evaluations)))
        assert "moving dB" in native
        assert "uvi" not in native
        assert "moving dB" not in uvi
        assert "native" not in uvi

    def test_settings_with_brackets_are_shown_as_they_are(self, evaluations):
        (summary, *_) = summarise(evaluations)
        assert "grid [3]" in as_text([as_table([replace(summary, engine="field (grid [3])")])])

    def test_csv_has_a_line_for_every_row_and_one_heading_for_all(self, evaluations, tmp_path):
        path = tmp_path / "scores.csv"
        write_csv(frame_rows(evaluations), path)
        with path.open(newline="") as file:
            lines = list(csv.DictReader(file))
        rows = [row for e in evaluations for row in e.rows]
        assert len(lines) == len(rows)
        assert [float(line["psnr"]) for line in lines] == [row.measures["psnr"] for row in rows]
        assert [line["patient"] for line in lines] == [row.patient for row in rows]
        assert lines[0]["fold_rate_first"] == ""
        assert list(tmp_path.iterdir()) == [path]

    def test_a_csv_that_cannot_be_written_leaves_the_old_one(self, evaluations, tmp_path, monkeypatch):
        path = tmp_path / "scores.csv"
        path.write_text("old")

        def fail(self, *args, **kwargs):
            raise OSError("disk full")

        monkeypatch.setattr("pathlib.Path.replace", fail)
        with pytest.raises(OSError, match="disk full"):
            write_csv(frame_rows(evaluations), path)
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_json_holds_no_nan_and_no_infinity(self):
        sequence = make_sequence(3)
        sequence = Sequence([sequence.volumes[n] for n in (0, 0, 1)], (0, 1, 3))
        told = as_json([evaluate(sequence, between(sequence, 0, 2), [])])  # frame 1 repeats frame 0: infinite PSNR
        text = json.dumps(told, allow_nan=False)
        assert json.loads(text)["rows"][0]["psnr"] is None
        assert told["summary"][0]["engine"] == "nearest_endpoint"
