"""Cuts through slices put back: where linear interpolation errs most."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.evaluation.slice_cuts import cuts_where_linear_errs


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
