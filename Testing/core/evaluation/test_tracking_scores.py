"""The table of tracking: the two measures, the methods that are compared, and what all of them are given."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, InvalidInputError, no_progress
from temporal_interp.evaluation import pairwise_demons, pairwise_nmsr, pairwise_syn
from temporal_interp.evaluation.pairwise_catalogue import METHOD_NAMES, available_method_names, create_method
from temporal_interp.evaluation.pairwise_methods import Identity, PairByPair, Tracked
from temporal_interp.evaluation.pairwise_nmsr import Nmsr
from temporal_interp.evaluation.report import TRACKING, as_table, as_text
from temporal_interp.evaluation.tracking_scores import scale_to_unit, score_pair
from temporal_interp.evaluation.tracking_table import evaluate_tracking, pair_rows, summary_rows
from temporal_interp.simulation import BeatingHeart, even_phases, make_heart_cine, short_axis_slice
from temporal_interp.tensors import metrics
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.track import track

OBLIQUE = ((0.0, -0.6, 0.8), (1.0, 0.0, 0.0), (0.0, 0.8, 0.6))
"""Columns: the I axis points to y, J to -0.6 x + 0.8 z, K to 0.8 x + 0.6 z, in LPS."""


def blobs(shape, shift, seed=0):
    """A smooth picture (K, J, I) in [0, 1], moved by so many voxels along (K, J, I)."""
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1) - np.asarray(shift)
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, shape, (12, 3))
    picture = sum(np.exp(-((grid - c) ** 2).sum(-1) / 18) for c in centres)
    return (picture / 3).clip(0, 1).astype(np.float32)


def moving_sequence(shape, shift, spacing=(1.5, 2.0, 8.0), frames=3, slice_thickness=None, dtype=np.float32):
    """Frame n is moved by n times the shift (K, J, I), in voxels, on an oblique grid."""
    geometry = Geometry(shape, spacing, (5.0, -7.0, 11.0), OBLIQUE)
    pictures = [blobs(shape, np.multiply(n, shift)) for n in range(frames)]
    if dtype == np.uint8:
        pictures = [np.rint(255 * p) for p in pictures]
    volumes = [Volume(p.astype(dtype), geometry) for p in pictures]
    return Sequence(volumes, range(frames), slice_thickness=slice_thickness)


def true_field(sequence, shift):
    """Frame n + 1 at x is frame n at x - shift: the resampling field, (K, J, I, 3) LPS mm."""
    geometry = sequence.volumes[0].geometry
    vector = -(geometry.voxel_to_physical @ np.asarray(shift, float)[::-1])
    return np.broadcast_to(vector.astype(np.float32), (*geometry.shape, 3))


@dataclass(frozen=True)
class Fixed:
    """A method that gives the same field for every pair, and remembers what it was given."""

    field: np.ndarray
    seen: list
    name: str = "fixed"

    def track(self, sequence, pairs, *, mask, progress):
        self.seen.append((sequence, tuple(pairs), mask))
        progress(1.0, self.name)
        return [Tracked(self.name, dict.fromkeys(pairs, self.field), 2.5)]


class TestMeasures:
    def test_local_correlation_is_its_definition_window_by_window(self):
        rng = np.random.default_rng(0)
        truth = rng.random((2, 25, 30))
        other = truth + rng.normal(0, 0.3, truth.shape)
        expected = np.empty(truth.shape)
        for k, j, i in np.ndindex(truth.shape):
            window = (slice(max(0, j - 10), j + 11), slice(max(0, i - 10), i + 11))
            expected[k, j, i] = np.corrcoef(other[k][window].ravel(), truth[k][window].ravel())[0, 1] ** 2
        assert metrics.local_correlation(other, truth, in_plane=True) == pytest.approx(expected.mean(), abs=1e-10)
        # both slices lie in every window of 21 x 21 x 21
        for k, j, i in np.ndindex(truth.shape):
            window = (slice(None), slice(max(0, j - 10), j + 11), slice(max(0, i - 10), i + 11))
            expected[k, j, i] = np.corrcoef(other[window].ravel(), truth[window].ravel())[0, 1] ** 2
        assert metrics.local_correlation(other, truth) == pytest.approx(expected.mean(), abs=1e-10)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
    def test_local_correlation_does_not_see_gain_and_offset(self, dtype):
        truth = np.random.default_rng(1).integers(0, 100, (1, 30, 30)).astype(dtype)
        assert metrics.local_correlation(truth * dtype(2) + dtype(7), truth) == pytest.approx(1, abs=1e-9)

    def test_flat_windows_count_as_unlike(self):
        truth = np.zeros((1, 80, 80))
        truth[:, :, 40:] = np.random.default_rng(2).random((1, 80, 40))
        # windows about columns 0 to 29 see nothing but zeros
        assert metrics.local_correlation(truth, truth) == pytest.approx(50 / 80, abs=1e-9)
        assert metrics.local_correlation(np.full_like(truth, 0.3), truth) == 0

    def test_one_grey_level_of_eight_bits_is_structure_and_rounding_is_not(self):
        truth = np.full((1, 21, 21), 0.5)
        truth[0, 10, 10] += 1 / 255
        assert metrics.local_correlation(truth, truth) == pytest.approx(1, abs=1e-6)
        rounding = 0.7 + np.random.default_rng(3).normal(0, 6e-8, truth.shape)
        assert metrics.local_correlation(rounding, rounding) == 0

    def test_masks_choose_what_is_averaged_not_what_windows_see(self):
        rng = np.random.default_rng(4)
        truth, other = rng.random((1, 30, 30)), rng.random((1, 30, 30))
        left = np.zeros(truth.shape, bool)
        left[..., :15] = True
        parts = [metrics.local_correlation(other, truth, mask) for mask in (left, ~left)]
        assert metrics.local_correlation(other, truth) == pytest.approx(np.mean(parts), abs=1e-12)
        changed = np.where(left, other, 0)
        assert metrics.local_correlation(changed, truth, left) != pytest.approx(parts[0], abs=1e-3)
        halves = [metrics.mse(other, truth, mask) for mask in (left, ~left)]
        assert metrics.mse(other, truth) == pytest.approx(np.mean(halves), abs=1e-12)
        assert metrics.mse(changed, truth, left) == halves[0]

    @pytest.mark.parametrize("measure", [metrics.mse, metrics.local_correlation])
    def test_empty_masks_are_not_a_number_and_wrong_shapes_are_refused(self, measure):
        image = np.zeros((1, 5, 5))
        assert np.isnan(measure(image, image, np.zeros((1, 5, 5), bool)))
        with pytest.raises(InvalidInputError, match="mask"):
            measure(image, image, np.zeros((1, 5, 4), bool))
        with pytest.raises(InvalidInputError, match="one shape"):
            measure(image, image[:, :4])

    def test_a_constant_error_has_its_square_as_mse(self):
        assert metrics.mse(np.full((1, 4, 4), 0.25), np.full((1, 4, 4), 0.5)) == 0.0625


class TestScale:
    def test_eight_bits_are_divided_by_255_even_when_dark(self):
        geometry = Geometry((1, 2, 2))
        dark = np.array([[[0, 51], [102, 51]]], np.uint8)
        sequence = Sequence([Volume(a, geometry) for a in (dark, dark // 2)], (0, 1))
        first, second = (v.array for v in scale_to_unit(sequence).volumes)
        np.testing.assert_array_equal(first, np.float32([[[0, 0.2], [0.4, 0.2]]]))
        assert first.dtype == second.dtype == np.float32
        assert second.max() == np.float32(0.2)

    def test_anything_else_has_one_range_for_all_frames(self):
        geometry = Geometry((1, 20, 20))
        array = np.arange(400, dtype=np.int16).reshape(1, 20, 20) * 5
        scaled = scale_to_unit(Sequence([Volume(a, geometry) for a in (array, array // 2)], (0, 1)))
        assert scaled.volumes[0].array.max() == 1
        assert scaled.volumes[1].array.max() == pytest.approx(0.5, abs=0.01)


class TestScorePair:
    SHIFT = (0, 2, -3)

    def test_the_true_field_makes_the_frames_equal_away_from_the_border(self):
        sequence = moving_sequence((1, 40, 44), self.SHIFT)
        inside = np.zeros((1, 40, 44), bool)
        inside[:, 4:-4, 4:-4] = True
        frames = [v.array for v in sequence.volumes]
        field = true_field(sequence, self.SHIFT)
        scores = score_pair(*frames[:2], field, sequence.volumes[0].geometry, mask=inside, in_plane=True)
        assert scores.mse < 1e-9
        assert scores.correlation > 0.99  # windows reach beyond the mask
        assert scores.fold_rate == 0
        backwards = score_pair(*frames[:2], -field, sequence.volumes[0].geometry, mask=inside, in_plane=True)
        still = score_pair(*frames[:2], 0 * field, sequence.volumes[0].geometry, mask=inside, in_plane=True)
        assert backwards.mse > still.mse > 100 * scores.mse

    def test_folds_are_counted_inside_the_mask(self):
        geometry = Geometry((1, 20, 20))
        field = np.zeros((1, 20, 20, 3), np.float32)
        field[:, :, :10, 0] = -2 * np.arange(10)  # x -> -x in the left half
        image = np.zeros((1, 20, 20), np.float32)
        left = np.zeros((1, 20, 20), bool)
        left[..., :9] = True
        assert score_pair(image, image, field, geometry, mask=left).fold_rate == 1
        assert 0.4 < score_pair(image, image, field, geometry).fold_rate < 0.6


@pytest.fixture(scope="module")
def beat():
    """Three frames of a heart in early systole, and the exact fields of its two pairs."""
    heart = BeatingHeart().in_plane()
    cine = make_heart_cine(heart, short_axis_slice(heart), even_phases(20)[2:5])
    fields = [cine.displacement_field(n, n + 1).array for n in range(2)]
    masks = [heart.heart_mask(cine.geometry, cine.phases[n + 1]) for n in range(2)]
    return cine.sequence, fields, masks


def quick_syn():
    if not pairwise_syn.is_available():
        pytest.skip("antspyx is not installed")
    return pairwise_syn.syn({**pairwise_syn.PAPER, "reg_iterations": (40, 20, 10, 0)})


class TestMethods:
    @pytest.mark.parametrize("name", ["demons", "diffeomorphic_demons", "syn"])
    def test_the_field_found_is_the_motion_of_a_beating_heart(self, beat, name):
        sequence, truth, masks = beat
        register = quick_syn() if name == "syn" else create_method(name).register
        (tracked,) = PairByPair(name, register).track(scale_to_unit(sequence), [0, 1], mask=None, progress=no_progress)
        for n in (0, 1):
            error = metrics.end_point_error(tracked.fields[n], truth[n], masks[n])
            still = metrics.end_point_error(0 * truth[n], truth[n], masks[n])
            assert error.mean < 0.4 * still.mean
        assert tracked.seconds_per_pair > 0

    @pytest.mark.parametrize("name", ["demons", "diffeomorphic_demons", "syn"])
    @pytest.mark.parametrize("independent", [False, True])
    def test_motion_is_found_on_oblique_grids_in_3d_and_slice_by_slice(self, name, independent):
        shape, shift, spacing, thickness = (12, 20, 22), (0.7, 1.0, -1.2), (1.5, 2.0, 2.5), None
        if independent:
            shape, shift, spacing, thickness = (3, 20, 22), (0, 1.0, -1.2), (1.5, 2.0, 8.0), 2.0
        sequence = moving_sequence(shape, shift, spacing, frames=2, slice_thickness=thickness)
        register = quick_syn() if name == "syn" else create_method(name).register
        (tracked,) = PairByPair(name, register).track(sequence, [0], mask=None, progress=no_progress)
        bright = blobs(shape, shift) > 0.1
        bright[:, :3] = bright[:, -3:] = bright[..., :3] = bright[..., -3:] = False
        assert bright.sum() > 100
        error = metrics.end_point_error(tracked.fields[0], true_field(sequence, shift), bright).mean
        still = metrics.end_point_error(np.zeros_like(tracked.fields[0]), true_field(sequence, shift), bright).mean
        assert error < 0.6 * still
        if independent:  # nothing along K
            normal = np.asarray(OBLIQUE)[:, 2]
            assert np.abs(tracked.fields[0] @ normal).max() < 1e-5

    def test_slices_without_structure_or_mask_are_left_as_they_are(self):
        sequence = moving_sequence((3, 24, 28), (0, 2, 0), frames=2, slice_thickness=2.0)
        arrays = [v.array.copy() for v in sequence.volumes]
        for array in arrays:
            array[0] = 0.25
        volumes = [Volume(a, sequence.volumes[0].geometry) for a in arrays]
        mask = np.ones((3, 24, 28), bool)
        mask[1] = False
        calls = []

        def register(fixed, moving, spacing, where):
            calls.append((fixed, moving, spacing, where))
            return np.ones((*fixed.shape, 2))

        method = PairByPair("ones", register)
        (tracked,) = method.track(replace(sequence, volumes=volumes), [0], mask=mask, progress=no_progress)
        ((fixed, moving, spacing, where),) = calls
        np.testing.assert_array_equal(fixed, arrays[1][2])
        np.testing.assert_array_equal(moving, arrays[0][2])
        assert spacing == (1.5, 2.0)
        assert where.all()
        assert not tracked.fields[0][:2].any()
        # 1 mm along I and 1 mm along J, in LPS
        expected = np.asarray(OBLIQUE)[:, 0] + np.asarray(OBLIQUE)[:, 1]
        np.testing.assert_allclose(tracked.fields[0][2], np.broadcast_to(expected, (24, 28, 3)), atol=1e-6)

    def test_diffeomorphic_demons_do_not_fold(self, beat):
        sequence = scale_to_unit(beat[0])
        scores = evaluate_tracking(sequence, [create_method("diffeomorphic_demons")], every=2).methods[0]
        assert scores.mean("fold_rate") == 0

    def test_demons_of_thin_stacks_are_the_same_in_every_run(self):
        fixed, moving = blobs((3, 40, 40), (0, 1, 0)), blobs((3, 40, 40), (0, 0, 0))
        runs = [pairwise_demons.diffeomorphic_demons(fixed, moving, (1.0, 1.0, 1.0), None) for _ in range(4)]
        assert runs[0].shape == (3, 40, 40, 3)
        assert runs[0][..., 1][fixed > 0.2].mean() == pytest.approx(-1, abs=0.3)
        assert all(np.array_equal(run, runs[0]) for run in runs)

    def test_demons_give_millimetres_on_grids_that_are_finer_along_one_axis(self):
        fixed, moving = blobs((1, 40, 40), (0, 1, 1))[0], blobs((1, 40, 40), (0, 0, 0))[0]
        field = pairwise_demons.fast_symmetric_demons(fixed, moving, (0.5, 4.0), None)
        along_i, along_j = field[fixed > 0.2].mean(axis=0)
        assert along_i == pytest.approx(-0.5, abs=0.2)
        assert along_j == pytest.approx(-4, abs=1)

    def test_every_name_makes_a_method_of_that_name(self):
        for name in available_method_names():
            assert create_method(name).name == name

    def test_an_unknown_name_is_refused_with_those_there_are(self):
        with pytest.raises(InvalidInputError, match=rf"'magic'.*{METHOD_NAMES[-1]}"):
            create_method("magic")

    def test_without_antspyx_syn_is_left_out_and_says_how_to_get_it(self, monkeypatch):
        monkeypatch.setattr(pairwise_syn, "find_spec", lambda name: None)
        assert "syn" not in available_method_names()
        assert "demons" in available_method_names()
        with pytest.raises(InvalidInputError, match=r"pip install antspyx"):
            create_method("syn")

    def test_frames_that_ants_cannot_register_are_an_expected_error(self):
        if not pairwise_syn.is_available():
            pytest.skip("antspyx is not installed")
        empty = np.zeros((32, 32), np.float32)
        with pytest.raises(InvalidInputError, match="ANTs could not register"):
            pairwise_syn.syn(pairwise_syn.ANTS_DEFAULTS)(empty, empty, (1.0, 1.0), None)

    def test_syn_leaves_no_files_behind(self, tmp_path, monkeypatch):
        register = quick_syn()
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)
        register(blobs((1, 32, 32), (0, 1, 0))[0], blobs((1, 32, 32), (0, 0, 0))[0], (1.0, 1.0), None)
        assert list(tmp_path.iterdir()) == []


class TestNmsr:
    QUICK = TrackingSettings(scales=(2, 1), passes=(20, 20), refinement=())
    DEFAULTS = TrackingSettings(scales=(2, 1), passes=(10, 10), refinement=(1,))

    @pytest.fixture
    def asked(self, monkeypatch):
        """What NMSR asked of the tracking, which runs with few passes."""
        calls = []

        def remember(sequence, settings, **how):
            calls.append((sequence, settings, how))
            return track(sequence, settings, **how)

        class Settings(TrackingSettings):
            """The defaults, and those that make frames most alike, with few passes."""

            def __new__(cls):
                return TestNmsr.DEFAULTS

            most_similar = staticmethod(lambda: TestNmsr.QUICK)

        monkeypatch.setattr(pairwise_nmsr, "TrackingSettings", Settings)
        monkeypatch.setattr(pairwise_nmsr, "track", remember)
        return calls

    def test_a_row_for_every_scale_that_brings_frame_n_onto_the_next(self, beat, asked):
        sequence, truth, masks = beat
        rows = Nmsr("nmsr_vi").track(scale_to_unit(sequence), [1], mask=None, progress=no_progress)
        assert [row.label for row in rows] == ["nmsr_vi (1/2)", "nmsr_vi (1)"]
        assert all(list(row.fields) == [1] for row in rows)
        assert 0 < rows[0].seconds_per_pair < rows[1].seconds_per_pair
        still = metrics.end_point_error(0 * truth[1], truth[1], masks[1]).mean
        coarse, fine = (metrics.end_point_error(row.fields[1], truth[1], masks[1]).mean for row in rows)
        assert fine < 0.6 * still
        assert fine != coarse

    def test_the_last_row_is_what_tracking_returns(self, beat, asked):
        sequence = scale_to_unit(beat[0])
        *_, last = Nmsr("nmsr_vi").track(sequence, [0, 1], mask=None, progress=no_progress)
        motion = track(sequence, replace(self.QUICK, refinement=())).motion
        for n in (0, 1):
            np.testing.assert_array_equal(last.fields[n], motion.backward[n])

    def test_variants_differ_in_what_a_scale_starts_from_and_none_is_refined(self, asked):
        sequence = moving_sequence((1, 24, 28), (0, 1, 0), frames=2)
        mask = np.ones((1, 24, 28), bool)
        for name in pairwise_nmsr.NAMES:
            Nmsr(name, "cpu").track(sequence, [0], mask=mask, progress=no_progress)
        one, fresh, inherits, defaults = (settings for _, settings, _ in asked)
        assert defaults == replace(self.DEFAULTS, refinement=())
        assert (inherits.inherit, inherits.scales) == (True, (2, 1))
        assert fresh == replace(inherits, inherit=False)
        assert (one.scales, one.passes) == ((1,), (25,))  # 20 / 4 + 20
        assert {settings.refinement for _, settings, _ in asked} == {()}
        assert all(how["mask"] is mask and how["device"] == "cpu" for _, _, how in asked)

    def test_one_scale_has_the_work_of_all_scales_in_3d_too(self, asked):
        sequence = moving_sequence((8, 16, 16), (0, 1, 0), (1.0, 1.0, 1.0), frames=2)
        (row,) = Nmsr("one_scale").track(sequence, [0], mask=None, progress=no_progress)
        assert row.label == "one_scale"
        assert asked[0][1].passes == (22,)  # 20 / 8 + 20


class TestTable:
    SHIFT = (0, 2, -3)

    def test_all_methods_get_the_same_scaled_frames_pairs_and_mask(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=6, dtype=np.uint8)
        mask = np.ones((1, 30, 30), bool)
        one, other = Fixed(true_field(sequence, self.SHIFT), [], "one"), Fixed(0 * true_field(sequence, (0, 0, 0)), [])
        result = evaluate_tracking(sequence, [one, other], mask=mask, every=2)
        assert result.pairs == (0, 2, 4)
        (first,), (second,) = one.seen, other.seen
        assert first[0] is second[0]
        assert first[1:] == second[1:] == ((0, 2, 4), mask)
        assert first[0].volumes[3].array.dtype == np.float32
        np.testing.assert_array_equal(first[0].volumes[3].array, sequence.volumes[3].array / np.float32(255))
        assert [row.method for row in result.methods] == ["one", "fixed"]
        assert list(result.methods[0].pairs) == [0, 2, 4]

    def test_means_and_deviations_are_over_the_pairs(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=4)
        (row,) = evaluate_tracking(sequence, [Identity()]).methods
        frames = [v.array for v in scale_to_unit(sequence).volumes]
        errors = [metrics.mse(a, b) for a, b in itertools.pairwise(frames)]
        similarity = [metrics.local_correlation(a, b, in_plane=True) for a, b in itertools.pairwise(frames)]
        assert (row.mean("mse"), row.deviation("mse")) == pytest.approx((np.mean(errors), np.std(errors)))
        assert row.mean("correlation") == pytest.approx(np.mean(similarity))
        assert row.deviation("correlation") == pytest.approx(np.std(similarity))

    def test_windows_reach_across_slices_only_where_slices_belong_together(self):
        thick = moving_sequence((4, 30, 30), (1, 0, 0), (1.0, 1.0, 1.0), frames=2)
        apart = replace(thick, slice_thickness=0.2)
        (whole,), (single,) = (evaluate_tracking(s, [Identity()]).methods for s in (thick, apart))
        frames = [v.array for v in scale_to_unit(thick).volumes]
        assert whole.mean("correlation") == pytest.approx(metrics.local_correlation(*frames))
        assert single.mean("correlation") == pytest.approx(metrics.local_correlation(*frames, in_plane=True))
        assert whole.mean("correlation") != pytest.approx(single.mean("correlation"), abs=1e-3)

    def test_time_of_the_sequence_counts_the_pairs_that_were_not_scored_too(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=6)
        method = Fixed(true_field(sequence, self.SHIFT), [])
        (row,) = evaluate_tracking(sequence, [method], every=3).methods
        assert (len(row.pairs), row.seconds_per_pair, row.sequence_seconds) == (2, 2.5, 12.5)

    def test_repeated_frames_are_reported(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=3)
        volumes = [sequence.volumes[n] for n in (0, 1, 1, 2)]
        repeated = Sequence(volumes, range(4))
        assert evaluate_tracking(repeated, [Identity()]).identical == (1,)
        assert evaluate_tracking(repeated, [Identity()], every=2).identical == ()

    def test_the_table_and_the_lines_print_what_the_paper_prints(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=3)
        result = evaluate_tracking(sequence, [Identity()])
        (row,), (line,) = result.methods, summary_rows(result)
        assert line["mse_x1e3"] == pytest.approx(1000 * row.mean("mse"))
        assert line["cc_x10_std"] == pytest.approx(10 * row.deviation("correlation"))
        shown = as_text([as_table(summary_rows(result), TRACKING, title="a title", caption="a caption")])
        for words in ("a title", "a caption", "identity", f"{line['mse_x1e3']:.4f} ±", f"{line['cc_x10']:.4f} ±"):
            assert words in shown
        assert [(one["method"], one["frame"]) for one in pair_rows(result)] == [("identity", 0), ("identity", 1)]
        assert np.mean([one["mse_x1e3"] for one in pair_rows(result)]) == pytest.approx(line["mse_x1e3"])

    def test_what_cannot_be_scored_is_refused_before_any_work(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=3)
        method = Fixed(true_field(sequence, self.SHIFT), [])
        holed = sequence.volumes[1].array.copy()
        holed[0, 0, 0] = np.nan
        marked = [{}, {}, Provenance("engine", 0, 1, 0.5).as_attributes()]
        cases = [
            (Sequence(sequence.volumes[:1], [0]), {}, "only one frame"),
            (sequence, {"every": 0}, "at least 1"),
            (sequence, {"mask": np.zeros((1, 30, 30), bool)}, "mask is empty"),
            (sequence, {"mask": np.ones((1, 30, 29), bool)}, r"\(1, 30, 29\)"),
            (sequence, {"mask": np.ones((1, 30, 30), np.uint8)}, "uint8"),
            (
                replace(
                    sequence,
                    volumes=[sequence.volumes[0], sequence.volumes[1].with_array(holed), sequence.volumes[2]],
                ),
                {},
                "Frame 1 has 1 voxels that are NaN",
            ),
            (replace(sequence, item_attributes=marked), {}, "Frame 2 is synthetic"),
        ]
        for wrong, options, words in cases:
            with pytest.raises(InvalidInputError, match=words):
                evaluate_tracking(wrong, [method], **options)
        assert method.seen == []

    def test_a_caller_can_stop_it(self):
        def stop(fraction, message):
            raise CancelledError

        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=3)
        with pytest.raises(CancelledError):
            evaluate_tracking(sequence, [create_method("demons")], progress=stop)
