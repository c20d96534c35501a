"""The range of intensities of a sequence, and volumes scaled by it."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError

INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def image(*values, dtype="float32"):
    array = np.array(values, dtype).reshape(1, 1, -1)
    return Volume(array, Geometry(array.shape))


def test_range_of_a_sequence_covers_all_its_volumes():
    span = IntensityRange.of([image(0, 50), image(10, 200)], upper_percentile=100)
    assert (span.low, span.high) == (0.0, 200.0)


def test_images_that_stay_above_zero_start_at_zero_and_negative_ones_at_their_lowest():
    assert IntensityRange.of([image(100, 200)]).low == 0.0
    assert IntensityRange.of([image(-1000, 200)]).low == -1000.0
    below = IntensityRange.of([image(-30, -10)], upper_percentile=100)
    assert (below.low, below.high) == (-30.0, -10.0)


def test_a_few_hot_voxels_do_not_set_the_range():
    values = np.linspace(0, 100, 10_000)
    values[:3] = 1e6
    assert IntensityRange.of([image(*values)]).high < 101


def test_a_sparse_image_whose_percentile_is_background_uses_its_highest_voxel():
    values = np.zeros(10_000)
    values[5] = 80
    assert IntensityRange.of([image(*values)]).high == 80.0


@pytest.mark.parametrize("value", [0, 7, -7])
def test_a_constant_image_has_no_range(value):
    with pytest.raises(InvalidInputError, match="constant"):
        IntensityRange.of([image(value, value, value)])


def test_no_volumes_have_no_range():
    with pytest.raises(InvalidInputError):
        IntensityRange.of([])


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0), (0.0, np.inf)])
def test_an_empty_or_endless_range_is_refused(ends):
    with pytest.raises(InvalidInputError, match="range"):
        IntensityRange(*ends)


def test_voxels_that_are_nan_or_infinite_do_not_count_for_the_range():
    assert IntensityRange.of([image(0, np.nan, 1, np.inf)]) == IntensityRange.of([image(0, 1)])
    with pytest.raises(InvalidInputError, match="neither NaN nor infinite"):
        IntensityRange.of([image(np.nan, np.inf)])


@pytest.mark.parametrize("dtype", [*INTEGERS, "float16", "float64"])
def test_normalise_gives_float32_from_0_to_1(dtype):
    scaled = IntensityRange(20, 100).normalise(np.array([0, 20, 60, 100, 120], dtype))
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, np.array([0, 0, 0.5, 1, 1], np.float32))
