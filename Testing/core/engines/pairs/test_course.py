"""The velocity field in the course of time: a disc that speeds up and slows down, seen in a few frames."""

from dataclasses import replace

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.pairs import course
from temporal_interp.engines.velocity_field import VelocityFieldEngine
from temporal_interp.errors import CancelledError, FitDivergedError, InvalidInputError
from temporal_interp.registration.settings import GridField, VelocitySettings

FAST = VelocitySettings(
    field=GridField(starts=1), max_voxels=20_000, levels=(4, 2, 1), iterations=(40, 25, 15), window=7, window_stride=2
)
ENGINE, PAIR = VelocityFieldEngine(registration=FAST), VelocityFieldEngine(registration=FAST, context=False)
GRID = Geometry((1, 64, 72), spacing=(1.5, 1.5, 8.0))
TIMES = (0.0, 30.0, 60.0, 90.0, 120.0)


def place_at(time):
    """Where the disc is along I: it swings from rest to rest in 120 ms, 9 voxels far."""
    return 31.5 + 4.5 * (1 - np.cos(np.pi * time / 120))


def frame_at(time, geometry=GRID, dtype="float32", noise=0):
    j, i = np.indices(geometry.shape)[1:]
    across, along = j - 31.5, i - place_at(time)
    texture = 1 + 0.3 * np.cos(across / 2.5) * np.cos(along / 2.5)
    disc = 1 / (1 + np.exp((np.hypot(across, along) - 9) / 1.2))
    ground = 60 + 15 * np.cos(i / 2) * np.cos(j / 3)  # stays where it is
    array = ground * (1 - disc) + (60 + 120 * texture) * disc
    array += noise * np.random.default_rng(int(time) + 1000).normal(size=geometry.shape)
    return Volume(array.astype(dtype), geometry)


def swing(times=TIMES, **known):
    return Sequence([frame_at(time) for time in times], times, **known)


def error(frame, time):
    return float(np.abs(frame.volume.array - frame_at(time).array).mean())


def way_to(frame):
    """Mean displacement of the disc from the first frame, in mm along LPS x."""
    inside = frame_at(frame.time).array > 120
    return float(frame.displacement_first_to_t.array[inside][:, 0].mean())


class TestWhatItKnowsOfTheCourseOfTime:
    @pytest.mark.parametrize("time", [10.0, 45.0, 75.0, 110.0])
    def test_it_is_nearer_to_the_truth_than_two_frames_alone(self, time):
        shown = swing((0.0, 30.0, 60.0, 90.0, 120.0, 150.0))
        assert error(ENGINE.prepare(shown).at(time), time) < error(PAIR.prepare(shown).at(time), time)

    def test_two_distant_phases_rest_on_the_frames_around_them(self):
        whole = swing((-20.0, 0.0, 40.0, 80.0, 120.0, 140.0))
        shown = whole.hiding([2, 3])
        assert shown.times == (-20.0, 0.0, 120.0, 140.0)
        ours, theirs = ENGINE.prepare(shown), PAIR.prepare(shown)
        whole_way = way_to(ours.at(120.0, fields=True, gap=1))
        for time in (20.0, 100.0):
            covered = (place_at(time) - place_at(0)) / (place_at(120) - place_at(0))
            found, even = ours.at(time, fields=True), theirs.at(time)
            assert abs(way_to(found) / whole_way - covered) < 0.8 * abs(time / 120 - covered)
            assert error(found, time) < 0.95 * error(even, time)

    def test_uneven_times_are_told_apart(self):
        times = (0.0, 30.0, 90.0, 120.0)
        even_times = Sequence([frame_at(time) for time in times], (0.0, 40.0, 80.0, 120.0))
        known, unknown = ENGINE.prepare(swing(times)).at(60.0), ENGINE.prepare(even_times).at(60.0)
        assert error(known, 60.0) < error(unknown, 60.0)

    def test_a_loop_is_seen_round(self):
        beat = Sequence([frame_at(time) for time in (0, 40, 80, 120, 160, 200)], (0, 40, 80, 120, 160, 200), period=240)
        first = ENGINE.prepare(beat).at(20.0)
        assert first.provenance.frames == (0.0, 40.0, 200.0, 80.0)
        assert error(first, 20.0) < error(ENGINE.prepare(replace(beat, period=None)).at(20.0), 20.0)
        closing = ENGINE.prepare(beat).at(220.0)
        assert closing.provenance.frames == (200.0, 0.0, 160.0, 40.0)

    def test_a_loop_of_two_frames_can_be_closed(self):
        beat = Sequence([frame_at(0.0), frame_at(120.0)], (0.0, 120.0), period=240.0)
        prepared = ENGINE.prepare(beat)
        assert prepared.at(60.0).provenance.frames == (0.0, 120.0)
        assert np.isfinite(prepared.at(180.0).volume.array).all()

    def test_with_two_frames_the_fields_are_those_of_two_frames(self):
        shown = swing((0.0, 120.0))
        ours, theirs = (engine.prepare(shown).at(50.0, fields=True) for engine in (ENGINE, PAIR))
        for name in ("displacement_first_to_t", "displacement_last_to_t"):
            np.testing.assert_array_equal(getattr(ours, name).array, getattr(theirs, name).array)
        assert ours.provenance.frames == (0.0, 120.0)
        assert error(ours, 50.0) < 1.05 * error(theirs, 50.0)


