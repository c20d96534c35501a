"""Methods that put slices back: what they keep of what they are given."""

from dataclasses import replace

import numpy as np
import pytest

from slices_to_score import QUICK, a_volume
from stand_ins import cancel_beyond
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, no_progress
from temporal_interp.evaluation.slice_methods import (
    SOME_VIEWS,
    CorrectedSlices,
    FittedSlices,
    FittedViews,
    MovedSlices,
    SynthesisedSlices,
)
from temporal_interp.simulation.random_volume import make_random_volume
from temporal_interp.slices.add_slices import View, add_slices
from temporal_interp.slices.fit_volume import new_model
from temporal_interp.slices.held_out import HeldOut


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


class TestCorrectedSlices:
    """Motion, corrected by networks, that have learnt from the given slices or not."""

    def made(self, method):
        array = make_random_volume(0, 0, (5, 14, 16)).array
        given = Volume(array, Geometry(array.shape, (1.0, 1.0, 2.0)))
        return given, method.add(given, 2, keep_given=True, progress=no_progress)

    def test_given_slices_stay_and_those_between_are_corrected(self, monkeypatch):
        monkeypatch.setattr(HeldOut, "judge", lambda held_out, model: (0.5, 1.0))  # so small a volume teaches little
        given, moved = self.made(MovedSlices())
        for settings, name in ((None, "motion + networks"), (QUICK, "motion + fitted")):
            method = CorrectedSlices(settings)
            assert method.name == name
            _, made = self.made(method)
            np.testing.assert_array_equal(made.array[::2], given.array)
            assert 1e-4 < np.abs(made.array - moved.array)[1::2].max() < 0.5
            assert made.geometry == moved.geometry

    def test_it_tells_how_far_it_is_and_can_be_stopped(self):
        with pytest.raises(CancelledError):
            CorrectedSlices(QUICK).add(a_volume((5, 14, 16)), 2, keep_given=True, progress=cancel_beyond(0.35))
