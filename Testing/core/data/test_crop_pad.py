"""Crops and pads: every voxel keeps its place in the patient, and undoing one is exact."""

import numpy as np
import pytest

from oblique_volumes import linear_in_physical_space, oblique, volume_of
from temporal_interp.data.crop_pad import CropPad
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError

TARGETS = [
    (5, 6, 7),  # nothing to do
    (3, 6, 7),  # crop by an even number
    (5, 3, 7),  # crop by an odd number
    (8, 6, 7),  # pad by an odd number
    (2, 9, 7),  # crop and pad together
    (9, 1, 12),
]


@pytest.mark.parametrize("target", TARGETS)
def test_crop_and_pad_leaves_every_voxel_in_its_place_in_the_patient(target):
    volume = linear_in_physical_space(oblique((5, 6, 7)))
    change = CropPad.to_shape((5, 6, 7), target)
    changed = change.apply(volume, value=np.nan)
    assert changed.array.shape == target
    expected = linear_in_physical_space(changed.geometry)
    kept = np.isfinite(changed.array)
    assert kept.sum() == np.prod(np.minimum(target, (5, 6, 7)))
    np.testing.assert_allclose(changed.array[kept], expected.array[kept], atol=1e-9)


@pytest.mark.parametrize("target", TARGETS)
def test_undoing_a_crop_or_pad_is_exact(target):
    volume = volume_of((5, 6, 7))
    change = CropPad.to_shape((5, 6, 7), target)
    back = change.undo(change.apply(volume, value=-1), volume)
    np.testing.assert_array_equal(back.array, volume.array)
    assert back.geometry is volume.geometry


def test_undo_takes_what_was_cut_off_from_the_original_and_the_rest_from_the_volume():
    volume = Volume(np.zeros((1, 4, 4), np.int16), Geometry((1, 4, 4)))
    change = CropPad.to_shape((1, 4, 4), (3, 2, 6))
    changed = change.apply(volume)
    back = change.undo(changed.with_array(np.full(changed.array.shape, 2.5)), volume)
    expected = np.zeros((1, 4, 4))
    expected[:, 1:3] = 2.5
    np.testing.assert_array_equal(back.array, expected)
    assert back.array.dtype == np.float64
    assert not volume.array.any()


def test_an_odd_voxel_goes_after():
    assert CropPad.to_shape((5, 5, 5), (8, 2, 5)) == CropPad((1, -1, 0), (2, -2, 0))


def test_crop_to_a_box():
    volume = volume_of((5, 6, 7))
    box = (slice(1, 3), slice(0, 6), slice(4, 7))
    cropped = CropPad.to_box((5, 6, 7), box).apply(volume)
    np.testing.assert_array_equal(cropped.array, volume.array[box])
    np.testing.assert_allclose(cropped.geometry.origin, volume.geometry.physical_point((1, 0, 4)))


def test_a_crop_of_everything_is_refused():
    with pytest.raises(InvalidInputError, match="at least one voxel"):
        CropPad.to_shape((4, 4, 4), (0, 4, 4)).apply(volume_of((4, 4, 4)))
