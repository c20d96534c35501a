"""Slices held out and put back: what methods are given, what is kept of their answers, and Tables 3 and 4."""

from dataclasses import replace

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, no_progress
from temporal_interp.evaluation.report import as_text
from temporal_interp.evaluation.slice_ablation import Part, slice_network_without, training_without
from temporal_interp.evaluation.slice_cuts import cuts_where_linear_errs
from temporal_interp.evaluation.slice_methods import (
    SOME_VIEWS,
    ClassicalSlices,
    FittedSlices,
    FittedViews,
    SynthesisedSlices,
)
from temporal_interp.evaluation.slice_table import as_table, evaluate_slices, table_rows, thick_volume
from temporal_interp.slices.add_slices import View, add_slices
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.degradation import Degradation
from temporal_interp.slices.fit_volume import new_model
from temporal_interp.slices.quality import shipped_model
from temporal_interp.slices.settings import SliceNetworkSettings, SliceTrainingSettings

QUICK = SliceTrainingSettings(steps=1, slices=5, side=12, batch=2, wavelets=1.0)


def a_volume(shape=(10, 16, 18), spacing=(1.0, 1.0, 2.0), seed=0) -> Volume:
    return Volume(np.random.default_rng(seed).random(shape).astype(np.float32), Geometry(shape, spacing))


class Recorder:
    """A method that remembers what it was asked, and repeats the nearest slice."""

    name = "recorder"

    def __init__(self, brighter=0.0):
        self.brighter, self.asked = brighter, []

    def add(self, given, factor, *, keep_given, progress):
        self.asked.append((given, factor, keep_given))
        made = interpolate_slices(given, factor, Classical.NEAREST)
        return made.with_array(made.array + np.float32(self.brighter))


class TestEvaluation:
    @pytest.mark.parametrize(("degradation", "kept"), [("direct", True), ("blurred", False)])
    def test_slices_are_kept_only_where_they_are_given_as_they_were_acquired(self, degradation, kept):
        method, truth = Recorder(), a_volume()
        evaluate_slices(truth, 3, Degradation(degradation), [method])
        ((given, factor, keep_given),) = method.asked
        assert (factor, keep_given) == (3, kept)
        np.testing.assert_array_equal(given.array, thick_volume(truth, 3, Degradation(degradation)).array)

    def test_slices_beyond_a_whole_number_of_gaps_are_left_out(self):
        # 10 slices by 4: 0, 4 and 8 are given, and 9 cannot be put back
        evaluation = evaluate_slices(a_volume(), 4, Degradation.DIRECT, [Recorder()])
        assert [cut.truth.shape for cut in evaluation.cuts] == [(9, 16), (9, 18)]

    def test_planes_of_every_method_are_kept_within_the_scale(self):
        truth = a_volume((9, 16, 18))
        evaluation = evaluate_slices(truth, 2, Degradation.DIRECT, [Recorder(0.8), ClassicalSlices(Classical.LINEAR)])
        given = thick_volume(truth, 2, Degradation.DIRECT)
        repeated = np.clip(interpolate_slices(given, 2, Classical.NEAREST).array + 0.8, 0, 1)
        sagittal, coronal = evaluation.cuts
        assert (sagittal.view, coronal.view) == (View.SAGITTAL, View.CORONAL)
        np.testing.assert_allclose(sagittal.images["recorder"], repeated[:, :, sagittal.index], atol=1e-6)
        np.testing.assert_allclose(coronal.images["recorder"], repeated[:, coronal.index], atol=1e-6)
        assert all(set(cut.images) == {"recorder", "linear"} for cut in evaluation.cuts)
        np.testing.assert_array_equal(sagittal.truth[::2], given.array[:, :, sagittal.index])

    def test_best_classical_is_the_interpolation_with_the_highest_psnr_but_never_nearest(self):
        evaluation = evaluate_slices(
            a_volume(), 2, Degradation.DIRECT, [ClassicalSlices(method) for method in Classical]
        )
        others = {name: scores.psnr for name, scores in evaluation.scores.items() if name != "nearest"}
        assert evaluation.best_classical == max(others, key=others.get)
        worst = dict.fromkeys(evaluation.scores, min(evaluation.scores.values(), key=lambda scores: scores.psnr))
        worst["nearest"] = max(evaluation.scores.values(), key=lambda scores: scores.psnr)
        assert replace(evaluation, scores=worst).best_classical != "nearest"

    def test_constant_volumes_are_refused(self):
        with pytest.raises(InvalidInputError, match="Every voxel"):
            evaluate_slices(
                a_volume().with_array(np.ones((10, 16, 18), np.float32)), 2, Degradation.DIRECT, [Recorder()]
            )

    def test_the_table_says_what_was_given(self):
        evaluation = evaluate_slices(a_volume(), 3, Degradation.BLURRED, [Recorder()])
        text = as_text([as_table(evaluation, title="chest.nrrd")])
        assert "chest.nrrd: every 3rd slice given, blurred" in text
        assert "sinc" not in text
        (line,) = table_rows(evaluation)
        assert (line["factor"], line["degradation"], line["method"]) == (3, "blurred", "recorder")

    def test_the_note_on_sinc_is_true(self):
        evaluation = evaluate_slices(a_volume(), 2, Degradation.DIRECT, [ClassicalSlices(Classical.SINC)])
        assert "add up to 0.999 half-way" in " ".join(as_text([as_table(evaluation)]).split())
        constant = a_volume((12, 4, 4)).with_array(np.ones((12, 4, 4), np.float32))
        made = interpolate_slices(constant, 2, Classical.SINC).array
        np.testing.assert_allclose(made[1::2], 0.999, atol=5e-4)
        np.testing.assert_allclose(made[::2], 1.0, atol=1e-6)


