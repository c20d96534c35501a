"""A pair of frames under the velocity field: a disc that moves by a known way, on an oblique, anisotropic grid."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

from pairs import inner, pair_of, prepare
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.pair import Pair
from temporal_interp.data.volume import Volume
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.pairs.fusion import Fusion
from temporal_interp.engines.pairs.velocity_field import PreparedVelocityField, ease_in_out
from temporal_interp.engines.velocity_field import VelocityFieldEngine
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.registration.settings import NetworkField, VelocitySettings
from temporal_interp.tensors import slabs

OBLIQUE = Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix()
FAST = VelocitySettings(max_voxels=20_000, levels=(2, 1), iterations=(25, 25), window=7, window_stride=2)
HARDLY = replace(FAST, iterations=(2, 2))
FUSION = Fusion(radius_mm=2.0, noise=0.02)

two_frames_alone = partial(VelocityFieldEngine, context=False)


@dataclass
class MovingDisc:
    """A textured disc or ball on a dark ground that moves steadily through the centre of its grid.

    Attributes:
        geometry: the grid.
        way: voxels, (K, J, I), that it moves from t = 0 to t = 1.
        radius: voxels.
    """

    geometry: Geometry
    way: tuple[float, float, float]
    radius: float

    @property
    def indices(self):
        return np.stack(np.meshgrid(*[np.arange(n) for n in self.geometry.shape], indexing="ij"), -1)

    def from_centre(self, t):
        middle = (np.array(self.geometry.shape) - 1) / 2
        return self.indices - middle - (t - 0.5) * np.array(self.way)

    def at(self, t, dtype="float32"):
        place = self.from_centre(t)
        texture = 1 + 0.3 * np.cos(place / 2.5).prod(-1)
        disc = 1 / (1 + np.exp((np.linalg.norm(place, axis=-1) - self.radius) / 1.5))
        return Volume((80 + 100 * texture * disc).astype(dtype), self.geometry)

    def inside(self, t):
        return np.linalg.norm(self.from_centre(t), axis=-1) < self.radius - 1

    def way_mm(self):
        return self.geometry.voxel_to_physical @ np.array(self.way)[::-1]


DISC = MovingDisc(Geometry((1, 48, 48), (1.5, 2.0, 8.0), (10.0, -5.0, 3.0), OBLIQUE), (0.0, 2.0, 4.0), 9.0)
BALL = MovingDisc(Geometry((16, 24, 24), (1.5, 2.0, 2.5), (10.0, -5.0, 3.0), OBLIQUE), (1.0, 2.0, 2.0), 5.5)


@pytest.fixture(scope="module", params=[DISC, BALL], ids=["2D", "3D"])
def fitted(request):
    disc = request.param
    engine = two_frames_alone(registration=FAST, fusion=FUSION)
    return disc, prepare(engine, disc.at(0.0), disc.at(1.0))


def rmse(volume, truth):
    return float(np.sqrt(((volume.array.astype(float) - truth.array) ** 2).mean()))


def sampled_in_mm(volume, field):
    """Return the volume at x + field(x) for every voxel centre x, worked out in physical space."""
    indices = np.stack(np.meshgrid(*[np.arange(n) for n in volume.array.shape], indexing="ij"), -1)
    matrix = volume.geometry.voxel_to_physical
    points = indices[..., ::-1] @ matrix.T + field
    back = np.moveaxis((points @ np.linalg.inv(matrix).T)[..., ::-1], -1, 0)
    return map_coordinates(volume.array, back, order=1, mode="nearest")


@pytest.mark.parametrize("t", [0.25, 0.5])
def test_frames_are_far_nearer_to_the_truth_than_the_blend(fitted, t):
    disc, prepared = fitted
    blend = prepare(LinearBlend(), disc.at(0.0), disc.at(1.0)).at(t).volume
    assert rmse(prepared.at(t).volume, disc.at(t)) < 0.5 * rmse(blend, disc.at(t))


@pytest.mark.parametrize("t", [0.3, 0.5])
def test_fields_are_the_true_motion_in_mm(fitted, t):
    disc, prepared = fitted
    frame = prepared.at(t, fields=True)
    inside = disc.inside(t)
    # the frame at x shows what the first volume shows where it came from, and the last where it goes
    for field, share in ((frame.displacement_first_to_t, -t), (frame.displacement_last_to_t, 1 - t)):
        error = np.linalg.norm(field.array[inside] - share * disc.way_mm(), axis=-1)
        assert error.mean() < 0.1 * np.linalg.norm(share * disc.way_mm())
        assert field.fold_rate == 0.0


def test_each_field_brings_its_volume_to_the_frame_through_physical_space(fitted):
    disc, prepared = fitted
    frame = prepared.at(0.5, fields=True)
    truth = disc.at(0.5)
    for volume, field in (
        (disc.at(0.0), frame.displacement_first_to_t),
        (disc.at(1.0), frame.displacement_last_to_t),
    ):
        right, wrong = (volume.with_array(sampled_in_mm(volume, s * field.array)) for s in (1, -1))
        assert rmse(right, truth) < 0.3 * rmse(volume, truth)
        assert rmse(wrong, truth) > rmse(volume, truth)


def test_the_ends_are_the_acquired_volumes_bit_for_bit(fitted):
    disc, prepared = fitted
    for t in (0, 1):
        frame = prepared.at(t, fields=True)
        assert frame.volume.array.tobytes() == disc.at(float(t)).array.tobytes()
        own, other = frame.displacement_first_to_t, frame.displacement_last_to_t
        if t:
            own, other = other, own
        assert not own.array.any()
        np.testing.assert_array_equal(own.jacobian, 1)
        assert np.abs(other.array).max() > 1


def test_fields_only_when_requested_and_the_frame_is_the_same(fitted):
    _, prepared = fitted
    plain, full = prepared.at(0.4), prepared.at(0.4, fields=True)
    assert plain.displacement_first_to_t is plain.displacement_last_to_t is None
    np.testing.assert_array_equal(plain.volume.array, full.volume.array)


def test_slabs_leave_no_trace(fitted, monkeypatch):
    _, prepared = fitted
    whole = prepared.at(0.4, fields=True)
    monkeypatch.setattr(slabs, "SLAB_VOXELS", 1)
    parts = prepared.at(0.4, fields=True)
    np.testing.assert_array_equal(parts.volume.array, whole.volume.array)
    np.testing.assert_array_equal(parts.displacement_first_to_t.array, whole.displacement_first_to_t.array)
    np.testing.assert_array_equal(parts.displacement_last_to_t.jacobian, whole.displacement_last_to_t.jacobian)


class TestEase:
    @pytest.mark.parametrize("ease", [0.0, 0.5, 1.0])
    def test_the_path_rises_from_end_to_end_at_the_requested_speed(self, ease):
        times = np.linspace(0, 1, 1001)
        way = np.array([ease_in_out(t, ease) for t in times])
        assert [way[0], way[500], way[-1]] == [0.0, 0.5, 1.0]
        assert (np.diff(way) > 0).all()
        np.testing.assert_allclose(way, 1 - way[::-1], atol=1e-12)
        ends = np.diff(way)[[0, -1]] * 1000
        np.testing.assert_allclose(ends, 1 - ease, atol=5e-3)

    @pytest.mark.parametrize("ease", [0.5, 1.0])
    def test_frames_and_fields_lie_where_the_way_is(self, fitted, ease):
        disc, even = fitted
        engine = two_frames_alone(registration=FAST, fusion=FUSION, ease=ease)
        prepared = prepare(engine, disc.at(0.0), disc.at(1.0))
        ours, theirs = prepared.at(0.25, fields=True), even.at(ease_in_out(0.25, ease), fields=True)
        assert ours.t == 0.25
        assert ease_in_out(0.25, ease) < 0.21
        np.testing.assert_array_equal(ours.volume.array, theirs.volume.array)
        np.testing.assert_array_equal(ours.displacement_first_to_t.array, theirs.displacement_first_to_t.array)
        np.testing.assert_array_equal(ours.displacement_last_to_t.array, theirs.displacement_last_to_t.array)
        (together,) = prepared.at([0.25])
        np.testing.assert_array_equal(together.volume.array, ours.volume.array)

    def test_the_ends_stay_the_acquired_volumes(self, fitted):
        disc, _ = fitted
        prepared = prepare(two_frames_alone(registration=HARDLY, ease=1.0), disc.at(0.0), disc.at(1.0))
        for t in (0.0, 1.0):
            assert prepared.at(t).volume.array.tobytes() == disc.at(t).array.tobytes()


@pytest.mark.parametrize("t", [-0.1, 1.1, np.nan])
def test_times_outside_the_pair_are_refused(fitted, t):
    with pytest.raises(InvalidInputError, match="outside of the sequence"):
        fitted[1].at(t)


def test_exchanging_the_volumes_and_the_time_gives_nearly_the_same_frame(fitted):
    disc, prepared = fitted
    swapped = prepare(two_frames_alone(registration=FAST, fusion=FUSION), disc.at(1.0), disc.at(0.0))
    for t in (0.3, 0.5):
        there, back = prepared.at(t).volume, swapped.at(1 - t).volume
        assert rmse(there, back) < 0.1 * rmse(disc.at(0.0), disc.at(1.0))


def test_the_same_seed_gives_the_same_bits_and_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    network = replace(
        VelocitySettings.neural(), field=NetworkField(width=32), max_voxels=20_000, levels=(2, 1), iterations=(2, 2)
    )
    engine = two_frames_alone(registration=network)
    frames = [prepare(engine, DISC.at(0.0), DISC.at(1.0)).at(0.5).volume.array for _ in range(2)]
    np.testing.assert_array_equal(*frames)
    assert torch.equal(torch.get_rng_state(), state)
    other_seed = replace(network, field=NetworkField(width=32, seed=1))
    other = prepare(two_frames_alone(registration=other_seed), DISC.at(0.0), DISC.at(1.0))
    assert not np.array_equal(other.at(0.5).volume.array, frames[0])


def test_between_equal_volumes_there_is_that_volume():
    still = DISC.at(0.3)
    frame = prepare(two_frames_alone(registration=replace(FAST, iterations=(15, 15))), still, still).at(0.5)
    np.testing.assert_allclose(frame.volume.array, still.array, atol=0.2)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_scalar_type_and_geometry_are_the_sources(dtype):
    first, last = DISC.at(0.0, dtype), DISC.at(1.0, dtype)
    frame = prepare(two_frames_alone(registration=HARDLY), first, last).at(0.5).volume
    assert frame.array.dtype == np.dtype(dtype)
    assert frame.geometry is first.geometry
    assert first.array.min() <= frame.array.min() <= frame.array.max() <= first.array.max() + 1


def test_intensities_beyond_the_range_are_warped_but_not_clipped():
    bright = DISC.at(0.3)
    prepared = prepare(
        two_frames_alone(registration=HARDLY), bright, bright, intensity_range=IntensityRange(100.0, 120.0)
    )
    frame = prepared.at(0.5).volume.array
    np.testing.assert_allclose((frame.min(), frame.max()), (bright.array.min(), bright.array.max()), rtol=0.01)


# --- slices with gaps


def stack(shifts, gap):
    """Slices of one disc each, moved by so many voxels; a volume of slices `gap` mm apart."""
    slices = [MovingDisc(Geometry((1, 32, 32)), (0.0, s, -s), 7.0).at(1.0).array for s in shifts]
    return Volume(np.concatenate(slices), Geometry((len(shifts), 32, 32), (1.5, 1.5, gap), direction=OBLIQUE))


@pytest.fixture(scope="module")
def apart():
    settings = replace(FAST, iterations=(20, 20))
    engine = two_frames_alone(registration=settings, fusion=FUSION)

    def frame(last_shifts):
        prepared = prepare(
            engine,
            stack([0, 0, 0, 0], 30.0),
            stack(last_shifts, 30.0),
            intensity_range=IntensityRange(0.0, 220.0),
            slice_thickness=6.0,
        )
        return prepared.at(0.4, fields=True)

    return frame


def test_slices_with_gaps_between_them_know_nothing_of_each_other(apart):
    one, other = apart([1, -1, 2, -2]), apart([1, -1, -1, -2])
    for number in (0, 1, 3):
        for name in ("displacement_first_to_t", "displacement_last_to_t"):
            fields = getattr(one, name), getattr(other, name)
            np.testing.assert_array_equal(fields[0].array[number], fields[1].array[number])
            np.testing.assert_array_equal(fields[0].jacobian[number], fields[1].jacobian[number])
        np.testing.assert_allclose(one.volume.array[number], other.volume.array[number], rtol=0, atol=1e-4)
    assert np.abs(one.volume.array[2] - other.volume.array[2]).max() > 1


def test_slices_with_gaps_do_not_move_through_their_plane(apart):
    frame = apart([1, -1, 2, -2])
    normal = np.asarray(frame.volume.geometry.direction)[:, 2]
    for field in (frame.displacement_first_to_t, frame.displacement_last_to_t):
        assert np.abs(field.array).max() > 0.1
        np.testing.assert_allclose(field.array @ normal, 0, atol=1e-6)


@pytest.mark.parametrize(("thickness", "through_plane"), [(4.0, False), (8.0, True)])
def test_the_slice_thickness_decides_whether_there_are_gaps(thickness, through_plane):
    engine = two_frames_alone(registration=HARDLY)
    prepared = prepare(engine, stack([0, 0, 0], 8.0), stack([1, -1, 2], 8.0), slice_thickness=thickness)
    assert bool(inner(prepared).velocity[:, 0].any()) is through_plane


@pytest.mark.parametrize("slices", [1, 2, 4])
def test_a_few_slices_without_gaps_are_one_volume(slices):
    thin = MovingDisc(Geometry((slices, 24, 24), (1.5, 1.5, 5.0)), (0.0, 1.0, 1.0), 6.0)
    engine = two_frames_alone(registration=HARDLY)
    prepared = prepare(engine, thin.at(0.0), thin.at(1.0), slice_thickness=5.0)
    assert np.isfinite(prepared.at(0.5).volume.array).all()


def test_a_coarse_fit_still_gives_frames_and_fields_on_the_acquired_grid():
    engine = two_frames_alone(registration=replace(FAST, max_voxels=800, window=5), fusion=FUSION)
    prepared = prepare(engine, DISC.at(0.0), DISC.at(1.0))
    assert np.prod(inner(prepared).velocity.shape[2:]) <= 800
    frame = prepared.at(0.5, fields=True)
    error = np.linalg.norm(frame.displacement_first_to_t.array[DISC.inside(0.5)] + DISC.way_mm() / 2, axis=-1)
    assert error.mean() < 0.25 * np.linalg.norm(DISC.way_mm() / 2)


# --- refused, and stopped


def test_volumes_that_do_not_fit_together_are_refused():
    engine = two_frames_alone(registration=HARDLY)
    elsewhere = Volume(DISC.at(1.0).array, replace(DISC.geometry, origin=(0.0, 0.0, 0.0)))
    with pytest.raises(InvalidInputError, match="voxel grid"):
        prepare(engine, DISC.at(0.0), elsewhere)
    with pytest.raises(InvalidInputError, match="scalar type"):
        prepare(engine, DISC.at(0.0), DISC.at(1.0, "int16"))
    with pytest.raises(InvalidInputError, match="NaN"):
        prepare(engine, DISC.at(0.0), DISC.at(1.0).with_array(np.full(DISC.geometry.shape, np.nan, np.float32)))


def test_equal_constant_volumes_stay_and_different_ones_pass_from_one_to_the_other():
    engine = two_frames_alone(registration=HARDLY)
    dark, bright = (DISC.at(0.0).with_array(np.full((1, 48, 48), v, np.int16)) for v in (100, 200))
    np.testing.assert_array_equal(prepare(engine, dark, dark).at(0.5).volume.array, 100)
    prepared = prepare(engine, dark, bright)
    early, half = (np.unique(prepared.at(t).volume.array) for t in (0.25, 0.5))
    assert len(early) == 1
    assert 100 < early[0] < 150
    assert half.tolist() == [150]
    known = prepare(engine, dark, dark, intensity_range=IntensityRange(0, 200))
    np.testing.assert_array_equal(known.at(0.5).volume.array, 100)


@pytest.mark.parametrize("disc", [DISC, BALL], ids=["2D", "3D"])
def test_the_noise_of_the_pair_tells_what_disagreement_means_nothing(disc):
    generator = np.random.default_rng(0)
    noisy = [disc.at(t).with_array(disc.at(t).array + generator.normal(0, 8, disc.geometry.shape)) for t in (0, 1)]
    full = IntensityRange(0.0, 200.0)
    prepared = prepare(two_frames_alone(registration=HARDLY), *noisy, intensity_range=full)
    assert inner(prepared).compared.fusion.noise == pytest.approx(8 / 200, rel=0.15)
    assert float(inner(prepared).compared.unmoved_disagreement.min()) > 2 * (0.85 * 8 / 200) ** 2
    told = prepare(two_frames_alone(registration=HARDLY, fusion=FUSION), *noisy, intensity_range=full)
    assert inner(told).compared.fusion == FUSION


@pytest.mark.parametrize("when", [1, 3])
def test_preparing_can_be_cancelled(when):
    reports = []

    def progress(fraction, message):
        reports.append(fraction)
        if len(reports) == when:
            raise CancelledError

    with pytest.raises(CancelledError):
        prepare(two_frames_alone(registration=HARDLY), DISC.at(0.0), DISC.at(1.0), progress=progress)
    assert len(reports) == when


def test_progress_rises_from_0_to_1():
    reports = []
    engine = two_frames_alone(registration=HARDLY)
    prepare(engine, DISC.at(0.0), DISC.at(1.0), progress=lambda fraction, message: reports.append(fraction))
    assert (reports[0], reports[-1]) == (0.0, 1.0)
    assert reports == sorted(reports)


def test_in_what_one_volume_does_not_show_the_other_is_moved_alone():
    """There a frame lies between the last volume as it is and as it is moved; the motion is known: 8 voxels along I."""
    texture = gaussian_filter(np.random.default_rng(2).normal(size=(1, 40, 60)), (0, 1.5, 1.5)).astype(np.float32)
    grid = Geometry((1, 40, 48))
    first, last = Volume(texture[..., :48].copy(), grid), Volume(texture[..., 8:56], grid)  # last(p) = first(p + 8)
    first.array[:, :20] = np.nan
    sequence = pair_of(first, last)
    pair = Pair(sequence, sequence.gaps[0])
    velocity = torch.zeros(1, 3, 1, 40, 48)
    velocity[:, 2] = 8.0
    coarse = torch.from_numpy(np.stack(pair.normalised))[:, None]
    made = PreparedVelocityField(pair, velocity, coarse, Fusion()).at([0.5])[0].volume.array[:, :20]
    moved = texture[..., 4:52][:, :20]
    between = np.sort(np.stack([last.array[:, :20], moved]), axis=0)
    inner_part = (slice(None), slice(None), slice(12, 36))
    beyond = np.maximum(between[0] - made, made - between[1])[inner_part]
    assert beyond.max() < 0.01 * np.ptp(texture)
