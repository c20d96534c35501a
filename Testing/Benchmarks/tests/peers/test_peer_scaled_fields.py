"""The engine made of a registration: scaled fields, blend, ends, types, slices, and what it refuses."""

import numpy as np
import pytest

from pairs import prepare
from peers.both_ways import PairFields
from peers.scaled_fields import ScaledFieldsEngine
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.engines.protocol import Engine
from temporal_interp.errors import CancelledError, InvalidInputError

OBLIQUE = ((0.0, -0.6, 0.8), (1.0, 0.0, 0.0), (0.0, 0.8, 0.6))
SHIFT = np.array([4.0, -2.0, 1.0])
"""How far tissue moves from the first volume to the last, in voxels along (I, J, K)."""


class MadeUp:
    """A registration that knows the answer: tissue moves by `shift` voxels along (I, J, K) everywhere."""

    name = "made_up"
    settings = "a=1"

    def __init__(self, shift=SHIFT, spoil=None):
        self.shift = np.asarray(shift, float)
        self.spoil = spoil
        self.asked = []

    def __call__(self, first, last, *, independent, progress):
        self.asked.append((first, last, independent))
        progress(0.5, "half-way")
        geometry = first.geometry
        field = np.broadcast_to(geometry.voxel_to_physical @ self.shift, (*geometry.shape, 3)).astype(np.float32)
        fields = [-field, field.copy()]  # tissue at x came from x - shift
        if self.spoil is not None:
            fields[self.spoil][0, 1, 2, 0] = np.nan
        return PairFields(*fields)


def ramp(shape, at, dtype=np.float32, scale=1.0, offset=0.0, spacing=(1.5, 2.0, 3.0)):
    """A picture linear in I, J and K, whose tissue has moved by `at` times SHIFT; linear interpolation is exact."""
    geometry = Geometry(shape, spacing, (5.0, -7.0, 11.0), OBLIQUE)
    k, j, i = np.meshgrid(*map(np.arange, shape), indexing="ij")
    moved = 3.0 * (i - at * SHIFT[0]) + 5.0 * (j - at * SHIFT[1]) + 7.0 * (k - at * SHIFT[2])
    return Volume((offset + scale * moved).astype(dtype), geometry)


INSIDE = (slice(2, -2), slice(3, -3), slice(5, -5))
"""Where no frame looks beyond the border."""


@pytest.mark.parametrize("t", [0.25, 0.5, 0.9])
def test_a_shift_known_exactly_gives_the_frame_exactly_at_any_time(t):
    shape = (9, 12, 16)
    first, last = ramp(shape, 0), ramp(shape, 1)
    frame = prepare(ScaledFieldsEngine(MadeUp()), first, last).at(t)
    np.testing.assert_allclose(frame.volume.array[INSIDE], ramp(shape, t).array[INSIDE], atol=2e-3)
    assert frame.t == t
    assert frame.volume.geometry == first.geometry
    assert frame.displacement_first_to_t is None
    assert frame.displacement_last_to_t is None


def test_the_ends_are_weighted_by_time_and_scaled_by_the_way_that_is_left():
    shape = (1, 12, 16)
    geometry = Geometry(shape)
    rng = np.random.default_rng(0)
    first, last = (Volume(rng.random(shape, dtype=np.float32), geometry) for _ in range(2))
    prepared = prepare(ScaledFieldsEngine(MadeUp(shift=(4, 0, 0))), first, last)
    frame = prepared.at(0.25, fields=True)
    # first(x - 1) and last(x + 3), whole voxels
    expected = 0.75 * first.array[..., 1:11] + 0.25 * last.array[..., 5:15]
    np.testing.assert_allclose(frame.volume.array[..., 2:12], expected, atol=1e-5)
    # the border is repeated
    np.testing.assert_allclose(
        frame.volume.array[..., 0], 0.75 * first.array[..., 0] + 0.25 * last.array[..., 3], atol=1e-5
    )


def test_fields_are_the_shares_of_the_way_in_lps_mm():
    first, last = ramp((5, 8, 9), 0), ramp((5, 8, 9), 1)
    prepared = prepare(ScaledFieldsEngine(MadeUp()), first, last)
    whole = first.geometry.voxel_to_physical @ SHIFT
    for t in (0.0, 0.3, 1.0):
        frame = prepared.at(t, fields=True)
        there, back = frame.displacement_first_to_t, frame.displacement_last_to_t
        np.testing.assert_allclose(there.array, np.broadcast_to(-t * whole, there.array.shape), atol=1e-5)
        np.testing.assert_allclose(back.array, np.broadcast_to((1 - t) * whole, back.array.shape), atol=1e-5)
        np.testing.assert_allclose(there.jacobian, 1, atol=1e-5)
        assert there.fold_rate == back.fold_rate == 0


def test_folds_of_the_scaled_field_are_counted():
    class Folding(MadeUp):
        def __call__(self, first, last, *, independent, progress):
            field = np.zeros((*first.geometry.shape, 3), np.float32)
            field[..., 0] = -3.0 * np.arange(first.geometry.shape[2])  # x -> -2 x
            return PairFields(field, 0 * field)

    volumes = [Volume(np.random.default_rng(n).random((1, 8, 9)), Geometry((1, 8, 9))) for n in range(2)]
    prepared = prepare(ScaledFieldsEngine(Folding()), *volumes)
    assert prepared.at(0.25, fields=True).displacement_first_to_t.fold_rate == 0
    assert prepared.at(0.5, fields=True).displacement_first_to_t.fold_rate == 1
    assert prepared.at(0.5, fields=True).displacement_last_to_t.fold_rate == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_both_ends_are_bit_for_bit_and_the_scalar_type_stays(dtype):
    rng = np.random.default_rng(0)
    geometry = Geometry((3, 8, 9))
    first, last = (Volume((200 * rng.random((3, 8, 9))).astype(dtype), geometry) for _ in range(2))
    prepared = prepare(ScaledFieldsEngine(MadeUp()), first, last)
    for t, acquired in ((0, first), (1.0, last)):
        for fields in (False, True):
            np.testing.assert_array_equal(prepared.at(t, fields=fields).volume.array, acquired.array)
    middle = prepared.at(0.5).volume.array
    assert middle.dtype == dtype
    assert prepared.at(0.5, fields=True).volume.array.dtype == dtype