class TestCuts:
    def cuts(self, array, spacing=(1.0, 1.0, 1.0)):
        """The cuts of an array of which every second slice is given."""
        truth = Volume(array, Geometry(array.shape, spacing))
        given = Volume(array[::2].copy(), Geometry(array[::2].shape, (*spacing[:2], 2 * spacing[2])))
        return cuts_where_linear_errs(given, truth, 2)

    def test_they_go_through_what_linear_interpolation_loses(self):
        array = np.zeros((41, 60, 70), np.float32)
        array[29, 15:18, 50:53] = 1.0  # between two slices that are given: nobody could know
        array[10, 40:60, 0:30] = 1.0  # in a slice that is given, and fading linearly: nothing of this is lost
        array[9] = array[11] = array[10] / 2
        sagittal, coronal = self.cuts(array)
        assert sagittal.index in (50, 51, 52)
        assert coronal.index in (15, 16, 17)
        for cut, centre in ((sagittal, 16), (coronal, 51)):
            assert cut.detail[0].start <= 29 < cut.detail[0].stop
            assert cut.detail[1].start <= centre < cut.detail[1].stop

    def test_the_detail_is_a_square_in_mm_inside_the_plane(self):
        array = np.zeros((41, 60, 70), np.float32)
        array[39, 1, 68] = 1.0  # in a corner
        sagittal, coronal = self.cuts(array, (0.5, 2.0, 1.0))
        for cut, size, spacing in ((sagittal, 60, 2.0), (coronal, 70, 0.5)):
            slices, columns = cut.detail
            assert 0 <= slices.start < slices.stop <= 41
            assert 0 <= columns.start < columns.stop <= size
            assert slices.stop - slices.start == pytest.approx((columns.stop - columns.start) * spacing, abs=1)

    def test_few_slices_are_shown_whole(self):
        array = np.random.default_rng(0).random((5, 60, 70)).astype(np.float32)
        for cut in self.cuts(array, (1.0, 1.0, 8.0)):
            assert cut.detail[0] == slice(0, 5)

    def test_one_row_is_enough(self):
        sagittal, coronal = self.cuts(np.random.default_rng(0).random((5, 1, 9)).astype(np.float32))
        assert (sagittal.truth.shape, coronal.truth.shape) == ((5, 1), (5, 9))


