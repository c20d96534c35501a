"""Methods that register pair by pair: motion is found in 3D and slice by slice, on any grid."""

from dataclasses import replace

import numpy as np
import pytest

from moving_blobs import OBLIQUE, blobs, moving_sequence, true_field
from quick_syn import quick_syn
from temporal_interp.data.volume import Volume
from temporal_interp.errors import no_progress
from temporal_interp.evaluation.pairwise_catalogue import create_method
from temporal_interp.evaluation.pairwise_methods import PairByPair
from temporal_interp.evaluation.tracking_scores import scale_to_unit
from temporal_interp.tensors import metrics


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