@pytest.mark.parametrize("t", [0.3, 0.7])
def test_integers_are_rounded(t):
    shape = (9, 12, 16)
    first, last = ramp(shape, 0, np.int16), ramp(shape, 1, np.int16)
    frame = prepare(ScaledFieldsEngine(MadeUp()), first, last).at(t).volume
    np.testing.assert_array_equal(frame.array[INSIDE], np.rint(ramp(shape, t).array[INSIDE]).astype(np.int16))


def test_a_large_offset_does_not_cost_contrast():
    shape = (9, 12, 16)
    first, last = (ramp(shape, at, np.float64, scale=1e-3, offset=1e6) for at in (0, 1))
    frame = prepare(ScaledFieldsEngine(MadeUp()), first, last).at(0.5).volume
    truth = ramp(shape, 0.5, np.float64, scale=1e-3, offset=1e6)
    np.testing.assert_allclose(frame.array[INSIDE], truth.array[INSIDE], rtol=0, atol=1e-5)


def test_the_registration_sees_the_scale_of_the_whole_sequence():
    first, last = ramp((3, 8, 9), 0), ramp((3, 8, 9), 1)
    register = MadeUp()
    prepare(ScaledFieldsEngine(register), first, last, intensity_range=IntensityRange(-100.0, 300.0))
    ((seen_first, seen_last, _),) = register.asked
    for seen, volume in ((seen_first, first), (seen_last, last)):
        assert seen.array.dtype == np.float32
        np.testing.assert_allclose(seen.array, (volume.array + 100) / 400, atol=1e-6)
        assert seen.geometry == volume.geometry
    prepare(ScaledFieldsEngine(register), first, last)
    assert register.asked[1][0].array.min() >= 0
    assert register.asked[1][0].array.max() <= 1


@pytest.mark.parametrize(
    ("shape", "spacing", "thickness", "independent"),
    [
        ((1, 8, 9), (1.5, 2.0, 3.0), None, True),
        ((5, 8, 9), (1.5, 2.0, 3.0), None, False),
        ((5, 8, 9), (1.5, 2.0, 8.0), 4.0, True),
        ((5, 8, 9), (1.5, 2.0, 8.0), 8.0, False),
    ],
)
def test_slices_that_see_nothing_of_each_other_are_registered_apart(shape, spacing, thickness, independent):
    register = MadeUp(shift=(0, 0, 0))
    first, last = ramp(shape, 0, spacing=spacing), ramp(shape, 1, spacing=spacing)
    prepare(ScaledFieldsEngine(register), first, last, slice_thickness=thickness)
    assert register.asked[0][2] is independent


@pytest.mark.parametrize("way", [0, 1])
def test_fields_that_are_not_finite_are_refused_with_the_name_of_the_peer(way):
    first, last = ramp((3, 8, 9), 0), ramp((3, 8, 9), 1)
    with pytest.raises(InvalidInputError, match=r"made_up.*1 voxels"):
        prepare(ScaledFieldsEngine(MadeUp(spoil=way)), first, last)


def test_bad_pairs_and_bad_times_are_refused():
    first, last = ramp((3, 8, 9), 0), ramp((3, 8, 9), 1)
    engine = ScaledFieldsEngine(MadeUp())
    with pytest.raises(InvalidInputError, match="scalar type"):
        prepare(engine, first, last.with_array(last.array.astype(np.float64)))
    with pytest.raises(InvalidInputError, match="same voxel grid"):
        prepare(engine, first, ramp((3, 8, 10), 1))
    with pytest.raises(InvalidInputError, match="NaN"):
        prepare(engine, first, last.with_array(np.full((3, 8, 9), np.nan, np.float32)))
    for t in (-0.1, 1.1, float("nan")):
        with pytest.raises(InvalidInputError, match="lies outside"):
            prepare(engine, first, last).at(t)


def test_progress_ends_at_one_and_can_cancel():
    first, last = ramp((3, 8, 9), 0), ramp((3, 8, 9), 1)
    seen = []
    prepare(ScaledFieldsEngine(MadeUp()), first, last, progress=lambda fraction, message: seen.append(fraction))
    assert seen == [0.5, 1.0]

    def cancel(fraction, message):
        raise CancelledError

    with pytest.raises(CancelledError):
        prepare(ScaledFieldsEngine(MadeUp()), first, last, progress=cancel)


def test_the_inputs_are_left_as_they_were():
    first, last = ramp((3, 8, 9), 0), ramp((3, 8, 9), 1)
    copies = first.array.copy(), last.array.copy()
    prepare(ScaledFieldsEngine(MadeUp()), first, last).at(0.5, fields=True)
    np.testing.assert_array_equal(first.array, copies[0])
    np.testing.assert_array_equal(last.array, copies[1])


def test_it_is_an_engine_with_the_name_and_settings_of_the_registration():
    engine: Engine = ScaledFieldsEngine(MadeUp())
    assert (engine.name, engine.settings, engine.model, engine.model_sha256) == ("made_up", "a=1", "", "")