class TestMethods:
    def test_networks_keep_what_is_given_or_synthesise_it(self):
        given = a_volume((4, 16, 18))
        model = new_model(2).eval()
        model.pixel_network.tail.bias.data += 0.25  # both pixelwise views are a quarter too bright
        for method in (SynthesisedSlices("some", model), FittedViews(FittedSlices(QUICK, model=model), tuple(View))):
            kept, made = (
                method.add(given, 2, keep_given=keep, progress=no_progress).array[::2] for keep in (True, False)
            )
            np.testing.assert_array_equal(kept, given.array)
            assert np.abs(made - given.array).min() > 0.2

    def test_fitting_keeps_what_is_given_or_synthesises_it(self):
        given, method = a_volume((4, 16, 18)), FittedSlices(replace(QUICK, steps=3, learning_rate=0.1))
        kept, made = (method.add(given, 2, keep_given=keep, progress=no_progress).array[::2] for keep in (True, False))
        np.testing.assert_array_equal(kept, given.array)
        assert np.abs(made - given.array).max() > 1e-4

    def test_every_view_alone_and_every_two_together_make_table_4(self):
        names = [FittedViews(FittedSlices(QUICK), views).name for views in SOME_VIEWS]
        assert names == [
            "fitted, axial",
            "fitted, coronal",
            "fitted, sagittal",
            "fitted, axial + coronal",
            "fitted, axial + sagittal",
            "fitted, coronal + sagittal",
        ]

    def test_views_are_those_of_the_networks_that_were_fitted(self):
        given, fitted = a_volume((4, 16, 18)), FittedSlices(QUICK)
        fitted.add(given, 2, keep_given=True, progress=no_progress)
        views = (View.AXIAL, View.SAGITTAL)
        made = FittedViews(fitted, views).add(given, 2, keep_given=True, progress=no_progress)
        np.testing.assert_array_equal(made.array, add_slices(given, fitted.model, views=views).array)


class TestAblation:
    def test_nothing_else_changes_without_a_part(self):
        """Table 3 and the in-plane learning, which is ours."""
        zero = {
            Part.DISTILLATION: {"coronal_distillation", "sagittal_distillation"},
            Part.CORONAL_DISTILLATION: {"coronal_distillation"},
            Part.SAGITTAL_DISTILLATION: {"sagittal_distillation"},
            Part.WAVELETS: {"wavelets"},
            Part.MEMORY: {"memory"},
            Part.IN_PLANE: {"in_plane"},
        }
        assert set(zero) == set(Part)
        for part, names in zero.items():
            settings = training_without(part, QUICK)
            assert all(getattr(QUICK, name) > 0 and getattr(settings, name) == 0 for name in names)
            assert replace(settings, **{name: getattr(QUICK, name) for name in names}) == QUICK

    def test_without_memory_there_is_no_memory_bank(self):
        assert slice_network_without(Part.MEMORY) == replace(SliceNetworkSettings(), memory_items=0)
        for part in (None, *Part):
            method = FittedSlices(QUICK, without=part, from_scratch=True)
            method.add(a_volume((4, 16, 18)), 2, keep_given=True, progress=no_progress)
            assert (method.model.slice_network.memory is None) == (part is Part.MEMORY)

    def test_what_is_left_out_is_in_the_name_and_changes_the_result(self):
        given = a_volume((6, 16, 18))
        whole, less = FittedSlices(QUICK), FittedSlices(QUICK, without=Part.WAVELETS)
        assert (whole.name, less.name) == ("fitted", "fitted without wavelets")
        one, other = (method.add(given, 2, keep_given=True, progress=no_progress).array for method in (whole, less))
        assert np.abs(one - other).max() > 0

    def test_fitting_starts_from_the_model_of_the_program_or_from_scratch(self):
        given = a_volume((4, 16, 18))
        for from_scratch, start in ((True, new_model(2)), (False, shipped_model(2)[0])):
            method = FittedSlices(QUICK, from_scratch=from_scratch)
            method.add(given, 2, keep_given=True, progress=no_progress)
            # one step moves every weight by the learning rate at most
            for fitted, before in zip(method.model.parameters(), start.parameters(), strict=True):
                assert (fitted - before).abs().max() < 2 * QUICK.learning_rate
