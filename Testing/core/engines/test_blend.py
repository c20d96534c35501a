"""The blend, and the checks that every engine makes."""

import numpy as np
import pytest

from pairs import prepare
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.errors import CancelledError, InvalidInputError


def pair(dtype="int16", shape=(2, 3, 4)):
    rng = np.random.default_rng(5)
    return [Volume(rng.integers(0, 200, shape).astype(dtype), Geometry(shape)) for _ in range(2)]


@pytest.mark.parametrize("t", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_the_blend_is_the_mean_weighted_by_time(dtype, t):
    first, last = pair(dtype)
    frame = prepare(LinearBlend(), first, last).at(t)
    expected = (1 - t) * first.array.astype(float) + t * last.array.astype(float)
    half = 0 if np.dtype(dtype).kind == "f" else 0.5
    np.testing.assert_allclose(frame.volume.array.astype(float), expected, atol=half + 1e-4)
    assert frame.volume.array.dtype == np.dtype(dtype)
    assert frame.volume.geometry is first.geometry
    assert frame.t == t
    assert frame.displacement_first_to_t is frame.displacement_last_to_t is None


def test_wide_integers_keep_their_last_digits():
    first, last = (Volume(np.full((1, 1, 1), n, np.int32), Geometry((1, 1, 1))) for n in (2_000_000_001, 2_000_000_003))
    assert prepare(LinearBlend(), first, last).at(0.5).volume.array.item() == 2_000_000_002


def test_the_ends_are_the_acquired_volumes_themselves():
    first, last = pair()
    prepared = prepare(LinearBlend(), first, last)
    assert prepared.at(0).volume is first
    assert prepared.at(1).volume is last
    assert prepared.at(1.0, fields=True).displacement_first_to_t is None


@pytest.mark.parametrize("t", [-0.001, 1.001, np.nan, np.inf, -np.inf])
def test_times_outside_the_pair_are_refused(t):
    prepared = prepare(LinearBlend(), *pair())
    with pytest.raises(InvalidInputError, match="outside of the sequence"):
        prepared.at(t)


def test_volumes_that_do_not_fit_are_refused():
    first, last = pair()
    with pytest.raises(InvalidInputError, match="voxel grid"):
        prepare(LinearBlend(), first, Volume(last.array, Geometry(last.array.shape, (1.0, 1.0, 2.0))))
    with pytest.raises(InvalidInputError, match="scalar type float32, frame 0 has int16"):
        prepare(LinearBlend(), first, last.with_array(last.array.astype(np.float32)))


@pytest.mark.parametrize("number", [0, 1])
def test_a_volume_of_nan_is_refused_by_number(number):
    volumes = pair("float32")
    volumes[number].array[:] = np.nan
    with pytest.raises(InvalidInputError, match=f"The frame at {number} is NaN or infinite throughout"):
        prepare(LinearBlend(), *volumes)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.filterwarnings("error")
def test_where_one_volume_has_no_number_the_other_counts_alone(dtype):
    first, last = pair(dtype)
    first.array[0, 0, :2] = np.nan, -np.inf
    last.array[0, 0, 1:3] = np.inf, np.nan
    blend = prepare(LinearBlend(), first, last).at(0.25).volume.array
    assert blend.dtype == dtype
    assert blend[0, 0, 0] == last.array[0, 0, 0]
    assert np.isnan(blend[0, 0, 1])
    assert blend[0, 0, 2] == first.array[0, 0, 2]
    assert np.isnan(blend).sum() == 1


def test_preparing_can_be_cancelled():
    def stop(fraction, message):
        raise CancelledError

    with pytest.raises(CancelledError):
        prepare(LinearBlend(), *pair(), progress=stop)
