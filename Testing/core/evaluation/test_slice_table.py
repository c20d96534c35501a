"""Slices held out and put back: what methods are given, what is kept of their answers, and Table 3."""

from dataclasses import replace

import numpy as np
import pytest

from slices_to_score import a_volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.report import as_text
from temporal_interp.evaluation.slice_methods import (
    ClassicalSlices,
)
from temporal_interp.evaluation.slice_table import as_table, evaluate_slices, table_rows, thick_volume
from temporal_interp.slices.add_slices import View
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.degradation import Degradation


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