class TestNeighboursThatCannotBeUsed:
    def test_one_that_shows_nothing_is_left_out(self):
        broken = swing()
        broken[0].array[:] = np.nan
        frame = ENGINE.prepare(broken).at(45.0)
        assert frame.provenance.frames == (30.0, 60.0, 90.0)
        without = ENGINE.prepare(broken[1:]).at(45.0)
        # the range of intensity is that of other frames
        np.testing.assert_allclose(frame.volume.array, without.volume.array, atol=0.2)

    def test_one_whose_fit_diverges_is_left_out(self, monkeypatch):
        fit = course.fit_volumes
        shown = swing()
        first = shown.scaled.normalised(shown[0])

        def diverging(fixed, moving, *others, **options):
            if moving is first:
                raise FitDivergedError("diverged")
            return fit(fixed, moving, *others, **options)

        monkeypatch.setattr(course, "fit_volumes", diverging)
        assert ENGINE.prepare(shown).at(45.0).provenance.frames == (30.0, 60.0, 90.0)
        with pytest.raises(FitDivergedError):
            ENGINE.prepare(shown).at(15.0)

    @pytest.mark.parametrize("what", ["jump", "noise", "dark"])
    def test_one_that_misleads_hardly_makes_it_worse(self, what):
        def spoilt(volume):
            array = volume.array
            changed = {
                "jump": np.roll(array, (5, 4), (1, 2)),
                "noise": array + np.random.default_rng(0).normal(0, 60, array.shape),
                "dark": 0.4 * array,
            }[what]
            return volume.with_array(changed.astype(array.dtype))

        whole = swing()
        shown = replace(whole, volumes=[spoilt(whole[0]), *whole.volumes[1:]])
        ours, theirs, blend = (error(engine.prepare(shown).at(45.0), 45.0) for engine in (ENGINE, PAIR, LinearBlend()))
        assert ours < theirs + 0.1 * blend

    def test_noise_in_short_gaps_beside_a_long_one_does_not_move_what_rests(self):
        times = (-5.0, 0.0, 120.0, 125.0)
        shown = Sequence([frame_at(time, noise=8) for time in times], times)
        rests = frame_at(0.0).array + frame_at(60.0).array + frame_at(120.0).array < 250
        ours, theirs = (
            np.square(engine.prepare(shown).at(30.0, fields=True).displacement_first_to_t.array[rests]).mean()
            for engine in (ENGINE, PAIR)
        )
        assert ours < 1.5 * theirs


class TestFieldsOfView:
    def two_slices(self):
        """The swing in two independent slices, of which the second is a little behind."""
        grid = Geometry((1, 64, 72), spacing=(1.5, 1.5, 8.0))
        arrays = [
            np.concatenate([frame_at(time, grid).array, frame_at(time - 5.0, grid).array]) for time in (*TIMES, 150.0)
        ]
        stack = Geometry((2, 64, 72), spacing=(1.5, 1.5, 20.0))
        return Sequence([Volume(array, stack) for array in arrays], (*TIMES, 150.0), slice_thickness=8.0)

    @pytest.mark.parametrize(("neighbour", "without"), [(1, slice(2, None)), (4, slice(0, 4))])
    def test_a_slice_that_a_frame_beside_lacks_is_made_without_that_frame(self, neighbour, without):
        whole = self.two_slices()
        holed = Sequence([v.with_array(v.array.copy()) for v in whole], whole.times, slice_thickness=8.0)
        holed[neighbour].array[0] = np.nan
        scale = whole.intensity_range
        made, alone, known = (
            ENGINE.prepare(sequence.with_intensity_range(scale)).at(72.0).volume.array
            for sequence in (
                holed,
                replace(whole, volumes=whole[without].volumes, times=whole[without].times, item_attributes=()),
                whole,
            )
        )
        np.testing.assert_allclose(made[0], alone[0], atol=0.02)
        np.testing.assert_allclose(made[1], known[1], atol=0.02)
        assert np.abs(known[0] - alone[0]).max() > 1.0

    @pytest.mark.parametrize("engine", [ENGINE, PAIR], ids=["course", "pair"])
    def test_where_one_frame_shows_nothing_the_other_is_moved_alone(self, engine):
        """Half of the disc is missing in the frame at 60 ms: what it shows there comes from that at 90 ms."""
        holed = swing()
        outside = np.zeros(GRID.shape, bool)
        outside[:, :31] = True
        holed[2].array[outside] = np.nan
        made = engine.prepare(holed).at(63.0)
        whole = engine.prepare(swing()).at(63.0)
        assert np.isfinite(made.volume.array).all()
        inside = (frame_at(63.0).array > 120) & ~outside
        assert np.abs(made.volume.array - whole.volume.array)[inside].mean() < 2.0
        later = frame_at(90.0).array
        background = outside & (frame_at(63.0).array < 80) & (later < 80)
        assert np.abs(made.volume.array - later)[background].mean() < 2.0


