"""Hold-out evaluation: what engines get to see, what is scored, and the first figures on a real cine."""

import numpy as np
import pytest

from scored_sequences import make_sequence, shift_engine
from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.evaluation.evaluate import evaluate
from temporal_interp.evaluation.hold_out import between, every
from temporal_interp.evaluation.presets import scale_native, scale_uvi
from temporal_interp.evaluation.summary import summarise
from temporal_interp.io import read_sequence
from temporal_interp.tensors import metrics


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

    def test_frames_in_the_last_gap_of_a_loop_are_predicted_from_its_last_kept_frame_and_its_first(self):
        loop = make_sequence(6, values=[0, 10, 20, 30, 40, 55]).as_loop(60.0)
        hold_out = every(loop, 4)
        rows = evaluate(loop, hold_out, [LinearBlend(), shift_engine()], keep_frames=(5,))
        (row,) = [r for r in rows.rows if r.engine == "linear_blend" and r.frame == 5]
        assert (row.first, row.last, row.t, row.index_value) == (4, 0, 0.75, 55.0)
        scaled = scale_native(loop).volumes
        expected = 0.25 * scaled[4].array.astype(float) + 0.75 * scaled[0].array
        np.testing.assert_allclose(rows.kept["native", "linear_blend", 5].volume.array, expected, atol=1e-6)
        assert row.measures["psnr"] == pytest.approx(metrics.psnr(expected, scaled[5].array), abs=1e-3)
        frames = {r.frame for r in rows.rows}
        assert frames == {1, 2, 3, 5}

    def test_the_motion_in_the_last_gap_of_a_loop_is_compared_with_that_of_the_first_frame(self):
        loop, asked = make_sequence(4).as_loop(), []

        def displacement(source, frame):
            asked.append((source, frame))
            return np.zeros((*loop.geometry.shape, 3), np.float32)

        evaluate(loop, every(loop, 2), [shift_engine()], truth=MotionTruth(displacement))
        assert asked == [(0, 1), (2, 1), (2, 3), (0, 3)]

    def test_native_scores_are_those_of_the_scaled_frames(self):
        sequence = make_sequence(3)
        row = evaluate(sequence, between(sequence, 0, 2), [LinearBlend()]).rows[-1]
        first, truth, last = (v.array for v in scale_native(sequence).volumes)
        predicted = ((first.astype(float) + last) / 2).astype(np.float32)
        moving = metrics.moving_region([first, truth, last])
        assert row.measures["psnr"] == metrics.psnr(predicted, truth)
        assert row.measures["psnr_moving"] == metrics.psnr(predicted, truth, moving)
        assert row.measures["detail"] == metrics.detail(predicted, truth, moving)
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

    def test_two_models_of_one_engine_are_distinguished_by_their_names_and_files_of_one_name_by_their_contents(self):
        sequence = make_sequence(3)
        files = [("student 2.0", "aa"), ("adapted.safetensors", "bb"), ("adapted.safetensors", "123456789")]
        engines = [shift_engine(model=model, model_sha256=checksum) for model, checksum in files]
        rows = evaluate(sequence, between(sequence, 0, 2), engines).rows
        assert [r.engine for r in rows[1:]] == [
            "shift (student 2.0)",
            "shift (adapted.safetensors, bb)",
            "shift (adapted.safetensors, 12345678)",
        ]

    def test_synthetic_frames_are_no_truth(self):
        sequence = make_sequence(3)
        marks = [{}, Provenance("linear_blend", 0, 20, 0.5).as_attributes(), {}]
        sequence = Sequence(sequence.volumes, sequence.times, item_attributes=marks)
        with pytest.raises(InvalidInputError, match="Frame 1 is synthetic"):
            evaluate(sequence, between(sequence, 0, 2), [])

    def test_a_frame_that_shows_nothing_is_refused_by_number(self):
        sequence = make_sequence(3, dtype=np.float32)
        sequence.volumes[2].array[:] = np.nan
        with pytest.raises(InvalidInputError, match="Frame 2"):
            evaluate(sequence, between(sequence, 0, 2), [])

    @pytest.mark.parametrize("preset", ["native", "uvi"])
    @pytest.mark.filterwarnings("error")
    def test_nan_does_not_count(self, preset):
        holed = make_sequence(3, dtype=np.float32)
        for volume in holed.volumes:
            volume.array[:, 0, 0] = np.nan
        holed.volumes[1].array[0, 11, 13] = np.inf
        *_, row = evaluate(holed, between(holed, 0, 2), [LinearBlend()], preset=preset).rows
        assert np.isfinite([row.measures[name] for name in ("psnr", "ncc", "ncc_ceiling", "ssim", "nmse_x100")]).all()
        if preset == "native":
            first, truth, last = (volume.array for volume in scale_native(holed))
            error = ((first + last) / 2 - truth)[np.isfinite(holed[1].array)]
            assert row.measures["psnr"] == pytest.approx(-10 * np.log10(np.mean(error**2)))

    @pytest.mark.filterwarnings("error")
    def test_the_motion_of_what_is_not_seen_does_not_count(self):
        sequence = make_sequence(3, dtype=np.float32)
        seen = np.ones(sequence[1].array.shape, bool)
        seen[:, 3] = False
        sequence[1].array[~seen] = np.nan
        away = np.where(seen, 0.0, 9.0)[..., None] * np.array([1.0, 0.0, 0.0])
        truth = MotionTruth(lambda source, target: away)
        *_, row = evaluate(sequence, between(sequence, 0, 2), [shift_engine()], truth=truth).rows
        assert row.measures["epe_mm"] == 0.0

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
def cine(real_data):
    """The real short-axis cine, 25 phases."""
    return read_sequence(real_data / "cine-sax-dicom")


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
