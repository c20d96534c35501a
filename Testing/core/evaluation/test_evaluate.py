"""Hold-out evaluation: what engines get to see, what is scored, and the first figures on a real cine."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from stand_in_engines import StandIn, shifted
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.evaluation.evaluate import evaluate
from temporal_interp.evaluation.hold_out import between, every
from temporal_interp.evaluation.presets import presets_named, scale_native, scale_uvi, scale_uvi_lung
from temporal_interp.evaluation.report import as_text, write_csv
from temporal_interp.evaluation.summary import as_json, as_table, as_tables, frame_rows, summarise
from temporal_interp.io import read_sequence
from temporal_interp.tensors import metrics


def make_sequence(count=5, shape=(2, 12, 14), values=None, dtype=np.uint16, seed=0):
    rng = np.random.default_rng(seed)
    arrays = rng.integers(0, 200, (count, *shape)).astype(dtype)
    geometry = Geometry(shape, (1.5, 1.5, 8.0))
    return Sequence([Volume(a, geometry) for a in arrays], values or range(0, 10 * count, 10))


def shift_engine(vector=(0.0, 0.0, 0.0), jacobian=1.0, **named):
    """Repeats the first frame and claims that everything moved by a fixed vector in mm."""
    return StandIn(shifted(vector, jacobian), **({"name": "shift"} | named))


class TestHoldOut:
    def test_between_hides_all_frames_strictly_between(self):
        (gap,) = between(make_sequence(6), 1, 4).gaps
        assert (gap.first, gap.last, list(gap.held_out)) == (1, 4, [2, 3])

    def test_every_keeps_each_nth_and_leaves_out_what_comes_after_the_last_kept(self):
        gaps = every(make_sequence(8), 3).gaps
        assert [(g.first, g.last) for g in gaps] == [(0, 3), (3, 6)]
        assert [n for g in gaps for n in g.held_out] == [1, 2, 4, 5]

    def test_every_uses_the_last_frame_when_it_is_a_kept_one(self):
        assert [(g.first, g.last) for g in every(make_sequence(5), 2).gaps] == [(0, 2), (2, 4)]

    @pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 2), (3, 1), (-1, 3), (0, 5)])
    def test_between_refuses_ends_without_frames_between(self, first, last):
        with pytest.raises(InvalidInputError):
            between(make_sequence(5), first, last)

    @pytest.mark.parametrize(("count", "step"), [(5, 1), (5, 0), (5, 5), (1, 2)])
    def test_every_refuses_steps_that_hold_nothing_out(self, count, step):
        with pytest.raises(InvalidInputError):
            every(make_sequence(count), step)


class TestPresets:
    def test_native_scale_is_one_for_all_frames(self):
        sequence = make_sequence()
        bright = sequence.volumes[1].with_array(sequence.volumes[1].array * 5)
        sequence = Sequence([sequence.volumes[0], bright], (0, 1))
        dim, lit = (v.array for v in scale_native(sequence).volumes)
        assert lit.max() == 1.0
        assert dim.max() < 0.25
        assert dim.dtype == np.float32

    @pytest.mark.parametrize("slices", [8, 33])
    def test_uvi_scale_crops_the_centre_pads_slices_with_zeros_and_stretches_every_frame(self, slices):
        array = np.random.default_rng(0).integers(50, 100, (slices, 131, 150)).astype(np.int16)
        sequence = Sequence([Volume(a, Geometry(array.shape)) for a in (array, array * 2)], (0, 1))
        one, other = (v.array for v in scale_uvi(sequence).volumes)
        assert one.shape == (32, 128, 128)
        if slices == 8:
            centre = array[:, 1:129, 11:139]
            np.testing.assert_allclose(one[12:20], centre / centre.max(), rtol=1e-6)
            assert not one[:12].any()
            assert not one[20:].any()
        else:
            centre = array[:32, 1:129, 11:139].astype(float)
            np.testing.assert_allclose(one, (centre - 50) / 49, rtol=1e-6)
        np.testing.assert_allclose(one, other, rtol=1e-6)

    def test_uvi_lung_stretches_every_frame_and_keeps_the_grid(self):
        sequence = make_sequence(2, shape=(3, 130, 131))
        for volume, scaled in zip(sequence.volumes, scale_uvi_lung(sequence).volumes, strict=True):
            array = volume.array.astype(float)
            np.testing.assert_allclose(scaled.array, (array - array.min()) / np.ptp(array), rtol=1e-6)
            assert scaled.geometry == volume.geometry

    def test_uvi_lung_means_pool_frames_as_uvi_does(self):
        (uvi,), (lung,) = presets_named("uvi"), presets_named("uvi_lung")
        assert (lung.pooled, lung.scorer) == (uvi.pooled, uvi.scorer) == (True, uvi.scorer)

    def test_uvi_refuses_a_frame_that_is_constant(self):
        volume = Volume(np.zeros((2, 9, 9), np.uint8), Geometry((2, 9, 9)))
        with pytest.raises(InvalidInputError, match="Frame 0 is constant"):
            scale_uvi(Sequence([volume], (0,)))

    def test_an_unknown_preset_is_refused_with_the_choices(self):
        with pytest.raises(InvalidInputError, match="native, uvi, both"):
            presets_named("best")


class TestEvaluate:
    def test_there_is_a_row_for_every_preset_engine_and_held_out_frame(self):
        sequence = make_sequence(5)
        rows = evaluate(sequence, every(sequence, 2), [LinearBlend()], preset="both").rows
        assert [(r.preset, r.engine, r.first, r.last, r.frame) for r in rows] == [
            (preset, engine, first, first + 2, first + 1)
            for preset in ("native", "uvi")
            for engine in ("nearest_endpoint", "linear_blend")
            for first in (0, 2)
        ]

    def test_time_follows_the_index_values(self):
        sequence = make_sequence(4, values=[0, 10, 40, 100])
        rows = evaluate(sequence, between(sequence, 0, 3), []).rows
        assert [(r.t, r.index_value) for r in rows] == [(0.1, 10.0), (0.4, 40.0)]

    def test_engines_see_the_scaled_ends_and_nothing_between(self):
        sequence, engine = make_sequence(5), shift_engine()
        evaluate(sequence, between(sequence, 1, 4), [engine])
        (pair,) = engine.prepared
        scaled = scale_native(sequence).volumes
        np.testing.assert_array_equal(pair.first.array, scaled[1].array)
        np.testing.assert_array_equal(pair.last.array, scaled[4].array)
        assert pair.sequence.times == (0.0, 10.0, 40.0)  # what lies around is shown
        assert (pair.intensity_range.low, pair.intensity_range.high) == (0.0, 1.0)

    def test_frames_after_the_last_that_is_kept_are_not_shown(self):
        sequence, engine = make_sequence(8), shift_engine()
        evaluate(sequence, every(sequence, 3), [engine])
        assert engine.prepared[0].sequence.times == (0.0, 30.0, 60.0)

    def test_native_scores_are_those_of_the_scaled_frames(self):
        sequence = make_sequence(3)
        row = evaluate(sequence, between(sequence, 0, 2), [LinearBlend()]).rows[-1]
        first, truth, last = (v.array for v in scale_native(sequence).volumes)
        predicted = ((first.astype(float) + last) / 2).astype(np.float32)
        moving = metrics.moving_region([first, truth, last])
        assert row.measures["psnr"] == metrics.psnr(predicted, truth)
        assert row.measures["psnr_moving"] == metrics.psnr(predicted, truth, moving)
        assert row.measures["nmse_x100"] == 100 * metrics.nmse(predicted, truth)
        assert row.measures["ssim"] == metrics.ssim_2d(predicted, truth)
        assert row.measures["ncc_ceiling"] == metrics.local_ncc(truth, truth)

    def test_uvi_scores_are_those_of_the_padded_frames(self):
        sequence = make_sequence(3)
        row = evaluate(sequence, between(sequence, 0, 2), [LinearBlend()], preset="uvi").rows[-1]
        first, truth, last = (v.array for v in scale_uvi(sequence).volumes)
        predicted = ((first.astype(float) + last) / 2).astype(np.float32)
        assert row.measures["psnr"] == metrics.psnr(predicted, truth)
        assert row.measures["ncc"] == metrics.local_ncc(predicted, truth)
        assert row.measures["ssim"] == metrics.ssim_3d(predicted, truth)
        assert "psnr_moving" not in row.measures

    def test_the_nearest_endpoint_is_the_first_before_the_middle_and_the_last_from_there(self):
        sequence = make_sequence(5)
        kept = evaluate(sequence, between(sequence, 0, 4), [], keep_frames=(1, 2, 3)).kept
        shown = [kept["native", "nearest_endpoint", n].volume.array for n in (1, 2, 3)]
        scaled = scale_native(sequence).volumes
        for frame, end in zip(shown, (0, 4, 4), strict=True):
            np.testing.assert_array_equal(frame, scaled[end].array)

    def test_only_the_frames_requested_are_kept(self):
        sequence = make_sequence(5)
        kept = evaluate(sequence, between(sequence, 0, 4), [LinearBlend()], keep_frames=(2,)).kept
        assert set(kept) == {("native", "nearest_endpoint", 2), ("native", "linear_blend", 2)}

    def test_a_frame_that_is_not_held_out_cannot_be_kept(self):
        sequence = make_sequence(5)
        with pytest.raises(InvalidInputError, match=r"\[0\]"):
            evaluate(sequence, between(sequence, 0, 4), [], keep_frames=(0, 2))

    def test_fold_rates_are_there_only_for_engines_with_fields(self):
        sequence = make_sequence(3)
        engines = [LinearBlend(), shift_engine(jacobian=-1.0)]
        rows = {r.engine: r.measures for r in evaluate(sequence, between(sequence, 0, 2), engines).rows}
        assert rows["shift"]["fold_rate_first"] == rows["shift"]["fold_rate_last"] == 1.0
        assert "fold_rate_first" not in rows["linear_blend"]

    def test_end_point_error_compares_with_the_truth_of_both_ends_and_with_no_motion(self):
        sequence = make_sequence(4)
        shape = sequence.volumes[0].array.shape
        asked = []

        def displacement(source, frame):
            asked.append((source, frame))
            return np.broadcast_to(np.float32((0.0, 3.0, 4.0) if source == 0 else (3.0, 0.0, 0.0)), (*shape, 3))

        truth = MotionTruth(displacement, lambda frame: np.arange(shape[2]) + np.zeros(shape) < frame)
        engine = shift_engine(vector=(0.0, 3.0, 4.0))
        rows = evaluate(sequence, between(sequence, 0, 3), [engine], truth=truth, preset="both").rows
        rows = [r for r in rows if r.engine == "shift" and "epe_mm" in r.measures]
        assert {r.preset for r in rows} == {"native"}
        assert asked == [(0, 1), (3, 1), (0, 2), (3, 2)]
        for row in rows:
            assert row.measures["epe_mm"] == pytest.approx((0 + np.sqrt(34)) / 2)
            assert row.measures["epe_still_mm"] == pytest.approx((5 + 3) / 2)
            assert row.measures["epe_still_p95_mm"] == pytest.approx(5)

    def test_the_mask_of_the_truth_says_where_errors_count(self):
        sequence = make_sequence(3)
        shape = sequence.volumes[0].array.shape
        true = np.zeros((*shape, 3), np.float32)
        true[0, 0, 0] = (9.0, 0.0, 0.0)
        mask = np.zeros(shape, bool)
        mask[0, 0, 0] = True
        truth = MotionTruth(lambda source, frame: true, mask)
        row = evaluate(sequence, between(sequence, 0, 2), [shift_engine()], truth=truth).rows[-1]
        assert row.measures["epe_mm"] == pytest.approx(9.0)

    def test_two_engines_of_one_name_are_distinguished_by_their_settings(self):
        sequence = make_sequence(3)
        engines = [shift_engine(settings="a"), shift_engine(settings="b")]
        rows = evaluate(sequence, between(sequence, 0, 2), engines).rows
        assert [r.engine for r in rows] == ["nearest_endpoint", "shift (a)", "shift (b)"]
        with pytest.raises(InvalidInputError, match="twice"):
            evaluate(sequence, between(sequence, 0, 2), [LinearBlend(), LinearBlend()])

    def test_synthetic_frames_are_no_truth(self):
        sequence = make_sequence(3)
        marks = [{}, Provenance("linear_blend", 0, 20, 0.5).as_attributes(), {}]
        sequence = Sequence(sequence.volumes, sequence.times, item_attributes=marks)
        with pytest.raises(InvalidInputError, match="Frame 1 is synthetic"):
            evaluate(sequence, between(sequence, 0, 2), [])

    def test_nan_is_refused_with_the_frame_it_is_in(self):
        sequence = make_sequence(3, dtype=np.float32)
        sequence.volumes[2].array[0, 0, 0] = np.nan
        with pytest.raises(InvalidInputError, match="Frame 2"):
            evaluate(sequence, between(sequence, 0, 2), [])

    def test_progress_rises_to_one_and_may_cancel(self):
        sequence, told = make_sequence(5), []
        evaluate(sequence, every(sequence, 2), [LinearBlend()], preset="both", progress=lambda f, _: told.append(f))
        assert told == sorted(told)
        assert told[-1] == pytest.approx(1.0)

        def cancel(fraction, message):
            raise CancelledError

        with pytest.raises(CancelledError):
            evaluate(sequence, every(sequence, 2), [LinearBlend()], progress=cancel)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32, np.float64])
    def test_one_slice_and_any_scalar_type_can_be_evaluated(self, dtype):
        sequence = make_sequence(3, shape=(1, 9, 8), dtype=dtype)
        rows = evaluate(sequence, between(sequence, 0, 2), [LinearBlend()], preset="both").rows
        assert np.isfinite([value for row in rows for value in row.measures.values()]).all()


@pytest.fixture(scope="module")
def evaluations():
    """A short and a long sequence under both presets."""
    short, long = make_sequence(3, seed=1), make_sequence(5, seed=2)
    engines = [LinearBlend(), shift_engine()]
    return [
        evaluate(short, between(short, 0, 2), engines, preset="both", patient="a"),
        evaluate(long, between(long, 0, 4), engines, preset="both", patient="b"),
    ]


@pytest.fixture(scope="module")
def cine(real_data):
    """The real short-axis cine, 25 phases."""
    return read_sequence(real_data / "cine-sax-dicom")


class TestReport:
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


class TestFirstFigures:
    """The first figures on the real short-axis cine, to the last digit printed in the design notes."""

    def figures(self, evaluation, engine):
        (summary,) = [s for s in summarise([evaluation]) if s.engine == engine]
        digits = {"psnr": 2, "nmse_x100": 2, "ssim": 3, "psnr_moving": 2}
        return tuple(round(summary.means[name], n) for name, n in digits.items())

    def test_end_diastole_to_end_systole(self, cine):
        evaluation = evaluate(cine, between(cine, 0, 8), [LinearBlend()])
        assert self.figures(evaluation, "nearest_endpoint") == (28.34, 2.56, 0.925, 15.60)
        assert self.figures(evaluation, "linear_blend") == (29.17, 1.96, 0.932, 16.43)

    @pytest.mark.parametrize(("step", "psnr", "moving"), [(2, 37.02, 25.64), (4, 33.53, 21.31)])
    def test_every_second_and_three_of_four_held_out(self, cine, step, psnr, moving):
        evaluation = evaluate(cine, every(cine, step), [LinearBlend()])
        figures = self.figures(evaluation, "linear_blend")
        assert (figures[0], figures[3]) == (psnr, moving)