class TestTheWork:
    @pytest.fixture
    def fitted(self, monkeypatch):
        """The means of the pairs that were fitted."""
        fits, fit = [], course.fit_volumes

        def counted(fixed, moving, *others, **options):
            fits.append((float(moving.mean()), float(fixed.mean())))
            return fit(fixed, moving, *others, **options)

        monkeypatch.setattr(course, "fit_volumes", counted)
        return fits

    def test_one_instant_takes_three_fits(self, fitted):
        prepared = ENGINE.prepare(swing())
        assert not fitted
        prepared.at(45.0)
        assert len(fitted) == 3
        prepared.at([40.0, 50.0])
        assert len(fitted) == 3

    def test_filling_a_sequence_fits_every_gap_once(self, fitted):
        prepared = ENGINE.prepare(swing())
        for gap in prepared.sequence.gaps:
            prepared.at(gap.time_of(0.5), gap=gap.number)
            prepared.forget_gap(gap.number)
        assert len(fitted) == len(set(fitted)) == 4

    def test_what_is_kept_is_bounded(self, monkeypatch):
        monkeypatch.setattr(course, "KEPT_FITS", 3)
        times = tuple(15.0 * n for n in range(9))
        prepared = VelocityFieldEngine(registration=replace(FAST, iterations=(1, 1, 1))).prepare(swing(times))
        for gap in prepared.sequence.gaps:
            prepared.at(gap.time_of(0.5), gap=gap.number)
        assert len(prepared._prepare_pair.__self__._kept) == 3

    @pytest.mark.parametrize("when", [1, 60, 120])
    def test_it_can_be_cancelled_at_any_fit_and_goes_on(self, when):
        reports = []

        def progress(fraction, message):
            reports.append(fraction)
            if len(reports) == when:
                raise CancelledError

        prepared = ENGINE.prepare(swing())
        with pytest.raises(CancelledError):
            prepared.at(45.0, progress=progress)
        assert reports == sorted(reports)
        assert prepared.at(45.0).provenance.frames == (30.0, 60.0, 0.0, 90.0)


class TestTheFrame:
    def test_it_stays_within_the_values_around_but_for_noise(self):
        shown = swing()
        for time in (15.0, 45.0, 75.0):
            array = ENGINE.prepare(shown).at(time).volume.array
            ends = np.stack([v.array for v in shown.volumes])
            reach = 0.05 * (ends.max() - ends.min())
            assert ends.min() - reach < array.min()
            assert array.max() < ends.max() + reach

    def test_a_doubled_sequence_hardly_pulses_between_sharp_and_soft(self):
        shown = Sequence([frame_at(time, noise=6) for time in TIMES], TIMES)

        def sharpness(array):
            return float(np.square(np.diff(array, 2, axis=1)[:, :, 1:-1] + np.diff(array, 2, axis=2)[:, 1:-1]).mean())

        acquired = np.mean([sharpness(v.array[:, 20:44, 22:52]) for v in shown.volumes])
        ours, theirs = (
            np.mean([sharpness(engine.prepare(shown).at(t).volume.array[:, 20:44, 22:52]) for t in (15.0, 45.0, 75.0)])
            for engine in (ENGINE, PAIR)
        )
        assert theirs < ours < 1.1 * acquired

    @pytest.mark.parametrize("dtype", ["int16", "uint8", "float64"])
    def test_it_has_the_scalar_type_of_the_sequence(self, dtype):
        shown = Sequence([frame_at(time, dtype=dtype) for time in TIMES[:3]], TIMES[:3])
        assert ENGINE.prepare(shown).at(15.0).volume.array.dtype == dtype

    def test_a_volume_that_moves_along_k_is_followed(self):
        grid = Geometry((12, 24, 24), spacing=(1.5, 1.5, 1.5))

        def ball(time):
            k, j, i = np.meshgrid(*[np.arange(n) - 11.5 for n in grid.shape], indexing="ij")
            distance = np.sqrt((k + 6 - 3 * (time / 60) ** 2) ** 2 + j**2 + i**2)
            return Volume((200 / (1 + np.exp(distance - 5))).astype("float32"), grid)

        settings = replace(VelocitySettings.volume(), levels=(2, 1), iterations=(25, 15), max_voxels=8000)
        shown = Sequence([ball(time) for time in (0.0, 30.0, 60.0)], (0.0, 30.0, 60.0))
        truth = ball(45.0).array
        ours, theirs = (
            np.abs(
                VelocityFieldEngine(registration=settings, context=c).prepare(shown).at(45.0).volume.array - truth
            ).mean()
            for c in (True, False)
        )
        assert ours < theirs

    def test_one_frame_is_refused(self):
        with pytest.raises(InvalidInputError, match="one frame"):
            ENGINE.prepare(swing((0.0,)))
