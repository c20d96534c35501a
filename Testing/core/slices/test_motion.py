"""Slices between slices by motion: where tissue lies between two slices, and what stays as it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stand_ins import cancel_beyond
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.io import read_volume
from temporal_interp.simulation.random_volume import make_random_volume
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.degradation import Degradation, thicken
from temporal_interp.slices.motion import move_slices, slices_at
from temporal_interp.slices.slice_course import SliceEngine, slice_course
from temporal_interp.tensors.metrics import psnr

SIDE = 48
OBLIQUE = ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0))


def disc(row, column, radius=9.0):
    """A slice with a soft disc, from 0 to 800."""
    j, i = np.mgrid[:SIDE, :SIDE]
    return 800 / (1 + np.exp((np.hypot(j - row, i - column) - radius) / 0.7))


def tube(columns, rows=None, spacing=(1.0, 1.0, 4.0), dtype=np.float32):
    """A stack that a tube runs through, whose middle is given for every slice."""
    rows = [SIDE / 2] * len(columns) if rows is None else rows
    array = np.stack([disc(row, column) for row, column in zip(rows, columns, strict=True)]).astype(dtype)
    return Volume(array, Geometry(array.shape, spacing, (10.0, 20.0, 30.0), OBLIQUE))


def alone(volume):
    return Sequence([volume], [0.0], "frame", "")


def moved(volume, factor=2, **options):
    return move_slices(alone(volume), factor, **options)[0]


def middle(image):
    """The column around which what is bright lies."""
    return float((image * np.arange(SIDE)).sum() / image.sum())


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_tissue_lies_between_where_it_lay_in_the_slices(factor):
    columns = np.linspace(16, 28, 5)
    given = tube(columns)
    made = moved(given, factor)
    assert made.geometry.shape == (4 * factor + 1, SIDE, SIDE)
    for number in range(len(made.array)):
        np.testing.assert_allclose(
            made.geometry.physical_point((number, 3, 4)), given.geometry.physical_point((number / factor, 3, 4))
        )
        assert middle(made.array[number]) == pytest.approx(np.interp(number / factor, range(5), columns), abs=0.3)
        assert made.array[number].max() > 750, "as bright as the tube, which a blend of distant discs is not at its rim"
    between = disc(SIDE / 2, (columns[1] + columns[2]) / 2)
    if factor == 2:
        blend = (given.array[1] + given.array[2]) / 2
        assert np.abs(made.array[3] - between).mean() < 0.3 * np.abs(blend - between).mean()


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32])
def test_acquired_slices_stay_bit_for_bit(dtype):
    noise = np.random.default_rng(0).integers(0, 200, (4, SIDE, SIDE)).astype(dtype)
    given = Volume(noise, Geometry(noise.shape, (1.0, 1.0, 3.0)))
    made = moved(given, 3)
    assert made.array.dtype == dtype
    np.testing.assert_array_equal(made.array[::3], given.array)


def test_four_slices_tell_the_pace():
    """A tube that bends: half-way between two slices it lies further out than half-way between both discs."""
    bend = [20.0, 23.0, 24.0, 23.0, 20.0]
    made = moved(tube(bend))
    assert middle(made.array[3]) == pytest.approx(23.6, abs=0.25)  # on the parabola; the mean is 23.5
    assert middle(moved(tube(bend[1:3])).array[1]) < middle(made.array[3]) - 0.05


def test_positions_may_be_uneven():
    """A tube on a parabola: the short gaps on both sides tell how fast it goes in the long one between."""
    positions = np.array([0.0, 3.0, 12.0, 15.0])
    stack, wanted = tube(14 + positions**2 / 15), 7.5
    scale = IntensityRange(0.0, 800.0)
    course = slice_course([stack.array], stack.geometry, scale, positions=positions)
    made = slices_at(course, [1.5, wanted], SliceEngine())[:, 0]
    assert middle(made[0]) == pytest.approx(14.2, abs=0.3)
    assert middle(made[1]) == pytest.approx(14 + wanted**2 / 15, abs=0.6)
    even = slices_at(slice_course([stack.array], stack.geometry, scale), [6.0], SliceEngine())
    assert middle(even[0, 0]) > middle(made[1]) + 0.3, "the distances do count"
    with pytest.raises(InvalidInputError, match="lies outside"):
        slices_at(course, [15.5], SliceEngine())


def test_two_slices_are_enough_and_one_is_not():
    made = moved(tube([20.0, 26.0]), 2)
    assert middle(made.array[1]) == pytest.approx(23.0, abs=0.2)
    with pytest.raises(InvalidInputError, match="only one slice"):
        moved(tube([20.0]))


def test_what_neither_slice_shows_is_nan():
    stack = tube([20.0, 24.0, 28.0])
    array = stack.array.copy()
    array[:, :5] = np.nan
    array[1, :, :5] = np.nan
    made = moved(stack.with_array(array)).array
    np.testing.assert_array_equal(made[::2], array)
    assert np.isnan(made[1, :5]).all()
    assert np.isfinite(made[:, 5:, 5:]).all()
    assert np.isfinite(made[1, 5:, :5]).all(), "one of both slices shows it"
    assert middle(made[1, 5:]) == pytest.approx(22.0, abs=0.4)
    hollow = stack.with_array(np.full(array.shape, np.nan, np.float32))
    with pytest.raises(InvalidInputError, match="shows nothing"):
        moved(hollow)


def test_a_slice_that_shows_nothing_is_passed_over():
    array = tube([20.0, 22.0, 24.0]).array.copy()
    array[1] = np.nan
    made = moved(Volume(array, tube([0, 0, 0]).geometry)).array
    assert np.isnan(made[2]).all()
    assert np.isfinite(made[[1, 3]]).all()


def test_nothing_moves_in_a_constant_stack():
    array = np.full((3, SIDE, SIDE), 7, np.int16)
    assert (moved(Volume(array, Geometry(array.shape))).array == 7).all()


@pytest.mark.parametrize("shift", [2, 6])
def test_a_stack_of_a_tilted_gantry_moves_as_a_whole_and_a_note_says_so(shift):
    texture = make_random_volume(3, 0, (5, 96, 64)).array
    straight = texture[:, :60]
    sheared = np.stack([one[shift * k : shift * k + 60] for k, one in enumerate(texture)])
    geometry = Geometry(straight.shape, (0.5, 0.5, 2.0))
    tilted = move_slices(alone(Volume(sheared, geometry)), 2)
    assert len(tilted.notes) == 1
    assert f"about {shift * 0.5:.1f} mm" in tilted.notes[0]
    assert "tilted gantry" in tilted.notes[0]
    upright = move_slices(alone(Volume(straight, geometry)), 2)
    assert upright.notes == ()
    half, inside = shift // 2, slice(12, 36)
    expected = upright[0].array[5][2 * shift + half :][inside]  # between slices 2 and 3, where both lie as they were
    blend = ((sheared[2] + sheared[3]) / 2)[inside]
    error, error_of_blend = (np.abs(one - expected).mean() for one in (tilted[0].array[5][inside], blend))
    assert error < 0.5 * error_of_blend


@pytest.fixture(scope="module")
def cine():
    """A loop of a tube that swings, with noise."""
    rng = np.random.default_rng(0)
    grid = Geometry((3, SIDE, SIDE), (1.0, 1.0, 6.0))
    frames = []
    for time in range(6):
        beat = 2 * np.sin(time * np.pi / 3)
        array = tube([18.0 + beat, 22.0 + beat, 26.0 + beat]).array + rng.normal(0, 40, grid.shape)
        frames.append(Volume(array.astype(np.float32), grid))
    return Sequence(frames, range(6), "time", "ms", period=6.0)


class TestCine:
    """Every frame gets its slices, all of them together."""

    def test_frames_keep_their_times_and_slices(self, cine):
        made = move_slices(cine, 2)
        assert (made.times, made.period, made.geometry.shape) == (cine.times, 6.0, (5, SIDE, SIDE))
        for before, after in zip(cine, made, strict=True):
            np.testing.assert_array_equal(after.array[::2], before.array)

    def test_what_is_added_follows_the_beat(self, cine):
        made = move_slices(cine, 2)
        for time, volume in enumerate(made):
            assert middle(np.clip(volume.array[1] - 300, 0, None)) == pytest.approx(
                20 + 2 * np.sin(time * np.pi / 3), abs=0.5
            )

    def test_it_flickers_less_than_frames_that_are_worked_on_alone(self):
        noise = np.random.default_rng(0).normal(0, 60, (6, 3, SIDE, SIDE)).astype(np.float32)
        still = Sequence.from_numpy(tube([18.0, 22.0, 26.0]).array + noise, spacing=(1.0, 1.0, 6.0))

        def shifts(frames):
            engine = SliceEngine()
            course = slice_course([v.array for v in frames], still.geometry, still.intensity_range)
            slices_at(course, [3.0, 9.0], engine)
            return engine.shifts[0]

        alone = np.concatenate([shifts([volume]) for volume in still])
        assert shifts(still).std(0).sum() < 0.8 * alone.std(0).sum()

    def test_a_loop_is_smooth_where_it_closes(self, cine):
        ends = [abs(move_slices(replace(cine, period=p), 2)[0].array[1] - cine[5].array[1]).mean() for p in (6.0, None)]
        assert ends[0] != ends[1]


def test_the_number_of_threads_changes_nothing():
    stack = tube([18.0, 20.0, 23.0, 24.0])
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = moved(stack)
        torch.set_num_threads(3)
        three = moved(stack)
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_allclose(three.array, one.array, atol=0.01)


@pytest.mark.parametrize("threads", [1, 2])
def test_work_can_be_stopped_half_way(threads):
    told, before = [], torch.get_num_threads()

    def stop(fraction, message):
        told.append(fraction)
        cancel_beyond(0.5)(fraction, message)

    try:
        torch.set_num_threads(threads)
        with pytest.raises(CancelledError):
            moved(tube(np.linspace(18, 26, 7)), progress=stop)
    finally:
        torch.set_num_threads(before)
    assert 0.5 < max(told) < 0.9


@pytest.mark.parametrize("degradation", Degradation)
def test_thin_and_thick_slices_are_ahead_of_the_blend(degradation):
    k = np.arange(25)
    truth = tube(24 + 6 * np.sin(k / 5), 24 + 5 * np.cos(k / 6), (1.0, 1.0, 1.0)).array / 800
    given = thicken(truth, 4, degradation)
    thick = Volume(given.astype(np.float32), Geometry(given.shape, (1.0, 1.0, 4.0)))
    made, blend = moved(thick, 4).array, interpolate_slices(thick, 4, Classical.LINEAR).array
    assert psnr(made, truth) > psnr(blend, truth) + 3.0


@pytest.mark.parametrize(("factor", "gain"), [(2, 0.4), (4, 0.8)])
def test_slices_held_out_of_a_real_ct_come_back_better_than_by_any_interpolation(real_data, factor, gain):
    volume = read_volume(real_data / "ct-chest" / "chest_1mm.nrrd")
    array = IntensityRange(-1024, 2048).normalise(volume.array[40:53, 100:196, 100:196])
    thick = Volume(array[::factor].copy(), Geometry(array[::factor].shape, (0.78, 0.78, float(factor))))
    made = moved(thick, factor)
    best = max(psnr(interpolate_slices(thick, factor, method).array, array) for method in Classical)
    assert psnr(made.array, array) > best + gain
