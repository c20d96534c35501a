"""Nearest, linear, cubic and sinc interpolation between slices, each against its definition."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.slice_grid import closer_slices

FACTORS = (2, 3, 4)
OBLIQUE = tuple(map(tuple, Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix()))


def textured(shape=(7, 5, 6), dtype="float32", **geometry) -> Volume:
    array = 200 * np.random.default_rng(0).standard_normal(shape)
    return Volume(array.astype(dtype), Geometry(shape, **geometry))


def at_places(array: np.ndarray, factor: int, order: int) -> np.ndarray:
    """Splines between slices by SciPy."""
    k = np.arange((len(array) - 1) * factor + 1) / factor
    j, i = (np.arange(n) for n in array.shape[1:])
    return map_coordinates(array.astype(float), np.meshgrid(k, j, i, indexing="ij"), order=order, mode="mirror")


def lanczos(array: np.ndarray, factor: int) -> np.ndarray:
    """Sinc in a Lanczos window of five slices to either side, with the border repeated."""
    found = []
    for k in np.arange((len(array) - 1) * factor + 1) / factor:
        near = np.arange(np.floor(k) - 4, np.floor(k) + 6).astype(int)
        weights = np.sinc(k - near) * np.sinc((k - near) / 5)
        found.append(np.tensordot(weights, array[np.clip(near, 0, len(array) - 1)].astype(float), 1))
    return np.stack(found)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("method", Classical)
@pytest.mark.parametrize("shape", [(7, 5, 6), (2, 3, 3), (3, 1, 4), (12, 1, 1)])
def test_acquired_slices_are_kept(method, factor, shape):
    volume = textured(shape)
    result = interpolate_slices(volume, factor, method)
    assert result.array.dtype == np.float32
    # intensities reach 600, where float32 has steps of 6e-5
    np.testing.assert_allclose(result.array[::factor], volume.array, rtol=0, atol=1e-4)


@pytest.mark.parametrize("factor", FACTORS)
def test_nearest_shows_only_acquired_slices(factor):
    volume = textured()
    result = interpolate_slices(volume, factor, Classical.NEAREST)
    for n, slice_ in enumerate(result.array):
        nearest = {int(np.floor(n / factor + 0.5)), int(np.ceil(n / factor - 0.5))}  # two, half-way
        assert any(np.array_equal(slice_, volume.array[k]) for k in nearest)


@pytest.mark.parametrize("factor", FACTORS)
def test_linear_blends_the_two_slices_around(factor):
    volume = textured()
    result = interpolate_slices(volume, factor, Classical.LINEAR)
    np.testing.assert_allclose(result.array, at_places(volume.array, factor, 1), rtol=0, atol=1e-4)


@pytest.mark.parametrize("factor", FACTORS)
def test_linear_is_exact_on_a_ramp(factor):
    ramp = np.arange(9.0)[:, None, None] + np.zeros((9, 4, 5))
    result = interpolate_slices(Volume(ramp, Geometry(ramp.shape)), factor, Classical.LINEAR)
    expected = np.arange(8 * factor + 1)[:, None, None] / factor + np.zeros((1, 4, 5))
    np.testing.assert_allclose(result.array, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("factor", FACTORS)
def test_cubic_is_the_spline_through_the_slices(factor):
    volume = textured()
    result = interpolate_slices(volume, factor, Classical.CUBIC)
    np.testing.assert_allclose(result.array, at_places(volume.array, factor, 3), rtol=0, atol=2e-4)


@pytest.mark.parametrize("factor", FACTORS)
def test_cubic_of_two_slices_never_reads_beyond_them(factor):
    volume = textured((2, 20, 20))
    expected = at_places(volume.array, factor, 3)
    for _ in range(20):
        left = [np.full(voxels, np.nan) for voxels in (400, 800, 1200, 3200) * 8]
        del left  # so memory beyond the image is likely to hold NaN
        result = interpolate_slices(volume, factor, Classical.CUBIC)
        np.testing.assert_allclose(result.array, expected, rtol=0, atol=2e-4)


def test_cubic_is_exact_on_a_ramp_away_from_its_ends():
    ramp = np.arange(41.0)[:, None, None] + np.zeros((41, 2, 2))
    result = interpolate_slices(Volume(ramp, Geometry(ramp.shape)), 2, Classical.CUBIC)
    np.testing.assert_allclose(result.array[30:51, 0, 0], np.arange(15, 25.5, 0.5), rtol=0, atol=1e-5)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("slices", [3, 14])
def test_sinc_has_a_window_of_five_slices_to_either_side(factor, slices):
    volume = textured((slices, 4, 3))
    result = interpolate_slices(volume, factor, Classical.SINC)
    np.testing.assert_allclose(result.array, lanczos(volume.array, factor), rtol=0, atol=1e-3)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("method", Classical)
@pytest.mark.parametrize("dtype", ["int16", "uint8", "float64", ">i2"])
def test_type_of_the_intensities_plays_no_part(method, factor, dtype):
    volume = textured()
    array = np.abs(volume.array).clip(0, 255).astype("uint8").astype(dtype)
    result = interpolate_slices(volume.with_array(array), factor, method)
    plain = interpolate_slices(volume.with_array(array.astype("float32")), factor, method)
    assert result.array.dtype == np.float32
    assert np.array_equal(result.array, plain.array)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("method", Classical)
@pytest.mark.parametrize("slices", [2, 8, 50])
def test_place_in_the_patient_plays_no_part_and_no_slice_is_empty(method, factor, slices):
    array = 1000 + textured((slices, 3, 4)).array
    oblique = Geometry(array.shape, (0.71, 0.93, 7.77), (-131.3, 12.57, 1240.1), OBLIQUE)
    plain = interpolate_slices(Volume(array, Geometry(array.shape)), factor, method)
    result = interpolate_slices(Volume(array, oblique), factor, method)
    assert np.array_equal(result.array, plain.array)
    assert result.geometry == closer_slices(oblique, factor)
    assert result.array.min() > 0
    np.testing.assert_allclose(result.array[-1], array[-1], rtol=0, atol=1e-3)


@pytest.mark.parametrize("method", Classical)
def test_columns_do_not_see_each_other(method):
    volume = textured()
    changed = volume.array.copy()
    changed[:, 2, 3] += 100
    difference = interpolate_slices(volume, 3, method).array
    difference = np.abs(interpolate_slices(volume.with_array(changed), 3, method).array - difference)
    assert difference[:, 2, 3].min() > 50
    difference[:, 2, 3] = 0
    assert difference.max() < 1e-4


@pytest.mark.parametrize("method", Classical)
def test_the_volume_itself_does_not_change(method):
    volume = textured()
    before = volume.array.copy()
    interpolate_slices(volume, 2, method).array[:] = 0
    assert np.array_equal(volume.array, before)
